/** Values as bytes, exactly and canonically; values as text for people. */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { RivuletError } from "../../../engine/errors.js"
import { deserializeValue, serializeValue, showValue } from "../../../engine/values/values.js"
import { anyValue, difference } from "./arbitraries.js"

test("property: every value comes back exactly, and its bytes depend on the value alone", () => {
  fc.assert(
    fc.property(anyValue, value => {
      const bytes = serializeValue(value)
      const back = deserializeValue(bytes)
      assert.is(difference(value, back), null)
      assert.equal(serializeValue(back), bytes)
    }),
    { numRuns: 1000, seed: 51 },
  )
})

test("cycles, deep values, errors and boxed values are kept as well", () => {
  const circle: { self?: unknown; n: number } = { n: 1 }
  circle.self = circle
  const back = deserializeValue(serializeValue(circle)) as typeof circle
  assert.ok(back.self === back && back.n === 1)
  let deep: unknown = "bottom"
  for (let i = 0; i < 300; i++) deep = [deep]
  let read = deserializeValue(serializeValue(deep))
  while (Array.isArray(read)) read = read[0]
  assert.is(read, "bottom")
  const error = deserializeValue(serializeValue([new TypeError("no")])) as Error[]
  assert.ok(error[0] instanceof TypeError && error[0].message === "no")
  const long: unknown[] = []
  long[1_000_000] = 1
  assert.is((deserializeValue(serializeValue(long)) as unknown[]).length, 1_000_001)
})

test("an instance of a class becomes a plain object", () => {
  class Point {
    constructor(readonly x: number) {}
    get twice(): number {
      return this.x * 2
    }
  }
  assert.equal(deserializeValue(serializeValue(new Point(2))), { x: 2 })
})

test("what is no data is refused", () => {
  for (const value of [() => 1, Symbol("s"), { f() {} }, [Promise.resolve()], new WeakMap()])
    assert.throws(() => serializeValue(value), /cannot be stored or sent/)
})

test("views of the bytes do not alias them", () => {
  const bytes = serializeValue(new Uint8Array([1, 2, 3]))
  const view = deserializeValue(bytes) as Uint8Array
  bytes.fill(0)
  assert.equal(view, new Uint8Array([1, 2, 3]))
})

test("fuzz: hostile bytes give a value or a RivuletError", () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.tuple(anyValue, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })).map(([value, changes]) => {
      const bytes = serializeValue(value)
      for (const [place, byte] of changes) bytes[place % bytes.length] = byte
      return bytes
    }),
  )
  fc.assert(
    fc.property(noise, bytes => {
      try {
        deserializeValue(bytes)
      } catch (error) {
        if (!(error instanceof RivuletError)) throw error
      }
    }),
    { numRuns: 3000, seed: 52 },
  )
})

test("values as text", () => {
  const circle: unknown[] = []
  circle.push(circle)
  const table: [unknown, string][] = [
    ['a\n"b"', '"a\\n\\"b\\""'],
    [-0, "-0"],
    [10n, "10n"],
    [null, "null"],
    [undefined, "undefined"],
    [["/search", 412], '["/search", 412]'],
    [{ url: "/", "x y": 1 }, '{ url: "/", "x y": 1 }'],
    [{}, "{}"],
    [[], "[]"],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
    [new Date(Number.NaN), "Invalid Date"],
    [new Map([["a", 1]]), 'Map { "a" => 1 }'],
    [new Set([1]), "Set { 1 }"],
    [new Map(), "Map {}"],
    [new Uint8Array([1, 2]), "Uint8Array [1, 2]"],
    [/a/g, "/a/g"],
    [circle, "[[circular]]"],
    [new TypeError("no"), "TypeError: no"],
    [function f() {}, "[function f]"],
    [Symbol("s"), "Symbol(s)"],
  ]
  for (const [value, text] of table) assert.is(showValue(value), text)
})

test("text for people is short, and never cuts a character", () => {
  assert.is(showValue("x".repeat(1e6)).length, 200)
  assert.is(showValue(["abcdef"], 5), '["ab…')
  assert.is(showValue("😀😀", 3), '"…')
  assert.ok(
    showValue(
      Array.from({ length: 1e6 }, (_, i) => i),
      50,
    ).endsWith("…"),
  )
  let deep: unknown = 1
  for (let i = 0; i < 10_000; i++) deep = { deep }
  assert.ok(showValue(deep).length <= 200)
})

test.run()
