/**
 * The master's journal as a replicated log that other masters reach too: a NATS JetStream stream (`nats-store.ts` carries it).
 *
 * A message holds some records, as many as wait when it is sent, and is appended by compare-and-set: only if the log still ends where
 * this master has read it to. What is larger than a message goes in parts, each appended in that way, so that they lie side by side;
 * without the last of them they are nothing, and whoever comes next appends behind them.
 *
 * Whether an append that was not answered was done is found out before the next: what lies behind the known end is either this
 * writer's own, and then counts, or another master's, and then this one has lost ("conflict", for ever).
 */

import type { Journal } from "../ports.js"

/** A log that several processes append to. Positions go up by one from 1; those of messages that were removed are not used again. */
export interface SharedLog {
  /** The largest payload of a message. */
  readonly maxBytes: number
  /** Answers the message's position, or "moved" if the log does not end at `end`. Rejects when it is not known whether it was done. */
  append(message: LogMessage, end: number): Promise<number | "moved">
  /** Those behind `after`, in order, up to the last that is there now, and where the log ends. */
  read(after: number): AsyncIterable<LogMessage & { readonly position: number }>
  /** Removes what lies before the position. */
  trim(position: number): Promise<void>
}

export interface LogMessage {
  /** Who wrote it: one process, never the same twice. */
  readonly writer: string
  /** The sequence of its first record; 0: it has none, and only says that the log has begun. */
  readonly first: number
  /** Which part it is, from 1 on, and of how many. */
  readonly part: number
  readonly parts: number
  readonly payload: Uint8Array
}

interface Waiting {
  readonly sequence: number
  readonly record: Uint8Array
  readonly resolve: (outcome: "appended" | "conflict") => void
  readonly reject: (error: Error) => void
}

/** Records that wait together are sent together, up to so much. */
const groupBytes = 256 * 1024
const tries = 3

export class SharedJournal implements Journal {
  readonly #log: SharedLog
  readonly #writer: string
  #waiting: Waiting[] = []
  #writing: Promise<void> | null = null
  /** The newest sequence that is, or is about to be, in the log. */
  #last: number | null = null
  /** Where the log ends, as far as this one knows. */
  #end = 0
  /** An append of this writer may have been done, and was not answered. */
  #unsure = false
  #lost = false
  /** Where records lie that were appended since the last compaction. */
  #groups: { readonly first: number; readonly last: number; readonly position: number }[] = []

  /** `writer`: a name that no other process has or had. To be read before it is appended to. */
  constructor(log: SharedLog, writer: string) {
    this.#log = log
    this.#writer = writer
  }

  /** Also records from before the last compaction, some: those that lie in one message with it. */
  async *read(): AsyncIterable<{ sequence: number; record: Uint8Array }> {
    const groups = new Groups()
    for await (const message of this.#log.read(0)) {
      this.#end = message.position
      const group = groups.add(message)
      for (const [i, record] of (group?.records ?? []).entries()) {
        const sequence = (group as Group).first + i
        // Twice, from a writer that was not answered: the same.
        if (this.#last !== null && sequence <= this.#last) continue
        if (this.#last !== null && sequence !== this.#last + 1)
          throw new Error(`the journal has a gap: record ${sequence} follows ${this.#last}`)
        this.#last = sequence
        yield { sequence, record }
      }
    }
  }

  /** Rejects when it is not known whether it was appended, or it would leave a gap. Appended again it is there once. */
  append(sequence: number, record: Uint8Array): Promise<"appended" | "conflict"> {
    if (!Number.isSafeInteger(sequence) || sequence < 1) return Promise.reject(new Error(`${sequence} is no sequence number`))
    if (this.#lost || (this.#last !== null && sequence <= this.#last)) return Promise.resolve("conflict")
    if (this.#last !== null && sequence !== this.#last + 1)
      return Promise.reject(new Error(`record ${sequence} would follow ${this.#last}: those between are missing`))
    this.#last = sequence
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sequence, record, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  async compact(sequence: number): Promise<void> {
    const at = this.#groups.findIndex(({ first, last }) => first <= sequence && sequence <= last)
    if (at < 0) throw new Error(`cannot compact up to ${sequence}: it was not appended here`)
    await this.#log.trim((this.#groups[at] as { position: number }).position)
    this.#groups.splice(0, at)
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#writing
  }

  async #writeAll(): Promise<void> {
    // What comes in the same step goes with it.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#take()
      try {
        const outcome = await this.#write(group)
        if (outcome === "conflict") {
          this.#lost = true
          for (const { resolve } of [...group, ...this.#waiting.splice(0)]) resolve("conflict")
        } else for (const { resolve } of group) resolve("appended")
      } catch (error) {
        // What waits behind a record that failed must not be written: it would leave a gap.
        this.#last = (group[0] as Waiting).sequence - 1
        const text = error instanceof Error ? error.message : String(error)
        for (const { sequence, reject } of [...group, ...this.#waiting.splice(0)])
          reject(new Error(`journal record ${sequence} could not be written: ${text}`))
      }
    }
    this.#writing = null
  }

  #take(): Waiting[] {
    let bytes = 0
    let count = 0
    while (count < this.#waiting.length && (count === 0 || bytes < groupBytes))
      bytes += (this.#waiting[count++] as Waiting).record.byteLength
    return this.#waiting.splice(0, count)
  }

  async #write(group: readonly Waiting[]): Promise<"appended" | "conflict"> {
    let rest = group
    for (let n = 0; n < tries; n++) {
      if (this.#unsure) {
        const through = await this.#settle()
        if (through === "conflict") return "conflict"
        rest = rest.filter(({ sequence }) => sequence > through)
        if (rest.length === 0) return "appended"
      }
      // Until it is answered, and when it is not.
      this.#unsure = true
      if (await this.#send(rest)) {
        this.#unsure = false
        return "appended"
      }
    }
    throw new Error("the store takes nothing at the journal's end, though nothing is there")
  }

  /** False if the log does not end where it should. */
  async #send(group: readonly Waiting[]): Promise<boolean> {
    const bytes = frame(group.map(({ record }) => record))
    const first = (group[0] as Waiting).sequence
    const parts = Math.max(1, Math.ceil(bytes.byteLength / this.#log.maxBytes))
    for (let part = 1; part <= parts; part++) {
      const payload = bytes.subarray((part - 1) * this.#log.maxBytes, part * this.#log.maxBytes)
      const position = await this.#log.append({ writer: this.#writer, first, part, parts, payload }, this.#end)
      if (position === "moved") return false
      this.#end = position
    }
    this.#groups.push({ first, last: first + group.length - 1, position: this.#end - parts + 1 })
    return true
  }

  /** What of this writer's has come into the log behind its known end: through which sequence. */
  async #settle(): Promise<number | "conflict"> {
    const groups = new Groups()
    let through = 0
    for await (const message of this.#log.read(this.#end)) {
      // Whatever it is, a part too: what it belongs to this one has not read.
      if (message.writer !== this.#writer) return "conflict"
      this.#end = message.position
      const group = groups.add(message)
      if (group === null) continue
      through = group.first + group.records.length - 1
      this.#groups.push({ first: group.first, last: through, position: group.position })
    }
    return through
  }
}

interface Group {
  readonly first: number
  readonly records: readonly Uint8Array[]
  /** Of its first part. */
  readonly position: number
}

/** Puts parts together. */
class Groups {
  #open: (LogMessage & { readonly position: number })[] = []

  /** The group that is whole with this message. */
  add(message: LogMessage & { readonly position: number }): Group | null {
    const previous = this.#open.at(-1)
    const goesOn =
      previous !== undefined &&
      previous.writer === message.writer &&
      previous.first === message.first &&
      previous.parts === message.parts &&
      previous.part === message.part - 1
    if (!goesOn) this.#open = []
    if (!goesOn && message.part !== 1) return null
    this.#open.push(message)
    if (message.part < message.parts) return null
    const open = this.#open
    this.#open = []
    const records = message.first === 0 ? [] : unframe(Buffer.concat(open.map(({ payload }) => payload)))
    return { first: message.first, position: (open[0] as { readonly position: number }).position, records }
  }
}

/** Length and bytes of each, one after the other. */
function frame(records: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(records.reduce((sum, { byteLength }) => sum + 4 + byteLength, 0))
  let at = 0
  for (const record of records) {
    at = bytes.writeUInt32LE(record.byteLength, at)
    bytes.set(record, at)
    at += record.byteLength
  }
  return bytes
}

function unframe(bytes: Buffer): Uint8Array[] {
  const records: Uint8Array[] = []
  for (let at = 0; at < bytes.byteLength; ) {
    const length = bytes.readUInt32LE(at)
    at += 4
    records.push(bytes.subarray(at, at + length))
    at += length
  }
  return records
}
