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

interface Cached {
  readonly stream: string
  state: KeyedState
  /** What the newest version was before the task that runs, and the earliest that it has read; null when it has read none. */
  read: { readonly newest: number; readonly from: number } | null
  /** How long before the newest version tasks read, as of late. */
  behindMs: number
}

/** Each task that reads newer versions takes so much off what `behindMs` was. */
const forgetShare = 1 / 16

export class StateCache {
  private readonly states = new Map<string, Cached>()

  /** `frugal`: versions before those that tasks read as of late are not kept, though they may be read again: then they are made of their chain. */
  constructor(private readonly frugal = false) {}

  /** The state of one partition with all versions from the reference's `since` through `at`. `chain` is in order of intervals. */
  read(ref: StateRef, chain: readonly ChainBlock[]): KeyedState {
    const from = ref.since ?? ref.at
    const key = keyOf(ref.stream, ref.partition)
    const entry = this.states.get(key)
    const cached = entry?.state
    if (entry !== undefined) {
      const { newest = entry.state.newest, from: earlier = from } = entry.read ?? {}
      entry.read = { newest, from: Math.min(earlier, from) }
    }
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
    const key = keyOf(stream, partition)
    const entry = this.states.get(key)
    if (entry === undefined) this.states.set(key, { stream, state, read: null, behindMs: 0 })
    else entry.state = state
  }

  /** A task is over: nobody holds a state that it has read. */
  settle(): void {
    if (!this.frugal) return
    for (const entry of this.states.values()) {
      if (entry.read === null) continue
      const { newest, from } = entry.read
      entry.read = null
      const behindMs = newest - from
      entry.behindMs = Math.max(Number.isFinite(behindMs) ? behindMs : 0, entry.behindMs * (1 - forgetShare))
      entry.state.forget(Math.max(newest, from) - entry.behindMs)
    }
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
