/** Rows otherwise than as a table: a field a line, or a record of JSON a line. */
import { toJson } from "../cli/output.js"
import { columnsOf, pad } from "./table.js"
import { cellWidth } from "./width.js"

export type RowMode = "table" | "line" | "json"

/** How rows are shown: as a table, a field a line, JSON; `wide`: wider than the screen, too. */
export interface ViewMode {
  readonly mode: RowMode
  readonly wide: boolean
}

export function jsonLines(rows: readonly unknown[], most: number): string[] {
  return rows.slice(0, most).map(row => `  ${toJson(row)}`)
}

/** Each record under its number. */
export function fieldLines(rows: readonly unknown[], most: number, formatTime: (time: Date) => string): string[] {
  const shown = rows.slice(0, most)
  const columns = columnsOf(shown, { width: Number.POSITIVE_INFINITY, maxRows: shown.length, formatTime, maxChars: 2_000 })
  const width = Math.max(0, ...columns.map(({ title }) => cellWidth(title)))
  return shown.flatMap((_, i) => [
    `  ─ ${i + 1} ─`,
    ...columns.map(({ title, cells }) => `  ${pad(title, width, false)}  ${cells[i] ?? ""}`.trimEnd()),
  ])
}
