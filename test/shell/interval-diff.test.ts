/** Two runs of a stream, interval by interval. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { comparedText } from "../../shell/cli/diff.js"
import { compareSides } from "../../shell/cli/interval-diff.js"
import { share } from "../../shell/cli/options.js"
import { rowChanges } from "../../shell/cli/row-changes.js"

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

test("who begins with the first record says nothing of what was before: a count of nothing there is left out", async () => {
  const from = async (a: string, begins: number) => {
    const { same, differ, leftOut, first } = await compareSides(
      { lines: side(a), from: begins, to: Number.POSITIVE_INFINITY },
      { lines: side("abcd"), ...everything },
    )
    return [same, differ, leftOut, first.map(({ from }) => from)]
  }
  assert.equal(await from("..cd", 2), [2, 0, 2, []])
  assert.equal(await from("..cx", 1), [1, 2, 1, [1, 3]])
  assert.equal(await from("....", 3), [0, 1, 3, [3]])
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

test("with a tolerance numbers that are near are the same, whatever the order of rows; keys and kinds are not", async () => {
  const of = async function* (rows: unknown[]) {
    yield { from: 0, line: JSON.stringify({ rows }), rows: rows.length }
  }
  const cases: [a: unknown[], b: unknown[], tolerance: number, differ: number][] = [
    [
      [
        ["a", 1],
        ["b", 100],
      ],
      [
        ["b", 100.5],
        ["a", 1],
      ],
      0.01,
      0,
    ],
    [
      [
        ["a", 1],
        ["b", 100],
      ],
      [
        ["b", 100.5],
        ["a", 1],
      ],
      0.001,
      1,
    ],
    [
      [
        ["a", 1],
        ["b", 100],
      ],
      [
        ["b", 100.5],
        ["a", 1],
      ],
      0,
      1,
    ],
    [[["a", [1, 2]]], [["a", [1, 2.00000001]]], 1e-6, 0],
    [[["a", 1]], [["b", 1]], 0.9, 1],
    [[["a", 1]], [["a", "1"]], 0.9, 1],
    [[["a", 0]], [["a", 1e-12]], 1e-6, 1],
    [[[1431856980000, 1]], [[1431856981000, 1]], 1e-6, 1],
    [[1, 2, 3], [3.0000001, 1, 2], 1e-6, 0],
    [[1, 2], [1, 2, 2], 0.9, 1],
  ]
  for (const [a, b, tolerance, differ] of cases) {
    const found = await compareSides({ lines: of(a), ...everything }, { lines: of(b), ...everything }, tolerance)
    assert.is(found.differ, differ, JSON.stringify([a, b, tolerance]))
  }
})

test("a tolerance as it is typed", () => {
  assert.equal(
    ["0.001", "1e-9", "0.1%", "0"].map(text => share(text, "--tolerance")),
    [0.001, 1e-9, 0.001, 0],
  )
  for (const text of ["-1", "1", "100%", "x", ""]) assert.throws(() => share(text, "--tolerance"), /not a share/)
})

test("what changed of an answer's rows since the one before", () => {
  const changed = rowChanges(
    [
      ["a", 1],
      ["b", 2],
      ["c", 3],
      [[1, "x"], { n: 1 }],
    ],
    [
      ["d", 4],
      ["b", 5],
      ["a", 1],
      [[1, "x"], { n: 2 }],
    ],
  )
  assert.equal(changed, [
    { key: "d", before: undefined, after: 4, delta: 4 },
    { key: "b", before: 2, after: 5, delta: 3 },
    { key: [1, "x"], before: { n: 1 }, after: { n: 2 } },
    { key: "c", before: 3, after: undefined, delta: -3 },
  ])
  assert.equal(rowChanges([["a", 1]], [["a", 1]]), [])
  assert.throws(() => rowChanges([], [{ url: "/" }]), /--changes is of pairs/)
})

const apart: readonly [a: unknown[] | null, b: unknown[] | null, lines: string[]][] = [
  [
    [
      ["x", 1],
      ["y", 2],
    ],
    [
      ["x", 1],
      ["y", 3],
      ["z", 1],
    ],
    ['"y"   2 → 3', '"z"   – → 1'],
  ],
  [
    [
      ["x", 1],
      ["x", 2],
    ],
    [["x", 3]],
    ['a  ["x",1]', 'a  ["x",2]', 'b  ["x",3]'],
  ],
  [
    ["k", "k", "l"],
    ["k", "m"],
    ['a  "k"', 'a  "l"', 'b  "m"'],
  ],
  [null, ["k"], ["a  no rows", 'b  "k"']],
  [[1, 2, 3, 4, 5], [1], ["a  2", "a  3", "a  4", "… 1 more"]],
]

for (const [a, b, lines] of apart)
  test(`of ${JSON.stringify(a)} and ${JSON.stringify(b)} only what differs is told`, async () => {
    const of = async function* (rows: unknown[] | null) {
      if (rows !== null) yield { from: 0, line: JSON.stringify({ rows }), rows: rows.length }
    }
    const found = await compareSides({ lines: of(a), ...everything }, { lines: of(b), ...everything })
    const [, , ...told] = comparedText([{ stream: "s", ...found }])
      .trimEnd()
      .split("\n")
    assert.equal(
      told,
      lines.map(line => `    ${line}`),
    )
  })

test.run()
