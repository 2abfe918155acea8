/** An output file's bytes: text with one record a line, an Arrow IPC file, or Parquet. */

import { arrowFile } from "../block/arrow-file.js"
import { parquetFile } from "../block/parquet-file.js"
import { isPlainRow, toJson } from "../values/json-text.js"
import type { FileFormat } from "./file-format.js"

/** No rows: no bytes. */
export function fileBytes(rows: readonly unknown[], format: FileFormat): Uint8Array {
  if (rows.length === 0) return new Uint8Array(0)
  if (format === "parquet") return parquetFile(rows)
  return format === "arrow" ? arrowFile(rows) : fileText(rows, format)
}

/** `[key, value]` and objects of an ndjson file are what JSON makes of them, dates as ISO text, bigints as numbers. */
export function fileText(rows: readonly unknown[], format: "ndjson" | "csv"): Uint8Array {
  if (rows.length === 0) return new Uint8Array(0)
  const lines = format === "ndjson" ? rows.map(toJson) : csvLines(rows)
  return new TextEncoder().encode(`${lines.join("\n")}\n`)
}

/** Objects have a header of all their fields, in order of first appearance; tuples a column an element, others one column. */
function csvLines(rows: readonly unknown[]): string[] {
  if (!rows.some(isPlainRow)) return rows.map(row => (Array.isArray(row) ? row : [row]).map(csvField).join(","))
  const names = new Set<string>()
  for (const row of rows) if (isPlainRow(row)) for (const name of Object.keys(row)) names.add(name)
  const header = [...names]
  return [
    header.map(csvField).join(","),
    ...rows.map(row => header.map(name => csvField(isPlainRow(row) ? row[name] : undefined)).join(",")),
  ]
}

function csvField(value: unknown): string {
  if (value === null || value === undefined) return ""
  const text =
    typeof value === "string"
      ? value
      : typeof value === "object" && !(value instanceof Date)
        ? toJson(value)
        : value instanceof Date
          ? dateText(value)
          : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const dateText = (date: Date): string => (Number.isNaN(date.getTime()) ? "" : date.toISOString())
