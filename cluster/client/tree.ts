/** Walks over nodes and definitions as the plain data they are. */

import type { StreamId, StreamNode } from "../../engine/definition.js"
import { rddsOf } from "../../engine/dstream/own-rdds.js"
import type { RddNode } from "../../engine/rdd.js"

export type Leaf = Extract<RddNode, { readonly kind: "slice" | "version" | "textFile" }>

/** The node with every slice, version and textFile leaf replaced; what does not change stays the same object. */
export function mapLeaves(node: RddNode, f: (leaf: Leaf) => RddNode): RddNode {
  if (node.kind === "slice" || node.kind === "version" || node.kind === "textFile") return f(node)
  const changed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(node)) {
    if (name === "parent" || name === "of") {
      const mapped = mapLeaves(value as RddNode, f)
      if (mapped !== value) changed[name] = mapped
    } else if (name === "parents" || name === "versions") {
      const mapped = (value as readonly RddNode[]).map(parent => mapLeaves(parent, f))
      if (mapped.some((parent, i) => parent !== (value as readonly RddNode[])[i])) changed[name] = mapped
    }
  }
  return Object.keys(changed).length === 0 ? node : (Object.freeze({ ...node, ...changed }) as RddNode)
}

export function leavesOf(node: RddNode): Leaf[] {
  const leaves: Leaf[] = []
  mapLeaves(node, leaf => {
    leaves.push(leaf)
    return leaf
  })
  return leaves
}

export function parentsOf(node: StreamNode): readonly StreamId[] {
  if (node.kind === "input") return []
  return node.kind === "lift" ? node.parents : [node.parent]
}

/** The streams that a definition is made of: its parents, and those whose slices or versions it joins with. */
export function streamsIn(node: StreamNode): StreamId[] {
  return [...parentsOf(node), ...rddsOf(node).flatMap(streamsOfRdd)]
}

export function streamsOfRdd(rdd: RddNode): StreamId[] {
  return leavesOf(rdd).flatMap(leaf => (leaf.kind === "textFile" ? [] : [leaf.stream]))
}
