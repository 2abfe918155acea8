/** The kernel that finds a text finds what the runtime's search finds, whatever the bytes, wherever slices are cut. */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { finderOf, longestSought, searchedBytes } from "../../../engine/wasm/search.js"

function compare(data: Uint8Array, text: Uint8Array, places: readonly number[]): void {
  const all = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const found = finderOf(data, text)
  for (const from of places) {
    if (found(from) !== all.indexOf(text, from))
      assert.is(found(from), all.indexOf(text, from), `${Buffer.from(text).toString("latin1").slice(0, 40)} from ${from}`)
  }
}

/** All that are there, one after the other, as a kernel goes on from each. */
function onwards(data: Uint8Array, text: Uint8Array): number[] {
  const places = [0]
  for (let at = Buffer.from(data).indexOf(text); at >= 0 && places.length < 500; at = Buffer.from(data).indexOf(text, at + 1))
    places.push(at, at + 1)
  return places
}

test("property: few different bytes, so that much begins and little goes on", () => {
  const byte = fc.constantFrom(97, 98, 0, 0x80, 0xff)
  fc.assert(
    fc.property(
      fc.array(byte, { maxLength: 300 }),
      fc.array(byte, { minLength: 1, maxLength: 20 }),
      fc.nat(17),
      fc.array(fc.nat(310), { maxLength: 10 }),
      (bytes, sought, skipped, places) => {
        const data = Uint8Array.from([...bytes, ...sought, ...bytes]).subarray(Math.min(skipped, bytes.length))
        compare(data, Uint8Array.from(sought), [...onwards(data, Uint8Array.from(sought)), ...places])
      },
    ),
    { numRuns: 500, seed: 11 },
  )
})

test("across the ends of slices, at every distance", () => {
  for (const text of ["x", "xy", "needle", "n".repeat(17), "ab".repeat(40), "z".repeat(longestSought)]) {
    const sought = Buffer.from(text)
    for (let offset = -sought.length - 2; offset <= 2; offset += Math.max(1, sought.length >> 4)) {
      const data = Buffer.alloc(2 * searchedBytes + 100, "-")
      sought.copy(data, searchedBytes + offset)
      sought.copy(data, data.length - sought.length)
      compare(data, sought, [0, 1, searchedBytes - 1, searchedBytes + offset, searchedBytes + offset + 1, data.length - 1])
    }
  }
})

test("what is not there whole is not found; what lay there before neither", () => {
  compare(Buffer.from("xxneedle"), Buffer.from("needle"), [0, 2, 3, 8, 9])
  compare(Buffer.from("xxneedl"), Buffer.from("needle"), [0, 2])
  compare(Buffer.from("needle").subarray(0, 5), Buffer.from("needle"), [0])
  compare(Buffer.alloc(0), Buffer.from("n"), [0])
})

test("too long a text, and none, are found all the same", () => {
  const long = Buffer.alloc(longestSought + 1, "l")
  compare(Buffer.concat([Buffer.from("a"), long]), long, [0, 1, 2])
  compare(Buffer.from("abc"), Buffer.alloc(0), [0, 2])
})

test("two searches at once do not disturb each other", () => {
  const [a, b] = [Buffer.from("one two one"), Buffer.from("two one two")]
  const [inA, inB] = [finderOf(a, Buffer.from("one")), finderOf(b, Buffer.from("two"))]
  assert.equal([inA(0), inB(0), inA(1), inB(1), inA(9), inB(9)], [0, 0, 8, 8, -1, -1])
})

test("shared memory is searched, too", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(100)).subarray(3)
  shared.set(Buffer.from("needle"), 50)
  compare(shared, Buffer.from("needle"), [0, 50])
  assert.is(finderOf(shared, Buffer.from("needle"))(0), 50)
})

test.run()
