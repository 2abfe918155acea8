/** A long line as several, cut between words where there are some: nothing of it is lost. */
import { cellWidth, head } from "./width.js"

/** Those that go on begin with `indent` blanks. */
export function wrapped(text: string, columns: number, indent: number): string[] {
  const lines: string[] = []
  let rest = text
  while (cellWidth(rest) >= columns) {
    const least = lines.length === 0 ? 0 : indent
    const fits = head(rest, columns - 1).length
    const blank = rest.lastIndexOf(" ", fits)
    // A word that is longer than half of a line is cut where the line ends.
    const at = blank > Math.max(least, fits / 2) ? blank : fits
    if (at <= least) break
    lines.push(rest.slice(0, at).trimEnd())
    rest = " ".repeat(indent) + rest.slice(at).trimStart()
  }
  return [...lines, rest]
}
