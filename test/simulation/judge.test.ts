/** Who judges the judge: each wrong that it must see, and nothing wrong in what is right. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { JournalRecord, SealedBlock } from "../../cluster/master/records.js"
import { compare, Seals, type SentBatch } from "../../cluster/testing/check/judge.js"
import * as plain from "../../cluster/testing/check/plain.js"

const test = suite("judge")

const sent: SentBatch[] = [
  { session: "s", input: "lines", seq: 1, lines: ["a b", "c"], sentMs: 3, acked: true },
  { session: "s", input: "lines", seq: 2, lines: ["d"], sentMs: 4, acked: true },
  { session: "s", input: "lines", seq: 3, lines: ["e"], sentMs: 5, acked: false },
]
const block = (seq: number, rows: number): SealedBlock => ({
  block: `b${seq}`,
  rows,
  bytes: 1,
  batch: { session: "s", stream: "lines", seq },
})
const seal = (from: number, ...blocks: SealedBlock[]): JournalRecord => ({
  kind: "seal",
  stream: "i",
  from,
  to: from + 10,
  groups: blocks.length === 0 ? [] : [blocks],
})
const streams = new Map([["i", "lines"]])
const judge = (...history: JournalRecord[]) => new Seals(history, sent, streams, true)

test("what is sealed once, in order, with its records, is right; unacked batches may be missing", () => {
  const seals = judge(seal(0, block(1, 2)), seal(10), seal(20, block(2, 1)))
  assert.equal(seals.groups("lines", 0), [["a b", "c"]])
  assert.equal(seals.groups("lines", 10), [])
  judge(seal(0, block(1, 2), block(2, 1), block(3, 1)))
})

const wrongs: [string, JournalRecord[], RegExp][] = [
  ["an acked batch in no interval", [seal(0, block(1, 2))], /lost/],
  ["a batch in two intervals", [seal(0, block(1, 2)), seal(10, block(1, 2), block(2, 1))], /twice/],
  ["a batch twice in one interval", [seal(0, block(1, 2), block(2, 1), block(1, 2))], /twice/],
  ["a batch with fewer records", [seal(0, block(1, 1), block(2, 1))], /records/],
  ["a batch that nobody sent", [seal(0, block(1, 2), block(2, 1), block(9, 1))], /nobody/],
  ["batches out of order", [seal(0, block(2, 1), block(1, 2))], /after/],
  [
    "a batch in an interval before it was sent",
    [
      seal(-100, block(1, 2)),
      seal(-90),
      seal(-80),
      seal(-70),
      seal(-60),
      seal(-50),
      seal(-40),
      seal(-30),
      seal(-20),
      seal(-10),
      seal(0, block(2, 1)),
    ],
    /sent at/,
  ],
  [
    "a batch in an interval long after it came",
    [seal(0, block(1, 2)), seal(10), seal(20), seal(30), seal(40), seal(50), seal(60), seal(70, block(2, 1))],
    /sent at/,
  ],
  ["an interval that is left out", [seal(0, block(1, 2)), seal(20, block(2, 1))], /follows/],
  ["an interval sealed twice", [seal(0, block(1, 2)), seal(0, block(2, 1))], /follows/],
]
for (const [what, history, message] of wrongs) test(`sees ${what}`, () => assert.throws(() => judge(...history), message))

// ── the arrays ──

const groups: Record<number, string[][]> = { 0: [["a b", "b"], ["a"]], 10: [], 20: [["b c"]] }
const lines = plain.input({ groups: (_, start) => groups[start] ?? [] }, "lines", 10)
const words = plain.each(lines, row => (row as string).split(" "))
const ones = plain.each(words, word => [[word, 1]])
const add = ((a: number, b: number) => a + b) as never

const tables: [string, plain.PlainStream, [number, plain.Row[]][]][] = [
  [
    "input",
    lines,
    [
      [0, ["a b", "b", "a"]],
      [10, []],
    ],
  ],
  [
    "flatMap",
    words,
    [
      [0, ["a", "b", "b", "a"]],
      [20, ["b", "c"]],
    ],
  ],
  [
    "count",
    plain.count(words),
    [
      [0, [4]],
      [10, [0]],
    ],
  ],
  ["union", plain.union(lines, words), [[20, ["b c", "b", "c"]]]],
  [
    "reduceByKey",
    plain.reduceByKey(ones, add),
    [
      [
        0,
        [
          ["a", 2],
          ["b", 2],
        ],
      ],
      [10, []],
    ],
  ],
  [
    "groupByKey",
    plain.groupByKey(ones),
    [
      [
        0,
        [
          ["a", [1, 1]],
          ["b", [1, 1]],
        ],
      ],
    ],
  ],
  [
    "join",
    plain.join(ones, plain.reduceByKey(ones, add)),
    [
      [
        20,
        [
          ["b", [1, 1]],
          ["c", [1, 1]],
        ],
      ],
    ],
  ],
  [
    "runningReduce",
    plain.runningReduce(ones, add, () => 0),
    [
      [
        10,
        [
          ["a", 2],
          ["b", 2],
        ],
      ],
      [
        20,
        [
          ["a", 2],
          ["b", 3],
          ["c", 1],
        ],
      ],
    ],
  ],
  [
    "window of 20 by 10",
    plain.window(lines, 20, 10, () => 0),
    [
      [0, ["a b", "b", "a"]],
      [10, ["a b", "b", "a"]],
      [20, ["b c"]],
    ],
  ],
  [
    "reduceByWindow of 30 by 20",
    plain.reduceByWindow(ones, add, 30, 20, () => 0),
    [
      [
        0,
        [
          ["a", 2],
          ["b", 2],
        ],
      ],
      [
        20,
        [
          ["b", 1],
          ["c", 1],
        ],
      ],
    ],
  ],
  [
    "updateStateByKey",
    plain.updateStateByKey(
      ones,
      ((v: number[], s?: number) => (v.length === 0 && s! > 1 ? undefined : (s ?? 0) + v.length)) as never,
      () => 0,
    ),
    [
      [
        0,
        [
          ["a", 2],
          ["b", 2],
        ],
      ],
      [10, []],
      [
        20,
        [
          ["b", 1],
          ["c", 1],
        ],
      ],
    ],
  ],
]
for (const [name, stream, rows] of tables) {
  test(`plain ${name}`, () => {
    for (const [start, expected] of rows) assert.equal(stream.rows(start), expected, `at ${start}`)
  })
}

test("sees a row too many, too few, changed, out of order, and a key in two partitions", () => {
  const look = (stream: plain.PlainStream, partitions: plain.Row[][], places = new Map<string, number>()) =>
    compare({ text: "x", plain: stream }, 0, partitions, places)
  const reduced = plain.reduceByKey(ones, add)
  look(lines, [["a b", "b"], ["a"]])
  look(reduced, [[["b", 2]], [["a", 2]]])
  assert.throws(() => look(lines, [["a b", "b"]]), /must be/)
  assert.throws(() => look(lines, [["a b", "b", "a", "a"]]), /absent/)
  assert.throws(() => look(lines, [["b", "a b", "a"]]), /row 0/)
  assert.throws(
    () =>
      look(reduced, [
        [
          ["b", 2],
          ["a", 3],
        ],
      ]),
    /row 0/,
  )
  const places = new Map<string, number>()
  look(reduced, [[["b", 2]], [["a", 2]]], places)
  assert.throws(() => look(reduced, [[["a", 2]], [["b", 2]]], places), /partition/)
})

test.run()
