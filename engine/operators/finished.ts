/**
 * finished: everything in one partition, the partial results in partition order, then the other half of the action. What lies in
 * one partition already is finished where it lies: a question about one key is one task.
 */

import { finishAction } from "../actions/eval.js"
import type { RddNode } from "../rdd.js"
import { versionsOf } from "../tree.js"
import { idOf, narrow, type OperatorFactory } from "./operator.js"

type FinishedNode = Extract<RddNode, { kind: "finished" }>

export const finished: OperatorFactory<FinishedNode> = of => ({
  partitions: () => 1,
  dependencies(node) {
    const partitions = of(node.parent).partitions(node.parent)
    if (partitions === 0) return []
    if (partitions === 1) return [narrow(node.parent)]
    return [{ kind: "shuffle", parent: node.parent, output: idOf(node), write: { partitions: 1, by: "single" } }]
  },
  compute(node, _partition, context, push) {
    const half = finishAction(node.action, context, node.series ? versionsOf(node.parent) : null)
    const partitions = of(node.parent).partitions(node.parent)
    if (partitions === 1) context.compute(node.parent, 0, half.add)
    else if (partitions > 1) {
      for (const block of context.blocks({ kind: "shuffle", output: idOf(node), partition: 0 })) block.forEach(half.add)
    }
    half.end(push)
  },
  partitioner: () => null,
  reads: node => (of(node.parent).partitions(node.parent) > 1 ? [{ kind: "shuffle", output: idOf(node), partition: 0 }] : []),
})
