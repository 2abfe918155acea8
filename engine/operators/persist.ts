/**
 * persist: its parent's records. A question keeps them as a stored RDD (dstream/query.ts); in a stream's definition, whose fixed
 * parts are kept anyway, it is nothing by itself.
 */

import type { PersistNode } from "../rdd.js"
import { pipelined } from "./operator.js"

export const persist = pipelined<PersistNode>((node, partition, context, push) => context.compute(node.parent, partition, push), {
  keepsKeys: true,
})
