/** Blocks: what goes in comes out exactly, wherever the bytes lie; hostile bytes are refused. */
import { crc32 } from "node:zlib"
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { Block, encodeRows } from "../../../engine/block/block.js"
import { decodeType, encodeType, joinTypes, typeText } from "../../../engine/block/columns.js"
import { RivuletError } from "../../../engine/errors.js"
import { anyValue, difference, shapedRows } from "./arbitraries.js"

/** Through shared memory, in every way of reading. */
function roundTrip(rows: unknown[]): void {
  const bytes = encodeRows(rows)
  const shared = new SharedArrayBuffer(bytes.length + 128)
  new Uint8Array(shared, 64).set(bytes)
  const block = Block.open(shared, 64, bytes.length)
  block.verify()
  assert.is(block.rows, rows.length)
  assert.is(difference(rows, block.toArray()), null)
  const pushed: unknown[] = []
  block.forEach(row => {
    pushed.push(row)
  })
  assert.is(difference(rows, pushed), null, "forEach")
  for (let i = 0; i < rows.length; i++) assert.is(difference(rows[i], block.row(i)), null, "row")
  assert.equal(encodeRows(block.toArray()), bytes, "the same rows give the same bytes")
}

const sparse = Object.assign([1], { 2: 3 })

const tables: Record<string, readonly [rows: unknown[], type: string]> = {
  nothing: [[], "unknown"],
  strings: [["a", "", "Zürich", "😀", "c"], "string"],
  "lone surrogates": [["\ud800", "\udc00"], "unknown"],
  "a pair split over two rows": [["\ud83d", "\ude00"], "unknown"],
  numbers: [[1, -0, 0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, 0.1], "number"],
  booleans: [[true, false, true, true, false, false, true, true, true], "boolean"],
  bigints: [[1n, -(2n ** 63n), 2n ** 63n - 1n], "bigint"],
  "wide bigints": [[1n, 2n ** 63n], "unknown"],
  dates: [[new Date(0), new Date(-1), new Date(8.64e15), new Date(-8.64e15), new Date(1432202703123)], "Date"],
  "invalid dates": [[new Date(0), new Date(Number.NaN)], "unknown"],
  "null is not undefined": [["a", null, undefined], "string | null | undefined"],
  nulls: [[null, null], "null"],
  undefineds: [[undefined, undefined], "undefined"],
  pairs: [[["a", 1], ["b", 2]], "[string, number]"],
  "left joins": [[["a", [1, undefined]], ["b", [2, ["x", 3]]], ["c", [2, null]]], "[string, [number, [string, number] | null | undefined]]"],
  "missing, undefined, null": [[{ a: 1 }, { a: undefined }, {}, { a: null }, { a: 1, b: "x" }], "{ a?: number | null | undefined; b?: string }"],
  "optional before": [[{ url: "a" }, { cookie: "x", url: "b" }], "{ cookie?: string; url: string }"],
  "fields in conflicting order": [[{ a: 1, b: 2 }, { b: 2, a: 1 }], "unknown"],
  "empty objects": [[{}, {}, null], "{} | null"],
  "empty arrays": [[[], []], "unknown[]"],
  lists: [[["a"], [], ["b", "c"]], "string[]"],
  "lists of pairs": [[[["a", 1]], [], [["b", 2], ["c", 3]]], "[string, number][]"],
  "nullable lists": [[[1], null, [2, null]], "(number | null)[] | null"],
  "mixed kinds": [[1, "1", 1n, true, null, undefined, new Date(5), [1], { a: 1 }], "unknown | null | undefined"],
  holes: [[sparse, [1, undefined, 3]], "unknown"],
  matches: [["a1".match(/a(?<n>\d)/), "b2".match(/b(?<n>\d)/)], "unknown"],
  "own __proto__": [[JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}')], "unknown"],
  "no prototype": [[Object.assign(Object.create(null), { a: 1 })], "{ a: number }"],
  "dictionaries": [Array.from({ length: 40 }, (_, i) => ({ [`k${i}`]: i })), "unknown"],
  "100 rows of objects": [Array.from({ length: 100 }, (_, i) => ({ a: i, "b c": `${i}`, 7: i % 2 === 0 })), '{ "7": boolean; a: number; "b c": string }'],
} // biome-ignore format: a table

for (const [name, [rows, type]] of Object.entries(tables))
  test(`exactly: ${name}`, () => {
    roundTrip(rows)
    assert.is(typeText(Block.of(encodeRows(rows)).schema), type)
  })

test("long columns cross the runs in which text is joined and cut", () => {
  roundTrip(Array.from({ length: 5000 }, (_, i) => "x".repeat(i % 37) + (i % 500 === 0 ? "é" : "")))
  roundTrip(Array.from({ length: 3000 }, (_, i) => [`key-${i % 700}`, i]))
  roundTrip(["a".repeat(5000), "", "b".repeat(3000), "é".repeat(4000), "c"])
})

test("equal rows give equal bytes, however the engine holds them", () => {
  const wide = "ab\u2603".slice(0, 2)
  assert.equal(encodeRows([wide, 1]), encodeRows(["ab", 1]))
  const computed = JSON.parse("[1.5]")[0] + 0.5
  assert.equal(encodeRows([computed, "x"]), encodeRows([2, "x"]))
  assert.equal(encodeRows([-Number.NaN, 0 / JSON.parse("0")]), encodeRows([Number.NaN, Number.NaN]))
})

test("a block at an odd place is read as well", () => {
  const bytes = encodeRows([
    ["a", 1.5],
    ["b", 2],
  ])
  const moved = new Uint8Array(bytes.length + 3)
  moved.set(bytes, 3)
  assert.equal(Block.open(moved.buffer, 3, bytes.length).toArray(), [
    ["a", 1.5],
    ["b", 2],
  ])
})

test("text blocks show their bytes and offsets", () => {
  const block = Block.of(encodeRows(["ab", "", "c"]))
  assert.ok(block.isText && block.allAscii)
  assert.is(Buffer.from(block.textBytes()).toString(), "abc")
  assert.equal([...block.offsets()], [0, 2, 2, 3])
  assert.not(Block.of(encodeRows(["ü"])).allAscii)
  assert.not(Block.of(encodeRows(["a", null])).isText)
  assert.throws(() => Block.of(encodeRows([1])).textBytes(), /not one of text/)
})

test("what is no data is refused by name", () => {
  assert.throws(() => encodeRows([{ f: () => 1 }]), /could not be cloned/)
  assert.throws(() => encodeRows([Symbol("s")]), /cannot be stored or sent/)
})

test("property: rows of any shape come back exactly", () => {
  fc.assert(fc.property(shapedRows, roundTrip), { numRuns: 400, seed: 11 })
})

test("property: rows of any mix come back exactly", () => {
  fc.assert(fc.property(fc.array(anyValue, { maxLength: 12 }), roundTrip), { numRuns: 400, seed: 12 })
})

test("property: types survive their bytes, and join in any order", () => {
  fc.assert(
    fc.property(shapedRows, shapedRows, shapedRows, (x, y, z) => {
      const [a, b, c] = [x, y, z].map(rows => Block.of(encodeRows(rows)).schema)
      assert.equal(decodeType(encodeType(a!)), a)
      assert.equal(joinTypes(a!, b!), joinTypes(b!, a!))
      assert.equal(joinTypes(joinTypes(a!, b!), c!), joinTypes(a!, joinTypes(b!, c!)))
      assert.equal(joinTypes(a!, a!), a)
    }),
    { numRuns: 300, seed: 13 },
  )
})

/** Reads everything a block has; only RivuletErrors may come of it. */
function readHostile(bytes: Uint8Array): void {
  try {
    const block = Block.of(bytes)
    block.verify()
    block.toArray()
    if (block.rows > 0) block.row(block.rows - 1)
  } catch (error) {
    if (!(error instanceof RivuletError)) throw error
  }
}

test("a flipped bit is found by the checksum", () => {
  const bytes = encodeRows([
    ["a", 1],
    ["b", 2],
  ])
  for (let i = 4; i < bytes.length; i++) {
    const bad = bytes.slice()
    bad[i]! ^= 1 << (i % 8)
    assert.throws(
      () => Block.of(bad).verify(),
      (error: unknown) => error instanceof RivuletError,
      `byte ${i}`,
    )
  }
  for (const length of [0, 10, 64, 128, bytes.length - 1]) assert.throws(() => Block.of(bytes.slice(0, length)).verify(), /damaged/)
})

test("fuzz: bytes changed and checksum made anew never crash, loop or allocate without bound", () => {
  fc.assert(
    fc.property(
      fc.oneof(shapedRows, fc.array(anyValue, { maxLength: 6 })),
      fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 255))), { minLength: 1, maxLength: 6 }),
      (rows, changes) => {
        const bytes = encodeRows(rows)
        for (const [place, value] of changes) bytes[8 + (place % (bytes.length - 8))] = value
        new DataView(bytes.buffer).setUint32(4, crc32(bytes.subarray(8)), true)
        readHostile(bytes)
      },
    ),
    { numRuns: 3000, seed: 14 },
  )
})

test.run()
