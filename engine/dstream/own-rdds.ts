/** The RDDs that a stream's definition holds: an operator's tree (with leaves where it joins an RDD), a state's initial one, a body's captured ones. */

import type { StreamNode } from "../definition.js"
import type { RddNode } from "../rdd.js"

export function rddsOf(node: StreamNode): readonly RddNode[] {
  if (node.kind === "foreachRDD") return node.holds ?? []
  if (node.kind === "lift") return [node.rdd]
  return node.kind === "state" && node.initial !== null ? [node.initial] : []
}

export function mapRdds(node: StreamNode, f: (rdd: RddNode) => RddNode): StreamNode {
  if (node.kind === "lift") return Object.freeze({ ...node, rdd: f(node.rdd) })
  if (node.kind === "state" && node.initial !== null) return Object.freeze({ ...node, initial: f(node.initial) })
  if (node.kind === "foreachRDD" && node.holds !== undefined) return Object.freeze({ ...node, holds: node.holds.map(f) })
  return node
}
