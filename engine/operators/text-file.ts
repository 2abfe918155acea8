/** textFile: the lines of files, one split a partition. */

import type { RddNode } from "../rdd.js"
import type { OperatorFactory } from "./operator.js"

type TextFileNode = Extract<RddNode, { kind: "textFile" }>

export const textFile: OperatorFactory<TextFileNode> = () => ({
  partitions: node => node.splits.length,
  dependencies: () => [],
  compute: (node, partition, context, push) => context.lines(node.splits[partition]!, push),
  partitioner: () => null,
  reads: (node, partition) => [{ kind: "file", split: node.splits[partition]! }],
})
