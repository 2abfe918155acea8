/**
 * The journal as the master uses it: a record is applied to the ledger at once, so that the next decision knows of it, and
 * appended; what it lets others see is done when it is appended, in order. A crash between the two shows to nobody. What is
 * decided together is one record of the journal, so that a crash leaves no half of it.
 */

import type { Command } from "../ports.js"
import { eachOf } from "./each-of.js"
import type { Ledger } from "./ledger.js"
import type { JournalRecord } from "./records.js"

interface Decided {
  readonly record: JournalRecord
  readonly effect: () => void
}

interface Waiting {
  readonly sequence: number
  /** What is in the journal. */
  readonly record: JournalRecord
  /** What it consists of. */
  readonly decided: readonly Decided[]
  /** The journal has it, and has not answered. */
  asked: boolean
}

export class RecordLog {
  readonly #ledger: Ledger
  readonly #waiting: Waiting[] = []
  /** What is decided together and not written yet; null: each by itself. */
  #gathered: Decided[] | null = null
  /** Why the last append failed, while none has succeeded since. */
  failing: string | null = null
  /** Behind one that failed, until it is tried again: what would leave a gap is not asked for. */
  #holds = false
  /** Told of each record that is on disk. */
  onRecord: (record: JournalRecord) => void = () => {}
  #next: number
  #sinceSnapshot: number

  /** `next`: the sequence of the first record to append; `length`: how many there are. */
  constructor(ledger: Ledger, next: number, length: number) {
    this.#ledger = ledger
    this.#next = next
    this.#sinceSnapshot = length
  }

  /** Records since the last snapshot: what a restarted master has to read. */
  get sinceSnapshot(): number {
    return this.#sinceSnapshot
  }

  /** Records not yet appended. */
  get pending(): number {
    return this.#waiting.length
  }

  /** Null: it goes with what it is decided together with, or with those that are tried again. */
  append(record: JournalRecord, effect: () => void): Command | null {
    // A snapshot says what the ledger is already.
    if (record.kind === "snapshot") this.#sinceSnapshot = 0
    else this.#ledger.apply(record)
    if (this.#gathered === null) return this.#write([{ record, effect }])
    this.#gathered.push({ record, effect })
    return null
  }

  /** What is appended until `written` is one record. False: it is so already, by who began before. */
  gather(): boolean {
    if (this.#gathered !== null) return false
    this.#gathered = []
    return true
  }

  /** Null: nothing was decided since `gather`, or it goes with those that are tried again. */
  written(): Command | null {
    const decided = this.#gathered ?? []
    this.#gathered = null
    return decided.length === 0 ? null : this.#write(decided)
  }

  #write(decided: readonly Decided[]): Command | null {
    this.#sinceSnapshot += 1
    const sequence = this.#next++
    const [{ record: first }] = decided as [Decided]
    const record: JournalRecord = decided.length === 1 ? first : { kind: "together", records: decided.map(each => each.record) }
    this.#waiting.push({ sequence, record, decided, asked: !this.#holds })
    return this.#holds ? null : { kind: "append", sequence, record }
  }

  /** Runs the effects of all records up to this one: records are appended in order, so those before it are on disk as well. */
  appended(sequence: number): void {
    this.failing = null
    let n = 0
    while (n < this.#waiting.length && (this.#waiting[n] as Waiting).sequence <= sequence) n += 1
    const decided = this.#waiting.splice(0, n).flatMap(waiting => waiting.decided)
    eachOf(decided, ({ record, effect }) => {
      this.onRecord(record)
      effect()
    })
  }

  /** False: it was there after all, as what came behind it has shown. */
  failed(sequence: number, error: string): boolean {
    // They follow each other without a gap.
    const record = this.#waiting[sequence - (this.#waiting[0]?.sequence ?? sequence)]
    if (record?.sequence !== sequence) return false
    this.failing = error
    this.#holds = true
    record.asked = false
    return true
  }

  /**
   * After a failed append: all that is not known to be appended, again and in order. Null while the journal has not answered for all of it:
   * what is asked for twice it takes for another master's.
   */
  again(): Command[] | null {
    if (this.#waiting.some(({ asked }) => asked)) return null
    this.#holds = false
    return this.#waiting.map(waiting => {
      waiting.asked = true
      return { kind: "append", sequence: waiting.sequence, record: waiting.record }
    })
  }
}
