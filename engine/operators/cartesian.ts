/** cartesian: every record of one with every record of the other: partition (i, j) holds the pairs of partitions i and j. */

import type { CartesianNode, RddNode } from "../rdd.js"
import type { OperatorFactory } from "./operator.js"

export const cartesian: OperatorFactory<CartesianNode> = of => {
  const count = (node: RddNode) => of(node).partitions(node)
  const rights = (node: CartesianNode) => count(node.parents[1]!)
  const leftOf = (node: CartesianNode, p: number) => Math.floor(p / rights(node))
  const rightOf = (node: CartesianNode, p: number) => p % rights(node)
  return {
    partitions: node => count(node.parents[0]!) * rights(node),
    dependencies: node => [
      { kind: "narrow", parent: node.parents[0]!, from: p => [leftOf(node, p)] },
      { kind: "narrow", parent: node.parents[1]!, from: p => [rightOf(node, p)] },
    ],
    compute(node, partition, context, push) {
      const others: unknown[] = []
      context.compute(node.parents[1]!, rightOf(node, partition), value => void others.push(value))
      context.compute(node.parents[0]!, leftOf(node, partition), value => {
        for (const other of others) push([value, other])
      })
    },
    partitioner: () => null,
    reads: () => [],
  }
}
