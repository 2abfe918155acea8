/** What the step of one kind of keyed state works on (`step-state.ts` runs it). */

import type { StateNode, TaskContext } from "../rdd.js"
import type { StateDraft } from "./draft.js"
import type { KeyedState } from "./keyed-state.js"
import type { StateOp } from "./op.js"

/** The draft begins with the `initial` rows in the stream's first interval. */
export interface Step<O extends StateOp = StateOp> {
  readonly node: StateNode
  readonly op: O
  readonly partition: number
  readonly context: TaskContext
  readonly previous: KeyedState
  /** The version to build on. */
  readonly at: number
  readonly draft: StateDraft
}
