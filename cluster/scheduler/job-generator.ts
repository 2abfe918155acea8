/**
 * Which interval of which running stream is to be computed next (the paper's §4.1), and how far each has come.
 *
 * The problem: streams depend on each other, lag, catch up from far behind, are held; most intervals of most streams change
 * nothing; yet results must appear in order. The solution: each stream has one number, `issued`: every interval before it
 * has its job, or needs none. A stream may be issued as far as its parents are (their results need not be there: tasks
 * wait for what they read), so jobs of many intervals are under way at once. `through` follows as the oldest ones finish.
 *
 * In batch mode nobody waits for a single interval, and a job costs what a megabyte of records does: while a stream has a job under way,
 * intervals gather until they are as many as one stretch takes.
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { Stretch, stretchBytes } from "../../engine/stretch.js"
import type { StageSpec, TaskFailure } from "../../engine/task.js"
import type { Scheduler } from "./scheduler.js"

/** The model and the master's knowledge, as far as jobs need them. */
export interface JobSource {
  /** Running streams that are not stopped, parents before children. */
  running(): readonly RunningStream[]
  /** Running streams that are made of it, near or far. */
  readers(stream: StreamId): readonly StreamId[]
  /** How far the stream's parents let it be issued: a time on its own grid. */
  horizon(stream: StreamId, issued: (stream: StreamId) => number | null): number
  nextChange(stream: StreamId, after: number, through: number): number | null
  target(stream: StreamId, interval: number): StageSpec | null
  /** Whether nothing is to be done for the interval, though it may have records. */
  leftOut(stream: StreamId, interval: number): boolean
}

export interface RunningStream {
  readonly definition: StreamDefinition
  readonly since: number
  readonly through: number
  readonly held: unknown
}

/** A job of a `foreachRDD`, which no stage computes: it is given to a driver thread. */
export interface DriverJob {
  readonly id: string
  readonly definition: StreamDefinition
  readonly interval: { readonly from: number; readonly to: number }
}

export interface IntervalJob {
  readonly id: string
  readonly stream: StreamId
  readonly interval: { readonly from: number; readonly to: number }
  readonly target: StageSpec | null
  readonly startedMs: number
  endedMs: number | null
}

interface Lane {
  issued: number
  /** Oldest first; a finished one stays until all before it are. */
  readonly jobs: IntervalJob[]
  through: number
}

export class JobGenerator {
  readonly #source: JobSource
  readonly #scheduler: Scheduler
  readonly #ahead: number
  readonly #batchBytes: number
  readonly #lanes = new Map<StreamId, Lane>()
  readonly #jobs = new Map<string, IntervalJob>()
  /** Where a stretch failed: up to there each interval has a job of its own, one after the other, so that the first that fails is found. */
  readonly #apart = new Map<StreamId, number>()
  /** Streams for which there may be something to start: those that ended a job, and those whose parents have come further. Null: all. */
  #open: Set<StreamId> | null = null
  #order = 0
  #drivers: DriverJob[] = []

  /** `ahead`: jobs under way a stream. `batchBytes`: of input, of a stretch in batch mode. */
  constructor(source: JobSource, scheduler: Scheduler, ahead: number, batchBytes = stretchBytes) {
    this.#source = source
    this.#scheduler = scheduler
    this.#ahead = ahead
    this.#batchBytes = batchBytes
  }

  /** The stream has come further: what is made of it may, too. */
  moved(stream: StreamId): void {
    if (this.#open === null) return
    this.#open.add(stream)
    for (const reader of this.#source.readers(stream)) this.#open.add(reader)
  }

  /** Something else has changed: a definition, who is held. */
  lookAtAll(): void {
    this.#open = null
  }

  /** Starts the jobs that can be started. Gives the streams whose `through` moved though nothing was done (quiet intervals). */
  advance(nowMs: number): { readonly moved: StreamId[]; readonly failed: { stream: StreamId; interval: number; failure: TaskFailure }[] } {
    const moved: StreamId[] = []
    const failed: { stream: StreamId; interval: number; failure: TaskFailure }[] = []
    const open = this.#open
    if (open?.size === 0) return { moved, failed }
    // What is issued now opens those that come after it in this same walk.
    for (const { definition, through, held } of this.#source.running()) {
      const stream = definition.id
      if (held !== null || (open !== null && !open.has(stream))) continue
      let lane = this.#lanes.get(stream)
      if (lane === undefined) {
        lane = { issued: through, jobs: [], through }
        this.#lanes.set(stream, lane)
      }
      // Files and drivers go out in order, one interval after the other.
      const ahead =
        definition.kind === "output" ||
        definition.node.kind === "save" ||
        definition.node.kind === "foreachRDD" ||
        lane.issued < this.#apartUntil(stream)
          ? 1
          : this.#ahead
      const { issued } = lane
      const horizon = this.#source.horizon(stream, parent => this.#lanes.get(parent)?.issued ?? null)
      while (lane.jobs.length < ahead && lane.issued < horizon) {
        const before = lane.issued
        try {
          if (!this.#issue(definition, lane, horizon, nowMs)) break
        } catch (error) {
          failed.push({
            stream,
            interval: before,
            failure: { kind: "machine", message: error instanceof Error ? error.message : String(error) },
          })
          break
        }
      }
      if (settle(lane)) moved.push(stream)
      if (lane.issued > issued) this.moved(stream)
    }
    this.#open = new Set()
    return { moved, failed }
  }

  #issue(definition: StreamDefinition, lane: Lane, horizon: number, nowMs: number): boolean {
    const { id: stream, intervalMs } = definition
    const next = this.#source.nextChange(stream, lane.issued - intervalMs, horizon)
    if (next === null) {
      lane.issued = horizon
      return false
    }
    const isDriver = definition.node.kind === "foreachRDD" && !this.#source.leftOut(stream, next)
    const target = definition.node.kind === "foreachRDD" ? null : this.#source.target(stream, next)
    const mostBytes = definition.untilRead === true ? this.#batchBytes : stretchBytes
    const stretch = target === null || next < this.#apartUntil(stream) ? null : Stretch.from(target, mostBytes)
    const { end, full } = stretch === null ? { end: next + intervalMs, full: true } : this.#lengthen(stretch, definition, next, horizon)
    // It is looked at again when the job that is under way is done, and when there is more.
    if (definition.untilRead === true && !full && lane.jobs.length > 0) return false
    lane.issued = end
    if (target === null && !isDriver) return true
    const spec = stretch?.stage() ?? target
    const interval = { from: next, to: lane.issued }
    const job: IntervalJob = { id: `${stream}@${next}`, stream, interval, target: spec, startedMs: nowMs, endedMs: null }
    lane.jobs.push(job)
    this.#jobs.set(job.id, job)
    if (spec === null) this.#drivers.push({ id: job.id, definition, interval })
    else this.#scheduler.start({ id: job.id, spec, pool: "stream", order: ++this.#order })
    return true
  }

  #apartUntil(stream: StreamId): number {
    return this.#apart.get(stream) ?? Number.NEGATIVE_INFINITY
  }

  /** Adds the intervals that follow, while they fit. Gives the end of what is issued by it; `full`: the next one does not fit. */
  #lengthen(
    stretch: Stretch,
    { id: stream, intervalMs }: StreamDefinition,
    first: number,
    horizon: number,
  ): { readonly end: number; readonly full: boolean } {
    let end = first + intervalMs
    try {
      for (let last = first; ; ) {
        const next = this.#source.nextChange(stream, last, horizon)
        if (next === null) return { end, full: false }
        const target = this.#source.target(stream, next)
        if (target !== null && !stretch.add(target)) return { end, full: true }
        end = next + intervalMs
        last = next
      }
    } catch {
      // It says so again when it is that interval's turn.
      return { end, full: true }
    }
  }

  /** A job failed: was it one of several intervals? Then each gets its own the next time. */
  takeApart({ stream, interval, target }: IntervalJob): boolean {
    if (target?.root.kind !== "stretch") return false
    this.#apart.set(stream, interval.to)
    return true
  }

  /** `foreachRDD` bodies to run, since the last call. */
  takeDrivers(): DriverJob[] {
    const drivers = this.#drivers
    this.#drivers = []
    return drivers
  }

  get(id: string): IntervalJob | undefined {
    return this.#jobs.get(id)
  }

  /** A job is done. Gives its stream if `through` moved by it. */
  done(id: string, nowMs: number): StreamId | null {
    const job = this.#jobs.get(id)
    if (job === undefined) return null
    job.endedMs = nowMs
    this.#jobs.delete(id)
    this.#open?.add(job.stream)
    const lane = this.#lanes.get(job.stream)
    return lane !== undefined && settle(lane) ? job.stream : null
  }

  /** The stream stops at this interval (held): its later jobs are let go. It can be started again from `through`. */
  halt(stream: StreamId): void {
    const lane = this.#lanes.get(stream)
    if (lane === undefined) return
    for (const job of lane.jobs) {
      if (this.#jobs.delete(job.id)) this.#scheduler.release(job.id)
    }
    this.#lanes.delete(stream)
    this.#open?.add(stream)
    this.#drivers = this.#drivers.filter(({ definition }) => definition.id !== stream)
  }

  issued(stream: StreamId): number | null {
    return this.#lanes.get(stream)?.issued ?? null
  }

  /** End of the newest interval that is done with all before it. */
  through(stream: StreamId): number | null {
    return this.#lanes.get(stream)?.through ?? null
  }

  /** Jobs under way, oldest first. */
  pending(stream: StreamId): readonly IntervalJob[] {
    return (this.#lanes.get(stream)?.jobs ?? []).filter(({ endedMs }) => endedMs === null)
  }

  /** All jobs under way. */
  get size(): number {
    return this.#jobs.size
  }
}

function settle(lane: Lane): boolean {
  while (lane.jobs[0] !== undefined && lane.jobs[0].endedMs !== null) lane.jobs.shift()
  const through = lane.jobs[0]?.interval.from ?? lane.issued
  if (through <= lane.through) return false
  lane.through = through
  return true
}
