/**
 * The RDD of one interval of a D-Stream (the paper's §3.1, figure 2): a definition and an interval give a tree whose leaves are
 * sealed input, versions of state, stored partitions and files. Structure and ids follow from definition and seals alone.
 */

import type { StreamDefinition, StreamId, StreamNode } from "../definition.js"
import { RivuletError } from "../errors.js"
import type { StreamGraph } from "../graph.js"
import { inLanes } from "../lanes.js"
import { isWide, partitionsOf } from "../plan.js"
import type { OutputId, RddNode, StateAtNode } from "../rdd.js"
import { nothing, simplify } from "../simplify.js"
import type { Interval } from "../time.js"
import { childrenOf, isOfInterval, mapChildren } from "../tree.js"
import { firstInterval } from "./changes.js"
import { knot } from "./knot.js"
import { expandSlice, expandVersion } from "./slice.js"
import { versionIn } from "./versions.js"

/** Names what a stream makes in an interval, in ids. */
export function outputPrefix({ id, version }: StreamDefinition, interval: number): string {
  return `${id}~${version}@${interval}`
}

/** Names what of a stream is the same in every interval (see `lifted`), in ids. */
function constantPrefix({ id, version }: StreamDefinition): string {
  return `${id}~${version}`
}

/** The stream whose every interval an output is for; null when it is one interval's, or a question's. */
export function constantOf(output: OutputId): StreamId | null {
  return /^([^~@:/]+)~\d+:/.exec(output)?.[1] ?? null
}

/**
 * The stream's RDD of the interval that starts at `interval`: `empty` when it cannot have a record or lies before the stream's
 * first interval. Throws RivuletError when an input's interval is not sealed.
 */
export function rddOf(graph: StreamGraph, stream: StreamId, interval: number): RddNode {
  const { definition, since } = versionIn(graph, stream, interval)
  if (interval < since) return nothing
  const { node } = definition
  switch (node.kind) {
    case "input": {
      const groups = graph.sealed(stream, interval)
      if (groups === null) throw notSealed(definition, interval)
      if (groups.length === 0) return nothing
      const strict = node.onBadRecord === "hold" ? { onBadRecord: node.onBadRecord } : {}
      return { kind: "input", stream, interval, groups, format: node.format, ...strict }
    }
    case "lift":
      if (since === 0 && !hasBegun(graph, definition, interval)) return nothing
      return persisted(graph, definition, interval, () => lifted(graph, definition, node, interval))
    case "window":
      return persisted(graph, definition, interval, () =>
        simplify({ kind: "union", parents: windowParents(graph, stream, node, interval) }),
      )
    case "state":
      return stateVersion(graph, stream, interval)
    case "foreachRDD":
    case "archive":
    case "save":
      return rddOf(graph, node.parent, interval)
  }
}

/** Of old records: whether there was any before the interval's end. Before that there is nothing to be counted, as 0 either. */
function hasBegun(graph: StreamGraph, { id, intervalMs }: StreamDefinition, interval: number): boolean {
  return firstInterval(graph, id, interval + intervalMs) !== null
}

/** A state's version at the end of the interval. `empty` before its first. */
export function stateVersion(graph: StreamGraph, stream: StreamId, at: number, read: StateAtNode["read"] = { kind: "rows" }): RddNode {
  const { definition, since } = graph.definition(stream)
  if (definition.node.kind !== "state") throw new Error(`${stream} is no state`)
  if (at < since) return nothing
  return { kind: "stateAt", stream, at, intervalMs: definition.intervalMs, partitions: definition.node.partitions, read }
}

/** The starts of the parent's intervals in [from, to), from the stream's and the parent's first interval on: a window that begins before holds what there is. */
export function parentIntervals(graph: StreamGraph, stream: StreamId, parent: StreamId, from: number, to: number): number[] {
  const { definition, since } = graph.definition(parent)
  const step = definition.intervalMs
  const starts: number[] = []
  for (let start = Math.max(from, since, graph.definition(stream).since); start < to; start += step) starts.push(start)
  return starts
}

type WindowNode = Extract<StreamNode, { kind: "window" }>

function windowParents(graph: StreamGraph, stream: StreamId, { parent, lengthMs, slideMs }: WindowNode, interval: number): RddNode[] {
  const end = interval + slideMs
  return parentIntervals(graph, stream, parent, end - lengthMs, end).map(start => rddOf(graph, parent, start))
}

/** The node with its functions under the name of their stream and interval, and so the parents of its wide nodes, where stages are cut. */
export function withinStream(of: Pick<StreamDefinition, "id" | "seed"> | null, interval: Interval, parent: RddNode): RddNode {
  if (parent.kind === "empty") return parent
  return { kind: "within", stream: of?.id ?? null, ...(of?.seed !== undefined && { seed: of.seed }), interval, parent }
}

type LiftNode = Extract<StreamNode, { kind: "lift" }>

/**
 * Parts that have no hole and do not ask for the interval are the same in each: their ids and their time do not name it, so that what a stream is
 * joined with is computed once.
 */
function lifted(graph: StreamGraph, definition: StreamDefinition, node: LiftNode, interval: number): RddNode {
  const moving: Place = {
    prefix: outputPrefix(definition, interval),
    interval: { from: interval, to: interval + definition.intervalMs },
  }
  const { since } = graph.definition(definition.id)
  const fixed: Place = {
    prefix: constantPrefix(definition),
    interval: { from: since, to: since + definition.intervalMs },
  }
  const placeOf = (child: RddNode) => (isMoving(child) ? moving : fixed)
  const place = (child: RddNode, path: string): RddNode => {
    if (child.kind === "hole") return rddOf(graph, node.parents[child.index]!, interval)
    if (child.kind === "slice") return expandSlice(graph, child, rddOf).rdd
    if (child.kind === "version") return expandVersion(graph, child, rddOf, stateVersion)
    if (child.kind === "threw") return knot.threwIn(graph, node.parents[child.index]!, moving.interval)
    if (child.kind === "aside" && child.parent.kind === "hole") return asideOf(graph, node.parents[child.parent.index]!, interval, child)
    const at = placeOf(child)
    const original = childrenOf(child)
    const wide = isWide(child)
    const placed = mapChildren(child, (grandchild, index) => {
      const below = place(grandchild, `${path}.${index}`)
      if (!wide) return below
      const scoped = withinStream(definition, placeOf(original[index]!).interval, below)
      return child.kind === "cogroup" && at === moving && placeOf(grandchild) === fixed
        ? gathered(scoped, child.partitions, `${fixed.prefix}:${path}.${index}`)
        : scoped
    })
    if (!wide || !isWide(placed) || placed.id !== undefined) return placed
    const id = `${at.prefix}:${path}`
    return placed.kind === "shuffled" && placed.aggregate.kind === "combine"
      ? { ...placed, id, parent: inLanes(graph, placed.parent, id) }
      : { ...placed, id }
  }
  return simplify(withinStream(definition, moving.interval, place(node.rdd, "0")))
}

/** Of an input also what was set aside before it came into any interval. */
function asideOf(graph: StreamGraph, stream: StreamId, interval: number, node: AsideNode): RddNode {
  const { definition, since } = graph.definition(stream)
  const rdd = rddOf(graph, stream, interval)
  const scope = { from: interval, to: interval + definition.intervalMs }
  // Records at which functions throw on the way are another's to tell of.
  const unread: RddNode = { ...node, parent: definition.node.kind === "input" ? rdd : settingAside(rdd, stream, scope) }
  const blocks = definition.node.kind === "input" && interval >= since ? (graph.aside?.(stream, interval) ?? []) : []
  if (blocks.length === 0) return unread
  const kept: RddNode = { kind: "setAside", stream, interval: scope, blocks }
  return { kind: "union", parents: [unread, kept] }
}

type AsideNode = Extract<RddNode, { kind: "aside" }>

interface Place {
  readonly prefix: string
  readonly interval: Interval
}

const moves = new WeakMap<RddNode, boolean>()

/** Whether the node is another one in each interval. Definitions are frozen, and asked this in each. */
function isMoving(node: RddNode): boolean {
  let known = moves.get(node)
  if (known === undefined) {
    known = node.kind === "hole" || node.kind === "threw" || isOfInterval(node) || childrenOf(node).some(isMoving)
    moves.set(node, known)
  }
  return known
}

/** Pairs brought to their key's partition under an id of their own, so that the join with them needs no shuffle. */
function gathered(parent: RddNode, partitions: number, id: string): RddNode {
  return {
    kind: "flatMapValues",
    parent: { kind: "shuffled", parent, partitions, aggregate: { kind: "group" }, id },
    f: { kind: "builtin", name: "identity" },
  }
}

function persisted(graph: StreamGraph, definition: StreamDefinition, interval: number, make: () => RddNode): RddNode {
  if (!definition.persist) return make()
  const id = `${outputPrefix(definition, interval)}:persisted`
  let rdd: RddNode
  try {
    rdd = asWished(graph, definition, interval, make)
  } catch (error) {
    const partitions = graph.kept?.(definition.id, interval, id)
    if (partitions === undefined || !(error instanceof RivuletError) || error.code !== 5) throw error
    return partitions === null ? nothing : keptAlone(definition.id, interval, id, partitions)
  }
  if (rdd.kind === "empty") return rdd
  return { kind: "stored", id, stream: definition.id, interval, partitions: partitionsOf(rdd), of: rdd }
}

/** Partitions that are kept longer than what they were made of: read where they are, and lost with their last copy. */
function keptAlone(stream: StreamId, interval: number, id: OutputId, partitions: number): RddNode {
  const groups = Array.from({ length: partitions }, (_, p) => [{ block: `${id}.${p}`, rows: 1, bytes: 0 }])
  const of: RddNode = { kind: "input", stream, interval, groups, format: { kind: "values" } }
  return { kind: "stored", id, stream, interval, partitions, of }
}

/** Of a block that stands for a partition which is kept alone: whose and when. Null: it is another. */
export function keptAloneIn(block: string): { readonly stream: StreamId; readonly interval: number } | null {
  const [, stream, interval] = /^([^~@:/]+)~\d+@(-?\d+):persisted\.\d+$/.exec(block) ?? []
  return stream === undefined ? null : { stream, interval: Number(interval) }
}

/** What a running stream takes in, without what its owner has it leave out of the interval. */
export function asWished(graph: StreamGraph, { id, node, intervalMs }: StreamDefinition, interval: number, make: () => RddNode): RddNode {
  const leftOut = graph.leftOut?.(id, interval) ?? null
  // It need not be there any more.
  if (leftOut === "interval") return nothing
  const rdd = make()
  const always = (node.kind === "state" || node.kind === "save") && node.onError === "setAside"
  return always || leftOut === "record" ? settingAside(rdd, id, { from: interval, to: interval + intervalMs }) : rdd
}

/**
 * The tree with all its functions' errors set aside. What its stages make differs from what they make for others, so it has
 * names of its own. What other running streams have stored stays as it is.
 */
export function settingAside(root: RddNode, forStream: StreamId, interval: Interval): RddNode {
  if (root.kind === "empty") return root
  const change = (node: RddNode): RddNode => {
    if (node.kind === "stored" || node.kind === "stateAt" || node.kind === "input") return node
    const changed = mapChildren(node, change)
    if (changed.kind === "within") return { ...changed, onError: "setAside" }
    return isWide(changed) && changed.id !== undefined ? { ...changed, id: `${changed.id}!${forStream}` } : changed
  }
  const changed = change(root)
  return changed.kind === "within" ? changed : { kind: "within", stream: forStream, interval, parent: changed, onError: "setAside" }
}

function notSealed({ name }: StreamDefinition, interval: number): RivuletError {
  return new RivuletError(`${name}: the interval ${new Date(interval).toISOString()} is not there: not sealed yet, or forgotten`, {
    code: 5,
    try: "ask for an interval that the stream has finished and still retains",
  })
}
