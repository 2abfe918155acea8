/** An error as the person at the prompt needs it: what, their own line with a caret, the record, what to try. No stack of ours. */
import { RivuletError } from "../../engine/errors.js"
import type { TaskFailure } from "../../engine/task.js"
import type { StyledLine } from "../session.js"
import { printable } from "../view/table.js"

interface WithFailure {
  readonly failure?: TaskFailure
}

interface WithPosition {
  readonly position?: { readonly line: number; readonly column: number; readonly text: string }
}

export function errorLines(error: Error, _cell: string, _tz: string): StyledLine[] {
  const failure = (error as WithFailure).failure
  const lines: StyledLine[] = []
  const red = (text: string) => lines.push({ text, style: "error" })
  if (failure) {
    red(failure.errorName && !failure.message.startsWith(failure.errorName) ? `${failure.errorName}: ${failure.message}` : failure.message)
    if (failure.origin) lines.push(...pointer(failure.origin.line, failure.origin.column, failure.origin.text))
    if (failure.record !== undefined) lines.push({ text: `  record     ${printable(failure.record)}` })
    if (failure.operator !== undefined) lines.push({ text: `  where      ${failure.operator}` })
  } else {
    const name = error instanceof RivuletError || error.name === "Error" ? "" : `${error.name}: `
    for (const part of `${name}${error.message}`.split("\n")) red(part)
    const position = (error as WithPosition).position
    if (position) lines.push(...pointer(position.line, position.column, position.text))
  }
  const advice = error instanceof RivuletError ? error.try : undefined
  if (advice !== undefined) lines.push({ text: `  try        ${advice}` })
  return lines
}

/** The user's line with a caret under the column (both 1-based). */
function pointer(line: number, column: number, text: string): StyledLine[] {
  const lead = `  ${line} │ `
  return [{ text: `${lead}${text}` }, { text: `${" ".repeat(lead.length + Math.max(0, column - 1))}^`, style: "error" }]
}
