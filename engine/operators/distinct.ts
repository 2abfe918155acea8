/** distinct: each record once, by value, in order of first appearance. */

import { SlotIndex } from "../keys/slot-index.js"
import type { RddNode } from "../rdd.js"
import { idOf, type OperatorFactory } from "./operator.js"

type DistinctNode = Extract<RddNode, { kind: "distinct" }>

export const distinct: OperatorFactory<DistinctNode> = () => ({
  partitions: node => node.partitions,
  dependencies: node => [{ kind: "shuffle", parent: node.parent, output: idOf(node), write: { partitions: node.partitions, by: "value" } }],
  compute(node, partition, context, push) {
    const seen = new SlotIndex()
    for (const block of context.blocks({ kind: "shuffle", output: idOf(node), partition })) {
      block.forEach(value => {
        if (seen.find(value) !== undefined) return
        seen.set(value, 1)
        push(value)
      })
    }
  },
  partitioner: () => null,
  reads: (node, partition) => [{ kind: "shuffle", output: idOf(node), partition }],
})
