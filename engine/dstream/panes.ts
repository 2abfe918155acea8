/**
 * The panes of a `reduceByWindow` (figure 3 of the paper): the stream cut in pieces of gcd(length, slide), each reduced by key
 * once, stored, and used by every window that it is in.
 */

import type { StateStreamNode, StreamId } from "../definition.js"
import type { StreamGraph } from "../graph.js"
import type { RddNode, StateNode } from "../rdd.js"
import { simplify } from "../simplify.js"
import { gcd, intervalStart } from "../time.js"
import { parentIntervals, rddOf, withinStream } from "./rdd-of.js"

export type WindowNode = StateStreamNode & { readonly op: Extract<StateStreamNode["op"], { kind: "reduceByWindow" }> }

/** [from, to): what a window that is moved to `interval` takes in, gains and loses. A slide longer than the window leaves gaps. */
export function windowRanges({ op: { lengthMs, slideMs } }: WindowNode, interval: number) {
  const to = interval + slideMs
  const from = to - lengthMs
  return {
    inside: { from, to },
    added: { from: Math.max(from, interval), to },
    expired: { from: interval - lengthMs, to: Math.min(from, interval) },
  }
}

export const paneMs = ({ op: { lengthMs, slideMs } }: WindowNode): number => gcd(lengthMs, slideMs)

/** The id of the pane that starts at `start`. */
export function paneId(graph: StreamGraph, stream: StreamId, start: number): string {
  return `${stream}~${graph.definition(stream).definition.version}/pane@${start}`
}

/** The window part of an interval's state node; null when nothing enters and nothing leaves. */
export function windowOf(graph: StreamGraph, stream: StreamId, node: WindowNode, interval: number): StateNode["window"] | null {
  const ranges = windowRanges(node, interval)
  const panes = (range: { readonly from: number; readonly to: number }) => panesIn(graph, stream, node, range.from, range.to)
  const added = panes(ranges.added)
  const expired = panes(ranges.expired)
  if (added.length === 0 && expired.length === 0) return null
  return { added, expired, inside: node.op.inverse === null ? panes(ranges.inside) : [] }
}

function panesIn(graph: StreamGraph, stream: StreamId, node: WindowNode, from: number, to: number): RddNode[] {
  const panes: RddNode[] = []
  const step = paneMs(node)
  const { since } = graph.definition(stream)
  // Before the stream's first slide no pane has been made.
  for (let start = Math.max(from, intervalStart(since, step)); start < to; start += step) {
    const pane = paneAt(graph, stream, node, start)
    if (pane) panes.push(pane)
  }
  return panes
}

function paneAt(graph: StreamGraph, stream: StreamId, node: WindowNode, start: number): RddNode | null {
  const interval = { from: start, to: start + paneMs(node) }
  const intervals = parentIntervals(graph, stream, node.parent, interval.from, interval.to)
  const records = simplify({ kind: "union", parents: intervals.map(at => rddOf(graph, node.parent, at)) })
  if (records.kind === "empty") return null
  const id = paneId(graph, stream, start)
  const { partitions, op } = node
  const reduced: RddNode = {
    kind: "shuffled",
    parent: withinStream(stream, interval, records),
    partitions,
    aggregate: { kind: "combine", create: { kind: "builtin", name: "identity" }, merge: op.f, combine: op.f, mapSide: true },
    id: `${id}:in`,
  }
  return { kind: "stored", id, stream, interval: start, partitions, of: withinStream(stream, interval, reduced) }
}
