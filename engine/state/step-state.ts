/** The step of each kind of keyed state: the previous version and the interval's input give the interval's changes (the paper's §3.2). */

import type { StateNode, TaskContext } from "../rdd.js"
import type { StateChange } from "./delta.js"
import { StateDraft } from "./draft.js"
import type { KeyedState } from "./keyed-state.js"
import type { StateOp } from "./op.js"
import { reduceByWindow } from "./reduce-by-window.js"
import { runningReduce } from "./running-reduce.js"
import type { Step } from "./step.js"
import { track } from "./track.js"
import { updateStateByKey } from "./update-state-by-key.js"

const steps: { readonly [K in StateOp["kind"]]: (step: Step<Extract<StateOp, { kind: K }>>) => void } = {
  runningReduce,
  reduceByWindow,
  track,
  updateStateByKey,
}

/** The interval's changes of one partition, in an order that does not depend on who computes. */
export function stepState(node: StateNode, partition: number, context: TaskContext, previous: KeyedState, at: number): StateChange[] {
  const draft = new StateDraft(previous, at)
  if (node.initial !== null) {
    // Grouped by key: of several states for one key the last one counts.
    context.compute(node.initial, partition, pair => {
      const [key, states] = pair as readonly [unknown, readonly unknown[]]
      draft.set(key, states.at(-1))
    })
  }
  const run = steps[node.op.kind] as (step: Step) => void
  run({ node, op: node.op, partition, context, previous, at, draft })
  return draft.changes()
}
