/** mapValues(f): [key, value] becomes [key, f(value)]; keys stay where they are. */

import type { FunctionNode } from "../rdd.js"
import { type Pair, pipelined, skipped, type Unary } from "./operator.js"

export const mapValues = pipelined<FunctionNode>(
  (node, partition, context, push) => {
    const f = context.fn(node.f, "mapValues", () => skipped) as Unary
    context.compute(node.parent, partition, pair => {
      const value = f((pair as Pair)[1])
      if (value !== skipped) push([(pair as Pair)[0], value])
    })
  },
  { keepsKeys: true },
)
