/**
 * Splits of a file: each task reads one. A line belongs to the split in which its first byte lies, so a reader looks at the
 * byte before its split (is it a newline?) and beyond its end (the rest of its last line).
 */

import type { FileSplit, Packing } from "../rdd.js"

/** How far beyond its split a reader looks for the end of its last line at first. */
export const splitOverhangBytes = 256 * 1024
/** A longer line is no record: it is set aside, wherever in the file it lies. As `rivulet send` has it. */
export const longestLineBytes = 8 * 1024 * 1024
/** So far beyond its split a reader may have to look: the last line begins in the split's last byte, and ends with a carriage return and a newline. */
export const longestOverhangBytes = longestLineBytes + 1
export const tooLong = "the line is longer than 8 MiB"
/** Of a line that is set aside unread so many of its first bytes are kept. */
export const keptOfLongLineBytes = 4096

/** What a file is by its first bytes; undefined: it is not compressed in a way that is known here. */
export function packingOf(head: Uint8Array): Packing | undefined {
  const [a, b, c, d] = head
  if (a === 0x1f && b === 0x8b) return "gzip"
  return a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd ? "zstd" : undefined
}

/** Of what is compressed the end is not known before it is reached. */
function endOf({ packed, sizeBytes }: FileSplit): number {
  return packed === undefined ? sizeBytes : Number.MAX_SAFE_INTEGER
}

/** The bytes `[from, to)` of the file that a task for the split is given; more when its last line needs them (`needsMore`). */
export function splitRange(split: FileSplit, overhangBytes = splitOverhangBytes): { readonly from: number; readonly to: number } {
  return { from: Math.max(0, split.from - 1), to: Math.min(endOf(split), split.to + overhangBytes) }
}

/** Whether the end of the split's last line is not in these bytes, and may yet be found: then the range with `longestOverhangBytes` is read. */
export function needsMore(split: FileSplit, bytes: Uint8Array): boolean {
  const { from, to } = splitRange(split)
  // Of what is compressed fewer bytes than were asked for are all that there are.
  if (split.packed !== undefined) return bytes.length === to - from && !ownLines(split, bytes).ended
  return to < split.sizeBytes && ownLines(split, bytes).cut
}

/** `ended`: by a newline, or there is none. `cut`: the last one ends beyond the bytes. */
export interface OwnLines {
  readonly from: number
  readonly to: number
  readonly ended: boolean
  readonly cut: boolean
}

/** Where the split's own lines lie in the bytes of `splitRange`: whole lines, the last one perhaps without a newline. */
export function ownLines(split: FileSplit, bytes: Uint8Array): OwnLines {
  const { from: begin, to: longest } = splitRange(split, longestOverhangBytes)
  const end = Math.min(bytes.length, endOf(split) - begin)
  let from = 0
  if (split.from > 0) {
    const newline = bytes.indexOf(10)
    from = newline < 0 || newline >= end ? end : newline + 1
  }
  const own = split.to - begin
  if (from >= own) return { from, to: from, ended: true, cut: false }
  // The last own line begins before `own`; it ends with the first newline at or after own - 1.
  const newline = bytes.indexOf(10, own - 1)
  if (newline >= 0 && newline < end) return { from, to: newline + 1, ended: true, cut: false }
  return { from, to: end, ended: false, cut: split.packed === undefined ? begin + end < split.sizeBytes : begin + end >= longest }
}

/** Text of whole lines at [from, to) of `bytes`; a carriage return before a newline is none of a line's. The last line may have no newline. */
export function linesOf(bytes: Uint8Array, from: number, to: number, take: (line: string) => void): void {
  if (from >= to) return
  const ended = bytes[to - 1] === 10
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from - (ended ? 1 : 0)).toString("utf8")
  const lines = text.split("\n")
  const last = lines.length - 1
  for (const [i, line] of lines.entries()) take((i < last || ended) && line.endsWith("\r") ? line.slice(0, -1) : line)
}

/** The lines at [from, to) of `bytes` that are too long, in order; each with its end, newline and all. */
export function* tooLongLines(bytes: Uint8Array, from: number, to: number): Generator<{ readonly from: number; readonly to: number }> {
  // Most splits are shorter than such a line.
  for (let at = from; to - at > longestLineBytes; ) {
    const newline = bytes.indexOf(10, at)
    const ended = newline >= 0 && newline < to
    const end = ended ? newline : to
    const length = end - at - (ended && bytes[end - 1] === 13 ? 1 : 0)
    const next = ended ? end + 1 : to
    if (length > longestLineBytes) yield { from: at, to: next }
    at = next
  }
}

/** What a file was when its splits were cut. `ends`: a checksum of its first and last bytes. */
export interface PinnedFile {
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly ends?: number
}

/** A file as a worker finds it. */
export interface ListedFile extends PinnedFile {
  readonly path: string
  readonly packed?: Packing
}

/** How far a compressed file has been unpacked for a task. */
export interface Unpacked {
  /** Of the file as it is. */
  readonly packedBytes: number
  /** What it unpacks to, once its end has been met. */
  readonly plainBytes?: number
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
