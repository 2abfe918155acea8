/**
 * Splits of a file: each task reads one. A line belongs to the split in which its first byte lies, so a reader looks at the
 * byte before its split (is it a newline?) and beyond its end (the rest of its last line).
 */

import type { FileSplit } from "./rdd.js"

/** How far beyond its split a reader looks for the end of its last line; a line that is longer is cut there and set aside. */
export const splitOverhangBytes = 256 * 1024

/** The bytes `[from, to)` of the file that a task for the split is given. */
export function splitRange(split: FileSplit): { readonly from: number; readonly to: number } {
  return { from: Math.max(0, split.from - 1), to: Math.min(split.sizeBytes, split.to + splitOverhangBytes) }
}

/** Where the split's own lines lie in the bytes of `splitRange`: whole lines, the last one perhaps without a newline. `cut`: it was longer than the overhang. */
export function ownLines(split: FileSplit, bytes: Uint8Array): { readonly from: number; readonly to: number; readonly cut: boolean } {
  const range = splitRange(split)
  const end = Math.min(bytes.length, range.to - range.from)
  let from = 0
  if (split.from > 0) {
    const newline = bytes.indexOf(10)
    from = newline < 0 || newline >= end ? end : newline + 1
  }
  const own = split.to - range.from
  if (from >= own) return { from, to: from, cut: false }
  // The last own line begins before `own`; it ends with the first newline at or after own - 1.
  const newline = bytes.indexOf(10, own - 1)
  if (newline >= 0 && newline < end) return { from, to: newline + 1, cut: false }
  return { from, to: end, cut: range.to < split.sizeBytes }
}
