/** The two lists that open under the input: completions and the history search. */
import type { CompletionList, ShellState } from "../session.js"
import { type Typed, visible } from "./input.js"
import { dim, inverse } from "./style.js"
import { pad, printable, truncate } from "./table.js"
import { cellWidth } from "./width.js"

export function completionLines(list: CompletionList, width: number, rows: number): string[] {
  const first = Math.max(0, Math.min(list.selected - Math.floor(rows / 2), list.items.length - rows))
  const shown = list.items.slice(first, first + rows)
  const nameWidth = Math.min(32, Math.max(...shown.map(item => cellWidth(item.text))))
  const lines = shown.map((item, i) => {
    const chosen = first + i === list.selected
    const text = truncate(
      `${chosen ? "▸ " : "  "}${pad(item.text, nameWidth, false)}  ${printable(item.detail)}`.trimEnd(),
      Math.max(10, width - 3),
    )
    return `  ${chosen ? inverse(text) : text}`
  })
  const more = list.items.length - shown.length
  return more > 0 ? [...lines, dim(truncate(`    … ${more} more`, width))] : lines
}

export function searchLines(search: NonNullable<ShellState["search"]>, width: number, rows: number): Typed {
  const shown = search.matches.slice(0, Math.max(1, rows - 1))
  const query = truncate(visible(search.query), Math.max(1, width - 20))
  const lead = truncate("search: ", Math.max(0, width - cellWidth(query) - 1))
  const nothing = search.matches.length === 0 && cellWidth(lead + query) + 10 <= width ? "  nothing" : ""
  return {
    rows: [
      `${dim(lead)}${query}${dim(nothing)}`,
      ...shown.map((match, i) => {
        const text = truncate(`  ${printable(match)}`, Math.max(10, width - 1))
        return i === search.selected ? inverse(text) : text
      }),
    ],
    cursor: { row: 0, column: cellWidth(lead + query) },
  }
}
