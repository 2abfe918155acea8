// Word count: text cut at one byte, pieces into a table of sums. A vector is compared with the separator; each bit that is set ends a piece.
//
// The table is two parts of memory, both the caller's to place, to grow and to empty:
//
//   entries  open addressing, 16 bytes a place: a text of up to eight bytes, zero-padded, or the hash of a longer one · how often (u32) · where its record is in
//            `keys`, in eights, + 1, and in the lowest six bits its length, or 63; 0: empty
//   keys     records in order of first appearance: sum (f64) · its entry's place · length · its bytes, zero-padded to eights
//
// How often is counted, or numbers are added to the record: so a piece of up to eight bytes that is known costs one line of cache, a sum by longer text two.

const entryBytes: u32 = 16
const keyHead: u32 = 16
const highBits: u64 = ((<u64>0x80808080) << 32) | 0x80808080
/** Of lengths from it on, this is said. */
const long: u32 = 63

let entries: usize = 0
/** Of places in `entries`: (capacity - 1) × 16. */
let mask: u32 = 0
/** Of a hash, so that its highest bits are left, a place. */
let shift: u64 = 0
let keys: usize = 0
let keyBytes: u32 = 0
let mostKeyBytes: u32 = 0
let mostKeys: u32 = 0

/** Bytes of `keys` in use, and keys in them. */
export function tableKeyBytes(): u32 {
  return keyBytes
}
export let tableKeys: u32 = 0

/** The table, as it lies in memory now. `capacity` places, a power of two. Keys that are there stay. */
export function tableAt(entriesAt: usize, capacity: u32, keysAt: usize, keysLength: u32): void {
  entries = entriesAt
  mask = (capacity - 1) * entryBytes
  shift = 64 - ctz(capacity)
  keys = keysAt
  mostKeyBytes = keysLength
  mostKeys = (capacity >> 3) * 7
}

/** Entries of before, twice as many now: they lie at `from`, and go to where the table is. */
export function tableRehash(from: usize): void {
  memory.fill(entries, 0, <usize>mask + entryBytes)
  let record = keys
  const end = keys + keyBytes
  while (record < end) {
    const length = load<u32>(record, 12)
    const old = from + load<u32>(record, 8)
    const text = load<u64>(old)
    let place = placeOf(length <= 8 ? hashOfShort(text, length) : text)
    while (load<u32>(entries + place, 12) !== 0) place = (place + entryBytes) & mask
    v128.store(entries + place, v128.load(old))
    store<u32>(record, place, 8)
    record += keyHead + ((length + 7) & ~7)
  }
}

/** Costs by what is in it. */
export function tableClear(): void {
  if (tableKeys * 8 > mostKeys) memory.fill(entries, 0, <usize>mask + entryBytes)
  else {
    let record = keys
    const end = keys + keyBytes
    while (record < end) {
      store<u32>(entries + load<u32>(record, 8), 0, 12)
      record += keyHead + ((load<u32>(record, 12) + 7) & ~7)
    }
  }
  tableKeys = 0
  keyBytes = 0
}

/** Of eight bytes those that count: as many as there are. */
function short(length: u32): u64 {
  return select<u64>(-1, ((<u64>1) << ((<u64>length) << 3)) - 1, length >= 8)
}

/** Up to eight bytes, the others zero. Reads eight. */
function head(at: usize, length: u32): u64 {
  return load<u64>(at) & short(length)
}

/** Its highest bits depend on all others. */
function hashed(h: u64): u64 {
  return h * (((<u64>0x9e3779b9) << 32) | 0x7f4a7c15)
}

function hashOfShort(text: u64, length: u32): u64 {
  return hashed(text ^ ((<u64>length) << 56))
}

/** Of more than eight bytes. */
function hashOfLong(from: usize, length: u32): u64 {
  let h = hashed(load<u64>(from) ^ ((<u64>length) << 56))
  for (let at: u32 = 8; at < length; at += 8) h = hashed(h ^ (h >> 32) ^ head(from + at, length - at))
  return h
}

function placeOf(hash: u64): u32 {
  return <u32>(hash >> shift) * entryBytes
}

/** The entry of a text; what is counted and added there begins with nothing. */
function entryOf(from: usize, length: u32): usize {
  const text = length <= 8 ? head(from, length) : hashOfLong(from, length)
  const said = select<u32>(long, length, length > long)
  let place = placeOf(length <= 8 ? hashOfShort(text, length) : text)
  for (;;) {
    const entry = entries + place
    const known = load<u32>(entry, 12)
    if (known === 0) break
    if (load<u64>(entry) === text && (known & long) === said && (length <= 8 || same(recordOf(known), from, length))) return entry
    place = (place + entryBytes) & mask
  }
  const entry = entries + place
  const record = keys + keyBytes
  store<u64>(entry, text)
  store<u32>(entry, 0, 8)
  store<u32>(entry, (((keyBytes >> 3) + 1) << 6) | said, 12)
  // What is added to this is itself, -0 too.
  store<f64>(record, -0.0)
  store<u32>(record, place, 8)
  store<u32>(record, length, 12)
  for (let at: u32 = 0; at < length; at += 8) store<u64>(record + keyHead + at, head(from + at, length - at))
  keyBytes += keyHead + ((length + 7) & ~7)
  tableKeys++
  return entry
}

function recordOf(known: u32): usize {
  return keys + (((known >> 6) - 1) << 3)
}

function same(record: usize, from: usize, length: u32): bool {
  if (load<u32>(record, 12) !== length) return false
  let at: u32 = 0
  while (at < length && load<u64>(record + keyHead + at) === head(from + at, length - at)) at += 8
  return at >= length
}

function add(from: usize, length: u32, added: f64): void {
  const record = recordOf(load<u32>(entryOf(from, length), 12))
  store<f64>(record, load<f64>(record) + added)
}

function count(from: usize, length: u32): void {
  const entry = entryOf(from, length)
  store<u32>(entry, load<u32>(entry, 8) + 1, 8)
}

/** A bit for each of 16 bytes that is like those of `sought`. */
function found(at: usize, sought: v128): u64 {
  return <u64>(<u32>i8x16.bitmask(i8x16.eq(v128.load(at), sought)))
}

/**
 * Counts the pieces of rows [row, rows), or if `adds` adds `added` for each. Row i is bytes [ends[i - 1], ends[i]) of text that begins at `text`, where `ends` is
 * an address and `base` is taken off. Between separators, before the first and after the last there is a piece; one without bytes counts unless `skip`. With
 * separator -1 a row is one piece. Gives the row that it stopped before, for want of room: how much each could need is what there must be.
 *
 * Reads up to 64 bytes after the text.
 */
export function countPieces(
  text: usize,
  ends: usize,
  base: u32,
  row: u32,
  rows: u32,
  separator: i32,
  skip: bool,
  adds: bool,
  added: f64,
): u32 {
  const sought = i8x16.splat(<i8>separator)
  const table = entries
  const bitsOff = shift
  for (; row < rows; row++) {
    const start = text + (load<u32>(ends + ((<usize>row) << 2)) - base)
    const end = text + (load<u32>(ends + ((<usize>row) << 2), 4) - base)
    // At most so many pieces, each with a head and padding.
    const most = separator < 0 ? 1 : <u32>(end - start) + 1
    if (!hasRoom(<u32>(end - start), most)) return row
    let piece = start
    // A row's end is one of a piece, like a separator.
    for (let at = start; at <= end; at += 64) {
      let bits: u64 = 0
      if (separator >= 0)
        bits = found(at, sought) | (found(at + 16, sought) << 16) | (found(at + 32, sought) << 32) | (found(at + 48, sought) << 48)
      if (end - at < 64) bits = (bits & (((<u64>1) << (<u64>(end - at))) - 1)) | ((<u64>1) << (<u64>(end - at)))
      while (bits !== 0) {
        const from = piece
        const to = at + <usize>ctz(bits)
        const length = <u32>(to - from)
        bits &= bits - 1
        piece = to + 1
        if (length === 0 && skip) continue
        if (adds) {
          add(from, length, added)
          continue
        }
        // What is short and where it is looked for first, which most pieces are: nothing is called for it.
        const first = load<u64>(from) & short(length)
        const entry = table + <u32>(hashOfShort(first, length) >> bitsOff) * entryBytes
        const known = load<u32>(entry, 12)
        if (load<u64>(entry) === first && (known & long) === length && known !== 0 && length <= 8)
          store<u32>(entry, load<u32>(entry, 8) + 1, 8)
        else count(from, length)
      }
    }
  }
  return rows
}

function hasRoom(bytes: u32, pieces: u32): bool {
  return tableKeys + pieces <= mostKeys && <u64>keyBytes + <u64>bytes + <u64>pieces * (keyHead + 8) <= <u64>mostKeyBytes
}

/**
 * Adds to the sums of whole texts: row i is bytes [ends[i], ends[i + 1]) of text that begins at `text`, where `ends` is an address, and adds the i-th of `values`.
 * Gives the row that it stopped before, for want of room, as `countPieces` does.
 */
export function addKeys(text: usize, ends: usize, row: u32, rows: u32, values: usize): u32 {
  for (; row < rows; row++) {
    const start = load<u32>(ends + ((<usize>row) << 2))
    const length = load<u32>(ends + ((<usize>row) << 2), 4) - start
    if (!hasRoom(length, 1)) return row
    add(text + start, length, load<f64>(values + ((<usize>row) << 3)))
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
    const length = load<u32>(record, 12)
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
 * already), the text, the sums; they move on. At `starts`: where each text begins. Where pieces were counted a sum is `each` as often, else `adds` and what was
 * added. Writes up to 7 bytes beyond a text.
 */
export function tableColumns(places: usize, columns: usize, starts: usize, adds: bool, each: f64): void {
  let record = keys
  const end = keys + keyBytes
  while (record < end) {
    const length = load<u32>(record, 12)
    const padded = (length + 7) & ~7
    const about = columns + <usize>load<u32>(places) * 12
    const begin = starts + ((<usize>load<u32>(places)) << 2)
    const text = load<u32>(about, 4)
    for (let at: u32 = 0; at < padded; at += 8) store<u64>(text + at, load<u64>(record + keyHead + at))
    store<u32>(load<u32>(about), text + length - load<u32>(begin))
    store<f64>(load<u32>(about, 8), adds ? load<f64>(record) : each * <f64>load<u32>(entries + load<u32>(record, 8), 8))
    store<u32>(about, load<u32>(about) + 4)
    store<u32>(about, text + length, 4)
    store<u32>(about, load<u32>(about, 8) + 8, 8)
    places += 4
    record += keyHead + padded
  }
}
