/** setAside: the records that an input set aside when it was sealed, with why and which interval they were for (API `Aside`). */

import type { RddNode } from "../rdd.js"
import { showValue } from "../values/values.js"
import type { OperatorFactory } from "./operator.js"

type SetAsideNode = Extract<RddNode, { kind: "setAside" }>

export const setAside: OperatorFactory<SetAsideNode> = () => ({
  partitions: () => 1,
  dependencies: () => [],
  compute(node, _, context, push) {
    for (const { block, replay, reason, error } of node.blocks) {
      const length = node.interval.to - node.interval.from
      const from = replay?.interval ?? null
      const interval = from === null ? node.interval : { from, to: from + length }
      for (const part of context.blocks({ kind: "block", block })) {
        part.forEach(row => {
          const record = typeof row === "string" ? row : showValue(row)
          push({ record, reason, error, operator: "timestamp", interval })
        })
      }
    }
  },
  partitioner: () => null,
  reads: node => node.blocks.map(({ block, replay }) => ({ kind: "block", block, replay })),
})
