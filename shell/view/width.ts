/**
 * How many cells a text takes. Most of what a screen shows is letters, box drawing and bars, whose width needs no table of
 * graphemes: string-width looks at each with several regular expressions, a tenth of a millisecond a line.
 */
import stringWidth from "string-width"

/** ASCII, Latin-1 without the soft hyphen, Latin Extended, Greek, Cyrillic, Hebrew, punctuation, arrows, box drawing, blocks: one cell each. */
const ofOneCell =
  "\\u0020-\\u007e\\u00a0-\\u00ac\\u00ae-\\u02ff\\u0391-\\u03a1\\u03a3-\\u0482\\u048a-\\u052f\\u05d0-\\u05ea\\u2010-\\u2027\\u2190-\\u2193\\u2500-\\u257f\\u2580-\\u259f"
/** Kana, CJK ideographs, Hangul syllables, fullwidth forms: two. */
const ofTwoCells = "\\u3041-\\u3096\\u30a1-\\u30fa\\u3400-\\u4dbf\\u4e00-\\u9fff\\uac00-\\ud7a3\\uff01-\\uff60"
const narrow = new RegExp(`^[${ofOneCell}]*$`)
/** Characters of one width, or others with the one before them: it may be theirs. */
const run = new RegExp(
  `([${ofOneCell}]+)(?![^${ofOneCell}${ofTwoCells}])|([${ofTwoCells}]+)(?![^${ofOneCell}${ofTwoCells}])|[^]?[^${ofOneCell}${ofTwoCells}]+`,
  "g",
)
/** Signs that stand before or around others (U+0600, U+FFF9 …), of which no two terminals make the same and string-width nothing: it throws. */
const unmeasured = /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\ufff9-\ufffb\u{110bd}\u{110cd}\u{13430}-\u{1343f}]/gu

/** Whether every character takes one cell. */
export function isNarrow(text: string): boolean {
  return narrow.test(text)
}

export function cellWidth(text: string): number {
  if (isNarrow(text)) return text.length
  const known = measurable(text)
  return known.includes("\x1b") ? stringWidth(known) : head(known, Number.POSITIVE_INFINITY).cells
}

/** As much of the text's beginning as takes at most `cells`: how long it is, and what it takes. It ends between graphemes. */
export function head(text: string, cells: number): { readonly length: number; readonly cells: number } {
  let length = 0
  let taken = 0
  for (const [piece, ones, twos] of text.matchAll(run)) {
    if (ones !== undefined || twos !== undefined) {
      const each = ones !== undefined ? 1 : 2
      const fitting = Math.min(piece.length, Math.floor((cells - taken) / each))
      length += fitting
      taken += fitting * each
      if (fitting < piece.length) return { length, cells: taken }
      continue
    }
    for (const { segment } of graphemes.segment(piece)) {
      const width = widthOf(segment)
      if (taken + width > cells) return { length, cells: taken }
      length += segment.length
      taken += width
    }
  }
  return { length, cells: taken }
}

/** The text with a mark in place of each character whose width nobody knows. */
export function measurable(text: string): string {
  return isNarrow(text) ? text : text.replace(unmeasured, "\ufffd")
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" })
/** Of those seen before: a text of one script has some thousands at most. */
const widths = new Map<string, number>()
const mostWidths = 10_000

function widthOf(grapheme: string): number {
  const seen = widths.get(grapheme)
  if (seen !== undefined) return seen
  const width = stringWidth(measurable(grapheme))
  if (widths.size >= mostWidths) widths.clear()
  widths.set(grapheme, width)
  return width
}
