/** Parquet: what is written can be read again, by kinds of values; files that others wrote; bytes that are none. */

import { readFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { parquetFile } from "../../../engine/block/parquet-file.js"
import { parquetRows } from "../../../engine/block/parquet-rows.js"
import { root } from "../../../scripts/places.js"

const test = suite("parquet")

const again = (rows: readonly unknown[]) => [...parquetRows("a.parquet", parquetFile(rows))]

const tables: readonly [what: string, rows: readonly unknown[], read: readonly unknown[]][] = [
  ["numbers", [1, -0, Number.NaN, Number.POSITIVE_INFINITY], [{ value: 1 }, { value: -0 }, { value: Number.NaN }, { value: Infinity }]],
  ["text", ["a", "é😀", "", "\ud800"], [{ value: "a" }, { value: "é😀" }, { value: "" }, { value: "\ufffd" }]],
  ["pairs", [["a", 1], ["b", null]], [{ _1: "a", _2: 1 }, { _1: "b", _2: null }]],
  ["missing fields", [{ a: 1n, d: new Date(5) }, { a: null }, { d: undefined }], [{ a: 1n, d: new Date(5) }, { a: null, d: null }, { a: null, d: null }]],
  ["lists", [{ l: [1, 2] }, { l: [] }, { l: null }, { l: [null, 3, 4] }], [{ l: [1, 2] }, { l: [] }, { l: null }, { l: [null, 3, 4] }]],
  ["objects in lists", [{ s: [{ q: "x" }, { q: "y" }] }, { s: [] }], [{ s: [{ q: "x" }, { q: "y" }] }, { s: [] }]],
  ["objects", [{ s: { x: 1, y: { z: true } } }, { s: null }], [{ s: { x: 1, y: { z: true } } }, { s: null }]],
  ["names with dots", [{ "a.b": 1, c: { "d.e": "x" } }], [{ "a.b": 1, c: { "d.e": "x" } }]],
  ["mixed values are text", [1, "a", null, { x: 1 }], [{ value: "1" }, { value: "a" }, { value: null }, { value: "{ x: 1 }" }]],
  ["objects without fields", [{}, {}], [{ value: "{}" }, { value: "{}" }]],
  ["nothing but null", [null, undefined], [{ value: null }, { value: null }]],
  ["bigints of more than 64 bits", [2n ** 80n], [{ value: `${2n ** 80n}n` }]],
  ["a date that is none", [{ d: new Date(1), n: 1 }], [{ d: new Date(1), n: 1 }]],
] // biome-ignore format: a case a line

for (const [what, rows, read] of tables) test(what, () => assert.equal(again(rows), read))

test("random rows come back", () => {
  const plain = { noNullPrototype: true }
  const inner = fc.record({ x: fc.option(fc.nat()), y: fc.option(fc.string()) }, plain)
  const fields = {
    n: fc.option(fc.double()),
    s: fc.option(fc.string({ unit: "grapheme" })),
    b: fc.option(fc.boolean()),
    i: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    d: fc.option(fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })),
    list: fc.option(fc.array(fc.option(fc.nat()), { minLength: 17, maxLength: 20 })),
    in: fc.option(inner),
  }
  fc.assert(
    fc.property(fc.array(fc.record(fields, plain), { minLength: 1, maxLength: 40 }), rows => {
      assert.equal(again(rows), rows)
    }),
    { numRuns: 100 * Number(process.env.RUNS ?? 1), seed: 20_261 },
  )
})

test("many rows: several pages and groups", () => {
  const rows = Array.from({ length: 120_000 }, (_, i) => ({ n: i, s: `text ${i % 1000}`, l: i % 2 ? [i] : [i, i + 1, i + 2] }))
  let i = 0
  for (const row of parquetRows("a.parquet", parquetFile(rows))) assert.equal(row, rows[i++])
  assert.is(i, rows.length)
})

test("files of DuckDB: gzip, snappy, row groups, dictionaries, decimals, maps", () => {
  const read = (name: string) => [...parquetRows(name, readFileSync(`${root}/test/engine/data/fixtures/${name}`))]
  const types = read("types.parquet")
  assert.is(types.length, 200)
  assert.equal(types[101], {
    id: 101n,
    small: 101,
    ratio: 25.25,
    name: "name1",
    ok: false,
    t: new Date("2026-11-21T10:01:41Z"),
    d: new Date("2026-11-21"),
    l: [101n, 102n],
    s: { a: 101n, b: "x" },
    m: { k: 101n },
    price: 126.25,
  })
  assert.is(types[100]?.l, null)
  assert.equal(read("snappy.parquet")[39], {
    id: 39n,
    name: "name4",
    ratio: 9.75,
    l: [39n, 40n],
    s: { a: 39n, b: "x" },
    t: new Date("2026-11-21T10:00:39Z"),
  })
})

test("bytes that are no Parquet, or a damaged one, are an error that names the file", () => {
  const good = parquetFile([{ a: "x".repeat(100) }])
  for (const bytes of [
    new Uint8Array(0),
    Buffer.from("a,b\n1,2\n"),
    gzipSync("PAR1"),
    good.subarray(0, good.length - 20),
    good.subarray(20),
  ])
    assert.throws(() => [...parquetRows("/in/x.parquet", bytes)], /\/in\/x\.parquet cannot be read as Parquet/)
})

test.run()
