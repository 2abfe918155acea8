/** Finished output that is wider than the screen: it goes on under its own text, and nothing of it is lost. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { printedText } from "../../shell/view/printed.js"
import { cellWidth } from "../../shell/view/width.js"

const cases: readonly [what: string, text: string, rows: string[]][] = [
  [
    "advice goes on behind its word",
    '  try        one of: "21:05" (latest such time, not in the future)',
    ['  try        one of: "21:05" (latest', "             such time, not in the", "             future)"],
  ],
  [
    "a text goes on where it begins",
    "  stream.slice(from, to): of a record stream, one RDD of all its records",
    ["  stream.slice(from, to): of a record", "  stream, one RDD of all its records"],
  ],
  [
    "a message at the margin stays there",
    "this cluster is embedded and ends with the shell, and counts with it",
    ["this cluster is embedded and ends with", "the shell, and counts with it"],
  ],
  ["a line as wide as the screen is one", "x".repeat(40), ["x".repeat(40)]],
]
for (const [what, text, rows] of cases) test(what, () => assert.equal(printedText([{ text }], 40)?.split("\n").slice(0, -1), rows))

test("of a long text without blanks, in wide characters too, every character is there, at once", () => {
  for (const one of ["x", "界", "é", "👩‍👩‍👧"]) {
    const text = `  ${one.repeat(20_000 / one.length)}`
    const rows = printedText([{ text, style: "dim" }], 40)!
      .replaceAll(/\x1b\[\d*m/g, "")
      .split("\n")
      .slice(0, -1)
    assert.ok(rows.every(row => cellWidth(row) <= 40))
    assert.is(rows.map(row => row.trim()).join(""), text.trim())
  }
})

test.run()
