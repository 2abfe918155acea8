/**
 * broadcast: a small RDD (the second parent, one partition) is given to every partition of a large one. `f(rows of the small one,
 * partition)` is called once a partition and gives what each record becomes: a function to none, one or several. So a record can
 * depend on what is known only of the whole: sizes of partitions, the least and the greatest.
 */

import type { BroadcastNode, Push, RddNode } from "../rdd.js"
import { idOf, type OperatorFactory, pushAll, type Unary } from "./operator.js"

export const broadcast: OperatorFactory<BroadcastNode> = of => {
  const data = (node: BroadcastNode): RddNode => node.parents[0]!
  return {
    partitions: node => of(data(node)).partitions(data(node)),
    dependencies: node => [
      { kind: "narrow", parent: data(node) },
      { kind: "shuffle", parent: node.parents[1]!, output: idOf(node), write: { partitions: 1, by: "single" } },
    ],
    compute(node, partition, context, push) {
      const rows: unknown[] = []
      const keep: Push = row => void rows.push(row)
      for (const block of context.blocks({ kind: "shuffle", output: idOf(node), partition: 0 })) block.forEach(keep)
      const make = context.fn(node.f, "broadcast") as (rows: readonly unknown[], partition: number) => Unary
      const f = make(rows, partition)
      context.compute(data(node), partition, value => pushAll(f(value), push))
    },
    partitioner: () => null,
    reads: node => [{ kind: "shuffle", output: idOf(node), partition: 0 }],
  }
}
