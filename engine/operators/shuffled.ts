/**
 * shuffled: pairs come to their key's partition and are aggregated there (reduceByKey, groupByKey, combineByKey). Keys are in
 * order of first appearance, the maps' sections taken in map-task order. A parent that is hashed alike already needs no shuffle.
 */

import { aggregator, merger } from "../aggregate.js"
import type { InputRef, Push, ShuffledNode, TaskContext } from "../rdd.js"
import { idOf, isHashed, type OperatorFactory } from "./operator.js"

export const shuffled: OperatorFactory<ShuffledNode> = of => ({
  partitions: node => node.partitions,
  dependencies: node =>
    isHashed(of, node.parent, node.partitions)
      ? [{ kind: "narrow", parent: node.parent }]
      : [
          {
            kind: "shuffle",
            parent: node.parent,
            output: idOf(node),
            write: { partitions: node.partitions, by: "key", aggregate: node.aggregate },
          },
        ],
  compute(node, partition, context: TaskContext, push: Push) {
    if (isHashed(of, node.parent, node.partitions)) {
      const table = aggregator(node.aggregate, context)
      context.compute(node.parent, partition, table.add)
      table.forEach(push)
      return
    }
    const table = merger(node.aggregate, context)
    const { step } = node
    const ref: InputRef = { kind: "shuffle", output: idOf(node), partition, ...(step !== undefined && { step }) }
    for (const block of context.blocks(ref)) block.forEach(table.add)
    table.forEach(push)
  },
  partitioner: node => ({ kind: "hash", partitions: node.partitions }),
  reads: (node, partition) => (isHashed(of, node.parent, node.partitions) ? [] : [{ kind: "shuffle", output: idOf(node), partition }]),
  readsOne(node) {
    if (isHashed(of, node.parent, node.partitions)) return null
    const output = idOf(node)
    return partition => ({ kind: "shuffle", output, partition })
  },
})
