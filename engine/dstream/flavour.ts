/**
 * The two kinds of D-Stream: of records, whose intervals are disjoint, and of snapshots, each interval a whole version.
 */

import type { StreamId, StreamNode } from "../definition.js"
import type { StreamGraph } from "../graph.js"

export type Flavour = "records" | "snapshot"

/** Follows from the operator; an output is what its parent is. */
export function flavourOf(graph: StreamGraph, stream: StreamId): Flavour {
  const { definition } = graph.definition(stream)
  if (definition.node.kind === "archive" || definition.node.kind === "save" || definition.node.kind === "foreachRDD")
    return flavourOf(graph, definition.node.parent)
  return definition.kind === "snapshot" || definition.kind === "state" ? "snapshot" : "records"
}

/** The streams that a stream is made of directly. */
export function parentsOf(graph: StreamGraph, stream: StreamId): readonly StreamId[] {
  return parentsIn(graph.definition(stream).definition.node)
}

export function parentsIn(node: StreamNode): readonly StreamId[] {
  if (node.kind === "input") return []
  return node.kind === "lift" ? node.parents : [node.parent]
}
