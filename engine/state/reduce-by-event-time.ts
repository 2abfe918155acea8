/**
 * reduceByEventTime(length, f, { timestamp, correctFor }): the reduction of a key's values a window of event time (the
 * paper's §3.1, the second way with late records: results are corrected as they come). The state's keys are
 * `[window, key]`; what comes later than `correctFor` after a window's end was set aside before it got here.
 *
 * A window goes `timeoutMs` after its start. Like `track`'s keys it is looked at when its last change is that old; one that
 * had its last change before its own time (a clock ahead of ours) is written again, so that it is looked at once more.
 */

import type { StateOp } from "./op.js"
import { runningReduce } from "./running-reduce.js"
import type { Step } from "./step.js"
import { timeoutSpan } from "./track.js"

type EventTimeOp = Extract<StateOp, { kind: "reduceByEventTime" }>

export function reduceByEventTime(step: Step<EventTimeOp>): void {
  const { node, op, previous, at, draft } = step
  runningReduce({ ...step, op: { kind: "runningReduce", f: op.f } })
  const due = node.interval - timeoutSpan(op.timeoutMs, node.intervalMs)
  for (const row of previous.writtenIn(due, at)) {
    const key = previous.keyOf(row) as readonly [window: Date, key: unknown]
    if (draft.has(key)) continue
    if (key[0].getTime() + op.timeoutMs <= node.interval + node.intervalMs) draft.remove(key)
    else draft.set(key, draft.get(key)?.state)
  }
}
