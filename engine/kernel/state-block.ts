/** Blocks of a state from text to numbers, written out of columns: the same bytes as `encodeRows` of the same rows (`state/delta.ts`). */

import { isAscii } from "node:buffer"
import { assembleBlock } from "../block/block-layout.js"
import { absence, type ColumnType } from "../block/columns.js"
import type { NumberState } from "./number-state.js"

/**
 * The rows of these slots, as of version `at`, which is being made. Dead ones are removals: a row of a delta or, at their end, of a
 * base.
 */
export function stateBlock(state: NumberState, slots: Int32Array, at: number): Uint8Array {
  const rows = slots.length
  let [keyBytes, removed] = [0, 0]
  for (let row = 0; row < rows; row++) {
    keyBytes += state.keyLength(slots[row]!)
    if (state.count(slots[row]!) === 0) removed++
  }
  if (keyBytes > 0x7fffffff) throw new Error(`${keyBytes} bytes of keys do not fit one block`)
  const offsets = new Int32Array(rows + 1)
  const data = new Uint8Array(keyBytes)
  const values = new Float64Array(rows)
  const ages = new Float64Array(rows)
  const counts = new Float64Array(rows)
  const validity = new Uint8Array(removed === 0 ? 0 : (rows + 7) >>> 3)
  for (let row = 0, end = 0; row < rows; row++) {
    const slot = slots[row]!
    end = state.copyKey(slot, data, end)
    offsets[row + 1] = end
    const count = state.count(slot)
    if (count === 0) {
      ages[row] = -1
      continue
    }
    const value = state.value(slot)
    // All NaNs are written alike.
    values[row] = Number.isNaN(value) ? Number.NaN : value
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

function bytesOf(view: Float64Array | Int32Array): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}
