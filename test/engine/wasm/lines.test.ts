/** The kernel that finds lines gives what a loop over bytes gives, whatever the bytes, wherever they lie. */
import { isAscii } from "node:buffer"
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { packLines, sliceBytes } from "../../../engine/wasm/lines.js"

/** A byte after the other. */
function plain(input: Uint8Array, base: number, budget: number, longest: number) {
  const text: number[] = []
  const ends: number[] = []
  let taken = 0
  let left = budget
  for (let at = 0; at < Math.min(input.length, sliceBytes); at++) {
    if (input[at] !== 10) continue
    const line = input.subarray(taken, at > taken && input[at - 1] === 13 ? at - 1 : at)
    if (line.length > longest || line.length + 4 > left) break
    left -= line.length + 4
    for (const byte of line) text.push(byte)
    ends.push(base + text.length)
    taken = at + 1
  }
  return { text, ends, taken }
}

function compare(input: Uint8Array, base = 0, budget = 2 ** 40, longest = 2 ** 40): void {
  const expected = plain(input, base, budget, longest)
  const found = packLines(input, base, budget, longest)
  assert.is(found.lines, expected.ends.length)
  assert.is(found.takenBytes, expected.taken)
  assert.equal([...found.ends], expected.ends)
  assert.ok(Buffer.from(expected.text).equals(found.text), "its text")
  if (found.surelyAscii) assert.ok(isAscii(found.text))
  else assert.not.ok(isAscii(input.subarray(0, sliceBytes + 16)), "ASCII is known as such")
}

/** Line ends at every distance, and what looks like one. */
const byte = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(10, 13) },
  { weight: 8, arbitrary: fc.constantFrom(97, 32, 0) },
  { weight: 1, arbitrary: fc.nat(255) },
  { weight: 1, arbitrary: fc.constantFrom(0x0a ^ 0x80, 0x0d ^ 0x80, 0xc3, 0xff, 9, 11) },
)

test("property: any bytes, limits and base", () => {
  const limit = fc.oneof(fc.nat(300), fc.constantFrom(0, -1, 2 ** 31 - 1, 2 ** 31, 2 ** 40))
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 400 }), fc.nat(20), fc.nat(2 ** 30), limit, limit, (bytes, skipped, base, budget, longest) => {
      // Wherever it lies in its memory.
      compare(Uint8Array.from(bytes).subarray(Math.min(skipped, bytes.length)), base, budget, longest)
    }),
    { numRuns: 600, seed: 5 },
  )
})

test("lines of every length around the width of a vector", () => {
  for (let length = 0; length < 70; length++) {
    for (const end of ["\n", "\r\n", "\r\r\n"]) {
      const line = "x".repeat(length) + end
      compare(Buffer.from(line.repeat(9)))
      compare(Buffer.from(`${line.repeat(9)}begun`))
      compare(Buffer.from(`é${line}`))
    }
  }
})

test("what lay there before is neither a line end nor text", () => {
  compare(Buffer.alloc(sliceBytes, "\n"))
  compare(Buffer.from("a\nb"))
  compare(Buffer.alloc(sliceBytes, 0xff))
  compare(Buffer.from("a\nb"))
  compare(Buffer.alloc(0))
})

test("a slice is looked at, and no more", () => {
  const bytes = Buffer.alloc(sliceBytes + 100, "abc\n")
  for (const length of [sliceBytes - 1, sliceBytes, sliceBytes + 1, sliceBytes + 100]) compare(bytes.subarray(0, length))
  compare(Buffer.alloc(sliceBytes + 1, "\n"))
  compare(Buffer.concat([Buffer.alloc(sliceBytes, "x"), Buffer.from("\n")]))
})

test.run()
