/** What opens under the input: completions, what stands under the cursor, the history search. */
import type { CompletionList, ShellState } from "../session.js"
import { type Typed, visible } from "./input.js"
import { bold, dim, inverse } from "./style.js"
import { pad, printable, truncate } from "./table.js"
import { cellWidth } from "./width.js"

/** A name, its type or signature, and what is said of it, as far as there is room. */
export function completionLines(list: CompletionList, width: number, rows: number): string[] {
  const first = Math.max(0, Math.min(list.selected - Math.floor(rows / 2), list.items.length - rows))
  const shown = list.items.slice(first, first + rows)
  const nameWidth = Math.min(32, Math.max(...shown.map(item => cellWidth(item.text))))
  const room = Math.max(10, width - 3)
  const documented = shown.some(({ doc }) => doc !== undefined)
  const detailWidth = Math.min(
    documented ? Math.max(12, Math.floor((room - nameWidth) / 2)) : room,
    Math.max(...shown.map(item => cellWidth(printable(item.detail)))),
  )
  const lines = shown.map((item, i) => {
    const chosen = first + i === list.selected
    const detail = pad(truncate(printable(item.detail), detailWidth), item.doc ? detailWidth : 0, false)
    const said = `${chosen ? "▸ " : "  "}${pad(item.text, nameWidth, false)}  ${detail}${item.doc ? `  ${printable(item.doc)}` : ""}`
    const text = truncate(said.trimEnd(), room)
    return `  ${chosen ? inverse(text) : text}`
  })
  const more = list.items.length - shown.length
  return more > 0 ? [...lines, dim(truncate(`    … ${more} more`, width))] : lines
}

/** At most `rows`, the first of them what it is; long lines are wrapped. */
export function inspectionLines(inspection: NonNullable<ShellState["inspection"]>, width: number, rows: number): string[] {
  const { brief, all, whole } = inspection
  const wrapped = (whole ? all : brief).flatMap(line => wrap(printable(line), Math.max(10, width - 4)))
  const hidden = Math.max(0, wrapped.length - rows)
  const shown = wrapped.slice(0, hidden > 0 ? rows - 1 : rows).map((line, i) => `  ${i === 0 ? bold(line) : line}`)
  if (hidden > 0) shown.push(dim(truncate(`  … ${hidden + 1} more`, width)))
  else if (!whole && all.length > brief.length && shown.length < rows) shown.push(dim(truncate("  Shift-Tab: all of it · Esc", width)))
  return shown
}

/** At blanks where there are any. */
function wrap(line: string, width: number): string[] {
  const rows: string[] = []
  let row = ""
  for (const word of line.split(/(?<= )/)) {
    if (row !== "" && cellWidth((row + word).trimEnd()) > width) {
      rows.push(row.trimEnd())
      row = "  "
    }
    row += word
  }
  return [...rows, row].map(one => truncate(one.trimEnd(), width))
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
