/**
 * A block: rows as self-describing immutable bytes, the unit that is stored, replicated and sent (the paper's §4.1, §5.3).
 * Everything that moves is one: raw text, pairs, parsed records, state deltas, answers. Values come back exactly as they were.
 */

import { RivuletError } from "../errors.js"
import { allAscii, assembleBlock, blockFlags, checkCrc, headerBytes, isText, readHeader } from "./block-layout.js"
import { columnReader } from "./column-decode.js"
import { encodeColumn } from "./column-encode.js"
import { BufferCursor, type ColumnReader, noneMissing } from "./column-reader.js"
import { Utf8Reader } from "./column-scalars.js"
import { type ColumnType, damaged, decodeType } from "./columns.js"

export { TextPacker, type TextPackerOptions } from "../text-packer.js"

/** Rows that are decoded together. */
const batchRows = 1024

/** The rows as one block. Equal rows give equal bytes. Throws RivuletError on a value that is no data, such as a function. */
export function encodeRows(rows: readonly unknown[]): Uint8Array {
  const { type, buffers } = encodeColumn(rows)
  return assembleBlock(type, rows.length, buffers)
}

export class Block {
  /** How many rows it has. */
  readonly rows: number
  /** The type of its rows. */
  readonly schema: ColumnType
  /** The block's own bytes, not a copy. */
  readonly bytes: Uint8Array
  private column: ColumnReader | null = null

  private constructor(bytes: Uint8Array) {
    const header = readHeader(bytes)
    this.bytes = bytes
    this.rows = header.rows
    this.schema = decodeType(bytes.subarray(headerBytes, headerBytes + header.schemaBytes))
  }

  /**
   * The block that lies in `buffer` (which may be shared) at `[offset, offset + length)`. Reads it where it lies if the offset is a multiple
   * of 8, else copies it. Throws RivuletError if the header is none; the rest is trusted until `verify`.
   */
  static open(buffer: ArrayBufferLike, offset: number, length: number): Block {
    if (offset < 0 || length < 0 || offset + length > buffer.byteLength)
      throw damaged(`bytes ${offset} to ${offset + length} are not there`)
    const bytes = new Uint8Array(buffer, offset, length)
    return new Block(offset % 8 === 0 ? bytes : new Uint8Array(bytes))
  }

  /** The block of these bytes. */
  static of(bytes: Uint8Array): Block {
    return Block.open(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** One column of text: raw lines, or rows that are strings. */
  get isText(): boolean {
    return isText(this.schema)
  }

  /** All text in it is ASCII. */
  get allAscii(): boolean {
    return allAscii(this.schema)
  }

  /** Row i. Use `forEach` to read them all. */
  row(i: number): unknown {
    if (!(i >= 0 && i < this.rows)) throw new RivuletError(`row ${i} of a block of ${this.rows}`)
    return this.reader().value(i)
  }

  /** Every row, in order. */
  forEach(push: (row: unknown) => void): void {
    const reader = this.reader()
    for (let from = 0; from < this.rows; from += batchRows) {
      const batch = reader.values(from, Math.min(this.rows, from + batchRows))
      for (let i = 0; i < batch.length; i++) push(batch[i])
    }
  }

  /** All rows; or those of `[from, to)`. */
  toArray(from = 0, to = this.rows): unknown[] {
    const reader = this.reader()
    if (to - from <= batchRows) return reader.values(from, to)
    const rows: unknown[] = []
    for (; from < to; from += batchRows) for (const row of reader.values(from, Math.min(to, from + batchRows))) rows.push(row)
    return rows
  }

  /** The text of all rows of a text block, without separators. Not a copy. */
  textBytes(): Uint8Array {
    return this.textColumn().data
  }

  /** Row i of a text block is bytes `[offsets()[i], offsets()[i + 1])` of its text. */
  offsets(): Int32Array {
    return this.textColumn().offsets
  }

  private textColumn(): Utf8Reader {
    const reader = this.reader()
    if (!this.isText || !(reader instanceof Utf8Reader)) throw new RivuletError("this block is not one of text")
    return reader
  }

  /** For bytes that come from elsewhere: throws RivuletError unless all of the block is as `encodeRows` writes it. */
  verify(): void {
    const header = readHeader(this.bytes)
    checkCrc(this.bytes, header)
    const flags = (this.allAscii ? blockFlags.allAscii : 0) | (this.isText ? blockFlags.text : 0)
    if ((header.flags & ~blockFlags.unsummed) !== flags) throw damaged("its flags contradict its schema")
    const cursor = new BufferCursor(this.bytes, header.bodyAt)
    const reader = columnReader(this.schema, this.rows, cursor)
    if (!cursor.atEnd) throw damaged("it is longer than its columns")
    noneMissing(reader)
    reader.check()
    this.column = reader
  }

  /** The column of the rows, for readers of columns (kernels, export). */
  reader(): ColumnReader {
    if (this.column === null)
      this.column = columnReader(this.schema, this.rows, new BufferCursor(this.bytes, readHeader(this.bytes).bodyAt))
    return this.column
  }
}
