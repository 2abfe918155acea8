/** Whether what was typed is a whole cell, and a file as cells. Used by the screen's thread too: pure. */

import { toJavaScript } from "./javascript.js"
import { CellSyntaxError } from "./strip-types.js"

/** `.word` without a parenthesis after it, at the start of a cell (API row 16). */
export function isDotCommand(cell: string): boolean {
  return /^\s*\.[A-Za-z]\w*/.test(cell) && !isContinuation(cell)
}

/** A cell that begins with `.name(` (or `?.name(`, `.name<T>(`) goes on with the last expression. */
export function isContinuation(cell: string): boolean {
  return /^\s*\??\.\s*[\p{ID_Start}$_][\p{ID_Continue}$]*\s*(?:<[^()]*>\s*)?\(/u.test(cell)
}

/** "incomplete": Enter makes a new line. An error shows itself when the cell is run. */
export function completeness(cell: string): "complete" | "incomplete" | { readonly error: string } {
  if (cell.trim() === "") return "complete"
  if (isDotCommand(cell)) return "complete"
  try {
    toJavaScript(isContinuation(cell) ? `_${cell}` : cell)
    return "complete"
  } catch (error) {
    if (!(error instanceof CellSyntaxError)) throw error
    return error.atEnd ? "incomplete" : { error: error.message }
  }
}

export function isComplete(cell: string): boolean {
  return completeness(cell) !== "incomplete"
}

/**
 * A file or a script as cells: dot-commands on lines of their own, and top-level statements, each with the comments above
 * it. What does not parse is one cell, whose evaluation says why.
 */
export function cellsOf(text: string): string[] {
  const cells: string[] = []
  let pending: string[] = []
  const flush = (): void => {
    cells.push(...statementsOf(pending.join("\n")))
    pending = []
  }
  for (const line of text.split("\n")) {
    if (isDotCommand(line) && isComplete(pending.join("\n"))) {
      flush()
      cells.push(line.trim())
    } else pending.push(line)
  }
  flush()
  return cells
}

function statementsOf(text: string): string[] {
  try {
    const { program, toText } = toJavaScript(text)
    const cells: string[] = []
    let from = 0
    for (const statement of program.body) {
      const end = toText(statement.end)
      const cell = text.slice(from, end).trim()
      if (cell !== "" && cell !== ";") cells.push(cell)
      from = end
    }
    // Types alone are no statement, but belong to what follows them: at the end nothing does.
    return cells
  } catch {
    return text.trim() === "" ? [] : [text]
  }
}
