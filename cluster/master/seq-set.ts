/** Numbers from the first through the last; one alone stands for itself. */
export type SeqRange = number | readonly [number, number]

/**
 * Which numbers of a sender's batches have been admitted: all up to a watermark, and some above it. Numbers count from 1. What never comes
 * is little to remember: a sender's first batches, when the stream was defined after them, or one whose every copy was lost.
 */
export class SeqSet {
  #watermark: number
  /** In order, with gaps between them and after the watermark. */
  readonly #above: { from: number; to: number }[] = []

  constructor(watermark = 0, above: Iterable<SeqRange> = []) {
    this.#watermark = watermark
    for (const range of above) {
      const [from, to] = typeof range === "number" ? [range, range] : range
      this.#add(from, to)
    }
  }

  get watermark(): number {
    return this.#watermark
  }

  has(seq: number): boolean {
    return seq <= this.#watermark || this.#above.some(({ from, to }) => from <= seq && seq <= to)
  }

  add(seq: number): void {
    if (!this.has(seq)) this.#add(seq, seq)
  }

  toJSON(): { readonly watermark: number; readonly above: readonly SeqRange[] } {
    return { watermark: this.#watermark, above: this.#above.map(({ from, to }) => (from === to ? from : [from, to])) }
  }

  /** None of them is known. */
  #add(from: number, to: number): void {
    const above = this.#above
    const next = above.findLastIndex(range => range.to < from) + 1
    const [before, after] = [above[next - 1], above[next]]
    const range = before?.to === from - 1 ? before : { from, to }
    if (range !== before) above.splice(next, 0, range)
    range.to = to
    if (after?.from === to + 1) {
      range.to = after.to
      above.splice(above.indexOf(after), 1)
    }
    if (above[0]?.from === this.#watermark + 1) this.#watermark = above.shift()!.to
  }
}
