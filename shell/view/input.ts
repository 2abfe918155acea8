/** The cell being typed: prompt, text with its cursor, grey ghost text; a long cell shows the rows around the cursor. */
import type { ShellState } from "../session.js"
import { cut, type Span, spansOf, styleOfSpan } from "./highlight.js"
import { colored, dim } from "./style.js"
import { cellWidth, head, measurable } from "./width.js"

type Style = (text: string) => string
interface Part {
  readonly text: string
  readonly style: Style
}

/** Rows of the terminal, and the cell in them that the next key goes to. */
export interface Typed {
  readonly rows: string[]
  readonly cursor: { readonly row: number; readonly column: number }
}

/** None wider than `state.columns`, at most `rows`. */
export function inputLines(state: ShellState, rows: number): Typed {
  const { buffer, ghost, columns } = state
  const prompt = state.lostForS === null ? state.prompt : `${state.prompt.replace(/> $/, "")} (reconnecting ${state.lostForS} s)> `
  const lines = spansOf(buffer.text)
  const cursorLine = buffer.text.slice(0, buffer.cursor).split("\n").length - 1
  const first = Math.max(0, Math.min(cursorLine - Math.floor(rows / 2), lines.length - rows))
  const column = buffer.cursor - (buffer.text.lastIndexOf("\n", buffer.cursor - 1) + 1)
  const shown: string[] = []
  let cursor = { row: 0, column: 0 }
  lines.slice(first, first + rows).forEach((line, i) => {
    const index = first + i
    const lead: Part = {
      text: index === 0 ? prompt : " ".repeat(cellWidth(prompt)),
      style: state.color === null ? dim : colored(state.color),
    }
    if (index !== cursorLine) {
      shown.push(...wrapped([lead, ...partsOf(line)], columns).rows)
      return
    }
    const before = partsOf(cut(line, 0, column))
    const after = partsOf(cut(line, column))
    // At the end of the line the cursor needs a cell too.
    const end = { text: after.length > 0 ? "" : ghost === "" ? " " : visible(ghost), style: dim }
    const laid = wrapped([lead, ...before, ...after, end], columns, 1 + before.length)
    cursor = { row: shown.length + laid.marked.row, column: laid.marked.column }
    shown.push(...laid.rows)
  })
  const top = Math.max(0, Math.min(cursor.row - Math.floor(rows / 2), shown.length - rows))
  return { rows: shown.slice(top, top + rows), cursor: { ...cursor, row: cursor.row - top } }
}

function partsOf(spans: readonly Span[]): Part[] {
  return spans.map(({ text, kind }) => ({ text: visible(text), style: styleOfSpan(kind) }))
}

/** Parts side by side, cut into rows of `columns` cells. `marked`: the cell where the parts from number `from` on begin. */
function wrapped(
  parts: readonly Part[],
  columns: number,
  from = 0,
): { readonly rows: string[]; readonly marked: { readonly row: number; readonly column: number } } {
  const rows: string[] = []
  let row = ""
  let room = columns
  let marked: { row: number; column: number } | undefined
  parts.forEach(({ text, style }, index) => {
    let rest = text
    while (rest !== "") {
      const fitting = head(rest, room)
      if (fitting.length > 0) {
        if (index >= from) marked ??= { row: rows.length, column: columns - room }
        row += style(rest.slice(0, fitting.length))
        room -= fitting.cells
        rest = rest.slice(fitting.length)
        if (rest === "") break
      } else if (room === columns) return
      // (A character that no row has room for is left out.)
      rows.push(row)
      row = ""
      room = columns
    }
  })
  rows.push(row)
  return { rows, marked: marked ?? { row: rows.length - 1, column: Math.min(columns - room, columns - 1) } }
}

/** A tab as two blanks; what would move the cursor, or turn the line's direction, as a mark. */
export function visible(text: string): string {
  return measurable(text.replace(/\t/g, "  ").replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd"))
}
