/** Blocks from text to numbers as columns, where they lie: pairs, and the rows of a state. */

import type { Block } from "../block/block.js"
import { TupleReader } from "../block/column-decode.js"
import type { ColumnReader } from "../block/column-reader.js"
import { Float64Reader, NullReader, Utf8Reader } from "../block/column-scalars.js"
import { absence } from "../block/columns.js"

export interface PairColumns {
  /** Row i's key is bytes [offsets[i], offsets[i + 1]) of it. */
  readonly data: Uint8Array
  readonly offsets: Int32Array
  readonly rows: number
  readonly numbers: Float64Array
}

/** Null: it holds something else, or something is absent. */
export function pairColumns(block: Block): PairColumns | null {
  const { schema } = block
  if (schema.kind !== "tuple" || schema.absent !== 0 || schema.items.length !== 2 || schema.items.some(item => item.absent !== 0))
    return null
  const reader = block.reader()
  if (!(reader instanceof TupleReader)) return null
  const [keys, values] = reader.items
  if (!(keys instanceof Utf8Reader) || !(values instanceof Float64Reader)) return null
  const { data, offsets, rows } = keys
  return { data, offsets, rows, numbers: values.numbers }
}

/** Rows [key, value, age, count]; without ages they are rows [key, value] of a delta. Where the age is -1 there is no value. */
export interface StateColumns {
  readonly data: Uint8Array
  readonly offsets: Int32Array
  readonly rows: number
  readonly values: Float64Array
  readonly ages: Float64Array | null
  readonly counts: Float64Array | null
}

const none = new Float64Array(0)

/** Null: it holds something else. */
export function stateColumns(block: Block): StateColumns | null {
  const { rows, schema } = block
  if (rows === 0) return { data: new Uint8Array(0), offsets: new Int32Array(1), rows, values: none, ages: null, counts: null }
  const reader = schema.absent === 0 ? block.reader() : null
  if (!(reader instanceof TupleReader) || (reader.items.length !== 2 && reader.items.length !== 4)) return null
  const [keys, values, ages, counts] = reader.items
  if (!(keys instanceof Utf8Reader) || keys.type.absent !== 0) return null
  const { data, offsets } = keys
  if (ages === undefined || counts === undefined) {
    if (!(values instanceof Float64Reader) || values.type.absent !== 0) return null
    return { data, offsets, rows, values: values.numbers, ages: null, counts: null }
  }
  if (!(ages instanceof Float64Reader) || ages.type.absent !== 0) return null
  const value = numbersWhere(values!, ages.numbers)
  if (value === null) return null
  // Most operators keep nothing beside the value.
  if (counts.type.kind === "null" && (counts.type.absent & ~absence.null) === 0)
    return { data, offsets, rows, values: value, ages: ages.numbers, counts: null }
  const count = numbersWhere(counts, ages.numbers)
  return count === null ? null : { data, offsets, rows, values: value, ages: ages.numbers, counts: count }
}

/** Numbers in all rows that are not removals, null in those that are; null: something else. */
function numbersWhere(column: ColumnReader, ages: Float64Array): Float64Array | null {
  const { absent, kind } = column.type
  if ((absent & ~absence.null) !== 0 || !(column instanceof Float64Reader || (kind === "null" && column instanceof NullReader))) return null
  if (absent !== 0) for (let row = 0; row < ages.length; row++) if (column.isPresent(row) === ages[row]! < 0) return null
  return column instanceof Float64Reader ? column.numbers : none
}
