/**
 * The combine table of kernels: from keys, as UTF-8 bytes, to slots in order of first appearance, a number each. Open addressing. All
 * that a probe for a short key touches is one entry, half a cache line:
 *
 *   0 hash · 1 slot + 1 · 2 length · 3 where the key's bytes begin · 4 first four bytes · 5 last four bytes · 6, 7 the value
 *
 * (`text.ts` has what stands for the bytes of keys shorter than four.) Generated code probes in line and calls `insert` for what is
 * new. Kept by its executor from task to task: `clear` costs by what was used.
 */

import { firstBytes, hashOf, lastBytes } from "./text.js"

const firstCapacity = 1 << 12
const entryInts = 8

export class ByteTable {
  entries = new Int32Array(firstCapacity * entryInts)
  /** The same memory: a value is at (position >> 1) + 3. */
  numbers = new Float64Array(this.entries.buffer)
  /** Of positions in `entries`: (capacity - 1) × 8. */
  mask = (firstCapacity - 1) * entryInts
  count = 0
  /** Slot i's key is bytes [keyEnds[i - 1], keyEnds[i]) of `keys`. */
  keyEnds = new Int32Array(mostOf(firstCapacity))
  keys = new Uint8Array(1 << 16)
  /** By slot: its entry's position. */
  private places = new Int32Array(mostOf(firstCapacity))

  /** Where a key's bytes begin; `keyStart(count)` is the end of all. */
  keyStart(slot: number): number {
    return slot === 0 ? 0 : this.keyEnds[slot - 1]!
  }

  get bytes(): number {
    return this.entries.byteLength + this.keys.byteLength + this.keyEnds.byteLength + this.places.byteLength
  }

  value(slot: number): number {
    return this.numbers[(this.places[slot]! >> 1) + 3]!
  }

  /**
   * A key that is not there, in the empty entry `at` where its probe ended. All arrays may be others afterwards.
   */
  insert(data: Uint8Array, from: number, to: number, hash: number, first: number, last: number, value: number, at: number): void {
    const slot = this.count++
    const start = this.keyStart(slot)
    const end = start + to - from
    if (end > this.keys.length) this.keys = grown(this.keys, Math.max(end, this.keys.length * 2))
    const { keys, entries } = this
    for (let i = from, k = start; i < to; ) keys[k++] = data[i++]!
    this.keyEnds[slot] = end
    this.places[slot] = at
    entries[at] = hash
    entries[at + 1] = slot + 1
    entries[at + 2] = to - from
    entries[at + 3] = start
    entries[at + 4] = first
    entries[at + 5] = last
    this.numbers[(at >> 1) + 3] = value
    if (this.count === this.places.length) this.grow()
  }

  /** One pair, as generated code adds it: the key is bytes [0, length). */
  add(data: Uint8Array, view: DataView, length: number, value: number, merge: (a: number, b: number) => number): void {
    const first = firstBytes(data, view, 0, length)
    const last = lastBytes(view, 0, length)
    const hash = hashOf(view, 0, length, first, last)
    const { entries, mask, keys } = this
    let at = (hash << 3) & mask
    for (; entries[at + 1] !== 0; at = (at + entryInts) & mask) {
      if (entries[at] !== hash || entries[at + 2] !== length) continue
      const start = entries[at + 3]!
      let i = 0
      while (i < length && keys[start + i] === data[i]) i++
      if (i < length) continue
      this.numbers[(at >> 1) + 3] = merge(this.numbers[(at >> 1) + 3]!, value)
      return
    }
    this.insert(data, 0, length, hash, first, last, value, at)
  }

  clear(): void {
    if (this.count * 16 > this.places.length) this.entries.fill(0)
    else for (let slot = 0; slot < this.count; slot++) this.entries[this.places[slot]! + 1] = 0
    this.count = 0
  }

  private grow(): void {
    const { entries: old, numbers: oldNumbers } = this
    const capacity = (old.length / entryInts) * 2
    this.entries = new Int32Array(capacity * entryInts)
    this.numbers = new Float64Array(this.entries.buffer)
    this.mask = (capacity - 1) * entryInts
    this.keyEnds = grown(this.keyEnds, mostOf(capacity))
    this.places = grown(this.places, mostOf(capacity))
    for (let slot = 0; slot < this.count; slot++) {
      const from = this.places[slot]!
      // Where a probe begins: generated code has the same expression.
      let at = (old[from]! << 3) & this.mask
      while (this.entries[at + 1] !== 0) at = (at + entryInts) & this.mask
      for (let i = 0; i < 6; i++) this.entries[at + i] = old[from + i]!
      this.numbers[(at >> 1) + 3] = oldNumbers[(from >> 1) + 3]!
      this.places[slot] = at
    }
  }
}

/** How many keys a table of this capacity takes: probes stay short. */
function mostOf(capacity: number): number {
  return (capacity >> 3) * 5
}

function grown<A extends Uint8Array | Int32Array>(old: A, length: number): A {
  const larger = new (old.constructor as new (length: number) => A)(length)
  larger.set(old)
  return larger
}
