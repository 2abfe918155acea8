/** finished: everything in one partition, the partial results in partition order, then the other half of the action. */

import { finishAction } from "../action-eval.js"
import type { RddNode } from "../rdd.js"
import { versionsOf } from "../tree.js"
import { idOf, type OperatorFactory } from "./operator.js"

type FinishedNode = Extract<RddNode, { kind: "finished" }>

export const finished: OperatorFactory<FinishedNode> = of => ({
  partitions: () => 1,
  dependencies: node =>
    of(node.parent).partitions(node.parent) === 0
      ? []
      : [{ kind: "shuffle", parent: node.parent, output: idOf(node), write: { partitions: 1, by: "single" } }],
  compute(node, _partition, context, push) {
    const half = finishAction(node.action, context, node.series ? versionsOf(node.parent) : null)
    if (of(node.parent).partitions(node.parent) > 0) {
      for (const block of context.blocks({ kind: "shuffle", output: idOf(node), partition: 0 })) block.forEach(half.add)
    }
    half.end(push)
  },
  partitioner: () => null,
  reads: node => (of(node.parent).partitions(node.parent) === 0 ? [] : [{ kind: "shuffle", output: idOf(node), partition: 0 }]),
})
