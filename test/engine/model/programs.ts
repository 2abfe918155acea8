/** Short ways to write RDDs and streams in tables. */

import type { Action } from "../../../engine/actions/action.js"
import type { StreamId } from "../../../engine/definition.js"
import type { FunctionLink } from "../../../engine/function-ref.js"
import type { RddNode } from "../../../engine/rdd.js"
import type { TinyCluster } from "./tiny-cluster.js"

export const hole = (index = 0): RddNode => ({ kind: "hole", index })
export const slice = (stream: StreamId, from = -Infinity, to = Infinity): RddNode => ({ kind: "slice", stream, from, to })
export const version = (stream: StreamId, at = Infinity): RddNode => ({ kind: "version", stream, at })
export const identity: FunctionLink = { kind: "builtin", name: "identity" }
export const sum: FunctionLink = { kind: "builtin", name: "sum" }

export function reduceByKey(parent: RddNode, f: FunctionLink = sum, partitions = 3): RddNode {
  return { kind: "shuffled", parent, partitions, aggregate: { kind: "combine", create: identity, merge: f, combine: f, mapSide: true } }
}

export const groupByKey = (parent: RddNode, partitions = 3): RddNode => ({
  kind: "shuffled",
  parent,
  partitions,
  aggregate: { kind: "group" },
})

export const act = (parent: RddNode, action: Action, series = false): RddNode => ({
  kind: "finished",
  action,
  series,
  parent: { kind: "partial", parent, action, series },
})

/** Pairs in order of their keys' text, whatever partition they lie in. */
export function sorted(rows: unknown[]): unknown[] {
  return [...rows].sort((a, b) => (JSON.stringify(a)! < JSON.stringify(b)! ? -1 : 1))
}

/** The records or versions of each interval. */
export function intervalsOf(cluster: TinyCluster, stream: StreamId, n: number, step = cluster.intervalMs): unknown[][] {
  return Array.from({ length: n }, (_, i) => sorted(cluster.ask(version(stream, cluster.start + i * step))))
}
