/** Export to Arrow, read back by the Arrow library itself from its IPC stream. */
import { type Table, tableFromIPC } from "apache-arrow"
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { toArrowTable, toIpc } from "../../../engine/block/arrow.js"
import { Block, encodeRows } from "../../../engine/block/block.js"
import { anyValue, shapedRows } from "./arbitraries.js"

/** Arrow's values as plain ones. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value
  if (Symbol.iterator in value && !("toJSON" in value && !("length" in value))) return [...(value as Iterable<unknown>)].map(plain)
  const json = (value as { toJSON(): unknown }).toJSON()
  if (Array.isArray(json)) return json.map(plain)
  return Object.fromEntries(Object.entries(json as object).map(([name, item]) => [name, plain(item)]))
}

function columns(table: Table): Record<string, unknown[]> {
  return Object.fromEntries(table.schema.fields.map(field => [field.name, [...table.getChild(field.name)!].map(plain)]))
}

function exported(...blocks: unknown[][]): { columns: Record<string, unknown[]>; types: string[] } {
  const table = tableFromIPC(toIpc(blocks.map(encodeRows)))
  return { columns: columns(table), types: table.schema.fields.map(field => `${field.name}: ${field.type}`) }
}

const time = new Date("2015-05-17T10:05:03.123Z")
const tables: Record<string, readonly [blocks: unknown[][], columns: Record<string, unknown[]>, types: string[]]> = {
  pairs: [[[["a", 1], ["é", -0.5]]], { _1: ["a", "é"], _2: [1, -0.5] }, ["_1: Utf8", "_2: Float64"]],
  lines: [[["x", "y"]], { value: ["x", "y"] }, ["value: Utf8"]],
  objects: [
    [[{ ip: "1.2.3.4", time, ok: true, user: null, n: 5n }, { ip: "::1", time, ok: false, user: "u", n: -5n }]],
    { ip: ["1.2.3.4", "::1"], time: [+time, +time], ok: [true, false], user: [null, "u"], n: [5n, -5n] },
    ["ip: Utf8", "time: Timestamp<MILLISECOND>", "ok: Bool", "user: Utf8", "n: Int64"],
  ],
  "nested objects and lists": [
    [[["k", { a: 1, tags: ["x", "y"] }], ["l", { a: 2, tags: [] }], ["m", null]]],
    { _1: ["k", "l", "m"], _2: [{ a: 1, tags: ["x", "y"] }, { a: 2, tags: [] }, null] },
    ["_1: Utf8", "_2: Struct<{a:Float64, tags:List<Utf8>}>"],
  ],
  "mixed values are text": [[[["a", 1], ["b", "two"], ["c", null], ["d", { x: [1n] }]]], { _1: ["a", "b", "c", "d"], _2: ["1", "two", null, "{ x: [1n] }"] }, ["_1: Utf8", "_2: Utf8"]],
  "blocks of other types join": [
    [[{ a: 1 }], [], [{ a: 2, b: "x" }], [{ b: "y" }]],
    { a: [1, 2, null], b: [null, "x", "y"] },
    ["a: Float64", "b: Utf8"],
  ],
  "tuples of other lengths are lists": [[[["a"]], [["b", "c"]]], { value: [["a"], ["b", "c"]] }, ["value: List<Utf8>"]],
  "lone surrogates": [[["a\ud800"]], { value: ["a\ufffd"] }, ["value: Utf8"]],
  "rows that are null": [[[{ a: 1 }, null]], { a: [1, null] }, ["a: Float64"]],
  nothing: [[], { value: [] }, ["value: Null"]],
} // biome-ignore format: a table

for (const [name, [blocks, expected, types]] of Object.entries(tables))
  test(name, () => {
    const found = exported(...blocks)
    assert.equal(found.columns, expected)
    assert.equal(found.types, types)
  })

test("a batch a block", () => {
  assert.is(toArrowTable([Block.of(encodeRows([1, 2])), Block.of(encodeRows([])), encodeRows([3])]).batches.length, 2)
})

test("property: whatever rows there are, the stream is read back with as many", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(shapedRows, fc.array(anyValue, { maxLength: 5 })), { maxLength: 3 }), blocks => {
      const table = tableFromIPC(toIpc(blocks.map(encodeRows)))
      const rows = blocks.reduce((sum, block) => sum + block.length, 0)
      if (table.numCols > 0) assert.is(table.numRows, rows)
      for (const field of table.schema.fields) assert.is([...table.getChild(field.name)!].length, rows)
    }),
    { numRuns: 200, seed: 31 },
  )
})

test.run()
