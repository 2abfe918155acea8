/**
 * Rows as an aligned table of plain text. Pairs show as `key value`, objects by their fields, all else as one column.
 * Numbers stand right, everything else left; a cell too wide for its share is cut with `…`; control characters never
 * reach the terminal.
 */

import sliceAnsi from "slice-ansi"
import { showValue } from "../../engine/values/values.js"
import { formatNumber } from "./number.js"
import { cellWidth, head, isNarrow, measurable } from "./width.js"

export interface TableOptions {
  /** Terminal columns. */
  readonly width: number
  readonly maxRows: number
  /** Drop the header line (pairs of an answer need none). */
  readonly header?: boolean
  readonly indent?: number
  readonly formatTime?: (value: Date) => string
  /** Titles of columns that are left out, the first of these first, before anything is cut. */
  readonly spare?: readonly string[]
  /** Of what is no text, number or time: 200 unless given. */
  readonly maxChars?: number
}

export interface TableText {
  readonly lines: readonly string[]
  readonly shown: number
  readonly total: number
}

/** Of a table: what its head says, and a text for each row. */
export interface Column {
  readonly title: string
  readonly cells: readonly string[]
  readonly right: boolean
  /** What the texts stand for. */
  readonly values: readonly unknown[]
}

export function table(rows: readonly unknown[], options: TableOptions): TableText {
  const shown = rows.slice(0, options.maxRows)
  const indent = " ".repeat(options.indent ?? 2)
  const header = options.header ?? true
  const widthOf = (column: Column) => Math.max(header ? cellWidth(column.title) : 0, ...column.cells.map(cell => cellWidth(cell)), 1)
  const available = options.width - indent.length
  const columns = withoutSpare(columnsOf(shown, options), options.spare ?? [], all => whole(all.map(widthOf)) <= available)
  const widths = fit(columns.map(widthOf), available)
  const natural = columns.map(column => Math.max(0, ...column.cells.map(cell => cellWidth(cell))))
  if (columns.length > 2 && widths.some((width, i) => width < Math.min(natural[i]!, readable)))
    return records(columns, shown.length, rows.length, options)
  const line = (cells: readonly string[]) =>
    (indent + cells.map((cell, i) => pad(cell, widths[i]!, columns[i]!.right)).join("   ")).trimEnd()
  const lines = shown.map((_, r) => line(columns.map(column => column.cells[r] ?? "")))
  if (header && columns.length > 0) lines.unshift(line(columns.map(column => column.title)))
  return { lines, shown: shown.length, total: rows.length }
}

function withoutSpare(all: readonly Column[], spare: readonly string[], fits: (columns: readonly Column[]) => boolean): readonly Column[] {
  let columns = all
  for (const name of spare) {
    if (fits(columns)) break
    columns = columns.filter(({ title }) => title !== name)
  }
  return columns
}

/** Columns narrower than this say nothing. */
const readable = 8

/** Each record by itself, a field a line: where a terminal is too narrow for columns. */
function records(columns: readonly Column[], shown: number, total: number, options: TableOptions): TableText {
  const indent = " ".repeat(options.indent ?? 2)
  const nameWidth = Math.max(...columns.map(({ title }) => cellWidth(title)))
  const lines: string[] = []
  for (let r = 0; r < shown; r++) {
    if (r > 0) lines.push(`${indent}–`)
    for (const { title, cells } of columns)
      lines.push(truncate(`${indent}${pad(title, nameWidth, false)}  ${cells[r] ?? ""}`, Math.max(8, options.width)).trimEnd())
  }
  return { lines, shown, total }
}

export function columnsOf(rows: readonly unknown[], options: TableOptions): Column[] {
  if (rows.length === 0) return []
  const cell = (value: unknown) => cellText(value, options)
  if (rows.every(row => Array.isArray(row) && row.length === 2)) {
    const pairs = rows as [unknown, unknown][]
    return [
      ...spread(
        "key",
        pairs.map(pair => pair[0]),
        cell,
        options,
      ),
      ...spread(
        "value",
        pairs.map(pair => pair[1]),
        cell,
        options,
      ),
    ]
  }
  return spread("value", rows, cell, options)
}

/** An object's fields become columns; anything else is one. */
function spread(title: string, values: readonly unknown[], cell: (value: unknown) => string, options: TableOptions): Column[] {
  if (values.length > 0 && values.every(isPlainObject)) {
    const fields = [...new Set(values.flatMap(value => Object.keys(value as object)))]
    if (fields.length > 0 && fields.length <= 24)
      return fields.map(field =>
        column(
          field,
          values.map(value => (value as Record<string, unknown>)[field]),
          field === "interval" ? value => intervalText(value, options) ?? cell(value) : cell,
        ),
      )
  }
  return [column(title, values, cell)]
}

function column(title: string, values: readonly unknown[], cell: (value: unknown) => string): Column {
  const present = values.filter(value => value !== undefined && value !== null)
  const right = present.length > 0 && present.every(value => typeof value === "number" || typeof value === "bigint")
  return { title, cells: values.map(cell), right, values }
}

/** Of what came in which interval: its two ends as times, where times are shown as text; null for what is none. */
function intervalText(value: unknown, { formatTime }: TableOptions): string | null {
  if (!isPlainObject(value) || formatTime === undefined) return null
  const { from, to, ...rest } = value as Readonly<Record<string, unknown>>
  if (typeof from !== "number" || typeof to !== "number" || Object.keys(rest).length > 0) return null
  return `${formatTime(new Date(from))}–${formatTime(new Date(to))}`
}

export function cellText(value: unknown, options: Pick<TableOptions, "formatTime" | "maxChars"> = {}): string {
  if (typeof value === "string") return printable(value)
  if (typeof value === "number" || typeof value === "bigint") return formatNumber(value)
  if (value === undefined) return "–"
  if (value instanceof Date) return options.formatTime ? options.formatTime(value) : value.toISOString()
  return printable(showValue(value, options.maxChars ?? 200))
}

/** Escapes what would move the cursor, turn the line's direction or colour the screen; what no terminal measures is a mark. */
export function printable(text: string): string {
  if (isNarrow(text)) return text
  const escaped = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, char => {
    const known: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }
    const code = char.charCodeAt(0).toString(16)
    return known[char] ?? (code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`)
  })
  return measurable(escaped)
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Of columns beside each other. */
const whole = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width, 0) + 3 * Math.max(0, widths.length - 1)

/** Shrinks the widest columns first until all fit beside each other; never below four characters. */
function fit(widths: readonly number[], available: number): number[] {
  const result = [...widths]
  let excess = whole(result) - Math.max(available, 4)
  while (excess > 0) {
    const widest = result.indexOf(Math.max(...result))
    if (result[widest]! <= 4) break
    const second = Math.max(4, ...result.filter((_, i) => i !== widest && result[i]! < result[widest]!))
    // Columns that are as wide as it is are cut as much.
    const share = Math.ceil(excess / result.filter(width => width === result[widest]).length)
    const cut = Math.max(1, Math.min(share, result[widest]! - second))
    result[widest] = result[widest]! - cut
    excess -= cut
  }
  return result
}

export function pad(text: string, width: number, right: boolean): string {
  const cut = truncate(text, width)
  const space = " ".repeat(Math.max(0, width - cellWidth(cut)))
  return right ? space + cut : cut + space
}

export function truncate(text: string, width: number): string {
  if (cellWidth(text) <= width) return text
  if (width <= 1) return "…".slice(0, width)
  if (isNarrow(text)) return `${text.slice(0, width - 1)}…`
  return `${text.includes("\x1b") ? slice(text, width - 1) : text.slice(0, head(text, width - 1).length)}…`
}

/** It takes a wide character in of which only one cell has room. */
function slice(styled: string, cells: number): string {
  const cut = sliceAnsi(styled, 0, cells)
  return cellWidth(cut) <= cells ? cut : sliceAnsi(styled, 0, cells - 1)
}
