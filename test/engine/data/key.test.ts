/** Keys: hash, equality, order and map agree on what one key is. */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { canonicalKey, compareKeys, hashKey, KeyMap, sameValue } from "../../../engine/keys/key.js"
import { partitionOf } from "../../../engine/partition.js"
import { anyValue, primitive } from "./arbitraries.js"

const now = new Date(1432202703123)
const same: readonly [unknown, unknown][] = [
  [0, -0], [Number.NaN, Number.NaN], ["a", "a"], [["a", 1], ["a", 1]], [{ a: 1, b: 2 }, { b: 2, a: 1 }], [now, new Date(+now)], [2n ** 70n, 2n ** 70n],
  [[-0], [0]], [new Date(Number.NaN), new Date(Number.NaN)], [[], []], [{}, {}], [new Map([[1, 2]]), new Map([[1, 2]])], [null, null], [undefined, undefined],
  ["ab\u2603".slice(0, 2), "ab"],
] // biome-ignore format: a table
const different: readonly [unknown, unknown][] = [
  [1, "1"], [1, 1n], [1, true], [0, false], [null, undefined], [null, 0], ["", null], [["a", "b"], ["ab"]], [["a", "b"], ["a,b"]], [[1, [2]], [[1, 2]]], [[1], [1, undefined]],
  [{ a: undefined }, {}], [{ a: null }, { a: undefined }], [now, +now], [now, now.toISOString()], [[], {}], [[1], { 0: 1 }], ["a", ["a"]], [{ ab: 1 }, { a: "b1" }],
  [new Set([1]), new Set([2])], [new Map(), new Set()], ["\ud800", "\ufffd"], [1.5, 1.25], [2 ** 53, 2 ** 53 + 2], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
] // biome-ignore format: a table

test("what is one key", () => {
  for (const [a, b] of same) {
    assert.ok(sameValue(a, b))
    assert.is(compareKeys(a, b), 0)
    assert.is(hashKey(a), hashKey(b))
    assert.is(canonicalKey(a), canonicalKey(b))
  }
})

test("what is not", () => {
  for (const [a, b] of different) {
    assert.not(sameValue(a, b), canonicalKey(a))
    assert.is.not(canonicalKey(a), canonicalKey(b))
    assert.is.not(hashKey(a), hashKey(b))
    assert.ok(compareKeys(a, b) * compareKeys(b, a) < 0)
  }
})

test("hashes are the same on every machine, for ever: partitions of stored state depend on them", () => {
  assert.equal(
    ["", "a", "/search", "😀", 0, 1, -1, 1.5, Number.NaN, 10n, true, null, undefined, ["/search", 500], { b: 1, a: "x" }, new Date(0)].map(
      hashKey,
    ),
    [
      4195733450, 3736780160, 758930413, 3108658224, 2575495355, 4119369741, 720606059, 72870605, 3018998018, 1377171301, 2247144487,
      1364076727, 821347078, 3950040856, 489276891, 4161883331,
    ],
  )
})

test("hashes spread keys evenly over partitions", () => {
  const kinds: ((i: number) => unknown)[] = [
    i => `/page/${i}`,
    i => i,
    i => i * 1000,
    i => i / 7,
    i => [`10.0.0.${i % 256}`, i >> 8],
    i => BigInt(i),
    i => new Date(i * 1000),
  ]
  for (const [k, make] of kinds.entries())
    for (const partitions of [2, 3, 8, 64]) {
      const counts = new Array<number>(partitions).fill(0)
      for (let i = 0; i < 20_000; i++) counts[partitionOf(make(i), partitions)]!++
      const mean = 20_000 / partitions
      for (const count of counts) assert.ok(Math.abs(count - mean) < 6 * Math.sqrt(mean), `kind ${k}: ${counts}`)
    }
})

test("text is ordered by code point", () => {
  assert.ok(compareKeys("\u{1F600}", "\uFFFD") > 0)
  assert.ok("\u{1F600}" < "\uFFFD", "unlike code units")
  assert.ok(compareKeys("a", "ab") < 0)
  assert.ok(compareKeys("B", "a") < 0)
  const sorted = [undefined, "b", 3, null, [2], 10n, "a", Number.NaN, -1, true, [1, 5], false, { a: 1 }, new Date(0)].sort(() => 0)
  const rows: unknown[] = [...sorted, undefined].sort((a, b) => compareKeys(a, b)) // sort itself puts undefined last
  assert.equal(rows, [null, false, true, -1, 3, Number.NaN, 10n, "a", "b", new Date(0), [1, 5], [2], { a: 1 }, undefined, undefined])
})

test("property: an order, in agreement with equality and hash", () => {
  fc.assert(
    fc.property(anyValue, anyValue, anyValue, (a, b, c) => {
      assert.is(compareKeys(a, a), 0)
      assert.is(Math.sign(compareKeys(a, b)), -Math.sign(compareKeys(b, a)) + 0)
      if (compareKeys(a, b) <= 0 && compareKeys(b, c) <= 0) assert.ok(compareKeys(a, c) <= 0)
      assert.is(sameValue(a, b), compareKeys(a, b) === 0)
      assert.is(sameValue(a, b), canonicalKey(a) === canonicalKey(b))
      if (sameValue(a, b)) assert.is(hashKey(a), hashKey(b))
    }),
    { numRuns: 2000, seed: 41 },
  )
})

/** Few, so that they meet. */
const keys = fc.oneof(
  fc.constantFrom<unknown>(
    0,
    -0,
    Number.NaN,
    "0",
    "a",
    0n,
    null,
    undefined,
    true,
    ["a", 0],
    ["a", -0],
    ["a", "0"],
    { a: 1, b: 2 },
    { b: 2, a: 1 },
    { a: 1 },
    new Date(0),
  ),
  primitive,
)

test("property: KeyMap does what a list of pairs does", () => {
  const operation = fc.tuple(fc.constantFrom("set", "set", "delete", "get"), keys, fc.nat(9))
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), operations => {
      const map = new KeyMap<number>()
      let model: { key: unknown; value: number; slot: number }[] = []
      let slots = 0
      for (const [what, key, value] of operations) {
        const found = model.find(entry => sameValue(entry.key, key))
        if (what === "set") {
          if (found) found.value = value
          else model.push({ key, value, slot: slots++ })
          assert.is(map.set(key, value), found ? found.slot : slots - 1)
        } else if (what === "delete") {
          assert.is(map.delete(key), found !== undefined)
          model = model.filter(entry => entry !== found)
        } else {
          assert.is(map.get(key), found?.value)
          assert.is(map.has(key), found !== undefined)
          assert.is(map.slot(key), found ? found.slot : -1)
        }
        assert.is(map.size, model.length)
      }
      const entries = [...map.entries()]
      assert.is(entries.length, model.length)
      entries.forEach(([key, value], i) => {
        assert.ok(sameValue(key, model[i]!.key) && value === model[i]!.value)
      })
      const visited: unknown[] = []
      map.forEach(key => {
        visited.push(key)
      })
      assert.is(visited.length, entries.length)
      assert.equal([...map.keys()], visited)
    }),
    { numRuns: 500, seed: 42 },
  )
})

test("what cannot be a key is refused", () => {
  const circle: unknown[] = []
  circle.push(circle)
  for (const f of [
    hashKey,
    canonicalKey,
    (key: unknown) => compareKeys(key, key === circle ? [circle] : "a"),
    (key: unknown) => new KeyMap().set(key, 1),
  ])
    for (const key of [() => 1, Symbol("s"), circle]) assert.throws(() => f(key), /key/)
})

test.run()
