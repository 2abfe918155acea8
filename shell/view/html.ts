/** Values as HTML, where a page can show more than text: rows as a table. */
import { isSeries } from "../host/answers.js"
import { formatNumber } from "./number.js"
import { columnsOf } from "./table.js"

const rowsShown = 100

/** Undefined where text says as much. */
export function valueHtml(value: unknown): string | undefined {
  if (isSeries(value)) return undefined
  const rows = value instanceof Map ? [...value] : value instanceof Set ? [...value] : value
  return Array.isArray(rows) && rows.length > 0 ? rowsHtml(rows) : undefined
}

function rowsHtml(rows: readonly unknown[]): string {
  const shown = rows.slice(0, rowsShown)
  const columns = columnsOf(shown, { width: Number.POSITIVE_INFINITY, maxRows: rowsShown })
  const cell = (tag: string, text: string, right: boolean) => `<${tag}${right ? ' style="text-align:right"' : ""}>${escaped(text)}</${tag}>`
  const head = columns.map(({ title, right }) => cell("th", title, right)).join("")
  const body = shown.map((_, row) => `<tr>${columns.map(({ cells, right }) => cell("td", cells[row] ?? "", right)).join("")}</tr>`)
  const more = rows.length > shown.length ? `<caption>${formatNumber(rows.length - shown.length)} more</caption>` : ""
  return `<table>${more}<thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`
}

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`)
}
