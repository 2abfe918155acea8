/** aside: in place of the parent's records, those that were set aside: `{ record, reason, error, operator, interval }` (API `Aside`). */

import type { RddNode } from "../rdd.js"
import { pipelined } from "./operator.js"

type AsideNode = Extract<RddNode, { kind: "aside" }>

export const aside = pipelined<AsideNode>((node, partition, context, push) => {
  const { interval } = context
  const collecting = context.derive({
    setAside: (record, reason, error, operator) => push({ record, reason, error, operator, interval }),
  })
  collecting.compute(node.parent, partition, () => {})
})
