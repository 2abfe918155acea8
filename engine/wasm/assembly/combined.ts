// Access logs of the combined format: where the parts of lines begin and end, sixteen bytes at a time. What is refused here is looked at by the format itself.
//
// Of each line 64 bytes, in words but for the bytes' number (addresses but for numbers; of a refused line only the first, the third and the tenth may be right):
//
//   flags | status << 8 · line · user − 1 … · … its end · method … · … its end · url … · … its end · clock, ms · the end of the ip · bytes (f64)
//   · referrer … · … its end, 0: null · agent … · … its end, 0: null
//
// Flags: 1 it is a line; 2 its day, and what follows its clock, are others than those of the line before; 4 referrer and agent are known.

const space: i32 = 32
const quote: i32 = 34
const dash: i32 = 45
const opening: i32 = 91
const closing: i32 = 93
const backslash: i32 = 92

/** The day's text and the zone's, as they were read last. */
let day0: u64 = 0
let day1: u32 = 0
let zone0: u32 = 0
let zone1: u32 = 0

/** The first place in [at, to) of a byte; `to`: it is not there. */
function placeOf(at: usize, to: usize, sought: v128): usize {
  for (; at < to; at += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), sought))
    if (found === 0) continue
    const place = at + ctz(found)
    return place < to ? place : to
  }
  return to
}

/** The last place in [from, to) of a byte, which is there. */
function lastPlaceOf(to: usize, sought: i32): usize {
  let at = to - 1
  while (<i32>load<u8>(at) !== sought) at--
  return at
}

/** Two digits, or 255. */
function two(at: usize): u32 {
  const tens = <u32>load<u8>(at) - 48
  const ones = <u32>load<u8>(at, 1) - 48
  return tens > 9 || ones > 9 ? 255 : tens * 10 + ones
}

/** The end of what is quoted from `at` on; 0: it has none, or an escape before it. */
function quoted(at: usize, to: usize): usize {
  const quotes = i8x16.splat(<i8>quote)
  const escapes = i8x16.splat(<i8>backslash)
  for (; at < to; at += 16) {
    const bytes = v128.load(at)
    const found = i8x16.bitmask(v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, escapes)))
    if (found === 0) continue
    const place = at + ctz(found)
    return place < to && <i32>load<u8>(place) === quote ? place : 0
  }
  return 0
}

/** Gives the flags. */
function readLine(from: usize, to: usize, out: usize, withQuoted: bool): i32 {
  const spaces = i8x16.splat(<i8>space)
  store<u32>(out, <u32>from, 4)
  let at = placeOf(from, to, spaces)
  if (at === from || at >= to) return 0
  store<u32>(out, <u32>at, 36)
  at = placeOf(at + 1, to, spaces)
  if (at >= to) return 0
  store<u32>(out, <u32>at, 8)
  at++
  const openings = i8x16.splat(<i8>opening)
  for (; at < to; at += 16) {
    const found = i8x16.bitmask(v128.and(i8x16.eq(v128.load(at), spaces), i8x16.eq(v128.load(at, 1), openings)))
    if (found === 0) continue
    at += ctz(found)
    break
  }
  if (at + 31 >= to || <i32>load<u8>(at, 28) !== closing || <i32>load<u8>(at, 29) !== space || <i32>load<u8>(at, 30) !== quote) return 0
  store<u32>(out, <u32>at, 12)
  // The time, as `17/May/2015:10:05:03 +0000`.
  const hour = two(at + 14)
  const minute = two(at + 17)
  const second = two(at + 20)
  if (hour > 23 || minute > 59 || second > 60) return 0
  if ((load<u8>(at, 16) | load<u8>(at, 19) | load<u8>(at, 22)) > 127) return 0
  store<u32>(out, ((hour * 60 + minute) * 60 + second) * 1000, 32)
  let flags: i32 = 0
  const d0 = load<u64>(at, 2)
  const d1 = load<u32>(at, 10)
  const z0 = load<u32>(at, 23)
  const z1 = <u32>load<u8>(at, 27)
  if (d0 !== day0 || d1 !== day1 || z0 !== zone0 || z1 !== zone1) {
    flags = 2
    day0 = d0
    day1 = d1
    zone0 = z0
    zone1 = z1
  }
  // The request.
  const request = at + 31
  at = placeOf(request, to, i8x16.splat(<i8>quote))
  if (at + 6 >= to || <i32>load<u8>(at - 1) === backslash || <i32>load<u8>(at, 1) !== space || <i32>load<u8>(at, 5) !== space) return flags
  const a = <u32>load<u8>(at, 2) - 48
  const b = <u32>load<u8>(at, 3) - 48
  const c = <u32>load<u8>(at, 4) - 48
  if (a - 1 > 8 || b > 9 || c > 9) return flags
  // METHOD url PROTOCOL; what is no such request is all url.
  const methodEnd = placeOf(request, at, spaces)
  store<u32>(out, <u32>request, 16)
  if (methodEnd === request || methodEnd === at) {
    store<u32>(out, <u32>request, 20)
    store<u32>(out, <u32>request, 24)
    store<u32>(out, <u32>at, 28)
  } else {
    const protocol = lastPlaceOf(at, space)
    store<u32>(out, <u32>methodEnd, 20)
    store<u32>(out, <u32>methodEnd + 1, 24)
    store<u32>(out, <u32>(protocol > methodEnd ? protocol : at), 28)
  }
  // Bytes, and what may follow them.
  at += 6
  let bytes: f64 = 0
  if (<i32>load<u8>(at) === dash) at++
  else {
    const first = at
    for (; at < to; at++) {
      const digit = <u32>load<u8>(at) - 48
      if (digit > 9) break
      bytes = bytes * 10 + <f64>digit
    }
    if (at === first) return flags
  }
  store<f64>(out, bytes, 40)
  if (at < to && (<i32>load<u8>(at) !== space || (at + 1 < to && <i32>load<u8>(at, 1) !== quote))) return flags
  flags |= 1 | ((<i32>(a * 100 + b * 10 + c)) << 8)
  if (!withQuoted) return flags
  store<u32>(out, 0, 52)
  store<u32>(out, 0, 60)
  at++
  if (at >= to) return flags | 4
  let end = quoted(at + 1, to)
  if (end === 0) return flags
  store<u32>(out, <u32>at + 1, 48)
  if (end !== at + 2 || <i32>load<u8>(at, 1) !== dash) store<u32>(out, <u32>end, 52)
  at = end + 2
  if (at >= to || <i32>load<u8>(at) !== quote) return flags | 4
  end = quoted(at + 1, to)
  if (end === 0) return flags
  store<u32>(out, <u32>at + 1, 56)
  if (end !== at + 2 || <i32>load<u8>(at, 1) !== dash) store<u32>(out, <u32>end, 60)
  return flags | 4
}

/** No day is known from before. */
export function logBegin(): void {
  // No text has it.
  zone1 = 256
}

/** The line that is bytes [from, to). Reads up to 31 bytes beyond it. */
export function logLine(from: usize, to: usize, out: usize, withQuoted: bool): void {
  store<i32>(out, readLine(from, to, out, withQuoted))
}

/** Rows [0, rows): row i is bytes [ends[i - 1], ends[i]) of text that begins at `text`, where `ends` is an address and `base` is taken off. */
export function logLines(text: usize, ends: usize, base: u32, rows: u32, out: usize, withQuoted: bool): void {
  for (let row: u32 = 0; row < rows; row++) {
    const from = text + (load<u32>(ends) - base)
    const to = text + (load<u32>(ends, 4) - base)
    store<i32>(out, readLine(from, to, out, withQuoted))
    ends += 4
    out += 64
  }
}
