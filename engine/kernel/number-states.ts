/**
 * Steps of windowed reductions from text to numbers over columns, and the states that an executor has at hand for them. What a
 * step writes is, bit for bit, what its functions give (`state/reduce-by-window.ts`, `state/write-state.ts`).
 */

import { encodeRows } from "../block/block.js"
import type { FunctionLink } from "../function-ref.js"
import type { RddNode, StateNode, TaskContext } from "../rdd.js"
import { type ChainBlock, leavesGap } from "../state/state-cache.js"
import { needsBase } from "../state/write-state.js"
import type { TaskOutput } from "../task.js"
import { type PairColumns, pairColumns, stateColumns } from "./number-columns.js"
import { type Binary, NumberState } from "./number-state.js"
import { stateBlock } from "./state-block.js"

export class NumberStates {
  private readonly states = new Map<string, { readonly stream: string; readonly state: NumberState }>()

  /**
   * `counts`: what operators keep beside a value is how many contribute to it, as windowed reductions do. Who only reads takes any state: of `track` it
   * is a time, and a key is there with any.
   */
  constructor(private readonly counts: boolean) {}

  /**
   * The block of one partition's step; null: the functions must be called. `binary` gives a function of two numbers, null for one
   * that is not understood.
   */
  step(
    node: StateNode,
    partition: number,
    context: TaskContext,
    chain: () => readonly ChainBlock[],
    binary: (link: FunctionLink) => Binary | null,
  ): TaskOutput | null {
    const { op, window, initial, migrate, stream, previous, interval } = node
    if (op.kind !== "reduceByWindow" || op.inverse === null || !window || initial !== null || migrate !== undefined) return null
    const [f, inverse] = [binary(op.f), binary(op.inverse)]
    if (f === null || inverse === null) return null
    const [expired, added] = [panes(window.expired, partition, context), panes(window.added, partition, context)]
    if (expired === null || added === null) return null
    const at = previous?.at ?? -Infinity
    const name = `${partition} ${stream}`
    const state = previous === null ? new NumberState() : this.stateAt(stream, partition, at, chain())
    if (state === null) return null
    // Half a step must not be found by another task.
    const kept = this.states.get(name)?.state
    if (kept === state) this.states.delete(name)
    const links = state.chain
    state.begin(interval)
    for (const pane of expired) state.subtract(pane, inverse)
    for (const pane of added) state.add(pane, f)
    const changes = state.touchedCount
    const base = changes > 0 && needsBase(links, changes, partition)
    const slots = base ? baseSlots(state) : state.touched.subarray(0, changes)
    const bytes = changes === 0 ? encodeRows([]) : stateBlock(state, slots, interval)
    if (changes > 0) state.end(base)
    if (kept === state || previous === null || kept === undefined || kept.newest < state.newest) this.states.set(name, { stream, state })
    return { bytes, rows: slots.length, base, keys: state.keys }
  }

  /** The state at a version, for who only reads; null: it is no state from text to numbers. */
  read(stream: string, partition: number, at: number, chain: readonly ChainBlock[]): NumberState | null {
    const state = this.stateAt(stream, partition, at, chain)
    if (state === null) return null
    const name = `${partition} ${stream}`
    const kept = this.states.get(name)?.state
    if (kept === undefined || kept.newest < state.newest) this.states.set(name, { stream, state })
    return state
  }

  /** Versions of the stream before the one in force at `before` will not be read again: what has not moved since serves nobody. */
  forget(stream: string, before: number): void {
    for (const [name, entry] of this.states) if (entry.stream === stream && entry.state.newest < before) this.states.delete(name)
  }

  /** The state at version `at`: the one that is kept, brought forward, or one made from the chain. Null: it holds other things. */
  private stateAt(stream: string, partition: number, at: number, blocks: readonly ChainBlock[]): NumberState | null {
    // A task that reads several versions has the chain of the newest.
    const chain = blocks.filter(({ interval }) => interval <= at)
    const name = `${partition} ${stream}`
    const kept = this.states.get(name)?.state
    if (kept !== undefined && kept.newest <= at && !leavesGap(kept, chain)) return this.extended(kept, chain) ? kept : null
    const state = new NumberState()
    const base = chain.findLastIndex(block => block.base)
    const whole = this.extended(state, chain.slice(Math.max(0, base)))
    // One that stops where other things begin is kept too: so that the next step finds out as soon.
    if (!whole && (kept === undefined || kept.newest < state.newest)) this.states.set(name, { stream, state })
    return whole ? state : null
  }

  /** Whether all of the chain's blocks are columns; those before the first that is not have been taken in. */
  private extended(state: NumberState, chain: readonly ChainBlock[]): boolean {
    for (const block of chain) {
      if (block.interval <= state.newest) continue
      const opened = block.open()
      if (opened === null) continue
      const columns = stateColumns(opened)
      if (columns === null) return false
      state.apply(this.counts ? columns : { ...columns, counts: null }, block.interval, block.base)
    }
    return true
  }
}

/** All that are alive, in order of birth, then those that the step removed. */
function baseSlots(state: NumberState): Int32Array {
  const slots = new Int32Array(state.keys + state.touchedCount)
  let n = 0
  for (let slot = 0; slot < state.slots; slot++) if (state.count(slot) > 0) slots[n++] = slot
  for (let i = 0; i < state.touchedCount; i++) if (state.count(state.touched[i]!) === 0) slots[n++] = state.touched[i]!
  return slots.subarray(0, n)
}

/** Null: some are no pairs of text and number, or of numbers that cannot be subtracted again. */
function panes(nodes: readonly RddNode[], partition: number, context: TaskContext): PairColumns[] | null {
  const all: PairColumns[] = []
  for (const node of nodes) {
    if (node.kind !== "stored") return null
    for (const block of context.blocks({ kind: "output", output: node.id, partition })) {
      const columns = block.rows === 0 ? noPairs : pairColumns(block)
      if (columns === null || !allFinite(columns.numbers)) return null
      all.push(columns)
    }
  }
  return all
}

const noPairs: PairColumns = { data: new Uint8Array(0), offsets: new Int32Array(1), rows: 0, numbers: new Float64Array(0) }

function allFinite(numbers: Float64Array): boolean {
  // A sum of zeros, unless one of them is no number or infinite.
  let sum = 0
  for (let i = 0; i < numbers.length; i++) sum += numbers[i]! * 0
  return sum === 0
}
