/** The paper's figures on simulated clusters. Each gives a table: what was measured, in the units that its columns name. */
import type { DStream, SnapshotDStream } from "../../engine/fluent/types.js"
import { Lab, type LabOptions } from "./lab.js"

export interface Figure {
  readonly name: string
  readonly title: string
  /** What the paper found. */
  readonly paper: string
  readonly x: string
  readonly y: string
  /** A line each. */
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[]
}

/** How much of all executors' time the steady load takes. */
const load = 0.25
const intervalMs = 1_000
const warmMs = 10_000
const seed = 1

/** A cluster under half load: what a byte costs follows from that, so that all sizes are equally busy. */
function busy(workers: number, more: Partial<LabOptions> = {}): LabOptions {
  const records = 150 * workers
  const perByteMs = (load * workers * intervalMs) / (records * Lab.recordBytes())
  return {
    ...{ seed, workers, cores: 1, partitions: 2 * workers, intervalMs, records, batches: 4 * workers },
    ...{ taskMs: 2, perByteMs, jitterMs: 1 },
    ...more,
  }
}

export const wordCount = (everyMs?: number) => (lines: DStream<string>) => {
  const counts = lines
    .flatMap(line => line.split(" "))
    .map((word): [string, number] => [word, 1])
    .runningReduce((a, b) => a + b)
  if (everyMs !== undefined) (counts as unknown as SnapshotDStream<unknown>).checkpoint(`${everyMs}ms`)
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

interface Disturbed {
  readonly usualMs: number
  /** Of the latest interval, beyond the usual. */
  readonly extraMs: number
  /** From the kill until intervals are finished as usual. */
  readonly recoveredMs: number
}

/** A worker is killed 0.9 of a checkpoint's period after the last one, and not started again. */
function killed(options: LabOptions, everyMs: number | undefined): Disturbed {
  const lab = new Lab(options)
  lab.define(wordCount(everyMs))
  const atMs = Math.ceil(warmMs / (everyMs ?? intervalMs)) * (everyMs ?? intervalMs) + 0.9 * (everyMs ?? intervalMs)
  lab.world.at(atMs, () => lab.cluster.killWorker("w1"))
  const untilMs = atMs + 15_000
  lab.run(untilMs)
  const usualMs = median(lab.lateness(4_000, atMs - intervalMs).map(({ lateMs }) => lateMs))
  const after = lab.lateness(atMs, untilMs - 3_000)
  const late = after.filter(({ lateMs }) => lateMs > 1.5 * usualMs + 50)
  lab.close()
  const last = late.at(-1)
  return {
    usualMs,
    extraMs: Math.max(0, ...after.map(({ lateMs }) => lateMs - usualMs)),
    recoveredMs: last === undefined ? 0 : last.endMs + last.lateMs - atMs,
  }
}

export function recoveryByCheckpoints(): Figure {
  const periods = [undefined, 2_000, 5_000, 10_000]
  const lines = [4].map(workers => {
    const points = periods.map((everyMs): [number, number] => [
      (everyMs ?? intervalMs) / 1000,
      killed(busy(workers), everyMs).recoveredMs / 1000,
    ])
    return { name: `${workers} workers`, points }
  })
  return {
    name: "recovery-by-checkpoint-interval",
    title: "Recovery of a killed worker by checkpoint interval (word count)",
    paper: "Fig. 10: the longer the interval, the longer the recovery; 10 s of checkpoints recover within seconds",
    x: "checkpoint interval (s)",
    y: "until intervals are on time again (s)",
    lines,
  }
}

export function recoveryBySize(): Figure {
  const sizes = [2, 4, 8]
  const line = (everyMs: number | undefined, name: string) => ({
    name,
    points: sizes.map((workers): [number, number] => [workers, killed(busy(workers), everyMs).extraMs / 1000]),
  })
  return {
    name: "recovery-by-cluster-size",
    title: "The extra delay of the latest interval after a worker is killed, by cluster size",
    paper: "Fig. 11: parallel recovery is faster the more nodes there are",
    x: "workers",
    y: "extra delay (s)",
    lines: [line(undefined, "checkpoints as made (1 s)"), line(5_000, "checkpoints every 5 s")],
  }
}

export function stragglers(): Figure {
  const sizes = [4, 8]
  const measure = (workers: number, factor: number, speculation: boolean) => {
    const lab = new Lab(busy(workers, { taskMs: 10, jitterMs: 2, master: { speculation } }))
    lab.define(wordCount())
    lab.world.at(warmMs, () => {
      lab.cluster.worker("w1")!.executors.factor = factor
    })
    lab.run(warmMs + 12_000)
    // At first it has its full share; later it is known to be slow.
    const first = Math.max(...lab.lateness(warmMs, warmMs + 3_000).map(one => one.lateMs))
    const later = median(lab.lateness(warmMs + 5_000, warmMs + 10_000).map(one => one.lateMs))
    lab.close()
    return { first, later }
  }
  const measured = (factor: number, speculation: boolean) => sizes.map(workers => ({ workers, ...measure(workers, factor, speculation) }))
  const [none, copied, alone] = [measured(1, true), measured(4, true), measured(4, false)]
  const line = (name: string, rows: typeof none, when: "first" | "later") => ({
    name,
    points: rows.map((row): [number, number] => [row.workers, row[when] / 1000]),
  })
  return {
    name: "stragglers",
    title: "One worker at a quarter of its speed: how late an interval is",
    paper: "Fig. 12: speculation takes most of a straggler's delay away",
    x: "workers",
    y: "delay of an interval (s)",
    lines: [
      line("no straggler", none, "later"),
      line("first seconds, speculation", copied, "first"),
      line("first seconds, none", alone, "first"),
      line("then, speculation", copied, "later"),
      line("then, none: it gets less", alone, "later"),
    ],
  }
}

/** What the master's own steps cost: CPU measured here, of an interval of 500 ms, everything else simulated. */
export function masterCost(shapes: readonly (readonly [workers: number, partitions: number, streams: number])[]): Figure {
  const interval = 500
  const points = shapes.map(([workers, partitions, streams]): [number, number] => {
    const lab = new Lab({
      ...{ seed, workers, cores: 2, partitions: Math.ceil(partitions / streams), intervalMs: interval, records: 40, batches: 2, streams },
      ...{ taskMs: 0.5, jitterMs: 0.5, perByteMs: 0, memoryBytes: 4 * 1024 * 1024 },
    })
    lab.define(wordCount())
    lab.run(2_000)
    const before = lab.masterMs
    const intervals = 3
    lab.run(intervals * interval)
    const ms = (lab.masterMs - before) / intervals
    lab.close()
    console.log(`  ${workers} workers, ${partitions} partitions, ${streams} streams: ${ms.toFixed(1)} ms an interval`)
    return [partitions, ms]
  })
  return {
    name: "master-cost",
    title: "The master's CPU an interval of 500 ms",
    paper: "§6: scheduling must not be the bottleneck",
    x: "state partitions in all",
    y: "ms an interval",
    lines: [{ name: shapes.map(([workers, , streams]) => `${workers} workers, ${streams} streams`).join("; "), points }],
  }
}
