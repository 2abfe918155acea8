/** Finds a text among the bytes of a column: the kernel behind `includes` over all rows at once. One memory for all searches of a thread, a slice in it. */

import { textBytes } from "../block/bytes.js"
import { KernelInstance } from "./module.js"

/** At a time: it lies in the nearest caches while it is searched. */
export const searchedBytes = 64 * 1024
/** A longer one is sought by the runtime's own search. */
export const longestSought = 1024

const padding = 64
let instance: KernelInstance | null = null
/** Whose slice lies in the memory. */
let holder: object | null = null

/** The first place at or after `from` where `text` lies in `data`, or -1. Places may be asked for in any order; onwards is fast. The bytes must not change. */
export function finderOf(data: Uint8Array, text: Uint8Array): (from: number) => number {
  const { length } = text
  if (length === 0 || length > longestSought) {
    const [all, sought] = [textBytes(data), textBytes(text)]
    return from => all.indexOf(sought, from)
  }
  instance ??= new KernelInstance(longestSought + searchedBytes + longestSought + 3 * padding)
  const { kernels, base } = instance
  const room = base + longestSought + padding
  const me = {}
  /** Where it lies: as far from a word's beginning as in `data`, for shared memory is copied by words or else by bytes. */
  let slice = room
  /** Of `data`: what lies in the slice. */
  let sliceFrom = 0
  let sliceTo = 0
  return from => {
    for (let at = from; at + length <= data.length; ) {
      const { bytes } = instance!
      // A slice holds whole what begins in it; the next one begins with what can begin no more.
      if (holder !== me || at < sliceFrom || at + length > sliceTo) {
        if (holder !== me) bytes.set(text, base)
        holder = me
        sliceFrom = at
        sliceTo = Math.min(data.length, at + searchedBytes)
        slice = room + ((data.byteOffset + sliceFrom) & 7)
        bytes.set(data.subarray(sliceFrom, sliceTo), slice)
      }
      const place = kernels.findText(slice + at - sliceFrom, slice + sliceTo - sliceFrom, base, length)
      if (place !== 0) return place - slice + sliceFrom
      at = sliceTo - length + 1
    }
    return -1
  }
}
