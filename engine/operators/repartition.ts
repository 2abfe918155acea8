/** repartition(n): a shuffle into n partitions of equal size, whatever the records are. */

import type { RddNode } from "../rdd.js"
import { idOf, type OperatorFactory } from "./operator.js"

type RepartitionNode = Extract<RddNode, { kind: "repartition" }>

export const repartition: OperatorFactory<RepartitionNode> = () => ({
  partitions: node => node.partitions,
  dependencies: node => [
    { kind: "shuffle", parent: node.parent, output: idOf(node), write: { partitions: node.partitions, by: "spread" } },
  ],
  compute(node, partition, context, push) {
    for (const block of context.blocks({ kind: "shuffle", output: idOf(node), partition })) block.forEach(push)
  },
  partitioner: () => null,
  reads: (node, partition) => [{ kind: "shuffle", output: idOf(node), partition }],
})
