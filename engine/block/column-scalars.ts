/** Readers of columns whose rows are single values. */

import { isAscii, isUtf8 } from "node:buffer"
import { deserializeValue } from "../values/value-codec.js"
import { textBytes } from "./bytes.js"
import { type BufferCursor, ColumnReader, extent, type Of } from "./column-reader.js"
import { decodeString, decodeStrings } from "./column-text.js"
import { type ColumnType, damaged } from "./columns.js"

export class NullReader extends ColumnReader {
  protected valueOf(): unknown {
    return undefined
  }
  protected valuesOf(from: number, to: number): unknown[] {
    return new Array<unknown>(to - from).fill(undefined)
  }
  protected checkData(): void {}
}

export class Float64Reader extends ColumnReader {
  readonly numbers: Float64Array
  constructor(type: ColumnType, rows: number, cursor: BufferCursor) {
    super(type, rows, cursor)
    const part = cursor.take(rows * 8)
    this.numbers = new Float64Array(part.buffer, part.byteOffset, rows)
  }
  protected valueOf(row: number): number {
    return this.numbers[row]!
  }
  protected valuesOf(from: number, to: number): unknown[] {
    const values = new Array<unknown>(to - from)
    for (let i = from; i < to; i++) values[i - from] = this.numbers[i]
    return values
  }
  protected checkData(): void {}
}

export class BoolReader extends ColumnReader {
  private readonly bits: Uint8Array
  constructor(type: ColumnType, rows: number, cursor: BufferCursor) {
    super(type, rows, cursor)
    this.bits = cursor.take((rows + 7) >>> 3)
  }
  protected valueOf(row: number): boolean {
    return (this.bits[row >>> 3]! & (1 << (row & 7))) !== 0
  }
  protected valuesOf(from: number, to: number): unknown[] {
    const values = new Array<unknown>(to - from)
    for (let i = from; i < to; i++) values[i - from] = this.valueOf(i)
    return values
  }
  protected checkData(): void {}
}

export class Int64Reader extends ColumnReader {
  private readonly integers: BigInt64Array
  constructor(type: ColumnType, rows: number, cursor: BufferCursor) {
    super(type, rows, cursor)
    const part = cursor.take(rows * 8)
    this.integers = new BigInt64Array(part.buffer, part.byteOffset, rows)
  }
  protected valueOf(row: number): bigint {
    return this.integers[row]!
  }
  protected valuesOf(from: number, to: number): unknown[] {
    return Array.from(this.integers.subarray(from, to))
  }
  protected checkData(): void {}
}

export class TimestampReader extends ColumnReader {
  private readonly words: Int32Array
  constructor(type: ColumnType, rows: number, cursor: BufferCursor) {
    super(type, rows, cursor)
    const part = cursor.take(rows * 8)
    this.words = new Int32Array(part.buffer, part.byteOffset, rows * 2)
  }
  private ms(row: number): number {
    return this.words[2 * row + 1]! * 4294967296 + (this.words[2 * row]! >>> 0)
  }
  protected valueOf(row: number): Date {
    return new Date(this.ms(row))
  }
  protected valuesOf(from: number, to: number): unknown[] {
    const values = new Array<unknown>(to - from)
    for (let i = from; i < to; i++) values[i - from] = new Date(this.ms(i))
    return values
  }
  protected checkData(): void {
    for (let i = 0; i < this.rows; i++) if (Math.abs(this.ms(i)) > 8.64e15) throw damaged("a date is out of range")
  }
}

export class Utf8Reader extends ColumnReader {
  readonly offsets: Int32Array
  readonly data: Uint8Array
  private readonly ascii: boolean
  constructor(type: Of<"utf8">, rows: number, cursor: BufferCursor) {
    super(type, rows, cursor)
    this.offsets = cursor.offsets(rows)
    this.data = cursor.take(extent(this.offsets))
    this.ascii = type.ascii
  }
  protected valueOf(row: number): string {
    return decodeString(textBytes(this.data), this.offsets[row]!, this.offsets[row + 1]!, this.ascii)
  }
  protected valuesOf(from: number, to: number): unknown[] {
    return decodeStrings(this.data, this.offsets, this.ascii, from, to)
  }
  protected checkData(): void {
    this.checkOffsets(this.offsets)
    if (isAscii(this.data)) return
    if (this.ascii) throw damaged("text is not the ASCII that it claims to be")
    if (!isUtf8(this.data)) throw damaged("text is not UTF-8")
    for (let i = 1; i < this.rows; i++) {
      const at = this.offsets[i]!
      if (at < this.data.length && (this.data[at]! & 0xc0) === 0x80) throw damaged("an offset lies within a character")
    }
  }
}

export class OpaqueReader extends ColumnReader {
  private readonly offsets: Int32Array
  private readonly data: Uint8Array
  constructor(type: ColumnType, rows: number, cursor: BufferCursor) {
    super(type, rows, cursor)
    this.offsets = cursor.offsets(rows)
    this.data = cursor.take(extent(this.offsets))
  }
  protected valueOf(row: number): unknown {
    return deserializeValue(this.data.subarray(this.offsets[row]!, this.offsets[row + 1]!))
  }
  protected valuesOf(from: number, to: number): unknown[] {
    const values = new Array<unknown>(to - from)
    for (let i = from; i < to; i++) if (this.isPresent(i)) values[i - from] = this.valueOf(i)
    return values
  }
  protected checkData(): void {
    this.checkOffsets(this.offsets)
    for (let i = 0; i < this.rows; i++) if (this.isPresent(i)) this.valueOf(i)
  }
}
