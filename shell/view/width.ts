/**
 * How many cells a text takes. Most of what a screen shows is letters, box drawing and bars, whose width needs no table of
 * graphemes: string-width looks at each with several regular expressions, a tenth of a millisecond a line.
 */
import stringWidth from "string-width"

/** ASCII, Latin-1 without the soft hyphen, Latin Extended, punctuation, arrows, box drawing, blocks: one cell each. */
const narrow = /^[\u0020-\u007e\u00a0-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u2193\u2500-\u257f\u2580-\u259f]*$/

/** Whether every character takes one cell. */
export function isNarrow(text: string): boolean {
  return narrow.test(text)
}

export function cellWidth(text: string): number {
  return isNarrow(text) ? text.length : stringWidth(text)
}
