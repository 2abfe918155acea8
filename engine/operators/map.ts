/** map(f): each record becomes f(record). */

import type { FunctionNode } from "../rdd.js"
import { pipelined, type Unary } from "./operator.js"

export const map = pipelined<FunctionNode>((node, partition, context, push) => {
  const f = context.fn(node.f, "map") as Unary
  context.compute(node.parent, partition, value => push(f(value)))
})
