/**
 * The master's journal in a local LevelDB. Keys are sequence numbers, padded with zeros so that they sort as
 * numbers. A record is on disk (fsync) before `append` says so; records that wait for a sync are written by the next one
 * together. LevelDB locks its directory: one process at a time has the journal.
 */

import { ClassicLevel } from "classic-level"
import { asError, RivuletError } from "../../engine/errors.js"
import type { Journal } from "../ports.js"
import { makeDirectory } from "./node-process.js"

interface Waiting {
  readonly sequence: number
  readonly record: Uint8Array
  readonly resolve: (outcome: "appended") => void
  readonly reject: (error: Error) => void
}

export class LevelJournal implements Journal {
  private waiting: Waiting[] = []
  private writing: Promise<void> | null = null
  /**
   * A write has failed (the disk is full). LevelDB has left a torn record in its log, and would add to it what comes next:
   * that would seem to be written, and be dropped when the log is read again. Opened anew it begins another log.
   */
  private torn = false

  private constructor(
    private readonly db: ClassicLevel<string, Uint8Array>,
    private first: number | null,
    /** The newest sequence that is, or is about to be, on disk. */
    private last: number | null,
  ) {}

  /** Opens or makes the journal. Throws a RivuletError of code 2 if another process has it, or the directory is no good. */
  static async open(directory: string): Promise<LevelJournal> {
    const db = new ClassicLevel<string, Uint8Array>(directory, { keyEncoding: "utf8", valueEncoding: "view" })
    try {
      await makeDirectory(directory)
      await db.open()
    } catch (error) {
      throw openError(directory, error)
    }
    const [first] = await db.keys({ limit: 1 }).all()
    const [last] = await db.keys({ limit: 1, reverse: true }).all()
    return new LevelJournal(db, first === undefined ? null : Number(first), last === undefined ? null : Number(last))
  }

  /**
   * Answers "conflict" if the sequence was taken before. Rejects if it could not be written, or would leave a gap (the
   * record before it failed): then nothing was appended.
   */
  append(sequence: number, record: Uint8Array): Promise<"appended" | "conflict"> {
    if (!Number.isSafeInteger(sequence) || sequence < 0) return Promise.reject(new Error(`${sequence} is no sequence number`))
    if (this.last !== null && sequence <= this.last) return Promise.resolve("conflict")
    if (this.last !== null && sequence !== this.last + 1)
      return Promise.reject(new Error(`record ${sequence} would follow ${this.last}: those between are missing`))
    this.last = sequence
    this.first ??= sequence
    return new Promise((resolve, reject) => {
      this.waiting.push({ sequence, record, resolve, reject })
      this.writing ??= this.writeAll()
    })
  }

  async *read(): AsyncIterable<{ sequence: number; record: Uint8Array }> {
    for await (const [key, record] of this.db.iterator()) yield { sequence: Number(key), record }
  }

  async compact(sequence: number, record: Uint8Array): Promise<void> {
    await this.writing
    if (this.torn) throw new Error("the journal's last write failed: it is replaced by a snapshot when it can be written again")
    if (this.last === null || this.first === null || sequence > this.last || sequence < this.first)
      throw new Error(`cannot compact up to ${sequence}: the journal holds ${this.first ?? "nothing"} to ${this.last ?? "nothing"}`)
    const from = keyOf(this.first)
    const batch = this.db.batch()
    for (let before = this.first; before < sequence; before++) batch.del(keyOf(before))
    batch.put(keyOf(sequence), record)
    await this.write(() => batch.write({ sync: true }))
    this.first = sequence
    // Gives the disk space back; nothing depends on it.
    await this.db.compactRange(from, keyOf(sequence)).catch(() => {})
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.writing
    await this.db.close()
  }

  private async write(work: () => Promise<void>): Promise<void> {
    if (this.torn) {
      await this.db.close()
      await this.db.open()
      this.torn = false
    }
    try {
      await work()
    } catch (error) {
      this.torn = true
      throw error
    }
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const group = this.waiting
      this.waiting = []
      try {
        const puts = group.map(({ sequence, record }) => ({ type: "put" as const, key: keyOf(sequence), value: record }))
        await this.write(() => this.db.batch(puts, { sync: true }))
        for (const { resolve } of group) resolve("appended")
      } catch (error) {
        // What waits behind a record that failed must not be written: it would leave a gap.
        const failed = [...group, ...this.waiting]
        this.waiting = []
        this.last = group[0]!.sequence - 1
        if (this.last < this.first!) this.first = null
        const why = asError(causeOf(error)).message
        for (const { sequence, reject } of failed) reject(new Error(`journal record ${sequence} could not be written: ${why}`))
      }
    }
    this.writing = null
  }
}

const keyOf = (sequence: number) => String(sequence).padStart(16, "0")

/** LevelDB's "failed to open" says nothing; what is under it says why. */
const causeOf = (error: unknown): unknown => (error instanceof Error && error.cause instanceof Error ? error.cause : error)

function openError(directory: string, error: unknown): RivuletError {
  const cause = causeOf(error)
  const code = (cause as NodeJS.ErrnoException).code
  if (code === "LEVEL_LOCKED")
    return new RivuletError(`the journal in ${directory} is in use: another master runs there`, {
      code: 2,
      try: "stop that master, or give this one a directory of its own (--dir)",
      cause: error,
    })
  return new RivuletError(`the journal in ${directory} cannot be opened: ${asError(cause).message}`, {
    code: 2,
    try: "a directory that this user may write to (--dir)",
    cause: error,
  })
}
