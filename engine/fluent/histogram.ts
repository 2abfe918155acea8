/** Buckets of a histogram: even ones between least and greatest, or as given. The last one is closed; NaN is in none. */

import { RivuletError } from "../errors.js"
import type { UserFunction } from "./host.js"

export type Bucket = [from: number, to: number, n: number]

/** The given edges, two or more and rising; RivuletError else. */
export function checkEdges(edges: readonly number[]): number[] {
  if (edges.length >= 2 && edges.every((edge, i) => (i === 0 ? !Number.isNaN(edge) : edge > edges[i - 1]!))) return [...edges]
  throw new RivuletError(`histogram: [${edges.join(", ")}] are not edges`, { code: 2, try: "give two or more rising numbers" })
}

export function checkBuckets(buckets: number): number {
  if (Number.isSafeInteger(buckets) && buckets >= 1) return buckets
  throw new RivuletError(`histogram: ${buckets} is not a number of buckets`, { code: 2, try: "give 1 or more, or the edges as an array" })
}

/** The buckets from how many numbers lie in each. */
export function bucketsOf(edges: readonly number[], counts: ReadonlyMap<unknown, number>): Bucket[] {
  return edges.slice(1).map((to, i): Bucket => [edges[i]!, to, counts.get(i) ?? 0])
}

/** Even buckets from the rows `[[index, least, greatest], n]`: none when there was no number. */
export function evenBuckets(buckets: number, rows: readonly (readonly [readonly [number, number, number], number])[]): Bucket[] {
  const [first] = rows
  if (first === undefined) return []
  const [, least, greatest] = first[0]
  const counts = new Map(rows.map(([[index], n]) => [index, n]))
  if (least === greatest) return [[least, greatest, counts.get(0) ?? 0]]
  const edge = (i: number) => (i === buckets ? greatest : least + ((greatest - least) * i) / buckets)
  return Array.from({ length: buckets }, (_, i): Bucket => [edge(i), edge(i + 1), counts.get(i) ?? 0])
}

// What follows runs on the workers: see internals.ts.

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

/** A partition's least and greatest number, NaN left out: none when there is no other. */
export const extentOfPartition: UserFunction = (values: readonly number[]) => {
  let least = Number.POSITIVE_INFINITY
  let greatest = Number.NEGATIVE_INFINITY
  for (const n of values) {
    if (n < least) least = n
    if (n > greatest) greatest = n
  }
  return least <= greatest ? [[least, greatest]] : []
}

/** Least and greatest of all partitions → what puts a number into one of so many even buckets: `[index, least, greatest]`. */
export function evenBucketOf(buckets: number): UserFunction {
  return (extents: readonly (readonly [number, number])[]) => {
    let least = Number.POSITIVE_INFINITY
    let greatest = Number.NEGATIVE_INFINITY
    for (const [low, high] of extents) {
      least = Math.min(least, low)
      greatest = Math.max(greatest, high)
    }
    const edge = (i: number) => (i === buckets ? greatest : least + ((greatest - least) * i) / buckets)
    return (n: number) => {
      if (Number.isNaN(n)) return []
      if (!Number.isFinite(greatest - least)) throw new Error("a histogram with Infinity among the numbers: give the edges as an array")
      if (least === greatest) return [[0, least, greatest]]
      // The division may be off by one where a number is next to an edge: the edges decide.
      let index = Math.min(buckets - 1, Math.floor(((n - least) / (greatest - least)) * buckets))
      while (index > 0 && n < edge(index)) index--
      while (index < buckets - 1 && n >= edge(index + 1)) index++
      return [[index, least, greatest]]
    }
  }
}
