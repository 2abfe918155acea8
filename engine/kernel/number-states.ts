/** The states from text to numbers that an executor has at hand as columns, a version each: brought forward by their chains' blocks, or made of them. */

import { type ChainBlock, leavesGap } from "../state/state-cache.js"
import { stateColumns } from "./number-columns.js"
import { NumberState } from "./number-state.js"

/**
 * What operators keep beside a value, for those who go on with a state: windowed reductions how many contribute to it, running ones nothing. Who
 * only reads takes any state: of `track` it is a time, and a key is there with any.
 */
export type Beside = "count" | "nothing" | "anything"

export class NumberStates {
  private readonly states = new Map<string, { readonly stream: string; readonly state: NumberState }>()

  constructor(private readonly beside: Beside) {}

  /** The state at a version, for who only reads; null: it is no state from text to numbers. */
  read(stream: string, partition: number, at: number, chain: readonly ChainBlock[]): NumberState | null {
    const state = this.stateAt(stream, partition, at, chain)
    if (state !== null) this.keep(stream, partition, state)
    return state
  }

  /** The state at a version, for who takes a step from there and gives it back to `keep`. At null it is empty. Null: it holds other things. */
  take(stream: string, partition: number, at: number | null, chain: () => readonly ChainBlock[]): NumberState | null {
    const state = at === null ? new NumberState() : this.stateAt(stream, partition, at, chain())
    const name = nameOf(stream, partition)
    // Half a step must not be found by another task.
    if (state !== null && (at === null || this.states.get(name)?.state === state)) this.states.delete(name)
    return state
  }

  /** The newest stays. */
  keep(stream: string, partition: number, state: NumberState): void {
    const name = nameOf(stream, partition)
    const kept = this.states.get(name)?.state
    if (kept === undefined || kept.newest < state.newest) this.states.set(name, { stream, state })
  }

  /** Versions of the stream before the one in force at `before` will not be read again: what has not moved since serves nobody. */
  forget(stream: string, before: number): void {
    for (const [name, entry] of this.states) if (entry.stream === stream && entry.state.newest < before) this.states.delete(name)
  }

  /** The state at version `at`: the one that is kept, brought forward, or one made from the chain. Null: it holds other things. */
  private stateAt(stream: string, partition: number, at: number, blocks: readonly ChainBlock[]): NumberState | null {
    // A task that reads several versions has the chain of the newest.
    const chain = blocks.filter(({ interval }) => interval <= at)
    const kept = this.states.get(nameOf(stream, partition))?.state
    if (kept !== undefined && kept.newest <= at && !leavesGap(kept, chain)) return this.extended(kept, chain) ? kept : null
    const state = new NumberState()
    const base = chain.findLastIndex(block => block.base)
    const whole = this.extended(state, chain.slice(Math.max(0, base)))
    // One that stops where other things begin is kept too: so that the next step finds out as soon.
    if (!whole) this.keep(stream, partition, state)
    return whole ? state : null
  }

  /** Whether all of the chain's blocks are columns; those before the first that is not have been taken in. */
  private extended(state: NumberState, chain: readonly ChainBlock[]): boolean {
    const { beside } = this
    for (const block of chain) {
      if (block.interval <= state.newest) continue
      const opened = block.open()
      if (opened === null) continue
      const columns = stateColumns(opened)
      if (columns === null || (beside === "nothing" && columns.counts !== null)) return false
      state.apply(beside === "count" ? columns : { ...columns, counts: null }, block.interval, block.base)
    }
    return true
  }
}

const nameOf = (stream: string, partition: number): string => `${partition} ${stream}`
