/** Running streams: their jobs' ends become progress (journaled, then seen), failures hold them. */

import type { StreamId } from "../../engine/definition.js"
import type { TaskFailure } from "../../engine/task.js"
import type { DriverJob } from "../scheduler/job-generator.js"
import { nameOf } from "./catalog.js"
import { Drivers } from "./drivers.js"
import type { JobFacts } from "./job-facts.js"
import { JobHistory } from "./job-history.js"
import { type Made, madeBy } from "./made-outputs.js"
import { append, type Parts, say, type Times } from "./parts.js"
import type { StreamRecord } from "./stream-record.js"

export class Streams {
  readonly #parts: Parts
  readonly drivers: Drivers
  readonly history: JobHistory
  /** How far streams have come, and what was made of them, since the last flush. */
  readonly #moved = new Map<StreamId, number>()
  #made: Made[] = []
  readonly #onHeld: (stream: StreamRecord, interval: number, failure: TaskFailure) => void
  /** The ledger's turns, as the jobs know them. */
  #turns = -1

  constructor(parts: Parts, facts: JobFacts, onHeld: (stream: StreamRecord, interval: number, failure: TaskFailure) => void) {
    this.#parts = parts
    this.drivers = new Drivers(parts, (job, failure, times) => this.#driven(job, failure, times))
    this.history = new JobHistory(parts, facts)
    this.#onHeld = onHeld
  }

  /** Starts what can be started. */
  advance(times: Times): void {
    const { jobs, registry, ledger, progress } = this.#parts
    for (const stream of progress.takeMoved()) jobs.moved(stream)
    if (this.#turns !== ledger.turns) jobs.lookAtAll()
    this.#turns = ledger.turns
    // What is to be computed from depends on what workers hold: without any, all of it would seem to be lost.
    if (registry.size === 0) return
    const { moved, failed } = jobs.advance(times.monotonicMs)
    for (const stream of moved) this.#move(stream)
    for (const { stream, interval, failure } of failed) this.hold(stream, interval, failure)
    this.drivers.add(jobs.takeDrivers())
    this.drivers.dispatch(times)
  }

  /** A job of the scheduler ended. False: it was none of ours. */
  ended(id: string, failure: TaskFailure | null, behind: boolean, times: Times): boolean {
    const { jobs, scheduler } = this.#parts
    const job = jobs.get(id)
    if (job === undefined) return false
    // It failed for what another stream makes; or as one of several intervals, of which the one that fails says so by itself.
    if (failure !== null && (behind || jobs.takeApart(job))) {
      this.pause(job.stream)
      return true
    }
    this.history.ended(job, failure, times)
    if (failure !== null) {
      this.hold(job.stream, job.interval.from, failure)
      return true
    }
    this.#made.push(...madeBy(this.#parts, job))
    scheduler.release(id)
    const moved = jobs.done(id, times.monotonicMs)
    if (moved !== null) this.#move(moved)
    return true
  }

  /** Holds a stream at an interval: what depends on it waits, all else goes on. */
  hold(stream: StreamId, interval: number, failure: TaskFailure): void {
    const { jobs, ledger } = this.#parts
    const record = ledger.streams.get(stream)
    jobs.halt(stream)
    this.drivers.cancel(stream)
    if (record === undefined || record.held !== null) return
    append(this.#parts, { kind: "held", stream, interval, failure }, () => this.#onHeld(record, interval, failure))
    say(this.#parts, "warn", `${nameOf(record)} is held at ${new Date(interval).toISOString()}: ${failure.message}`)
  }

  /** Lets the stream's jobs go: it begins again after what it has finished, as far as its parents are by then. */
  pause(stream: StreamId): void {
    this.flush()
    this.#parts.jobs.halt(stream)
    this.drivers.cancel(stream)
  }

  stop(stream: StreamId): void {
    this.#parts.jobs.halt(stream)
    this.#moved.delete(stream)
    this.drivers.forget(stream)
  }

  /** Journals how far streams have come in this step. */
  flush(): void {
    if (this.#moved.size === 0) return
    const { progress } = this.#parts
    const through = [...this.#moved].map(([stream, time]) => ({ stream, through: time }))
    const made = this.#made
    this.#moved.clear()
    this.#made = []
    append(this.#parts, { kind: "progress", through, ...(made.length === 0 ? {} : { made }) }, () => {
      for (const { stream, through: time } of through) progress.finishedTo(stream, time)
    })
  }

  /** A body has ended, or is given up. */
  #driven({ id, definition, interval }: DriverJob, failure: TaskFailure | null, times: Times): void {
    const { jobs } = this.#parts
    const job = jobs.get(id)
    if (job !== undefined) this.history.ended(job, failure, times)
    if (failure !== null) return this.hold(definition.id, interval.from, failure)
    const moved = jobs.done(id, times.monotonicMs)
    if (moved !== null) this.#move(moved)
  }

  #move(stream: StreamId): void {
    const through = this.#parts.jobs.through(stream)
    if (through !== null) this.#moved.set(stream, through)
  }
}
