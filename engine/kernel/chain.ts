/** The chain of narrow operators between a stage's root and the input that one of its partitions reads. */

import { NotUnderstood } from "../expression/expression.js"
import type { FunctionLink } from "../function-ref.js"
import { operatorOf } from "../operators/index.js"
import type { FunctionNode, InputBlocksNode, RddNode } from "../rdd.js"

export interface ChainStep {
  readonly kind: "map" | "flatMap" | "filter" | "mapValues" | "keyBy"
  readonly f: FunctionLink
}

export interface Chain {
  readonly input: InputBlocksNode
  /** Of the input. */
  readonly partition: number
  /** From the input on. */
  readonly steps: readonly ChainStep[]
  /** All nodes that the partition's records go through, the root first, without the input and unions. */
  readonly nodes: readonly ChainNode[]
}

type StepNode = FunctionNode & { readonly kind: ChainStep["kind"] }

export type ChainNode = StepNode | Extract<RddNode, { kind: "within" }>

export const isStep = (node: ChainNode): node is StepNode => node.kind !== "within"

/** Throws NotUnderstood when something else stands between. */
export function chainOf(root: RddNode, rootPartition: number): Chain {
  const nodes: ChainNode[] = []
  let node = root
  let partition = rootPartition
  for (;;) {
    switch (node.kind) {
      case "map":
      case "flatMap":
      case "filter":
      case "mapValues":
      case "keyBy":
      // Whose functions they are matters to clocks and random numbers alone, which no expression has.
      case "within":
        nodes.push(node as ChainNode)
        node = node.parent
        break
      case "union": {
        const { parents }: Extract<RddNode, { kind: "union" }> = node
        if (operatorOf(node).partitioner(node) !== null) throw new NotUnderstood("joins what is partitioned alike")
        const at = partition
        let before = 0
        const parent = parents.find(one => {
          const n = operatorOf(one).partitions(one)
          before += n
          return at < before
        })
        if (parent === undefined) throw new NotUnderstood("has no such partition")
        partition = at - (before - operatorOf(parent).partitions(parent))
        node = parent
        break
      }
      case "input": {
        const steps = nodes.flatMap(one => (isStep(one) ? [{ kind: one.kind, f: one.f }] : []))
        return { input: node, partition, steps: steps.reverse(), nodes }
      }
      default:
        throw new NotUnderstood(`reads a ${node.kind}`)
    }
  }
}
