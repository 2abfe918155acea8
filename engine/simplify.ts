/**
 * What is known to be empty needs no task: nothing was received, so nothing comes of it. Decided by the shape of the tree
 * alone, so that everyone who expands the same interval leaves out the same.
 */

import type { CogroupNode, RddNode } from "./rdd.js"
import { childrenOf, rewrite } from "./tree.js"

export const nothing: RddNode = Object.freeze({ kind: "empty" })

/** The tree without branches that cannot have a record; `empty` when none is left. */
export function simplify(root: RddNode): RddNode {
  return rewrite(root, simplifyNode)
}

/** One node whose children are simplified already. */
export function simplifyNode(node: RddNode): RddNode {
  switch (node.kind) {
    case "input":
      return node.groups.length === 0 ? nothing : node
    case "union": {
      const parents = node.parents.filter(parent => parent.kind !== "empty")
      if (parents.length === 1) return parents[0]!
      return parents.length === 0 ? nothing : parents.length === node.parents.length ? node : { ...node, parents }
    }
    case "cogroup":
      return needed[node.join](node.parents.map(parent => parent.kind === "empty")) ? node : nothing
    case "broadcast":
      return node.parents[0]!.kind === "empty" ? nothing : node
    case "cartesian":
      return node.parents.some(parent => parent.kind === "empty") ? nothing : node
    // Count of nothing is 0; versions keep their places; state goes on.
    case "finished":
    case "eachVersion":
    case "state":
      return node
    default: {
      const children = childrenOf(node)
      return children.length > 0 && children.every(child => child.kind === "empty") ? nothing : node
    }
  }
}

const needed: Readonly<Record<CogroupNode["join"], (empty: readonly boolean[]) => boolean>> = {
  cogroup: empty => !empty.every(Boolean),
  full: empty => !empty.every(Boolean),
  inner: empty => !empty.some(Boolean),
  left: empty => !empty[0],
  right: empty => !empty[1],
}
