/** How much goes to disk: a lot goes past the system's page cache, a little through it, from where it is read again for nothing. */

/** More than so much in such a time, and the system has no memory to keep it in either. */
const heavyBytes = 32 * 1024 * 1024
const whileMs = 1_000

export class SpillRate {
  #beganMs = 0
  #bytes = 0
  /** Whether it was much in the while before this one. */
  #wasHeavy = false

  /** Counts these; whether it is much with them. */
  heavyWith(bytes: number, nowMs: number): boolean {
    if (nowMs >= this.#beganMs + whileMs) {
      this.#wasHeavy = this.#bytes >= heavyBytes && nowMs < this.#beganMs + 2 * whileMs
      this.#beganMs = nowMs
      this.#bytes = 0
    }
    this.#bytes += bytes
    return this.#wasHeavy || this.#bytes >= heavyBytes
  }
}
