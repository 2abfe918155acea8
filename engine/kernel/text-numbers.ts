/** Numbers and times in text, for generated kernels. What is short and plain is read from its bytes, all else as JavaScript does. */

import { stringOf } from "./text.js"

/** Exact as doubles, so that one division rounds once. */
const powers = Float64Array.from({ length: 16 }, (_, i) => 10 ** i)
const mostDigits = 15

/** `Number(text)`. */
export function number(data: Uint8Array, from: number, to: number): number {
  const negative = data[from] === 45
  let at = negative ? from + 1 : from
  let value = 0
  let point = -1
  const start = at
  for (; at < to; at++) {
    const digit = data[at]! - 48
    if (digit >= 0 && digit <= 9) value = value * 10 + digit
    else if (digit === -2 && point < 0 && at > start) point = at
    else return Number(stringOf(data, from, to))
  }
  const digits = at - start - (point < 0 ? 0 : 1)
  if (digits < 1 || digits > mostDigits || point === to - 1) return Number(stringOf(data, from, to))
  if (point >= 0) value /= powers[to - point - 1]!
  return negative ? -value : value
}

/** `parseInt(text)`, or with base 10. */
export function integer(data: Uint8Array, from: number, to: number, decimal: boolean): number {
  const negative = data[from] === 45
  let at = negative ? from + 1 : from
  const start = at
  let value = 0
  for (; at < to; at++) {
    const digit = data[at]! - 48
    if (!(digit >= 0 && digit <= 9)) break
    value = value * 10 + digit
  }
  if (at === start || at - start > mostDigits || (at === start + 1 && at < to && value === 0)) {
    const text = stringOf(data, from, to)
    // biome-ignore lint/correctness/useParseIntRadix: without a base it looks for 0x
    return decimal ? Number.parseInt(text, 10) : Number.parseInt(text)
  }
  return negative ? -value : value
}

/** `parseFloat(text)`. */
export function decimal(data: Uint8Array, from: number, to: number): number {
  const value = number(data, from, to)
  // What is all of it a number is the same number; but an empty text is none.
  return Number.isNaN(value) ||
    value === 0 ||
    !Number.isFinite(value) ||
    data[from]! <= 32 ||
    data[from]! > 127 ||
    (data[from] === 48 && to - from > 1)
    ? Number.parseFloat(stringOf(data, from, to))
    : value
}

/** The time of `new Date(ms)`. */
export function clipped(ms: number): number {
  return Math.abs(ms) <= 8.64e15 ? Math.trunc(ms) + 0 : Number.NaN
}

/** The time of `new Date(text)`. */
export function dateOf(data: Uint8Array, from: number, to: number): number {
  return Date.parse(stringOf(data, from, to))
}

/** A part of the time of day. */
export function clock(ms: number, unitMs: number, of: number): number {
  const units = Math.floor(ms / unitMs) % of
  return units < 0 ? units + of : units + 0
}
