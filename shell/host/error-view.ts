/** An error as the person at the prompt needs it: what, their own line with a caret, the record, what to try. */
import { RivuletError } from "../../engine/errors.js"
import type { StyledLine } from "../session.js"
import { errorText } from "./error-text.js"

/** `time` writes an interval's start. */
export function errorLines(error: Error, time?: (ms: number) => string): StyledLine[] {
  const lines = errorText(error, time).map(
    (text): StyledLine => (text.startsWith("  ") && !/│ +\^/.test(text) ? { text } : { text, style: "error" }),
  )
  const advice = error instanceof RivuletError ? error.try : undefined
  return advice === undefined ? lines : [...lines, { text: `  try        ${advice}` }]
}
