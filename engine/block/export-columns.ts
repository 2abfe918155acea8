/**
 * Rows as the columns of other programs' files (Arrow, Parquet).
 *
 *   object rows     a column a field (a row that is null has none of them)
 *   tuple rows      columns `_1`, `_2` …
 *   other rows      one column `value`
 *   mixed values    text: strings as they are (a lone surrogate as U+FFFD), others as `showValue` writes them
 */

import { showValue } from "../values/values.js"
import { type ColumnField, type ColumnType, missing } from "./columns.js"

export function columnsOf(type: ColumnType): readonly ColumnField[] {
  if (type.kind === "struct") return type.fields
  if (type.kind === "tuple") return type.items.map((item, j) => ({ name: `_${j + 1}`, type: item }))
  return [{ name: "value", type }]
}

/** Column j of rows (or of values within them) of this type. */
export function columnOf(rows: readonly unknown[], type: ColumnType, j: number): readonly unknown[] {
  return type.kind === "struct" ? named(rows, type.fields[j]!.name) : placed(rows, type, j)
}

/** A field of each row; of rows that are no objects, undefined. */
function named(rows: readonly unknown[], name: string): unknown[] {
  return rows.map(row => (absent(row) || !Object.hasOwn(row as object, name) ? undefined : (row as Record<string, unknown>)[name]))
}

/** Element j of each row, or the rows themselves if they are no tuples. */
function placed(rows: readonly unknown[], type: ColumnType, j: number): readonly unknown[] {
  return type.kind === "tuple" ? rows.map(row => (Array.isArray(row) ? (row[j] as unknown) : undefined)) : rows
}

export function absent(value: unknown): boolean {
  return value === null || value === undefined || value === missing
}

export function asText(value: unknown): unknown {
  if (absent(value)) return value
  return wellFormed(typeof value === "string" ? value : showValue(value, Number.MAX_SAFE_INTEGER))
}

export function wellFormed(text: string): string {
  return (text as unknown as { toWellFormed(): string }).toWellFormed()
}
