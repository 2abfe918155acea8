/**
 * One interval's changes to a keyed state, over the version before. What is read through it are copies, so that a user's
 * function may change in place what it is given.
 */

import { SlotIndex } from "../keys/slot-index.js"
import { copyValue } from "../values/copy-value.js"
import type { StateChange } from "./delta.js"
import type { KeyedState } from "./keyed-state.js"

/** What a key holds: `null` state is a value; a key that is not there has no entry. */
export interface Entry {
  readonly state: unknown
  readonly auxiliary: unknown
}

export class StateDraft {
  private readonly slots = new SlotIndex()
  private readonly keys: unknown[] = []
  /** Undefined: removed. */
  private readonly entries: (Entry | undefined)[] = []

  /** `at`: the version before. */
  constructor(
    private readonly state: KeyedState,
    private readonly at: number,
  ) {}

  get(key: unknown): Entry | undefined {
    const slot = this.slots.find(key)
    if (slot !== undefined) return this.entries[slot]
    const row = this.state.find(key, this.at)
    return row < 0 ? undefined : { state: copyValue(this.state.value(row)), auxiliary: copyValue(this.state.auxiliary(row)) }
  }

  has(key: unknown): boolean {
    return this.slots.find(key) !== undefined
  }

  set(key: unknown, state: unknown, auxiliary: unknown = null): void {
    this.write(key, { state, auxiliary })
  }

  remove(key: unknown): void {
    this.write(key, undefined)
  }

  /** In the order in which keys were first written. A key that came and went within the interval is not among them. */
  changes(): StateChange[] {
    const changes: StateChange[] = []
    for (const [slot, key] of this.keys.entries()) {
      const entry = this.entries[slot]
      if (entry) changes.push({ key, state: entry.state, auxiliary: entry.auxiliary, gone: false })
      else if (this.state.find(key, this.at) >= 0) changes.push({ key, state: null, auxiliary: null, gone: true })
    }
    return changes
  }

  private write(key: unknown, entry: Entry | undefined): void {
    const slot = this.slots.find(key)
    if (slot !== undefined) {
      this.entries[slot] = entry
      return
    }
    this.slots.set(key, this.keys.push(key) - 1)
    this.entries.push(entry)
  }
}
