/** sample(fraction, seed): each record with that probability; the same records whoever computes it. */

import { random } from "../random.js"
import type { RddNode } from "../rdd.js"
import { pipelined } from "./operator.js"

type SampleNode = Extract<RddNode, { kind: "sample" }>

export const sample = pipelined<SampleNode>(
  (node, partition, context, push) => {
    const next = random(`${node.seed}/${partition}`)
    context.compute(node.parent, partition, value => {
      if (next() < node.fraction) push(value)
    })
  },
  { keepsKeys: true },
)
