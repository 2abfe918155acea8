/**
 * What one map task gives to a shuffle: one region of bytes with a section for each reduce partition (the paper's §4.1), so that a
 * reducer's part can be sent without a look at the rest.
 *
 *   0 magic "RVS1" · 4 number of sections · 8 … for each {offset, length}, 4 bytes each · sections, aligned to 64 bytes
 *
 * A section is a block, or nothing (length 0).
 */

import { align } from "./block/block-layout.js"
import { RivuletError } from "./errors.js"

const magic = 0x31535652
const tableAt = 8

export interface Section {
  /** Relative to the region's first byte; a multiple of 64. */
  readonly offset: number
  readonly length: number
}

/** The region of these sections, in order of reduce partition. */
export function writeRegion(sections: readonly Uint8Array[]): Uint8Array {
  const first = align(tableAt + 8 * sections.length)
  const length = sections.reduce((at, section) => at + align(section.length), first)
  if (length > 0x7fffffff)
    throw new RivuletError(`a shuffle region of ${length} bytes is larger than 2 GiB`, {
      try: "use more partitions, so that each task has less",
    })
  const region = new Uint8Array(length)
  const table = new DataView(region.buffer)
  table.setUint32(0, magic, true)
  table.setUint32(4, sections.length, true)
  let at = first
  sections.forEach((section, i) => {
    table.setUint32(tableAt + 8 * i, at, true)
    table.setUint32(tableAt + 8 * i + 4, section.length, true)
    region.set(section, at)
    at += align(section.length)
  })
  return region
}

/** How many sections the region has. Throws RivuletError if it is none. */
export function sectionCount(region: Uint8Array): number {
  if (region.length < tableAt) throw damaged()
  const header = new DataView(region.buffer, region.byteOffset, region.byteLength)
  const count = header.getUint32(4, true)
  if (header.getUint32(0, true) !== magic || tableAt + 8 * count > region.length) throw damaged()
  return count
}

/** Where the section of reduce partition r lies. Throws RivuletError if there is none, or the region is damaged. */
export function sectionOf(region: Uint8Array, r: number): Section {
  const count = sectionCount(region)
  if (!(r >= 0 && r < count)) throw new RivuletError(`section ${r} of a shuffle region of ${count}`)
  const table = new DataView(region.buffer, region.byteOffset, region.byteLength)
  const offset = table.getUint32(tableAt + 8 * r, true)
  const length = table.getUint32(tableAt + 8 * r + 4, true)
  if (offset % 64 !== 0 || offset < tableAt + 8 * count || offset + length > region.length) throw damaged()
  return { offset, length }
}

function damaged(): RivuletError {
  return new RivuletError("a shuffle region is damaged", { try: "fetch it again, or let it be recomputed" })
}
