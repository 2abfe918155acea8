/** filter(f): the records for which f holds. */

import { aPromise } from "../errors.js"
import type { FunctionNode } from "../rdd.js"
import { pipelined, type Unary } from "./operator.js"

export const filter = pipelined<FunctionNode>(
  (node, partition, context, push) => {
    const f = context.fn(node.f, "filter", () => false) as Unary
    context.compute(node.parent, partition, value => {
      const holds = f(value)
      // Always true, whatever it will come to.
      if (holds instanceof Promise) throw aPromise()
      if (holds) push(value)
    })
  },
  { keepsKeys: true },
)
