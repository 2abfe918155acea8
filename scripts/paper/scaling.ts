/** Fig. 7: the highest rate at which every record has its result within the bound, by cluster size. */
import type { DStream } from "../../engine/fluent/types.js"
import { constants, costsOf, type Work } from "./costs.js"
import type { Figure } from "./figures.js"
import { Lab } from "./lab.js"

interface Program {
  readonly work: Work
  readonly define: (lines: DStream<string>) => void
}

const recentCounts = (lines: DStream<string>) =>
  lines
    .flatMap(line => line.split(" "))
    .map((word): [string, number] => [word, 1])
    .reduceByWindow(
      "3s",
      (a, b) => a + b,
      (a, b) => a - b,
    )

const programs: Record<string, Program> = {
  grep: {
    work: "grep",
    define: lines =>
      void lines
        .filter(line => line.includes("w99"))
        .map((): [string, number] => ["matches", 1])
        .runningReduce((a, b) => a + b),
  },
  "word count": { work: "word count", define: lines => void recentCounts(lines) },
  "top-k": { work: "word count", define: lines => void recentCounts(lines).top(10).save("/top") },
}

const warmMs = 4_000
const measuredIntervals = 6
/** Of a worker and interval, in so many batches. */
const records = 20
const batches = 20

interface Tried {
  /** The record that waited longest, and that of which 95 % waited no longer. */
  readonly allMs: number
  readonly mostMs: number
  readonly masterMs: number
  readonly masterEvents: number
}

/** `share`: of the rate at which the map tasks or the links alone would be busy all the time. */
function run(program: Program, workers: number, boundMs: number, share: number): Tried {
  const intervalMs = boundMs / 2
  const lines = share * mostPerMs(program.work) * workers * intervalMs
  const scaled = { work: program.work, workers, partitions: 2 * workers, lines, simulatedKeys: Lab.wordsIn(records) }
  const costs = costsOf({ ...scaled, simulatedBytes: Lab.recordBytes(records / batches) * records * workers })
  const { taskMs, jitterMs } = constants
  const lab = new Lab({
    ...{ seed: 1, workers, cores: 1, partitions: 2 * workers, intervalMs, records: records * workers, batches: batches * workers },
    ...{ taskMs, jitterMs, perByteMs: 0, costs },
  })
  lab.define(program.define)
  const fromMs = Math.ceil((lab.world.nowMs + warmMs) / intervalMs) * intervalMs
  const toMs = fromMs + measuredIntervals * intervalMs
  lab.run(fromMs - lab.world.nowMs)
  const [masterMs, masterEvents] = [lab.masterMs, lab.masterEvents]
  lab.run(toMs - lab.world.nowMs)
  const cpu = {
    masterMs: (lab.masterMs - masterMs) / measuredIntervals,
    masterEvents: (lab.masterEvents - masterEvents) / measuredIntervals,
  }
  lab.world.runUntil(toMs + boundMs)
  const waits = lab.latencies(fromMs, toMs)
  lab.close()
  return {
    allMs: waits.at(-1) ?? Number.POSITIVE_INFINITY,
    mostMs: waits[Math.floor(0.95 * waits.length)] ?? Number.POSITIVE_INFINITY,
    ...cpu,
  }
}

/** Lines of a worker at which its executor, its main thread or its link has no time left: it receives each twice, from the sender and as a copy. */
function mostPerMs(work: Work): number {
  const { mapUs, lineBytes, receiveMsPerMB, linkBytesPerMs } = constants
  return Math.min(1_000 / mapUs[work], 1e6 / (2 * lineBytes * receiveMsPerMB), linkBytesPerMs / (2 * lineBytes))
}

/** By bisection, to a thirty-second of what is possible at all. Of a larger cluster it is begun near what the one before had. */
function carriedShare(holds: (share: number) => boolean, near: number | null): number {
  let [low, high] = [0, 1]
  const tried = near === null ? [] : [near * 0.97, near * 1.03, near * 0.85]
  for (const share of tried) {
    if (share <= low || share >= high) continue
    if (holds(share)) low = share
    else high = share
  }
  while (high - low > 1 / 32 && high - low > low / 12) {
    const middle = (low + high) / 2
    if (holds(middle)) low = middle
    else high = middle
  }
  return low
}

export function scaling(sizes: readonly number[]): Figure {
  const lines = Object.entries(programs).flatMap(([name, program]) =>
    [1_000, 2_000].map(boundMs => {
      let near: number | null = null
      const points = sizes.map((workers): [number, number] => {
        const share = carriedShare(share => {
          const tried = run(program, workers, boundMs, share)
          console.error(
            `  ${name}, ${workers} workers, ${boundMs} ms: share ${share.toFixed(3)}, all within ${tried.allMs.toFixed(0)} ms, 95 % ${tried.mostMs.toFixed(0)}; master ${tried.masterMs.toFixed(1)} ms of CPU, ${tried.masterEvents.toFixed(0)} messages an interval`,
          )
          return tried.mostMs <= boundMs
        }, near)
        near = share === 0 ? null : share
        return [workers, (share * mostPerMs(program.work) * workers * constants.lineBytes) / 1e6]
      })
      return { name: `${name}, ${boundMs / 1000} s`, points }
    }),
  )
  return {
    name: "scaling",
    title: "The rate at which 95 % of the records have their result within 1 s and 2 s",
    paper: "Fig. 7: nearly linear to 100 nodes; 2 s carries more than 1 s",
    x: "workers",
    y: "GB a second",
    lines,
  }
}
