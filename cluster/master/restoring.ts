/**
 * Newest versions of states that nobody holds any more. An interval that changes a state makes what it reads of it anew; where nothing arrives no interval
 * does, and the version would stay lost until somebody asks for it, with one way less to have it at each further death, and all input kept that it is made
 * from. So it is asked for here, below all else (the paper's §3.3: what is lost is recomputed in parallel).
 */

import type { StreamId } from "../../engine/definition.js"
import { stateVersion } from "../../engine/dstream.js"
import { resultStage } from "../../engine/plan.js"
import type { TaskFailure } from "../../engine/task.js"
import type { Parts, Times } from "./parts.js"
import type { StreamRecord } from "./stream-record.js"

/** Most states have changed again by then. */
const patienceMs = 2_000
/** After every question. */
const restoreOrder = 2 ** 42

export class Restoring {
  readonly #parts: Pick<Parts, "catalog" | "chains" | "graph" | "scheduler">
  /** States to be looked at, since when. */
  readonly #suspects = new Map<StreamId, number>()
  /** Under way: of which state. */
  readonly #jobs = new Map<string, StreamId>()
  #begun = 0

  constructor(parts: Pick<Parts, "catalog" | "chains" | "graph" | "scheduler">) {
    this.#parts = parts
  }

  /** Whatever was there may be missing: a worker is gone, or the master is new and they are back. */
  suspect({ monotonicMs }: Times): void {
    for (const { definition } of this.#parts.catalog.live())
      if (definition.node.kind === "state") this.#suspects.set(definition.id, monotonicMs)
  }

  sweep({ monotonicMs }: Times): void {
    for (const [id, sinceMs] of this.#suspects) {
      if (monotonicMs - sinceMs < patienceMs || [...this.#jobs.values()].includes(id)) continue
      const stream = this.#parts.catalog.get(id)
      if (stream == null || stream.stoppedMs !== null || !this.#restore(stream)) this.#suspects.delete(id)
    }
  }

  /** A job of the scheduler ended. False: it was none of ours. */
  ended(job: string, failure: TaskFailure | null): boolean {
    const id = this.#jobs.get(job)
    if (id === undefined) return false
    this.#jobs.delete(job)
    this.#parts.scheduler.release(job)
    // Who asks for what cannot be had again is told why.
    if (failure !== null) this.#suspects.delete(id)
    return true
  }

  /** False: there is nothing to make. */
  #restore({ definition, since, through }: StreamRecord): boolean {
    const { graph, scheduler } = this.#parts
    const { id, intervalMs } = definition
    const at = through - intervalMs
    if (at < since || !this.#isMissing(id, at)) return false
    const job = `restore:${++this.#begun}`
    // The read that looks at no key.
    const spec = resultStage(stateVersion(graph, id, at, { kind: "counts", ats: [at] }), job)
    this.#jobs.set(job, id)
    scheduler.start({ id: job, spec, pool: "query", order: restoreOrder + this.#begun })
    return true
  }

  #isMissing(id: StreamId, at: number): boolean {
    const { chains } = this.#parts
    for (let p = 0; p < chains.partitions(id); p++) {
      const missing = chains.missing(id, p, at)
      if (missing !== null && missing.length > 0) return true
    }
    return false
  }
}
