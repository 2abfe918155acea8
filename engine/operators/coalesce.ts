/** coalesce(n): fewer partitions without a shuffle; neighbours are joined, in order. */

import type { RddNode } from "../rdd.js"
import type { OperatorFactory } from "./operator.js"

type CoalesceNode = Extract<RddNode, { kind: "coalesce" }>

export const coalesce: OperatorFactory<CoalesceNode> = of => {
  const parents = (node: CoalesceNode) => of(node.parent).partitions(node.parent)
  const partitions = (node: CoalesceNode) => Math.min(node.partitions, parents(node))
  const members = (node: CoalesceNode, partition: number): number[] => {
    const [n, m] = [parents(node), partitions(node)]
    const from = Math.floor((partition * n) / m)
    const to = Math.floor(((partition + 1) * n) / m)
    return Array.from({ length: to - from }, (_, i) => from + i)
  }
  return {
    partitions,
    dependencies: node => [{ kind: "narrow", parent: node.parent, from: p => members(node, p) }],
    compute(node, partition, context, push) {
      for (const p of members(node, partition)) context.compute(node.parent, p, push)
    },
    partitioner: () => null,
    reads: () => [],
  }
}
