/**
 * Columns to rows: a reader a column, over the block's own memory (which may be shared). Readers trust the bytes but for the extents of their
 * buffers; `check` is for bytes that come from elsewhere.
 */

import { isAscii, isUtf8 } from "node:buffer"
import { textBytes } from "./bytes.js"
import { decodeString, decodeStrings } from "./column-text.js"
import { absence, type ColumnType, damaged, hasAbsenceCodes, hasValidity, missing } from "./columns.js"
import { deserializeValue } from "./value-codec.js"

/** Hands out a block's buffers in order, each within bounds. */
export class BufferCursor {
  private at: number

  constructor(
    private readonly bytes: Uint8Array,
    from: number,
  ) {
    this.at = from
  }

  take(length: number): Uint8Array {
    const padded = Math.ceil(length / 64) * 64
    if (padded > this.bytes.length - this.at) throw damaged("a column reaches beyond its end")
    const part = this.bytes.subarray(this.at, this.at + length)
    this.at += padded
    return part
  }

  /** `rows + 1` offsets. */
  offsets(rows: number): Int32Array {
    const part = this.take((rows + 1) * 4)
    return new Int32Array(part.buffer, part.byteOffset, rows + 1)
  }

  get atEnd(): boolean {
    return this.at === this.bytes.length
  }
}

export abstract class ColumnReader {
  protected readonly validity: Uint8Array | null
  protected readonly codes: Uint8Array | null

  constructor(
    readonly type: ColumnType,
    readonly rows: number,
    cursor: BufferCursor,
  ) {
    this.validity = hasValidity(type) ? cursor.take((rows + 7) >>> 3) : null
    this.codes = hasAbsenceCodes(type.absent) ? cursor.take(rows) : null
  }

  protected abstract valueOf(row: number): unknown
  protected abstract valuesOf(from: number, to: number): unknown[]
  /** Throws on bytes that no encoder writes. */
  protected abstract checkData(): void

  /** The value of one row; `missing` for a field that the object has not. */
  value(row: number): unknown {
    return this.isPresent(row) ? this.valueOf(row) : this.absentValue(row)
  }

  /** The values of rows `[from, to)`. */
  values(from: number, to: number): unknown[] {
    const values = this.valuesOf(from, to)
    if (this.type.absent !== 0) for (let i = from; i < to; i++) if (!this.isPresent(i)) values[i - from] = this.absentValue(i)
    return values
  }

  check(): void {
    const { absent } = this.type
    if (this.validity && absent === 0 && this.type.kind !== "null") {
      for (let i = 0; i < this.rows; i++) if (!this.isPresent(i)) throw damaged("a value is absent where none can be")
    }
    if (this.codes)
      for (let i = 0; i < this.rows; i++) {
        const code = this.codes[i]!
        const fits = this.isPresent(i) ? code === 0 : code !== 0 && (code & (code - 1)) === 0 && (code & absent) !== 0
        if (!fits) throw damaged("an absent value is of no kind")
      }
    if (this.type.kind === "null") {
      if (absent === 0 && this.rows > 0) throw damaged("a column has no type")
      for (let i = 0; i < this.rows; i++) if (this.isPresent(i)) throw damaged("a value has no type")
    }
    this.checkData()
  }

  protected isPresent(row: number): boolean {
    return this.validity === null || (this.validity[row >>> 3]! & (1 << (row & 7))) !== 0
  }

  private absentValue(row: number): unknown {
    const kind = this.codes ? this.codes[row]! : this.type.absent & 7
    if (kind & absence.null) return null
    return kind & absence.missing ? missing : undefined
  }

  /** Offsets that begin at 0 and never fall; the last is the length of what they cut. */
  protected checkOffsets(offsets: Int32Array): void {
    let last = 0
    if (offsets[0] !== 0) throw damaged("offsets do not begin at 0")
    for (let i = 1; i < offsets.length; i++) {
      const next = offsets[i]!
      if (next < last) throw damaged("offsets fall")
      if (next !== last && !this.isPresent(i - 1)) throw damaged("an absent value has bytes")
      last = next
    }
  }
}

/** The reader for a type, its buffers taken from the cursor. */
export function columnReader(type: ColumnType, rows: number, cursor: BufferCursor): ColumnReader {
  switch (type.kind) {
    case "null":
      return new NullReader(type, rows, cursor)
    case "float64":
      return new Float64Reader(type, rows, cursor)
    case "bool":
      return new BoolReader(type, rows, cursor)
    case "int64":
      return new Int64Reader(type, rows, cursor)
    case "timestamp":
      return new TimestampReader(type, rows, cursor)
    case "utf8":
      return new Utf8Reader(type, rows, cursor)
    case "opaque":
      return new OpaqueReader(type, rows, cursor)
    case "list":
      return new ListReader(type, rows, cursor)
    case "tuple":
      return new TupleReader(type, rows, cursor)
    case "struct":
      return new StructReader(type, rows, cursor)
  }
}

type Of<K extends ColumnType["kind"]> = Extract<ColumnType, { kind: K }>

class NullReader extends ColumnReader {
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

class BoolReader extends ColumnReader {
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

class Int64Reader extends ColumnReader {
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

class TimestampReader extends ColumnReader {
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

class OpaqueReader extends ColumnReader {
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

class ListReader extends ColumnReader {
  readonly offsets: Int32Array
  readonly item: ColumnReader
  constructor(type: Of<"list">, rows: number, cursor: BufferCursor) {
    super(type, rows, cursor)
    this.offsets = cursor.offsets(rows)
    this.item = columnReader(type.item, extent(this.offsets), cursor)
  }
  protected valueOf(row: number): unknown[] {
    return this.item.values(this.offsets[row]!, this.offsets[row + 1]!)
  }
  protected valuesOf(from: number, to: number): unknown[] {
    const start = this.offsets[from]!
    const items = this.item.values(start, this.offsets[to]!)
    const values = new Array<unknown>(to - from)
    for (let i = from; i < to; i++) values[i - from] = items.slice(this.offsets[i]! - start, this.offsets[i + 1]! - start)
    return values
  }
  protected checkData(): void {
    this.checkOffsets(this.offsets)
    noneMissing(this.item)
    this.item.check()
  }
}

class TupleReader extends ColumnReader {
  readonly items: readonly ColumnReader[]
  constructor(type: Of<"tuple">, rows: number, cursor: BufferCursor) {
    super(type, rows, cursor)
    this.items = type.items.map(item => columnReader(item, rows, cursor))
  }
  protected valueOf(row: number): unknown[] {
    return this.items.map(item => item.value(row))
  }
  protected valuesOf(from: number, to: number): unknown[] {
    const columns = this.items.map(item => item.values(from, to))
    const values = new Array<unknown>(to - from)
    if (columns.length === 2) {
      const [first, second] = columns as [unknown[], unknown[]]
      for (let i = 0; i < values.length; i++) values[i] = [first[i], second[i]]
    } else for (let i = 0; i < values.length; i++) values[i] = columns.map(column => column[i])
    return values
  }
  protected checkData(): void {
    for (const item of this.items) {
      noneMissing(item)
      item.check()
    }
  }
}

type ObjectMaker = (columns: readonly unknown[][], length: number) => unknown[]

class StructReader extends ColumnReader {
  readonly fields: readonly { readonly name: string; readonly column: ColumnReader }[]
  private readonly anyMissing: boolean
  private maker: ObjectMaker | null = null
  constructor(type: Of<"struct">, rows: number, cursor: BufferCursor) {
    super(type, rows, cursor)
    this.fields = type.fields.map(field => ({ name: field.name, column: columnReader(field.type, rows, cursor) }))
    this.anyMissing = type.fields.some(field => (field.type.absent & absence.missing) !== 0)
  }
  protected valueOf(row: number): unknown {
    const object: Record<string, unknown> = {}
    for (const { name, column } of this.fields) {
      const value = column.value(row)
      if (value !== missing) object[name] = value
    }
    return object
  }
  protected valuesOf(from: number, to: number): unknown[] {
    const columns = this.fields.map(field => field.column.values(from, to))
    const length = to - from
    if (!this.anyMissing && length >= 64) {
      this.maker ??= objectMaker(this.fields.map(field => field.name))
      return this.maker(columns, length)
    }
    const names = this.fields.map(field => field.name)
    const values = new Array<unknown>(length)
    for (let i = 0; i < length; i++) {
      const object: Record<string, unknown> = {}
      for (let j = 0; j < names.length; j++) {
        const value = columns[j]![i]
        if (value !== missing) object[names[j]!] = value
      }
      values[i] = object
    }
    return values
  }
  protected checkData(): void {
    for (const field of this.fields) field.column.check()
  }
}

/** A literal of the fields is several times as fast as setting them one by one. Names are quoted; `__proto__` never is a field. */
function objectMaker(names: readonly string[]): ObjectMaker {
  const locals = names.map((_, j) => `c${j} = columns[${j}]`)
  const fields = names.map((name, j) => `${JSON.stringify(name)}: c${j}[i]`)
  const source = `${locals.length > 0 ? `const ${locals.join(", ")}\n` : ""}const values = new Array(length)
for (let i = 0; i < length; i++) values[i] = { ${fields.join(", ")} }
return values`
  return new Function("columns", "length", source) as ObjectMaker
}

/** Where the last offset points; what is no length is caught here. */
function extent(offsets: Int32Array): number {
  const last = offsets[offsets.length - 1]!
  if (last < 0) throw damaged("an offset is negative")
  return last
}

/** Only fields of objects can be missing. */
export function noneMissing(column: ColumnReader): void {
  if (column.type.absent & absence.missing) throw damaged("an element of an array is missing")
}
