/**
 * union: the parents' records. Parents that are all hashed alike are joined partition by partition, so that their keys stay
 * together (the windows of a keyed stream need no shuffle); else the partitions stand one after the other.
 */

import type { Dependency, Partitioner, RddNode } from "../rdd.js"
import type { OperatorFactory, OperatorOf } from "./operator.js"

type UnionNode = Extract<RddNode, { kind: "union" }>

function common(of: OperatorOf, node: UnionNode): Partitioner {
  const first = node.parents[0]
  const partitioner = first ? of(first).partitioner(first) : null
  return partitioner && node.parents.every(p => of(p).partitioner(p)?.partitions === partitioner.partitions) ? partitioner : null
}

export const union: OperatorFactory<UnionNode> = of => {
  const count = (parent: RddNode) => of(parent).partitions(parent)
  return {
    partitions: node => common(of, node)?.partitions ?? node.parents.reduce((n, parent) => n + count(parent), 0),
    dependencies(node) {
      if (common(of, node)) return node.parents.map(parent => ({ kind: "narrow", parent }))
      let begin = 0
      return node.parents.map((parent): Dependency => {
        const start = begin
        const n = count(parent)
        begin += n
        return { kind: "narrow", parent, from: p => (p >= start && p < start + n ? [p - start] : []) }
      })
    },
    compute(node, partition, context, push) {
      if (common(of, node)) {
        for (const parent of node.parents) context.compute(parent, partition, push)
        return
      }
      let rest = partition
      for (const parent of node.parents) {
        const n = count(parent)
        if (rest < n) {
          context.compute(parent, rest, push)
          return
        }
        rest -= n
      }
    },
    partitioner: node => common(of, node),
    reads: () => [],
  }
}
