/** cut: the layout of what another stage makes. Its records come through blocks, never from here. */

import type { RddNode } from "../rdd.js"
import type { OperatorFactory } from "./operator.js"

type CutNode = Extract<RddNode, { kind: "cut" }>

export const cut: OperatorFactory<CutNode> = () => ({
  partitions: node => node.partitions,
  dependencies: () => [],
  compute() {
    throw new Error("what lies behind a cut is computed by its own stage")
  },
  partitioner: ({ hashed }) => (hashed === null ? null : { kind: "hash", partitions: hashed }),
  reads: () => [],
})
