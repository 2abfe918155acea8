/** Which words of a cell may be names that others have given to streams since. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { freeWords } from "../../shell/host/free-words.js"

const test = suite("free words")

const table: readonly (readonly [cell: string, words: readonly string[]])[] = [
  ['counts.get("/favicon.ico")', ["counts"]],
  ["counts.get('it\\'s \"so\"')", ["counts"]],
  ["views.filter(v => v.status >= 500).count()", ["views"]],
  ["old.join(other).map(([url, [now, then]]) => [url, now / then])", ["old", "other"]],
  ["a.zip(b).map((x, y) => x + y + limit) // then c", ["a", "b", "limit"]],
  ["const n = /* of late */ late.count()", ["const", "n", "late"]],
  // What stands in a template may be code.
  [`lines.filter(l => l.includes(\`\${needle}\`))`, ["lines", "needle"]],
]

test("strings, comments, properties and parameters are none", () => {
  for (const [cell, words] of table) assert.equal(freeWords(cell), words, cell)
})

test.run()
