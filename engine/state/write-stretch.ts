/** The two sides of a stretch's tasks: `stretch.ts` says what they are for. */

import { Block } from "../block/block.js"
import type { StateNode, StretchNode } from "../rdd.js"
import { sectionOf, writeRegion } from "../shuffle-region.js"
import { stepOf } from "../stretch.js"
import type { TaskOutput } from "../task.js"
import { Context, type TaskScope } from "../task-context.js"
import type { KeyedState } from "./keyed-state.js"
import type { ChainBlock, StateCache } from "./state-cache.js"
import { stateBefore, writeStep } from "./write-state.js"

const nothing = new Uint8Array(0)

/** The map side: of each interval's region section p, one after the other, are section p of the whole. */
export function regionOfRegions(regions: readonly TaskOutput[], partitions: number): TaskOutput {
  const sectionRows = new Array<number>(partitions).fill(0)
  for (const { sectionRows: rows = [] } of regions) for (const [p, n] of rows.entries()) sectionRows[p]! += n
  const sections = sectionRows.map((rows, p) => {
    if (rows === 0) return nothing
    return writeRegion(
      regions.map(({ bytes }) => {
        const { offset, length } = sectionOf(bytes, p)
        return bytes.subarray(offset, offset + length)
      }),
    )
  })
  return { bytes: writeRegion(sections), rows: sectionRows.reduce((sum, n) => sum + n, 0), sectionRows }
}

/** Writes one step. `chain`: as of the version before. */
type WriteStep = (step: StateNode, context: Context, chain: readonly ChainBlock[]) => TaskOutput | null

/**
 * The reduce side: the steps of one partition, each as if it were the only one. An interval that brings it nothing has none. Null as soon as a
 * step gives null.
 */
export function writeStretch(stretch: StretchNode, partition: number, scope: TaskScope, write: WriteStep): TaskOutput[] | null {
  const { first, starts } = stretch
  const { stream, seed, intervalMs, onError, previous } = first
  const chain: ChainBlock[] = previous === null ? [] : scope.chain({ kind: "state", stream, partition, at: previous.at })
  const outputs: TaskOutput[] = []
  for (const [index, start] of starts.entries()) {
    const step = stepOf(stretch, index)
    if (step.input?.kind !== "shuffled" || !scope.hasStep(step.input.id!, partition, index)) continue
    scope.log.of(start)
    const context = new Context(scope, { stream, seed, interval: { from: start, to: start + intervalMs }, partition, onError })
    const output = write(step, context, chain)
    if (output === null) return null
    const { bytes, base = false } = output
    chain.push({ interval: start, base, open: () => Block.of(bytes) })
    outputs.push({ ...output, interval: start, output: step.id })
  }
  return outputs
}

/** Each step by its functions. */
export function stepsOf({ first }: StretchNode, partition: number, cache: StateCache): WriteStep {
  let state: KeyedState | null = null
  return (step, context, chain) => {
    state ??= stateBefore(first, partition, context, cache)
    return writeStep(step, partition, context, cache, chain, state)
  }
}
