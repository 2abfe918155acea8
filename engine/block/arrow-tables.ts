/**
 * Blocks as Apache Arrow tables: the only file that knows that library's types. The library is given: programs and the workers' file
 * writers load it in two ways, which must not be mixed. Blocks of different types become one table of their joined
 * type; what Arrow cannot say is made text.
 *
 *   columns         see export-columns
 *   in columns      number Float64 · string Utf8 · boolean Bool · bigint Int64 · Date Timestamp[ms] · array List · object, tuple Struct
 *   mixed values    Utf8
 *   null, undefined, missing    null
 */

import type { Field as ArrowField, Table as ArrowTable, Data, DataType } from "apache-arrow"
import { Block } from "./block.js"
import { encodeStrings } from "./column-text.js"
import { type ColumnField, type ColumnType, joinTypes } from "./columns.js"
import { absent, asText, columnOf, columnsOf, wellFormed } from "./export-columns.js"

type Arrow = typeof import("apache-arrow")

export interface ArrowTables {
  toArrowTable(blocks: readonly (Block | Uint8Array)[]): ArrowTable
  toIpc(blocks: readonly (Block | Uint8Array)[], form?: "stream" | "file"): Uint8Array
}

export function arrowTables(library: Arrow): ArrowTables {
  const { Bool, Field, Float64, Int64, List, makeData, Null, RecordBatch, Schema, Struct, Table } = library
  const { TimestampMillisecond, tableToIPC, Utf8 } = library

  /** One table of all rows of the blocks (opened, or as bytes), a record batch a block that has rows. */
  function toArrowTable(blocks: readonly (Block | Uint8Array)[]): ArrowTable {
    const opened = blocks.map(block => (block instanceof Block ? block : Block.of(block))).filter(block => block.rows > 0)
    const type = opened.map(block => block.schema).reduce(joinTypes, { kind: "null", absent: 0 } as ColumnType)
    const columns = columnsOf(type)
    const fields = columns.map(fieldOf)
    const batches = opened.map(block => {
      const rows = block.toArray()
      const children = columns.map((column, j) => dataOf(column.type, columnOf(rows, type, j)))
      return new RecordBatch(new Schema(fields), makeData({ type: new Struct(fields), length: rows.length, nullCount: 0, children }))
    })
    return new Table(new Schema(fields), batches)
  }

  /** The same as the bytes of an Arrow IPC stream, which other programs read. */
  function toIpc(blocks: readonly (Block | Uint8Array)[], form: "stream" | "file" = "stream"): Uint8Array {
    return tableToIPC(toArrowTable(blocks), form)
  }

  function fieldOf(column: ColumnField): ArrowField {
    return Field.new({ name: wellFormed(column.name), type: arrowType(column.type), nullable: true })
  }

  function arrowType(type: ColumnType): DataType {
    switch (type.kind) {
      case "null":
        return new Null()
      case "float64":
        return new Float64()
      case "bool":
        return new Bool()
      case "int64":
        return new Int64()
      case "timestamp":
        return new TimestampMillisecond()
      case "utf8":
      case "opaque":
        return new Utf8()
      case "list":
        return new List(fieldOf({ name: "item", type: type.item }))
      case "tuple":
      case "struct":
        return new Struct(columnsOf(type).map(fieldOf))
    }
  }

  function bitmap(values: readonly unknown[], bit: (value: unknown) => boolean): Uint8Array {
    const bits = new Uint8Array((values.length + 7) >>> 3)
    for (let i = 0; i < values.length; i++) if (bit(values[i])) bits[i >>> 3]! |= 1 << (i & 7)
    return bits
  }

  /** The values in Arrow's layout. They are of this type or absent. */
  function dataOf(type: ColumnType, values: readonly unknown[]): Data {
    const length = values.length
    const nullCount = values.reduce<number>((count, value) => count + (absent(value) ? 1 : 0), 0)
    const common = { length, nullCount, nullBitmap: nullCount === 0 ? undefined : bitmap(values, value => !absent(value)) }
    switch (type.kind) {
      case "null":
        return makeData({ type: new Null(), length })
      case "float64":
        return makeData({
          ...common,
          type: new Float64(),
          data: Float64Array.from(values, value => (typeof value === "number" ? value : 0)),
        })
      case "bool":
        return makeData({ ...common, type: new Bool(), data: bitmap(values, value => value === true) })
      case "int64":
        return makeData({
          ...common,
          type: new Int64(),
          data: BigInt64Array.from(values, value => (typeof value === "bigint" ? value : 0n)),
        })
      case "timestamp":
        return makeData({
          ...common,
          type: new TimestampMillisecond(),
          data: BigInt64Array.from(values, value => (absent(value) ? 0n : BigInt((value as Date).getTime()))),
        })
      case "utf8":
      case "opaque":
        return textData(values.map(asText), common)
      case "list": {
        const items: unknown[] = []
        const valueOffsets = new Int32Array(length + 1)
        values.forEach((value, i) => {
          if (Array.isArray(value)) for (const item of value) items.push(item)
          valueOffsets[i + 1] = items.length
        })
        const item = fieldOf({ name: "item", type: type.item })
        return makeData({ ...common, type: new List(item), valueOffsets, child: dataOf(type.item, items) })
      }
      case "tuple":
      case "struct":
        return structData(type, common, values)
    }
  }

  interface Common {
    readonly length: number
    readonly nullCount: number
    readonly nullBitmap: Uint8Array | undefined
  }

  function structData(type: ColumnType, common: Common, values: readonly unknown[]): Data {
    const columns = columnsOf(type)
    const children = columns.map((column, j) => dataOf(column.type, columnOf(values, type, j)))
    return makeData({ ...common, type: new Struct(columns.map(fieldOf)), children })
  }

  function textData(texts: readonly unknown[], common: Common): Data {
    const encoded = encodeStrings(texts, 0)
    if (encoded === null) throw new Error("text with a lone surrogate was not made well-formed")
    const [offsets, data] = encoded.buffers as [Uint8Array, Uint8Array]
    return makeData({
      ...common,
      type: new Utf8(),
      valueOffsets: new Int32Array(offsets.buffer, offsets.byteOffset, offsets.byteLength / 4),
      data,
    })
  }

  return { toArrowTable, toIpc }
}
