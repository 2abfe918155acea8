/** What the worker's main thread needs to know of blocks: that they are sound, and where a section of a region lies. */

import { Block } from "../../engine/block/block.js"
import { sectionOf } from "../../engine/shuffle-region.js"

/** Checks everything (a block from outside the cluster). Returns its rows; throws a RivuletError that says what is wrong. */
export function checkBlock(bytes: Uint8Array): number {
  const block = Block.open(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  block.verify()
  return block.rows
}

/** Checks the header only (a block that another worker has checked). Throws a RivuletError. */
export function openBlock(bytes: Uint8Array): void {
  Block.open(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The first lines of a sound block of text, if none of them is very long; of other blocks none. */
export function firstLines(bytes: Uint8Array, most: number): string[] {
  const block = Block.open(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!block.isText) return []
  const lines: string[] = []
  for (let i = 0; i < Math.min(most, block.rows); i++) lines.push(block.row(i) as string)
  return lines.some(line => line.length > longestShown) ? [] : lines
}

const longestShown = 16_384

/** The part of a shuffle region that reducer `section` reads. Throws when there is no such section. */
export function sectionView(bytes: Uint8Array, section: number): Uint8Array {
  const { offset, length } = sectionOf(bytes, section)
  return bytes.subarray(offset, offset + length)
}
