/** What records are made of, from some of them: names, types as TypeScript writes them, a sample value. */

import { Block, encodeRows } from "../block/block.js"
import { absence, type ColumnType, typeText } from "../block/columns.js"
import type { Field } from "./shapes.js"

/** So many records are looked at. */
export const schemaRows = 1_000

/** One field for each field of objects, `_1`, `_2` … for tuples, `value` for anything else. No records: no fields. */
export function schemaOf(rows: readonly unknown[]): Field[] {
  if (rows.length === 0) return []
  const { schema } = Block.of(encodeRows(rows))
  const field = (name: string, type: ColumnType, values: readonly unknown[]): Field => ({
    name,
    type: typeText(type),
    nullable: (type.absent & (absence.null | absence.undefined | absence.missing)) !== 0,
    sample: values.findLast(value => value !== null && value !== undefined) ?? values[0],
  })
  const part = (name: string | number) =>
    rows.map(row => (typeof row === "object" && row !== null ? (row as Record<string | number, unknown>)[name] : undefined))
  if (schema.kind === "struct") return schema.fields.map(({ name, type }) => field(name, type, part(name)))
  if (schema.kind === "tuple") return schema.items.map((type, i) => field(`_${i + 1}`, type, part(i)))
  return [field("value", schema, rows)]
}

/** The type of all of them, as TypeScript writes it; parts that none of them have are `any`. */
export function recordType(rows: readonly unknown[]): string {
  return typeText(Block.of(encodeRows(rows)).schema, "any")
}
