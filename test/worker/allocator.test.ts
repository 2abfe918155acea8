/** The allocator against a model: what is live or pinned keeps its bytes, nothing overlaps, nothing leaks. */

import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { Allocator, poisonByte, type Region } from "../../cluster/worker/allocator.js"
import { granuleBytes, SpanHeap } from "../../cluster/worker/span-heap.js"

const test = suite("worker/allocator")

const kib = 1024

function allocator(capBytes: number, poison = true): Allocator {
  return new Allocator({ buffer: new SharedArrayBuffer(capBytes), capBytes, poison })
}

test("regions are aligned, and as long as asked", () => {
  const memory = allocator(256 * kib)
  for (const length of [0, 1, 63, 64, 65, 8 * kib, 8 * kib + 1, 100 * kib]) {
    const region = memory.allocate("a", length)!
    assert.is(region.offset % granuleBytes, 0)
    assert.is(memory.view(region).byteLength, length)
  }
})

test("an arena is dropped whole, and its memory is one piece again", () => {
  const memory = allocator(256 * kib)
  for (let n = 0; n < 40; n++) memory.allocate("a", 300 * (n % 7))
  memory.allocate("a", 100 * kib)
  memory.dropArena("a")
  assert.is(memory.usedBytes, 0)
  assert.ok(memory.allocate("b", 256 * kib))
})

test("large regions begin with a page, of which they have the last one alone; all of memory can be one region still", () => {
  const memory = allocator(1024 * kib)
  memory.allocate("a", 100)
  const [first, second] = [memory.allocate("a", 300 * kib + 1)!, memory.allocate("a", 256 * kib)!]
  assert.equal([first.offset % 4096, memory.pages(first)!.byteLength, memory.view(first).byteLength], [0, 304 * kib, 300 * kib + 1])
  assert.ok(first.offset + 304 * kib <= second.offset || second.offset + 256 * kib <= first.offset)
  memory.dropArena("a")
  assert.is(memory.pages(memory.allocate("b", 1024 * kib)!)!.byteLength, 1024 * kib)
})

test("a pinned region outlives its arena, byte for byte, until the last unpin", () => {
  const memory = allocator(64 * kib)
  const region = memory.allocate("a", 1000)!
  memory.view(region).fill(7)
  memory.pin(region)
  memory.pin(region)
  memory.dropArena("a")
  assert.not.ok(memory.isLive(region))
  assert.is(memory.retiredBytes, 1000)
  memory.unpin(region)
  while (memory.allocate("b", 4 * kib) !== null);
  assert.ok(memory.view(region).every(byte => byte === 7))
  memory.unpin(region)
  assert.throws(() => memory.view(region), /is gone/)
  assert.throws(() => memory.pin(region), /is gone/)
  assert.is(memory.retiredBytes, 0)
})

test("freed bytes are poisoned", () => {
  const buffer = new SharedArrayBuffer(64 * kib)
  const memory = new Allocator({ buffer, capBytes: 64 * kib, poison: true })
  const region = memory.allocate("a", 20 * kib)!
  memory.view(region).fill(1)
  memory.free(region)
  assert.ok(new Uint8Array(buffer, region.offset, region.length).every(byte => byte === poisonByte))
})

test("a region moves to another arena without moving in memory", () => {
  const memory = allocator(64 * kib)
  const [moved, stays] = [memory.allocate("received", 500)!, memory.allocate("received", 500)!]
  memory.move(moved, "views@1000")
  memory.dropArena("views@1000")
  assert.not.ok(memory.isLive(moved))
  assert.ok(memory.isLive(stays))
  memory.dropArena("received")
  assert.is(memory.usedBytes, 0)
})

test("full memory gives null and stays as it was", () => {
  const memory = allocator(64 * kib)
  memory.allocate("a", 40 * kib)
  const used = memory.usedBytes
  assert.is(memory.allocate("a", 40 * kib), null)
  assert.is(memory.usedBytes, used)
  assert.is(memory.usedBytes + memory.freeBytes, memory.capBytes)
})

test("bytes below fromBytes and at or after capBytes are left alone", () => {
  const memory = new Allocator({ buffer: new SharedArrayBuffer(64 * kib), fromBytes: 100, capBytes: 32 * kib + 5 })
  const region = memory.allocate("a", 32 * kib - 128)!
  assert.is(region.offset, 128)
  assert.is(memory.allocate("a", 1), null)
})

test("a span is given back once", () => {
  const heap = new SpanHeap(0, 64 * kib)
  const [a, b] = [heap.take(100)!, heap.take(100)!]
  heap.give(a)
  assert.throws(() => heap.give(a), /twice/)
  heap.give(b)
  assert.throws(() => heap.give(b), /twice/)
  assert.is(heap.largestFreeBytes, 64 * kib)
})

interface Modelled {
  readonly region: Region
  readonly fill: number
  readonly length: number
  arena: string
  live: boolean
  pins: number
}

type Act =
  | { readonly kind: "allocate"; readonly arena: number; readonly length: number }
  | { readonly kind: "free" | "pin" | "unpin" | "move"; readonly at: number; readonly arena: number }
  | { readonly kind: "drop"; readonly arena: number }

const arenaIndex = fc.nat({ max: 3 })
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("allocate" as const),
      arena: arenaIndex,
      length: fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 20_000 })),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom("free" as const, "pin" as const, "unpin" as const, "move" as const),
      at: fc.nat(),
      arena: arenaIndex,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("drop" as const), arena: arenaIndex }) },
)

test("model: any sequence of acts", () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 120 }), acts => {
      const memory = allocator(128 * kib)
      let held: Modelled[] = []
      let fill = 0
      for (const one of acts) {
        if (one.kind === "allocate") {
          const region = memory.allocate(`${one.arena}`, one.length)
          if (region === null) {
            // Only when there really is no piece of that size.
            assert.ok(memory.freeBytes < 128 * kib)
            continue
          }
          fill = (fill + 1) % 200
          memory.view(region).fill(fill)
          held.push({ region, fill, length: one.length, arena: `${one.arena}`, live: true, pins: 0 })
        } else if (one.kind === "drop") {
          memory.dropArena(`${one.arena}`)
          for (const of of held) if (of.arena === `${one.arena}`) of.live = false
        } else if (held.length > 0) {
          const of = held[one.at % held.length]!
          if (one.kind === "free") {
            memory.free(of.region)
            of.live = false
          } else if (one.kind === "pin") {
            memory.pin(of.region)
            of.pins++
          } else if (one.kind === "unpin" && of.pins > 0) {
            memory.unpin(of.region)
            of.pins--
          } else if (one.kind === "move" && of.live) {
            memory.move(of.region, `${one.arena}`)
            of.arena = `${one.arena}`
          }
        }
        held = held.filter(of => of.live || of.pins > 0)
        for (const of of held) {
          assert.is(memory.isLive(of.region), of.live)
          assert.ok(
            memory.view(of.region).every(byte => byte === of.fill),
            "bytes of a held region changed",
          )
        }
        const sum = held.reduce((bytes, of) => bytes + of.length, 0)
        assert.ok(memory.usedBytes >= sum)
        assert.is(
          memory.retiredBytes,
          held.reduce((bytes, of) => bytes + (of.live ? 0 : of.length), 0),
        )
      }
      for (const of of held) {
        while (of.pins-- > 0) memory.unpin(of.region)
        memory.free(of.region)
      }
      assert.is(memory.usedBytes, 0)
      assert.is(memory.freeBytes, memory.capBytes)
    }),
    { numRuns: 300, seed: 20131103 },
  )
})

test.run()
