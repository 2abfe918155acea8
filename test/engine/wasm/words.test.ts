/** The table of sums by pieces of text gives what `split` and a Map give, whatever the bytes, however it has grown. */

import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { Block, encodeRows } from "../../../engine/block/block.js"
import { sumSections } from "../../../engine/kernel/pair-sections.js"
import { partitionOf } from "../../../engine/partition.js"
import { sliceBytes } from "../../../engine/wasm/lines.js"
import { type Pieces, SumTable } from "../../../engine/wasm/words.js"

const words: Pieces = { separator: 32, skip: false, added: 1 }
// One for all: what a task leaves in it must not show in the next.
const table = new SumTable()

function added(into: SumTable, lines: readonly string[], pieces: Pieces): boolean {
  const block = Block.of(encodeRows(lines))
  return into.add(block.textBytes(), block.offsets(), block.rows, pieces)
}

function plain(blocks: readonly (readonly string[])[], { separator, skip, added }: Pieces, partitions: number): Uint8Array[] {
  const sums = new Map<string, number>()
  for (const line of blocks.flat())
    for (const piece of separator === null ? [line] : line.split(String.fromCharCode(separator))) {
      if (skip && piece === "") continue
      const sum = sums.get(piece)
      sums.set(piece, sum === undefined ? added : sum + added)
    }
  return Array.from({ length: partitions }, (_, p) => {
    const rows = [...sums].filter(([piece]) => partitionOf(piece, partitions) === p)
    return rows.length === 0 ? new Uint8Array(0) : encodeRows(rows)
  })
}

function compare(blocks: readonly (readonly string[])[], pieces: Pieces, partitions: number, into = table): void {
  try {
    for (const lines of blocks) if (lines.length > 0) assert.ok(added(into, lines, pieces))
    const [found, expected] = [sumSections(into, partitions).blocks, plain(blocks, pieces, partitions)]
    for (let p = 0; p < partitions; p++) assert.is(Buffer.compare(found[p]!, expected[p]!), 0, `section ${p} of ${partitions}`)
  } finally {
    into.clear()
  }
}

/** Alike up to some byte, around where a word of memory or a vector ends; separators and zeros anywhere. */
const piece = fc.oneof(
  fc
    .tuple(fc.constantFrom(0, 1, 6, 7, 8, 9, 15, 16, 17, 23, 24, 25, 40), fc.constantFrom("", "a", "b", "\0", "é", "日", "😀"))
    .map(([n, end]) => "x".repeat(n) + end),
  fc.string({ unit: "grapheme", maxLength: 6 }).map(text => Buffer.from(text).toString()),
)
const line = fc
  .array(fc.oneof({ weight: 3, arbitrary: piece }, { weight: 2, arbitrary: fc.constantFrom(" ", "  ", "\0", ",") }), { maxLength: 14 })
  .map(all => all.join(""))
const blocks = fc.array(fc.array(line, { maxLength: 20 }), { minLength: 1, maxLength: 3 })

test("pieces of any text", () => {
  fc.assert(
    fc.property(
      blocks,
      fc.constantFrom(32, 44, 0, 120, 127, null),
      fc.boolean(),
      fc.constantFrom(1, 0.1, -0, -2.5),
      fc.constantFrom(1, 2, 7),
      (rows, separator, skip, added, partitions) => compare(rows, { separator, skip, added }, partitions),
    ),
    { numRuns: 400 },
  )
})

test("a table that grows, in entries and in keys", () => {
  const of = (n: number, word: (i: number) => string) => Array.from({ length: n }, (_, i) => `${word(i)} ${word(i * 7)} ${word(i >> 3)}`)
  const fresh = new SumTable()
  compare([of(9_000, i => `w${i.toString(36)}`), of(9_000, i => `w${(i * 3).toString(36)}é`)], words, 5, fresh)
  compare([of(3_000, i => `${"long ".repeat(3).replaceAll(" ", "-")}${i}${"x".repeat(i % 90)}`)], words, 3, fresh)
  compare([of(50, i => `${i}`)], words, 2, fresh)
})

test("many short rows, and rows as long as a slice", () => {
  compare([Array.from({ length: 40_000 }, (_, i) => (i % 3 === 0 ? "" : `${i % 10}`))], words, 2)
  compare([["a b", "c".repeat(sliceBytes), "d", `${"e ".repeat(sliceBytes / 2 - 1)}f`]], words, 2)
})

test("a row that is too long is refused; what was in the table then is not in the next", () => {
  assert.not.ok(added(table, ["a b", "c".repeat(sliceBytes + 1)], words))
  table.clear()
  compare([["b"]], words, 1)
})

test("what is counted and what is added do not mix", () => {
  assert.ok(added(table, ["a b"], words))
  assert.not.ok(added(table, ["a"], { ...words, added: 0.5 }))
  assert.not.ok(added(table, ["a"], { ...words, added: 2 }))
  assert.throws(() => table.begin())
  table.clear()
  compare([["a b a"]], { ...words, added: 0.1 }, 2)
  compare([["a b a"], ["b"]], { ...words, added: 2 ** 20 }, 2)
  compare([["a b a"], ["b"]], { ...words, added: 2 ** 53 }, 2)
})

test.run()
