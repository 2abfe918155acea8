/** A split's block holds that split's lines, whatever became of the split before it. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { Block } from "../../../engine/block/block.js"
import { SplitPacker } from "../../../engine/input/split-packer.js"
import { OutputMemory } from "../../../engine/output-memory.js"

/** Has no memory for the next `failures` blocks. */
class ScarceMemory extends OutputMemory {
  failures = 0

  override take(bytes: number): Uint8Array {
    if (this.failures === 0) return super.take(bytes)
    this.failures--
    throw new RangeError("Array buffer allocation failed")
  }
}

for (const [name, split] of [
  ["a few lines", "old 1\nold 2\n"],
  ["as many as go through the kernel", "old\n".repeat(1_000)],
  ["a last line without a newline", "old 1\nold 2"],
] as const)
  test(`after a split without memory, tried once more, the next has its own lines alone: ${name}`, () => {
    const memory = new ScarceMemory()
    const packer = new SplitPacker(memory)
    const lines = (text: string) => {
      const block = packer.pack(Buffer.from(text), () => {})
      return block === null ? null : Block.of(block).toArray()
    }
    assert.equal(lines("first\n"), ["first"])
    memory.failures = 2
    for (let i = 0; i < 2; i++) assert.throws(() => lines(split), /allocation failed/)
    assert.equal(lines(""), null)
    assert.equal(lines("new 1\nnew 2\n"), ["new 1", "new 2"])
  })

test.run()
