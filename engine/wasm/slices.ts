/** Columns of text cut into what memory of a kernel holds at a time. */

/** How many rows from the first on end by `end`. */
export function lastWithin(offsets: Int32Array, first: number, last: number, end: number): number {
  let [low, high] = [first, last]
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (offsets[middle]! <= end) low = middle
    else high = middle - 1
  }
  return low
}
