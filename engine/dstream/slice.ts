/** The leaves of a question that name a stream: a range of its intervals, or one version. */

import type { StreamId } from "../definition.js"
import { RivuletError } from "../errors.js"
import type { StreamGraph } from "../graph.js"
import type { InputBlock, InputBlocksNode, RddNode, StateAtNode } from "../rdd.js"
import { simplify } from "../simplify.js"
import { formatDuration, intervalStart } from "../time.js"
import { nextRecords } from "./changes.js"
import { flavourOf } from "./flavour.js"
import { checkReach, earliestOf, hasEnd, heldIn, resolveTime, throughOf } from "./reach.js"

type SliceLeaf = Extract<RddNode, { kind: "slice" }>
type VersionLeaf = Extract<RddNode, { kind: "version" }>
type RddOf = (graph: StreamGraph, stream: StreamId, interval: number) => RddNode
type StateVersion = (graph: StreamGraph, stream: StreamId, at: number, read?: StateAtNode["read"]) => RddNode

/** The starts of the finished intervals that a slice takes in. What lies before the stream's first interval is not there; what was forgotten is an error. */
export function sliceIntervals(graph: StreamGraph, leaf: SliceLeaf): number[] {
  const { everyMs, pick } = leaf
  const { first, end, intervalMs } = sliceRange(graph, leaf)
  const count = Math.ceil((end - first) / intervalMs)
  if (count > mostIntervals) {
    throw new RivuletError(`a slice of ${count.toLocaleString("en")} intervals of ${formatDuration(intervalMs)}`, {
      code: 2,
      try: `a range of at most ${mostIntervals.toLocaleString("en")} intervals: slice(from, to)`,
    })
  }
  const starts: number[] = []
  for (let start = first; start < end; start += intervalMs) starts.push(start)
  const every = everyMs === undefined ? starts : starts.filter(start => (start + intervalMs) % everyMs === 0)
  return pick === undefined ? every : pick === "first" ? every.slice(0, 1) : every.slice(-1)
}

/** A series of more versions is nobody's question, and would take the memory of whoever makes it. */
const mostIntervals = 1_000_000

function sliceRange(graph: StreamGraph, { stream, from, to, only }: SliceLeaf): { first: number; end: number; intervalMs: number } {
  const { definition, since } = graph.definition(stream)
  const { intervalMs } = definition
  const begin = resolveTime(graph, stream, from)
  if (only === true) checkFinished(graph, stream, begin)
  const end = Math.min(resolveTime(graph, stream, to), throughOf(graph, stream))
  // A range that begins before there was anything holds what there is; the stamp says from when.
  const first = begin < since ? Math.max(since, earliestOf(graph, stream)) : intervalStart(begin, intervalMs)
  if (first < end) checkReach(graph, stream, first)
  return { first, end, intervalMs }
}

/** Of a slice of records, whose empty intervals add nothing: those that may have some. A log's reach may span years of seconds. */
function recordIntervals(graph: StreamGraph, leaf: SliceLeaf): number[] {
  const { first, end, intervalMs } = sliceRange(graph, leaf)
  const starts: number[] = []
  for (let at = first; ; ) {
    const start = nextRecords(graph, leaf.stream, at, end)
    if (start === null) return starts
    starts.push(start)
    at = start + intervalMs
  }
}

/** Small partitions of many intervals are read together: a task costs more than they do. */
const bytesATask = 512 * 1024
const fewestTasks = 4

/** The union of the slice's RDDs, and the first and the last interval that it spans. */
export function expandSlice(
  graph: StreamGraph,
  leaf: SliceLeaf,
  rddOf: RddOf,
): { readonly rdd: RddNode; readonly starts: readonly number[] } {
  const sparse = leaf.everyMs === undefined && leaf.pick === undefined && flavourOf(graph, leaf.stream) === "records"
  const { rdd, starts } = unionOf(graph, leaf, sparse ? recordIntervals(graph, leaf) : sliceIntervals(graph, leaf), rddOf)
  if (!sparse) return { rdd, starts }
  const { first, end, intervalMs } = sliceRange(graph, leaf)
  return { rdd, starts: first < end ? [first, intervalStart(end - 1, intervalMs)] : [] }
}

function unionOf(
  graph: StreamGraph,
  leaf: SliceLeaf,
  starts: readonly number[],
  rddOf: RddOf,
): { readonly rdd: RddNode; readonly starts: readonly number[] } {
  const parents = starts.map(start => rddOf(graph, leaf.stream, start))
  const rdd = simplify({ kind: "union", parents })
  if (rdd.kind !== "union") return { rdd, starts }
  const inputs = inputsOf(rdd)
  if (inputs === null) return { rdd, starts }
  const groups = inputs.flatMap(input => input.groups)
  const bytes = groups.reduce((total, group) => total + bytesOf(group), 0)
  const partitions = Math.max(fewestTasks, Math.ceil(bytes / bytesATask))
  if (partitions * 2 >= groups.length) return { rdd, starts }
  const [first] = inputs
  // The stream's own intervals are one input of fewer, larger groups: a small tree, for each task carries it.
  if (first !== undefined && rdd.parents.every(parent => parent.kind === "input")) {
    return { rdd: { ...first, groups: neighbours(groups, bytes / partitions) }, starts }
  }
  return { rdd: { kind: "coalesce", parent: rdd, partitions }, starts }
}

/** The sealed inputs from which a tree is computed record by record; null when anything else is in it. */
function inputsOf(node: RddNode): InputBlocksNode[] | null {
  switch (node.kind) {
    case "input":
      return [node]
    case "map":
    case "flatMap":
    case "filter":
    case "mapValues":
    case "flatMapValues":
    case "keyBy":
    case "within":
      return inputsOf(node.parent)
    case "union": {
      const found: InputBlocksNode[] = []
      for (const parent of node.parents) {
        const inputs = inputsOf(parent)
        if (inputs === null) return null
        found.push(...inputs)
      }
      return found
    }
    default:
      return null
  }
}

const bytesOf = (group: readonly InputBlock[]): number => group.reduce((bytes, block) => bytes + block.bytes, 0)

/** Groups joined, in order, until each has about so many bytes. */
function neighbours(groups: readonly (readonly InputBlock[])[], atLeast: number): InputBlock[][] {
  const joined: InputBlock[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const group of groups) {
    if (bytes >= atLeast) {
      joined.push([])
      bytes = 0
    }
    joined.at(-1)!.push(...group)
    bytes += bytesOf(group)
  }
  return joined
}

/**
 * The version that holds `at`: of a time in the interval that is under way, the newest finished one. For "changes", whose ends are
 * instants, the newest version that is complete at that instant. "history" has the versions that a slice of the same range has.
 */
export function expandVersion(graph: StreamGraph, leaf: VersionLeaf, rddOf: RddOf, stateVersion: StateVersion): RddNode {
  const { stream, read } = leaf
  const { definition } = graph.definition(stream)
  const { intervalMs } = definition
  if (read === undefined || read.kind === "rows") return rddOf(graph, stream, versionAt(graph, leaf))
  if (definition.node.kind !== "state") {
    throw new RivuletError(`${definition.name} is no state: it has no ${read.kind}`, { code: 2, try: "ask the state that it is made of" })
  }
  if (read.kind === "key" || read.kind === "counts") return stateVersion(graph, stream, versionAt(graph, leaf), read)
  const newest = throughOf(graph, stream) - intervalMs
  const complete = (time: number) => Math.min(newest, intervalStart(resolveTime(graph, stream, time), intervalMs) - intervalMs)
  if (read.kind === "changes") {
    const since = sinceVersion(graph, stream, complete(read.since))
    return stateVersion(graph, stream, complete(leaf.at), { ...read, since })
  }
  const at = Math.min(newest, intervalStart(resolveTime(graph, stream, leaf.at) - 1, intervalMs))
  const from = Math.min(at, intervalStart(resolveTime(graph, stream, read.since), intervalMs))
  checkReach(graph, stream, from)
  return stateVersion(graph, stream, at, { ...read, since: Math.max(from, graph.definition(stream).since) })
}

/** Before the first version there is nothing, which needs no reading. */
function sinceVersion(graph: StreamGraph, stream: StreamId, since: number): number {
  checkReach(graph, stream, since)
  return since < graph.definition(stream).since ? -Infinity : since
}

/** The interval of the version that a leaf asks for. */
export function versionAt(graph: StreamGraph, { stream, at }: VersionLeaf): number {
  const { definition } = graph.definition(stream)
  const { intervalMs } = definition
  const through = throughOf(graph, stream)
  const time = resolveTime(graph, stream, at)
  checkFinished(graph, stream, time)
  const interval = intervalStart(Math.min(time, through - 1), intervalMs)
  checkReach(graph, stream, interval)
  return interval
}

/** Throws RivuletError for what neither is finished nor under way. */
function checkFinished(graph: StreamGraph, stream: StreamId, time: number): void {
  const { definition } = graph.definition(stream)
  const through = throughOf(graph, stream)
  if (time < through + definition.intervalMs) return
  if (hasEnd(graph, stream))
    throw new RivuletError(
      `${definition.name} ends at ${new Date(through).toISOString()}, as its files do: ${new Date(time).toISOString()} is after it`,
      { code: 2, try: "latest(), or a time before" },
    )
  const held = heldIn(graph, stream)
  if (held !== null) {
    const what = held.id === stream ? "is held" : `waits for ${held.name}, which is held`
    throw new RivuletError(`${definition.name} ${what}, and is finished through ${new Date(through).toISOString()}`, {
      code: 5,
      try: `latest(); why ${held.name} says what it is held for`,
    })
  }
  throw new RivuletError(
    `${definition.name} is finished through ${new Date(through).toISOString()}: ${new Date(time).toISOString()} is still to come`,
    { try: "ask for latest(), or wait" },
  )
}
