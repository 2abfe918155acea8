/**
 * The simulated store that several masters share, as `--store` names a real one: it holds the lease and the journal. What is asked of
 * it takes time, and may be done and not answered; a machine that is parted from it hears nothing.
 */

import type { ReadRecord } from "../master/epochs.js"
import type { LeadershipEvent, Lease, SeenLease } from "../master/leadership.js"
import type { JournalRecord } from "../master/records.js"
import type { Outcome, SimulatedJournal } from "./journal.js"
import type { World } from "./world.js"

/** Who asks gives up after so long. */
const timeoutMs = 500
const meanWayMs = 0.5

export class SimulatedStore {
  /** Share of answers that do not arrive. */
  loss = 0
  readonly #world: World
  readonly #journal: SimulatedJournal
  readonly #parted = new Set<string>()
  /** Appends that were not answered, and may have been done. */
  readonly #unsure = new Set<string>()
  #lease: SeenLease | null = null

  constructor(world: World, journal: SimulatedJournal) {
    this.#world = world
    this.#journal = journal
  }

  /** The machine does not reach it, until `mend`. */
  part(place: string): void {
    this.#parted.add(place)
  }

  mend(place: string): void {
    this.#parted.delete(place)
  }

  mendAll(): void {
    this.#parted.clear()
    this.loss = 0
  }

  look(place: string, done: (event: LeadershipEvent) => void): void {
    this.#ask<LeadershipEvent>(place, answer => answer({ kind: "seen", seen: this.#lease }), done, unanswered)
  }

  /** By compare-and-set. */
  put(place: string, lease: Lease, revision: number, done: (event: LeadershipEvent) => void): void {
    const put = (answer: (event: LeadershipEvent) => void) => {
      if ((this.#lease?.revision ?? 0) !== revision) return answer({ kind: "conflict" })
      this.#lease = { lease, revision: revision + 1 }
      answer({ kind: "put", revision: revision + 1 })
    }
    this.#ask(place, put, done, unanswered)
  }

  /** The journal as it is when the question comes there; null: it was not answered. */
  read(place: string, done: (records: readonly ReadRecord[] | null) => void): void {
    this.#ask<readonly ReadRecord[] | null>(place, answer => answer(this.#journal.read()), done, null)
  }

  append(place: string, writer: string, sequence: number, record: JournalRecord, done: (outcome: Outcome) => void): void {
    const key = `${writer} ${sequence}`
    const heard = (outcome: Outcome) => {
      if (outcome === "disk") this.#unsure.add(key)
      done(outcome)
    }
    this.#ask(place, answer => this.#journal.append(writer, sequence, record, answer, this.#unsure.has(key)), heard, "disk" as Outcome, 0)
  }

  /** `done` is called once: with the answer, or `failed` when none is to come. */
  #ask<T>(place: string, run: (answer: (value: T) => void) => void, done: (value: T) => void, failed: T, wayMs = meanWayMs): void {
    const { random } = this.#world
    const giveUp = () => this.#world.after(timeoutMs, () => done(failed))
    const there = () => {
      if (this.#parted.has(place)) return void giveUp()
      run(value => {
        if (this.#parted.has(place) || random.chance(this.loss)) giveUp()
        else this.#world.after(random.exponential(wayMs), () => done(value))
      })
    }
    // Appends keep their order: they wait for each other in the journal.
    if (wayMs === 0) there()
    else this.#world.after(random.exponential(wayMs), there)
  }
}

const unanswered: LeadershipEvent = { kind: "failed", error: "the simulated store does not answer" }
