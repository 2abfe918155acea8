/** `Leadership` among real adapters: asks the store what it wants to know, and tells it the time. */

import { type Leadership, type LeadershipCommand, type LeadershipEvent, type Lease, noLease } from "../master/leadership.js"
import type { LeaseStore } from "../ports.js"
import { systemNow } from "./system-clock.js"
import { Timer } from "./timer.js"

export interface ElectionEars {
  /** This process has the lease from now on. */
  readonly lead: () => void
  readonly standBy: (leader: Lease) => void
  /** It has it no more. The last that is heard. */
  readonly stepDown: (reason: string) => void
  /** The store does not answer, or does again (null). */
  readonly store: (error: string | null) => void
}

export class Election {
  readonly #machine: Leadership
  readonly #store: LeaseStore
  readonly #ears: ElectionEars
  readonly #timer = new Timer(() => this.#dispatch({ kind: "tick" }))
  #ended = false
  /** Of a `put` that is under way. */
  #putting: Promise<number | "conflict"> | null = null

  constructor(machine: Leadership, store: LeaseStore, ears: ElectionEars) {
    this.#machine = machine
    this.#store = store
    this.#ears = ears
  }

  start(): void {
    this.#dispatch({ kind: "tick" })
  }

  /** Gives the lease back if this process has it, so that nobody needs to wait until it runs out. */
  async stop(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#timer.set(null)
    // What is under way makes the revision that is known an old one, or gets a lease that nobody knows of yet.
    const put = await this.#putting?.catch(() => null)
    const revision = typeof put === "number" ? put : this.#machine.revision
    if (revision !== null) await this.#store.put(noLease, revision).catch(() => {})
  }

  #dispatch(event: LeadershipEvent): void {
    if (this.#ended) return
    for (const command of this.#machine.step(event, systemNow().monotonicMs)) this.#perform(command)
  }

  #perform(command: LeadershipCommand): void {
    switch (command.kind) {
      case "look":
        this.#answer(this.#store.look().then(seen => ({ kind: "seen", seen })))
        break
      case "put": {
        const putting = this.#store.put(command.lease, command.revision)
        this.#putting = putting
        const done = () => {
          if (this.#putting === putting) this.#putting = null
        }
        putting.then(done, done)
        this.#answer(putting.then(revision => (revision === "conflict" ? { kind: "conflict" } : { kind: "put", revision })))
        break
      }
      case "wake":
        this.#timer.set(Number.isFinite(command.atMs) ? command.atMs : null)
        break
      case "lead":
        this.#ears.lead()
        break
      case "standBy":
        this.#ears.standBy(command.leader)
        break
      case "stepDown":
        this.#ended = true
        this.#timer.set(null)
        this.#ears.stepDown(command.reason)
        break
      case "store":
        this.#ears.store(command.error)
        break
    }
  }

  #answer(event: Promise<LeadershipEvent>): void {
    event.then(
      answered => this.#dispatch(answered),
      (error: unknown) => this.#dispatch({ kind: "failed", error: error instanceof Error ? error.message : String(error) }),
    )
  }
}
