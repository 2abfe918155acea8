/** So many at once; who comes when all turns are taken waits, first come first served. */

export class Turns {
  #free: number
  #waiting: (() => void)[] = []
  #next = 0

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  /** Gives what `act` gives, once it has had its turn. */
  async run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>(resolve => this.#waiting.push(resolve))
    try {
      return await act()
    } finally {
      this.#pass()
    }
  }

  #pass(): void {
    const next = this.#waiting[this.#next++]
    if (next !== undefined) return next()
    this.#free += 1
    this.#waiting = []
    this.#next = 0
  }
}
