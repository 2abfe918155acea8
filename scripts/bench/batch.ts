/**
 * Batch mode: `rivulet replay` of an access log from a file, count by URL and status, errors by minute. Lines a CPU-second of all processes, without what
 * the same takes for a log of few lines: the start of four processes. Its result is compared with what the log holds, counted line by line.
 */

import { spawn } from "node:child_process"
import { createWriteStream } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { cpuSeconds, processesBelow } from "./cpu.js"
import { logLineBytes, logLines } from "./log-lines.js"
import { checksumOf, countOf } from "./rivals/checksum.js"
import type { Log } from "./rivals/rivals.js"

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
const mostFrequent = 10
const chunkLines = 100_000
const fewLines = 2_000
const lookMs = 100

/** An interval of a stream, as it is printed. */
interface Printed {
  readonly stream?: string
  readonly rows: readonly (readonly [string | number, number])[]
}

interface Options {
  readonly dist: string
  readonly megabytes: number
  readonly workers: string
  say(text: string): void
  /** Called with what came out while the log is still there: what it holds has that checksum. */
  besides(replayed: Replayed, log: Log, expected: number): Promise<void>
}

/** A log on disk, and the checksum of its ten most frequent URLs with their status and of its errors by minute. */
interface Counted extends Log {
  readonly checksum: number
}

export async function measureReplay({ dist, megabytes, workers, say, besides }: Options): Promise<Replayed> {
  const directory = await mkdtemp(join(tmpdir(), "rivulet-replay-"))
  try {
    const path = join(directory, "program.ts")
    await writeFile(path, program)
    const lines = Math.max(fewLines, Math.floor((megabytes * 2 ** 20) / logLineBytes))
    say(`replay: a log of ${lines} lines`)
    const few = await log(join(directory, "few.log"), fewLines)
    const all = await log(join(directory, "all.log"), lines)
    // Its types are checked the first time only, and that would be counted here and not below.
    await run(dist, path, few.path, workers)
    const start = await run(dist, path, few.path, workers)
    const whole = await run(dist, path, all.path, workers)
    const cpu = whole.cpu - start.cpu
    const wrong = whole.checksum === all.checksum ? null : `its counts have the checksum ${whole.checksum}, where ${all.checksum} is right`
    const replayed: Replayed = {
      work: "replay",
      records: lines,
      recordsPerSecond: Math.round(lines / whole.seconds),
      startCpuSeconds: start.cpu,
      cpuSeconds: cpu,
      recordsPerCpuSecond: Math.round((lines - fewLines) / cpu),
      wrong,
    }
    await besides(replayed, all, all.checksum)
    return replayed
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function log(path: string, lines: number): Promise<Counted> {
  const file = createWriteStream(path)
  const [urls, errors]: [Map<string, number>, Map<string, number>] = [new Map(), new Map()]
  for (let at = 0; at < lines; at += chunkLines) {
    const chunk = logLines(Math.min(chunkLines, lines - at), { startMs: Date.UTC(2015, 4, 17, 10, 5) + at, seed: `log ${at % 1_000_000}` })
    const parts = chunk.map(line => / \[(\S+) \S+\] "\S+ (\S+) \S+" (\d+) /.exec(line)!)
    add(urls, countOf(parts.map(([, , url, status]) => `${url} ${status}`)))
    add(errors, countOf(parts.filter(([, , , status]) => status! >= "500").map(([, time]) => minuteOf(time!))))
    if (!file.write(`${chunk.join("\n")}\n`)) await new Promise<void>(done => file.once("drain", () => done()))
  }
  await new Promise<void>(done => file.end(() => done()))
  const top = [...urls].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, mostFrequent)
  return { path, lines, checksum: checksumOf([...top, ...errors]) }
}

/** Of a time as the log has it, minutes since 1970. */
function minuteOf(time: string): string {
  const [, day, month, year, hour, minute] = /^(\d+)\/(\w+)\/(\d+):(\d+):(\d+)/.exec(time)!
  return String(Date.parse(`${day} ${month} ${year} ${hour}:${minute} UTC`) / 60_000)
}

function add(to: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [key, count] of counts) to.set(key, (to.get(key) ?? 0) + count)
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
    for (const pid of [child.pid!, ...processesBelow(child.pid!)]) used.set(pid, Math.max(used.get(pid) ?? 0, cpuSeconds([pid])))
  }, lookMs)
  const exited = new Promise<void>((done, fail) => {
    child.once("exit", code => (code === 0 ? done() : fail(new Error(`replay ended with ${code}`))))
  })
  let top: readonly (readonly [string, number])[] = []
  const errors = new Map<string, number>()
  for await (const line of createInterface({ input: child.stdout })) {
    const printed = JSON.parse(line) as Printed
    if (printed.stream?.endsWith("top")) top = printed.rows as typeof top
    if (printed.stream?.endsWith("errors")) add(errors, new Map(printed.rows.map(([minute, n]) => [String(minute), n])))
  }
  await exited
  clearInterval(look)
  return {
    cpu: [...used.values()].reduce((a, b) => a + b, 0),
    seconds: (Date.now() - started) / 1_000,
    checksum: checksumOf([...top, ...errors]),
  }
}
