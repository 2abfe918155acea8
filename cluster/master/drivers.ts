/**
 * Bodies of `foreachRDD`: an interval's is run by a driver thread of one worker, and begun again elsewhere when that one is lost or its machine
 * fails it. Workers tell of their ends among those of tasks.
 */

import type { StreamId } from "../../engine/definition.js"
import { versionIn } from "../../engine/dstream.js"
import type { TaskFailure } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type { TaskDone } from "../protocol.js"
import type { DriverJob } from "../scheduler/job-generator.js"
import type { Parts, Times } from "./parts.js"

interface Driving {
  readonly job: DriverJob
  /** Null: nobody runs it yet, or any more. */
  worker: NodeId | null
  attempt: number
  startedMs: number
  /** A machine's counts once, a body's own twice. */
  failures: number
  readonly avoid: Set<NodeId>
}

export interface RunningBody {
  readonly interval: number
  readonly worker: NodeId
  readonly startedMs: number
}

/** A body that throws or hangs fails alike elsewhere, so it is tried twice; a machine's trouble need not be another's. */
const failuresAtMost = 4
const prefix = "drive:"

const taskOf = ({ job, attempt }: Driving): string => `${prefix}${job.id}.${attempt}`

export class Drivers {
  readonly #parts: Parts
  readonly #driving = new Map<string, Driving>()
  /** Where a stream's last body ran: its thread is warm. */
  readonly #drove = new Map<StreamId, NodeId>()
  readonly #over: (job: DriverJob, failure: TaskFailure | null, times: Times) => void

  /** `over`: a body has ended, or is given up. */
  constructor(parts: Parts, over: (job: DriverJob, failure: TaskFailure | null, times: Times) => void) {
    this.#parts = parts
    this.#over = over
  }

  add(jobs: readonly DriverJob[]): void {
    for (const job of jobs) this.#driving.set(job.id, { job, worker: null, attempt: 0, startedMs: 0, failures: 0, avoid: new Set() })
  }

  /** Sends those that nobody runs. */
  dispatch({ monotonicMs }: Times): void {
    for (const driving of this.#driving.values()) {
      if (driving.worker !== null) continue
      const worker = this.#workerFor(driving)
      if (worker === null) return
      this.#drove.set(driving.job.definition.id, worker)
      driving.worker = worker
      driving.attempt += 1
      driving.startedMs = monotonicMs
      this.#send(driving, worker)
    }
  }

  /** Where the stream's last one ran, or who has least to do. Null: there is no worker. */
  #workerFor({ job, avoid }: Driving): NodeId | null {
    const workers = this.#parts.registry.staying
    const free = workers.filter(({ node }) => !avoid.has(node))
    const from = free.length > 0 ? free : workers
    const last = this.#drove.get(job.definition.id)
    if (last !== undefined && from.some(({ node }) => node === last)) return last
    const least = from.reduce<(typeof from)[number] | null>((best, one) => (best === null || one.load < best.load ? one : best), null)
    return least?.node ?? null
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

  /** Takes the ends of bodies out of those of tasks. Gives the rest. */
  takeDone(worker: NodeId, done: readonly TaskDone[], times: Times): TaskDone[] {
    return done.filter(one => {
      if (!one.task.startsWith(prefix)) return true
      const driving = this.#driving.get(one.task.slice(prefix.length, one.task.lastIndexOf(".")))
      if (driving?.worker === worker && one.task === taskOf(driving)) this.#ended(driving, worker, one.failure ?? null, times)
      return false
    })
  }

  #ended(driving: Driving, worker: NodeId, failure: TaskFailure | null, times: Times): void {
    driving.worker = null
    if (failure === null) this.#driving.delete(driving.job.id)
    else if (!isGivenUp(driving, failure)) {
      driving.avoid.add(worker)
      return
    }
    this.#over(driving.job, failure, times)
  }

  runsAt(node: NodeId): boolean {
    for (const { worker } of this.#driving.values()) if (worker === node) return true
    return false
  }

  /** The stream's body that runs. */
  running(stream: StreamId): RunningBody | null {
    for (const { job, worker, startedMs } of this.#driving.values())
      if (job.definition.id === stream && worker !== null) return { interval: job.interval.from, worker, startedMs }
    return null
  }

  workerLost(node: NodeId): void {
    for (const driving of this.#driving.values()) if (driving.worker === node) driving.worker = null
  }

  /** A worker that was away is back: what it was told to drive may not have reached it. One that runs is not begun again. */
  workerBack(node: NodeId): void {
    for (const driving of this.#driving.values()) if (driving.worker === node) this.#send(driving, node)
  }

  /** The stream's bodies are ended, wherever they run. */
  cancel(stream: StreamId): void {
    for (const [id, driving] of this.#driving) {
      if (driving.job.definition.id !== stream) continue
      this.#driving.delete(id)
      if (driving.worker !== null) this.#parts.outbox.cancel(driving.worker, taskOf(driving))
    }
  }

  /** The stream is stopped. */
  forget(stream: StreamId): void {
    this.cancel(stream)
    this.#drove.delete(stream)
  }
}

/** Counts the failure. */
function isGivenUp(driving: Driving, { kind }: TaskFailure): boolean {
  if (kind === "killed") return false
  driving.failures += kind === "user" || kind === "timeout" ? 2 : 1
  return driving.failures >= failuresAtMost
}
