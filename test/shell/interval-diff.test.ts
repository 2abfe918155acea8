/** Two runs of a stream, interval by interval. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { compareSides } from "../../shell/cli/interval-diff.js"

const test = suite("interval diff")
const everything = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }

async function* side(text: string) {
  for (const [i, line] of [...text].entries()) if (line !== ".") yield { from: i, line: JSON.stringify({ rows: [line, "z"] }), rows: 2 }
}

const cases: readonly [a: string, b: string, range: { from: number; to: number }, same: number, differ: number, leftOut: number][] = [
  ["abc", "abc", everything, 3, 0, 0],
  ["abc", "axc", everything, 2, 1, 0],
  ["a.c", "abc", everything, 2, 1, 0],
  ["", "", everything, 0, 0, 0],
  ["abcd", "ab", everything, 2, 2, 0],
  ["abcd", "ab", { from: 0, to: 2 }, 2, 0, 2],
  ["abcd", "..cd", { from: 2, to: 4 }, 2, 0, 2],
  ["abcd", "..cx", { from: 2, to: 4 }, 1, 1, 2],
]

for (const [a, b, range, same, differ, leftOut] of cases)
  test(`${a || "nothing"} and ${b || "nothing"}, in ${range.from} to ${range.to}`, async () => {
    const one = { lines: side(a), ...everything }
    const other = { lines: side(b), ...range }
    const found = await compareSides(one, other)
    assert.equal([found.same, found.differ, found.leftOut], [same, differ, leftOut])
    assert.is(found.first.length, Math.min(3, differ))
  })

test("rows in another order are the same rows; as many others are not", async () => {
  const of = async function* (rows: unknown[]) {
    yield { from: 0, line: JSON.stringify({ rows }), rows: rows.length }
  }
  const compared = (a: unknown[], b: unknown[]) => compareSides({ lines: of(a), ...everything }, { lines: of(b), ...everything })
  assert.is(
    (
      await compared(
        [
          ["a", 1],
          ["b", 2],
        ],
        [
          ["b", 2],
          ["a", 1],
        ],
      )
    ).differ,
    0,
  )
  assert.is(
    (
      await compared(
        [
          ["a", 1],
          ["a", 1],
          ["b", 2],
        ],
        [
          ["a", 1],
          ["b", 2],
          ["b", 2],
        ],
      )
    ).differ,
    1,
  )
})

test.run()
