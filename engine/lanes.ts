/**
 * Lanes: a second grouping of an interval's sealed blocks, for those whose map tasks were begun before the interval's end.
 *
 * The problem: the groups of a seal are runs of blocks in the order in which they were sent, and where such a run ends is known at the
 * interval's end alone. An executor that takes in blocks as they come (`kernel/folds.ts`) has those that came to it. The solution:
 * a seal also says who took in what, and for which reductions: those to which the order of records does not matter. They
 * read the lanes, all others the groups; who reads what is in the seal, so whoever computes it again reads the same.
 */

import type { StreamGraph } from "./graph.js"
import type { InputBlock, OutputId, RddNode } from "./rdd.js"
import { mapChildren } from "./tree.js"

export interface Lanes {
  /** By `readerOf`: whose map tasks read them. */
  readonly readers: readonly string[]
  /** Of each lane its blocks, in order: places in the list of all blocks of the seal's groups. Each block is in one lane. */
  readonly blocks: readonly (readonly number[])[]
}

/** What a reduction's map side is called in all intervals: its output without the interval. */
export function readerOf(output: OutputId): string {
  return output.replace(/@-?\d+/, "@")
}

/** The lanes as groups; null when this reader reads the seal's groups. */
export function laneGroups<B extends InputBlock>(
  { groups, lanes }: { readonly groups: readonly (readonly B[])[]; readonly lanes?: Lanes },
  reader: string,
): B[][] | null {
  if (lanes === undefined || !lanes.readers.includes(reader)) return null
  const all = groups.flat()
  return lanes.blocks.map(lane => lane.map(i => all[i]!))
}

/** The parent of a reduction whose map side makes `output`, with its inputs in the lanes that it reads. */
export function inLanes(graph: StreamGraph, parent: RddNode, output: OutputId): RddNode {
  if (graph.lanes === undefined) return parent
  const reader = readerOf(output)
  const change = (node: RddNode): RddNode => {
    if (node.kind === "input") {
      const groups = graph.lanes!(node.stream, node.interval, reader)
      return groups === null ? node : { ...node, groups }
    }
    return recordWise.has(node.kind) ? mapChildren(node, change) : node
  }
  return change(parent)
}

/** What kernels read through (`kernel/chain.ts`). */
const recordWise: ReadonlySet<RddNode["kind"]> = new Set(["within", "map", "flatMap", "filter", "mapValues", "keyBy", "union"] as const)
