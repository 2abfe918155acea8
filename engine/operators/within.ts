/** within: the functions of the parent belong to this stream and interval; records pass through. */

import type { RddNode } from "../rdd.js"
import { pipelined } from "./operator.js"

type WithinNode = Extract<RddNode, { kind: "within" }>

export const within = pipelined<WithinNode>(
  (node, partition, context, push) =>
    context.derive({ stream: node.stream, interval: node.interval, partition }).compute(node.parent, partition, push),
  { keepsKeys: true },
)
