/**
 * Why a stream is held, late or slow: causes in order of their share, each with the figures that show it. Words are the client's.
 *
 * The problem: an interval is late for many reasons at once, and each alone explains it. The solution: of every interval's time
 * what would not have been spent is charged to the first cause that explains it — the rest of a stage after its ordinary tasks to
 * the key that made its last task long, else to the worker that is slow at everything — and shares are parts of the sum.
 * Pure: facts in, findings out.
 */

import { median } from "../median.js"
import type { NodeId } from "../ports.js"
import type { CatalogEntry, LongTask, RunningTask, WhyCause, WhyReport } from "../protocol.js"
import type { IntervalFacts } from "./job-facts.js"
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
  /** The longest of its tasks that run. */
  readonly running: RunningTask | null
  readonly timeMs: number
  /** Why the journal cannot be written; null: it can. */
  readonly journal: string | null
  /** Workers that can put nothing more on their disks. */
  readonly disks: readonly { readonly worker: string; readonly error: string }[]
  /** Of an input: the held stream that archives it. */
  readonly archive: string | null
}

/** Of an ordinary interval's time: less is not worth a line. */
const leastShareOfInterval = 0.05
const leastMs = 4
const fullLoad = 0.8
const behindIntervals = 2
const behindMs = 2_000
/** A partition is not uneven because it was slow once. */
const unevenIntervals = 4
const unevenPart = 0.25
/** A task that has run for so long, and for so many times what such take, is told of; of the first of a kind a while later: its code is cold. */
const longMs = 1_000
const longTimes = 4
const longFirstMs = 3_000
/** How fast a stream catches up is taken from the jobs that ended in this time. */
const paceOverMs = 15_000
const paceLeastMs = 500

export function whyOf(facts: WhyFacts): WhyReport {
  const { entry } = facts
  const { state, lagMs } = entry
  const found = [
    ...broken(facts),
    ...machines(facts),
    ...lateInputs(facts),
    ...longTasks(facts),
    ...catchingUp(facts),
    ...slowCauses(facts),
  ]
  const all = found.reduce((sum, { weight }) => sum + weight, 0)
  const findings = found
    .sort((a, b) => b.weight - a.weight)
    .map(({ weight, cause, since }) => ({ cause, since, share: all > 0 ? weight / all : 0 }))
  return { state, lagMs, findings }
}

interface Weighed {
  readonly weight: number
  readonly cause: WhyCause
  readonly since: number
}

/** What stops it altogether outweighs whatever made it slow before. */
const stopped = 1e9

function broken({ entry }: WhyFacts): Weighed[] {
  const { held, heldBy, waitsFor, definition } = entry
  if (held !== undefined) {
    const { failure, interval, lookedAhead } = held
    const cause = { kind: "held", stream: definition.name, failure, ...(lookedAhead && { lookedAhead }) } as const
    return [{ weight: stopped, cause, since: interval }]
  }
  if (heldBy !== undefined) return [{ weight: stopped, cause: { kind: "heldBy", stream: heldBy }, since: 0 }]
  return waitsFor === undefined ? [] : [{ weight: stopped, cause: { kind: "waitsFor", ...waitsFor }, since: 0 }]
}

/** What stops nothing yet, or all, whatever the stream: a disk that is full makes senders wait only when memory is, too. */
function machines({ journal, disks, archive }: WhyFacts): Weighed[] {
  const found: Weighed[] = []
  if (journal !== null) found.push({ weight: stopped, cause: { kind: "journal", error: journal }, since: 0 })
  if (archive !== null) found.push({ weight: leastMs, cause: { kind: "archiveHeld", stream: archive }, since: 0 })
  for (const disk of disks) found.push({ weight: leastMs, cause: { kind: "fullDisk", ...disk }, since: 0 })
  return found
}

/** Its input itself is late: what is computed cannot be sooner. */
function lateInputs({ entry, inputs }: WhyFacts): Weighed[] {
  return inputs
    .filter(input => input.definition.id !== entry.definition.id || entry.definition.kind === "input")
    .filter(({ lagMs, definition }) => lagMs > Math.max(behindMs, behindIntervals * definition.intervalMs))
    .map(({ lagMs, definition, throughMs }) => ({
      weight: lagMs,
      cause: { kind: "lateInput", input: definition.name, lagMs },
      since: throughMs,
    }))
}

/** What runs now is in no interval's figures until it ends: its time so far is charged to it, less what such tasks take. */
function longTasks({ running, entry }: WhyFacts): Weighed[] {
  return running !== null && entry.held === undefined && isLong(running)
    ? [{ weight: running.ms - (running.othersMs ?? 0), cause: { kind: "longTask", task: running }, since: 0 }]
    : []
}

function isLong({ ms, othersMs }: RunningTask): boolean {
  return ms >= (othersMs === null ? longFirstMs : Math.max(longMs, longTimes * othersMs))
}

/** It began behind, or was held: then that is why it is late, as long as it gets nearer. Else something else is, and this only says how far. */
function catchingUp({ entry, intervals, inputs, timeMs, running }: WhyFacts): Weighed[] {
  const { state, lagMs, definition } = entry
  if (state !== "catching up" || definition.node.kind === "input" || (running !== null && isLong(running))) return []
  const pace = paceOf(intervals, timeMs)
  // Time passes for what is received; a file that is read whole has no more to come.
  const reading = inputs.some(({ read }) => read !== undefined && read.doneBytes < read.bytes)
  const coming = inputs.some(({ definition: { node } }) => node.kind === "input" && isLive(node.source.kind)) ? 1 : 0
  const nearing = pace !== null && pace > coming
  const perSecond = (of: number) => (of * 1_000) / definition.intervalMs
  const cause = {
    kind: "catchingUp",
    stream: definition.name,
    intervals: Math.ceil(lagMs / definition.intervalMs),
    perSecond: pace === null ? null : perSecond(pace),
    comingPerSecond: perSecond(coming),
    leftMs: nearing && !reading ? lagMs / (pace - coming) : null,
  } as const
  return [{ weight: nearing ? lagMs : leastMs, cause, since: 0 }]
}

const isLive = (source: string): boolean => source !== "file" && source !== "archive"

/** The stream's time that was computed in each ms of the clock, of late; null: too little has ended to say. */
function paceOf(intervals: readonly IntervalFacts[], timeMs: number): number | null {
  const newest = intervals.filter(({ endedMs }) => endedMs >= timeMs - paceOverMs)
  const [first] = newest
  if (first === undefined || newest.length < 2 || timeMs - first.endedMs < paceLeastMs) return null
  return (Math.max(...newest.map(({ to }) => to)) - first.to) / (timeMs - first.endedMs)
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

  get task(): LongTask {
    const { stage, slowest, medianMs } = this
    return { stage: stage.label, partition: slowest.partition, ms: slowest.ms, othersMs: medianMs }
  }

  /** By the ordinary one of its intervals: a pause or the first call of a function is no cause. */
  get ms(): number {
    return median(this.#excessMs) * this.intervals
  }
}

function slowCauses({ intervals, executors, load, slow, entry }: WhyFacts): Weighed[] {
  const { keys, workers, uneven, workMs, spentMs } = charged(intervals, slow)
  const n = Math.max(1, intervals.length)
  const worthMs = Math.max(leastMs, (leastShareOfInterval * spentMs) / n) * n
  const found: Weighed[] = []
  for (const [key, charge] of keys) {
    if (charge.ms < worthMs) continue
    const [rows, ofRows] = [charge.rows / charge.intervals, charge.ofRows / charge.intervals]
    found.push({ weight: charge.ms, cause: { kind: "heavyKey", key, rows, ofRows, task: charge.task }, since: charge.since })
  }
  // It makes what it does late even where another cause makes a stage's last task.
  for (const [node, { name, since, times, ownMs, othersMs, copied, getsLess }] of slow) {
    const cause = { kind: "slowWorker", worker: name, times, ownMs, othersMs, copied, getsLess } as const
    found.push({ weight: Math.max(workers.get(node)?.ms ?? 0, worthMs / 4), cause, since })
  }
  for (const charge of uneven.values()) {
    const often = charge.intervals >= Math.max(unevenIntervals, n * unevenPart)
    const { task } = charge
    if (!often || charge.ms < worthMs || task.ms < 2 * task.othersMs) continue
    found.push({ weight: charge.ms, cause: { kind: "unevenPartition", task }, since: charge.since })
  }
  if (executors > 0 && load / executors >= fullLoad && intervals.length > 0) {
    const { intervalMs } = entry.definition
    const cause = { kind: "capacity", busy: load, cores: executors, workMs: workMs / n, intervalMs } as const
    found.push({ weight: Math.max(workMs / executors, worthMs), cause, since: intervals[0]?.from ?? 0 })
  }
  return found
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
      const tasks = [...stage.tasks]
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

function heaviest(stage: StageFacts, partition: number): { readonly key: string; readonly rows: number; readonly ofRows: number } | null {
  let found: { key: string; rows: number; ofRows: number } | null = null
  for (const { heavy, rows: ofRows } of stage.reads)
    for (const { key, rows, partition: to } of heavy.values())
      if (to === partition && rows > (found?.rows ?? 0)) found = { key, rows, ofRows }
  return found
}
