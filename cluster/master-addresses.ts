/**
 * Where the master may be: at one address, or at one of several, of which only the leading master's is listened at (the others
 * stand by, see `master/leadership.ts`). Client and worker try them in turn until one answers. Pure.
 */

/** A connection that stands and says nothing: its master is busy, or stopped. So many hellos are waited for. */
const patientHellos = 5

export class MasterAddresses {
  readonly #all: readonly string[]
  #at = 0
  #triedMs = 0
  #reached = false
  #broke = false

  /** `text`: addresses, with commas between them. */
  constructor(text: string) {
    this.#all = text.split(",")
  }

  get current(): string {
    return this.#all[this.#at] as string
  }

  get count(): number {
    return this.#all.length
  }

  /** All of them, for people. */
  toString(): string {
    return this.#all.join(" or ")
  }

  /** From now on it is waited for an answer from the current one. */
  trying(nowMs: number): void {
    this.#triedMs = nowMs
    this.#reached = false
    this.#broke = false
  }

  /** A connection to the current one stands. */
  reached(): void {
    this.#reached = true
    this.#broke = false
  }

  /** A connection to the current one could not be made, or broke. */
  broke(): void {
    this.#broke = true
  }

  /** While no master answers: goes on to the next address when nothing comes of this one, and says whether it did. */
  turn(nowMs: number, helloMs: number): boolean {
    const patienceMs = this.#broke ? 0 : this.#reached ? patientHellos * helloMs : helloMs
    if (this.count === 1 || nowMs - this.#triedMs < patienceMs) return false
    this.#at = (this.#at + 1) % this.count
    this.trying(nowMs)
    return true
  }
}
