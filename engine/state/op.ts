/** The kinds of keyed state, as plain data: what a definition says and what a state's RDD carries (the paper's §3.2). */

import type { FunctionLink } from "../function-ref.js"

export type StateOp =
  | { readonly kind: "runningReduce"; readonly f: FunctionLink }
  | {
      readonly kind: "reduceByWindow"
      readonly f: FunctionLink
      readonly inverse: FunctionLink | null
      readonly lengthMs: number
      readonly slideMs: number
    }
  | { readonly kind: "track"; readonly initialize: FunctionLink; readonly update: FunctionLink; readonly timeoutMs: number }
  /** Of pairs `[[window, key], value]`: `timeoutMs` after its start a window is gone. */
  | { readonly kind: "reduceByEventTime"; readonly f: FunctionLink; readonly timeoutMs: number }
  | { readonly kind: "updateStateByKey"; readonly update: FunctionLink }
