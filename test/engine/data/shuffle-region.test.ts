/** Shuffle regions: each section is found again, damage is noticed. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { Block, encodeRows } from "../../../engine/block/block.js"
import { sectionCount, sectionOf, writeRegion } from "../../../engine/shuffle-region.js"

test("sections come back, blocks among them readable where they lie", () => {
  for (const count of [0, 1, 3, 8, 200]) {
    const rows = Array.from({ length: count }, (_, r) => Array.from({ length: r % 4 }, (_, i) => [`key ${r}`, i]))
    const region = writeRegion(rows.map(part => (part.length === 0 ? new Uint8Array(0) : encodeRows(part))))
    const memory = new SharedArrayBuffer(region.length + 64)
    const shared = new Uint8Array(memory, 64)
    shared.set(region)
    assert.is(sectionCount(shared), count)
    rows.forEach((part, r) => {
      const { offset, length } = sectionOf(shared, r)
      assert.is(offset % 64, 0)
      if (part.length === 0) assert.is(length, 0)
      else assert.equal(Block.open(memory, 64 + offset, length).toArray(), part)
    })
    assert.throws(() => sectionOf(shared, count), /section/)
    assert.throws(() => sectionOf(shared, -1), /section/)
  }
})

test("damage is noticed", () => {
  const region = writeRegion([encodeRows([1]), encodeRows([2])])
  const change = (at: number, value: number) => {
    const bad = region.slice()
    new DataView(bad.buffer).setUint32(at, value, true)
    return bad
  }
  assert.throws(() => sectionCount(change(0, 1)), /damaged/)
  assert.throws(() => sectionCount(change(4, 0xffffffff)), /damaged/)
  assert.throws(() => sectionOf(change(8, 0), 0), /damaged/)
  assert.throws(() => sectionOf(change(8, 65), 0), /damaged/)
  assert.throws(() => sectionOf(change(8, 0xffffffc0), 0), /damaged/)
  assert.throws(() => sectionOf(change(20, 0xffffffff), 1), /damaged/)
  for (const length of [0, 4, 8, 12]) assert.throws(() => sectionOf(region.slice(0, length), 0), /damaged/)
})

test.run()
