/**
 * One partition of a keyed state, at every version that is retained.
 *
 *     slots  (a key's life, in order of birth)      rows  (what a slot became, in order of versions)
 *     0 "a" ── head ─────────────────────────────►  5  "a"=7  from 30 ─ prev ─► 2  "a"=4  from 20 ─ prev ─► 0 …
 *     1 "b" ── head ──► 4  gone  from 30 ─ prev ─► 1 …
 *
 * A row is in force at version t when it is the newest of its slot with from ≤ t. So an update is one probe and one append;
 * each retained version is read by the same rule; a key's history is its chain. A key that went and comes back gets a new slot
 * at the end (linked to its former life): the order of keys at any version is then the same for who saw all of it and for who
 * began with a base, which knows only the living.
 *
 * Whoever applies the same blocks reads the same, whatever was cached before; so nothing here may follow the order within a
 * delta (a base stands for its interval's delta, and is in slot order) but by way of slots.
 */

import { SlotIndex } from "../keys/slot-index.js"
import { ageOf, auxiliaryOf, type StateRow } from "./delta.js"
import { Rows } from "./rows.js"

/** What the decision to write a new base goes by, as of a version. */
export interface ChainLength {
  readonly baseRows: number
  /** Since the base. */
  readonly deltas: number
  readonly deltaRows: number
}

const noChain: ChainLength = { baseRows: 0, deltas: 0, deltaRows: 0 }

interface Version extends ChainLength {
  readonly interval: number
  readonly keys: number
  /** The first row that this version added. */
  readonly begin: number
}

/** Slots of states whose versions are gone through one after the other. */
const mostFollowed = 262_144

export class KeyedState {
  private keys: unknown[] = []
  private head: number[] = []
  /** The slot of the same key's former life, or -1. */
  private former: number[] = []
  private slots = new SlotIndex()
  private rows = new Rows()
  private versions: Version[] = []
  /** Rows below this are of the base (or of versions forgotten) and in no order of time. */
  private sorted = 0
  private oldByFrom: Map<number, number[]> | null = null
  private earliest = -Infinity
  /** The rows in force at the version that was gone through last, if nothing has changed since. */
  private last: { readonly at: number; readonly size: number; readonly rows: number[] } | null = null

  /** The newest version applied; -Infinity when there is none. */
  get newest(): number {
    return this.versions.at(-1)?.interval ?? -Infinity
  }

  /** Whether version `at` can be read: nothing that it needs was before the base this began with, or was forgotten. */
  reaches(at: number): boolean {
    return at >= this.earliest
  }

  /** Rows held, for the memory account. */
  get size(): number {
    return this.rows.length
  }

  /** How many keys version `at` has. */
  count(at: number): number {
    return this.version(at)?.keys ?? 0
  }

  /** How long the chain is at version `at`. */
  chain(at: number): ChainLength {
    const { baseRows, deltas, deltaRows } = this.version(at) ?? noChain
    return { baseRows, deltas, deltaRows }
  }

  /** The row of a key at version `at`, or -1 when the key is not there. */
  find(key: unknown, at: number): number {
    let slot = this.slots.find(key) ?? -1
    for (; slot >= 0; slot = this.former[slot]!) {
      const row = this.rowAt(slot, at)
      if (row >= 0) return this.rows.gone(row) ? -1 : row
    }
    return -1
  }

  /** The state in a row. Not to be changed: see `copyValue`. */
  value(row: number): unknown {
    return this.rows.value(row)
  }

  /** What the operator keeps beside the state, null for nothing. */
  auxiliary(row: number): unknown {
    return this.rows.auxiliary(row)
  }

  /** The interval in which a row was written. */
  from(row: number): number {
    return this.rows.from(row)
  }

  /** Calls f for each key of version `at`, in order of birth. */
  forEach(at: number, f: (key: unknown, value: unknown, row: number) => void): void {
    const start = this.startOf(at)
    for (let slot = 0; slot < this.keys.length; slot++) {
      const row = this.rowAt(slot, at, start.rows[slot])
      start.rows[slot] = row
      if (row >= 0 && !this.rows.gone(row)) f(this.keys[slot], this.rows.value(row), row)
    }
  }

  /** Calls f for each key that was written or removed in (since, at], in order of birth; rows are -1 where the key was not there. */
  changed(since: number, at: number, f: (key: unknown, before: number, after: number) => void): void {
    if (since === -Infinity) {
      this.forEach(at, (key, _value, row) => f(key, -1, row))
      return
    }
    const from = this.versions.findIndex(version => version.interval > since)
    if (from < 0) return
    const to = this.versions.findIndex(version => version.interval > at)
    const end = to < 0 ? this.rows.length : this.versions[to]!.begin
    const touched = new Set<number>()
    for (let row = this.versions[from]!.begin; row < end; row++) touched.add(this.rows.slot(row))
    const seen = new SlotIndex()
    for (const slot of [...touched].sort((a, b) => a - b)) {
      const key = this.keys[slot]
      if (seen.find(key) !== undefined) continue
      seen.set(key, 1)
      f(key, this.find(key, since), this.find(key, at))
    }
  }

  /** One key's rows in (since, at], oldest first, before them the one in force at `since`, if any; row -1: removed. */
  history(key: unknown, since: number, at: number, f: (from: number, row: number) => void): void {
    const found: [number, number][] = []
    for (let slot = this.slots.find(key) ?? -1; slot >= 0; slot = this.former[slot]!) {
      for (let row = this.head[slot]!; row >= 0; row = this.rows.prev(row)) {
        const from = this.rows.from(row)
        if (from > at) continue
        const gone = this.rows.gone(row)
        if (from > since || !gone) found.push([from, gone ? -1 : row])
        if (from <= since) {
          slot = -1
          break
        }
      }
      if (slot < 0) break
    }
    for (const [from, row] of found.reverse()) f(from, row)
  }

  /** The rows in force at version `at` that were written in interval `from`, in order of birth. */
  writtenIn(from: number, at: number): number[] {
    const found: number[] = []
    const keep = (row: number) => {
      if (!this.rows.gone(row) && this.rowAt(this.rows.slot(row), at) === row) found.push(row)
    }
    for (const row of this.old().get(from) ?? []) keep(row)
    const index = this.versions.findIndex(version => version.interval === from)
    if (index >= 0) {
      const end = this.versions[index + 1]?.begin ?? this.rows.length
      for (let row = Math.max(this.sorted, this.versions[index]!.begin); row < end; row++) keep(row)
    }
    return found.sort((a, b) => this.rows.slot(a) - this.rows.slot(b))
  }

  /** The key of a row. */
  keyOf(row: number): unknown {
    return this.keys[this.rows.slot(row)]
  }

  /**
   * Takes in an interval's delta or base. Of a base, who has the version before needs only the rows of that interval. Rows are
   * kept as they are: they must be as decoded from a block, or equal to it. An interval already applied is left alone.
   */
  apply(rows: readonly StateRow[], interval: number, base: boolean): void {
    if (interval <= this.newest || (rows.length === 0 && !base)) return
    const fresh = base && this.versions.length === 0
    const last = this.versions.at(-1)
    const begin = this.rows.length
    let keys = last?.keys ?? 0
    let changes = 0
    let size = 0
    for (const row of rows) {
      const age = ageOf(row)
      if (age >= 0) size++
      if (fresh ? age < 0 : age > 0) continue
      changes++
      keys += this.write(row[0], row[1], auxiliaryOf(row), interval - Math.max(age, 0), age < 0)
    }
    const chain = base
      ? { baseRows: size, deltas: 0, deltaRows: 0 }
      : { baseRows: last?.baseRows ?? 0, deltas: (last?.deltas ?? 0) + 1, deltaRows: (last?.deltaRows ?? 0) + changes }
    this.versions.push({ interval, keys, begin, ...chain })
    if (!fresh) return
    this.sorted = this.rows.length
    this.earliest = interval
  }

  /** All of the newest version as a base's rows, and beside it what that version removed. */
  base(): StateRow[] {
    const at = this.newest
    const rows: StateRow[] = []
    this.forEach(at, (key, value, row) => {
      rows.push([key, value, at - this.rows.from(row), this.rows.auxiliary(row)])
    })
    const begin = this.versions.at(-1)?.begin ?? 0
    for (let row = begin; row < this.rows.length; row++) {
      if (this.rows.gone(row) && this.find(this.keyOf(row), at) < 0) rows.push([this.keyOf(row), null, -1, null])
    }
    return rows
  }

  /** The newest version is now known to be a base in the chain. */
  rebased(rows: number): void {
    const last = this.versions.pop()
    if (last) this.versions.push({ ...last, baseRows: rows, deltas: 0, deltaRows: 0 })
  }

  /**
   * Versions before the one in force at `before` need not be read again. Their rows go when they are half of all, so that
   * forgetting costs no more than writing did; until then it costs nothing.
   */
  forget(before: number): void {
    const floor = this.version(before)
    if (!floor || floor.interval <= this.earliest) return
    this.earliest = floor.interval
    // What is in force then is one row for each key; every later row may be read.
    const after = this.versions[this.versions.indexOf(floor) + 1]?.begin ?? this.rows.length
    const needed = floor.keys + this.rows.length - after
    if (needed * 2 < this.rows.length) this.rebuild(floor, after)
  }

  private rebuild(floor: Version, after: number): void {
    const { rows, versions } = this
    const inForce: number[] = []
    for (let slot = 0; slot < this.keys.length; slot++) {
      const row = this.rowAt(slot, floor.interval)
      if (row >= 0 && !rows.gone(row)) inForce.push(row)
    }
    // Rows keep their order, which is that of versions from here on.
    const kept = Float64Array.from(inForce).sort()
    const moved = this.reborn(kept, after)
    this.rows = new Rows()
    this.last = null
    this.oldByFrom = null
    const keep = (row: number) => {
      const slot = moved === null ? rows.slot(row) : moved[rows.slot(row)]!
      if (rows.gone(row)) this.head[slot] = this.rows.pushGone(slot, rows.from(row), this.head[slot]!)
      else this.append(slot, rows.value(row), rows.auxiliary(row), rows.from(row))
    }
    for (const row of kept) keep(row)
    const dropped = after - this.rows.length
    for (let row = after; row < rows.length; row++) keep(row)
    const from = versions.indexOf(floor)
    this.versions = versions.slice(from).map((version, i) => ({ ...version, begin: i === 0 ? 0 : version.begin - dropped }))
    this.sorted = this.versions[1]?.begin ?? this.rows.length
  }

  /**
   * Gives up slots that none of the rows kept belongs to, once they are a quarter of all, and says where the others went: null for
   * where they were. No slot has a row afterwards.
   */
  private reborn(kept: Float64Array, after: number): Int32Array | null {
    const { keys, former, rows } = this
    const alive = new Uint8Array(keys.length)
    for (const row of kept) alive[rows.slot(row)] = 1
    for (let row = after; row < rows.length; row++) alive[rows.slot(row)] = 1
    let living = 0
    for (const one of alive) living += one
    if (living * 4 >= keys.length * 3) {
      this.head.fill(-1)
      return null
    }
    this.keys = []
    this.head = []
    this.former = []
    this.slots = new SlotIndex()
    const moved = new Int32Array(keys.length).fill(-1)
    for (let slot = 0; slot < keys.length; slot++) {
      if (alive[slot]) moved[slot] = this.birth(keys[slot], former[slot]! < 0 ? -1 : moved[former[slot]!]!)
    }
    return moved
  }

  /** How the number of keys changes. */
  private write(key: unknown, value: unknown, auxiliary: unknown, from: number, gone: boolean): number {
    const slot = this.slots.find(key) ?? -1
    const there = slot >= 0 && this.head[slot]! >= 0 && !this.rows.gone(this.head[slot]!)
    if (gone) {
      if (there) this.head[slot] = this.rows.pushGone(slot, from, this.head[slot]!)
      return there ? -1 : 0
    }
    this.append(there ? slot : this.birth(key, slot), compact(value), auxiliary, from)
    return there ? 0 : 1
  }

  private birth(key: unknown, former: number): number {
    const slot = this.keys.push(key === 0 ? 0 : compact(key)) - 1
    this.head.push(-1)
    this.former.push(former)
    this.slots.set(this.keys[slot], slot)
    return slot
  }

  private append(slot: number, value: unknown, auxiliary: unknown, from: number): void {
    this.head[slot] = this.rows.push(slot, value, auxiliary, from, this.head[slot]!)
  }

  /** Where the search for each slot's row begins: who goes through versions from the newest to the oldest need not begin at the heads. */
  private startOf(at: number): { readonly rows: number[] } {
    const { last } = this
    const rows = last !== null && at <= last.at && last.size === this.rows.length ? last.rows : [...this.head]
    // Of a large state it would be a lot to keep.
    this.last = rows.length <= mostFollowed ? { at, size: this.rows.length, rows } : null
    return { rows }
  }

  private rowAt(slot: number, at: number, from = this.head[slot]!): number {
    let row = from
    while (row >= 0 && this.rows.from(row) > at) row = this.rows.prev(row)
    return row
  }

  /** The newest version at or before `at`. */
  private version(at: number): Version | undefined {
    let low = 0
    let high = this.versions.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.versions[middle]!.interval <= at) low = middle + 1
      else high = middle
    }
    return this.versions[low - 1]
  }

  /** Rows that lie in no order of time, by the interval in which they were written. */
  private old(): Map<number, number[]> {
    if (this.oldByFrom) return this.oldByFrom
    const byFrom = new Map<number, number[]>()
    for (let row = 0; row < this.sorted; row++) {
      const from = this.rows.from(row)
      const rows = byFrom.get(from)
      if (rows) rows.push(row)
      else byFrom.set(from, [row])
    }
    this.oldByFrom = byFrom
    return byFrom
  }
}

/** A string cut out of a block's text would keep all of that text alive for as long as the state holds it. */
function compact(value: unknown): unknown {
  return typeof value === "string" && value.length > 12 ? ` ${value}`.slice(1) : value
}
