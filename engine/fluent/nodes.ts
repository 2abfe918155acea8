/**
 * RDD operators as node factories: one line each, the same for an RDD (parent: its node) and for a stream (parent: a hole
 * that is filled with the RDD of each interval).
 */

import type { Action } from "../actions/action.js"
import { precisionFor } from "../actions/distinct.js"
import { RivuletError } from "../errors.js"
import type { FunctionLink } from "../function-ref.js"
import type { CogroupNode, RddNode } from "../rdd.js"
import { childrenOf } from "../tree.js"
import { showValue } from "../values/values.js"

export const identity: FunctionLink = { kind: "builtin", name: "identity" }
export const first: FunctionLink = { kind: "builtin", name: "first" }
export const second: FunctionLink = { kind: "builtin", name: "second" }
export const one: FunctionLink = { kind: "builtin", name: "one" }
export const sum: FunctionLink = { kind: "builtin", name: "sum" }

type NarrowKind = "map" | "flatMap" | "filter" | "mapValues" | "flatMapValues" | "mapPartitions" | "keyBy"

export const hole = (index: number): RddNode => freeze({ kind: "hole", index })

export { nothing } from "../simplify.js"

/** Whether the node stands for RDDs of intervals to come. */
export const hasHole = (node: RddNode): boolean => node.kind === "hole" || childrenOf(node).some(hasHole)

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

/** Of the records with one key the last, in partition order. */
export const lastOfKey = (parent: RddNode, key: FunctionLink, later: FunctionLink, partitions: number): RddNode =>
  narrow("map", lastByKey(parent, key, later, partitions), second)

/** `[key, its last record]`. */
export const lastByKey = (parent: RddNode, key: FunctionLink, later: FunctionLink, partitions: number): RddNode =>
  reduceByKey(narrow("keyBy", parent, key), later, partitions)

/** `[value, how often]`. */
export const countByValue = (parent: RddNode, partitions: number): RddNode =>
  reduceByKey(narrow("mapValues", narrow("keyBy", parent, identity), one), sum, partitions)

export const cogroup = (parents: readonly RddNode[], join: CogroupNode["join"], partitions: number): RddNode =>
  freeze({ kind: "cogroup", parents, partitions, join })

export function sample(parent: RddNode, fraction: number, seed: number): RddNode {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new RivuletError(`sample: ${String(fraction)} is not a fraction`, { code: 2, try: "give a number from 0 to 1" })
  }
  return freeze({ kind: "sample", parent, fraction, seed: seedOf(seed, "sample") })
}

/** Samples of adjoining draws, one a weight. */
export function split(parent: RddNode, weights: readonly number[], seed: number): RddNode[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (weights.length === 0 || weights.some(weight => !(weight >= 0)) || !(total > 0) || !Number.isFinite(total)) {
    throw new RivuletError(`randomSplit: [${weights.join(", ")}] are not weights`, {
      code: 2,
      try: "give numbers of 0 or more, such as [9, 1]",
    })
  }
  seedOf(seed, "randomSplit")
  let before = 0
  return weights.map((weight, i) => {
    const from = before / total
    before += weight
    const to = i === weights.length - 1 ? 1 : before / total
    return freeze({ kind: "sample", parent, fraction: weight / total, seed, from, to })
  })
}

export const zip = (left: RddNode, right: RddNode): RddNode => freeze({ kind: "zip", parents: [left, right] })

export const persist = (parent: RddNode, id: string): RddNode => freeze({ kind: "persist", parent, id })

export const cartesian = (left: RddNode, right: RddNode): RddNode => freeze({ kind: "cartesian", parents: [left, right] })

export const broadcast = (data: RddNode, side: RddNode, f: FunctionLink): RddNode => freeze({ kind: "broadcast", parents: [data, side], f })

/** The half of an action that runs where the data is: an RDD of its partial rows. */
export const partial = (parent: RddNode, action: Action): RddNode => freeze({ kind: "partial", parent, action })

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

/** A finite number. */
export function seedOf(seed: number, what: string): number {
  if (Number.isFinite(seed)) return seed
  throw new RivuletError(`${what}: ${String(seed)} is not a seed`, { code: 2, try: "give a number" })
}

export function orderOf(order: unknown): "asc" | "desc" {
  if (order === "asc" || order === "desc") return order
  throw new RivuletError(`sortBy: ${String(order)} is not an order`, { code: 2, try: '"asc" or "desc"' })
}

/** Of a sketch that counts with this relative standard error. */
export function precisionOf(relativeError: number): number {
  if (relativeError >= 0.005 && relativeError < 1) return precisionFor(relativeError)
  throw new RivuletError(`countApproxDistinct: ${String(relativeError)} is not a relative error`, {
    code: 2,
    try: "give 0.005 or more, below 1, or ask distinct().count()",
  })
}

/** A record as the pair that it must be. */
export function pairOf(row: unknown, what: string): [key: unknown, value: unknown] {
  if (Array.isArray(row)) return row as [unknown, unknown]
  throw new RivuletError(`${what} works on pairs [key, value], not on ${showValue(row, 60)}`, {
    code: 2,
    try: "map(v => [key, value]) first",
  })
}

/** Nodes are data that many hold at once: none may change them. */
function freeze(node: RddNode): RddNode {
  if (Object.isFrozen(node)) return node
  for (const value of Object.values(node)) {
    if (typeof value === "object" && value !== null && !Object.isFrozen(value)) Object.freeze(value)
  }
  return Object.freeze(node)
}

export type SampleArguments = [n: number, seed?: number] | [withReplacement: boolean, n: number, seed?: number]

/** takeSample, in its own form or in Spark's. */
export function takenSample(args: SampleArguments, defaultSeed: number): Action {
  const [first, ...rest] = args
  const [n, seed = defaultSeed] = typeof first === "boolean" ? rest : [first, rest[0]]
  const replacement = first === true ? { replacement: first } : {}
  return { kind: "takeSample", n: countOf(n as number, "takeSample"), seed: seedOf(seed, "takeSample"), ...replacement }
}
