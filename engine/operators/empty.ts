/** empty: no partition, no record. */

import type { RddNode } from "../rdd.js"
import type { OperatorFactory } from "./operator.js"

type EmptyNode = Extract<RddNode, { kind: "empty" }>

export const empty: OperatorFactory<EmptyNode> = () => ({
  partitions: () => 0,
  dependencies: () => [],
  compute: () => {},
  partitioner: () => null,
  reads: () => [],
})
