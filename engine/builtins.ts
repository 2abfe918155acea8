/**
 * Functions that everyone has: they travel by name, not as source, and the fast paths know them.
 */

import type { BuiltinName } from "./function-ref.js"

/** a + b, for `reduceByKey(sum)` and `runningReduce(sum)`. */
export const sum = (a: number, b: number): number => a + b
/** The greater; NaN if either is. */
export const max = (a: number, b: number): number => Math.max(a, b)
/** The smaller; NaN if either is. */
export const min = (a: number, b: number): number => Math.min(a, b)

const identity = (value: unknown): unknown => value
const first = (pair: readonly unknown[]): unknown => pair[0]
const second = (pair: readonly unknown[]): unknown => pair[1]
const one = (): number => 1

/** By name. `first` and `second` are a pair's key and value; `one` is 1, whatever it is given. */
export const builtins: Readonly<Record<BuiltinName, (...args: never[]) => unknown>> = {
  sum,
  max,
  min,
  identity,
  first,
  second,
  one,
}

/** The name of a function that is one of ours, by identity; undefined for all others. */
export function builtinOf(f: unknown): BuiltinName | undefined {
  for (const [name, builtin] of Object.entries(builtins)) if (builtin === f) return name as BuiltinName
  return undefined
}
