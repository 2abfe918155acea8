/** What lines of text look like, for people who have not said a format. */

import { parseCombined } from "./combined.js"

/** The format that all of these lines have: an access log, or JSON objects and arrays. Null: neither, or there is no line. */
export function guessFormat(lines: readonly string[]): "combined" | "json" | null {
  if (lines.length === 0) return null
  if (lines.every(isJson)) return "json"
  return lines.every(isCombined) ? "combined" : null
}

/** A number or a word is JSON too, but says nothing. */
function isJson(line: string): boolean {
  if (!/^\s*[{[]/.test(line)) return false
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

function isCombined(line: string): boolean {
  try {
    parseCombined(line)
    return true
  } catch {
    return false
  }
}
