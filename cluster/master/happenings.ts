/** What the scheduler says has happened, given to those whom it concerns: jobs' ends bring new jobs, which may end at once. */

import type { StreamId } from "../../engine/definition.js"
import { nodeName } from "../node-id.js"
import type { PastEvent } from "../protocol.js"
import type { Happening } from "../scheduler/board.js"
import { nameOf } from "./catalog.js"
import type { Checkpointer } from "./checkpointer.js"
import { eachOf } from "./each-of.js"
import type { JobFacts } from "./job-facts.js"
import type { LookAhead } from "./look-ahead.js"
import type { Parts, Times } from "./parts.js"
import type { Queries } from "./queries.js"
import type { Restoring } from "./restoring.js"
import type { Retention } from "./retention.js"
import type { Sources } from "./sources.js"
import type { Streams } from "./streams.js"
import type { Views } from "./views.js"

export interface HappeningParts {
  readonly checkpointer: Checkpointer
  readonly note: (event: PastEvent) => void
  readonly facts: JobFacts
  readonly lookAhead: LookAhead
  readonly restoring: Restoring
  readonly queries: Queries
  readonly retention: Retention
  readonly sources: Sources
  readonly streams: Streams
  readonly views: Views
}

export class Happenings {
  readonly #parts: Parts
  readonly #others: HappeningParts

  constructor(parts: Parts, others: HappeningParts) {
    this.#parts = parts
    this.#others = others
  }

  workOff(times: Times): void {
    const { scheduler } = this.#parts
    const { sources, retention, streams } = this.#others
    for (let happenings = scheduler.take(); happenings.length > 0; happenings = scheduler.take()) {
      eachOf(happenings, one => this.#tell(one, times))
      sources.advance(times, () => retention.memory.high)
      streams.advance(times)
      scheduler.dispatch(times.monotonicMs)
    }
  }

  #tell(one: Happening, times: Times): void {
    const { checkpointer, facts, lookAhead, queries, restoring, sources, streams, views } = this.#others
    if (one.kind === "retried") {
      const { spec, partition, worker, failure } = one
      this.#others.note({
        kind: "retried",
        stream: this.#nameOf(spec.stream),
        stage: spec.label,
        partition,
        worker: nodeName(worker),
        why: failure.message,
      })
    } else if (one.kind === "speculated") {
      const { spec, partition, worker, second } = one
      const about = { stream: this.#nameOf(spec.stream), stage: spec.label, partition }
      this.#others.note({ kind: "speculated", ...about, worker: nodeName(worker), second: nodeName(second) })
    } else if (one.kind === "made") {
      this.#parts.laneReaders.made(one.spec, one.partition, one.done.folds, times.monotonicMs)
      views.made(one.spec, one.partition, one.done, times)
      this.#parts.registry.taskDone(one.worker, one.done.ms)
      facts.made(one.spec, one.partition, one.worker, one.done, times.monotonicMs)
      queries.made(one.spec.output, one.partition, one.done)
      if (one.spec.write.kind === "read") sources.made(one.spec.output, one.worker, one.done)
      else checkpointer.made(one.spec, one.done.outputs)
    } else if (
      !queries.ended(one.job, one.failure, times) &&
      !lookAhead.ended(one.job, one.failure) &&
      !restoring.ended(one.job, one.failure) &&
      !sources.jobEnded(one.job, one.failure)
    )
      streams.ended(one.job, one.failure, one.behind === true, times)
  }

  #nameOf(stream: StreamId | null): string | null {
    const record = stream === null ? undefined : this.#parts.ledger.streams.get(stream)
    return record === undefined ? stream : nameOf(record)
  }
}
