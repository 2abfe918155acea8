/** map(f): each record becomes f(record). */

import type { FunctionNode } from "../rdd.js"
import { pipelined, skipped, type Unary } from "./operator.js"

export const map = pipelined<FunctionNode>((node, partition, context, push) => {
  const f = context.fn(node.f, "map", () => skipped) as Unary
  context.compute(node.parent, partition, value => {
    const made = f(value)
    if (made !== skipped) push(made)
  })
})
