/** What became of streams' jobs, and how those that run get on: for people who ask. Nothing here decides what is computed. */

import type { StreamId } from "../../engine/definition.js"
import type { TaskFailure } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type { JobStatus } from "../protocol.js"
import type { IntervalJob } from "../scheduler/job-generator.js"
import { attemptsOf, type Stage } from "../scheduler/stage.js"
import { nameOf } from "./catalog.js"
import type { JobFacts } from "./job-facts.js"
import type { Parts, Times } from "./parts.js"
import { stagesDone } from "./stage-facts.js"

const jobsRemembered = 512

export class JobHistory {
  readonly #parts: Parts
  readonly #facts: JobFacts
  /** Oldest first. */
  readonly #ended: { readonly id: StreamId; readonly status: JobStatus }[] = []
  newest: { readonly throughMs: number; readonly tookMs: number } | null = null

  constructor(parts: Parts, facts: JobFacts) {
    this.#parts = parts
    this.#facts = facts
  }

  /** The job is done or has failed. The scheduler still has it. */
  ended(job: IntervalJob, failure: TaskFailure | null, times: Times): void {
    if (failure === null) this.#facts.ended(job, times)
    // The scheduler has let go what only this job read.
    const made = failure === null ? this.#facts.of(job.stream).at(-1) : undefined
    const stages =
      made?.from === job.interval.from ? stagesDone(made.stages, job.startedMs, worker => this.#nameOf(worker)) : this.#stages(job, times)
    const status = this.#status(job, failure === null ? "done" : "failed", stages, times)
    this.#ended.push({ id: job.stream, status })
    if (this.#ended.length > jobsRemembered) this.#ended.splice(0, jobsRemembered / 2)
    if (failure === null) this.newest = { throughMs: job.interval.to, tookMs: status.ms }
  }

  /** Newest first. */
  statuses(stream: StreamId | null, sinceMs: number, times: Times): JobStatus[] {
    const { jobs, catalog, ledger } = this.#parts
    const wanted = (id: StreamId) => stream === null || id === stream
    const found = this.#ended.flatMap(({ id, status }): JobStatus[] => {
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

  /** How long the stream's newest jobs took that are done, in ms. */
  tookMs(stream: StreamId): number[] {
    return this.#ended.flatMap(({ id, status }) => (id === stream && status.state === "done" ? [status.ms] : []))
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
