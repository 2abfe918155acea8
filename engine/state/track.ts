/**
 * track(initialize, update, timeout): the state of each key over its events (the paper's §3.2). Events come first, then
 * timeouts: a key last seen in interval k is gone in interval k + ⌈timeout / interval⌉ unless an event renews it there.
 *
 * Every event writes the key's row, so the interval in which a row was written is when its key was last seen, and what falls
 * due now is exactly what was written ⌈timeout / interval⌉ intervals ago and still stands: no wheel to keep or to lose.
 */

import type { StateOp } from "./op.js"
import type { Step } from "./step.js"

type TrackOp = Extract<StateOp, { kind: "track" }>

/** How long after the interval in which a key was last seen it goes, in ms: a multiple of the interval. */
export function timeoutSpan(timeoutMs: number, intervalMs: number): number {
  return Math.max(1, Math.ceil(timeoutMs / intervalMs)) * intervalMs
}

export function track({ node, op, partition, context, previous, at, draft }: Step<TrackOp>): void {
  const initialize = context.fn(op.initialize, "track", () => null) as (key: unknown, event: unknown) => unknown
  const update = context.fn(op.update, "track", (_key: unknown, state: unknown) => state) as (
    key: unknown,
    state: unknown,
    event: unknown,
  ) => unknown
  if (node.input !== null) {
    context.compute(node.input, partition, pair => {
      const [key, events] = pair as readonly [unknown, readonly unknown[]]
      const before = draft.get(key)
      let there = before !== undefined
      let state = before?.state
      for (const event of events) {
        state = there ? update(key, state, event) : initialize(key, event)
        there = state !== null && state !== undefined
      }
      if (there) draft.set(key, state)
      else draft.remove(key)
    })
  }
  const due = node.interval - timeoutSpan(op.timeoutMs, node.intervalMs)
  for (const row of previous.writtenIn(due, at)) {
    const key = previous.keyOf(row)
    if (!draft.has(key)) draft.remove(key)
  }
}
