/** Places in cells: from V8's frames back to what the user typed. */

import { CaptureError } from "../../engine/capture/refusal.js"
import { positionAt, startsOfLines, type TextPosition } from "./javascript.js"

/** An error is shown at a cell's own frame, and what a definition is made of is looked at far below it: V8 keeps ten. */
Error.stackTraceLimit = Math.max(Error.stackTraceLimit, 50)

export interface CellText {
  readonly text: string
  readonly code: string
  toText(offset: number): number
}

/** The name under which V8 reports a cell's frames. */
export function cellFile(number: number): string {
  return `cell:${number}`
}

/** A place (1-based) in the cell as it ran, in the text as it was typed; `whole` is all of that text. */
export function locateInCell(cell: CellText, line: number, column: number): TextPosition & { readonly whole: string } {
  const offset = (startsOfLines(cell.code)[line - 1] ?? 0) + column - 1
  return { ...positionAt(cell.text, cell.toText(offset)), whole: cell.text }
}

/**
 * Gives an error the place in the user's cell that it came from: `position` { line, column, text }. The innermost frame in
 * a cell counts; for a function that cannot travel the variable in it.
 */
export function attachPosition(error: unknown, cellOf: (file: string) => CellText | undefined): unknown {
  if (!(error instanceof Error) || !Object.isExtensible(error) || "position" in error) return error
  for (const frame of String(error.stack).split("\n")) {
    const match = /(cell:\d+):(\d+):(\d+)\)?$/.exec(frame)
    const cell = match ? cellOf(match[1]!) : undefined
    if (!match || !cell) continue
    const position =
      (error instanceof CaptureError && variablePosition(error, cell)) || locateInCell(cell, Number(match[2]), Number(match[3]))
    const { line, column, text } = position
    Object.defineProperty(error, "position", { value: { line, column, text }, configurable: true, writable: true })
    return error
  }
  return error
}

function variablePosition(error: CaptureError, cell: CellText): TextPosition | null {
  if (error.at === null) return null
  const start = cell.code.indexOf(error.source)
  return start < 0 ? null : positionAt(cell.text, cell.toText(start + error.at))
}
