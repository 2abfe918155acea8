/**
 * The simulated journal: a record is durable some time after it was appended, and a master that is killed before loses it, or
 * not. Records are kept as bytes: what a machine does to a record later does not reach back. It outlives the masters, of which
 * several may write (`store.ts`): each appends behind what it has read, or not at all.
 */

import { deserialize, serialize } from "node:v8"
import { eachRecord, type JournalRecord } from "../master/records.js"
import type { World } from "./world.js"

/** `disk`: it could not be written, or nobody knows. */
export type Outcome = "appended" | "conflict" | "disk"

interface Written {
  /** One life of a master. */
  readonly writer: string
  readonly sequence: number
  readonly bytes: Uint8Array
  /** The epoch of a master that has just read the journal. */
  readonly claims: boolean
}

export class SimulatedJournal {
  /** Appending takes this long on average. */
  meanSyncMs = 1
  /** Share of appends that the disk refuses. */
  failure = 0
  /** Told of each append, before it is on disk. */
  onAppend: ((record: JournalRecord) => void) | null = null
  readonly #world: World
  /** What is there: a snapshot takes the place of all before it. */
  #records: Written[] = []
  readonly #history: Uint8Array[] = []
  #pending: Written[] = []
  #freeAtMs = 0

  constructor(world: World) {
    this.#world = world
  }

  /** Compare-and-set on the sequence, in order. `done` is called once, unless the writer dies first. `again`: it may be there already, which nobody knows. */
  append(writer: string, sequence: number, record: JournalRecord, done: (outcome: Outcome) => void, again = false): void {
    const bytes = serialize(record)
    const { random } = this.#world
    const waiting = { writer, sequence, bytes, claims: record.kind === "epoch" }
    this.#pending.push(waiting)
    this.onAppend?.(record)
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#world.nowMs) + random.exponential(this.meanSyncMs)
    this.#world.at(this.#freeAtMs, () => {
      const at = this.#pending.indexOf(waiting)
      if (at < 0) return
      this.#pending.splice(at, 1)
      const found = this.compare(waiting, again)
      if (found !== null) {
        done(found)
        return
      }
      if (random.chance(this.failure)) {
        done("disk")
        return
      }
      this.#keep(waiting)
      done("appended")
    })
  }

  /** The writer was killed: what waits to be synced may be on disk, up to some record. */
  crash(writer: string): void {
    const lost = this.#pending.filter(waiting => waiting.writer === writer)
    const kept = this.#world.random.integer(0, lost.length + 1)
    for (const waiting of lost.slice(0, kept)) {
      if (this.compare(waiting, false) !== null) break
      this.#keep(waiting)
    }
    this.#pending = this.#pending.filter(waiting => waiting.writer !== writer)
  }

  /** What a master reads when it starts. */
  read(): { sequence: number; record: JournalRecord }[] {
    return this.#records.map(({ sequence, bytes }) => ({ sequence, record: deserialize(bytes) as JournalRecord }))
  }

  /** Every record that ever became durable, for the checker. */
  history(): JournalRecord[] {
    return this.#history.flatMap(bytes => eachRecord(deserialize(bytes) as JournalRecord))
  }

  /**
   * Null: the journal still ends where the writer has read it to: with a record of its own, or with that before its epoch's. A number that fits by
   * chance is not enough.
   */
  private compare({ writer, sequence, claims }: Written, again: boolean): Outcome | null {
    const last = this.#records.at(-1)
    if (last === undefined) return null
    const next = last.sequence + 1
    if (last.writer !== writer && !(claims && sequence === next)) return "conflict"
    if (sequence === next) return null
    // As of a real one: what comes after a failed record would leave a gap.
    if (sequence > next) return "disk"
    // And what was appended and answered is another's when it comes again.
    return again && this.#records.some(record => record.sequence === sequence && record.writer === writer) ? "appended" : "conflict"
  }

  #keep(waiting: Written): void {
    this.#history.push(waiting.bytes)
    if ((deserialize(waiting.bytes) as JournalRecord).kind === "snapshot") this.#records = []
    this.#records.push(waiting)
  }
}
