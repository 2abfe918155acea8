/**
 * How many of the records that wait behind a failure would fail the same way: what is kept for a held stream is computed as if
 * such records were set aside, below all else, each interval once, and what was set aside is counted.
 */

import type { StreamId } from "../../engine/definition.js"
import { rddOf, settingAside } from "../../engine/dstream.js"
import { resultStage } from "../../engine/plan.js"
import type { RddNode } from "../../engine/rdd.js"
import { simplify } from "../../engine/simplify.js"
import type { TaskFailure } from "../../engine/task.js"
import { walk } from "../../engine/tree.js"
import type { Parts } from "./parts.js"
import type { StreamRecord } from "./stream-record.js"

/** Intervals looked at by one job, and the order of these jobs: after every question. */
const intervalsAJob = 64
const lookOrder = 2 ** 41
/** Operators that read the state, whose version there is none of beyond the failure; and bodies that get whole intervals. */
const notAhead: ReadonlySet<string | undefined> = new Set([
  "runningReduce",
  "track",
  "updateStateByKey",
  "reduceByWindow",
  "reduceByEventTime",
  "reduceByWindow inverse",
  "foreachRDD",
])

interface Look {
  readonly interval: number
  records: number
  failing: number
  through: number
  job: { readonly id: string; readonly to: number; readonly records: number } | null
}

export class LookAhead {
  readonly #parts: Parts
  readonly #looks = new Map<StreamId, Look>()
  #jobs = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Of the records looked at so far. Null: this failure tells nothing of other records. */
  of(stream: StreamId): { readonly records: number; readonly failing: number } | null {
    const look = this.#looks.get(stream)
    return look === undefined || look.failing === 0 ? null : { records: look.records, failing: look.failing }
  }

  sweep(): void {
    const { catalog } = this.#parts
    for (const [stream, look] of this.#looks) {
      const held = catalog.get(stream)?.held
      if (held != null && held.interval === look.interval) continue
      this.#looks.delete(stream)
      if (look.job !== null) this.#parts.scheduler.release(look.job.id)
    }
    for (const stream of catalog.live()) if (stream.held !== null) this.#look(stream)
  }

  /** A job of the scheduler ended. False: it was none of ours. */
  ended(job: string, failure: TaskFailure | null): boolean {
    if (!job.startsWith("look:")) return false
    for (const look of this.#looks.values()) {
      if (look.job?.id !== job) continue
      look.failing += this.#parts.scheduler.statsOf(job).threw
      look.records += look.job.records
      // What fails in another way ends the look: nothing is known beyond it.
      look.through = failure === null ? look.job.to : Number.POSITIVE_INFINITY
      look.job = null
    }
    this.#parts.scheduler.release(job)
    return true
  }

  #look({ definition, held }: StreamRecord): void {
    const { node, id } = definition
    if (held === null || held.failure.kind !== "user" || notAhead.has(held.failure.operator)) return
    if (node.kind !== "state" && node.kind !== "save") return
    const look: Look = this.#looks.get(id) ?? { interval: held.interval, records: 0, failing: 0, through: held.interval, job: null }
    this.#looks.set(id, look)
    if (look.job !== null) return
    const { graph, planner, scheduler } = this.#parts
    const { intervalMs } = graph.definition(node.parent).definition
    const to = Math.min(
      planner.horizon(id, () => null),
      look.through + intervalsAJob * intervalMs,
    )
    const parents: RddNode[] = []
    try {
      for (let at = look.through; at + intervalMs <= to; at += intervalMs) parents.push(rddOf(graph, node.parent, at))
    } catch {
      // Given up meanwhile.
      look.through = to
      return
    }
    const rdd = simplify({ kind: "union", parents })
    let records = 0
    walk(rdd, below => {
      if (below.kind === "input") for (const group of below.groups) for (const { rows } of group) records += rows
    })
    if (records === 0) {
      look.through = Math.max(look.through, to)
      return
    }
    const job = `look:${++this.#jobs}`
    const root: RddNode = { kind: "partial", parent: settingAside(rdd, id, { from: look.through, to }), action: { kind: "count" } }
    look.job = { id: job, to, records }
    scheduler.start({ id: job, spec: resultStage(root, job), pool: "query", order: lookOrder + this.#jobs })
  }
}
