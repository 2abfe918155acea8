/**
 * sample(fraction, seed): each record with that probability; the same records whoever computes it. `from`: of the draws those in
 * [from, from + fraction), so that samples of one seed and adjoining ranges are disjoint and together everything (randomSplit).
 */

import { random } from "../random.js"
import type { RddNode } from "../rdd.js"
import { pipelined } from "./operator.js"

type SampleNode = Extract<RddNode, { kind: "sample" }>

export const sample = pipelined<SampleNode>(
  (node, partition, context, push) => {
    const next = random(`${node.seed}/${partition}`)
    const { from = 0, to = from + node.fraction } = node
    context.compute(node.parent, partition, value => {
      const drawn = next()
      if (drawn >= from && drawn < to) push(value)
    })
  },
  { keepsKeys: true },
)
