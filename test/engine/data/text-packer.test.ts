/** Lines to blocks: wherever the chunks are cut, the same lines come out. */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { Block } from "../../../engine/block/block.js"
import { TextPacker } from "../../../engine/text-packer.js"

interface Packed {
  readonly lines: unknown[]
  readonly blocks: readonly Uint8Array[]
  readonly long: readonly [head: string, length: number][]
  readonly packer: TextPacker
}

function pack(bytes: Uint8Array, chunkBytes: number, maxBytes = 1024, maxLineBytes?: number): Packed {
  const long: [string, number][] = []
  const packer = new TextPacker({ maxBytes, maxLineBytes, onLongLine: (head, length) => long.push([Buffer.from(head).toString(), length]) })
  const blocks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) blocks.push(...packer.push(bytes.slice(at, at + chunkBytes)))
  const last = packer.flush()
  if (last) blocks.push(last)
  assert.is(packer.flush(), null)
  const lines = blocks.flatMap(block => {
    const opened = Block.of(block)
    opened.verify()
    assert.ok(opened.isText)
    assert.ok(block.length <= maxBytes || opened.rows === 1, `a block of ${block.length} bytes and ${opened.rows} lines`)
    return opened.toArray()
  })
  assert.is(packer.lines, lines.length)
  return { lines, blocks, long, packer }
}

const rows: readonly [text: string, lines: string[]][] = [
  ["", []],
  ["\n", [""]],
  ["a", ["a"]],
  ["a\n", ["a"]],
  ["a\nb", ["a", "b"]],
  ["a\r\nb\r\n", ["a", "b"]],
  ["a\r", ["a\r"]],
  ["a\rb\n", ["a\rb"]],
  ["\r\n\n", ["", ""]],
  ["a\r\r\n", ["a\r"]],
  ["\0a\0\n", ["\0a\0"]],
  ["Zürich\n😀\n", ["Zürich", "😀"]],
  ["\ufeffa\n", ["\ufeffa"]],
]
for (const [text, lines] of rows)
  test(JSON.stringify(text), () => {
    for (const chunk of [1, 2, 3, 1000]) assert.equal(pack(Buffer.from(text), chunk).lines, lines)
  })

test("broken UTF-8 is replaced line by line, and counted", () => {
  const bytes = Buffer.from([0x61, 0xff, 0x62, 10, 0xc3, 10, 0xa9, 10, 0xe2, 0x82, 10, 0x6f, 0x6b, 10, 0xef, 0xbb, 0xbf, 0x80, 10])
  for (const chunk of [1, 4, 100]) {
    const { lines, packer } = pack(bytes, chunk)
    assert.equal(lines, ["a\ufffdb", "\ufffd", "\ufffd", "\ufffd", "ok", "\ufeff\ufffd"])
    assert.is(packer.brokenLines, 5)
  }
})

test("a character's bytes on two lines are no character", () => {
  assert.equal(pack(Buffer.from([0xc3, 10, 0xa9]), 100).lines, ["\ufffd", "\ufffd"])
})

test("too long a line is told of and left out, wherever it is cut", () => {
  const text = `first\n${"x".repeat(5000)}\nsecond\n${"y".repeat(3001)}\r\n${"z".repeat(3000)}\r\n${"w".repeat(4000)}`
  for (const chunk of [1, 7, 999, 1024, 100_000]) {
    const { lines, long, packer } = pack(Buffer.from(text), chunk, 1024, 3000)
    assert.equal(lines, ["first", "second", "z".repeat(3000)], `chunks of ${chunk}`)
    assert.is(packer.longLines, 3)
    assert.equal(
      long.map(([head, length]) => [head[0], length]),
      [
        ["x", 5000],
        ["y", 3002],
        ["w", 4000],
      ],
    )
    for (const [head] of long) assert.match(head, /^(x+|y+\r?|w+)$/)
  }
})

test("blocks never exceed the limit and hold whole lines", () => {
  const lines = Array.from({ length: 2000 }, (_, i) => `line ${i} ${"abc".repeat(i % 40)}`)
  for (const chunk of [100, 1000, 65536]) {
    const packed = pack(Buffer.from(`${lines.join("\n")}\n`), chunk, 4096)
    assert.equal(packed.lines, lines)
    assert.ok(packed.blocks.length > 20)
  }
})

test("property: any bytes in any chunks are the lines of the text", () => {
  const byte = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(10, 13, 97, 0) }, { weight: 1, arbitrary: fc.nat(255) })
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 3000 }),
      fc.array(byte, { maxLength: 3000 }),
      fc.integer({ min: 1, max: 1500 }),
      (noise, some, chunk) => {
        const bytes = Buffer.concat([noise, Buffer.from(some)])
        const { lines, packer } = pack(bytes, chunk)
        const expected = splitLines(bytes)
        assert.equal(lines, expected)
        assert.is(packer.pendingBytes, 0)
      },
    ),
    { numRuns: 150, seed: 21 },
  )
})

/** The obvious way. */
function splitLines(bytes: Buffer): string[] {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(10, at)
    const end = newline < 0 ? bytes.length : newline
    const line = bytes.subarray(at, newline > at && bytes[newline - 1] === 13 ? newline - 1 : end)
    lines.push(new TextDecoder("utf-8", { ignoreBOM: true }).decode(line))
    at = end + 1
  }
  return lines
}

test("whole lines can be had before the line that has begun", () => {
  const packer = new TextPacker({ maxBytes: 2 ** 30 })
  assert.is(packer.flushLines(), null)
  packer.push(Buffer.from("a\nb\nc"))
  assert.is(packer.pendingLines, 2)
  assert.equal(Block.of(packer.flushLines()!).toArray(), ["a", "b"])
  assert.is(packer.flushLines(), null)
  packer.push(Buffer.from("d\n"))
  assert.equal(Block.of(packer.flushLines()!).toArray(), ["cd"])
  assert.is(packer.flush(), null)
})

test("blocks in memory that held something else are the same bytes", () => {
  const text = Buffer.from(Array.from({ length: 300 }, (_, i) => `line ${"z".repeat(i % 70)} ${i}\n`).join(""))
  const fresh = pack(text, 777).blocks
  const used = new TextPacker({ maxBytes: 1024, allocate: bytes => new Uint8Array(new SharedArrayBuffer(5000), 8, bytes).fill(0xdb) })
  const blocks = [...used.push(text), used.flush()!]
  assert.is(blocks.length, fresh.length)
  for (const [i, block] of blocks.entries()) assert.ok(Buffer.from(fresh[i]!).equals(block))
})

test("absurd limits are refused", () => {
  assert.throws(() => new TextPacker({ maxBytes: 10 }), /10 bytes/)
})

test.run()
