/** How far streams reach: back to what is retained, forward to what is finished. Of recipes it follows from their parents. */

import type { StreamDefinition, StreamId, StreamNode } from "../definition.js"
import { RivuletError } from "../errors.js"
import type { StreamGraph } from "../graph.js"
import type { QueryTime } from "../rdd.js"
import { intervalStart } from "../time.js"
import { parentsIn, watchedIn } from "./flavour.js"
import { type NamedRange, namedIn } from "./named.js"

/** The start of the earliest interval that can be read, the stream's first when nothing has been forgotten. */
export function earliestOf(graph: StreamGraph, stream: StreamId): number {
  const { definition, since } = graph.definition(stream)
  const own = graph.earliest(stream)
  if (own !== null) return Math.max(own, since)
  const versions = graph.versions?.(stream) ?? [{ definition, from: since }]
  // As far back as each version's parents reach, from the newest on.
  let reached = Number.NEGATIVE_INFINITY
  let end = Number.POSITIVE_INFINITY
  for (const version of [...versions].reverse()) {
    reached = Math.max(reached, Math.min(end, earliestBy(graph, version.definition, since)))
    if (reached > version.from) break
    end = version.from
  }
  return reached
}

function earliestBy(graph: StreamGraph, { node, intervalMs }: StreamDefinition, since: number): number {
  let earliest = since
  // What a running stream set aside is found by making its interval again, from the version before.
  const longest = Math.max(0, ...watchedIn(node).map(parent => graph.definition(parent).definition.intervalMs))
  const before = node.kind === "window" ? node.lengthMs - node.slideMs : longest === 0 ? 0 : 2 * longest - intervalMs
  for (const parent of parentsIn(node)) {
    const reached = earliestOf(graph, parent)
    // What was never there is not missing.
    if (reached <= Math.max(graph.definition(parent).since, since)) continue
    earliest = Math.max(earliest, Math.ceil((reached + before) / intervalMs) * intervalMs)
  }
  return earliest
}

/** The end of the newest finished interval; at least the first interval's start. */
export function throughOf(graph: StreamGraph, stream: StreamId): number {
  const { definition, since } = graph.definition(stream)
  const own = graph.through(stream)
  if (own !== null) return Math.max(own, since)
  const through = throughParents(graph, stream, parent => throughOf(graph, parent))
  return Math.max(since, through === Infinity ? since : intervalStart(through, definition.intervalMs))
}

/** How far what a stream is made of has come, version by version of its definition: each as far as it counts, and not before all that it names is there. */
export function throughParents(graph: StreamGraph, stream: StreamId, through: (parent: StreamId) => number): number {
  const { definition, since } = graph.definition(stream)
  const versions = graph.versions?.(stream) ?? [{ definition, from: since }]
  let end = Infinity
  for (const version of [...versions].reverse()) {
    const { node } = version.definition
    const reached = isNamedThere(graph, stream, node) ? Math.min(end, ...parentsIn(node).map(through)) : Number.NEGATIVE_INFINITY
    if (reached > version.from || version === versions[0]) return reached
    end = version.from
  }
  return end
}

/** Whether all that a definition of the stream names is there. What has been replaced may name what it was itself. */
function isNamedThere(graph: StreamGraph, stream: StreamId, node: StreamNode): boolean {
  return namedIn(node).every(range => range.stream === stream || isThere(graph, range))
}

/** The ranges that the stream waits for, by itself or by what it is made of. */
export function rangesAhead(graph: StreamGraph, stream: StreamId): readonly NamedRange[] {
  const { node } = graph.definition(stream).definition
  const own = namedIn(node).filter(range => range.stream !== stream && !isThere(graph, range))
  return [...own, ...parentsIn(node).flatMap(parent => rangesAhead(graph, parent))]
}

/** Whether the stream has come so far, or will not come further. */
export function isThere(graph: StreamGraph, { stream, until }: Pick<NamedRange, "stream" | "until">): boolean {
  if (isRelative(until)) return !hasEnd(graph, stream) || isOver(graph, stream)
  return throughOf(graph, stream) >= until || isOver(graph, stream)
}

/** Whether nothing more will come of the stream. */
function isOver(graph: StreamGraph, stream: StreamId): boolean {
  if (graph.isOver?.(stream) ?? false) return true
  const parents = parentsIn(graph.definition(stream).definition.node)
  if (parents.length === 0 || !parents.every(parent => isOver(graph, parent))) return false
  const own = graph.through(stream)
  const { intervalMs } = graph.definition(stream).definition
  const whole = throughParents(graph, stream, parent => throughOf(graph, parent))
  return own === null || own >= intervalStart(whole, intervalMs)
}

/** The held stream that this one waits for, itself first; null when none is. */
export function heldIn(graph: StreamGraph, stream: StreamId): StreamDefinition | null {
  const { definition } = graph.definition(stream)
  if (graph.isHeld?.(stream) ?? false) return definition
  for (const parent of parentsIn(definition.node)) {
    const held = heldIn(graph, parent)
    if (held !== null) return held
  }
  return null
}

/** A question's time in epoch ms: relative ones count from the end of the stream's newest finished interval. */
export function resolveTime(graph: StreamGraph, stream: StreamId, time: QueryTime): number {
  if (time === -Infinity) return earliestOf(graph, stream)
  if (time === Infinity) return throughOf(graph, stream)
  return time < 0 || Object.is(time, -0) ? throughOf(graph, stream) + time : time
}

/** Throws RivuletError when the interval was there and has been forgotten. */
export function checkReach(graph: StreamGraph, stream: StreamId, interval: number): void {
  const { definition, since } = graph.definition(stream)
  const earliest = earliestOf(graph, stream)
  if (interval >= earliest || interval < since) return
  throw new RivuletError(
    `${definition.name} reaches back to ${new Date(earliest).toISOString()}: ${new Date(interval).toISOString()} is no longer retained`,
    { code: 5, try: `ask from ${new Date(earliest).toISOString()} on, or give the input a longer remember` },
  )
}

/** Whether all that the stream is made of comes to an end: files and archives, in which no more will appear. */
export function hasEnd(graph: StreamGraph, stream: StreamId): boolean {
  const { node } = graph.definition(stream).definition
  const parents = parentsIn(node)
  if (node.kind !== "input") return parents.length > 0 && parents.every(parent => hasEnd(graph, parent))
  const { source } = node
  return source.kind === "archive" || (source.kind === "file" && !source.paths.some(path => path.endsWith("/")))
}

/** Whether it counts from the end of what is finished. (The earliest retained instant is each stream's own.) */
export function isRelative(time: QueryTime): boolean {
  return time === Infinity || (time !== -Infinity && (time < 0 || Object.is(time, -0)))
}
