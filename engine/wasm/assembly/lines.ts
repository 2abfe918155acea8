// Raw bytes to lines, sixteen at a time: each vector is copied, compared with newlines, and joined to what tells of bytes that are no ASCII.

const newline: i32 = 10
const carriageReturn: i32 = 13

/** Of the last `packLines`: whole lines, */
export let packedLines: i32 = 0
/** the bytes of their text, */
export let packedBytes: i32 = 0
/** the bytes of input that they took, line ends and all, */
export let packTakenBytes: i32 = 0
/** and 1 if all of it is ASCII. 0: perhaps not. */
export let packSurelyAscii: i32 = 0

/**
 * Whole lines of input [from, to) to their text at `out`, without line ends, and to where each ends, `base` added, at `ends`. Stops before a line that has no
 * end, is longer than `longest` or with 4 bytes a line goes beyond `budget`.
 *
 * Clears the 16 bytes after `to`, writes up to 15 beyond what it gives: `out` has room for to - from + 16 bytes, `ends` for a number a byte.
 */
export function packLines(from: usize, to: usize, out: usize, ends: usize, base: i32, budget: i32, longest: i32): void {
  const sought = i8x16.splat(newline as i8)
  const begin = out
  // What lay there before is neither text nor line end.
  v128.store(to, i8x16.splat(0))
  let all = i8x16.splat(0)
  let line = from
  let lines: i32 = 0
  while (line < to) {
    let at = line
    let into = out
    let found: i32 = 0
    while (at < to) {
      const bytes = v128.load(at)
      v128.store(into, bytes)
      all = v128.or(all, bytes)
      found = i8x16.bitmask(i8x16.eq(bytes, sought))
      if (found !== 0) break
      at += 16
      into += 16
    }
    if (found === 0) break
    at += ctz(found)
    if (at >= to) break
    let length = (at - line) as i32
    if (length > 0 && load<u8>(at - 1) === carriageReturn) length--
    if (length > longest || length + 4 > budget) break
    budget -= length + 4
    out += length
    store<i32>(ends + ((<usize>lines) << 2), base + ((out - begin) as i32))
    lines++
    line = at + 1
  }
  packedLines = lines
  packedBytes = (out - begin) as i32
  packTakenBytes = (line - from) as i32
  packSurelyAscii = i8x16.bitmask(all) === 0 ? 1 : 0
}
