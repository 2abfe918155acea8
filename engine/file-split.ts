/**
 * Splits of a file: each task reads one. A line belongs to the split in which its first byte lies, so a reader looks at the
 * byte before its split (is it a newline?) and beyond its end (the rest of its last line).
 */

import type { FileSplit } from "./rdd.js"

/** How far beyond its split a reader looks for the end of its last line at first. */
export const splitOverhangBytes = 256 * 1024
/** A longer line is no record: it is set aside, wherever in the file it lies. As `rivulet send` has it. */
export const longestLineBytes = 8 * 1024 * 1024
export const tooLong = "the line is longer than 8 MiB"

/** The bytes `[from, to)` of the file that a task for the split is given; more when its last line needs them (`needsMore`). */
export function splitRange(split: FileSplit, overhangBytes = splitOverhangBytes): { readonly from: number; readonly to: number } {
  return { from: Math.max(0, split.from - 1), to: Math.min(split.sizeBytes, split.to + overhangBytes) }
}

/** Whether the end of the split's last line is not in these bytes, and may yet be found: then the range with `longestLineBytes` is read. */
export function needsMore(split: FileSplit, bytes: Uint8Array): boolean {
  const { to } = splitRange(split)
  return to < split.sizeBytes && ownLines(split, bytes).cut
}

/**
 * Where the split's own lines lie in the bytes of `splitRange`: whole lines, the last one perhaps without a newline. `cut`: it
 * ends beyond the bytes.
 */
export function ownLines(split: FileSplit, bytes: Uint8Array): { readonly from: number; readonly to: number; readonly cut: boolean } {
  const { from: begin } = splitRange(split)
  const end = Math.min(bytes.length, split.sizeBytes - begin)
  let from = 0
  if (split.from > 0) {
    const newline = bytes.indexOf(10)
    from = newline < 0 || newline >= end ? end : newline + 1
  }
  const own = split.to - begin
  if (from >= own) return { from, to: from, cut: false }
  // The last own line begins before `own`; it ends with the first newline at or after own - 1.
  const newline = bytes.indexOf(10, own - 1)
  if (newline >= 0 && newline < end) return { from, to: newline + 1, cut: false }
  return { from, to: end, cut: begin + end < split.sizeBytes }
}

/** What a file was when its splits were cut. `ends`: a checksum of its first and last bytes. */
export interface PinnedFile {
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly ends?: number
}

/** So many bytes at the beginning and at the end of a file are its mark. */
export const endsBytes = 1024

/**
 * Why the file is not the one that was pinned; null if it is. One that has only grown still has what was pinned, as a log does
 * that is being written: `endsNow`, of the pinned size, says whether it has.
 */
export function changeOf(pinned: PinnedFile, now: PinnedFile, endsNow: () => number): string | null {
  if (now.sizeBytes === pinned.sizeBytes && now.modifiedMs === pinned.modifiedMs) return null
  if (now.sizeBytes < pinned.sizeBytes)
    return `it has changed since it was listed: it had ${pinned.sizeBytes} bytes then and has ${now.sizeBytes} now`
  if (pinned.ends !== undefined && endsNow() === pinned.ends) return null
  const when = (ms: number) => new Date(ms).toISOString()
  return `it has changed since it was listed: it was of ${when(pinned.modifiedMs)} with ${pinned.sizeBytes} bytes, and is of ${when(now.modifiedMs)} with ${now.sizeBytes}`
}
