/**
 * `npm run bench -- [grep] [wordcount] [topk] [combined] [closure] [replay] [--seconds 20] [--workers 2] [--cores 1] [--memory-mb 1024]
 * [--interval 1s] [--window 30s] [--remember 10m] [--warm 10] [--within 2s] [--dist dist] [--against spark,…] [--flat-out]
 * [--curve] [--json]`
 *
 * A master, workers and a sending client, each a process of this machine running the built program (`npm run build`; with `--dist` another build of
 * it, to compare two of them by turns), two copies of every record. First as fast as
 * credit allows: records a second until the last interval's result is there, and a CPU-second of all processes, and where those went. Then
 * (unless `--flat-out`) at 65 % of that rate, `--warm` seconds longer, of which nothing counts (code is cold, and what has piled up by that is worked
 * off): how long after an interval's end its result is there, and how long after a record was given to the sender the result of its interval is. With `--within 2s` instead, by bisection: the highest rate at which 95 % of the records have the result of their interval
 * so soon after they were given to the sender. With `--curve` all have keys, and connections are encrypted. `replay` reads a log of `--mb 1024` from a file in
 * batch mode. With `--against spark,flink,duckdb,polars` other engines do the same, each right after ours: they are brought from where their packages
 * are published (`rivals/`). Single runs are good to about a third: compare by turns.
 */

import { cpus, release, totalmem, type } from "node:os"
import { parseArgs } from "node:util"
import type { ClientSession } from "../../cluster/client/session.js"
import { type Duration, parseDuration } from "../../engine/time.js"
import { measureReplay, type Replayed } from "./batch.js"
import { buildAt } from "./build-at.js"
import { built } from "./built.js"
import { peakBytes, type Usage, usageOf } from "./cpu.js"
import type { SentAll } from "./ingest.js"
import { startKeyed } from "./keyed-cluster.js"
import { type Raced, raceBatch, raceStreams, rivalsNamed } from "./rivals/against.js"
import type { Log } from "./rivals/rivals.js"
import { type Times, type Workload, workloads } from "./wordcount.js"

interface Measured {
  readonly work: string
  readonly records: number
  readonly recordsPerSecond: number
  readonly cpuSeconds: number
  readonly recordsPerCpuSecond: number
  /** Of each process: ns of CPU a record, in it and in the system for it; pages touched for the first time, a thousand records. */
  readonly parts: Readonly<Record<string, { readonly user: number; readonly system: number; readonly faults: number }>>
  /** Resident, of all processes of the cluster together. */
  readonly peakBytes: number
  /** 0: it was not asked for. */
  readonly pacedRecordsPerSecond: number
  /** From an interval's end to its result, at the paced rate. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** The highest rate that keeps within `--within`; null: it was not asked for. */
  readonly withinRecordsPerSecond: number | null
  /** From a record's way into the sender to the result of its interval. */
  readonly fromSendP50Ms: number
  readonly fromSendP99Ms: number
  readonly wrong: string | null
}

/** An interval that ends at `through`, and when its result was known to be there. */
interface Completed {
  readonly through: number
  readonly atMs: number
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "20" },
    workers: { type: "string", default: "2" },
    cores: { type: "string", default: "1" },
    "memory-mb": { type: "string", default: "1024" },
    interval: { type: "string", default: "1s" },
    window: { type: "string", default: "30s" },
    /** How long raw lines are kept for questions; without it as long as by default. */
    remember: { type: "string" },
    warm: { type: "string", default: "10" },
    within: { type: "string" },
    dist: { type: "string", default: "dist" },
    mb: { type: "string", default: "1024" },
    against: { type: "string" },
    curve: { type: "boolean", default: false },
    "flat-out": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
})
const times: Times = {
  interval: values.interval as Duration,
  window: values.window as Duration,
  remember: (values.remember as Duration | undefined) ?? null,
}
const say = (text: string) => process.stderr.write(`${text}\n`)
const dist = buildAt(values.dist)
const { startEmbedded, connect, send } = await built(dist)
const seconds = Number(values.seconds)
const warmSeconds = Number(values.warm)
const replayed = positionals.length === 0 || positionals.includes("replay")
const chosen = positionals.length === 0 ? workloads : positionals.filter(name => name !== "replay").map(find)
const rivals = rivalsOrExit()
const results: (Measured | Replayed)[] = []
const raced: Raced[] = []
for (const workload of chosen) {
  say(`${workload.name}: ${seconds} s as fast as possible${values["flat-out"] ? "" : `, then ${warmSeconds} and ${seconds} s paced`}`)
  const ours = await measure(workload)
  results.push(ours)
  raced.push(...(await raceStreams(ours, rivals, { seconds, windowSeconds: parseDuration(times.window) / 1_000 }, say)))
}
if (replayed) {
  const besides = async (ours: Replayed, log: Log, expected: number) =>
    void raced.push(...(await raceBatch(ours, rivals, log, expected, say)))
  results.push(await measureReplay({ dist, megabytes: Number(values.mb), workers: values.workers, say, besides }))
}
if (rivals.length > 0 && raced.length === 0)
  say(`bench: ${values.against} does none of these works: spark and flink grep and wordcount, spark, duckdb and polars replay`)
if (values.json)
  console.log(JSON.stringify({ ...machine(), seconds, workers: Number(values.workers), cores: Number(values.cores), results, raced }))
else {
  console.table(Object.fromEntries(results.map(result => ("p50Ms" in result ? row(result) : [result.work, result]))))
  if (raced.length > 0) console.table(raced.map(rowOfRaced))
}
process.exit([...results, ...raced].some(result => result.wrong !== null) ? 1 : 0)

function rivalsOrExit() {
  try {
    return values.against === undefined ? [] : rivalsNamed(values.against)
  } catch (error) {
    say(`bench: ${(error as Error).message}`)
    process.exit(2)
  }
}

/** What the figures are of. */
function machine() {
  const [cpu] = cpus()
  return {
    date: new Date().toISOString(),
    node: process.version,
    machine: { cpu: cpu?.model ?? "unknown", cores: cpus().length, memoryBytes: totalmem(), system: `${type()} ${release()}` },
  }
}

function find(name: string): Workload {
  const workload = workloads.find(one => one.name === name)
  if (workload !== undefined) return workload
  say(`bench: there is no workload ${name}\ntry: ${workloads.map(one => one.name).join(", ")}, replay`)
  process.exit(2)
}

async function measure(workload: Workload): Promise<Measured> {
  const fast = await run(workload, 0)
  const within = values.within === undefined ? null : await carried(workload, parseDuration(values.within as Duration), fast.perSecond)
  const rate = values["flat-out"] || within !== null ? 0 : Math.round(0.65 * fast.perSecond)
  say(
    `${workload.name}: ${fast.sent.records} records, ${Math.round(fast.perSecond)} a second, ${fast.cpu.toFixed(1)} s of CPU, ${fast.wrong ?? "exact"}`,
  )
  for (const [name, { user, system, faults }] of Object.entries(fast.parts))
    say(`  ${name.padEnd(8)} ${user} ns a record and ${system} in the system, ${faults} pages touched a thousand records`)
  const paced = rate === 0 ? { latenciesMs: [], fromSendMs: [], wrong: null } : await run(workload, rate, warmSeconds)
  const fromSend = quantiles(paced.fromSendMs)
  return {
    work: workload.name,
    records: fast.sent.records,
    recordsPerSecond: Math.round(fast.perSecond),
    cpuSeconds: fast.cpu,
    recordsPerCpuSecond: Math.round(fast.sent.records / fast.cpu),
    parts: fast.parts,
    peakBytes: fast.peakBytes,
    pacedRecordsPerSecond: rate,
    ...quantiles(paced.latenciesMs),
    withinRecordsPerSecond: within,
    ...{ fromSendP50Ms: fromSend.p50Ms, fromSendP99Ms: fromSend.p99Ms },
    wrong: fast.wrong ?? paced.wrong,
  }
}

/** The highest rate that keeps within the bound, to a sixteenth of what goes flat out; 0: none that was tried. */
async function carried(workload: Workload, boundMs: number, perSecond: number): Promise<number> {
  let [low, high] = [0, 1]
  for (let i = 0; i < 4; i++) {
    const share = (low + high) / 2
    const paced = await run(workload, Math.round(share * perSecond))
    const sorted = paced.fromSendMs.sort((a, b) => a - b)
    const p95 = sorted[Math.floor(0.95 * sorted.length)] ?? Number.POSITIVE_INFINITY
    say(`  ${Math.round(share * perSecond)} a second: 95 % within ${Math.round(p95)} ms, ${paced.wrong ?? "exact"}`)
    if (p95 <= boundMs && paced.wrong === null) low = share
    else high = share
  }
  return Math.round(low * perSecond)
}

/** One cluster, one client, `rate` lines a second (0: as fast as possible). Latencies are of what came after `warmSeconds`. */
async function run(workload: Workload, rate: number, warmSeconds = 0) {
  const memoryBytes = Number(values["memory-mb"]) * 2 ** 20
  const size = { workers: Number(values.workers), cores: Number(values.cores), memoryBytes }
  const cluster = await (values.curve ? startKeyed({ dist, ...size }) : startEmbedded(size))
  try {
    const session = await connect(cluster.address, { user: "bench", program: "bench", tz: "UTC" })
    const result = workload.define(session, times)
    await session.flush()

    const done: Completed[] = []
    let look = () => {}
    const passed = (ms: number) =>
      new Promise<void>(resolve => {
        look = () => {
          if (done.some(({ through }) => through >= ms)) resolve()
        }
        look()
      })
    const subscription = await session.onCompleted(result, through => {
      done.push({ through, atMs: Date.now() })
      look()
      void workload.ask?.(result).catch(error => say(String(error)))
    })
    const processes = [...cluster.processes()]
    const pids = processes.map(([, pid]) => pid)
    const before = pids.map(usageOf)
    const sent = await send(cluster.address, warmSeconds + seconds, rate, workload.input)
    await passed(sent.ackedMs + 1)
    const last = done.find(({ through }) => through > sent.ackedMs)!
    const used: [string, Usage][] = processes.map(([name, pid], i) => [name, difference(usageOf(pid), before[i]!)])
    used.push(["sender", sent.usage])
    const cpu = used.reduce((sum, [, { userSeconds, systemSeconds }]) => sum + userSeconds + systemSeconds, 0)
    const peak = peakBytes(pids)
    const wrong = await workload.check(result, sent, times, passed)
    const warmMs = sent.firstMs + 1_000 * warmSeconds
    const fromSendMs = rate === 0 ? [] : await sinceSent(session, sent, done, warmMs)
    await subscription.stop()
    await session.close()
    return {
      sent,
      cpu,
      parts: Object.fromEntries(used.map(([name, usage]) => [name, perRecord(usage, sent.records)])),
      peakBytes: peak,
      perSecond: sent.records / ((last.atMs - sent.firstMs) / 1_000),
      latenciesMs: done.filter(({ through }) => through > warmMs && through <= sent.ackedMs).map(({ through, atMs }) => atMs - through),
      fromSendMs,
      wrong,
    }
  } finally {
    await cluster.stop()
  }
}

/** Of each piece that was sent from `sinceMs` on, how long it took until the interval was complete that had its last record. They count in the order in which they were sent. */
async function sinceSent(
  session: ClientSession,
  { firstMs, ackedMs, pieces }: SentAll,
  done: readonly Completed[],
  sinceMs: number,
): Promise<number[]> {
  const ms = parseDuration(times.interval)
  const from = Math.floor(firstMs / ms) * ms
  const to = (Math.floor(ackedMs / ms) + 1) * ms
  const counts = await session.stream<number>("lines").count().slice(from, to).collect()
  if (counts.length !== (to - from) / ms)
    throw new Error(`${counts.length} intervals have counts, of ${(to - from) / ms}: --remember must be longer than the run`)
  const sorted = [...done].sort((a, b) => a.through - b.through)
  const waits: number[] = []
  let counted = 0
  let [interval, completed] = [-1, 0]
  for (const [sentMs, records] of pieces) {
    while (counted < records && interval + 1 < counts.length) counted += counts[++interval]!
    while (completed < sorted.length && sorted[completed]!.through < from + (interval + 1) * ms) completed++
    if (sentMs >= sinceMs && sorted[completed] !== undefined) waits.push(sorted[completed]!.atMs - sentMs)
  }
  return waits
}

function difference(now: Usage, then: Usage): Usage {
  return {
    userSeconds: now.userSeconds - then.userSeconds,
    systemSeconds: now.systemSeconds - then.systemSeconds,
    faults: now.faults - then.faults,
  }
}

function perRecord({ userSeconds, systemSeconds, faults }: Usage, records: number) {
  const ns = (seconds: number) => Math.round((seconds * 1e9) / records)
  return { user: ns(userSeconds), system: ns(systemSeconds), faults: Math.round((faults * 1_000) / records) }
}

function quantiles(values: readonly number[]): Pick<Measured, "p50Ms" | "p99Ms" | "maxMs"> {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
}

function millions(n: number): string {
  return `${(n / 1e6).toFixed(3)} M`
}

function rowOfRaced({ work, against, recordsPerCpuSecond, timesTheirs, peakBytes, wrong }: Raced) {
  return {
    work,
    against,
    "its records/CPU s": millions(recordsPerCpuSecond),
    "ours, times its": timesTheirs,
    "its peak MB": Math.round(peakBytes / 2 ** 20),
    check: wrong ?? "exact",
  }
}

function row(result: Measured): [string, Record<string, string | number>] {
  return [
    result.work,
    {
      "records/s": millions(result.recordsPerSecond),
      "CPU s": Number(result.cpuSeconds.toFixed(1)),
      "records/CPU s": millions(result.recordsPerCpuSecond),
      "peak MB": Math.round(result.peakBytes / 2 ** 20),
      "p50 ms": result.p50Ms,
      "p99 ms": result.p99Ms,
      "from send": `${result.fromSendP50Ms}, ${result.fromSendP99Ms}`,
      "at records/s": millions(result.withinRecordsPerSecond ?? result.pacedRecordsPerSecond),
      check: result.wrong ?? "exact",
    },
  ]
}
