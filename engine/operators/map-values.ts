/** mapValues(f): [key, value] becomes [key, f(value)]; keys stay where they are. */

import type { FunctionNode } from "../rdd.js"
import { type Pair, pipelined, type Unary } from "./operator.js"

export const mapValues = pipelined<FunctionNode>(
  (node, partition, context, push) => {
    const f = context.fn(node.f, "mapValues") as Unary
    context.compute(node.parent, partition, pair => push([(pair as Pair)[0], f((pair as Pair)[1])]))
  },
  { keepsKeys: true },
)
