/**
 * A question about several streams takes them all at one interval. The problem: "now" and "5 minutes ago" are counted from a stream's
 * newest finished interval, and while one stream has finished an interval another has not. The solution: streams that go by one
 * clock are asked as of the one that has come least far; what is read from files has a clock of its own and is left as it is.
 */

import type { StreamId } from "../definition.js"
import type { StreamGraph } from "../graph.js"
import type { QueryTime, RddNode } from "../rdd.js"
import { rewrite, walk } from "../tree.js"
import { parentsIn } from "./flavour.js"
import { isRelative, throughOf } from "./reach.js"

/** The question with its relative times as instants, where streams of one clock stand side by side. */
export function together(graph: StreamGraph, root: RddNode): RddNode {
  const asked = new Set<StreamId>()
  walk(root, node => {
    if ((node.kind === "slice" && (isRelative(node.from) || isRelative(node.to))) || (node.kind === "version" && isRelative(node.at)))
      asked.add(node.stream)
  })
  if (asked.size < 2) return root
  const now = nowOf(graph, asked)
  return rewrite(root, node => {
    if (node.kind !== "slice" && node.kind !== "version") return node
    const common = now.get(node.stream)
    if (common === undefined) return node
    const fix = (time: QueryTime) => (time === Infinity ? common : isRelative(time) ? common + time : time)
    if (node.kind === "slice") return { ...node, from: fix(node.from), to: fix(node.to) }
    const { read } = node
    // What changed is asked as of instants; a version by one that lies in its interval.
    const asOf = read !== undefined && "since" in read
    const at = node.at === Infinity && !asOf ? common - 1 : fix(node.at)
    return { ...node, at, ...(asOf && { read: { ...read, since: fix(read.since) } }) }
  })
}

/** Streams whose "now" is another's, too, and when that is. */
function nowOf(graph: StreamGraph, asked: ReadonlySet<StreamId>): Map<StreamId, number> {
  const groups: { readonly clocks: Set<string>; readonly streams: StreamId[] }[] = []
  for (const stream of asked) {
    const clocks = new Set(clocksOf(graph, stream))
    const streams = [stream]
    for (const group of groups.filter(group => [...group.clocks].some(clock => clocks.has(clock)))) {
      groups.splice(groups.indexOf(group), 1)
      for (const clock of group.clocks) clocks.add(clock)
      streams.push(...group.streams)
    }
    groups.push({ clocks, streams })
  }
  const now = new Map<StreamId, number>()
  for (const { streams } of groups) {
    if (streams.length < 2) continue
    const common = Math.min(...streams.map(stream => throughOf(graph, stream)))
    for (const stream of streams) now.set(stream, common)
  }
  return now
}

/** What is pushed is sealed by the clock on the wall; every other input by what it has read. */
function* clocksOf(graph: StreamGraph, stream: StreamId): Generator<string> {
  const { node } = graph.definition(stream).definition
  if (node.kind === "input") yield node.source.kind === "receiver" && node.timestamp === null ? "wall" : stream
  for (const parent of parentsIn(node)) yield* clocksOf(graph, parent)
}
