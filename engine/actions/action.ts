/**
 * Actions: what gives an answer. Each has two halves, so that the small half runs where the data is: `partial` over one
 * partition, `finish` over all partials in partition order. Both run on workers; a client only decodes rows.
 */

import type { FunctionLink } from "../function-ref.js"

export type Action =
  | { readonly kind: "collect"; readonly max: number }
  | { readonly kind: "count" }
  | { readonly kind: "take"; readonly n: number; readonly newest?: boolean }
  | { readonly kind: "first" }
  /** `by` null: pairs by their number, numbers by themselves. Ties go to the smaller key by code point. */
  | { readonly kind: "top"; readonly n: number; readonly by: FunctionLink | null; readonly order: "desc" | "asc" }
  | { readonly kind: "reduce"; readonly f: FunctionLink }
  | { readonly kind: "fold"; readonly zero: unknown; readonly f: FunctionLink }
  | { readonly kind: "aggregate"; readonly zero: unknown; readonly add: FunctionLink; readonly merge: FunctionLink }
  | { readonly kind: "countByValue" }
  | { readonly kind: "countByKey" }
  | { readonly kind: "lookup"; readonly key: unknown }
  /** Stable: records of equal rank stay in partition order. NaN comes last, whatever the order. */
  | { readonly kind: "sort"; readonly by: FunctionLink; readonly order: "desc" | "asc" }
  /** n records in random order, each with the same probability; the same seed takes the same. */
  | { readonly kind: "takeSample"; readonly n: number; readonly seed: number; readonly replacement?: true }
  /** How many different records there are, by a sketch of `2 ** precision` bytes. */
  | { readonly kind: "countApproxDistinct"; readonly precision: number }
  | { readonly kind: "stats" }

/** `finished` nodes carry the whole action; this alias marks the finishing half. */
export type ActionPart = Action
