/** Map stages whose blocks can be folded before the interval's stage is there: what is the same of them in each interval. */

import { aggregatesEarly } from "../aggregate.js"
import { NotUnderstood } from "../expression/expression.js"
import { readerOf } from "../lanes.js"
import type { InputBlock, InputBlocksNode, RddNode } from "../rdd.js"
import type { StreamId } from "../stream-id.js"
import type { StageSpec } from "../task.js"
import { type Chain, chainOf, isStep } from "./chain.js"

/** The part of a map stage that reads one input. */
export interface FoldStage {
  /** Equal where the same is computed of the same input, in whatever interval. */
  readonly key: string
  readonly input: StreamId
  /** Of the stage that it was found in: the input's interval, and the partition's blocks. */
  readonly interval: number
  readonly blocks: readonly InputBlock[]
  /** The stage for these blocks alone, in partition 0. */
  with(blocks: readonly InputBlock[]): StageSpec
}

/** Null: it is no map side of a reduction by key over records of an input. Whether its functions are understood is not looked at. */
export function foldStageOf(stage: StageSpec, partition: number): FoldStage | null {
  const { write, output } = stage
  if (write.kind !== "shuffle" || write.by !== "key" || !aggregatesEarly(write.aggregate)) return null
  let chain: Chain
  try {
    chain = chainOf(stage.root, partition)
  } catch (error) {
    if (error instanceof NotUnderstood) return null
    throw error
  }
  const { input, nodes } = chain
  const plain = nodes.map(node =>
    isStep(node) ? { kind: node.kind, f: node.f } : { kind: node.kind, stream: node.stream, onError: node.onError },
  )
  const key = JSON.stringify([readerOf(output), input.stream, input.format, input.onBadRecord, plain, write])
  return {
    key,
    input: input.stream,
    interval: input.interval,
    blocks: input.groups[chain.partition]!,
    with: blocks => ({ ...stage, root: rootOver(chain, blocks), partitions: 1 }),
  }
}

function rootOver({ input, nodes }: Chain, blocks: readonly InputBlock[]): RddNode {
  let root: RddNode = { ...input, groups: [blocks] } satisfies InputBlocksNode
  for (const node of [...nodes].reverse()) root = { ...node, parent: root }
  return root
}
