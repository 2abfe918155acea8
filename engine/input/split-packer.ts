/** Lines of splits to blocks, one split after the other, in memory that is used again. */

import { assembleBlock } from "../block/block-layout.js"
import type { ColumnType } from "../block/columns.js"
import type { OutputMemory } from "../output-memory.js"
import { TextPacker } from "../text-packer.js"
import { longestLineBytes } from "./file-split.js"

export class SplitPacker {
  /** Holds no line; null while it is at work, and when it failed at it. */
  private packer: TextPacker | null = null
  private onLongLine: (head: Uint8Array) => void = () => {}

  constructor(private readonly memory: OutputMemory) {}

  /** One block of all lines, but those that are too long: `onLongLine` gets the beginning of each. Null: there are no others. */
  pack(lines: Uint8Array, onLongLine: (head: Uint8Array) => void): Uint8Array | null {
    this.onLongLine = onLongLine
    const packer = this.packer ?? this.emptyPacker()
    // If it throws (there is no memory), this split's lines stay in it: the next split is not put behind them.
    this.packer = null
    // The file's last line may have no newline: nothing comes after it.
    const blocks = packer.push(lines)
    const last = packer.flush()
    if (blocks.length > 0) throw new Error("a split's lines did not fit one block")
    this.packer = packer
    return last
  }

  /** A block of text of which the parts are known. */
  assemble(type: ColumnType, rows: number, buffers: readonly Uint8Array[]): Uint8Array {
    return assembleBlock(type, rows, buffers, { summed: false, allocate: bytes => this.memory.take(bytes) })
  }

  /** The block is not used. */
  giveUp(block: Uint8Array): void {
    this.memory.giveBack(block.buffer as ArrayBuffer)
  }

  private emptyPacker(): TextPacker {
    return new TextPacker({
      maxBytes: 2 ** 30,
      maxLineBytes: longestLineBytes,
      onLongLine: head => this.onLongLine(head),
      allocate: bytes => this.memory.take(bytes),
    })
  }
}
