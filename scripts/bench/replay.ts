/**
 * `node --import ./scripts/register.mjs scripts/bench/replay.ts [whole] [broken] [--mb 2000] [--memory 1G] [--files 4] [--hours 48]
 * [--workers 2] [--dir <directory>] [--dist dist] [--json]`
 *
 * Old logs that do not fit into memory: gzipped access logs (made on the first call, `scripts/make-logs.mjs`), replayed by the built command
 * with `--memory`. `whole` in one go; `broken` is killed (-9) at half of it and goes on with `--resume`. Memory of all processes
 * is sampled four times a second: resident, and with pages that several have divided among them. Exits 1 when that
 * was more than `--memory` at any moment, when nothing was said of progress, or when the two left different files.
 */

import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { byteSize } from "../../shell/cli/options.js"
import { buildAt } from "./build-at.js"
import { cpuSeconds, memoryOf } from "./cpu.js"

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mb: { type: "string", default: "2000" },
    memory: { type: "string", default: "1G" },
    files: { type: "string", default: "4" },
    hours: { type: "string", default: "48" },
    workers: { type: "string", default: "2" },
    dir: { type: "string", default: join(tmpdir(), "rivulet-replay-bench") },
    dist: { type: "string", default: "dist" },
    json: { type: "boolean", default: false },
  },
})
const everyMs = 250
/** How much of the input a run has read when it is killed, in per cent. */
const killAt = 50
const directory = resolve(values.dir)
const logs = join(directory, `logs-${values.mb}-${values.files}-${values.hours}`)
const program = join(directory, "visits.mjs")
const command = join(buildAt(values.dist), "shell/cli/main.js")
const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20)
const say = (text: string) => process.stderr.write(`${text}\n`)

interface Run {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakMb: number
  readonly peakResidentMb: number
  /** At the peak: each process's. */
  readonly processesMb: Readonly<Record<string, number>>
  readonly progress: readonly string[]
  readonly killed: boolean
}

mkdirSync(directory, { recursive: true })
if (!existsSync(join(logs, "made"))) {
  const script = fileURLToPath(new URL("../make-logs.mjs", import.meta.url))
  const maker = spawn(process.execPath, [script, logs, "--mb", values.mb, "--files", values.files, "--hours", values.hours], {
    stdio: "inherit",
  })
  const [code] = await once(maker, "exit")
  if (code !== 0) process.exit(1)
  writeFileSync(join(logs, "made"), "")
}
writeFileSync(
  program,
  `import { readStream, sum } from "rivulet"
const views = readStream("views", "1m", { format: "combined" })
const urls = views.map(v => [v.url, 1]).runningReduce(sum)
export const busiest = urls.top(10)
export const traffic = views.map(v => [v.status, v.bytes]).reduceByKey(sum)
export const visitors = views.map(v => [v.ip, 1]).track(() => 1, (ip, n) => n + 1, "10m").count()
`,
)
const packed = readdirSync(logs).reduce((sum, name) => sum + statSync(join(logs, name)).size, 0)
say(`${values.mb} MB of access logs, ${megabytes(packed)} MB packed, --memory ${values.memory}`)

const wrong: string[] = []
const asked = positionals.length === 0 ? ["whole", "broken"] : positionals
const runs: Record<string, Run> = {}
if (asked.includes("whole")) runs.whole = await replay("whole", [])
if (asked.includes("broken")) {
  runs.killed = await replay("broken", [], killAt)
  if (!runs.killed.killed) wrong.push("it ended before it could be killed")
  runs.resumed = await replay("broken", ["--resume"])
}
for (const [name, run] of Object.entries(runs)) {
  if (run.peakMb * 2 ** 20 > byteSize(values.memory, "--memory")) wrong.push(`${name}: ${run.peakMb} MB, not ${values.memory}`)
  if (run.progress.length === 0) wrong.push(`${name}: nothing was said of progress`)
}
const sums = ["whole", "broken"].map(name => sumsOf(join(directory, name)))
if (sums[0] !== undefined && sums[1] !== undefined && JSON.stringify(sums[0]) !== JSON.stringify(sums[1]))
  wrong.push("the broken run left other files")
if (values.json) console.log(JSON.stringify({ runs, sums, wrong }))
else {
  for (const [name, { progress, processesMb, ...figures }] of Object.entries(runs)) {
    console.log(`${name}: ${JSON.stringify(figures)} ${JSON.stringify(processesMb)}`)
    console.log(`  ${progress.at(-1) ?? ""}`)
  }
  console.log(JSON.stringify(sums[0] ?? sums[1]))
  for (const line of wrong) console.log(line)
}
process.exit(wrong.length > 0 ? 1 : 0)

/** One call of the command; killed with all its children's wishes unheard when it has read so much, if that is asked. */
async function replay(save: string, more: readonly string[], killPercent?: number): Promise<Run> {
  const args = [
    "replay",
    program,
    "--input",
    `views=${join(logs, "*.gz")}`,
    "--format",
    "combined",
    "--timestamp",
    "time",
    "--disorder",
    "1m",
  ]
  const startedMs = performance.now()
  const child = spawn(
    process.execPath,
    [command, ...args, "--workers", values.workers, "--memory", values.memory, "--save", join(directory, save), "-o", "table", ...more],
    { stdio: ["ignore", "inherit", "pipe"] },
  )
  const progress: string[] = []
  let killed = false
  child.stderr.on("data", chunk => {
    for (const line of String(chunk).split("\n")) {
      const percent = /^(\d+) % of/.exec(line)
      if (percent === null) {
        if (line !== "") say(line)
        continue
      }
      progress.push(line)
      say(line)
      if (killPercent === undefined || killed || Number(percent[1]) < killPercent) continue
      killed = true
      child.kill("SIGKILL")
    }
  })
  let peak = 0
  let peakResident = 0
  let cpu = 0
  let processesMb: Record<string, number> = {}
  let samples = 0
  const sampler = setInterval(() => {
    const pids = treeOf(child.pid!)
    const memory = pids.map(pid => [nameOf(pid), memoryOf(pid)] as const)
    const shared = memory.reduce((sum, [, { ownBytes }]) => sum + ownBytes, 0)
    peakResident = Math.max(
      peakResident,
      memory.reduce((sum, [, { residentBytes }]) => sum + residentBytes, 0),
    )
    cpu = Math.max(cpu, cpuSeconds(pids))
    if (++samples % 40 === 0) say(memory.map(([name, { ownBytes }]) => `${name} ${megabytes(ownBytes)}`).join(" · "))
    if (shared <= peak) return
    peak = shared
    processesMb = Object.fromEntries(memory.map(([name, { ownBytes }], i) => [`${name} ${i}`, megabytes(ownBytes)]))
  }, everyMs)
  // Whoever has no more time for it has the figures so far.
  process.once("SIGTERM", () => {
    wrong.push(`${save}: ended from outside`)
    killed = true
    child.kill("SIGKILL")
  })
  const [code] = (await once(child, "exit")) as [number | null]
  clearInterval(sampler)
  if (code !== 0 && !killed) wrong.push(`${save} ${more.join(" ")}: ended with ${code}`)
  const seconds = Math.round((performance.now() - startedMs) / 1_000)
  return {
    seconds,
    cpuSeconds: Math.round(cpu),
    peakMb: megabytes(peak),
    peakResidentMb: megabytes(peakResident),
    processesMb,
    progress,
    killed,
  }
}

/** A process and all that it started. */
function treeOf(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap(task =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "latin1").split(" ").filter(Boolean).map(Number),
    )
    return [pid, ...children.flatMap(treeOf)]
  } catch {
    return []
  }
}

function nameOf(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0")
    return words.some(word => word.endsWith("process-entry.js"))
      ? (words.find(word => word === "master" || word === "worker") ?? "")
      : basename(words[1] ?? "")
  } catch {
    return "gone"
  }
}

function sumsOf(results: string): Record<string, string> | undefined {
  if (!existsSync(results)) return undefined
  const files = readdirSync(results).filter(name => name.endsWith(".ndjson"))
  return Object.fromEntries(
    files.map(name => [
      name,
      createHash("sha256")
        .update(readFileSync(join(results, name)))
        .digest("hex")
        .slice(0, 16),
    ]),
  )
}
