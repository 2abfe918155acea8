/**
 * The panes of a `reduceByWindow` (figure 3 of the paper): the stream cut in pieces of gcd(length, slide), each reduced by key
 * once, stored, and used by every window that it is in. What a window without inverse holds is read from spans of panes, stored
 * and shared alike (spans.ts).
 */

import type { StateStreamNode, StreamId } from "../definition.js"
import type { StreamGraph } from "../graph.js"
import type { OutputId, RddNode, StateNode } from "../rdd.js"
import { simplify } from "../simplify.js"
import { gcd, type Interval, intervalStart } from "../time.js"
import { nextRecords } from "./changes.js"
import { parentIntervals, rddOf, withinStream } from "./rdd-of.js"
import { spansOf } from "./spans.js"

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
  return { added, expired, inside: node.op.inverse === null ? spansIn(graph, stream, node, ranges.inside) : [] }
}

export interface MadePane {
  readonly output: OutputId
  readonly start: number
  readonly partitions: number
}

/**
 * All panes and spans that the window of an interval is the first to need: those that end within its slide. None, or some of
 * them, may be empty. Of a stream that is no window: none.
 */
export function panesMade(graph: StreamGraph, stream: StreamId, interval: number): MadePane[] {
  const { definition, since } = graph.definition(stream)
  if (definition.node.kind !== "state" || definition.node.op.kind !== "reduceByWindow") return []
  const node = definition.node as WindowNode
  const { inside, added } = windowRanges(node, interval)
  const step = paneMs(node)
  const begin = Math.max(inside.from, intervalStart(since, step))
  const { partitions } = node
  const made: MadePane[] = []
  for (let end = added.from + step; end <= added.to; end += step) {
    for (let lengthMs = step; end - lengthMs >= begin && end % lengthMs === 0; lengthMs *= 2) {
      const start = end - lengthMs
      made.push({ output: spanId(graph, stream, start, lengthMs / step), start, partitions })
      if (node.op.inverse !== null) break
    }
  }
  return made
}

/** The ids of the spans that the window of an interval is read from: by its definition alone, so also of those that turn out empty. */
export function spanIds(graph: StreamGraph, stream: StreamId, node: WindowNode, interval: number): string[] {
  const { from, to } = windowRanges(node, interval).inside
  const step = paneMs(node)
  const begin = Math.max(from, intervalStart(graph.definition(stream).since, step))
  return spansOf(begin, to, step).map(({ start, lengthMs }) => spanId(graph, stream, start, lengthMs / step))
}

function spanId(graph: StreamGraph, stream: StreamId, start: number, panes: number): string {
  return panes === 1 ? paneId(graph, stream, start) : `${paneId(graph, stream, start)}+${panes}`
}

function spansIn(graph: StreamGraph, stream: StreamId, node: WindowNode, { from, to }: Interval): RddNode[] {
  const step = paneMs(node)
  const begin = Math.max(from, intervalStart(graph.definition(stream).since, step))
  return spansOf(begin, to, step).flatMap(({ start, lengthMs }) => spanAt(graph, stream, node, start, lengthMs) ?? [])
}

/** A span is the reduction of its halves; of one that is empty it is the other half, under that one's id. */
function spanAt(graph: StreamGraph, stream: StreamId, node: WindowNode, start: number, lengthMs: number): RddNode | null {
  const step = paneMs(node)
  if (lengthMs === step) return paneAt(graph, stream, node, start)
  const interval = { from: start, to: start + lengthMs }
  if (nextRecords(graph, node.parent, interval.from, interval.to) === null) return null
  const halves = [start, start + lengthMs / 2].flatMap(half => spanAt(graph, stream, node, half, lengthMs / 2) ?? [])
  if (halves.length < 2) return halves[0] ?? null
  const id = spanId(graph, stream, start, lengthMs / step)
  return reduced(stream, node, interval, id, { kind: "union", parents: halves })
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
  return reduced(stream, node, interval, paneId(graph, stream, start), withinStream(stream, interval, records))
}

/** Stored under its id. Halves of a span lie by key already: reducing them moves nothing. */
function reduced(stream: StreamId, { partitions, op }: WindowNode, interval: Interval, id: string, parent: RddNode): RddNode {
  const byKey: RddNode = {
    kind: "shuffled",
    parent,
    partitions,
    aggregate: { kind: "combine", create: { kind: "builtin", name: "identity" }, merge: op.f, combine: op.f, mapSide: true },
    id: `${id}:in`,
  }
  return { kind: "stored", id, stream, interval: interval.from, partitions, of: withinStream(stream, interval, byKey) }
}
