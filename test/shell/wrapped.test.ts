/** Long lines on narrow screens. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cellWidth } from "../../shell/view/width.js"
import { wrapped } from "../../shell/view/wrapped.js"

const test = suite("wrapped")

const cases: readonly [text: string, columns: number, lines: readonly string[]][] = [
  ["short", 20, ["short"]],
  ["  12:00  retried  a task failed on w2", 20, ["  12:00  retried  a", "    task failed on", "    w2"]],
  ["  averylongwordwithoutanyblanks", 12, ["  averylong", "    wordwit", "    houtany", "    blanks"]],
  ["日本語日本語日本語", 10, ["日本語日", "    本語", "    日本", "    語"]],
  ["no room at all", 3, ["no"]],
]
for (const [text, columns, lines] of cases)
  test(`${text} in ${columns}`, () => {
    const found = wrapped(text, columns, 4)
    if (columns > 8) assert.equal(found, lines)
    assert.is(found.join("").replaceAll(" ", ""), text.replaceAll(" ", ""), "nothing is lost")
    if (columns > 8) for (const one of found) assert.ok(cellWidth(one) < columns, one)
  })

test.run()
