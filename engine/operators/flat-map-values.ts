/** flatMapValues(f): [key, value] becomes [key, element] for each element of f(value); keys stay where they are. */

import type { FunctionNode } from "../rdd.js"
import { type Pair, pipelined, pushAll, type Unary } from "./operator.js"

export const flatMapValues = pipelined<FunctionNode>(
  (node, partition, context, push) => {
    const f = context.fn(node.f, "flatMapValues", () => []) as Unary
    context.compute(node.parent, partition, pair => {
      const key = (pair as Pair)[0]
      pushAll(f((pair as Pair)[1]), element => push([key, element]))
    })
  },
  { keepsKeys: true },
)
