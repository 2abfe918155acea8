/**
 * RDD operators as node factories: one line each, the same for an RDD (parent: its node) and for a stream (parent: a hole
 * that is filled with the RDD of each interval).
 */

import type { Action } from "../action.js"
import { RivuletError } from "../errors.js"
import type { FunctionLink } from "../function-ref.js"
import type { CogroupNode, RddNode } from "../rdd.js"

export const identity: FunctionLink = { kind: "builtin", name: "identity" }
export const first: FunctionLink = { kind: "builtin", name: "first" }
export const second: FunctionLink = { kind: "builtin", name: "second" }
export const one: FunctionLink = { kind: "builtin", name: "one" }
export const sum: FunctionLink = { kind: "builtin", name: "sum" }

type NarrowKind = "map" | "flatMap" | "filter" | "mapValues" | "flatMapValues" | "mapPartitions" | "keyBy"

export const hole = (index: number): RddNode => freeze({ kind: "hole", index })

export const narrow = (kind: NarrowKind, parent: RddNode, f: FunctionLink): RddNode => freeze({ kind, parent, f })

export const union = (parents: readonly RddNode[]): RddNode => freeze({ kind: "union", parents })

export const distinct = (parent: RddNode, partitions: number): RddNode => freeze({ kind: "distinct", parent, partitions })

export const repartition = (parent: RddNode, partitions: number): RddNode =>
  freeze({ kind: "repartition", parent, partitions: atLeastOne(partitions, "repartition") })

export const coalesce = (parent: RddNode, partitions: number): RddNode =>
  freeze({ kind: "coalesce", parent, partitions: atLeastOne(partitions, "coalesce") })

export const combineByKey = (
  parent: RddNode,
  create: FunctionLink,
  merge: FunctionLink,
  combine: FunctionLink,
  partitions: number,
): RddNode =>
  freeze({
    kind: "shuffled",
    parent,
    partitions: atLeastOne(partitions, "partitions"),
    aggregate: { kind: "combine", create, merge, combine, mapSide: true },
  })

export const reduceByKey = (parent: RddNode, f: FunctionLink, partitions: number): RddNode =>
  combineByKey(parent, identity, f, f, partitions)

export const groupByKey = (parent: RddNode, partitions: number): RddNode =>
  freeze({ kind: "shuffled", parent, partitions: atLeastOne(partitions, "partitions"), aggregate: { kind: "group" } })

/** `[value, how often]`. */
export const countByValue = (parent: RddNode, partitions: number): RddNode =>
  reduceByKey(narrow("mapValues", narrow("keyBy", parent, identity), one), sum, partitions)

export const cogroup = (parents: readonly RddNode[], join: CogroupNode["join"], partitions: number): RddNode =>
  freeze({ kind: "cogroup", parents, partitions, join })

/** An action's two halves over all partitions: an RDD of one partition that holds the result's rows. */
export const act = (parent: RddNode, action: Action): RddNode =>
  freeze({ kind: "finished", action, parent: { kind: "partial", parent, action } })

/** The same, once a version: rows are `[index of the version, row]`. */
export const actOnEach = (parent: RddNode, action: Action): RddNode =>
  freeze({ kind: "finished", action, series: true, parent: { kind: "partial", parent, action, series: true } })

/** 1, 2, 3 …, or a RivuletError that names the number. */
export function atLeastOne(n: number, what: string): number {
  if (Number.isSafeInteger(n) && n >= 1) return n
  throw new RivuletError(`${what}: ${String(n)} is not a number of partitions`, { code: 2, try: "give a whole number, 1 or more" })
}

/** 0, 1, 2 …, or a RivuletError that names the number. */
export function countOf(n: number, what: string): number {
  if (Number.isSafeInteger(n) && n >= 0) return n
  throw new RivuletError(`${what}: ${String(n)} is not a number of records`, { code: 2, try: "give a whole number, 0 or more" })
}

/** Nodes are data that many hold at once: none may change them. */
function freeze(node: RddNode): RddNode {
  if (Object.isFrozen(node)) return node
  for (const value of Object.values(node)) {
    if (typeof value === "object" && value !== null && !Object.isFrozen(value)) Object.freeze(value)
  }
  return Object.freeze(node)
}
