/** Random numbers from a seed: the only ones in the simulation. */

export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
    // Neighbouring seeds should not begin alike.
    for (let i = 0; i < 4; i++) this.next()
  }

  /** 0 ≤ x < 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  /** A whole number, from ≤ x < to. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from))
  }

  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability
  }

  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.next() * values.length)]!
  }

  /** Exponential with the mean: many short times, a few long ones. */
  exponential(mean: number): number {
    return mean <= 0 ? 0 : -Math.log(1 - this.next()) * mean
  }

  /** A generator of its own: what it is used for does not shift what others draw. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 4294967296))
  }
}
