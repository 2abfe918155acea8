/**
 * What a definition's own RDDs name of other streams: what comes is joined with what was (the paper's §3.4, a D-Stream with an RDD).
 *
 * The problem: old logs are still being read, or a range ends in the future, when the first interval is made. Were it joined with what
 * is there by then, intervals would differ by how far that had come, and a replay from the first run. The solution: an interval waits
 * until all that its definition names is there.
 */

import type { StreamId, StreamNode } from "../definition.js"
import type { QueryTime, RddNode } from "../rdd.js"
import { walk } from "../tree.js"
import { parentsIn } from "./flavour.js"

/** `until`: the stream must have come so far. One that is relative, Infinity too: to its end, if it has one, else what there is. */
export interface NamedRange {
  readonly stream: StreamId
  readonly until: QueryTime
}

const known = new WeakMap<RddNode, readonly NamedRange[]>()
const none: readonly NamedRange[] = []

/** Definitions are frozen, and asked this at every step. */
export function namedIn(node: StreamNode): readonly NamedRange[] {
  const rdd = node.kind === "lift" ? node.rdd : node.kind === "state" ? node.initial : null
  if (rdd === null) return none
  let named = known.get(rdd)
  if (named === undefined) {
    const found: NamedRange[] = []
    walk(rdd, child => {
      if (child.kind === "slice") found.push({ stream: child.stream, until: child.to })
      // The interval that holds the instant must be over; what changed is asked as of instants.
      if (child.kind === "version")
        found.push({ stream: child.stream, until: child.read !== undefined && "since" in child.read ? child.at : child.at + 1 })
    })
    named = found.length === 0 ? none : found
    known.set(rdd, named)
  }
  return named
}

/** The streams that a definition is made of: its parents, and those that its RDDs name. */
export function usesIn(node: StreamNode): readonly StreamId[] {
  const named = namedIn(node)
  return named.length === 0 ? parentsIn(node) : [...parentsIn(node), ...named.map(({ stream }) => stream)]
}
