/** An error as the person at the prompt needs it: what, their own line with a caret, the record, what to try. */
import { RivuletError } from "../../engine/errors.js"
import type { StyledLine } from "../session.js"
import { errorText } from "./error-text.js"

export function errorLines(error: Error): StyledLine[] {
  const lines = errorText(error).map(
    (text): StyledLine => (text.startsWith("  ") && !text.endsWith("^") ? { text } : { text, style: "error" }),
  )
  const advice = error instanceof RivuletError ? error.try : undefined
  return advice === undefined ? lines : [...lines, { text: `  try        ${advice}` }]
}
