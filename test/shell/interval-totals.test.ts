/** Two runs of a stream by longer intervals, of a hand-made few. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { given, totalsText } from "../../shell/cli/diff.js"
import { lineOf } from "../../shell/cli/interval-lines.js"
import { type By, compareTotals } from "../../shell/cli/interval-totals.js"

const test = suite("interval totals")
type Lines = readonly (readonly [second: number, ...rows: unknown[]])[]
const everything = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }
const records: By = { byMs: 10_000, versions: false, tolerance: 0 }
const versions: By = { ...records, versions: true }

function side(lines: Lines, range: { from: number; to: number } = everything) {
  const made = lines.map(([second, ...rows]) => {
    const from = second * 1000
    const texts = rows.map(row => JSON.stringify(row))
    return { from, line: lineOf("s", { from, to: from + 1000 }, texts), rows: rows.length }
  })
  return {
    lines: (async function* () {
      yield* made
    })(),
    ...range,
  }
}

interface Case {
  readonly what: string
  readonly a: Lines
  readonly b: Lines
  readonly by?: By
  readonly range?: { from: number; to: number }
  readonly found: readonly [same: number, differ: number, leftOut: number]
  readonly largest?: readonly [second: number, share: number]
}

const cases: readonly Case[] = [
  { what: "nothing", a: [], b: [], found: [0, 0, 0] },
  {
    what: "records at other times of the same long interval",
    a: [
      [1, ["k", 3]],
      [4, ["k", 1]],
    ],
    b: [[2, ["k", 4]]],
    found: [1, 0, 0],
  },
  { what: "records beyond its edge", a: [[9, ["k", 1]]], b: [[10, ["k", 1]]], found: [0, 2, 0], largest: [0, 1] },
  { what: "a key that only one has", a: [[1, ["k", 3], ["l", 1]]], b: [[1, ["k", 3]]], found: [0, 1, 0], largest: [0, 0.25] },
  {
    what: "two keys that make up for each other",
    a: [[1, ["k", 6], ["l", 2]]],
    b: [[1, ["k", 2], ["l", 6]]],
    found: [0, 1, 0],
    largest: [0, 1],
  },
  {
    what: "records that are no pairs: how often each was there",
    a: [
      [1, { u: 1 }],
      [2, { u: 1 }],
    ],
    b: [[3, { u: 1 }, { u: 1 }]],
    found: [1, 0, 0],
  },
  { what: "as many others", a: [[1, "x", "x"]], b: [[1, "x", "y"]], found: [0, 1, 0], largest: [0, 1] },
  { what: "pairs of text", a: [[1, ["k", "1"]]], b: [[1, ["k", 1]]], found: [0, 1, 0], largest: [0, 2] },
  { what: "negative numbers", a: [[1, ["k", -4]]], b: [[1, ["k", -3]]], found: [0, 1, 0], largest: [0, 0.25] },
  {
    what: "of versions the last",
    a: [
      [1, ["k", 1]],
      [9, ["k", 5]],
    ],
    b: [[3, ["k", 5]]],
    by: versions,
    found: [1, 0, 0],
  },
  {
    what: "a version that stays as it is while the other side changes",
    a: [
      [1, ["k", 5]],
      [11, ["k", 6]],
    ],
    b: [[1, ["k", 5]]],
    by: versions,
    found: [1, 1, 0],
    largest: [10, 1 / 6],
  },
  {
    what: "within the tolerance, and what is most apart all the same",
    a: [
      [1, ["k", 999]],
      [11, ["k", 990]],
    ],
    b: [
      [1, ["k", 1000]],
      [11, ["k", 1000]],
    ],
    by: { ...records, tolerance: 0.005 },
    found: [1, 1, 0],
    largest: [10, 0.01],
  },
  {
    what: "what only one side can speak of: whole intervals, and the beginning of one",
    a: [
      [1, ["k", 1]],
      [12, ["k", 1]],
      [15, ["k", 2]],
      [21, ["k", 1]],
    ],
    b: [[15, ["k", 2]]],
    range: { from: 14_000, to: 20_000 },
    found: [1, 0, 2],
  },
]

for (const { what, a, b, by = records, range, found, largest } of cases)
  test(what, async () => {
    for (const turned of [false, true]) {
      const [left, right] = turned ? [side(b, range), side(a)] : [side(a), side(b, range)]
      const { same, differ, leftOut, largest: most, first } = await compareTotals(left, right, by)
      assert.equal([same, differ, leftOut], found)
      assert.equal(most, largest === undefined ? null : { from: largest[0] * 1000, share: largest[1] })
      assert.is(first.length, differ)
    }
  })

test("intervals that do not fit into the longer ones are refused", async () => {
  const lines: Lines = [[1, ["k", 1]]]
  for (const byMs of [500, 1500])
    try {
      await compareTotals(side(lines), side([]), { ...records, byMs })
      assert.unreachable(String(byMs))
    } catch (error) {
      assert.match((error as Error).message, /--by (500ms|1500ms): no multiple of the stream's intervals, which are of 1s/)
    }
})

test("as text: a line a stream, what is most apart, the first that differ with their keys", async () => {
  const a: Lines = [[1, ["/robots.txt", 1000], ["/", 10], ["/a", 1], ["/b", 1]]]
  const b: Lines = [
    [1, ["/robots.txt", 2], ["/", 10]],
    [11, ["/", 1]],
  ]
  const found = await compareTotals(side(a), side(b), records)
  assert.is(
    totalsText([{ stream: "counts", by: "10s", ...found }]),
    `counts   2 intervals of 10s   2 differ · largest 100 %, 1970-01-01T00:00:10.000Z
  1970-01-01T00:00:00.000Z   99 %   "/robots.txt" 1 000 → 2 · "/a" 1 → 0 · "/b" 1 → 0
  1970-01-01T00:00:10.000Z   100 %   "/" 0 → 1
`,
  )
})

test("a run, a stream of it, a master, a stream there", () => {
  const directory = mkdtempSync(join(tmpdir(), "rivulet-diff-"))
  try {
    writeFileSync(join(directory, "counts.ndjson"), "")
    const live = (address: string) => ({ kind: "live", address: `tcp://${address}` })
    const saved = { kind: "saved", directory }
    const told: readonly [text: string, target: unknown, stream?: string][] = [
      [directory, saved],
      [`${directory}/`, saved],
      [`${directory}/counts`, saved, "counts"],
      ["tcp://127.0.0.1:7077", live("127.0.0.1:7077")],
      ["127.0.0.1:7077", live("127.0.0.1:7077")],
      ["tcp://127.0.0.1:7077:counts", live("127.0.0.1:7077"), "counts"],
      ["localhost:7077:page-views/counts", live("localhost:7077"), "page-views/counts"],
    ]
    for (const [text, target, stream] of told) assert.equal(given(text), stream === undefined ? { target } : { target, stream }, text)
    assert.throws(() => given(`${directory}/nothing`), /not a directory that --save wrote/)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test.run()
