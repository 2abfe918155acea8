/**
 * Several masters that share a store, each on a machine of its own: the production `Leadership` decides who leads. What `candidate.ts`
 * does among real adapters is done here under simulated time: who gets the lease reads the journal, claims an epoch in it, and only then
 * listens; who has lost its place ends, and its process, started again, stands by.
 */

import { newestEpoch, type ReadRecord } from "../master/epochs.js"
import { Leadership, type LeadershipEvent } from "../master/leadership.js"
import type { SimulatedJournal } from "./journal.js"
import { addressOf } from "./network.js"
import type { SimulatedNode } from "./node.js"
import type { SimulatedStore } from "./store.js"
import type { Timer, World } from "./world.js"

export interface CandidateParts {
  readonly world: World
  readonly store: SimulatedStore
  readonly journal: SimulatedJournal
  readonly cluster: string
  readonly durable: boolean
  readonly wallMs: () => number
  /** Starts the machine of a master that has claimed its epoch. */
  readonly lead: (place: string, writer: string, epoch: number, records: readonly ReadRecord[]) => SimulatedNode
}

const leaseMs = 1_500
/** Its process is started again so long after it has ended by itself. */
const restartMs = 200
const meanReadMs = 5

/** One machine that may lead, over its lives. */
export class SimulatedCandidate {
  readonly place: string
  readonly #parts: CandidateParts
  #lives = 0
  #leadership: Leadership | null = null
  #node: SimulatedNode | null = null
  #bornMs = 0
  #timer: Timer | null = null
  #restart: Timer | null = null
  /** World time until which the process does nothing, whether it leads or not. */
  #stalledUntilMs = 0
  /** Its monotonic clock runs so much faster than the world. */
  readonly #rate: number

  constructor(place: string, parts: CandidateParts) {
    this.place = place
    this.#parts = parts
    this.#rate = 1 + (parts.world.random.next() - 0.5) / 500
  }

  /** The master that runs here, if it leads. */
  get node(): SimulatedNode | null {
    return this.#node?.alive ? this.#node : null
  }

  /** Who writes the journal: one life. */
  get writer(): string {
    return `${this.place}/${this.#lives}`
  }

  /** World time when its stall ends. */
  get stalledUntilMs(): number {
    return Math.max(this.#stalledUntilMs, this.#node?.stalledUntilMs ?? 0)
  }

  start(): void {
    if (this.#leadership !== null) return
    this.#cancelRestart()
    const { world, durable } = this.#parts
    this.#lives += 1
    this.#bornMs = world.nowMs
    world.trace.note(world.nowMs, `${this.writer} starts`)
    this.#leadership = new Leadership({ holder: this.writer, address: addressOf(this.place), leaseMs, durable })
    this.#dispatch(this.#lives, { kind: "tick" })
  }

  /** The process ends, without a word. */
  kill(): void {
    // Nobody starts again what was killed between two lives.
    this.#cancelRestart()
    if (this.#leadership === null) return
    const { world, journal } = this.#parts
    world.trace.note(world.nowMs, `${this.writer} dies`)
    this.#leadership = null
    this.#stalledUntilMs = 0
    if (this.#timer !== null) this.#timer.cancelled = true
    this.#node?.kill()
    this.#node = null
    journal.crash(this.writer)
  }

  /** It has ended by itself, and is started again. */
  end(): void {
    this.kill()
    this.#restart = this.#parts.world.after(restartMs, () => this.start())
  }

  /** The process does nothing for a while: election and master are one. */
  stall(ms: number): void {
    if (this.#leadership === null) return
    const { world } = this.#parts
    world.trace.note(world.nowMs, `${this.writer} stalls`, () => `${ms.toFixed(0)} ms`)
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, world.nowMs + ms)
    this.#node?.stall(ms)
  }

  #cancelRestart(): void {
    if (this.#restart !== null) this.#restart.cancelled = true
    this.#restart = null
  }

  /** Of this life, when the process does not stand still: election and master are one, neither hears anything before. */
  #whenAwake(life: number, run: (leadership: Leadership) => void): void {
    if (this.#leadership === null || life !== this.#lives) return
    if (this.stalledUntilMs <= this.#parts.world.nowMs) run(this.#leadership)
    else this.#parts.world.at(this.stalledUntilMs, () => this.#whenAwake(life, run))
  }

  #dispatch(life: number, event: LeadershipEvent): void {
    this.#whenAwake(life, leadership => this.#step(leadership, life, event))
  }

  #step(leadership: Leadership, life: number, event: LeadershipEvent): void {
    const { world, store } = this.#parts
    const answered = (answer: LeadershipEvent) => this.#dispatch(life, answer)
    for (const command of leadership.step(event, this.#nowMs)) {
      switch (command.kind) {
        case "look":
          store.look(this.place, answered)
          break
        case "put":
          store.put(this.place, command.lease, command.revision, answered)
          break
        case "wake":
          this.#wakeAt(life, command.atMs)
          break
        case "lead":
          store.read(this.place, records => this.#whenAwake(life, () => this.#read(life, records)))
          break
        case "stepDown":
          world.trace.note(world.nowMs, `${this.writer} steps down`, () => command.reason)
          return this.end()
        case "standBy":
        case "store":
          break
      }
    }
  }

  /** What was read is old by the time it is all here: others may have appended. */
  #read(life: number, records: readonly ReadRecord[] | null): void {
    if (records === null) return this.end()
    const { world } = this.#parts
    world.after(world.random.exponential(meanReadMs), () => this.#whenAwake(life, () => this.#claim(life, records)))
  }

  #claim(life: number, records: readonly ReadRecord[]): void {
    const { store, cluster, wallMs, lead } = this.#parts
    const epoch = newestEpoch(records) + 1
    const sequence = (records.at(-1)?.sequence ?? 0) + 1
    const record = { kind: "epoch", epoch, cluster, wallMs: Math.floor(wallMs()) } as const
    store.append(this.place, this.writer, sequence, record, outcome =>
      this.#whenAwake(life, leadership => {
        if (outcome !== "appended" || !leadership.leads) return this.end()
        this.#node = lead(this.place, this.writer, epoch, [...records, { sequence, record }])
      }),
    )
  }

  get #nowMs(): number {
    return (this.#parts.world.nowMs - this.#bornMs) * this.#rate
  }

  #wakeAt(life: number, atMs: number): void {
    if (this.#timer !== null) this.#timer.cancelled = true
    this.#timer = null
    if (!Number.isFinite(atMs)) return
    // A hair later: rounding must not wake it before its time, for ever.
    this.#timer = this.#parts.world.at(this.#bornMs + atMs / this.#rate + 1e-6, () => this.#dispatch(life, { kind: "tick" }))
  }
}
