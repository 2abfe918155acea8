/** within: the functions of the parent belong to this stream and interval; records pass through.
 * With `onError` those are set aside at which a function throws. */

import type { RddNode } from "../rdd.js"
import { pipelined } from "./operator.js"

type WithinNode = Extract<RddNode, { kind: "within" }>

export const within = pipelined<WithinNode>(
  ({ stream, seed, interval, parent, onError }, partition, context, push) =>
    context.derive({ stream, seed, interval, partition, ...(onError && { onError }) }).compute(parent, partition, push),
  { keepsKeys: true },
)
