/**
 * reduceByWindow(length, f, inverse?, slide): per key, the reduction of the window's values (the paper's §3.2, figure 3). The
 * stream is cut in panes of gcd(length, slide), each reduced by key once and stored:
 *
 *        ┌────┬────┬────┬────┐
 *   k-1  │ p0 │ p1 │ p2 │ p3 │               length 4 panes, slide 1
 *        └────┼────┼────┼────┼────┐
 *   k         │ p1 │ p2 │ p3 │ p4 │          p0 expired, p4 added
 *             └────┴────┴────┴────┘
 *
 * With an inverse, k = (k-1 - p0) + p4, for the keys of these panes alone. A key's contribution count, the number of panes in
 * the window that have it, says when it is gone: subtracting need not give a zero. Without one, the keys of p0 and p4 are reduced
 * again over p1 … p4, which come as O(log w) spans of panes (dstream/spans.ts).
 *
 * A NaN or infinite value cannot be subtracted again (NaN - NaN is not 0). Such values never enter the running reduction:
 * they are kept beside it, with their pane, for as long as they are in the window.
 */

import { SlotIndex } from "../keys/slot-index.js"
import type { RddNode, StateNode } from "../rdd.js"
import { copyValue } from "../values/copy-value.js"
import type { StateOp } from "./op.js"
import type { Step } from "./step.js"

type WindowOp = Extract<StateOp, { kind: "reduceByWindow" }>
type WindowStep = Step<WindowOp>
type Binary = (a: unknown, b: unknown) => unknown

/** A value that cannot be reduced is left out. */
const keepFirst = (a: unknown) => a

export function reduceByWindow(step: WindowStep): void {
  if (!step.node.window) return
  if (step.op.inverse) slideByInverse(step, step.node.window)
  else slideByReducing(step, step.node.window)
}

// ── with an inverse ──────────────────────────────────────────────────────────────────────────────────────────────────

/** The auxiliary value is the contribution count, or this while the window holds values that cannot be subtracted. */
interface Mixed {
  readonly count: number
  /** The reduction of all others; absent when there are none. */
  readonly clean: readonly [unknown] | readonly []
  readonly foreign: readonly (readonly [pane: number, value: unknown])[]
}

function slideByInverse({ op, partition, context, draft }: WindowStep, window: NonNullable<StateNode["window"]>): void {
  const f = context.fn(op.f, "reduceByWindow", keepFirst) as Binary
  const inverse = context.fn(op.inverse!, "reduceByWindow inverse", keepFirst) as Binary
  const put = (key: unknown, { count, clean, foreign }: Mixed) => {
    if (count <= 0) {
      draft.remove(key)
      return
    }
    if (foreign.length === 0) {
      draft.set(key, clean[0], count)
      return
    }
    const values = [...clean, ...foreign.map(([, value]) => value)].map(copyValue)
    draft.set(
      key,
      values.reduce((a, b) => f(a, b)),
      { count, clean, foreign },
    )
  }
  const mixed = (key: unknown): Mixed | undefined => {
    const before = draft.get(key)
    if (before === undefined) return undefined
    return typeof before.auxiliary === "number"
      ? { count: before.auxiliary, clean: [before.state], foreign: [] }
      : (before.auxiliary as Mixed)
  }
  // What leaves goes first: a key that has nothing else left starts afresh, without rounding errors of its past.
  eachPane(window.expired, (pane, start) => {
    context.compute(pane, partition, pair => {
      const [key, value] = pair as readonly [unknown, unknown]
      const before = mixed(key)
      if (before === undefined) return
      const count = before.count - 1
      if (isForeign(value)) put(key, { count, clean: before.clean, foreign: before.foreign.filter(([from]) => from !== start) })
      else if (count === before.foreign.length) put(key, { count, clean: [], foreign: before.foreign })
      else put(key, { count, clean: [inverse(before.clean[0], value)], foreign: before.foreign })
    })
  })
  eachPane(window.added, (pane, start) => {
    context.compute(pane, partition, pair => {
      const [key, value] = pair as readonly [unknown, unknown]
      const { count, clean, foreign } = mixed(key) ?? { count: 0, clean: [] as const, foreign: [] }
      if (isForeign(value)) put(key, { count: count + 1, clean, foreign: [...foreign, [start, value]] })
      else put(key, { count: count + 1, clean: [clean.length === 0 ? value : f(clean[0], value)], foreign })
    })
  })
}

/** Holds a number that no subtraction takes away. */
function isForeign(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value)
  if (typeof value !== "object" || value === null || value instanceof Date) return false
  return Object.values(value).some(isForeign)
}

// ── without one ──────────────────────────────────────────────────────────────────────────────────────────────────────

function slideByReducing({ op, partition, context, draft }: WindowStep, window: NonNullable<StateNode["window"]>): void {
  const f = context.fn(op.f, "reduceByWindow", keepFirst) as Binary
  const touched: unknown[] = []
  const values: unknown[] = []
  const slots = new SlotIndex()
  const touch = (pair: unknown) => {
    const key = (pair as readonly unknown[])[0]
    if (slots.find(key) === undefined) slots.set(key, touched.push(key) - 1)
  }
  eachPane(window.expired, pane => context.compute(pane, partition, touch))
  eachPane(window.added, pane => context.compute(pane, partition, touch))
  if (touched.length === 0) return
  const found = new Uint8Array(touched.length)
  eachPane(window.inside, pane => {
    context.compute(pane, partition, pair => {
      const [key, value] = pair as readonly [unknown, unknown]
      const slot = slots.find(key)
      if (slot === undefined) return
      values[slot] = found[slot] ? f(values[slot], value) : value
      found[slot] = 1
    })
  })
  for (const [slot, key] of touched.entries()) {
    if (!found[slot]) draft.remove(key)
    else {
      const before = draft.get(key)
      const value = values[slot]
      if (before === undefined || typeof value === "object" || !Object.is(before.state, value)) draft.set(key, value)
    }
  }
}

function eachPane(panes: readonly RddNode[], f: (pane: RddNode, start: number) => void): void {
  for (const pane of panes) f(pane, pane.kind === "stored" ? pane.interval : Number.NaN)
}
