/** hole, threw, slice, version: what the planner replaces before anything is asked of it. */

import type { RddNode } from "../rdd.js"
import type { OperatorFactory } from "./operator.js"

const refuse = (node: RddNode): never => {
  throw new Error(`${node.kind} is not planned yet: rddOf or expandQuery replaces it`)
}

export const unplanned: OperatorFactory<RddNode> = () => ({
  partitions: refuse,
  dependencies: refuse,
  compute: refuse,
  partitioner: refuse,
  reads: refuse,
})
