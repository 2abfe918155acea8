/** A long line as several, cut between words where there are some: nothing of it is lost. */
import { head } from "./width.js"

/** A cell is at most so many characters, all but a few times: no more of a long text is looked at for each line. */
export const charactersACell = 16

/** Each is narrower than `columns`; those that go on begin with `indent` blanks. */
export function wrapped(text: string, columns: number, indent: number): string[] {
  const lines: string[] = []
  let begin = 0
  for (;;) {
    const lead = lines.length === 0 ? 0 : indent
    const next = text.slice(begin, begin + columns * charactersACell)
    const fits = head(next, columns - 1 - lead).length
    const last = begin + fits >= text.length
    const blank = next.lastIndexOf(" ", fits)
    // A word that is longer than half of a line is cut where the line ends.
    const end = blank > Math.max(0, (fits - lead) / 2) ? blank : fits
    if (last || end <= 0) return [...lines, " ".repeat(lead) + text.slice(begin)]
    lines.push(" ".repeat(lead) + next.slice(0, end).trimEnd())
    begin += end
    while (text[begin] === " ") begin++
    if (begin >= text.length) return lines
  }
}
