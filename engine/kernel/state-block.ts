/** Blocks of a state from text to numbers, written out of columns: the same bytes as `encodeRows` of the same rows (`state/delta.ts`). */

import { isAscii } from "node:buffer"
import { assembleBlock } from "../block/block-layout.js"
import { absence, type ColumnType } from "../block/columns.js"
import type { NumberState } from "./number-state.js"
import { pairType } from "./pair-sections.js"

/**
 * The rows of these slots with their counts, as of version `at`, which is being made. Dead ones are removals: a row of a delta or, at
 * their end, of a base.
 */
export function countedBlock(state: NumberState, slots: Int32Array, at: number): Uint8Array {
  const rows = slots.length
  let removed = 0
  for (let row = 0; row < rows; row++) if (state.count(slots[row]!) === 0) removed++
  const { offsets, data } = keysOf(state, slots)
  const values = new Float64Array(rows)
  const ages = new Float64Array(rows)
  const counts = new Float64Array(rows)
  const validity = new Uint8Array(removed === 0 ? 0 : (rows + 7) >>> 3)
  for (let row = 0; row < rows; row++) {
    const slot = slots[row]!
    const count = state.count(slot)
    if (count === 0) {
      ages[row] = -1
      continue
    }
    values[row] = written(state.value(slot))
    ages[row] = at - state.from(slot)
    counts[row] = count
    if (removed > 0) validity[row >>> 3]! |= 1 << (row & 7)
  }
  const numbers: ColumnType =
    removed === rows ? { kind: "null", absent: absence.null } : { kind: "float64", absent: removed === 0 ? 0 : absence.null }
  const column = (of: Float64Array) => [...(removed > 0 ? [validity] : []), ...(removed < rows ? [bytesOf(of)] : [])]
  const type: ColumnType = {
    kind: "tuple",
    absent: 0,
    items: [{ kind: "utf8", absent: 0, ascii: isAscii(data) }, numbers, { kind: "float64", absent: 0 }, numbers],
  }
  return assembleBlock(type, rows, [bytesOf(offsets), data, ...column(values), bytesOf(ages), ...column(counts)])
}

/** The rows of these slots, all alive, of a state that keeps nothing beside its values; of a base with the age of each. */
export function plainBlock(state: NumberState, slots: Int32Array, at: number, base: boolean): Uint8Array {
  const rows = slots.length
  const { offsets, data } = keysOf(state, slots)
  const values = new Float64Array(rows)
  const ages = new Float64Array(base ? rows : 0)
  for (let row = 0; row < rows; row++) {
    values[row] = written(state.value(slots[row]!))
    if (base) ages[row] = at - state.from(slots[row]!)
  }
  const [pair, columns] = [pairType(isAscii(data)), [bytesOf(offsets), data, bytesOf(values)]]
  if (!base) return assembleBlock(pair, rows, columns)
  const items: ColumnType[] = [...pair.items, { kind: "float64", absent: 0 }, { kind: "null", absent: absence.null }]
  return assembleBlock({ ...pair, items }, rows, [...columns, bytesOf(ages), new Uint8Array((rows + 7) >>> 3)])
}

/** The slots' keys, one after the other. */
function keysOf(state: NumberState, slots: Int32Array): { readonly offsets: Int32Array; readonly data: Uint8Array } {
  const offsets = new Int32Array(slots.length + 1)
  let keyBytes = 0
  for (let row = 0; row < slots.length; row++) {
    keyBytes += state.keyLength(slots[row]!)
    offsets[row + 1] = keyBytes
  }
  if (keyBytes > 0x7fffffff) throw new Error(`${keyBytes} bytes of keys do not fit one block`)
  const data = new Uint8Array(keyBytes)
  state.copyKeys(slots, data)
  return { offsets, data }
}

/** All NaNs are written alike. */
const written = (value: number): number => (Number.isNaN(value) ? Number.NaN : value)

function bytesOf(view: Float64Array | Int32Array): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}
