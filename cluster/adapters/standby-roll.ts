/** Who stands by says so in the store, who leads reads it: three times in the length of a lease. */

import { type Standby, Standbys } from "../master/standbys.js"
import type { StandbyStore } from "../ports.js"
import { systemNow } from "./system-clock.js"
import { Timer } from "./timer.js"

const times = 3

export class StandbyRoll {
  readonly #store: StandbyStore
  readonly #self: Omit<Standby, "sinceMs">
  readonly #watch = new Standbys()
  readonly #timer = new Timer(() => this.#turn())
  #sinceMs: number | null = null
  #tell: ((there: readonly Standby[]) => void) | null = null
  /** One question at a time. */
  #asking: Promise<void> = Promise.resolve()
  #ended = false

  constructor(store: StandbyStore, self: Omit<Standby, "sinceMs">) {
    this.#store = store
    this.#self = self
  }

  /** From now on this process says that it stands by. */
  standBy(): void {
    if (this.#sinceMs !== null || this.#ended) return
    this.#sinceMs = systemNow().wallMs
    this.#turn()
  }

  /** It leads: it is told who stands by, whenever the store was asked. */
  lead(tell: (there: readonly Standby[]) => void): void {
    this.#tell = tell
    // What it still says of itself comes first.
    void this.#asking.then(() => this.#turn())
  }

  /** Takes this process off the roll, if it is on it. */
  async stop(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#timer.set(null)
    await this.#asking
    if (this.#sinceMs !== null) await this.#store.remove(this.#self).catch(() => {})
  }

  #turn(): void {
    if (this.#ended) return
    this.#timer.set(null)
    // That the store does not answer is said by who asks it for the lease.
    this.#asking = this.#ask().catch(() => {})
    void this.#asking.then(() => {
      if (!this.#ended) this.#timer.set(systemNow().monotonicMs + this.#self.leaseMs / times)
    })
  }

  async #ask(): Promise<void> {
    if (this.#tell === null) {
      if (this.#sinceMs !== null) await this.#store.say({ ...this.#self, sinceMs: this.#sinceMs })
      return
    }
    if (this.#sinceMs !== null) {
      await this.#store.remove(this.#self)
      this.#sinceMs = null
    }
    const { there, gone } = this.#watch.look(await this.#store.all(), systemNow().monotonicMs)
    if (!this.#ended) this.#tell(there)
    for (const standby of gone) await this.#store.remove(standby)
  }
}
