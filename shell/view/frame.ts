/**
 * The part of the screen that is painted again: panels, input, lists and the status line, as rows of text. Pure, and cheap enough
 * for each key. Together they always stay below the screen's height.
 */
import type { ShellState } from "../session.js"
import type { Frame } from "./frames.js"
import { inputLines } from "./input.js"
import { completionLines, inspectionLines, searchLines } from "./lists.js"
import { pagerFrame } from "./pager.js"
import { panelLines } from "./panels.js"
import { statusLine } from "./status.js"

export function frameOf(state: ShellState): Frame {
  if (state.pager) return pagerFrame(state.pager, state)
  if (state.left) return { rows: [], cursor: null }
  const { columns, rows, search, completion, inspection } = state
  const panelRows = Math.max(0, Math.floor(rows / 3))
  const listRows = Math.max(3, Math.min(10, rows - panelRows - 5))
  const panels = panelLines(state, columns, panelRows)
  const typed = search ? searchLines(search, columns, listRows) : inputLines(state, Math.max(1, rows - panelRows - 3))
  return {
    rows: [
      ...panels,
      ...typed.rows,
      ...(completion ? completionLines(completion, columns, listRows) : inspection ? inspectionLines(inspection, columns, listRows) : []),
      ...(rows >= 6 ? [statusLine({ ...state, running: state.running !== null, waiting: state.queue.length }, columns)] : []),
    ],
    cursor: state.focus === null ? { row: panels.length + typed.cursor.row, column: typed.cursor.column } : null,
  }
}
