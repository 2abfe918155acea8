/** keyBy(f): each record becomes [f(record), record]. */

import type { FunctionNode } from "../rdd.js"
import { pipelined, type Unary } from "./operator.js"

export const keyBy = pipelined<FunctionNode>((node, partition, context, push) => {
  const f = context.fn(node.f, "keyBy") as Unary
  context.compute(node.parent, partition, value => push([f(value), value]))
})
