/**
 * Running streams: their jobs' ends become progress (journaled, then seen), failures hold them, `foreachRDD` bodies go to
 * driver threads.
 */

import type { StreamId } from "../../engine/definition.js"
import { versionIn } from "../../engine/dstream.js"
import type { TaskFailure } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type { JobStatus, TaskDone } from "../protocol.js"
import type { DriverJob, IntervalJob } from "../scheduler/job-generator.js"
import { attemptsOf, type Stage } from "../scheduler/stage.js"
import { nameOf } from "./catalog.js"
import type { JobFacts } from "./job-facts.js"
import { type Made, madeBy } from "./made-outputs.js"
import { append, type Parts, say, type Times } from "./parts.js"
import { stagesDone } from "./stage-facts.js"
import type { StreamRecord } from "./stream-record.js"

interface Driving {
  readonly job: DriverJob
  worker: NodeId | null
  attempt: number
  startedMs: number
  failures: number
  readonly avoid: Set<NodeId>
}

export interface RunningBody {
  readonly interval: number
  readonly worker: NodeId
  readonly startedMs: number
}

const jobsRemembered = 512

export class Streams {
  readonly #parts: Parts
  readonly #facts: JobFacts
  readonly #driving = new Map<string, Driving>()
  /** Where a stream's last body ran: its thread is warm. */
  readonly #drove = new Map<StreamId, NodeId>()
  readonly #moved = new Map<StreamId, number>()
  #made: Made[] = []
  readonly #history: { readonly id: StreamId; readonly status: JobStatus }[] = []
  readonly #onHeld: (stream: StreamRecord, interval: number, failure: TaskFailure) => void
  /** The ledger's turns, as the jobs know them. */
  #turns = -1
  newest: { readonly throughMs: number; readonly tookMs: number } | null = null

  constructor(parts: Parts, facts: JobFacts, onHeld: (stream: StreamRecord, interval: number, failure: TaskFailure) => void) {
    this.#parts = parts
    this.#facts = facts
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
    for (const job of jobs.takeDrivers()) {
      this.#driving.set(job.id, { job, worker: null, attempt: 0, startedMs: 0, failures: 0, avoid: new Set() })
    }
    if (this.#driving.size > 0) this.#drive(times)
  }

  /** A job of the scheduler ended. False: it was none of ours. */
  ended(id: string, failure: TaskFailure | null, behind: boolean, times: Times): boolean {
    const { jobs, scheduler } = this.#parts
    const job = jobs.get(id)
    if (job === undefined) return false
    if (failure !== null && behind) {
      this.pause(job.stream)
      return true
    }
    if (failure !== null && jobs.takeApart(job)) {
      // One of its intervals fails: by itself it says which.
      this.pause(job.stream)
      return true
    }
    this.#remember(job, failure, times)
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
    this.#undrive(stream)
    if (record === undefined || record.held !== null) return
    append(this.#parts, { kind: "held", stream, interval, failure }, () => this.#onHeld(record, interval, failure))
    say(this.#parts, "warn", `${nameOf(record)} is held at ${new Date(interval).toISOString()}: ${failure.message}`)
  }

  /** Lets the stream's jobs go: it begins again after what it has finished, as far as its parents are by then. */
  pause(stream: StreamId): void {
    this.flush()
    this.#parts.jobs.halt(stream)
    this.#undrive(stream)
  }

  stop(stream: StreamId): void {
    this.#parts.jobs.halt(stream)
    this.#moved.delete(stream)
    this.#drove.delete(stream)
    this.#undrive(stream)
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

  // ── foreachRDD ──

  /** Answers of driver threads among those of tasks. Gives the rest. */
  driven(worker: NodeId, done: readonly TaskDone[], times: Times): TaskDone[] {
    return done.filter(one => {
      if (!one.task.startsWith("drive:")) return true
      const id = one.task.slice("drive:".length, one.task.lastIndexOf("."))
      const driving = this.#driving.get(id)
      if (driving === undefined || driving.worker !== worker || one.task !== taskOf(driving)) return false
      driving.worker = null
      if (one.failure === undefined) this.#drivenTo(driving, times)
      else if (this.#givenUp(driving, one.failure)) {
        const job = this.#parts.jobs.get(id)
        if (job !== undefined) this.#remember(job, one.failure, times)
        this.hold(driving.job.definition.id, driving.job.interval.from, one.failure)
      } else driving.avoid.add(worker)
      return false
    })
  }

  /** A body runs there. */
  drivesAt(node: NodeId): boolean {
    for (const { worker } of this.#driving.values()) if (worker === node) return true
    return false
  }

  /** The stream's body that runs, and how long those of its newest intervals took. */
  bodyOf(stream: StreamId): { readonly body: RunningBody; readonly tookMs: readonly number[] } | null {
    for (const { job, worker, startedMs } of this.#driving.values()) {
      if (job.definition.id !== stream || worker === null) continue
      const tookMs = this.#history.flatMap(({ id, status }) => (id === stream && status.state === "done" ? [status.ms] : []))
      return { body: { interval: job.interval.from, worker, startedMs }, tookMs }
    }
    return null
  }

  workerLost(node: NodeId): void {
    for (const driving of this.#driving.values()) if (driving.worker === node) driving.worker = null
  }

  /** A worker that was away is back: what it was told to drive may not have reached it. One that runs is not begun again. */
  workerBack(node: NodeId): void {
    for (const driving of this.#driving.values()) if (driving.worker === node) this.#send(driving, node)
  }

  /** As tasks: a body that throws or hangs fails alike elsewhere, a machine's trouble need not. */
  #givenUp(driving: Driving, { kind }: TaskFailure): boolean {
    if (kind === "killed") return false
    driving.failures += kind === "user" || kind === "timeout" ? 2 : 1
    return driving.failures >= 4
  }

  /** The stream's bodies are ended, wherever they run. */
  #undrive(stream: StreamId): void {
    for (const [id, driving] of this.#driving) {
      if (driving.job.definition.id !== stream) continue
      this.#driving.delete(id)
      if (driving.worker !== null) this.#parts.outbox.cancel(driving.worker, taskOf(driving))
    }
  }

  #drivenTo({ job }: Driving, times: Times): void {
    this.#driving.delete(job.id)
    const ended = this.#parts.jobs.get(job.id)
    if (ended !== undefined) this.#remember(ended, null, times)
    const moved = this.#parts.jobs.done(job.id, times.monotonicMs)
    if (moved !== null) this.#move(moved)
  }

  #drive({ monotonicMs }: Times): void {
    for (const driving of this.#driving.values()) {
      if (driving.worker !== null) continue
      const workers = this.#parts.registry.staying
      const free = workers.filter(({ node }) => !driving.avoid.has(node))
      const from = free.length > 0 ? free : workers
      const { id: stream } = driving.job.definition
      const least = from.reduce<(typeof from)[number] | null>((best, one) => (best === null || one.load < best.load ? one : best), null)
      const worker = from.find(({ node }) => node === this.#drove.get(stream)) ?? least
      if (worker === null) return
      this.#drove.set(stream, worker.node)
      driving.worker = worker.node
      driving.attempt += 1
      driving.startedMs = monotonicMs
      this.#send(driving, worker.node)
    }
  }

  #send(driving: Driving, worker: NodeId): void {
    const { definition: newest, interval } = driving.job
    const { node, id: stream } = versionIn(this.#parts.graph, newest.id, interval.from).definition
    if (node.kind !== "foreachRDD" || node.f.kind !== "function") return
    const { outbox, config } = this.#parts
    outbox.send(worker, {
      kind: "drive",
      task: taskOf(driving),
      asset: node.f.hash,
      stream,
      interval,
      parent: node.parent,
      timeoutMs: config.driverTimeoutMs,
    })
  }

  // ── progress ──

  #move(stream: StreamId): void {
    const through = this.#parts.jobs.through(stream)
    if (through !== null) this.#moved.set(stream, through)
  }

  // ── for people ──

  #remember(job: IntervalJob, failure: TaskFailure | null, times: Times): void {
    if (failure === null) this.#facts.ended(job, times)
    // The scheduler has let go what only this job read.
    const made = failure === null ? this.#facts.of(job.stream).at(-1) : undefined
    const stages =
      made?.from === job.interval.from ? stagesDone(made.stages, job.startedMs, worker => this.#nameOf(worker)) : this.#stages(job, times)
    const status = this.#status(job, failure === null ? "done" : "failed", stages, times)
    this.#history.push({ id: job.stream, status })
    if (this.#history.length > jobsRemembered) this.#history.splice(0, jobsRemembered / 2)
    if (failure === null) this.newest = { throughMs: job.interval.to, tookMs: status.ms }
  }

  /** Newest first. */
  statuses(stream: StreamId | null, sinceMs: number, times: Times): JobStatus[] {
    const { jobs, catalog, ledger } = this.#parts
    const wanted = (id: StreamId) => stream === null || id === stream
    const found = this.#history.flatMap(({ id, status }): JobStatus[] => {
      if (!wanted(id) || status.interval.to < sinceMs) return []
      // By the name that it has now.
      const record = ledger.streams.get(id)
      return [record === undefined ? status : { ...status, stream: nameOf(record) }]
    })
    for (const { definition } of catalog.live())
      if (wanted(definition.id))
        for (const job of jobs.pending(definition.id)) found.push(this.#status(job, "running", this.#stages(job, times), times))
    return found.reverse()
  }

  #slowest(stage: Stage, times: Times): JobStatus["stages"][number]["slowest"] {
    let slowest = stage.slowest
    if (stage.open === 0) return slowest && { ...slowest, worker: this.#nameOf(slowest.worker) }
    stage.tasks.forEach(task => {
      for (const { worker, startedMs } of attemptsOf(task)) {
        const ms = times.monotonicMs - startedMs
        if (slowest === null || ms > slowest.ms) slowest = { worker, ms, partition: task.partition }
      }
    })
    return slowest && { ...slowest, worker: this.#nameOf(slowest.worker) }
  }

  #nameOf(worker: NodeId): string {
    return this.#parts.registry.get(worker)?.name ?? worker
  }

  #stages(job: IntervalJob, times: Times): JobStatus["stages"] {
    const found = this.#parts.scheduler.stagesOf(job.id)
    const places = new Map(found.map((stage, i) => [stage.spec.output, i]))
    return found.map(stage => ({
      name: stage.spec.label,
      tasks: stage.tasks.size,
      done: stage.tasks.size - stage.open,
      ms: stage.startedMs === null ? 0 : (stage.endedMs ?? times.monotonicMs) - stage.startedMs,
      startMs: (stage.startedMs ?? times.monotonicMs) - job.startedMs,
      reads: [...(stage.dependencies?.keys() ?? [])].flatMap(output => places.get(output) ?? []),
      slowest: this.#slowest(stage, times),
    }))
  }

  #status(job: IntervalJob, state: JobStatus["state"], stages: JobStatus["stages"], times: Times): JobStatus {
    const record = this.#parts.ledger.streams.get(job.stream)
    const ms = (job.endedMs ?? times.monotonicMs) - job.startedMs
    return {
      stream: record === undefined ? job.stream : nameOf(record),
      interval: job.interval,
      state: state === "running" && stages.every(({ done }) => done === 0) ? "waiting" : state,
      delayMs: Math.max(0, times.timeMs - ms - job.interval.to),
      ms,
      stages,
    }
  }
}

const taskOf = ({ job, attempt }: Driving): string => `drive:${job.id}.${attempt}`
