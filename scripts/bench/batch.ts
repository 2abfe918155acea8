/**
 * Batch mode: `rivulet replay` of an access log from a file, count by URL and status, errors by minute. Lines a CPU-second of all processes, without what
 * the same takes for a log of few lines: the start of four processes.
 */

import { spawn } from "node:child_process"
import { createWriteStream, readdirSync, readFileSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { cpuSeconds } from "./cpu.js"
import { errorsIn, logLineBytes, logLines } from "./log-lines.js"

export interface Replayed {
  readonly work: "replay"
  readonly records: number
  readonly recordsPerSecond: number
  /** Of a log of few lines, and of the whole one without that. */
  readonly startCpuSeconds: number
  readonly cpuSeconds: number
  readonly recordsPerCpuSecond: number
  readonly wrong: string | null
}

const program = `import { readStream } from "rivulet"
const views = readStream("views", "1m", { format: "combined" })
export const top = views.map(v => [\`\${v.url} \${v.status}\`, 1]).runningReduce((a, b) => a + b).top(10)
export const errors = views.filter(v => v.status >= 500).map(v => [Math.floor(v.time.getTime() / 60_000), 1]).reduceByKey((a, b) => a + b)
`
const chunkLines = 100_000
const fewLines = 2_000
const lookMs = 100

interface Options {
  readonly dist: string
  readonly megabytes: number
  readonly workers: string
  say(text: string): void
}

export async function measureReplay({ dist, megabytes, workers, say }: Options): Promise<Replayed> {
  const directory = await mkdtemp(join(tmpdir(), "rivulet-replay-"))
  try {
    const path = join(directory, "program.ts")
    await writeFile(path, program)
    const lines = Math.max(fewLines, Math.floor((megabytes * 2 ** 20) / logLineBytes))
    say(`replay: a log of ${lines} lines`)
    const few = await log(join(directory, "few.log"), fewLines)
    const all = await log(join(directory, "all.log"), lines)
    const start = await run(dist, path, few.path, workers)
    const whole = await run(dist, path, all.path, workers)
    const cpu = whole.cpu - start.cpu
    const wrong = whole.errors === all.errors ? null : `${whole.errors} errors counted, ${all.errors} in the log`
    return {
      work: "replay",
      records: lines,
      recordsPerSecond: Math.round(lines / whole.seconds),
      startCpuSeconds: start.cpu,
      cpuSeconds: cpu,
      recordsPerCpuSecond: Math.round((lines - fewLines) / cpu),
      wrong,
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function log(path: string, lines: number): Promise<{ path: string; errors: number }> {
  const file = createWriteStream(path)
  let errors = 0
  for (let at = 0; at < lines; at += chunkLines) {
    const chunk = logLines(Math.min(chunkLines, lines - at), { startMs: Date.UTC(2015, 4, 17, 10, 5) + at, seed: `log ${at % 1_000_000}` })
    errors += errorsIn(chunk)
    if (!file.write(`${chunk.join("\n")}\n`)) await new Promise<void>(done => file.once("drain", () => done()))
  }
  await new Promise<void>(done => file.end(() => done()))
  return { path, errors }
}

/** CPU of the command and all that it starts, as last seen. */
async function run(dist: string, path: string, logPath: string, workers: string) {
  const args = [resolve(dist, "shell/cli/main.js"), "replay", path, "--input", `views=${logPath}`, "--format", "combined"]
  const started = Date.now()
  const child = spawn(process.execPath, [...args, "--timestamp", "time", "--workers", workers, "-o", "ndjson"], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: resolve("."),
  })
  const used = new Map<number, number>()
  const look = setInterval(() => {
    for (const pid of [child.pid!, ...below(child.pid!)]) used.set(pid, Math.max(used.get(pid) ?? 0, cpuSeconds([pid])))
  }, lookMs)
  const exited = new Promise<void>((done, fail) => {
    child.once("exit", code => (code === 0 ? done() : fail(new Error(`replay ended with ${code}`))))
  })
  let errors = 0
  for await (const line of createInterface({ input: child.stdout })) errors += errorsOf(JSON.parse(line) as unknown)
  await exited
  clearInterval(look)
  return { cpu: [...used.values()].reduce((a, b) => a + b, 0), seconds: (Date.now() - started) / 1_000, errors }
}

/** What an interval of `errors` counted, as it is printed. */
function errorsOf(printed: unknown): number {
  const { stream, rows } = printed as { readonly stream?: string; readonly rows?: readonly (readonly [unknown, number])[] }
  return stream?.endsWith("errors") === true ? (rows ?? []).reduce((sum, [, n]) => sum + n, 0) : 0
}

/** Processes that a process has started, and those that these have. */
function below(pid: number): number[] {
  const parents = new Map<number, number[]>()
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1")
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])
      parents.set(parent, [...(parents.get(parent) ?? []), Number(name)])
    } catch {}
  }
  const all: number[] = []
  const visit = (of: number) => {
    for (const one of parents.get(of) ?? []) {
      all.push(one)
      visit(one)
    }
  }
  visit(pid)
  return all
}
