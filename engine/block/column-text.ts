/**
 * Strings to UTF-8 with offsets, and back, many at a time: a call into the runtime for each would cost more than a
 * short string. A run of them is joined and encoded at once, or decoded at once and cut.
 */

import { isAscii } from "node:buffer"
import { RivuletError } from "../errors.js"
import { type TextBytes, textBytes } from "./bytes.js"
import type { Column } from "./columns.js"

const encoder = new TextEncoder()
/** Strings joined at a time. */
const runStrings = 256
/** Longer ones on average are written one by one. */
const shortUnits = 32
/** Bytes decoded at a time. A string that is kept keeps its run alive, so runs are short. */
const runBytes = 1024

/** A column of strings; what is no string counts as empty. Null if a string has a lone surrogate, which UTF-8 cannot say. */
export function encodeStrings(values: readonly unknown[], absent: number): Column | null {
  const n = values.length
  let units = 0
  let longest = 0
  for (let i = 0; i < n; i++) {
    const value = values[i]
    if (typeof value === "string") {
      units += value.length
      if (value.length > longest) longest = value.length
    }
  }
  checkSize(units)
  const writer = new StringWriter(values, units, longest)
  const whole = units > n * shortUnits ? writer.each(0, n) : writer.runs()
  if (!whole) return null
  const { offsets, data, at } = writer
  return {
    type: { kind: "utf8", absent, ascii: at === units },
    buffers: [new Uint8Array(offsets.buffer), new Uint8Array(data.buffer, data.byteOffset, at)],
  }
}

class StringWriter {
  readonly offsets: Int32Array
  data: TextBytes & Buffer
  at = 0

  constructor(
    private readonly values: readonly unknown[],
    /** UTF-16 units not written yet. */
    private units: number,
    longest: number,
  ) {
    this.offsets = new Int32Array(values.length + 1)
    // Enough for ASCII, and for the check in `each` not to ask for more.
    this.data = textBytes(Buffer.allocUnsafe(units + 2 * longest))
  }

  /** Joins runs of strings, which is best for short ones. False on a lone surrogate. */
  runs(): boolean {
    const { values, offsets } = this
    for (let from = 0; from < values.length; from += runStrings) {
      const to = Math.min(values.length, from + runStrings)
      let run = ""
      for (let i = from; i < to; i++) {
        const value = values[i]
        if (typeof value === "string") run += value
      }
      const { read, written } = encoder.encodeInto(run, this.at === 0 ? this.data : this.data.subarray(this.at))
      if (read !== run.length || written !== run.length) {
        if (!this.each(from, to)) return false
        continue
      }
      // One byte a unit: all ASCII.
      let at = this.at
      for (let i = from; i < to; i++) {
        const value = values[i]
        if (typeof value === "string") at += value.length
        offsets[i + 1] = at
      }
      this.at = at
      this.units -= run.length
    }
    return true
  }

  /** Writes strings `[from, to)` one by one. False on a lone surrogate. */
  each(from: number, to: number): boolean {
    const { values, offsets } = this
    for (let i = from; i < to; i++) {
      const value = values[i]
      if (typeof value === "string") {
        if (this.at + value.length * 3 > this.data.length) this.grow(value.length * 3)
        const written = this.data.utf8Write(value, this.at)
        if (written !== value.length && !isWellFormed(value)) return false
        this.at += written
        this.units -= value.length
      }
      offsets[i + 1] = this.at
    }
    checkSize(this.at)
    return true
  }

  private grow(bytes: number): void {
    const larger = textBytes(Buffer.allocUnsafe(this.at + bytes + this.units * 2))
    larger.set(this.data.subarray(0, this.at))
    this.data = larger
  }
}

/** Whether it has no lone surrogate, which UTF-8 cannot say. */
export function isWellFormed(text: string): boolean {
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
