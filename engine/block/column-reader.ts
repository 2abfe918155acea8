/** What the readers of all kinds of columns share: where their buffers lie, and which of their rows are absent. */

import { absence, type ColumnType, damaged, hasAbsenceCodes, hasValidity, missing } from "./columns.js"

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

  /** Whether the row holds a value. */
  isPresent(row: number): boolean {
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

/** The column type of one kind. */
export type Of<K extends ColumnType["kind"]> = Extract<ColumnType, { kind: K }>

/** Where the last offset points; what is no length is caught here. */
export function extent(offsets: Int32Array): number {
  const last = offsets[offsets.length - 1]!
  if (last < 0) throw damaged("an offset is negative")
  return last
}

/** Only fields of objects can be missing. */
export function noneMissing(column: ColumnReader): void {
  if (column.type.absent & absence.missing) throw damaged("an element of an array is missing")
}
