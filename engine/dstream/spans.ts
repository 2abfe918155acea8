/**
 * Dyadic spans: runs of 1, 2, 4 … panes that begin at a multiple of their own length since the epoch. Any range is made of at most
 * 2·log₂(n) of them, and neighbouring ranges share most: so each window of a slide of one pane costs O(log w) reads, and each span
 * is reduced once, out of its two halves.
 *
 *     panes     0 1 2 3 4 5 6 7 8 9
 *     [1, 9)      1 ├2,3┤ ├4 … 7┤ 8
 *     [2, 10)       ├2,3┤ ├4 … 7┤ ├8,9┤
 */

export interface Span {
  readonly start: number
  /** A power of two times the step. */
  readonly lengthMs: number
}

/** The fewest spans that make up [from, to), oldest first. Both are multiples of `step`. */
export function spansOf(from: number, to: number, step: number): Span[] {
  const spans: Span[] = []
  for (let start = from; start < to; ) {
    let lengthMs = step
    while (start % (lengthMs * 2) === 0 && start + lengthMs * 2 <= to) lengthMs *= 2
    spans.push({ start, lengthMs })
    start += lengthMs
  }
  return spans
}
