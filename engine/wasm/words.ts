/**
 * A table of sums by pieces of text, one for all tasks of an executor: rows of text in, sections of a shuffle out. What is in it from one task must not
 * show in the next: `clear`.
 *
 *   memory   a slice of text · where its rows end · their numbers · keys · entries (the last, for they are moved when either of both grows)
 */

import { sliceBytes } from "./lines.js"
import { KernelInstance } from "./module.js"
import { lastWithin } from "./slices.js"

export interface Pieces {
  /** One byte of ASCII; null: a row is one piece. */
  readonly separator: number | null
  /** Pieces without bytes are none. */
  readonly skip: boolean
  /** What each adds to its sum. */
  readonly added: number
}

/** The columns of a partition's pairs, in memory of the kernel until the next call. */
export interface SumColumns {
  readonly rows: number
  /** Where each key's text begins and ends. */
  readonly offsets: Uint8Array
  readonly data: Uint8Array
  readonly ascii: boolean
  readonly sums: Uint8Array
}

/** A key, or the table, is too long; nothing of what was added counts. */
export class TableFull extends Error {}

const padding = 64
const sliceRows = 8 * 1024
const entryBytes = 16
const firstCapacity = 4096
const firstKeyBytes = 64 * 1024
/** Beyond it tables in JavaScript are as good, for no cache holds them. */
const mostBytes = 256 * 2 ** 20
const mostEach = 2 ** 20
const mostCounted = 2 ** 32 - 1

const textBytes = sliceBytes + padding
const endsBytes = align(4 * (sliceRows + 1))
const numbersBytes = 8 * sliceRows

export class SumTable {
  private readonly instance = new KernelInstance(textBytes + endsBytes + numbersBytes + firstKeyBytes + firstCapacity * entryBytes)
  private capacity = firstCapacity
  private keyBytes = firstKeyBytes
  /** Pieces are counted, and a key's sum is this so often; null: numbers are added. */
  private each: number | null = null
  /** At most so many have been counted. */
  private counted = 0
  // Keys that were given one by one, and are to be added.
  private text!: Uint8Array
  private textView!: DataView
  private ends!: Int32Array
  private numbers!: Float64Array
  private gathered = 0
  private gatheredBytes = 0

  constructor() {
    this.place()
  }

  /** To be called before what gives pairs one by one. Throws TableFull where pieces have been counted. */
  begin(): void {
    if (this.count === 0) this.each = null
    else if (this.each !== null) throw new TableFull()
    const { base, bytes } = this.instance
    if (this.text?.buffer === bytes.buffer) return
    this.text = bytes.subarray(base, base + textBytes)
    this.textView = new DataView(bytes.buffer, base, textBytes)
    this.ends = new Int32Array(bytes.buffer, base + textBytes, sliceRows + 1)
    this.numbers = new Float64Array(bytes.buffer, base + textBytes + endsBytes, sliceRows)
  }

  /** The key is bytes [from, to) of `data`, of which `view` is a view. It counts after `end`. Throws TableFull. */
  pair(data: Uint8Array, view: DataView, from: number, to: number, added: number): void {
    if (this.gathered === sliceRows || this.gatheredBytes + to - from > sliceBytes) {
      this.end()
      if (to - from > sliceBytes) throw new TableFull()
    }
    const { text, textView } = this
    let into = this.gatheredBytes
    let at = from
    for (; at + 4 <= to; at += 4, into += 4) textView.setInt32(into, view.getInt32(at, true), true)
    while (at < to) text[into++] = data[at++]!
    this.numbers[this.gathered] = added
    this.ends[++this.gathered] = into
    this.gatheredBytes = into
  }

  /** All pairs that were given one by one are in the table. Throws TableFull. */
  end(): void {
    const { gathered, instance } = this
    const text = instance.base
    this.ends[0] = 0
    for (let row = 0; ; ) {
      row = instance.kernels.addKeys(text, text + textBytes, row, gathered, text + textBytes + endsBytes)
      if (row === gathered) break
      if (!this.grow(1)) throw new TableFull()
      this.begin()
    }
    this.gathered = this.gatheredBytes = 0
  }

  get count(): number {
    return this.instance.kernels.tableKeys.value
  }

  /** Bytes of memory, which never become fewer. */
  get size(): number {
    return this.instance.bytes.length
  }

  /** Rows [0, rows) of a text column. False: a row, or the table, is too long, or something else was added before; then nothing of it counts. */
  add(data: Uint8Array, offsets: Int32Array, rows: number, { separator, skip, added }: Pieces): boolean {
    const { instance } = this
    // So often as can be counted, such a number gives the same whether it is added or multiplied.
    const each = Number.isInteger(added) && Math.abs(added) <= mostEach ? added : null
    if (this.count === 0) this.each = each
    else if (!Object.is(this.each, each)) return false
    this.counted += data.length + rows
    if (this.counted > mostCounted) return false
    const { kernels } = instance
    const text = instance.base
    const ends = text + textBytes
    for (let first = 0; first < rows; ) {
      const from = offsets[first]!
      let last = Math.min(rows, first + sliceRows)
      if (offsets[last]! - from > sliceBytes) last = lastWithin(offsets, first, last, from + sliceBytes)
      if (last === first) return false
      instance.bytes.set(data.subarray(from, offsets[last]!), text)
      new Int32Array(instance.bytes.buffer, ends, last - first + 1).set(offsets.subarray(first, last + 1))
      for (let row = 0; ; ) {
        row = kernels.countPieces(text, ends, from, row, last - first, separator ?? -1, skip ? 1 : 0, this.each === null ? 1 : 0, added)
        if (row === last - first) break
        const bytes = offsets[first + row + 1]! - offsets[first + row]!
        if (!this.grow(separator === null ? 1 : bytes + 1)) return false
      }
      first = last
    }
    return true
  }

  /** The pairs of each partition (as `partitionOf` has it) in order of first appearance. */
  sections(partitions: number): SumColumns[] {
    const { instance, count } = this
    const { kernels } = instance
    const places = align(this.entries + this.capacity * entryBytes)
    const counts = align(places + 4 * count)
    const columns = align(counts + 12 * partitions)
    const starts = align(columns + 12 * partitions)
    const begin = align(starts + 4 * partitions)
    instance.reserve(begin - instance.base)
    instance.bytes.fill(0, counts, begin)
    kernels.tablePartitions(partitions, places, counts)
    const of = (what: number) => new Uint32Array(instance.bytes.buffer, what, what === starts ? partitions : 3 * partitions)
    const facts = of(counts).slice()
    let at = begin
    const layout = Array.from({ length: partitions }, (_, p) => {
      const [rows, bytes] = [facts[3 * p]!, facts[3 * p + 1]!]
      const offsets = at
      const text = align(offsets + 4 * (rows + 1))
      const sums = align(text + bytes + 8)
      at = align(sums + 8 * rows)
      return { rows, bytes, offsets, text, sums }
    })
    instance.reserve(at - instance.base)
    for (const [p, { offsets, text, sums }] of layout.entries()) {
      of(columns).set([offsets + 4, text, sums], 3 * p)
      of(starts)[p] = text
      new Uint32Array(instance.bytes.buffer, offsets, 1)[0] = 0
    }
    kernels.tableColumns(places, columns, starts, this.each === null ? 1 : 0, this.each ?? 0)
    const { bytes: memory } = instance
    return layout.map(({ rows, bytes, offsets, text, sums }, p) => ({
      rows,
      offsets: memory.subarray(offsets, offsets + 4 * (rows + 1)),
      data: memory.subarray(text, text + bytes),
      ascii: facts[3 * p + 2] === 0,
      sums: memory.subarray(sums, sums + 8 * rows),
    }))
  }

  clear(): void {
    this.counted = 0
    this.gathered = this.gatheredBytes = 0
    this.instance.kernels.tableClear()
  }

  private get keys(): number {
    return this.instance.base + textBytes + endsBytes + numbersBytes
  }

  private get entries(): number {
    return this.keys + this.keyBytes
  }

  private place(): void {
    this.instance.kernels.tableAt(this.entries, this.capacity, this.keys, this.keyBytes)
  }

  /** Room for a row that has so many pieces at most: in entries or else in keys. False: there shall be none. */
  private grow(pieces: number): boolean {
    const { instance } = this
    const { kernels } = instance
    if (this.count + pieces > (this.capacity >> 3) * 7) {
      const old = this.capacity * entryBytes
      if (old * 2 > mostBytes) return false
      const from = this.entries
      instance.reserve(from + 3 * old - instance.base)
      this.capacity *= 2
      kernels.tableAt(from + old, this.capacity, this.keys, this.keyBytes)
      kernels.tableRehash(from)
      instance.bytes.copyWithin(from, from + old, from + 3 * old)
    } else {
      if (this.keyBytes * 2 > mostBytes) return false
      const { entries: from } = this
      const length = this.capacity * entryBytes
      instance.reserve(from + this.keyBytes + length - instance.base)
      this.keyBytes *= 2
      instance.bytes.copyWithin(this.entries, from, from + length)
    }
    this.place()
    return true
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64
}
