/**
 * Strings to UTF-8 with offsets, and back, many at a time: a call into the runtime for each string would cost more than the
 * string. A run of strings is joined and encoded at once, or decoded at once and cut.
 */

import { isAscii } from "node:buffer"
import { type TextBytes, textBytes } from "./bytes.js"
import type { Column } from "./columns.js"
import { RivuletError } from "./errors.js"

const encoder = new TextEncoder()
/** Strings joined at a time. */
const runStrings = 1024
/** Bytes decoded at a time. A string that is kept keeps its run alive, so runs are short. */
const runBytes = 2048

/** A column of strings; what is no string counts as empty. Null if a string has a lone surrogate, which UTF-8 cannot say. */
export function encodeStrings(values: readonly unknown[], absent: number): Column | null {
  const offsets = new Int32Array(values.length + 1)
  let units = 0
  for (const value of values) if (typeof value === "string") units += value.length
  checkSize(units)
  let data = Buffer.allocUnsafe(units)
  let at = 0
  let ascii = true
  for (let from = 0; from < values.length; from += runStrings) {
    const to = Math.min(values.length, from + runStrings)
    const run = joined(values, from, to)
    const { read, written } = encoder.encodeInto(run, at === 0 ? data : data.subarray(at))
    if (read === run.length && written === run.length) {
      // One byte a unit: all ASCII.
      for (let i = from; i < to; i++) {
        const value = values[i]
        if (typeof value === "string") at += value.length
        offsets[i + 1] = at
      }
      continue
    }
    ascii = false
    const need = at + run.length * 3 + (units - at)
    if (data.length < need) {
      const larger = Buffer.allocUnsafe(Math.max(need, data.length * 2))
      larger.set(data.subarray(0, at))
      data = larger
    }
    for (let i = from; i < to; i++) {
      const value = values[i]
      if (typeof value === "string") {
        if (!isWellFormed(value)) return null
        at += data.write(value, at, "utf8")
      }
      offsets[i + 1] = at
    }
    checkSize(at)
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, at)
  return { type: { kind: "utf8", absent, ascii }, buffers: [new Uint8Array(offsets.buffer), bytes] }
}

function joined(values: readonly unknown[], from: number, to: number): string {
  return (from === 0 && to === values.length ? values : values.slice(from, to)).join("")
}

function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed()
}

function checkSize(bytes: number): void {
  if (bytes > 0x7fffffff) throw new RivuletError(`${bytes} bytes of text do not fit one column`, { try: "use more partitions" })
}

/** Strings `[from, to)` of a column. */
export function decodeStrings(bytes: Uint8Array, offsets: Int32Array, ascii: boolean, from: number, to: number): string[] {
  const text = textBytes(bytes)
  const strings = new Array<string>(to - from)
  let i = from
  while (i < to) {
    const start = offsets[i]!
    let j = i + 1
    while (j < to && offsets[j + 1]! - start <= runBytes) j++
    const end = offsets[j]!
    if (ascii || isAscii(bytes.subarray(start, end))) {
      const run = text.latin1Slice(start, end)
      if (j === i + 1) strings[i - from] = run
      else for (let k = i; k < j; k++) strings[k - from] = run.substring(offsets[k]! - start, offsets[k + 1]! - start)
    } else for (let k = i; k < j; k++) strings[k - from] = text.utf8Slice(offsets[k]!, offsets[k + 1]!)
    i = j
  }
  return strings
}

/** One string of a column. */
export function decodeString(text: TextBytes, from: number, to: number, ascii: boolean): string {
  return ascii ? text.latin1Slice(from, to) : text.utf8Slice(from, to)
}
