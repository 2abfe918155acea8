/** Rows as a table of Markdown, its columns padded so that the page's text is one, too. */
import { formatNumber } from "../view/number.js"
import { columnsOf, pad } from "../view/table.js"
import { cellWidth } from "../view/width.js"

/** A page is read: more rows are counted. */
const rowsShown = 50

/** Pairs have the columns `key` and `value`. No rows: `(none)`. */
export function markdownTable(rows: readonly unknown[], formatTime: (value: Date) => string): string {
  const shown = rows.slice(0, rowsShown)
  if (shown.length === 0) return "| |\n|---|\n| (none) |"
  const columns = columnsOf(shown, { width: Number.POSITIVE_INFINITY, maxRows: rowsShown, formatTime })
  const texts = columns.map(({ title, cells }) => [title, ...cells].map(plain))
  const widths = texts.map(cells => Math.max(3, ...cells.map(cellWidth)))
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`
  const row = (at: number) => line(columns.map(({ right }, i) => pad(texts[i]![at] ?? "", widths[i]!, right)))
  const rule = `|${columns.map(({ right }, i) => (right ? `${"-".repeat(widths[i]! + 1)}:` : "-".repeat(widths[i]! + 2))).join("|")}|`
  const more = rows.length - shown.length
  const rest = columns.map((_, i) => (i === 0 ? `… ${formatNumber(more)} more` : ""))
  return [row(0), rule, ...shown.map((_, i) => row(i + 1)), ...(more > 0 ? [line(rest)] : [])].join("\n")
}

/** Text that Markdown shows as it is. */
function plain(text: string): string {
  return text.replace(/[\\`*<[\]|~&]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\$&")
}
