// Where a text lies among bytes: sixteen places at a time are asked for its first and its last byte, then those that have both for the rest.

/**
 * Address of the first place in [from, to) where the `length` bytes at `sought` lie whole; 0: there is none. `length` is 1 or more.
 *
 * Reads up to 16 + length bytes beyond `to`.
 */
export function findText(from: usize, to: usize, sought: usize, length: usize): usize {
  if (to - from < length || to < from) return 0
  const beyond = length - 1
  const first = i8x16.splat(load<i8>(sought))
  const last = i8x16.splat(load<i8>(sought + beyond))
  // Where it can begin no more.
  const end = to - beyond
  for (let at = from; at < end; at += 16) {
    let found = i8x16.bitmask(v128.and(i8x16.eq(v128.load(at), first), i8x16.eq(v128.load(at + beyond), last)))
    while (found !== 0) {
      const place = at + ctz(found)
      if (place >= end) return 0
      let i: usize = 1
      while (i < beyond && load<u8>(place + i) === load<u8>(sought + i)) i++
      if (i >= beyond) return place
      found &= found - 1
    }
  }
  return 0
}
