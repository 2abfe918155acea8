/**
 * What a state's task writes: the interval's delta, or in its place a whole new base, so that no chain grows longer than the
 * state it describes. Which of them follows from the chain's data alone: whoever computes the interval writes the same bytes.
 */

import { Block, encodeRows } from "../block/block.js"
import type { StateNode, TaskContext } from "../rdd.js"
import type { TaskOutput } from "../task.js"
import { deltaRows, type StateChange, type StateRow } from "./delta.js"
import { type ChainLength, KeyedState } from "./keyed-state.js"
import type { ChainBlock, StateCache } from "./state-cache.js"
import { stepState } from "./step-state.js"

/**
 * Each link of a chain costs whoever reads it a place in a message and an open, some 1.5 µs, each row of a base its writing, some 0.2. What
 * both come to together is least where links grow as the square root of rows, half of it; so many as are cheap anyway are not saved.
 */
const fewestDeltas = 12
const cheapDeltas = 64
const mostDeltas = 512
/** No base for its rows' sake before a chain has so many. */
const fewestRows = 1024

/** Runs the step of one partition, brings the cached state forward, and gives the block. `chain` is what the task was given. */
export function writeState(
  node: StateNode,
  partition: number,
  context: TaskContext,
  cache: StateCache,
  chain: readonly ChainBlock[],
): TaskOutput {
  return writeStep(node, partition, context, cache, chain, stateBefore(node, partition, context, cache))
}

/** The state that a step begins with. */
export function stateBefore(node: StateNode, partition: number, context: TaskContext, cache: StateCache): KeyedState {
  if (node.previous !== null) return context.state(node.stream, partition, node.previous.at)
  const state = new KeyedState()
  cache.keep(node.stream, partition, state)
  return state
}

/** As `writeState`; `state` is what the step before left, or is newer: what was computed before is computed again. */
export function writeStep(
  node: StateNode,
  partition: number,
  context: TaskContext,
  cache: StateCache,
  chain: readonly ChainBlock[],
  before: KeyedState,
): TaskOutput {
  const at = node.previous?.at ?? -Infinity
  let state = before
  const changes = stepState(node, partition, context, state, at)
  const keys = state.count(at) + births(changes, state, at)
  if (changes.length === 0) return { bytes: encodeRows([]), rows: 0, base: false, keys }
  const delta = encodeRows(deltaRows(changes))
  const base = needsBase(state.chain(at), changes.length, partition)
  if (state.newest > at) {
    // The cache is ahead: an older interval is computed again. Its versions stay as they are.
    if (!base) return { bytes: delta, rows: changes.length, base: false, keys }
    state = cache.rebuild(at, chain)
  }
  state.apply(asDecoded(deltaRows(changes), delta), node.interval, false)
  if (!base) return { bytes: delta, rows: changes.length, base: false, keys }
  const rows = state.base()
  state.rebased(keys)
  return { bytes: encodeRows(rows), rows: rows.length, base: true, keys }
}

/** `chain`: as of the version before. */
export function needsBase({ baseRows, deltas, deltaRows: before }: ChainLength, changes: number, partition: number): boolean {
  const root = Math.ceil(Math.sqrt(baseRows))
  const links = Math.max(fewestDeltas, Math.min(cheapDeltas, root), Math.min(mostDeltas, root >> 1))
  // Staggered, so that not all partitions write theirs in one interval.
  return before + changes >= Math.max(baseRows, fewestRows) || deltas + 1 >= links + ((partition * 7) % (links >> 1))
}

function births(changes: readonly StateChange[], state: KeyedState, at: number): number {
  let n = 0
  for (const { key, gone } of changes) {
    if (gone) n--
    else if (state.find(key, at) < 0) n++
  }
  return n
}

/** The rows as whoever reads the block gets them: objects are taken from it, for a user's function may still hold the originals. */
function asDecoded(rows: readonly StateRow[], bytes: Uint8Array): readonly StateRow[] {
  const isPlain = (value: unknown) => typeof value !== "object" || value === null
  if (rows.every(row => isPlain(row[0]) && isPlain(row[1]) && (row.length === 2 || isPlain(row[3])))) return rows
  return Block.of(bytes).toArray() as StateRow[]
}
