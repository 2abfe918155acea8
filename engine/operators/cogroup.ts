/**
 * cogroup and the joins of two or more keyed RDDs. A side that is hashed alike already (a state, a reduceByKey) stays where it
 * is; the others are shuffled to it (the paper's §4.1: control of partitioning). Keys are in order of first appearance, the
 * first side's first.
 */

import { SlotIndex } from "../keys/slot-index.js"
import type { CogroupNode, Dependency, Push } from "../rdd.js"
import { idOf, isHashed, type OperatorFactory, type Pair } from "./operator.js"

export const cogroup: OperatorFactory<CogroupNode> = of => {
  const outputOf = (node: CogroupNode, side: number) => `${idOf(node)}.${side}`
  const isEmpty = (node: CogroupNode, side: number) => of(node.parents[side]!).partitions(node.parents[side]!) === 0
  return {
    partitions: node => node.partitions,
    dependencies: node =>
      node.parents.flatMap((parent, side): Dependency[] =>
        isEmpty(node, side)
          ? []
          : isHashed(of, parent, node.partitions)
            ? [{ kind: "narrow", parent }]
            : [{ kind: "shuffle", parent, output: outputOf(node, side), write: { partitions: node.partitions, by: "key" } }],
      ),
    compute(node, partition, context, push) {
      const slots = new SlotIndex()
      const keys: unknown[] = []
      const sides: unknown[][][] = node.parents.map(() => [])
      for (const [side, parent] of node.parents.entries()) {
        if (isEmpty(node, side)) continue
        const values = sides[side]!
        const add: Push = pair => {
          const [key, value] = pair as Pair
          let slot = slots.find(key)
          if (slot === undefined) {
            slot = keys.push(key === 0 ? 0 : key) - 1
            slots.set(key, slot)
          }
          const list = values[slot]
          if (list === undefined) values[slot] = [value]
          else list.push(value)
        }
        if (isHashed(of, parent, node.partitions)) context.compute(parent, partition, add)
        else for (const block of context.blocks({ kind: "shuffle", output: outputOf(node, side), partition })) block.forEach(add)
      }
      const emit = joins[node.join]
      for (let slot = 0; slot < keys.length; slot++)
        emit(
          keys[slot],
          sides.map(values => values[slot] ?? []),
          push,
        )
    },
    partitioner: node => ({ kind: "hash", partitions: node.partitions }),
    reads: (node, partition) =>
      node.parents.flatMap((parent, side) =>
        isEmpty(node, side) || isHashed(of, parent, node.partitions) ? [] : [{ kind: "shuffle", output: outputOf(node, side), partition }],
      ),
  }
}

type Emit = (key: unknown, sides: readonly (readonly unknown[])[], push: Push) => void

const missing: readonly unknown[] = [undefined]
const orMissing = (values: readonly unknown[]) => (values.length > 0 ? values : missing)

function product(key: unknown, left: readonly unknown[], right: readonly unknown[], push: Push): void {
  for (const a of left) for (const b of right) push([key, [a, b]])
}

const joins: Readonly<Record<CogroupNode["join"], Emit>> = {
  cogroup: (key, sides, push) => push([key, sides]),
  inner: (key, [left, right], push) => product(key, left!, right!, push),
  left: (key, [left, right], push) => product(key, left!, orMissing(right!), push),
  right: (key, [left, right], push) => product(key, orMissing(left!), right!, push),
  full: (key, [left, right], push) => product(key, orMissing(left!), orMissing(right!), push),
}
