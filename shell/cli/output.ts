/**
 * Answers on stdout: one record a line as NDJSON, a JSON object with its stamp, CSV, an Arrow IPC stream, Parquet, or a
 * table. A closed pipe (`… | head -1`) ends quietly.
 */

import { RivuletError } from "../../engine/errors.js"
import type { Stamp } from "../../engine/fluent/types.js"
import { isSeries } from "../host/answers.js"
import { table } from "../view/table.js"

export const outputFormats = ["table", "json", "ndjson", "csv", "arrow", "parquet"] as const
export type OutputFormat = (typeof outputFormats)[number]

/** `-o`, or what suits where stdout goes. */
export function outputFormat(asked: string | undefined, isTty: boolean): OutputFormat {
  if (asked === undefined) return isTty ? "table" : "ndjson"
  const found = outputFormats.find(name => name === asked)
  if (found === undefined) throw new RivuletError(`-o ${asked}: no such format`, { code: 2, try: `one of ${outputFormats.join(", ")}` })
  return found
}

/** The same where there is a line an interval, or whatever there is a line of: that is no table to be stored. */
export function lineFormat(asked: string | undefined, isTty: boolean): OutputFormat {
  const format = outputFormat(asked, isTty)
  if (format === "table" || format === "ndjson" || format === "json") return format
  throw new RivuletError(`-o ${format}: here the output is lines`, {
    code: 2,
    try: `-o ndjson; a program's stream.save("out/", { format: "${format}" }) and rivulet query -o ${format} give such files`,
  })
}

/** What an expression gave, as rows: arrays and series by their elements, maps by their pairs, all else as one row. */
export function rowsOf(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value
  if (value instanceof Map) return [...value]
  if (value instanceof Set) return [...value]
  if (isSeries(value)) return [...value]
  return [value]
}

/** JSON: ISO times with Z, 64-bit integers beyond 2⁵³ as strings, NaN and infinities as null. */
export function toJson(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) => {
      if (typeof part === "bigint")
        return part >= BigInt(Number.MIN_SAFE_INTEGER) && part <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(part) : part.toString()
      if (part instanceof Map) return [...part]
      if (part instanceof Set) return [...part]
      if (isInterval(part)) return [new Date(part.from).toISOString(), new Date(part.to).toISOString()]
      return part
    }) ?? "null"
  )
}

function isInterval(value: unknown): value is { from: number; to: number } {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.keys(value).length === 2 &&
    typeof (value as { from?: unknown }).from === "number" &&
    typeof (value as { to?: unknown }).to === "number" &&
    (value as { from: number }).from > 1e11
  )
}

/** An answer as the bytes of its format. Apache Arrow is loaded only for what asks for it. */
export async function render(
  value: unknown,
  format: OutputFormat,
  options: { readonly stamp?: Stamp; readonly width: number },
): Promise<string | Uint8Array> {
  const rows = rowsOf(value)
  switch (format) {
    case "ndjson":
      return rows.map(row => `${toJson(row)}\n`).join("")
    case "json":
      return `${toJson(options.stamp ? { rows, stamp: options.stamp } : { rows })}\n`
    case "csv":
      return csv(rows)
    case "arrow": {
      const [{ toIpc }, { encodeRows }] = await Promise.all([import("../../engine/block/arrow.js"), import("../../engine/block/block.js")])
      return toIpc([encodeRows(rows)])
    }
    case "parquet":
      return (await import("../../engine/block/parquet-file.js")).parquetFile(rows)
    case "table": {
      if (typeof value === "number" || typeof value === "string" || typeof value === "bigint") return `${value}\n`
      const text = table(rows, { width: options.width, maxRows: Number.POSITIVE_INFINITY, indent: 0 })
      return text.lines.map(line => `${line}\n`).join("")
    }
  }
}

function csv(rows: readonly unknown[]): string {
  if (rows.length === 0) return ""
  const pairs = rows.every(row => Array.isArray(row))
  const objects = rows.every(row => typeof row === "object" && row !== null && !Array.isArray(row) && !(row instanceof Date))
  const fields = pairs
    ? Array.from({ length: Math.max(...rows.map(row => (row as unknown[]).length)) }, (_, i) => ["key", "value"][i] ?? `_${i + 1}`)
    : objects
      ? [...new Set(rows.flatMap(row => Object.keys(row as object)))]
      : ["value"]
  const cells = (row: unknown) =>
    pairs ? (row as unknown[]) : objects ? fields.map(field => (row as Record<string, unknown>)[field]) : [row]
  const line = (values: readonly unknown[]) => `${fields.map((_, i) => csvCell(values[i])).join(",")}\r\n`
  return line(fields) + rows.map(row => line(cells(row))).join("")
}

function csvCell(value: unknown): string {
  if (value === undefined || value === null) return ""
  const text =
    typeof value === "object" && !(value instanceof Date) ? toJson(value) : value instanceof Date ? value.toISOString() : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Writes and waits for the pipe; a reader that has gone away is the end of the job, not an error. */
export function write(text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, error => {
      if (!error) resolve()
      else if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(0)
      else reject(error)
    })
  })
}
