/**
 * The combine table of kernels: from keys, as UTF-8 bytes, to slots in order of first appearance, a number each. Open addressing; an
 * entry is what a probe looks at, in one cache line: {hash, slot + 1, where the key's bytes begin, how many}.
 *
 * Generated code probes it in line and calls `insert` for what is new. Kept by its executor from task to task: `clear` costs by
 * what was used.
 */

const firstCapacity = 1 << 12
const entryInts = 4

export class ByteTable {
  entries = new Int32Array(firstCapacity * entryInts)
  /** Of positions in `entries`: (capacity - 1) × 4. */
  mask = (firstCapacity - 1) * entryInts
  count = 0
  /** By slot. */
  values = new Float64Array(firstCapacity / 2)
  hashes = new Int32Array(firstCapacity / 2)
  /** Slot i's key is bytes [keyEnds[i - 1], keyEnds[i]) of `keys`. */
  keyEnds = new Int32Array(firstCapacity / 2)
  keys = new Uint8Array(1 << 16)

  /** Where a key's bytes begin; `keyStart(count)` is the end of all. */
  keyStart(slot: number): number {
    return slot === 0 ? 0 : this.keyEnds[slot - 1]!
  }

  /** A key that is not there: its slot. All arrays may be others afterwards. Position `at` is where its probe ended. */
  insert(data: Uint8Array, from: number, to: number, hash: number, at: number): number {
    const slot = this.count++
    const start = this.keyStart(slot)
    const end = start + to - from
    if (end > this.keys.length) this.keys = grown(this.keys, Math.max(end, this.keys.length * 2))
    const { keys, entries } = this
    for (let i = from, k = start; i < to; ) keys[k++] = data[i++]!
    this.keyEnds[slot] = end
    this.hashes[slot] = hash
    entries[at] = hash
    entries[at + 1] = slot + 1
    entries[at + 2] = start
    entries[at + 3] = to - from
    if (this.count === this.values.length) this.grow()
    return slot
  }

  clear(): void {
    if (this.count === 0) return
    if (this.count * 16 > this.values.length) this.entries.fill(0)
    else
      for (let slot = this.count - 1; slot >= 0; slot--) {
        // In reverse, what stands before a key on its way is still there.
        let at = this.home(this.hashes[slot]!)
        while (this.entries[at + 1] !== slot + 1) at = (at + entryInts) & this.mask
        this.entries[at + 1] = 0
      }
    this.count = 0
  }

  /** Where a probe begins. Generated code has the same expression. */
  private home(hash: number): number {
    return ((hash ^ (hash >>> 15)) << 2) & this.mask
  }

  /** Half full at most: probes stay short. */
  private grow(): void {
    const slots = this.values.length * 2
    this.values = grown(this.values, slots)
    this.hashes = grown(this.hashes, slots)
    this.keyEnds = grown(this.keyEnds, slots)
    this.entries = new Int32Array(slots * 2 * entryInts)
    this.mask = (slots * 2 - 1) * entryInts
    for (let slot = 0; slot < this.count; slot++) {
      let at = this.home(this.hashes[slot]!)
      while (this.entries[at + 1] !== 0) at = (at + entryInts) & this.mask
      const start = this.keyStart(slot)
      this.entries[at] = this.hashes[slot]!
      this.entries[at + 1] = slot + 1
      this.entries[at + 2] = start
      this.entries[at + 3] = this.keyEnds[slot]! - start
    }
  }
}

function grown<A extends Uint8Array | Int32Array | Float64Array>(old: A, length: number): A {
  const larger = new (old.constructor as new (length: number) => A)(length)
  larger.set(old)
  return larger
}
