/**
 * Questions that do not wait for everything (`partial`, `countApprox`): the action's first half runs where the data is, one
 * row or a few a partition; when the time is over, what is there is put together here, where the question was asked.
 */

import type { Action } from "../actions/action.js"
import { ofSession } from "../capture/of-session.js"
import { RivuletError } from "../errors.js"
import type { RddNode } from "../rdd.js"
import { type Duration, parseDuration } from "../time.js"
import { mapAnswer } from "./answer.js"
import type { Answer, ApproximateCount, Partial, PartialRDD } from "./answer-types.js"
import { finishedRows } from "./finish-here.js"
import type { Host, ReadyRows, UserFunction } from "./host.js"
import * as nodes from "./nodes.js"

export class PartialHandle implements Record<keyof PartialRDD<unknown>, unknown> {
  readonly #host: Host
  readonly #node: RddNode
  readonly #withinMs: number

  constructor(host: Host, node: RddNode, within: Duration) {
    this.#host = host
    this.#node = node
    this.#withinMs = parseDuration(within)
  }

  count(): Answer<Partial<number>> {
    return this.#ask({ kind: "count" }, rows => rows[0] as number)
  }
  take(n: number): Answer<Partial<unknown[]>> {
    return this.#ask({ kind: "take", n: nodes.countOf(n, "take") }, rows => rows)
  }
  top(n: number, by?: UserFunction): Answer<Partial<unknown[]>> {
    const link = by === undefined ? null : this.#host.link(by, "top")
    return this.#ask({ kind: "top", n: nodes.countOf(n, "top"), by: link, order: "desc" }, rows => rows, by)
  }
  reduce(f: UserFunction): Answer<Partial<unknown>> {
    return this.#ask({ kind: "reduce", f: this.#host.link(f, "reduce") }, rows => rows[0], f)
  }

  /** The count that the partitions which are ready stand for, and between which numbers it is with this confidence. */
  countApprox(confidence: number): Answer<ApproximateCount> {
    if (!(confidence > 0 && confidence < 1)) {
      throw new RivuletError(`countApprox: ${String(confidence)} is not a confidence`, { code: 2, try: "give a number between 0 and 1" })
    }
    const action: Action = { kind: "count" }
    const answer = this.#host.partial(nodes.partial(this.#node, action), this.#withinMs, ready =>
      estimate(finished(action, ready)[0] as number, ready, confidence),
    )
    return mapAnswer(answer, ({ value, complete, missing, final }) => ({ ...value, complete, missing, final: final.then(of => of.value) }))
  }

  #ask<T>(action: Action, decode: (rows: unknown[]) => T, f?: UserFunction): Answer<Partial<T>> {
    return this.#host.partial(nodes.partial(this.#node, action), this.#withinMs, ready => decode(finished(action, ready, f)))
  }
}

ofSession("a PartialRDD", PartialHandle.prototype)

/** The user's own function finishes what it has done on the workers to every partition. */
function finished(action: Action, { rows }: ReadyRows, f?: UserFunction): unknown[] {
  return finishedRows(action, rows, () => f as UserFunction)
}

/**
 * Records are taken to be spread evenly: a share p of the partitions holds n of about n/p records, give or take the spread of a
 * Poisson number, as in Spark's `countApprox`.
 */
function estimate(n: number, { ready, of }: ReadyRows, confidence: number): { value: number; low: number; high: number } {
  if (ready === of) return { value: n, low: n, high: n }
  if (ready === 0) return { value: 0, low: 0, high: Number.POSITIVE_INFINITY }
  const share = ready / of
  const value = n / share
  const spread = (quantile((1 + confidence) / 2) * Math.sqrt((n + 1) * (1 - share))) / share
  return { value: Math.round(value), low: Math.max(n, Math.floor(value - spread)), high: Math.ceil(value + spread) }
}

/** Of the normal distribution, for p of 0.5 and more: within 0.0005 (Abramowitz and Stegun 26.2.23). */
function quantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(1 - p))
  return t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t)
}
