/** input: the sealed records of an interval, block by block, parsed on the way (the paper's §3: an input dataset). */

import type { InputBlocksNode } from "../rdd.js"
import type { OperatorFactory } from "./operator.js"

export const input: OperatorFactory<InputBlocksNode> = () => ({
  partitions: node => node.groups.length,
  dependencies: () => [],
  compute(node, partition, context, push) {
    const parse = context.parser(node.format, node.onBadRecord)
    for (const { block } of node.groups[partition]!) {
      for (const part of context.blocks({ kind: "block", block })) {
        if (parse === null) part.forEach(push)
        else {
          part.forEach(line => {
            parse(line as string, push)
          })
        }
      }
    }
  },
  partitioner: () => null,
  reads: (node, partition) => node.groups[partition]!.map(({ block, replay }) => ({ kind: "block", block, replay })),
})
