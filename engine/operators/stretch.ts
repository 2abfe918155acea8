/**
 * stretch, stretchInput: several intervals of a keyed state in one task, and its map side (`engine/stretch.ts`). The task runner
 * goes through them interval by interval; here is only what they are made of.
 */

import type { RddNode } from "../rdd.js"
import { narrow, type OperatorFactory } from "./operator.js"

export const stretch: OperatorFactory<Extract<RddNode, { kind: "stretch" }>> = of => ({
  partitions: node => of(node.first).partitions(node.first),
  dependencies: node => [narrow(node.first)],
  compute() {
    throw new Error("a stretch is computed interval by interval")
  },
  partitioner: () => null,
  reads: () => [],
})

export const stretchInput: OperatorFactory<Extract<RddNode, { kind: "stretchInput" }>> = () => ({
  partitions: () => 1,
  dependencies: node => node.parents.map(narrow),
  compute() {
    throw new Error("the intervals of a stretch are shuffled one by one")
  },
  partitioner: () => null,
  reads: () => [],
})
