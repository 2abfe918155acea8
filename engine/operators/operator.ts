/**
 * What the files of this directory share. An operator that asks about its parents gets the look-up (`of`) when it is made,
 * so that no operator knows the list of them.
 */

import { aPromise, RivuletError } from "../errors.js"
import type { Dependency, Operator, Push, RddNode, TaskContext } from "../rdd.js"
import { showValue } from "../values/values.js"

export type OperatorOf = (node: RddNode) => Operator
export type OperatorFactory<N extends RddNode> = (of: OperatorOf) => Operator<N>

/** A user's function of one value. What it is given and gives is known to the user only. */
export type Unary = (value: unknown) => unknown
export type Binary = (a: unknown, b: unknown) => unknown
export type Pair = readonly [key: unknown, value: unknown]

/** What a function gives that threw on a record which is set aside: nothing is made of it. */
export const skipped: unique symbol = Symbol("skipped")

type OneParent = RddNode & { readonly parent: RddNode }

/** A narrow operator of one parent, partition by partition. `keepsKeys`: a record's key stays as it is. */
export function pipelined<N extends OneParent>(
  compute: (node: N, partition: number, context: TaskContext, push: Push) => void,
  options: { readonly keepsKeys?: boolean } = {},
): OperatorFactory<N> {
  return of => ({
    partitions: node => of(node.parent).partitions(node.parent),
    dependencies: node => [{ kind: "narrow", parent: node.parent }],
    compute,
    partitioner: node => (options.keepsKeys ? of(node.parent).partitioner(node.parent) : null),
    reads: () => [],
    readsOne: () => null,
  })
}

/** Pushes what a user's function gave: each element of an iterable. */
export function pushAll(values: unknown, push: Push): void {
  if (Array.isArray(values)) for (let i = 0; i < values.length; i++) push(values[i])
  else {
    if (typeof (values as Iterable<unknown> | null | undefined)?.[Symbol.iterator] !== "function") throw notIterable(values)
    for (const value of values as Iterable<unknown>) push(value)
  }
}

function notIterable(given: unknown): RivuletError {
  if (given instanceof Promise) return aPromise()
  return new RivuletError(`the function gives ${showValue(given)}, which is no array and no other iterable`, {
    try: "give back an array: [value], or [] for no record",
  })
}

/** True when the RDD's keys already lie where hash partitioning into so many partitions puts them. */
export function isHashed(of: OperatorOf, node: RddNode, partitions: number): boolean {
  return of(node).partitioner(node)?.partitions === partitions
}

export const narrow = (parent: RddNode): Dependency => ({ kind: "narrow", parent })

/** The id that `expandIds` gave; an RDD without one has not been planned. */
export function idOf(node: { readonly kind: string; readonly id?: string }): string {
  if (node.id === undefined) throw new Error(`${node.kind} has no id: expandIds comes first`)
  return node.id
}
