/** runningReduce(f): the reduction of all values of a key so far. The input is this interval's reduction a key. */

import { skipped } from "../operators/operator.js"
import type { StateOp } from "./op.js"
import type { Step } from "./step.js"

export function runningReduce({ node, op, partition, context, draft }: Step<Extract<StateOp, { kind: "runningReduce" }>>): void {
  if (node.input === null) return
  const f = context.fn(op.f, "runningReduce", () => skipped) as (a: unknown, b: unknown) => unknown
  context.compute(node.input, partition, pair => {
    const [key, value] = pair as readonly [unknown, unknown]
    const before = draft.get(key)
    if (before === undefined) {
      draft.set(key, value)
      return
    }
    const after = f(before.state, value)
    if (after === skipped) return
    // A maximum that stands costs nothing. Objects may have been changed in place: they are written again.
    if (!Object.is(after, before.state) || typeof after === "object" || draft.has(key)) draft.set(key, after)
  })
}
