/**
 * stats(): exact for up to 65,536 numbers. Over that, count, sum, mean, stdev, min and max are still computed from all of them,
 * and the percentiles come from a sketch of bounded size (number-sketch.ts) that is within 0.5 % of the value at that rank. Both
 * follow from the numbers and their partitions alone, so asking twice gives the same.
 */

import type { Push } from "../rdd.js"
import type { Half, HalvesOf } from "./half.js"
import { NumberSketch, type SketchRow } from "./number-sketch.js"

/** So many numbers are kept as they are. */
export const mostExact = 65_536

export const statsHalves: HalvesOf<"stats"> = {
  start: () => gathering((numbers, sketch, push) => push(sketch === null ? Float64Array.from(numbers) : sketch.row())),
  finish(): Half {
    const parts: (Float64Array | SketchRow)[] = []
    return {
      add: part => void parts.push(part as Float64Array | SketchRow),
      end(push) {
        if (parts.every(part => part instanceof Float64Array) && parts.reduce((n, part) => n + part.length, 0) <= mostExact) {
          push(statsOf(parts))
          return
        }
        const all = new NumberSketch()
        for (const part of parts) {
          if (part instanceof Float64Array) part.forEach(all.add)
          else all.merge(part)
        }
        push(all.stats())
      },
    }
  },
}

/** Numbers while there are few, then a sketch of them. */
function gathering(end: (numbers: readonly number[], sketch: NumberSketch | null, push: Push) => void): Half {
  let numbers: number[] = []
  let sketch: NumberSketch | null = null
  return {
    add(row) {
      const n = Number(row)
      if (sketch !== null) sketch.add(n)
      else if (numbers.push(n) > mostExact) {
        sketch = new NumberSketch()
        for (const number of numbers) sketch.add(number)
        numbers = []
      }
    },
    end: push => end(numbers, sketch, push),
  }
}

/** API `Stats`. `stdev` is of the population, percentiles are by nearest rank; of nothing all but count and sum are NaN. */
export function statsOf(parts: readonly Float64Array[]) {
  const count = parts.reduce((n, part) => n + part.length, 0)
  const sorted = new Float64Array(count)
  let at = 0
  for (const part of parts) {
    sorted.set(part, at)
    at += part.length
  }
  let sum = 0
  for (const value of sorted) sum += value
  const mean = sum / count
  let squares = 0
  for (const value of sorted) squares += (value - mean) ** 2
  sorted.sort()
  const rank = (share: number) => (count === 0 ? Number.NaN : sorted[Math.max(0, Math.ceil(share * count) - 1)]!)
  const min = count === 0 ? Number.NaN : sorted[0]!
  return { count, sum, mean, stdev: Math.sqrt(squares / count), min, p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: rank(1) }
}
