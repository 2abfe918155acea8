/**
 * Rows as a Parquet file, in a task. What becomes what:
 *
 *   columns         see export-columns
 *   in columns      number DOUBLE · string UTF8 · boolean BOOLEAN · bigint INT64 · Date TIMESTAMP_MILLIS (UTC) · array LIST · object, tuple a group
 *   mixed values    UTF8
 *   null, undefined, missing, a Date that is none    null
 *
 * Tasks are synchronous and few of them write Parquet, so the library is loaded by the first that does: 0.1 s that no other executor pays.
 */

import { createRequire } from "node:module"
import { Block, encodeRows } from "./block.js"
import type { ColumnType } from "./columns.js"
import { absent, asText, columnOf, columnsOf, wellFormed } from "./export-columns.js"

interface SchemaElement {
  readonly name: string
  readonly type?: "BOOLEAN" | "INT64" | "DOUBLE" | "BYTE_ARRAY"
  readonly repetition_type?: "OPTIONAL" | "REPEATED"
  readonly converted_type?: "UTF8" | "LIST" | "TIMESTAMP_MILLIS"
  readonly num_children?: number
}

interface Writer {
  parquetWriteBuffer(options: {
    readonly schema: readonly SchemaElement[]
    readonly columnData: readonly { readonly name: string; readonly data: readonly unknown[] }[]
    readonly createdBy: string
  }): ArrayBuffer
}

let writer: Writer | undefined

export function parquetFile(rows: readonly unknown[]): Uint8Array {
  writer ??= createRequire(import.meta.url)("hyparquet-writer") as Writer
  const type = Block.of(encodeRows(rows)).schema
  const fields = asGroup(type) ? columnsOf(type) : [{ name: "value", type }]
  const schema: SchemaElement[] = [{ name: "root", num_children: fields.length }]
  for (const { name, type: field } of fields) schema.push(...elements(wellFormed(name), field))
  const columnData = fields.map(({ name, type: field }, j) => ({
    name: wellFormed(name),
    data: (asGroup(type) ? columnOf(rows, type, j) : rows).map(value => stored(value, field)),
  }))
  return new Uint8Array(writer.parquetWriteBuffer({ schema, columnData, createdBy: "rivulet" }))
}

/** A group has columns: an object without fields is text. */
function asGroup(type: ColumnType): type is Extract<ColumnType, { kind: "struct" | "tuple" }> {
  return (type.kind === "struct" && type.fields.length > 0) || (type.kind === "tuple" && type.items.length > 0)
}

/** The column's elements of the schema, a parent before its children. */
function elements(name: string, type: ColumnType): SchemaElement[] {
  const optional = { name, repetition_type: "OPTIONAL" } as const
  if (type.kind === "list") {
    const list = { name: "list", repetition_type: "REPEATED", num_children: 1 } as const
    return [{ ...optional, converted_type: "LIST", num_children: 1 }, list, ...elements("element", type.item)]
  }
  if (asGroup(type)) {
    const children = columnsOf(type)
    return [{ ...optional, num_children: children.length }, ...children.flatMap(child => elements(wellFormed(child.name), child.type))]
  }
  switch (type.kind) {
    case "float64":
      return [{ ...optional, type: "DOUBLE" }]
    case "bool":
      return [{ ...optional, type: "BOOLEAN" }]
    case "int64":
      return [{ ...optional, type: "INT64" }]
    case "timestamp":
      return [{ ...optional, type: "INT64", converted_type: "TIMESTAMP_MILLIS" }]
    default:
      return [{ ...optional, type: "BYTE_ARRAY", converted_type: "UTF8" }]
  }
}

/** The value as the library takes it: groups are objects, lists arrays. It is of this type or absent. */
function stored(value: unknown, type: ColumnType): unknown {
  if (absent(value)) return null
  if (type.kind === "list") return (value as readonly unknown[]).map(item => stored(item, type.item))
  if (asGroup(type)) {
    const fields = columnsOf(type).map(({ name, type: field }, j) => [wellFormed(name), stored(columnOf([value], type, j)[0], field)])
    return Object.fromEntries(fields) as unknown
  }
  switch (type.kind) {
    case "float64":
    case "bool":
    case "int64":
      return value
    case "timestamp":
      return Number.isNaN((value as Date).getTime()) ? null : value
    default:
      return asText(value)
  }
}
