/**
 * The journal as the master uses it: a record is applied to the ledger at once, so that the next decision knows of it, and
 * appended; what it lets others see is done when it is appended, in order. A crash between the two shows to nobody.
 */

import type { Command } from "../ports.js"
import { eachOf } from "./each-of.js"
import type { Ledger } from "./ledger.js"
import type { JournalRecord } from "./records.js"

interface Waiting {
  readonly sequence: number
  readonly record: JournalRecord
  readonly effect: () => void
}

export class RecordLog {
  readonly #ledger: Ledger
  readonly #waiting: Waiting[] = []
  /** Why the last append failed, while none has succeeded since. */
  failing: string | null = null
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

  append(record: JournalRecord, effect: () => void): Command {
    // A snapshot says what the ledger is already.
    if (record.kind === "snapshot") this.#sinceSnapshot = 0
    else this.#ledger.apply(record)
    this.#sinceSnapshot += 1
    const sequence = this.#next++
    this.#waiting.push({ sequence, record, effect })
    return { kind: "append", sequence, record }
  }

  /** Runs the effects of all records up to this one: records are appended in order, so those before it are on disk as well. */
  appended(sequence: number): void {
    this.failing = null
    let n = 0
    while (n < this.#waiting.length && (this.#waiting[n] as Waiting).sequence <= sequence) n += 1
    eachOf(this.#waiting.splice(0, n), ({ record, effect }) => {
      this.onRecord(record)
      effect()
    })
  }

  /** After a failed append: all that is not known to be appended, again and in order. */
  again(): Command[] {
    return this.#waiting.map(({ sequence, record }) => ({ kind: "append", sequence, record }))
  }
}
