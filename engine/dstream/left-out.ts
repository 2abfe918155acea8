/** What is missing in an answer because streams left it out: intervals that their owners skipped, or that were given up while they were held. */

import type { StreamId } from "../definition.js"
import type { StreamGraph } from "../graph.js"
import type { Interval } from "../time.js"
import { parentsOf, watchedIn } from "./flavour.js"

/** Intervals that count for what is read and were left out, by the streams themselves or by what they are made of. Ascending, apart. */
export function leftOutWithin(graph: StreamGraph, reads: readonly ({ readonly stream: StreamId } & Interval)[]): readonly Interval[] {
  const found: Interval[] = []
  const visited = new Map<StreamId, number>()
  const visit = (id: StreamId, readFrom: number, to: number): void => {
    if (readFrom >= (visited.get(id) ?? Number.POSITIVE_INFINITY)) return
    visited.set(id, readFrom)
    const { node } = graph.definition(id).definition
    const from = readFrom - lookBackMs(node)
    gaps(id, from, to)
    const watched = watchedIn(node)
    // What made a state before says nothing of what was set aside now.
    for (const parent of watched) gaps(parent, from, to)
    for (const parent of parentsOf(graph, id)) if (!watched.includes(parent)) visit(parent, from, to)
  }
  const gaps = (id: StreamId, from: number, to: number): void => {
    for (const gap of graph.leftOuts?.(id) ?? []) if (gap.from < to && gap.to > from) found.push(gap)
  }
  for (const { stream, from, to } of reads) {
    visited.clear()
    visit(stream, from, to)
  }
  const apart: Interval[] = []
  for (const { from, to } of found.sort((a, b) => a.from - b.from)) {
    const last = apart.at(-1)
    if (last !== undefined && from <= last.to) apart[apart.length - 1] = { from: last.from, to: Math.max(last.to, to) }
    else apart.push({ from, to })
  }
  return apart
}

/** How much that lies before an interval counts in it. */
function lookBackMs(node: ReturnType<StreamGraph["definition"]>["definition"]["node"]): number {
  if (node.kind === "window") return node.lengthMs - node.slideMs
  if (node.kind !== "state") return 0
  return node.op.kind === "reduceByWindow" ? node.op.lengthMs - node.op.slideMs : Number.POSITIVE_INFINITY
}
