/**
 * Chunks of raw bytes to text blocks: what a sender does with lines before they travel. A line's bytes are looked at once,
 * and no string is made. Whole lines go through a kernel, many at a time (`wasm/lines.ts`); what it leaves goes one by one: a line
 * that two chunks share, one that is too long, the first of a new block.
 */

import { isAscii, isUtf8 } from "node:buffer"
import { type AllocateBlock, assembleBlock } from "./block/block-layout.js"
import { RivuletError } from "./errors.js"
import { packLines } from "./wasm/lines.js"

export interface TextPackerOptions {
  /** Of a finished block, header and all (a single longer line has a block of its own). */
  readonly maxBytes: number
  /** A longer line is no record. Default 8 MiB. */
  readonly maxLineBytes?: number
  /** Told of each line that was too long: its first 64 KiB at most, and how long it was (a carriage return included). Its bytes are in no block. */
  readonly onLongLine?: (head: Uint8Array, lengthBytes: number) => void
  /** Where finished blocks lie. Default: each in new memory. */
  readonly allocate?: AllocateBlock
}

const newline = 10
const carriageReturn = 13
const headBytes = 64 * 1024
/** Memory to begin with; grows with what is pending. */
const firstBytes = 256 * 1024
/** Fewer bytes are not worth a kernel's call. */
const kernelBytes = 512
/** Of a line without end, so much at a time: one that is too long is not kept. */
const pieceBytes = 1024 * 1024
/** Header, schema and padding. */
const frameBytes = 256

export class TextPacker {
  /** Lines in blocks so far. */
  lines = 0
  /** Lines with bytes that are no UTF-8; each such sequence became U+FFFD. */
  brokenLines = 0
  /** Lines longer than `maxLineBytes`. */
  longLines = 0

  private readonly maxBytes: number
  private readonly maxLineBytes: number
  private readonly onLongLine: TextPackerOptions["onLongLine"]
  private readonly allocate: AllocateBlock | undefined
  /** Text of whole lines up to `start`, then of the line that has begun. */
  private data: Uint8Array
  private at = 0
  private start = 0
  private offsets = new Int32Array(1024)
  private rows = 0
  /** Whether all text of whole lines is known to be ASCII. */
  private ascii = true
  /** Length so far of a line that is being skipped, or 0. */
  private skippedBytes = 0

  constructor(options: TextPackerOptions) {
    this.maxBytes = options.maxBytes
    this.maxLineBytes = options.maxLineBytes ?? 8 * 1024 * 1024
    this.onLongLine = options.onLongLine
    this.allocate = options.allocate
    if (!(this.maxBytes >= 1024) || !(this.maxLineBytes >= 1))
      throw new RivuletError(`blocks of ${this.maxBytes} bytes with lines of ${this.maxLineBytes}`, { code: 2, try: "maxBytes: 1048576" })
    this.data = new Uint8Array(Math.min(this.maxBytes, firstBytes))
  }

  /** Bytes of lines that are in no finished block yet. */
  get pendingBytes(): number {
    return this.at
  }

  /** Whole lines that are in no finished block yet. */
  get pendingLines(): number {
    return this.rows
  }

  /** Takes the next bytes, cut anywhere; gives the blocks that became full. The chunk is not kept. */
  push(chunk: Uint8Array): Uint8Array[] {
    const blocks: Uint8Array[] = []
    let from = 0
    while (from < chunk.length) {
      const whole = this.at === this.start && this.skippedBytes === 0
      if (whole && chunk.length - from >= kernelBytes) from += this.takeLines(chunk.subarray(from))
      if (from < chunk.length) from += this.takeLine(chunk.subarray(from), blocks)
    }
    return blocks
  }

  /** The block of what is left, a last line without a newline included; null if there is nothing. */
  flush(): Uint8Array | null {
    const blocks: Uint8Array[] = []
    if (this.skippedBytes > 0) this.endLongLine()
    else if (this.at > this.start) this.addLine(this.start, this.at, this.at - this.start, blocks) // fits: `take` has seen to it
    if (this.rows > 0) this.cut(blocks)
    this.at = 0
    return blocks[0] ?? null
  }

  /** The block of the whole lines that are left; the line that has begun stays. Null if there are none. */
  flushLines(): Uint8Array | null {
    if (this.rows === 0) return null
    const blocks: Uint8Array[] = []
    const line = this.start
    this.cut(blocks)
    this.data.copyWithin(0, line, this.at)
    this.at -= line
    return blocks[0]!
  }

  /** Whole lines, up to one that the block has no room for or that is too long; gives the bytes taken. */
  private takeLines(chunk: Uint8Array): number {
    let taken = 0
    for (;;) {
      const budget = this.maxBytes - frameBytes - this.start - (this.rows + 1) * 4
      const packed = packLines(taken === 0 ? chunk : chunk.subarray(taken), this.start, budget, this.maxLineBytes)
      const { lines, text } = packed
      if (lines === 0) return taken
      this.room(text.length)
      this.data.set(text, this.start)
      this.roomForRows(lines)
      this.offsets.set(packed.ends, this.rows + 1)
      this.rows += lines
      this.start += text.length
      this.at = this.start
      this.ascii &&= packed.surelyAscii
      taken += packed.takenBytes
    }
  }

  /** One line, or some of it; gives the bytes taken. */
  private takeLine(rest: Uint8Array, blocks: Uint8Array[]): number {
    const chunk = rest.subarray(0, pieceBytes)
    const end = chunk.indexOf(newline)
    const length = end < 0 ? chunk.length : end
    const taken = end < 0 ? length : end + 1
    if (this.skippedBytes > 0) {
      this.skippedBytes += length
      if (end >= 0) this.endLongLine()
      return taken
    }
    this.room(length)
    this.data.set(chunk.subarray(0, length), this.at)
    this.at += length
    const { at, start } = this
    if (end >= 0) {
      this.addLine(start, at > start && this.data[at - 1] === carriageReturn ? at - 1 : at, at - start, blocks)
      this.at = this.start
      return taken
    }
    if (this.rows > 0 && !this.fits(at - start)) {
      this.cut(blocks)
      this.data.copyWithin(0, start, at)
      this.at -= start
    }
    // One more may be a carriage return that is none of the line's.
    if (this.at - this.start > this.maxLineBytes + 1) this.skippedBytes = this.at - this.start
    return taken
  }

  /** Whether a line of this length still fits the block. */
  private fits(length: number): boolean {
    return this.start + length + (this.rows + 2) * 4 + frameBytes <= this.maxBytes
  }

  private room(bytes: number): void {
    if (this.at + bytes <= this.data.length) return
    const larger = new Uint8Array(Math.max(this.data.length * 2, this.at + bytes))
    larger.set(this.data.subarray(0, this.at))
    this.data = larger
  }

  /** The line at `[from, to)` of the data joins those before `start`, after a cut if there is no room for it. */
  private addLine(from: number, to: number, rawBytes: number, blocks: Uint8Array[]): void {
    const length = to - from
    if (length > this.maxLineBytes) {
      this.longLine(this.data.slice(from, from + Math.min(headBytes, length)), rawBytes)
      return
    }
    if (this.rows > 0 && !this.fits(length)) this.cut(blocks)
    if (from !== this.start && length > 0) this.data.copyWithin(this.start, from, to)
    this.start += length
    this.ascii &&= isAscii(this.data.subarray(this.start - length, this.start))
    this.roomForRows(1)
    this.offsets[++this.rows] = this.start
  }

  private roomForRows(more: number): void {
    const needed = this.rows + more + 1
    if (needed <= this.offsets.length) return
    const larger = new Int32Array(Math.max(this.offsets.length * 2, needed))
    larger.set(this.offsets)
    this.offsets = larger
  }

  /** The line that is being skipped is over. Its beginning still lies at `start`. */
  private endLongLine(): void {
    const length = this.skippedBytes
    this.skippedBytes = 0
    this.longLine(this.data.slice(this.start, Math.min(this.at, this.start + headBytes)), length)
    this.at = this.start
  }

  private longLine(head: Uint8Array, length: number): void {
    this.longLines++
    this.onLongLine?.(head, length)
  }

  /** Makes a block of the whole lines, which end at `start`. */
  private cut(blocks: Uint8Array[]): void {
    blocks.push(this.block(this.rows, this.data.subarray(0, this.start), this.offsets.subarray(0, this.rows + 1)))
    this.lines += this.rows
    this.rows = 0
    this.ascii = true
    this.start = 0
  }

  private block(rows: number, text: Uint8Array, offsets: Int32Array): Uint8Array {
    const ascii = this.ascii || isAscii(text)
    const [data, ends] = ascii || isWhole(text, offsets) ? [text, offsets] : this.repaired(text, offsets)
    const buffers = [new Uint8Array(ends.buffer, ends.byteOffset, ends.byteLength), data]
    return assembleBlock({ kind: "utf8", absent: 0, ascii: ascii || isAscii(data) }, rows, buffers, {
      summed: false,
      allocate: this.allocate,
    })
  }

  /** Each line decoded with replacement characters, as every decoder does it, and encoded again. */
  private repaired(text: Uint8Array, offsets: Int32Array): [Uint8Array, Int32Array] {
    const lines: Buffer[] = []
    const ends = new Int32Array(offsets.length)
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
    for (let i = 0; i + 1 < offsets.length; i++) {
      const line = text.subarray(offsets[i]!, offsets[i + 1]!)
      let whole = Buffer.from(line.buffer, line.byteOffset, line.byteLength)
      if (!isUtf8(line)) {
        this.brokenLines++
        whole = Buffer.from(decoder.decode(line), "utf8")
      }
      lines.push(whole)
      ends[i + 1] = ends[i]! + whole.length
    }
    return [Buffer.concat(lines), ends]
  }
}

/** Valid UTF-8, and no line begins within a character. */
function isWhole(text: Uint8Array, offsets: Int32Array): boolean {
  if (!isUtf8(text)) return false
  for (let i = 1; i + 1 < offsets.length; i++) {
    const at = offsets[i]!
    if (at < text.length && (text[at]! & 0xc0) === 0x80) return false
  }
  return true
}
