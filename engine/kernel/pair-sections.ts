/** What a combine table holds as the sections of a shuffle: the same bytes as `encodeRows` of the same pairs (text, number). */

import { isAscii } from "node:buffer"
import { assembleBlock } from "../block/block-layout.js"
import { textBytes } from "../block/bytes.js"
import type { ColumnType } from "../block/columns.js"
import { hashAscii, hashKey } from "../keys/key-hash.js"
import { partitionOfHash } from "../partition.js"
import type { SumTable } from "../wasm/words.js"
import type { ByteTable } from "./byte-table.js"
import type { PairColumns } from "./number-columns.js"

export interface Sections {
  readonly blocks: readonly Uint8Array[]
  readonly rows: readonly number[]
}

const nothing = new Uint8Array(0)

/** The pairs of each partition in the table's order. */
export function pairSections(table: ByteTable, partitions: number): Sections {
  const { count } = table
  const place = new Int32Array(count)
  const rows = new Int32Array(partitions)
  const bytes = new Int32Array(partitions)
  const keysEnd = table.keyStart(count)
  const ascii = isAscii(table.keys.subarray(0, keysEnd))
  const text = textBytes(table.keys)
  for (let slot = 0, start = 0; slot < count; slot++) {
    const end = table.keyEnds[slot]!
    if (partitions > 1) {
      const plain = ascii || isAscii(table.keys.subarray(start, end))
      const hash = plain ? hashAscii(table.keys, start, end) : hashKey(text.utf8Slice(start, end))
      place[slot] = partitionOfHash(hash, partitions)
    }
    rows[place[slot]!]!++
    bytes[place[slot]!]! += end - start
    start = end
  }
  const blocks: Uint8Array[] = []
  for (let p = 0; p < partitions; p++) blocks.push(rows[p] === 0 ? nothing : pairBlock(table, place, p, rows[p]!, bytes[p]!))
  return { blocks, rows: [...rows] }
}

function pairBlock(table: ByteTable, place: Int32Array, partition: number, rows: number, keyBytes: number): Uint8Array {
  const offsets = new Int32Array(rows + 1)
  const data = new Uint8Array(keyBytes)
  const values = new Float64Array(rows)
  const { keys, keyEnds, count } = table
  for (let slot = 0, row = 0, at = 0, start = 0; slot < count; slot++) {
    const end = keyEnds[slot]!
    if (place[slot] === partition) {
      while (start < end) data[at++] = keys[start++]!
      // Adding 0 to a NaN gives the one that is written.
      const value = table.value(slot)
      values[row] = Number.isNaN(value) ? Number.NaN : value
      offsets[++row] = at
    }
    start = end
  }
  return assembleBlock(pairType(isAscii(data)), rows, [new Uint8Array(offsets.buffer), data, new Uint8Array(values.buffer)])
}

/** Of pairs of text and number. */
export const pairType = (ascii: boolean): Extract<ColumnType, { readonly kind: "tuple" }> => ({
  kind: "tuple",
  absent: 0,
  items: [
    { kind: "utf8", absent: 0, ascii },
    { kind: "float64", absent: 0 },
  ],
})

/** The pairs as columns of their own, in the table's order. */
export function tableColumns(table: ByteTable): PairColumns {
  const { count } = table
  const offsets = new Int32Array(count + 1)
  const numbers = new Float64Array(count)
  for (let slot = 0; slot < count; slot++) {
    offsets[slot + 1] = table.keyEnds[slot]!
    numbers[slot] = table.value(slot)
  }
  return { data: table.keys.slice(0, table.keyStart(count)), offsets, rows: count, numbers }
}

/** The same of a table of sums. */
export function sumSections(table: SumTable, partitions: number): Sections {
  const columns = table.sections(partitions)
  // A NaN of whatever bits is the one that is written.
  for (const { sums } of columns) {
    const numbers = new Float64Array(sums.buffer, sums.byteOffset, sums.byteLength / 8)
    for (let i = 0; i < numbers.length; i++) if (Number.isNaN(numbers[i])) numbers[i] = Number.NaN
  }
  return {
    blocks: columns.map(({ rows, ascii, offsets, data, sums }) =>
      rows === 0 ? nothing : assembleBlock(pairType(ascii), rows, [offsets, data, sums]),
    ),
    rows: columns.map(({ rows }) => rows),
  }
}
