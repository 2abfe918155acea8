/** An error in lines of plain text: what, the user's own line with a caret, the record. No stack of ours. */
import { RivuletError } from "../../engine/errors.js"
import type { TaskFailure } from "../../engine/task.js"

interface Position {
  readonly line: number
  readonly column: number
  readonly text: string
}

/** What may hang on an error: a worker's account of a record that failed, or the place in a cell. */
interface Details {
  readonly failure?: TaskFailure
  readonly position?: Position
}

/** The first line says what; the others where. Advice (`try`) is not in them. */
export function errorText(error: Error): string[] {
  const { failure, position } = error as Details
  if (failure) {
    const { errorName, message, origin, record, operator } = failure
    return [
      ...(errorName && !message.startsWith(errorName) ? `${errorName}: ${message}` : message).split("\n"),
      ...(origin ? pointer(origin) : []),
      ...(record === undefined ? [] : [`  record     ${cut(oneLine(record))}`]),
      ...(operator === undefined ? [] : [`  where      ${operator}`]),
    ]
  }
  const name = error instanceof RivuletError || error.name === "Error" || error.name === "CellSyntaxError" ? "" : `${error.name}: `
  return [...`${name}${error.message}`.split("\n"), ...(position ? pointer(position) : [])]
}

/** The user's line with a caret under the column (both 1-based). */
function pointer({ line, column, text }: Position): string[] {
  const lead = `  ${line} │ `
  const before = text.slice(0, Math.max(0, column - 1)).replace(/[^\t]/g, " ")
  return [`${lead}${text}`, `${" ".repeat(lead.length - 2)}│ ${before}^`]
}

const recordShown = 160

function cut(record: string): string {
  return record.length <= recordShown ? record : `${record.slice(0, recordShown)}…          .record shows it whole`
}

/** Escapes what would move the cursor or colour the screen. */
export function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`)
}
