/** What generated kernels call: functions of pieces of text, as bytes [from, to) of some array. */

/** Where FNV-1a begins for a text; `hashKey` of ASCII text is `finishHash` of it after each byte (key-hash.ts). */
export const hashStart = 0x811c9dc5 ^ 7
export const hashPrime = 0x01000193

/** The hash so far of a piece. */
export function hashOf(data: Uint8Array, from: number, to: number): number {
  let h = hashStart
  for (let i = from; i < to; i++) h = Math.imul(h ^ data[i]!, hashPrime)
  return h
}

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

/** ASCII text with its letters in [first, first + 26) moved by `distance`, at the start of `into`. */
export function fold(data: Uint8Array, from: number, to: number, into: Uint8Array, first: number, distance: number): void {
  for (let i = from, j = 0; i < to; i++, j++) {
    const byte = data[i]!
    into[j] = (byte - first) >>> 0 < 26 ? byte + distance : byte
  }
}
