/** flatMap(f): each record becomes the elements of f(record). */

import type { FunctionNode } from "../rdd.js"
import { pipelined, pushAll, type Unary } from "./operator.js"

export const flatMap = pipelined<FunctionNode>((node, partition, context, push) => {
  const f = context.fn(node.f, "flatMap", () => []) as Unary
  context.compute(node.parent, partition, value => pushAll(f(value), push))
})
