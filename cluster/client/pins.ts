/**
 * Leaves that are settled by their first use, so that an RDD is the same RDD whenever it is asked: `last("5m")` is
 * five minutes up to the interval that was newest then; `textFile` is the files as they were. Handles made of one another share
 * their leaf as an object, which is how they stay together.
 */

import type { RddNode } from "../../engine/rdd.js"
import type { AnswerStamp } from "../protocol.js"
import { type Leaf, leavesOf, mapLeaves } from "./tree.js"

type StreamLeaf = Extract<Leaf, { readonly kind: "slice" | "version" }>

export class Pins {
  readonly #pinned = new WeakMap<RddNode, RddNode>()

  get(leaf: Leaf): RddNode {
    return this.#pinned.get(leaf) ?? leaf
  }

  set(leaf: Leaf, settled: RddNode): void {
    this.#pinned.set(leaf, Object.freeze(settled))
  }

  /** The node with what is known of its leaves. */
  apply(node: RddNode): RddNode {
    return mapLeaves(node, leaf => this.get(leaf))
  }

  /** What an answer says about the leaf it came from, if there is only one that can be meant. */
  learn(asked: RddNode, stamp: AnswerStamp): void {
    const open = leavesOf(asked).filter((leaf): leaf is StreamLeaf => this.get(leaf) === leaf && isRelative(leaf))
    const [leaf] = open
    const { from, to } = stamp.intervals
    if (leaf === undefined || open.some(other => other !== leaf) || to <= from) return
    if (leaf.kind === "slice") this.set(leaf, { ...leaf, from, to })
    else if (leaf.read === undefined) this.set(leaf, { ...leaf, at: from })
  }
}

/** Whether the leaf depends on when it is asked. */
export function isRelative(leaf: Leaf): leaf is StreamLeaf {
  if (leaf.kind === "slice") return isRelativeTime(leaf.from) || isRelativeTime(leaf.to)
  return (
    leaf.kind === "version" &&
    (isRelativeTime(leaf.at) || (leaf.read !== undefined && "since" in leaf.read && isRelativeTime(leaf.read.since)))
  )
}

function isRelativeTime(time: number): boolean {
  return time < 0 || time === Number.POSITIVE_INFINITY
}
