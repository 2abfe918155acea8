/** stored: partitions that are kept as blocks under an id: panes of windows, persisted streams. */

import type { StoredNode } from "../rdd.js"
import type { OperatorFactory } from "./operator.js"

export const stored: OperatorFactory<StoredNode> = of => ({
  partitions: node => node.partitions,
  dependencies: node => [{ kind: "stored", parent: node.of, output: node.id }],
  compute(node, partition, context, push) {
    for (const block of context.blocks({ kind: "output", output: node.id, partition })) block.forEach(push)
  },
  partitioner: node => of(node.of).partitioner(node.of),
  reads: (node, partition) => [{ kind: "output", output: node.id, partition }],
  readsOne:
    ({ id }) =>
    partition => ({ kind: "output", output: id, partition }),
})
