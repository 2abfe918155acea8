/**
 * How much tasks may together have read from disk into memory of their own. A task gets all it needs or waits, in order, so
 * none holds a part while it waits for the rest; one that needs more than there is gets it when nobody else has any.
 */

interface Waiting {
  readonly owner: object
  readonly bytes: number
  readonly start: () => void
}

export class DiskBudget {
  readonly #most: number
  readonly #taken = new Map<object, number>()
  #waiting: Waiting[] = []
  #bytes = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Calls `start` now or later. */
  take(owner: object, bytes: number, start: () => void): void {
    this.#waiting.push({ owner, bytes, start })
    this.#next()
  }

  /** The owner's bytes are read by nobody any more, or it wants none. Idempotent. */
  give(owner: object): void {
    this.#bytes -= this.#taken.get(owner) ?? 0
    this.#taken.delete(owner)
    this.#waiting = this.#waiting.filter(waiting => waiting.owner !== owner)
    this.#next()
  }

  #next(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (this.#bytes > 0 && this.#bytes + first.bytes > this.#most) return
      this.#waiting.shift()
      this.#taken.set(first.owner, first.bytes)
      this.#bytes += first.bytes
      first.start()
    }
  }
}
