/**
 * Sources that this worker reads itself (`tcp://`, `http://`): their lines enter as batches that a client would send, so that
 * they are checked, copied to a second worker, reported and sealed in the same way. What a source has sent counts when two
 * workers hold it; a source that cannot be read again has lost what came after that when its reader dies.
 *
 *   closed ──due──▶ opening ──opened──▶ reading ──closed──▶ closed, for a while that doubles
 *
 * The source is read no faster than batches are stored: it is asked for more when the last of it has been.
 */

import { encodeRows } from "../../engine/block/block.js"
import { keptOfLongLineBytes, tooLong } from "../../engine/input/file-split.js"
import type { NodeEvent, SourcePlace } from "../ports.js"
import type { BatchKey, InputInfo } from "../protocol.js"
import type { ClockOffset } from "./clock-offset.js"
import type { MasterLink } from "./master-link.js"
import type { Outbox } from "./outbox.js"
import { SourceLines } from "./source-lines.js"

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
  /** The name of the connection; null while there is none. */
  source: string | null
  /** Null until it is open. */
  lines: SourceLines | null
  /** Where it is gone on with when it is opened again; null: where the other side begins. */
  place: SourcePlace | null
  /** Packed and not acked, by number. */
  readonly unacked: Map<number, { readonly block: Uint8Array; readonly aside?: string; dueMs: number }>
  unackedBytes: number
  nextSeq: number
  /** The adapter has been asked for more. */
  asked: boolean
  openMs: number
  waitMs: number
  /** So often in a row it could not be opened, and why. */
  failures: number
  failure: string
  flushMs: number
  /** All of a source that has an end has been read. */
  over: boolean
  /** It is read elsewhere from now on. */
  retired: boolean
}

const blockBytes = 1024 * 1024
const bufferBytes = 4 * blockBytes
const flushAfterMs = 50
const refusedAgainMs = 200
const firstWaitMs = 250
const longestWaitMs = 15_000
/** As many in a row take half a minute. */
const fewFailures = 8

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
    for (const reading of [...this.#readings.values()]) {
      if (wanted.has(reading.session)) continue
      if (reading.source !== null) this.#parts.outbox.push({ kind: "closeSource", source: reading.source })
      // Another worker reads on: what is in hand here is brought to its end.
      if (inputs.some(({ stream }) => stream === reading.stream)) this.#finish(reading)
      else this.#readings.delete(reading.session)
    }
    for (const { stream, receiver, url, session } of wanted.values()) {
      if (this.#readings.has(session)) continue
      const fresh = { source: null, lines: null, place: null, unacked: new Map(), unackedBytes: 0, nextSeq: 1 }
      const times = { asked: false, openMs: 0, waitMs: firstWaitMs, flushMs: Number.POSITIVE_INFINITY, over: false, retired: false }
      this.#readings.set(session, { stream, receiver, url, session, failures: 0, failure: "", ...fresh, ...times })
    }
  }

  /** Batches that are not held by two workers yet. */
  get unacked(): number {
    let batches = 0
    for (const { unacked } of this.#readings.values()) batches += unacked.size
    return batches
  }

  onOpened({ source, events, from, validator }: Extract<NodeEvent, { kind: "sourceOpened" }>): void {
    const reading = this.#of(source)
    if (reading === undefined) return
    const { place } = reading
    const lastEvent = place !== null && "lastEvent" in place ? place.lastEvent : null
    const onLongLine = (head: Uint8Array, lengthBytes: number) => this.#setAside(reading, head, lengthBytes)
    reading.lines = new SourceLines({ events, from, validator, lastEvent, onLongLine })
    reading.waitMs = firstWaitMs
    const again = place !== null && "offset" in place && from < place.offset
    if (again) this.#note(reading.stream, `${reading.url} is read from its beginning again: lines of it come twice`)
    else {
      const place = from > 0 ? ` from its byte ${from} on` : ""
      const after = reading.failures > 1 ? `, after ${reading.failures} tries in vain` : ""
      this.#note(reading.stream, `reading ${reading.url}${place}${after}`, "info")
    }
    reading.failures = 0
    reading.failure = ""
    this.#pull(reading)
  }

  onBytes(source: string, bytes: Uint8Array): void {
    const reading = this.#of(source)
    if (reading === undefined || reading.lines === null) return
    reading.asked = false
    this.#take(reading, reading.lines, bytes)
    this.#pull(reading)
  }

  /** `error` null: the other side has ended it. `over`: there is nothing more to come. */
  onClosed(source: string, error: string | null, over: boolean): void {
    const reading = this.#of(source)
    if (reading === undefined) return
    const { lines } = reading
    reading.source = null
    reading.lines = null
    reading.asked = false
    if (lines !== null) {
      this.#flush(reading, lines)
      // What it is asked for again when it has ended is another answer.
      const { place } = lines
      reading.place = place !== null && (error !== null || "lastEvent" in place) ? place : null
      if (error === null) for (const block of lines.end()) this.#send(reading, block)
      else if (lines.begun && reading.place === null)
        this.#note(reading.stream, `${reading.url} broke off within a line, which is left out`)
    }
    reading.over = over
    if (over) {
      this.#note(reading.stream, `${reading.url} is read to its end`, "info")
      return
    }
    reading.openMs = this.#parts.clock.monotonicMs + reading.waitMs
    this.#failed(reading, error ?? "it was closed")
    reading.waitMs = Math.min(longestWaitMs, reading.waitMs * 2)
  }

  /** Said once, and from then on counted: of the same failure each time that there are twice as many. */
  #failed(reading: Reading, why: string): void {
    const { url, stream } = reading
    if (reading.failure !== why) reading.failures = 0
    reading.failure = why
    const failures = ++reading.failures
    if (failures === 1) this.#note(stream, `${url}: ${why}; it is tried again, at least every ${longestWaitMs / 1000} s`)
    else if (failures >= fewFailures && Number.isInteger(Math.log2(failures)))
      this.#note(stream, `${url}: ${why}, ${failures} times so far`)
  }

  acked({ session, seq }: BatchKey): void {
    const reading = this.#readings.get(session)
    const batch = reading?.unacked.get(seq)
    if (reading === undefined || batch === undefined) return
    reading.unacked.delete(seq)
    reading.unackedBytes -= batch.block.byteLength
    if (reading.retired && reading.unacked.size === 0) this.#readings.delete(session)
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
        const { source, url, place } = reading
        this.#parts.outbox.push({ kind: "openSource", source, url, ...(place !== null && { place }) })
      }
      if (nowMs >= reading.flushMs && reading.lines !== null) this.#flush(reading, reading.lines)
      for (const [seq, batch] of [...reading.unacked]) {
        if (nowMs < batch.dueMs) continue
        batch.dueMs = Number.POSITIVE_INFINITY
        this.#parts.receive(keyOf(reading, seq, batch), batch.block)
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
    const { source, lines, asked, unackedBytes } = reading
    if (source === null || lines === null || asked || unackedBytes >= bufferBytes || !this.#parts.master.joined) return
    reading.asked = true
    this.#parts.outbox.push({ kind: "pullSource", source })
  }

  #take(reading: Reading, lines: SourceLines, bytes: Uint8Array): void {
    for (const block of lines.push(bytes)) this.#send(reading, block)
    if (reading.flushMs === Number.POSITIVE_INFINITY && lines.pendingLines > 0)
      reading.flushMs = this.#parts.clock.monotonicMs + flushAfterMs
  }

  /** A line that is no record: its beginning, as a batch of its own. */
  #setAside(reading: Reading, head: Uint8Array, lengthBytes: number): void {
    this.#note(reading.stream, `a line of ${lengthBytes} bytes from ${reading.url} is set aside: it is longer than 8 MiB`)
    this.#send(reading, encodeRows([Buffer.from(head.subarray(0, keptOfLongLineBytes)).toString("utf8")]), tooLong)
  }

  #finish(reading: Reading): void {
    reading.source = null
    reading.over = true
    reading.retired = true
    if (reading.lines !== null) this.#flush(reading, reading.lines)
    if (reading.unacked.size === 0) this.#readings.delete(reading.session)
  }

  #flush(reading: Reading, lines: SourceLines): void {
    reading.flushMs = Number.POSITIVE_INFINITY
    const block = lines.flush()
    if (block !== null) this.#send(reading, block)
  }

  #send(reading: Reading, block: Uint8Array, aside?: string): void {
    const seq = reading.nextSeq++
    const batch = { block, ...(aside !== undefined && { aside }), dueMs: Number.POSITIVE_INFINITY }
    reading.unacked.set(seq, batch)
    reading.unackedBytes += block.byteLength
    this.#parts.receive(keyOf(reading, seq, batch), block)
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

const keyOf = ({ session, receiver }: Reading, seq: number, { aside }: { readonly aside?: string }): BatchKey => ({
  session,
  stream: receiver,
  seq,
  ...(aside !== undefined && { aside }),
})
