/**
 * What a running stream makes of an interval, and in which intervals there is something to make.
 */

import type { StateStreamNode, StreamId } from "../definition.js"
import type { StreamGraph } from "../graph.js"
import { archiveDirectory } from "../input/archive.js"
import { inLanes } from "../lanes.js"
import { archiveStage, expandIds, fileStage, stateStage, storeStage } from "../plan.js"
import type { RddNode, StateNode } from "../rdd.js"
import { simplify } from "../simplify.js"
import type { StageSpec } from "../task.js"
import { rewrite } from "../tree.js"
import { firstInterval, nextTimeout, nextVersion } from "./changes.js"
import { flavourOf } from "./flavour.js"
import { type WindowNode, windowOf } from "./panes.js"
import { asWished, outputPrefix, rddOf, stateVersion, withinStream } from "./rdd-of.js"
import { expandSlice, expandVersion } from "./slice.js"
import { type VersionAt, versionIn } from "./versions.js"

/**
 * The stage that a running stream must make for an interval; null when nothing can change in it, and for streams that make
 * nothing of their own (inputs, recipes; a `foreachRDD`, whose body gets a handle and asks).
 */
export function targetOf(graph: StreamGraph, stream: StreamId, interval: number): StageSpec | null {
  const version = versionIn(graph, stream, interval)
  const { definition, since } = version
  if (interval < since) return null
  const { node } = definition
  if (node.kind === "state") return stateTarget(graph, version, node, interval)
  if (node.kind === "archive") {
    const rdd = rddOf(graph, node.parent, interval)
    if (rdd.kind !== "input") return null
    const to = archiveDirectory(node.to, { intervalMs: definition.intervalMs, format: rdd.format.kind })
    // As they came: what they mean is said by whoever reads them.
    return archiveStage({ ...rdd, format: { kind: "values" } }, `${outputPrefix(definition, interval)}:archived`, {
      stream,
      interval: { from: interval, to: interval + definition.intervalMs },
      write: { kind: "archive", to },
    })
  }
  if (node.kind === "save") {
    const next = nextVersion(graph, stream, interval, interval + definition.intervalMs)
    const last = interval + definition.intervalMs - graph.definition(node.parent).definition.intervalMs
    const rdd = next === null ? null : asWished(graph, definition, interval, () => rddOf(graph, node.parent, last))
    if (rdd === null || rdd.kind === "empty") return null
    const { to, format, keyed } = node
    const snapshot = flavourOf(graph, stream) === "snapshot"
    return fileStage(rdd, `${outputPrefix(definition, interval)}:saved`, {
      stream,
      interval: { from: interval, to: interval + definition.intervalMs },
      write: { kind: "file", to, format, snapshot, ...(keyed && { keyed }) },
    })
  }
  if (!definition.persist) return null
  const rdd = rddOf(graph, stream, interval)
  return rdd.kind === "stored" ? storeStage(rdd) : null
}

/**
 * The first interval's start in (after, through) for which a stream has a job to do, null if there is none: `after` is an
 * interval's start (or -Infinity), `through` the end of what its parents have finished. Costs by the intervals that have
 * records, not by those that have none.
 */
export function nextChange(graph: StreamGraph, stream: StreamId, after: number, through: number): number | null {
  const { definition, since } = graph.definition(stream)
  const { intervalMs } = definition
  const begin = after === -Infinity ? since : after + intervalMs
  const before = through - intervalMs + 1
  const next = nextVersion(graph, stream, begin, before)
  return next !== null && next < before ? next : null
}

function stateTarget(graph: StreamGraph, version: VersionAt, node: StateStreamNode, interval: number): StageSpec | null {
  const { definition, since, begins, first: own } = version
  const { id: stream, intervalMs } = definition
  if (nextVersion(graph, stream, interval, interval + 1) === null) return null
  const leftOut = graph.leftOut?.(stream, interval) ?? null
  const migrate = own?.migrate
  const prefix = outputPrefix(definition, interval)
  const scope = { from: interval, to: interval + intervalMs }
  const previous = interval === since ? null : stateVersion(graph, stream, interval - intervalMs)
  const window = node.op.kind === "reduceByWindow" ? windowOf(graph, stream, node as WindowNode, interval, begins) : null
  const first = begins === since ? (firstInterval(graph, stream, interval + 1) ?? since) : begins
  const initial =
    node.initial === null || interval > first ? null : keyed(graph, expandLeaves(graph, node.initial), node, `${prefix}:initial`, true)
  const input =
    node.op.kind === "reduceByWindow"
      ? null
      : keyed(
          graph,
          asWished(graph, definition, interval, () => withinStream(definition, scope, rddOf(graph, node.parent, interval))),
          node,
          `${prefix}:in`,
          false,
        )
  const mayFallDue = nextTimeout(graph, stream, interval, interval + 1) !== null
  // Silent keys are called too; anything else without input changes nothing.
  if (!window && initial === null && input === null && !mayFallDue && node.op.kind !== "updateStateByKey" && migrate === undefined)
    return null
  const root: StateNode = {
    kind: "state",
    id: prefix,
    stream,
    ...(definition.seed !== undefined && { seed: definition.seed }),
    interval,
    intervalMs,
    op: node.op,
    partitions: node.partitions,
    previous: previous?.kind === "stateAt" ? previous : null,
    input,
    ...(window ? { window } : {}),
    initial,
    ...(node.onError === "setAside" || leftOut === "record" ? { onError: "setAside" } : {}),
    ...(migrate === undefined || previous?.kind !== "stateAt" ? {} : { migrate }),
  }
  return stateStage(root, mayFallDue)
}

/** Pairs, hash-partitioned as the state is: reduced where the state is a reduction, else grouped. */
function keyed(graph: StreamGraph, pairs: RddNode, { op, partitions }: StateStreamNode, id: string, group: boolean): RddNode | null {
  const parent = simplify(pairs)
  if (parent.kind === "empty") return null
  if (group || (op.kind !== "runningReduce" && op.kind !== "reduceByEventTime"))
    return { kind: "shuffled", parent: expandIds(parent, id), partitions, aggregate: { kind: "group" }, id }
  const { f } = op
  const create = { kind: "builtin", name: "identity" } as const
  const aggregate = { kind: "combine", create, merge: f, combine: f, mapSide: true } as const
  return { kind: "shuffled", parent: inLanes(graph, parent, id), partitions, aggregate, id }
}

/** An RDD that a definition holds, with its streams' ranges as they were fixed when it was accepted. */
function expandLeaves(graph: StreamGraph, rdd: RddNode): RddNode {
  return rewrite(rdd, node => {
    if (node.kind === "slice") return expandSlice(graph, node, rddOf).rdd
    return node.kind === "version" ? expandVersion(graph, node, rddOf, stateVersion) : node
  })
}
