/**
 * Sources that this worker reads itself (`tcp://`, `http://`): their lines enter as batches that a client would send, so that
 * they are checked, copied to a second worker, reported and sealed in the same way. What a source has sent counts when two
 * workers hold it; a source that cannot be read again has lost what came after that when its reader dies.
 *
 *   closed ──due──▶ opening ──opened──▶ reading ──closed──▶ closed, for a while that doubles
 *
 * The source is read no faster than batches are stored: it is asked for more when the last of it has been.
 */

import type { StreamId } from "../../engine/definition.js"
import { longestLineBytes } from "../../engine/input/file-split.js"
import { TextPacker } from "../../engine/text-packer.js"
import type { BatchKey, InputInfo } from "../protocol.js"
import type { ClockOffset } from "./clock-offset.js"
import type { MasterLink } from "./master-link.js"
import type { Outbox } from "./outbox.js"

export interface ReadersParts {
  readonly clock: ClockOffset
  readonly outbox: Outbox
  readonly master: MasterLink
  /** Stores a batch; it is answered by `acked` or `refused`, perhaps at once. */
  receive(key: BatchKey, block: Uint8Array): void
}

interface Reading {
  readonly stream: string
  readonly receiver: string
  readonly url: string
  readonly session: string
  packer: TextPacker
  /** The name of the connection; null while there is none. */
  source: string | null
  opened: boolean
  /** It sends events: of these the lines of data count. */
  events: boolean
  /** Of events: the line that has begun. */
  tail: Uint8Array
  /** Packed and not acked, by number. */
  readonly unacked: Map<number, { readonly block: Uint8Array; dueMs: number }>
  unackedBytes: number
  nextSeq: number
  /** The adapter has been asked for more. */
  asked: boolean
  openMs: number
  waitMs: number
  flushMs: number
  /** All of a source that has an end has been read. */
  over: boolean
}

const blockBytes = 1024 * 1024
const bufferBytes = 4 * blockBytes
const flushAfterMs = 50
const refusedAgainMs = 200
const firstWaitMs = 250
const longestWaitMs = 15_000
const newline = 10
const none = new Uint8Array(0)

export class Readers {
  readonly #parts: ReadersParts
  readonly #readings = new Map<string, Reading>()
  #opened = 0

  constructor(parts: ReadersParts) {
    this.#parts = parts
  }

  /** What the master wants to be read here from now on. */
  onInputs(inputs: readonly InputInfo[]): void {
    const wanted = new Map(
      inputs.flatMap(({ stream, receiver, read }) => (read === undefined ? [] : [[read.session, { stream, receiver, ...read }]])),
    )
    for (const reading of this.#readings.values()) {
      if (wanted.has(reading.session)) continue
      this.#readings.delete(reading.session)
      if (reading.source !== null) this.#parts.outbox.push({ kind: "closeSource", source: reading.source })
    }
    for (const { stream, receiver, url, session } of wanted.values()) {
      if (this.#readings.has(session)) continue
      const packer = this.#packer(stream, url)
      const fresh = { source: null, opened: false, events: false, tail: none, unacked: new Map(), unackedBytes: 0, nextSeq: 1 }
      const times = { asked: false, openMs: 0, waitMs: firstWaitMs, flushMs: Number.POSITIVE_INFINITY, over: false }
      this.#readings.set(session, { stream, receiver, url, session, packer, ...fresh, ...times })
    }
  }

  onOpened(source: string, events: boolean): void {
    const reading = this.#of(source)
    if (reading === undefined) return
    reading.events = events
    reading.opened = true
    reading.waitMs = firstWaitMs
    this.#note(reading.stream, `reading ${reading.url}`, "info")
    this.#pull(reading)
  }

  onBytes(source: string, bytes: Uint8Array): void {
    const reading = this.#of(source)
    if (reading === undefined) return
    reading.asked = false
    this.#take(reading, bytes)
    this.#pull(reading)
  }

  /** `error` null: the other side has ended it. `over`: there is nothing more to come. */
  onClosed(source: string, error: string | null, over: boolean): void {
    const reading = this.#of(source)
    if (reading === undefined) return
    reading.source = null
    reading.opened = false
    reading.asked = false
    this.#flush(reading)
    const begun = reading.packer.pendingBytes + reading.tail.length > 0
    if (begun && error === null) {
      // Its last line needs no line end.
      if (reading.events) this.#take(reading, Uint8Array.of(newline))
      this.#flush(reading, reading.packer.flush())
    } else if (begun) this.#note(reading.stream, `${reading.url} broke off within a line, which is left out`)
    reading.packer = this.#packer(reading.stream, reading.url)
    reading.tail = none
    reading.over = over
    if (over) {
      this.#note(reading.stream, `${reading.url} is read to its end`, "info")
      return
    }
    reading.openMs = this.#parts.clock.monotonicMs + reading.waitMs
    this.#note(reading.stream, `${reading.url}: ${error ?? "it was closed"}; trying again in ${reading.waitMs} ms`)
    reading.waitMs = Math.min(longestWaitMs, reading.waitMs * 2)
  }

  acked({ session, seq }: BatchKey): void {
    const reading = this.#readings.get(session)
    const batch = reading?.unacked.get(seq)
    if (reading === undefined || batch === undefined) return
    reading.unacked.delete(seq)
    reading.unackedBytes -= batch.block.byteLength
    this.#pull(reading)
  }

  refused({ session, seq }: BatchKey, reason: string): void {
    const reading = this.#readings.get(session)
    const batch = reading?.unacked.get(seq)
    if (reading === undefined || batch === undefined) return
    batch.dueMs = this.#parts.clock.monotonicMs + refusedAgainMs
    if (reason.startsWith("bad")) this.#parts.outbox.say("error", `what was read from ${reading.url} is no valid block: ${reason}`)
  }

  onTime(nowMs: number): void {
    // Another may have been told to read in our place.
    if (!this.#parts.master.joined) return
    for (const reading of [...this.#readings.values()]) {
      if (reading.source === null && !reading.over && nowMs >= reading.openMs) {
        reading.source = `${reading.session}#${++this.#opened}`
        this.#parts.outbox.push({ kind: "openSource", source: reading.source, url: reading.url })
      }
      if (nowMs >= reading.flushMs) this.#flush(reading)
      for (const [seq, batch] of [...reading.unacked]) {
        if (nowMs < batch.dueMs) continue
        batch.dueMs = Number.POSITIVE_INFINITY
        this.#parts.receive(keyOf(reading, seq), batch.block)
      }
      this.#pull(reading)
    }
  }

  get deadlineMs(): number {
    let first = Number.POSITIVE_INFINITY
    if (!this.#parts.master.joined) return first
    for (const { source, over, openMs, flushMs, unacked } of this.#readings.values()) {
      if (source === null && !over) first = Math.min(first, openMs)
      first = Math.min(first, flushMs)
      for (const { dueMs } of unacked.values()) first = Math.min(first, dueMs)
    }
    return first
  }

  #pull(reading: Reading): void {
    if (reading.source === null || !reading.opened || reading.asked || reading.unackedBytes >= bufferBytes || !this.#parts.master.joined)
      return
    reading.asked = true
    this.#parts.outbox.push({ kind: "pullSource", source: reading.source })
  }

  #take(reading: Reading, bytes: Uint8Array): void {
    for (const block of reading.packer.push(reading.events ? this.#data(reading, bytes) : bytes)) this.#send(reading, block)
    if (reading.flushMs === Number.POSITIVE_INFINITY && reading.packer.pendingLines > 0)
      reading.flushMs = this.#parts.clock.monotonicMs + flushAfterMs
  }

  /** Of server-sent events the data: a line each. */
  #data(reading: Reading, bytes: Uint8Array): Uint8Array {
    const all = reading.tail.length === 0 ? bytes : Buffer.concat([reading.tail, bytes])
    const end = all.lastIndexOf(newline) + 1
    reading.tail = all.length - end > longestLineBytes ? none : all.slice(end)
    const data: string[] = []
    for (const line of Buffer.from(all.buffer, all.byteOffset, end).toString("utf8").split("\n")) {
      if (line.startsWith("data:")) data.push(`${line.slice(line[5] === " " ? 6 : 5)}\n`)
    }
    return Buffer.from(data.join(""))
  }

  #packer(stream: StreamId, url: string): TextPacker {
    const onLongLine = (_: Uint8Array, length: number) =>
      this.#note(stream, `a line of ${length} bytes from ${url} was left out: it is longer than 8 MiB`)
    return new TextPacker({ maxBytes: blockBytes, maxLineBytes: longestLineBytes, onLongLine })
  }

  #flush(reading: Reading, block = reading.packer.flushLines()): void {
    reading.flushMs = Number.POSITIVE_INFINITY
    if (block !== null) this.#send(reading, block)
  }

  #send(reading: Reading, block: Uint8Array): void {
    const seq = reading.nextSeq++
    reading.unacked.set(seq, { block, dueMs: Number.POSITIVE_INFINITY })
    reading.unackedBytes += block.byteLength
    this.#parts.receive(keyOf(reading, seq), block)
  }

  #of(source: string): Reading | undefined {
    for (const reading of this.#readings.values()) if (reading.source === source) return reading
    return undefined
  }

  #note(stream: string, text: string, level: "info" | "warn" = "warn"): void {
    this.#parts.outbox.say(level, text)
    this.#parts.master.post({ kind: "log", stream, interval: null, partition: null, lines: [{ level, text, repeated: 1 }] })
  }
}

const keyOf = ({ session, receiver }: Reading, seq: number): BatchKey => ({ session, stream: receiver, seq })
