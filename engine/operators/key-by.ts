/** keyBy(f): each record becomes [f(record), record]. */

import type { FunctionNode } from "../rdd.js"
import { pipelined, skipped, type Unary } from "./operator.js"

export const keyBy = pipelined<FunctionNode>((node, partition, context, push) => {
  const f = context.fn(node.f, "keyBy", () => skipped) as Unary
  context.compute(node.parent, partition, value => {
    const key = f(value)
    if (key !== skipped) push([key, value])
  })
})
