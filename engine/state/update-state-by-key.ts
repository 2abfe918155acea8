/**
 * updateStateByKey(update): called in each interval for every key that has a state and for every key that has values, with
 * the values (none for a silent key) and the state. `undefined` removes the key.
 */

import { SlotIndex } from "../keys/slot-index.js"
import { copyValue, isSame } from "../values/copy-value.js"
import type { StateOp } from "./op.js"
import type { Step } from "./step.js"

type UpdateOp = Extract<StateOp, { kind: "updateStateByKey" }>

export function updateStateByKey({ node, op, partition, context, previous, at, draft }: Step<UpdateOp>): void {
  const update = context.fn(op.update, "updateStateByKey", (_values: unknown, state: unknown) => state) as (
    values: unknown,
    state: unknown,
  ) => unknown
  const groups: (readonly [key: unknown, values: readonly unknown[]])[] = []
  const slots = new SlotIndex()
  if (node.input !== null) {
    context.compute(node.input, partition, pair => {
      const group = pair as readonly [unknown, readonly unknown[]]
      slots.set(group[0], groups.push(group) - 1)
    })
  }
  // An unchanged state writes no row: the silent keys of an interval cost their call, not more.
  const step = (key: unknown, values: readonly unknown[], before: unknown, seeded: boolean) => {
    const after = update(values, copyValue(before))
    if (after === undefined) draft.remove(key)
    else if (seeded || before === undefined || !isSame(before, after)) draft.set(key, after)
  }
  // The keys that have a state first, in order of birth; then those that the draft began with (initial ones, or all after a migration); then new ones.
  const done = new SlotIndex()
  const values = (key: unknown): readonly unknown[] => {
    done.set(key, 1)
    const slot = slots.find(key)
    return slot === undefined ? [] : groups[slot]![1]
  }
  previous.forEach(at, (key, state) => step(key, values(key), state, false))
  for (const { key, state, gone } of draft.changes()) if (!gone && done.find(key) === undefined) step(key, values(key), state, true)
  for (const [key, group] of groups) if (done.find(key) === undefined) step(key, group, undefined, false)
}
