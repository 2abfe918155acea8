/** Where generated kernels put texts together, and keys of several parts. */

import type { Buffer } from "node:buffer"
import { type TextBytes, textBytes } from "../block/bytes.js"

const dayMs = 86_400_000

export class Scratch {
  bytes: TextBytes & Buffer = textBytes(new Uint8Array(256))
  view = new DataView(this.bytes.buffer)
  length = 0
  /** The day that was written last, and its text. */
  private day = Number.NaN
  private dayText = ""

  /** Room for so many more bytes. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const larger = new Uint8Array(needed * 2)
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = textBytes(larger)
    this.view = new DataView(larger.buffer)
  }

  /** Bytes [from, to) of `data`, of which `dataView` is a view. */
  text(data: Uint8Array, dataView: DataView, from: number, to: number): void {
    this.reserve(to - from)
    const { bytes, view } = this
    let into = this.length
    let at = from
    for (; at + 4 <= to; at += 4, into += 4) view.setInt32(into, dataView.getInt32(at, true), true)
    while (at < to) bytes[into++] = data[at++]!
    this.length = into
  }

  string(text: string): void {
    this.reserve(text.length * 3)
    this.length += this.bytes.utf8Write(text, this.length)
  }

  /** As text. */
  number(n: number): void {
    if ((n | 0) !== n || n < 0) {
      this.string(String(n))
      return
    }
    this.reserve(10)
    let digits = 1
    for (let limit = 10; digits < 10 && n >= limit; limit *= 10) digits++
    for (let at = this.length + digits - 1, rest = n | 0; at >= this.length; at--) {
      const tenth = (rest / 10) | 0
      this.bytes[at] = 48 + rest - tenth * 10
      rest = tenth
    }
    this.length += digits
  }

  /** ASCII text with its letters in [first, first + 26) moved by `distance`. */
  fold(data: Uint8Array, from: number, to: number, first: number, distance: number): void {
    this.reserve(to - from)
    const { bytes } = this
    let at = this.length
    for (let i = from; i < to; i++) {
      const byte = data[i]!
      bytes[at++] = (byte - first) >>> 0 < 26 ? byte + distance : byte
    }
    this.length = at
  }

  /** `toISOString` of a time that is one. */
  iso(ms: number): void {
    const day = Math.floor(ms / dayMs)
    if (day !== this.day) {
      this.dayText = new Date(ms).toISOString().slice(0, -13)
      this.day = day
    }
    this.string(this.dayText)
    const time = ms - day * dayMs
    this.reserve(13)
    this.digits((time / 3_600_000) | 0, 2, 58)
    this.digits(((time / 60_000) | 0) % 60, 2, 58)
    this.digits(((time / 1_000) | 0) % 60, 2, 46)
    this.digits(time % 1_000, 3, 90)
  }

  private digits(n: number, count: number, end: number): void {
    let rest = n
    for (let at = this.length + count - 1; at >= this.length; at--) {
      this.bytes[at] = 48 + (rest % 10)
      rest = (rest / 10) | 0
    }
    this.length += count
    this.bytes[this.length++] = end
  }

  // ── parts of a key (`packed-key.ts`) ─────────────────────────────────────────────────────────────────────────────

  tag(tag: number): void {
    this.reserve(1)
    this.bytes[this.length++] = tag
  }

  count(tag: number, n: number): void {
    this.reserve(5)
    this.bytes[this.length] = tag
    this.view.setInt32(this.length + 1, n, true)
    this.length += 5
  }

  double(tag: number, n: number): void {
    this.reserve(9)
    this.bytes[this.length] = tag
    // One NaN for all, and one zero.
    this.view.setFloat64(this.length + 1, n === 0 ? 0 : Number.isNaN(n) ? Number.NaN : n, true)
    this.length += 9
  }
}
