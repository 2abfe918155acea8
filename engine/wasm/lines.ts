/** Raw bytes to whole lines: the kernel behind the packer of text, one for all packers of a thread. Nothing stays in it from call to call. */

import { KernelInstance } from "./module.js"

/** At a time: input, its text and its offsets lie in the nearest caches together. */
export const sliceBytes = 64 * 1024

/** What was found, in memory of the kernel until the next call. */
export interface PackedLines {
  readonly lines: number
  /** Of the input: lines with their ends. */
  readonly takenBytes: number
  /** All text is ASCII; false: perhaps it is not. */
  readonly surelyAscii: boolean
  readonly text: Uint8Array
  /** Where each line's text ends, `base` added. */
  readonly ends: Int32Array
}

const padding = 64
let instance: KernelInstance | null = null

/**
 * Whole lines at the beginning of `input`, of which at most `sliceBytes` are looked at. A carriage return before a newline is none of the line's. Stops before
 * a line longer than `longest`, and before their bytes, with 4 for each line, exceed `budget`.
 */
export function packLines(input: Uint8Array, base: number, budget: number, longest: number): PackedLines {
  const length = Math.min(sliceBytes, input.length)
  instance ??= new KernelInstance(6 * sliceBytes + 3 * padding)
  const { kernels, bytes } = instance
  // As far from a word's beginning as in `input`: shared memory is copied by words or else by bytes.
  const from = instance.base + (input.byteOffset & 7)
  const out = instance.base + sliceBytes + 2 * padding
  const ends = out + sliceBytes + padding
  bytes.set(length === input.length ? input : input.subarray(0, length), from)
  kernels.packLines(from, from + length, out, ends, base, clamped(budget), clamped(longest))
  const lines = kernels.packedLines.value
  return {
    lines,
    takenBytes: kernels.packTakenBytes.value,
    surelyAscii: kernels.packSurelyAscii.value === 1,
    text: bytes.subarray(out, out + kernels.packedBytes.value),
    ends: new Int32Array(bytes.buffer, ends, lines),
  }
}

/** As far as a signed word goes: beyond it nothing is limited. */
function clamped(bytes: number): number {
  return Math.max(0, Math.min(bytes, 0x7fffffff))
}
