/** parallelize: a client's own records, one asset (an encoded block) a partition. */

import type { RddNode } from "../rdd.js"
import type { OperatorFactory } from "./operator.js"

type ParallelizeNode = Extract<RddNode, { kind: "parallelize" }>

export const parallelize: OperatorFactory<ParallelizeNode> = () => ({
  partitions: node => node.assets.length,
  dependencies: () => [],
  compute(node, partition, context, push) {
    for (const block of context.blocks({ kind: "asset", hash: node.assets[partition]! })) block.forEach(push)
  },
  partitioner: () => null,
  reads: (node, partition) => [{ kind: "asset", hash: node.assets[partition]! }],
})
