/**
 * Why a stream is held, late or slow: causes in order of their share, each with what shows it and what to try.
 *
 * The problem: an interval is late for many reasons at once, and each alone explains it. The solution: of every interval's time
 * what would not have been spent is charged to the first cause that explains it — the rest of a stage after its ordinary tasks to
 * the key that made its last task long, else to the worker that is slow at everything — and shares are parts of the sum.
 * Pure: facts in, findings out.
 */

import { formatDuration } from "../../engine/time.js"
import type { NodeId } from "../ports.js"
import type { CatalogEntry, WhyReport } from "../protocol.js"
import type { IntervalFacts } from "./job-facts.js"
import { median } from "./median.js"
import type { Slow } from "./slowness.js"
import { heavyPartitions, type StageFacts, type TaskFacts } from "./stage-facts.js"

/** `copied`: of its tasks that were given a second copy elsewhere. `getsLess`: it is sent fewer tasks than others. */
export interface SlowWorker extends Slow {
  readonly name: string
  readonly copied: number
  readonly getsLess: boolean
}

export interface WhyFacts {
  readonly entry: CatalogEntry
  readonly intervals: readonly IntervalFacts[]
  readonly executors: number
  /** Executors that streams keep busy, of all streams together. */
  readonly load: number
  readonly slow: ReadonlyMap<NodeId, SlowWorker>
  readonly inputs: readonly CatalogEntry[]
}

type Finding = WhyReport["findings"][number]

/** Of an ordinary interval's time: less is not worth a line. */
const leastShareOfInterval = 0.05
const leastMs = 4
const fullLoad = 0.8
const behindIntervals = 2
const behindMs = 2_000
/** A partition is not uneven because it was slow once. */
const unevenIntervals = 4
const unevenPart = 0.25

export function whyOf(facts: WhyFacts): WhyReport {
  const { entry } = facts
  const { state, lagMs } = entry
  const causes = [...broken(facts), ...behindSource(facts), ...slowCauses(facts)]
  const all = causes.reduce((sum, { weight }) => sum + weight, 0)
  const findings = causes
    .sort((a, b) => b.weight - a.weight)
    .map(({ finding, weight }) => ({ ...finding, share: all > 0 ? weight / all : 0 }))
  return { state, lagMs, findings }
}

interface Cause {
  readonly weight: number
  readonly finding: Omit<Finding, "share">
}

/** What stops it altogether outweighs whatever made it slow before. */
const stopped = 1e9

function broken({ entry }: WhyFacts): Cause[] {
  const { held, heldBy, definition } = entry
  if (held !== undefined) {
    const { failure, interval, lookedAhead } = held
    const where = failure.origin ? ` (${failure.operator ?? "function"}, ${failure.origin.file}:${failure.origin.line})` : ""
    const ahead = lookedAhead ? `; ${lookedAhead.failing} of ${lookedAhead.records} records that wait throw too` : ""
    const evidence = `${failure.record === undefined ? "" : `record ${failure.record}`}${ahead}`.replace(/^; /, "")
    const what = `${failure.record === undefined ? "a function failed" : "a record at which a function throws"}${where}: ${failure.message}`
    const tries = [
      `${definition.name}.replace(…): a fixed function in its place`,
      `.resume ${definition.name} record: without such records`,
    ]
    return [{ weight: stopped, finding: { what, evidence, since: interval, try: tries } }]
  }
  if (heldBy === undefined) return []
  const finding = { what: `it waits for ${heldBy}, which is held`, evidence: "", since: 0, try: [`.why ${heldBy.split("/").at(-1)}`] }
  return [{ weight: stopped, finding }]
}

/** Its input itself is late: what is computed cannot be sooner. */
function behindSource({ entry, inputs }: WhyFacts): Cause[] {
  return inputs
    .filter(input => input.definition.id !== entry.definition.id || entry.definition.kind === "input")
    .filter(({ lagMs, definition }) => lagMs > Math.max(behindMs, behindIntervals * definition.intervalMs))
    .map(({ lagMs, definition, throughMs }) => ({
      weight: lagMs,
      finding: {
        what: `its input ${definition.name} is ${seconds(lagMs)} behind`,
        evidence: "intervals close when every worker has reported through them: a worker is away, or the source is late",
        since: throughMs,
        try: [".workers", ".events"],
      },
    }))
}

/** What of many intervals is charged to one cause; the newest stage of them shows it. */
class Charge {
  readonly #excessMs: number[] = []
  rows = 0
  ofRows = 0

  constructor(
    readonly since: number,
    public stage: StageFacts,
    public slowest: TaskFacts,
    public medianMs: number,
  ) {}

  add(stage: StageFacts, slowest: TaskFacts, medianMs: number): void {
    this.#excessMs.push(slowest.ms - medianMs)
    Object.assign(this, { stage, slowest, medianMs })
  }

  get intervals(): number {
    return this.#excessMs.length
  }

  /** By the ordinary one of its intervals: a pause or the first call of a function is no cause. */
  get ms(): number {
    return median(this.#excessMs) * this.intervals
  }
}

function slowCauses({ intervals, executors, load, slow, entry }: WhyFacts): Cause[] {
  const { keys, workers, uneven, workMs, spentMs } = charged(intervals, slow)
  const n = Math.max(1, intervals.length)
  const worthMs = Math.max(leastMs, (leastShareOfInterval * spentMs) / n) * n
  const causes: Cause[] = []
  for (const [key, charge] of keys) {
    if (charge.ms < worthMs) continue
    const rows = Math.round(charge.rows / charge.intervals)
    const what = `one key holds ${percent(charge.rows / charge.ofRows)} of the shuffle: ${key}`
    const evidence = `${shown(charge)}; all ${rows} records of it an interval go to one task`
    causes.push({ weight: charge.ms, finding: { what, evidence, since: charge.since, try: keyTries(charge.stage) } })
  }
  // It makes what it does late even where another cause makes a stage's last task.
  for (const [worker, one] of slow) causes.push(slowWorker(one, Math.max(workers.get(worker)?.ms ?? 0, worthMs / 4)))
  for (const charge of uneven.values()) {
    const often = charge.intervals >= Math.max(unevenIntervals, n * unevenPart)
    if (!often || charge.ms < worthMs || charge.slowest.ms < 2 * charge.medianMs) continue
    const what = `partition ${charge.slowest.partition} of ${charge.stage.label} has more to do than others`
    causes.push({
      weight: charge.ms,
      finding: { what, evidence: shown(charge), since: charge.since, try: ["more partitions, or repartition"] },
    })
  }
  if (executors > 0 && load / executors >= fullLoad && intervals.length > 0) {
    const what = `capacity: streams keep ${load.toFixed(1)} of ${executors} cores busy`
    const evidence = `of it ${seconds(workMs / n)} of work per ${formatDuration(entry.definition.intervalMs)} interval here`
    const since = intervals[0]?.from ?? 0
    const tries = ["one more worker", ".streams: what else runs"]
    causes.push({ weight: Math.max(workMs / executors, worthMs), finding: { what, evidence, since, try: tries } })
  }
  return causes
}

/** Each interval's time after its ordinary tasks, to the first cause that explains it: a key, else a worker, else the partition. */
function charged(intervals: readonly IntervalFacts[], slow: WhyFacts["slow"]) {
  const keys = new Map<string, Charge>()
  const workers = new Map<NodeId, Charge>()
  const uneven = new Map<string, Charge>()
  let workMs = 0
  let spentMs = 0
  for (const { from, ms, stages } of intervals) {
    spentMs += ms
    for (const stage of stages) {
      const { tasks } = stage
      for (const task of tasks) workMs += task.ms
      if (tasks.length < 2) continue
      const heavy = heavyPartitions(stage)
      const slowest = tasks.reduce((most, task) => (task.ms > most.ms ? task : most))
      const others = tasks.filter(task => task !== slowest)
      const ordinary = others.filter(task => !heavy.has(task.partition) && !slow.has(task.worker))
      const medianMs = median((ordinary.length > 0 ? ordinary : others).map(task => task.ms))
      if (slowest.ms <= medianMs) continue
      const charge = <K>(to: Map<K, Charge>, id: K): Charge => {
        const known = to.get(id) ?? new Charge(from, stage, slowest, medianMs)
        known.add(stage, slowest, medianMs)
        to.set(id, known)
        return known
      }
      const key = heaviest(stage, slowest.partition)
      if (heavy.has(slowest.partition) && key !== null) {
        const to = charge(keys, key.key)
        to.rows += key.rows
        to.ofRows += key.ofRows
      } else if (slow.has(slowest.worker)) charge(workers, slowest.worker)
      else charge(uneven, `${stage.label} ${slowest.partition}`)
    }
  }
  return { keys, workers, uneven, workMs, spentMs }
}

function slowWorker({ name, copied, getsLess, times, ownMs, othersMs, since }: SlowWorker, weight: number): Cause {
  const copies = `${copied > 0 ? `; ${copied} of its tasks were given a second copy` : ""}${getsLess ? "; it gets fewer tasks" : ""}`
  const what = `${name} is slow: tasks take ${times.toFixed(1)} × what they take elsewhere`
  const evidence = `${ownMs.toFixed(0)} ms there, ${othersMs.toFixed(0)} ms on the others${copies}`
  return {
    weight,
    finding: { what, evidence, since, try: [`.workers; end ${name} or give its machine room: its work goes to the others`] },
  }
}

function heaviest(stage: StageFacts, partition: number): { readonly key: string; readonly rows: number; readonly ofRows: number } | null {
  let found: { key: string; rows: number; ofRows: number } | null = null
  for (const { heavy, rows: ofRows } of stage.reads)
    for (const { key, rows, partition: to } of heavy.values())
      if (to === partition && rows > (found?.rows ?? 0)) found = { key, rows, ofRows }
  return found
}

function keyTries({ label }: StageFacts): string[] {
  if (/cogroup|[jJ]oin/.test(label)) return ["reduceByKey each side before the join, or filter the key out"]
  return ["reduceByKey: one partial value a map task in place of every record", 'filter the key out, if it stands for nothing ("-", null)']
}

function shown({ stage, slowest, medianMs }: Charge): string {
  return `${stage.label}, partition ${slowest.partition}: ${seconds(slowest.ms)}, others ${seconds(medianMs)}`
}

function seconds(ms: number): string {
  return ms >= 100 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(0)} ms`
}

function percent(part: number): string {
  return `${Math.round(100 * part)} %`
}
