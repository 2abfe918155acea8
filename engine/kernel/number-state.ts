/**
 * The newest version of one partition of a keyed state from text to numbers, as columns: what a step needs of the past when its
 * functions are understood. No string and no object a key; an older version is not kept (`state/keyed-state.ts` keeps them all).
 *
 *   index   open addressing: hash · slot + 1
 *   slots   a key's life, in order of birth, 48 bytes each:
 *           value · count · from (doubles) · key's start · its length · first four bytes · last four · step that touched it · hash
 *
 * Count is the panes that hold the key (1 where there are no panes): a slot with none is dead. A key that comes back gets a new
 * slot at the end, so slots in their order are the order of a base's rows. A cache only: what it holds follows from the chain.
 */

import type { ChainLength } from "../state/keyed-state.js"
import type { PairColumns, StateColumns } from "./number-columns.js"
import { firstBytes, hashOf, lastBytes, stringOf } from "./text.js"

const firstCapacity = 1 << 10
const slotInts = 12
const slotDoubles = 6
const mostKeyBytes = 0x7fffffff
/** So many keys are looked for at a time: see `lookAhead`. */
const together = 64
/** Fewer bytes of keys are not worth a call. */
const fewestTogether = 64
/** Dead slots are thrown out when they are more than the living, but not for so few. */
const fewestDead = 1024

/** Where slots lie: see above. */
export interface NumberColumns {
  readonly ints: Int32Array
  readonly doubles: Float64Array
  readonly text: Uint8Array
  readonly slots: number
}

export type Binary = (a: number, b: number) => number

export class NumberState {
  /** The version that it holds. */
  newest = -Infinity
  /** Keys that are alive. */
  keys = 0
  chain: ChainLength = { baseRows: 0, deltas: 0, deltaRows: 0 }
  /** All slots, the dead ones too. */
  slots = 0
  /** Slots that the running step has written, in the order in which it first did. */
  touched = new Int32Array(firstCapacity)
  touchedCount = 0
  private step = 0
  private interval = 0
  private index = new Int32Array(firstCapacity * 2)
  private mask = (firstCapacity - 1) * 2
  private indexed = 0
  private ints = new Int32Array(firstCapacity * slotInts)
  private doubles = new Float64Array(this.ints.buffer)
  private text = new Uint8Array(firstCapacity * 8)
  private textEnd = 0
  /** Of the keys that are looked for together: what the index goes by, and the first and last bytes. */
  private readonly hashes = new Int32Array(together)
  private readonly firsts = new Int32Array(together)
  private readonly lasts = new Int32Array(together)
  private readonly places = new Int32Array(together)
  /** What is read ahead has to go somewhere, or the compiler leaves it out. */
  private ahead = 0

  /** As they are until the next change. */
  get columns(): NumberColumns {
    return { ints: this.ints, doubles: this.doubles, text: this.text, slots: this.slots }
  }

  key(slot: number): string {
    const start = this.ints[slot * slotInts + 6]!
    return stringOf(this.text, start, start + this.keyLength(slot))
  }

  /** The slot of a key that is there; -1: it is not. */
  slotOf(key: string): number {
    const bytes = new Uint8Array(Buffer.from(key, "utf8"))
    this.lookAhead(bytes, viewOf(bytes), [0, bytes.length], 0, 1)
    const slot = this.find(bytes, 0, bytes.length, 0)
    return slot >= 0 && this.count(slot) > 0 ? slot : -1
  }

  value(slot: number): number {
    return this.doubles[slot * slotDoubles]!
  }

  /** 0: the key is not there. */
  count(slot: number): number {
    return this.doubles[slot * slotDoubles + 1]!
  }

  /** The interval in which it was last written. */
  from(slot: number): number {
    return this.doubles[slot * slotDoubles + 2]!
  }

  keyLength(slot: number): number {
    return this.ints[slot * slotInts + 7]!
  }

  /** Writes the keys of these slots one after the other. Those of slots in the order of birth mostly lie so: they are copied together. */
  copyKeys(slots: Int32Array, into: Uint8Array): void {
    const { ints, text } = this
    let at = 0
    for (let row = 0; row < slots.length; ) {
      let place = slots[row]! * slotInts
      const start = ints[place + 6]!
      let end = start + ints[place + 7]!
      for (row++; row < slots.length; row++) {
        place = slots[row]! * slotInts
        if (ints[place + 6] !== end) break
        end += ints[place + 7]!
      }
      if (end - start < fewestTogether) for (let i = start; i < end; ) into[at++] = text[i++]!
      else {
        into.set(text.subarray(start, end), at)
        at += end - start
      }
    }
  }

  /** Takes in a delta or a base of the chain, as `KeyedState.apply` does. */
  apply(block: StateColumns, interval: number, base: boolean): void {
    const { data, offsets, rows, values, counts, ages } = block
    if (interval <= this.newest || (rows === 0 && !base)) return
    const fresh = base && this.newest === -Infinity
    const view = viewOf(data)
    let changes = 0
    let size = 0
    for (let row = 0; row < rows; row++) {
      if (row % together === 0) this.lookAhead(data, view, offsets, row, rows)
      const age = ages === null ? 0 : ages[row]!
      if (age >= 0) size++
      if (fresh ? age < 0 : age > 0) continue
      changes++
      const [start, end] = [offsets[row]!, offsets[row + 1]!]
      let slot = this.find(data, start, end, row % together)
      const alive = slot >= 0 && this.count(slot) > 0
      if (age < 0) {
        if (!alive) continue
        this.doubles[slot * slotDoubles + 1] = 0
        this.keys--
        continue
      }
      if (!alive) {
        slot = this.birth(data, view, start, end, slot)
        this.keys++
      }
      const at = slot * slotDoubles
      this.doubles[at] = values[row]!
      this.doubles[at + 1] = counts === null ? 1 : counts[row]!
      this.doubles[at + 2] = interval - age
    }
    this.newest = interval
    this.chain = base
      ? { baseRows: size, deltas: 0, deltaRows: 0 }
      : { baseRows: this.chain.baseRows, deltas: this.chain.deltas + 1, deltaRows: this.chain.deltaRows + changes }
  }

  /** The step to version `interval` begins. It ends with `end`. */
  begin(interval: number): void {
    this.step++
    this.interval = interval
    this.touchedCount = 0
  }

  /** What leaves a window. A key that has nothing else left is dead, and starts afresh if it comes again. */
  subtract({ data, offsets, rows, numbers }: PairColumns, inverse: Binary): void {
    const view = viewOf(data)
    for (let row = 0; row < rows; row++) {
      if (row % together === 0) this.lookAhead(data, view, offsets, row, rows)
      const slot = this.find(data, offsets[row]!, offsets[row + 1]!, row % together)
      const at = slot * slotDoubles
      if (slot < 0 || this.doubles[at + 1] === 0) continue
      const count = --this.doubles[at + 1]!
      if (count > 0) this.doubles[at] = inverse(this.doubles[at]!, numbers[row]!)
      else this.keys--
      this.touch(slot)
    }
  }

  /** What comes into a window. */
  add({ data, offsets, rows, numbers }: PairColumns, f: Binary): void {
    const view = viewOf(data)
    for (let row = 0; row < rows; row++) {
      if (row % together === 0) this.lookAhead(data, view, offsets, row, rows)
      const [start, end] = [offsets[row]!, offsets[row + 1]!]
      let slot = this.find(data, start, end, row % together)
      let count = slot < 0 ? 0 : this.doubles[slot * slotDoubles + 1]!
      if (count === 0) {
        // Of a key that this step has taken out the life goes on: to who reads the chain it was never away.
        if (slot < 0 || this.ints[slot * slotInts + 10] !== this.step) slot = this.birth(data, view, start, end, slot)
        this.keys++
        this.doubles[slot * slotDoubles] = numbers[row]!
      } else this.doubles[slot * slotDoubles] = f(this.doubles[slot * slotDoubles]!, numbers[row]!)
      this.doubles[slot * slotDoubles + 1] = ++count
      this.touch(slot)
    }
  }

  /** What the reductions of keys so far meet. Where one stands as it was nothing is written. */
  fold({ data, offsets, rows, numbers }: PairColumns, f: Binary): void {
    const view = viewOf(data)
    for (let row = 0; row < rows; row++) {
      if (row % together === 0) this.lookAhead(data, view, offsets, row, rows)
      const [start, end] = [offsets[row]!, offsets[row + 1]!]
      let slot = this.find(data, start, end, row % together)
      let value = numbers[row]!
      if (slot < 0 || this.count(slot) === 0) {
        slot = this.birth(data, view, start, end, slot)
        this.doubles[slot * slotDoubles + 1] = 1
        this.keys++
      } else {
        const before = this.doubles[slot * slotDoubles]!
        value = f(before, value)
        if (Object.is(value, before)) continue
      }
      this.doubles[slot * slotDoubles] = value
      this.touch(slot)
    }
  }

  /** The step has made a version of the chain. */
  end(base: boolean): void {
    this.newest = this.interval
    const { baseRows, deltas, deltaRows } = this.chain
    this.chain = base
      ? { baseRows: this.keys, deltas: 0, deltaRows: 0 }
      : { baseRows, deltas: deltas + 1, deltaRows: deltaRows + this.touchedCount }
    if (this.slots - this.keys > Math.max(this.keys, fewestDead)) this.purge()
  }

  private touch(slot: number): void {
    const mark = slot * slotInts + 10
    if (this.ints[mark] === this.step) return
    this.ints[mark] = this.step
    this.doubles[slot * slotDoubles + 2] = this.interval
    if (this.touchedCount === this.touched.length) this.touched = grown(this.touched, this.touched.length * 2)
    this.touched[this.touchedCount++] = slot
  }

  /**
   * Hashes the next keys, and reads for each where its index leads. A large state lies in memory, not in caches, and a key's index, slot and
   * text are three waits, each for the one before: of many keys at a time they are waited for together.
   */
  private lookAhead(data: Uint8Array, view: DataView, offsets: ArrayLike<number>, row: number, rows: number): void {
    const { hashes, firsts, lasts, places, index, ints, mask, text } = this
    const count = Math.min(together, rows - row)
    for (let i = 0; i < count; i++) {
      const [from, to] = [offsets[row + i]!, offsets[row + i + 1]!]
      const first = firstBytes(data, view, from, to)
      const last = lastBytes(view, from, to)
      firsts[i] = first
      lasts[i] = last
      hashes[i] = hashOf(view, from, to, first, last)
    }
    for (let i = 0; i < count; i++) places[i] = index[((hashes[i]! << 1) & mask) + 1]!
    // No slot's place, for none: there is always a first one.
    for (let i = 0; i < count; i++) places[i] = ints[Math.max(0, places[i]! - 1) * slotInts + 6]!
    let ahead = 0
    for (let i = 0; i < count; i++) ahead += text[places[i]!]! | 0
    this.ahead = ahead
  }

  /** The newest slot of a key, dead or alive, or -1. `i`: which of those that were looked ahead for. */
  private find(data: Uint8Array, from: number, to: number, i: number): number {
    const { index, ints, mask, text } = this
    const hash = this.hashes[i]!
    const first = this.firsts[i]!
    const last = this.lasts[i]!
    for (let at = (hash << 1) & mask; index[at + 1] !== 0; at = (at + 2) & mask) {
      if (index[at] !== hash) continue
      const slot = index[at + 1]! - 1
      const place = slot * slotInts
      if (ints[place + 8] !== first || ints[place + 9] !== last || ints[place + 7] !== to - from) continue
      let k = ints[place + 6]! + 4
      let j = from + 4
      while (j < to - 4 && text[k] === data[j]) {
        j++
        k++
      }
      if (j >= to - 4) return slot
    }
    return -1
  }

  /** A new slot; `former` is the key's last one, or -1. */
  private birth(data: Uint8Array, view: DataView, from: number, to: number, former: number): number {
    const slot = this.slots++
    if ((slot + 1) * slotInts > this.ints.length) {
      this.ints = grown(this.ints, this.ints.length * 2)
      this.doubles = new Float64Array(this.ints.buffer)
    }
    const { ints } = this
    const place = slot * slotInts
    if (former >= 0) {
      ints.copyWithin(place + 6, former * slotInts + 6, (former + 1) * slotInts)
      ints[place + 10] = 0
      this.enter(slot, former)
      return slot
    }
    const start = this.textEnd
    const end = start + to - from
    if (end > mostKeyBytes) throw new Error("one partition's keys are more than 2 GiB")
    if (end > this.text.length) this.text = grown(this.text, Math.max(end, Math.min(mostKeyBytes, this.text.length * 2)))
    const { text } = this
    for (let i = from, k = start; i < to; ) text[k++] = data[i++]!
    this.textEnd = end
    const first = firstBytes(data, view, from, to)
    const last = lastBytes(view, from, to)
    ints[place + 6] = start
    ints[place + 7] = to - from
    ints[place + 8] = first
    ints[place + 9] = last
    ints[place + 10] = 0
    ints[place + 11] = hashOf(view, from, to, first, last)
    this.enter(slot, -1)
    return slot
  }

  private enter(slot: number, former: number): void {
    if (former < 0 && ++this.indexed * 8 > (this.mask + 2) * 2.5) this.grow()
    const { index, mask } = this
    const hash = this.ints[slot * slotInts + 11]!
    let at = (hash << 1) & mask
    while (index[at + 1] !== former + 1) at = (at + 2) & mask
    index[at] = hash
    index[at + 1] = slot + 1
  }

  private grow(): void {
    const { index: old } = this
    this.index = new Int32Array(old.length * 2)
    this.mask = this.index.length - 2
    for (let from = 0; from < old.length; from += 2) {
      if (old[from + 1] === 0) continue
      let at = (old[from]! << 1) & this.mask
      while (this.index[at + 1] !== 0) at = (at + 2) & this.mask
      this.index[at] = old[from]!
      this.index[at + 1] = old[from + 1]!
    }
  }

  /** The living move together, in their order. */
  private purge(): void {
    const { ints: old, text: oldText, slots } = this
    const counts = this.doubles
    this.ints = new Int32Array(Math.max(firstCapacity, this.keys * 2) * slotInts)
    this.doubles = new Float64Array(this.ints.buffer)
    this.text = new Uint8Array(Math.max(firstCapacity * 8, this.textEnd))
    let capacity = firstCapacity
    while (capacity < this.keys * 3) capacity *= 2
    this.index = new Int32Array(capacity * 2)
    this.mask = (capacity - 1) * 2
    this.slots = this.textEnd = this.indexed = 0
    for (let from = 0; from < slots; from++) {
      if (counts[from * slotDoubles + 1] === 0) continue
      const slot = this.slots++
      const place = slot * slotInts
      for (let i = 0; i < slotInts; i++) this.ints[place + i] = old[from * slotInts + i]!
      const start = old[from * slotInts + 6]!
      const length = old[from * slotInts + 7]!
      this.ints[place + 6] = this.textEnd
      for (let i = start, k = this.textEnd; i < start + length; ) this.text[k++] = oldText[i++]!
      this.textEnd += length
      this.enter(slot, -1)
    }
    this.touchedCount = 0
  }
}

function viewOf(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength)
}

function grown<A extends Uint8Array | Int32Array>(old: A, length: number): A {
  const larger = new (old.constructor as new (length: number) => A)(length)
  larger.set(old)
  return larger
}
