/**
 * The two kinds of D-Stream: of records, whose intervals are disjoint, and of snapshots, each interval a whole version.
 */

import type { StreamId, StreamNode } from "../definition.js"
import type { StreamGraph } from "../graph.js"
import type { RddNode } from "../rdd.js"
import { isOfInterval, walk } from "../tree.js"

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

const watched = new WeakMap<RddNode, readonly StreamId[]>()

/** The parents of which only what their functions set aside is read. They need not have the same interval. Definitions are frozen, and asked this often. */
export function watchedIn(node: StreamNode): readonly StreamId[] {
  if (node.kind !== "lift") return none
  let known = watched.get(node.rdd)
  if (known === undefined) {
    const indexes: number[] = []
    walk(node.rdd, child => {
      if (child.kind === "threw") indexes.push(child.index)
    })
    known = indexes.length === 0 ? none : indexes.map(index => node.parents[index]!)
    watched.set(node.rdd, known)
  }
  return known
}

const byInterval = new WeakMap<RddNode, boolean>()

/** Whether a function of the RDD is given the interval that it runs in: then each version may be another, though nothing came. */
export function isByInterval(rdd: RddNode): boolean {
  let known = byInterval.get(rdd)
  if (known === undefined) {
    known = false
    walk(rdd, node => {
      known ||= isOfInterval(node)
    })
    byInterval.set(rdd, known)
  }
  return known
}

const none: readonly StreamId[] = []
