/** Buckets of a histogram: even ones between least and greatest, or as given. The last one is closed; NaN is in none. */

import { RivuletError } from "../errors.js"
import type { UserFunction } from "./host.js"

/** `buckets` + 1 edges, or the given ones. */
export function bucketEdges(buckets: number | readonly number[], min: number, max: number): number[] {
  if (typeof buckets !== "number") {
    const rising = buckets.length >= 2 && buckets.every((edge, i) => i === 0 || edge > buckets[i - 1]!)
    if (!rising)
      throw new RivuletError(`histogram: [${buckets.join(", ")}] are not edges`, { code: 2, try: "give two or more rising numbers" })
    return [...buckets]
  }
  if (!Number.isSafeInteger(buckets) || buckets < 1) {
    throw new RivuletError(`histogram: ${buckets} is not a number of buckets`, { code: 2, try: "give 1 or more, or the edges as an array" })
  }
  if (!Number.isFinite(min)) return []
  if (min === max) return [min, max]
  return Array.from({ length: buckets + 1 }, (_, i) => (i === buckets ? max : min + ((max - min) * i) / buckets))
}

/** A number's bucket, in an array of none or one: for `flatMap`. */
export function bucketOf(edges: readonly number[]): UserFunction {
  return (n: number) => {
    const last = edges.length - 2
    if (!(n >= edges[0]! && n <= edges[last + 1]!)) return []
    let low = 0
    let high = last
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (n >= edges[middle]!) low = middle
      else high = middle - 1
    }
    return [low]
  }
}
