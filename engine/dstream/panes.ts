/**
 * The panes of a `reduceByWindow` (figure 3 of the paper): the stream cut in pieces of gcd(length, slide), each reduced by key
 * once, stored, and used by every window that it is in. What a window without inverse holds is read from spans of panes, stored
 * and shared alike (spans.ts).
 */

import type { StateStreamNode, StreamId } from "../definition.js"
import type { StreamGraph } from "../graph.js"
import { inLanes } from "../lanes.js"
import type { OutputId, RddNode, StateNode } from "../rdd.js"
import { simplify } from "../simplify.js"
import { gcd, type Interval, intervalStart } from "../time.js"
import { nextInput } from "./changes.js"
import { asWished, parentIntervals, rddOf, withinStream } from "./rdd-of.js"
import { spansOf } from "./spans.js"
import { versionIn } from "./versions.js"

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
  return `${stream}~${versionIn(graph, stream, start).definition.version}/pane@${start}`
}

/** The window part of an interval's state node; null when nothing enters and nothing leaves. Before `begins` no pane is looked for. */
export function windowOf(
  graph: StreamGraph,
  stream: StreamId,
  node: WindowNode,
  interval: number,
  begins: number,
): StateNode["window"] | null {
  const ranges = windowRanges(node, interval)
  const first = intervalStart(begins, paneMs(node))
  const panes = (range: Interval) => panesIn(graph, stream, node, { from: Math.max(range.from, first), to: range.to })
  const added = panes(ranges.added)
  const expired = panes(ranges.expired)
  if (added.length === 0 && expired.length === 0) return null
  return {
    added,
    expired,
    inside:
      node.op.inverse === null ? spansIn(graph, stream, node, { from: Math.max(ranges.inside.from, first), to: ranges.inside.to }) : [],
  }
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
  const { definition, begins } = versionIn(graph, stream, interval)
  if (definition.node.kind !== "state" || definition.node.op.kind !== "reduceByWindow") return []
  const node = definition.node as WindowNode
  const { inside, added } = windowRanges(node, interval)
  const step = paneMs(node)
  const begin = Math.max(inside.from, intervalStart(begins, step))
  const { partitions } = node
  const made: MadePane[] = []
  for (let end = added.from + step; end <= added.to; end += step) {
    for (let lengthMs = step; end - lengthMs >= begin && end % lengthMs === 0; lengthMs *= 2) {
      const start = end - lengthMs
      made.push({ output: spanId(graph, stream, start, lengthMs, step), start, partitions })
      if (node.op.inverse !== null) break
    }
  }
  return made
}

/** The ids of the spans that the window of an interval is read from: by its definition alone, so also of those that turn out empty. */
export function spanIds(graph: StreamGraph, stream: StreamId, node: WindowNode, interval: number): string[] {
  const { from, to } = windowRanges(node, interval).inside
  const step = paneMs(node)
  const begin = Math.max(from, intervalStart(versionIn(graph, stream, interval).begins, step))
  return spansOf(begin, to, step).map(({ start, lengthMs }) => spanId(graph, stream, start, lengthMs, step))
}

/** By the version in force in its last pane. */
function spanId(graph: StreamGraph, stream: StreamId, start: number, lengthMs: number, step: number): string {
  const { version } = versionIn(graph, stream, start + lengthMs - step).definition
  return `${stream}~${version}/pane@${start}${lengthMs === step ? "" : `+${lengthMs / step}`}`
}

function spansIn(graph: StreamGraph, stream: StreamId, node: WindowNode, { from, to }: Interval): RddNode[] {
  const step = paneMs(node)
  return spansOf(from, to, step).flatMap(({ start, lengthMs }) => spanAt(graph, stream, node, start, lengthMs) ?? [])
}

/** A span is the reduction of its halves; of one that is empty it is the other half, under that one's id. */
function spanAt(graph: StreamGraph, stream: StreamId, node: WindowNode, start: number, lengthMs: number): RddNode | null {
  const step = paneMs(node)
  if (lengthMs === step) return paneAt(graph, stream, node, start)
  const interval = { from: start, to: start + lengthMs }
  if (nextInput(graph, stream, interval.from, interval.to) === null) return null
  const halves = [start, start + lengthMs / 2].flatMap(half => spanAt(graph, stream, node, half, lengthMs / 2) ?? [])
  if (halves.length < 2) return halves[0] ?? null
  const id = spanId(graph, stream, start, lengthMs, step)
  return reduced(graph, stream, interval, interval.to - step, id, { kind: "union", parents: halves })
}

function panesIn(graph: StreamGraph, stream: StreamId, node: WindowNode, { from, to }: Interval): RddNode[] {
  const panes: RddNode[] = []
  const step = paneMs(node)
  for (let start = from; start < to; start += step) {
    const pane = paneAt(graph, stream, node, start)
    if (pane) panes.push(pane)
  }
  return panes
}

function paneAt(graph: StreamGraph, stream: StreamId, node: WindowNode, start: number): RddNode | null {
  const interval = { from: start, to: start + paneMs(node) }
  const { definition } = versionIn(graph, stream, start)
  const { parent } = definition.node as WindowNode
  const wished = asWished(graph, definition, intervalStart(start, definition.intervalMs), () => {
    const intervals = parentIntervals(graph, stream, parent, interval.from, interval.to)
    return withinStream(definition, interval, simplify({ kind: "union", parents: intervals.map(at => rddOf(graph, parent, at)) }))
  })
  if (wished.kind === "empty") return null
  return reduced(graph, stream, interval, start, paneId(graph, stream, start), wished)
}

/** Stored under its id, by the version in force at `by`. Halves of a span lie by key already: reducing them moves nothing. */
function reduced(graph: StreamGraph, stream: StreamId, interval: Interval, by: number, id: string, parent: RddNode): RddNode {
  const { definition } = versionIn(graph, stream, by)
  const { seed } = definition
  const { partitions, op, onError } = definition.node as WindowNode
  const aside = onError === "setAside" || graph.leftOut?.(stream, intervalStart(by, definition.intervalMs)) === "record"
  const byKey: RddNode = {
    kind: "shuffled",
    parent: inLanes(graph, parent, `${id}:in`),
    partitions,
    aggregate: { kind: "combine", create: { kind: "builtin", name: "identity" }, merge: op.f, combine: op.f, mapSide: true },
    id: `${id}:in`,
  }
  return {
    kind: "stored",
    id,
    stream,
    interval: interval.from,
    partitions,
    of: { kind: "within", stream, ...(seed !== undefined && { seed }), interval, parent: byKey, ...(aside && { onError: "setAside" }) },
  }
}
