/**
 * countApproxDistinct: HyperLogLog (Flajolet et al. 2007) over the 32-bit hashes of records by value. 2^precision registers of a
 * byte; the relative standard error is 1.04 / √(2^precision), small counts come out nearly exact by linear counting.
 */

import { hashKey } from "../keys/key.js"
import type { Half, HalvesOf } from "./half.js"

export const fewestPrecision = 4
export const mostPrecision = 16

/** The least precision whose relative standard error is at most this. */
export function precisionFor(relativeError: number): number {
  const bits = Math.ceil(2 * Math.log2(1.04 / relativeError))
  return Math.min(mostPrecision, Math.max(fewestPrecision, bits))
}

export const distinctHalves: HalvesOf<"countApproxDistinct"> = {
  start({ precision }): Half {
    const registers = new Uint8Array(2 ** precision)
    const add = (row: unknown) => {
      const hash = mixed(hashKey(row))
      const register = hash >>> (32 - precision)
      // The place of the first 1 in what is left of the hash.
      const rank = Math.min(Math.clz32(hash << precision), 32 - precision) + 1
      if (rank > registers[register]!) registers[register] = rank
    }
    return { add, end: push => push(registers) }
  },
  finish({ precision }): Half {
    const registers = new Uint8Array(2 ** precision)
    return {
      add(part) {
        const other = part as Uint8Array
        for (let i = 0; i < registers.length; i++) if (other[i]! > registers[i]!) registers[i] = other[i]!
      },
      end: push => push(estimate(registers)),
    }
  },
}

/** Spreads what differs in any bit over all bits (the end of murmur3). */
function mixed(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function estimate(registers: Uint8Array): number {
  const m = registers.length
  let sum = 0
  let zeros = 0
  for (const rank of registers) {
    sum += 2 ** -rank
    if (rank === 0) zeros++
  }
  const alpha = m === 16 ? 0.673 : m === 32 ? 0.697 : m === 64 ? 0.709 : 0.7213 / (1 + 1.079 / m)
  const raw = (alpha * m * m) / sum
  if (raw <= 2.5 * m && zeros > 0) return Math.round(m * Math.log(m / zeros))
  // Near 2^32 different hashes meet.
  const space = 2 ** 32
  return Math.round(raw <= space / 30 ? raw : -space * Math.log(1 - Math.min(raw / space, 1 - 1e-9)))
}
