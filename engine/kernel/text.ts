/** What generated kernels call: functions of pieces of text, as bytes [from, to) of some array. */

import { textBytes } from "../block/bytes.js"

/** The first four bytes of a piece; of a shorter one, its bytes. With `lastBytes` and the length this is all of a piece of up to eight. */
export function firstBytes(data: Uint8Array, view: DataView, from: number, to: number): number {
  if (to - from >= 4) return view.getInt32(from, true)
  // One to three bytes: first, middle and last are all of them.
  return to === from ? 0 : data[from]! | (data[(from + to) >> 1]! << 8) | (data[to - 1]! << 16)
}

export function lastBytes(view: DataView, from: number, to: number): number {
  return to - from >= 4 ? view.getInt32(to - 4, true) : 0
}

/** What tables go by. Keys of up to eight bytes are hashed by these two words alone. */
export function hashOf(view: DataView, from: number, to: number, first: number, last: number): number {
  let h = Math.imul(first ^ Math.imul(last ^ (to - from), 0x9e3779b1), 0x85ebca6b)
  for (let i = from + 4; i < to - 4; i += 4) h = Math.imul((h ^ (h >>> 15)) + view.getInt32(i, true), 0x9e3779b1)
  h ^= h >>> 15
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 15)
}

/** Finds `text` in `data` from a byte on; -1: it is not there any more. */
export { finderOf as finder } from "../wasm/search.js"

/** Whether the piece has `text`. */
export function includes(data: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  const length = text.length
  if (length === 0) return true
  const first = text[0]!
  for (let i = from, end = to - length; i <= end; i++) {
    if (data[i] !== first) continue
    let j = 1
    while (j < length && data[i + j] === text[j]) j++
    if (j === length) return true
  }
  return false
}

/** Whether the piece goes on with `text` at `from`. */
export function startsWith(data: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  const length = text.length
  if (to - from < length) return false
  for (let i = 0; i < length; i++) if (data[from + i] !== text[i]) return false
  return true
}

export function endsWith(data: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  return to - from >= text.length && startsWith(data, to - text.length, to, text)
}

/** Whether two pieces are the same text. */
export function same(a: Uint8Array, from: number, to: number, b: Uint8Array, start: number, end: number): boolean {
  if (to - from !== end - start) return false
  for (let i = from, j = start; i < to; ) if (a[i++] !== b[j++]) return false
  return true
}

/** `trim` of ASCII: where the text begins … */
export function trimmedStart(data: Uint8Array, from: number, to: number): number {
  while (from < to && isSpace(data[from]!)) from++
  return from
}

/** … and, from there, where it ends. */
export function trimmedEnd(data: Uint8Array, from: number, to: number): number {
  while (to > from && isSpace(data[to - 1]!)) to--
  return to
}

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13)
}

/** Where `byte` comes next; `to`: it does not. */
export function byte(data: Uint8Array, from: number, to: number, byte: number): number {
  while (from < to && data[from] !== byte) from++
  return from
}

/** Where `text` comes next; `to`: it does not. */
export function next(data: Uint8Array, from: number, to: number, text: Uint8Array): number {
  for (const end = to - text.length; from <= end; from++) if (data[from] === text[0] && startsWith(data, from, to, text)) return from
  return to
}

/** `indexOf` of ASCII text. */
export function indexOf(data: Uint8Array, from: number, to: number, sought: Uint8Array, start: number, end: number): number {
  const length = end - start
  for (let at = from; at + length <= to; at++) if (same(data, at, at + length, sought, start, end)) return at - from
  return -1
}

/** All of it is ASCII. */
export function ascii(data: Uint8Array, from: number, to: number): boolean {
  let all = 0
  while (from < to) all |= data[from++]!
  return all < 128
}

/** A place in a text of so many characters, as `slice` takes it: from the end, if negative. */
export function place(at: number, length: number): number {
  const whole = Math.trunc(at) || 0
  return whole < 0 ? Math.max(0, length + whole) : Math.min(whole, length)
}

/** The same as `substring` takes it. */
export function clamped(at: number, length: number): number {
  return Math.min(Math.max(Math.trunc(at) || 0, 0), length)
}

/** `charCodeAt` of ASCII text. */
export function codeAt(data: Uint8Array, from: number, to: number, at: number): number {
  const whole = Math.trunc(at) || 0
  return whole >= 0 && whole < to - from ? data[from + whole]! : Number.NaN
}

/** The expression is asked from the text's beginning. */
export function test(regex: RegExp, data: Uint8Array, from: number, to: number): boolean {
  regex.lastIndex = 0
  return regex.test(stringOf(data, from, to))
}

/** The text itself. */
export function stringOf(data: Uint8Array, from: number, to: number): string {
  const bytes = textBytes(data)
  return ascii(data, from, to) ? bytes.latin1Slice(from, to) : bytes.utf8Slice(from, to)
}
