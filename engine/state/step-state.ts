/** The step of each kind of keyed state: the previous version and the interval's input give the interval's changes (the paper's §3.2). */

import type { StateMigration, StateNode, TaskContext } from "../rdd.js"
import { copyValue } from "../values/copy-value.js"
import type { StateChange } from "./delta.js"
import { StateDraft } from "./draft.js"
import { KeyedState } from "./keyed-state.js"
import type { StateOp } from "./op.js"
import { reduceByEventTime } from "./reduce-by-event-time.js"
import { reduceByWindow } from "./reduce-by-window.js"
import { runningReduce } from "./running-reduce.js"
import type { Step } from "./step.js"
import { track } from "./track.js"
import { updateStateByKey } from "./update-state-by-key.js"

const steps: { readonly [K in StateOp["kind"]]: (step: Step<Extract<StateOp, { kind: K }>>) => void } = {
  runningReduce,
  reduceByWindow,
  track,
  reduceByEventTime,
  updateStateByKey,
}

/** The interval's changes of one partition, in an order that does not depend on who computes. */
export function stepState(node: StateNode, partition: number, context: TaskContext, previous: KeyedState, at: number): StateChange[] {
  const draft = new StateDraft(previous, at)
  const migrated = node.migrate !== undefined
  if (node.migrate !== undefined) migrate(node.migrate, context, previous, at, draft)
  if (node.initial !== null) {
    // Grouped by key: of several states for one key the last one counts.
    context.compute(node.initial, partition, pair => {
      const [key, states] = pair as readonly [unknown, readonly unknown[]]
      draft.set(key, states.at(-1))
    })
  }
  const run = steps[node.op.kind] as (step: Step) => void
  // After a migration all that there is lies in the draft: nothing of the version before counts.
  run({ node, op: node.op, partition, context, previous: migrated ? new KeyedState() : previous, at, draft })
  return draft.changes()
}

/** A new version of the definition begins: the state so far goes, or becomes what its owner's function makes of it. */
function migrate(migration: StateMigration, context: TaskContext, previous: KeyedState, at: number, draft: StateDraft): void {
  const f = migration.kind === "map" ? (context.fn(migration.f, "replace") as (state: unknown) => unknown) : null
  previous.forEach(at, (key, state) => {
    const next = f === null ? undefined : f(copyValue(state))
    if (next === undefined) draft.remove(key)
    else draft.set(key, next)
  })
}
