/**
 * The keyed states that an executor has at hand, each brought from version to version by the blocks of its chain. A cache only:
 * what a task reads or writes is the same when it begins with none.
 */

import type { Block } from "../block/block.js"
import type { InputRef } from "../rdd.js"
import type { StateRow } from "./delta.js"
import { KeyedState } from "./keyed-state.js"

/** One block of a chain. */
export interface ChainBlock {
  readonly interval: number
  readonly base: boolean
  /** Null: it has no bytes. */
  open(): Block | null
}

type StateRef = Extract<InputRef, { kind: "state" }>

export class StateCache {
  private readonly states = new Map<string, { readonly stream: string; readonly state: KeyedState }>()

  /** The state of one partition with all versions from the reference's `since` through `at`. `chain` is in order of intervals. */
  read(ref: StateRef, chain: readonly ChainBlock[]): KeyedState {
    const from = ref.since ?? ref.at
    const key = keyOf(ref.stream, ref.partition)
    const cached = this.states.get(key)?.state
    if (cached?.reaches(from) && !leavesGap(cached, chain)) {
      this.extend(cached, chain)
      return cached
    }
    const rebuilt = this.rebuild(from, chain)
    if (cached === undefined || rebuilt.newest >= cached.newest) this.keep(ref.stream, ref.partition, rebuilt)
    return rebuilt
  }

  /** A state of its own, which knows nothing of later versions. */
  rebuild(from: number, chain: readonly ChainBlock[]): KeyedState {
    const state = new KeyedState()
    const base = chain.findLastIndex(block => block.base && block.interval <= from)
    for (const block of chain.slice(Math.max(0, base))) state.apply(rowsOf(block), block.interval, block.base)
    return state
  }

  keep(stream: string, partition: number, state: KeyedState): void {
    this.states.set(keyOf(stream, partition), { stream, state })
  }

  /** Versions of the stream before the one in force at `before` will not be read again. */
  forget(stream: string, before: number): void {
    for (const entry of this.states.values()) if (entry.stream === stream) entry.state.forget(before)
  }

  private extend(state: KeyedState, chain: readonly ChainBlock[]): void {
    for (const block of chain) if (block.interval > state.newest) state.apply(rowsOf(block), block.interval, block.base)
  }
}

/**
 * Whether there may have been deltas after what is cached and before the base that the chain begins with: then they are not in
 * the chain any more, and of the base the rows of its own interval alone would not do.
 */
export function leavesGap(state: { readonly newest: number }, chain: readonly ChainBlock[]): boolean {
  const first = chain[0]
  return first?.base === true && first.interval > state.newest
}

const rowsOf = (block: ChainBlock) => (block.open()?.toArray() ?? []) as StateRow[]

const keyOf = (stream: string, partition: number) => `${partition} ${stream}`
