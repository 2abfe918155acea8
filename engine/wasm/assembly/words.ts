// Word count: text cut at one byte, pieces into a table of sums. A vector is compared with the separator; each bit that is set ends a piece.
//
// The table is two parts of memory, both the caller's to place, to grow and to empty:
//
//   entries  open addressing, 32 bytes each: first eight bytes, zero-padded · hash · length · sum (f64) · where in `keys`, + 1; 0: empty · 0
//   keys     in order of first appearance: its entry's place · length · its bytes, zero-padded to eights
//
// So a piece of up to eight bytes that is known costs one line of cache.

const entryBytes: u32 = 32
const keyHead: u32 = 8
const highBits: u64 = ((<u64>0x80808080) << 32) | 0x80808080

let entries: usize = 0
/** Of places in `entries`: (capacity - 1) × 32. */
let mask: u32 = 0
let keys: usize = 0
let keyBytes: u32 = 0
let mostKeyBytes: u32 = 0
let mostKeys: u32 = 0

/** Bytes of `keys` in use, and keys in them. */
export function tableKeyBytes(): u32 {
  return keyBytes
}
export let tableKeys: u32 = 0

/** The table, as it lies in memory now. `capacity` entries, a power of two. Keys that are there stay. */
export function tableAt(entriesAt: usize, capacity: u32, keysAt: usize, keysLength: u32): void {
  entries = entriesAt
  mask = (capacity - 1) * entryBytes
  keys = keysAt
  mostKeyBytes = keysLength
  mostKeys = (capacity >> 3) * 5
}

/** Entries of before, twice as many now: they lie at `from`, and go to where the table is. */
export function tableRehash(from: usize): void {
  memory.fill(entries, 0, <usize>mask + entryBytes)
  let record = keys
  const end = keys + keyBytes
  while (record < end) {
    const old = from + load<u32>(record)
    let place = (load<u32>(old, 8) * entryBytes) & mask
    while (load<u32>(entries + place, 24) !== 0) place = (place + entryBytes) & mask
    const entry = entries + place
    v128.store(entry, v128.load(old))
    v128.store(entry, v128.load(old, 16), 16)
    store<u32>(record, place)
    record += keyHead + ((load<u32>(record, 4) + 7) & ~7)
  }
}

/** Costs by what is in it. */
export function tableClear(): void {
  if (tableKeys * 8 > mostKeys) memory.fill(entries, 0, <usize>mask + entryBytes)
  else {
    let record = keys
    const end = keys + keyBytes
    while (record < end) {
      store<u32>(entries + load<u32>(record), 0, 24)
      record += keyHead + ((load<u32>(record, 4) + 7) & ~7)
    }
  }
  tableKeys = 0
  keyBytes = 0
}

/** Up to eight bytes, the others zero. Reads eight. */
function head(at: usize, length: u32): u64 {
  const bytes = load<u64>(at)
  return length >= 8 ? bytes : bytes & (((<u64>1) << (<u64>length * 8)) - 1)
}

function mixed(h: u64): u64 {
  h *= ((<u64>0x9e3779b9) << 32) | 0x7f4a7c15
  return h ^ (h >> 32)
}

/** Adds to the sum of text [from, to). */
function count(from: usize, to: usize, added: f64): void {
  const length = <u32>(to - from)
  const first = head(from, length)
  let h = mixed(first ^ ((<u64>length) << 56))
  for (let at: u32 = 8; at < length; at += 8) h = mixed(h ^ head(from + at, length - at))
  const hash = <u32>(h ^ (h >> 29))
  let place = (hash * entryBytes) & mask
  for (;;) {
    const entry = entries + place
    const known = load<u32>(entry, 24)
    if (known === 0) break
    if (load<u64>(entry) === first && load<u32>(entry, 8) === hash && load<u32>(entry, 12) === length) {
      let at: u32 = 8
      const text = keys + (known - 1) + keyHead
      while (at < length && load<u64>(text + at) === head(from + at, length - at)) at += 8
      if (at >= length) {
        store<f64>(entry, load<f64>(entry, 16) + added, 16)
        return
      }
    }
    place = (place + entryBytes) & mask
  }
  insert(place, from, length, first, hash, added)
}

function insert(place: u32, from: usize, length: u32, first: u64, hash: u32, added: f64): void {
  const entry = entries + place
  const record = keys + keyBytes
  store<u64>(entry, first)
  store<u32>(entry, hash, 8)
  store<u32>(entry, length, 12)
  store<f64>(entry, added, 16)
  store<u32>(entry, keyBytes + 1, 24)
  store<u32>(record, place)
  store<u32>(record, length, 4)
  for (let at: u32 = 0; at < length; at += 8) store<u64>(record + keyHead + at, head(from + at, length - at))
  keyBytes += keyHead + ((length + 7) & ~7)
  tableKeys++
}

/**
 * Counts the pieces of rows [row, rows), each `added`. Row i is bytes [ends[i - 1], ends[i]) of text that begins at `text`, where `ends` is an address and
 * `base` is taken off. Between separators, before the first and after the last there is a piece; one without bytes counts unless `skip`. With separator -1 a
 * row is one piece. Gives the row that it stopped before, for want of room: how much each could need is what there must be.
 *
 * Reads up to 16 bytes after the text.
 */
export function countPieces(text: usize, ends: usize, base: u32, row: u32, rows: u32, separator: i32, skip: bool, added: f64): u32 {
  const sought = i8x16.splat(<i8>separator)
  for (; row < rows; row++) {
    const start = text + (load<u32>(ends + ((<usize>row) << 2)) - base)
    const end = text + (load<u32>(ends + ((<usize>row) << 2), 4) - base)
    // At most so many pieces, each with a head and padding.
    const most = <u32>(end - start) + 1
    if (tableKeys + most > mostKeys || <u64>keyBytes + <u64>most * (keyHead + 8) > <u64>mostKeyBytes) return row
    let piece = start
    if (separator >= 0)
      for (let at = start; at < end; at += 16) {
        let found = i8x16.bitmask(i8x16.eq(v128.load(at), sought))
        if (end - at < 16) found &= (1 << (<i32>(end - at))) - 1
        while (found !== 0) {
          const to = at + ctz(found)
          found &= found - 1
          if (!skip || to > piece) count(piece, to, added)
          piece = to + 1
        }
      }
    if (!skip || end > piece) count(piece, end, added)
  }
  return rows
}

/**
 * Adds to the sums of whole texts: row i is bytes [ends[i], ends[i + 1]) of text that begins at `text`, where `ends` is an address, and adds the i-th of `values`.
 * Gives the row that it stopped before, for want of room, as `countPieces` does.
 */
export function addKeys(text: usize, ends: usize, row: u32, rows: u32, values: usize): u32 {
  for (; row < rows; row++) {
    const start = text + load<u32>(ends + ((<usize>row) << 2))
    const end = text + load<u32>(ends + ((<usize>row) << 2), 4)
    const most = <u32>(end - start) + 1
    if (tableKeys >= mostKeys || <u64>keyBytes + <u64>most + keyHead + 8 > <u64>mostKeyBytes) return row
    count(start, end, load<f64>(values + ((<usize>row) << 3)))
  }
  return rows
}

/** FNV-1a over UTF-16 units, and the finaliser, as `hashKey` of the text that these bytes of UTF-8 are. */
function hashOf(at: usize, length: u32): u32 {
  let h: u32 = 0x811c9dc5 ^ 7
  const end = at + length
  while (at < end) {
    let point = <u32>load<u8>(at)
    if (point < 0x80) at++
    else if (point < 0xe0) {
      point = ((point & 31) << 6) | (load<u8>(at, 1) & 63)
      at += 2
    } else if (point < 0xf0) {
      point = ((point & 15) << 12) | ((<u32>load<u8>(at, 1) & 63) << 6) | (load<u8>(at, 2) & 63)
      at += 3
    } else {
      point = ((point & 7) << 18) | ((<u32>load<u8>(at, 1) & 63) << 12) | ((<u32>load<u8>(at, 2) & 63) << 6) | (load<u8>(at, 3) & 63)
      at += 4
      point -= 0x10000
      h = (h ^ (0xd800 | (point >> 10))) * 0x01000193
      point = 0xdc00 | (point & 1023)
    }
    h = (h ^ point) * 0x01000193
  }
  h = (h ^ (h >> 16)) * 0x85ebca6b
  h = (h ^ (h >> 13)) * 0xc2b2ae35
  return h ^ (h >> 16)
}

/**
 * To which of the partitions each key goes, in order of keys, as numbers at `places`; and at `counts` three numbers a partition, zeroed before: its keys, the bytes
 * of their text, and bits of which one above 127 says that not all of it is ASCII.
 */
export function tablePartitions(partitions: u32, places: usize, counts: usize): void {
  let record = keys
  const end = keys + keyBytes
  while (record < end) {
    const length = load<u32>(record, 4)
    const padded = (length + 7) & ~7
    const text = record + keyHead
    const place = partitions === 1 ? 0 : <u32>((<u64>hashOf(text, length) * partitions) >> 32)
    let bits: u64 = 0
    for (let at: u32 = 0; at < padded; at += 8) bits |= load<u64>(text + at)
    const about = counts + <usize>place * 12
    store<u32>(about, load<u32>(about) + 1)
    store<u32>(about, load<u32>(about, 4) + length, 4)
    store<u32>(about, load<u32>(about, 8) | ((bits & highBits) !== 0 ? 128 : 0), 8)
    store<u32>(places, place)
    places += 4
    record += keyHead + padded
  }
}

/**
 * The columns of each partition, its keys in their order. At `columns`, three addresses a partition: where the ends of its keys' text go (after a 0 that is there
 * already), the text, the sums; they move on. At `starts`: where each text begins. Writes up to 7 bytes beyond a text.
 */
export function tableColumns(places: usize, columns: usize, starts: usize): void {
  let record = keys
  const end = keys + keyBytes
  while (record < end) {
    const length = load<u32>(record, 4)
    const padded = (length + 7) & ~7
    const about = columns + <usize>load<u32>(places) * 12
    const begin = starts + ((<usize>load<u32>(places)) << 2)
    const text = load<u32>(about, 4)
    for (let at: u32 = 0; at < padded; at += 8) store<u64>(text + at, load<u64>(record + keyHead + at))
    store<u32>(load<u32>(about), text + length - load<u32>(begin))
    store<f64>(load<u32>(about, 8), load<f64>(entries + load<u32>(record), 16))
    store<u32>(about, load<u32>(about) + 4)
    store<u32>(about, text + length, 4)
    store<u32>(about, load<u32>(about, 8) + 8, 8)
    places += 4
    record += keyHead + padded
  }
}
