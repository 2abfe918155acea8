/**
 * A user's function as data (DESIGN: functions are copies). `source` is its JavaScript text, `captured` the values of
 * its free variables as they were when the operator was called, `hash` names both. Built-in functions (`sum`, the
 * count of an action …) are named, not shipped.
 *
 * This file is types only: `capture/` makes a FunctionRef out of a live closure (client side), `compile.ts` makes a
 * callable out of a FunctionRef (executor side).
 */

export type FunctionHash = string

/** What a definition node holds: a reference by name or by hash. The body travels apart, once, as an Asset. */
export type FunctionLink =
  | { readonly kind: "builtin"; readonly name: BuiltinName }
  | { readonly kind: "function"; readonly hash: FunctionHash }

export type BuiltinName = "sum" | "max" | "min" | "identity" | "first" | "second" | "one"

export interface FunctionRef {
  readonly kind: "function"
  readonly hash: FunctionHash
  /** An expression whose value is the function: arrow, function expression, or a method rewritten as one. */
  readonly source: string
  /** Free variables in order of name. Values are plain data, or nested functions and classes. */
  readonly captured: readonly Captured[]
  /** Where the user wrote it: for messages. `line` is 1-based within `text`, the cell or file excerpt. */
  readonly origin?: Origin
}

export interface Captured {
  readonly name: string
  readonly value: CapturedValue
}

export type CapturedValue =
  /** Structured data, serialised by `values.ts` (numbers incl. NaN/-0, bigint, Date, RegExp, Map, Set, typed arrays, plain objects …). */
  | { readonly kind: "data"; readonly bytes: Uint8Array; readonly shown: string }
  | { readonly kind: "function"; readonly ref: FunctionRef }
  | { readonly kind: "class"; readonly name: string; readonly source: string; readonly captured: readonly Captured[] }
  | { readonly kind: "builtin"; readonly name: BuiltinName }

export interface Origin {
  readonly file: string
  readonly line: number
  readonly column: number
  /** The user's own text of the line, so that an error can show it. */
  readonly text: string
}

/** Opaque bytes that travel once per worker by hash: functions, and the data of `parallelize`. */
export interface Asset {
  readonly hash: string
  readonly bytes: Uint8Array
}
