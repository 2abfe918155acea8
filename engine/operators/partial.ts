/** partial: the half of an action that runs where the data is. Rows are for `finished` alone. */

import { startAction } from "../actions/eval.js"
import { enough } from "../actions/half.js"
import type { RddNode } from "../rdd.js"
import { pipelined } from "./operator.js"

type PartialNode = Extract<RddNode, { kind: "partial" }>

export const partial = pipelined<PartialNode>((node, partition, context, push) => {
  const rows = context.shortcut?.(node, partition) ?? null
  if (rows !== null) {
    for (const row of rows) push(row)
    return
  }
  const half = startAction(node.action, context, node.series ?? false)
  try {
    context.compute(node.parent, partition, half.add)
  } catch (error) {
    if (error !== enough) throw error
  }
  half.end(push)
})
