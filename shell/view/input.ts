/** The cell being typed: prompt, text with its cursor, grey ghost text; a long cell shows the rows around the cursor. */
import type { ShellState } from "../session.js"
import { dim, inverse } from "./style.js"
import { cellWidth, isNarrow } from "./width.js"

type Style = (text: string) => string
interface Part {
  readonly text: string
  readonly style: Style
}

const plain: Style = text => text

/** Rows of the terminal, none wider than `state.columns`, at most `rows`. */
export function inputLines(state: ShellState, rows: number): string[] {
  const { buffer, ghost, columns } = state
  const prompt = state.lostForS === null ? state.prompt : `${state.prompt.replace(/> $/, "")} (reconnecting ${state.lostForS} s)> `
  const lines = buffer.text.split("\n")
  const cursorLine = buffer.text.slice(0, buffer.cursor).split("\n").length - 1
  const first = Math.max(0, Math.min(cursorLine - Math.floor(rows / 2), lines.length - rows))
  const offset = lines.slice(0, cursorLine).reduce((sum, line) => sum + line.length + 1, 0)
  const shown: string[] = []
  let cursorRow = 0
  lines.slice(first, first + rows).forEach((line, i) => {
    const index = first + i
    const lead: Part = { text: index === 0 ? prompt : " ".repeat(cellWidth(prompt)), style: dim }
    if (index !== cursorLine) {
      shown.push(...wrapped([lead, { text: visible(line), style: plain }], columns).rows)
      return
    }
    const column = buffer.cursor - offset
    const under = graphemeAt(line, column)
    const parts = [
      lead,
      { text: visible(line.slice(0, column)), style: plain },
      { text: under === "" ? (ghost[0] ?? " ") : visible(under), style: inverse },
      { text: visible(line.slice(column + under.length)), style: plain },
      { text: under === "" ? visible(ghost.slice(1)) : "", style: dim },
    ]
    const laid = wrapped(parts, columns, 2)
    cursorRow = shown.length + laid.markedRow
    shown.push(...laid.rows)
  })
  const top = Math.max(0, Math.min(cursorRow - Math.floor(rows / 2), shown.length - rows))
  return shown.slice(top, top + rows)
}

/** Parts side by side, cut into rows of `columns` cells. `markedRow`: where the part number `marked` begins. */
function wrapped(parts: readonly Part[], columns: number, marked = 0): { readonly rows: string[]; readonly markedRow: number } {
  const rows: string[] = []
  let row = ""
  let room = columns
  let markedRow = 0
  parts.forEach(({ text, style }, index) => {
    let rest = text
    while (rest !== "") {
      const fitting = head(rest, room)
      if (fitting !== "") row += style(fitting)
      room -= cellWidth(fitting)
      if (index === marked && rest === text) markedRow = fitting === "" ? rows.length + 1 : rows.length
      rest = rest.slice(fitting.length)
      if (rest === "") break
      rows.push(row)
      row = ""
      // A cell that not even an empty row has room for is dropped with what follows it on no terminal but the narrowest.
      if (fitting === "" && room === columns) return
      room = columns
    }
  })
  rows.push(row)
  return { rows, markedRow }
}

/** As much of the text's beginning as takes at most `cells`. */
function head(text: string, cells: number): string {
  if (isNarrow(text)) return text.slice(0, cells)
  let taken = 0
  let at = 0
  for (const { segment } of segmenter.segment(text)) {
    taken += cellWidth(segment)
    if (taken > cells) break
    at += segment.length
  }
  return text.slice(0, at)
}

/** A tab as two blanks; what would move the cursor as a mark. */
export function visible(text: string): string {
  return text.replace(/\t/g, "  ").replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd")
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" })

function graphemeAt(line: string, column: number): string {
  const next = segmenter
    .segment(line.slice(column, column + 64))
    [Symbol.iterator]()
    .next()
  return next.done ? "" : next.value.segment
}
