/** filter(f): the records for which f holds. */

import type { FunctionNode } from "../rdd.js"
import { pipelined, type Unary } from "./operator.js"

export const filter = pipelined<FunctionNode>(
  (node, partition, context, push) => {
    const f = context.fn(node.f, "filter", () => false) as Unary
    context.compute(node.parent, partition, value => {
      if (f(value)) push(value)
    })
  },
  { keepsKeys: true },
)
