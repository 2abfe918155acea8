/**
 * Questions: an RDD that names streams becomes one that names blocks. The union of a range's intervals for records; for
 * snapshots its versions, each by itself where the question is a series ("`slice` is what happened; `at` is how
 * things stood").
 */

import type { StreamId } from "../definition.js"
import { RivuletError } from "../errors.js"
import type { StreamGraph } from "../graph.js"
import { expandIds, isWide, partitionsOf } from "../plan.js"
import type { OutputId, PersistNode, QueryTime, RddNode } from "../rdd.js"
import { simplify } from "../simplify.js"
import type { Interval } from "../time.js"
import { mapChildren, rewrite, walk } from "../tree.js"
import { flavourOf } from "./flavour.js"
import { leftOutWithin } from "./left-out.js"
import { rddOf, stateVersion, withinStream } from "./rdd-of.js"
import { earliestOf, hasEnd, heldIn, isRelative, resolveTime, throughOf } from "./reach.js"
import { expandSlice, expandVersion, sliceIntervals, versionAt } from "./slice.js"
import { together } from "./together.js"
import { changesWithin } from "./versions.js"

export interface ExpandedQuery {
  readonly rdd: RddNode
  /** What it reads: from the first interval's start to the last one's end; null when it reads none. */
  readonly interval: Interval | null
  /** It names one, though it may read no interval of it. */
  readonly namesStream: boolean
  /** Of streams that are named and not read: the times asked for, and the start of the first interval that there is. Null when there is none such. */
  readonly unread: { readonly asked: Interval; readonly first: number } | null
  /** Names of streams that are held, or wait for a held one, of which it reads the newest: there is no newer one until somebody sees to it. */
  readonly held: readonly string[]
  /** The streams named and the starts of the intervals of each that are read: what the question leases. */
  readonly reads: readonly Range[]
  /** Where definitions changed within what is read. */
  readonly changed: readonly number[]
  /** Intervals that are missing in it. */
  readonly leftOut: readonly Interval[]
  /** What it keeps for others: by the persisted RDD's id, under which output, and what that is made from. */
  readonly kept: readonly { readonly id: string; readonly output: OutputId; readonly reads: readonly Range[] }[]
}

interface Range {
  readonly stream: StreamId
  readonly from: number
  readonly to: number
}

/** The question with its leaves replaced and ids under `query`. Throws RivuletError for what is no longer retained or not there yet. */
export function expandQuery(graph: StreamGraph, root: RddNode, query: string): ExpandedQuery {
  const reads: Range[] = []
  const kept: { id: string; output: OutputId; reads: readonly Range[] }[] = []
  let namesStream = false
  let unread: ExpandedQuery["unread"] = null
  const held = new Set<string>()
  const reading = (leaf: SliceLeaf | VersionLeaf, starts: readonly number[]) => {
    namesStream = true
    const { stream } = leaf
    const { name, intervalMs } = graph.definition(stream).definition
    const [from, last] = [starts[0], starts.at(-1)]
    if (from === undefined || last === undefined) {
      const first = earliestOf(graph, stream)
      if (unread === null || first < unread.first) unread = { asked: askedTimes(graph, leaf), first }
      return
    }
    const to = last + intervalMs
    reads.push({ stream, from, to })
    if (to >= throughOf(graph, stream) && heldIn(graph, stream) !== null) held.add(name)
  }
  const leaf = (node: RddNode): RddNode => {
    if (node.kind === "slice") {
      const { rdd, starts } = expandSlice(graph, node, rddOf)
      reading(node, starts)
      return rdd
    }
    if (node.kind !== "version") return node
    const rdd = expandVersion(graph, node, rddOf, stateVersion)
    reading(node, versionsRead(graph, node, rdd))
    return rdd
  }
  const expand = (node: RddNode): RddNode => {
    if (node.kind === "partial" && node.series) {
      const parent = series(node.parent)
      const counts = node.action.kind === "count" && parent.kind === "eachVersion" ? counted(parent.versions) : null
      return counts ?? { ...node, parent }
    }
    return node.kind === "persist" ? persisted(node) : leaf(mapChildren(node, expand))
  }
  /** Named by the RDD and by the intervals that it turned out to be made from: what is kept is then what would be computed. */
  const persisted = (node: PersistNode): RddNode => {
    const before = reads.length
    const of = simplify(expand(node.parent))
    if (of.kind === "empty") return of
    const own = reads.slice(before)
    const id = [`${node.id}:persisted`, ...own.map(({ stream, from, to }) => `${stream}@${from}-${to}`)].join(" ")
    kept.push({ id: node.id, output: id, reads: own })
    const planned = scoped(expandIds(of, id), spanOf(own) ?? noTime)
    return { kind: "stored", id, stream: node.id, interval: spanOf(own)?.from ?? 0, partitions: partitionsOf(planned), of: planned }
  }
  /** The question's tree once for each version of the snapshot slices in it. */
  const series = (parent: RddNode): RddNode => {
    if (parent.kind === "eachVersion") return { ...parent, versions: parent.versions.map(expand) }
    const slices = snapshotSlices(graph, parent)
    const starts = slices.map(slice => sliceIntervals(graph, slice))
    for (const [i, slice] of slices.entries()) reading(slice, starts[i]!)
    const n = starts[0]?.length ?? 0
    if (starts.some(list => list.length !== n)) {
      throw new RivuletError(`a series of ${starts.map(list => list.length).join(" and ")} versions side by side`, {
        code: 2,
        try: "give all slices of snapshot streams in one question the same range",
      })
    }
    const versions = Array.from({ length: n }, (_, version) => {
      const chosen = rewrite(parent, node => {
        if (node.kind !== "slice") return node
        const i = slices.findIndex(slice => isSameSlice(slice, node))
        return i < 0 ? node : rddOf(graph, node.stream, starts[i]![version]!)
      })
      return expand(chosen)
    })
    return { kind: "eachVersion", versions }
  }
  const expanded = expand(together(graph, root))
  const interval = spanOf(reads)
  return {
    rdd: scoped(expandIds(simplify(expanded), query), interval ?? noTime),
    interval,
    namesStream,
    unread,
    held: [...held],
    reads,
    changed: changesWithin(graph, reads),
    leftOut: leftOutWithin(graph, reads),
    kept,
  }
}

const noTime: Interval = { from: 0, to: 0 }

function spanOf(ranges: readonly Range[]): Interval | null {
  if (ranges.length === 0) return null
  return { from: Math.min(...ranges.map(range => range.from)), to: Math.max(...ranges.map(range => range.to)) }
}

/**
 * Times in a definition's own RDDs become fixed when it is accepted: it means the same in every interval. Of what comes to an end "now" is
 * that end, however much of it has been read.
 */
export function resolveTimes(graph: StreamGraph, root: RddNode): RddNode {
  return rewrite(root, node => {
    if (node.kind !== "slice" && node.kind !== "version") return node
    const ends = hasEnd(graph, node.stream)
    const fix = (time: QueryTime) => (ends && isRelative(time) ? time : resolveTime(graph, node.stream, time))
    if (node.kind === "slice") return { ...node, from: fix(node.from), to: fix(node.to) }
    // The newest version is the one that was complete then, and not the one that was under way.
    const newest = node.at === Infinity && !(node.read !== undefined && "since" in node.read)
    return { ...node, at: newest && !ends ? fix(node.at) - 1 : fix(node.at) }
  })
}

type SliceLeaf = Extract<RddNode, { kind: "slice" }>
type VersionLeaf = Extract<RddNode, { kind: "version" }>

function askedTimes(graph: StreamGraph, leaf: SliceLeaf | VersionLeaf): Interval {
  const [from, to] = leaf.kind === "slice" ? [leaf.from, leaf.to] : [leaf.at, leaf.at]
  return { from: resolveTime(graph, leaf.stream, from), to: resolveTime(graph, leaf.stream, to) }
}

function snapshotSlices(graph: StreamGraph, root: RddNode): SliceLeaf[] {
  const slices: SliceLeaf[] = []
  walk(root, node => {
    if (node.kind !== "slice" || flavourOf(graph, node.stream) !== "snapshot") return
    if (!slices.some(slice => isSameSlice(slice, node))) slices.push(node)
  })
  return slices
}

function isSameSlice(a: SliceLeaf, b: SliceLeaf): boolean {
  return a.stream === b.stream && a.from === b.from && a.to === b.to && a.everyMs === b.everyMs && a.pick === b.pick
}

/** Versions of a state as they are: how many keys each has is known without reading the keys. */
function counted(versions: readonly RddNode[]): RddNode | null {
  const first = versions[0]
  if (first?.kind !== "stateAt") return null
  const ats: number[] = []
  for (const version of versions) {
    if (version.kind !== "stateAt" || version.stream !== first.stream || version.read.kind !== "rows") return null
    ats.push(version.at)
  }
  return { ...first, at: Math.max(...ats), read: { kind: "counts", ats } }
}

/** The interval of a version, and the one that changes count from. */
function versionsRead(graph: StreamGraph, leaf: VersionLeaf, rdd: RddNode): number[] {
  if (rdd.kind !== "stateAt") return rdd.kind === "empty" ? [] : [versionAt(graph, leaf)]
  return "since" in rdd.read && rdd.read.since !== -Infinity ? [rdd.read.since, rdd.at] : [rdd.at]
}

/** The question's own functions go by its range; where its stages are cut, too. Trees of streams have their own. */
function scoped(root: RddNode, interval: Interval): RddNode {
  const below = (node: RddNode): RddNode => {
    if (node.kind === "within" || node.kind === "input" || node.kind === "stored" || node.kind === "stateAt") return node
    const mapped = mapChildren(node, below)
    return isWide(mapped) ? mapChildren(mapped, child => withinStream(null, interval, child)) : mapped
  }
  return withinStream(null, interval, below(root))
}
