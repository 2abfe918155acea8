/** Calls that wait for the master, pure: for a connection that stands, or for its welcome. */

interface Waiting {
  readonly call: number
  readonly untilMs: number
  /** It waits for no more than a connection. */
  readonly reach: boolean
}

export class Connecting {
  #waiting: readonly Waiting[] = []

  add(waiting: Waiting): void {
    this.#waiting = [...this.#waiting, waiting]
  }

  /** A connection stands: gives the calls that waited for it. The others are given so much longer, for whoever is there may be busy. */
  reached(longerMs: number): number[] {
    const reached = this.#waiting.filter(({ reach }) => reach)
    this.#waiting = this.#waiting.filter(({ reach }) => !reach)
    this.excuse(longerMs)
    return reached.map(({ call }) => call)
  }

  excuse(ms: number): void {
    this.#waiting = this.#waiting.map(one => ({ ...one, untilMs: one.untilMs + ms }))
  }

  drop(call: number): void {
    this.#waiting = this.#waiting.filter(waiting => waiting.call !== call)
  }

  /** Takes those whose time is over. */
  late(nowMs: number): number[] {
    const late = this.#waiting.filter(({ untilMs }) => untilMs <= nowMs)
    this.#waiting = this.#waiting.filter(({ untilMs }) => untilMs > nowMs)
    return late.map(({ call }) => call)
  }

  /** Takes all. */
  take(): number[] {
    const all = this.#waiting
    this.#waiting = []
    return all.map(({ call }) => call)
  }
}
