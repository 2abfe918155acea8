/** aside: in place of the parent's records, those that were set aside: `{ record, reason, error, operator, interval }` (API `Aside`). */

import { aggregator } from "../aggregate.js"
import type { RddNode } from "../rdd.js"
import { rewrite } from "../tree.js"
import { pipelined } from "./operator.js"

/** What would fail a stream is shown here. */
const lenient = (root: RddNode): RddNode =>
  rewrite(root, node => (node.kind === "input" && node.onBadRecord ? { ...node, onBadRecord: undefined } : node))

type AsideNode = Extract<RddNode, { kind: "aside" }>

export const aside = pipelined<AsideNode>(({ parent, operator: only, threw, aggregate }, partition, context, push) => {
  const { interval } = context
  const collecting = context.derive({
    setAside: (record, reason, error, operator) => {
      const wanted = threw ? reason === "threw" : only === undefined || only === operator
      if (wanted) push({ record, reason, error, operator, interval })
    },
  })
  if (threw) collecting.compute(parent, partition, aggregate === undefined ? () => {} : aggregator(aggregate, collecting).add)
  else collecting.compute(lenient(parent), partition, () => {})
})
