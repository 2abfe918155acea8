/**
 * Columns to rows: a reader a column, over the block's own memory (which may be shared). Readers trust the bytes but for the extents of their
 * buffers; `check` is for bytes that come from elsewhere.
 */

import { type BufferCursor, ColumnReader, extent, noneMissing, type Of } from "./column-reader.js"
import { BoolReader, Float64Reader, Int64Reader, NullReader, OpaqueReader, TimestampReader, Utf8Reader } from "./column-scalars.js"
import { absence, type ColumnType, missing } from "./columns.js"

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

/** Arrays of one length, a column an element. */
export class TupleReader extends ColumnReader {
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
