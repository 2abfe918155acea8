/**
 * `npm run soak -- [--minutes 10] [--rate <lines a second>] [--late-ms 1000]
 * [--workers 2] [--cores 1] [--memory-mb 1024] [--dist dist] [--json]`
 *
 * A cluster under half of what it can take (measured first, unless a rate is given) for as long as is asked: windowed word count, and
 * a count of all lines. Memory of every process is sampled each second. Exits 1 when an interval's result came later than `--late-ms`
 * after its end (the first ten, in which functions are compiled and tables grow, are reported apart), when a process's memory still grew
 * in the last third (the input is remembered for a minute), or when the lines counted are not the lines acked.
 */

import { parseArgs } from "node:util"
import { built } from "./built.js"
import { residentBytes } from "./cpu.js"
import { countWords } from "./wordcount.js"

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    rate: { type: "string" },
    "late-ms": { type: "string", default: "1000" },
    workers: { type: "string", default: "2" },
    cores: { type: "string", default: "1" },
    "memory-mb": { type: "string", default: "1024" },
    dist: { type: "string", default: "dist" },
    json: { type: "boolean", default: false },
  },
})
const { startEmbedded, connect, send } = await built(values.dist)
const say = (text: string) => process.stderr.write(`${text}\n`)
const minutes = Number(values.minutes)
const lateMs = Number(values["late-ms"])
/** Twice the window: for half of it every interval takes one away. What was still to be done when the sender ended counts, too. */
const calibrationSeconds = 60
const firstIntervals = 10
/** Growth between the middle third and the last one that is not taken for a leak: garbage is collected when it suits. */
const growthShare = 0.1
const growthBytes = 64 * 2 ** 20

interface Soaked {
  readonly records: number
  readonly counted: number
  readonly perSecond: number
  readonly latenciesMs: readonly number[]
  /** By process: samples of its resident memory, one a second. */
  readonly memory: ReadonlyMap<string, readonly number[]>
}

const rate = values.rate === undefined ? Math.round((await soak(calibrationSeconds, 0)).perSecond / 2) : Number(values.rate)
say(`soak: ${rate} lines a second for ${minutes} minutes`)
const soaked = await soak(minutes * 60, rate)
const firstMaxMs = Math.max(...soaked.latenciesMs.slice(0, firstIntervals))
const latenciesMs = soaked.latenciesMs.slice(firstIntervals)
const late = latenciesMs.filter(ms => ms > lateMs)
const grown = [...soaked.memory].filter(([, samples]) => grows(samples)).map(([name]) => name)
const wrong = [
  ...(late.length > 0 ? [`${late.length} of ${latenciesMs.length} intervals came more than ${lateMs} ms late`] : []),
  ...(soaked.counted === soaked.records ? [] : [`${soaked.counted} lines counted, ${soaked.records} acked`]),
  ...grown.map(name => `the memory of ${name} still grows`),
]
const sorted = [...latenciesMs].sort((a, b) => a - b)
const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
const memory = [...soaked.memory].map(([name, samples]) => ({
  process: name,
  middleMb: megabytes(median(third(samples, 1))),
  lastMb: megabytes(median(third(samples, 2))),
  peakMb: megabytes(samples.reduce((a, b) => Math.max(a, b), 0)),
}))
const result = {
  minutes,
  linesPerSecond: rate,
  records: soaked.records,
  intervals: sorted.length,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  maxMs: at(1),
  firstMaxMs,
  memory,
  wrong,
}
if (values.json) console.log(JSON.stringify(result))
else {
  console.log(
    `${result.records} records, ${result.intervals} intervals, p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms, max ${result.maxMs} ms (the first ${firstIntervals}: ${firstMaxMs} ms)`,
  )
  console.table(memory)
  for (const line of wrong) console.log(line)
}
process.exit(wrong.length > 0 ? 1 : 0)

async function soak(seconds: number, linesPerSecond: number): Promise<Soaked> {
  const memoryBytes = Number(values["memory-mb"]) * 2 ** 20
  const cluster = await startEmbedded({ workers: Number(values.workers), cores: Number(values.cores), memoryBytes })
  const memory = new Map<string, number[]>()
  const sample = () => {
    for (const [name, pid] of cluster.processes()) memory.set(name, [...(memory.get(name) ?? []), residentBytes(pid)])
  }
  let sampler: NodeJS.Timeout | undefined
  try {
    const session = await connect(cluster.address, { user: "soak", program: "soak", tz: "UTC" })
    const lines = session.readStream("lines", "1s").remember("1m")
    session.name(lines, "lines")
    const words = countWords(session, lines)
    const all = lines.map((): [string, number] => ["lines", 1]).runningReduce((a, b) => a + b)
    session.name(all, "all")
    await session.flush()
    const done: { through: number; atMs: number }[] = []
    let look = () => {}
    const through = { words: 0, all: 0 }
    const note = (which: keyof typeof through) => (end: number) => {
      through[which] = end
      if (which === "words") done.push({ through: end, atMs: Date.now() })
      const afterMs = Date.now() - end
      if (which === "words" && afterMs > lateMs) say(`${new Date(end).toISOString().slice(11, 19)}: ${afterMs} ms late`)
      look()
    }
    const subscriptions = [await session.onCompleted(words, note("words")), await session.onCompleted(all, note("all"))]
    sampler = setInterval(sample, 1_000)
    const sent = await send(cluster.address, seconds, linesPerSecond)
    await new Promise<void>(resolve => {
      look = () => {
        if (Math.min(through.words, through.all) > sent.ackedMs) resolve()
      }
      look()
    })
    const lastMs = Date.now()
    const counted = (await all.get("lines")) ?? 0
    for (const subscription of subscriptions) await subscription.stop()
    await session.close()
    return {
      records: sent.records,
      counted,
      perSecond: sent.records / ((lastMs - sent.firstMs) / 1_000),
      latenciesMs: done.filter(one => one.through > sent.firstMs && one.through <= sent.ackedMs).map(one => one.atMs - one.through),
      memory,
    }
  } finally {
    clearInterval(sampler)
    await cluster.stop()
  }
}

function third(samples: readonly number[], which: 0 | 1 | 2): readonly number[] {
  return samples.slice(Math.floor((samples.length * which) / 3), Math.floor((samples.length * (which + 1)) / 3))
}

function median(samples: readonly number[]): number {
  return [...samples].sort((a, b) => a - b)[samples.length >> 1] ?? 0
}

/** Whether the last third lies above the middle one. Short runs have not reached their level: of them nothing is said. */
function grows(samples: readonly number[]): boolean {
  if (samples.length < 360) return false
  const [middle, last] = [median(third(samples, 1)), median(third(samples, 2))]
  return last > middle * (1 + growthShare) + growthBytes
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20)
}
