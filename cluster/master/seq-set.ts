/**
 * Which numbers of a sender's batches have been admitted: all up to a watermark, and some above it. Numbers count from 1;
 * what is above the watermark is bounded by the sender's credit.
 */
export class SeqSet {
  #watermark: number
  readonly #above: Set<number>

  constructor(watermark = 0, above: Iterable<number> = []) {
    this.#watermark = watermark
    this.#above = new Set(above)
  }

  get watermark(): number {
    return this.#watermark
  }

  has(seq: number): boolean {
    return seq <= this.#watermark || this.#above.has(seq)
  }

  add(seq: number): void {
    if (this.has(seq)) return
    this.#above.add(seq)
    while (this.#above.delete(this.#watermark + 1)) this.#watermark += 1
  }

  toJSON(): { readonly watermark: number; readonly above: readonly number[] } {
    return { watermark: this.#watermark, above: [...this.#above].sort((a, b) => a - b) }
  }
}
