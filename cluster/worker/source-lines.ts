/**
 * The lines of what a source sends, as blocks: of server-sent events the data. Lines that are too long are no records, and told apart. It is known up to
 * where whole lines are there, so that an answer that broke off can be gone on with from there.
 */

import { keptOfLongLineBytes, longestLineBytes } from "../../engine/input/file-split.js"
import { TextPacker } from "../../engine/text-packer.js"
import type { SourcePlace } from "../ports.js"

const newline = 10
const none = new Uint8Array(0)
const maxBytes = 1024 * 1024

export interface SourceLinesOptions {
  /** It sends events: of these the lines of data count. */
  readonly events: boolean
  /** Where the answer begins in what the source is. */
  readonly from: number
  /** By which the server knows whether it is still the same; null: it says nothing of it. */
  readonly validator: string | null
  /** The id of the last event of before. */
  readonly lastEvent: string | null
  /** The beginning of a line that is too long, and its length. */
  readonly onLongLine: (head: Uint8Array, lengthBytes: number) => void
}

export class SourceLines {
  readonly #options: SourceLinesOptions
  readonly #packer: TextPacker
  /** Of events: the line that has begun. Of one that is too long, its beginning. */
  #tail: Uint8Array = none
  #tailBytes = 0
  #readBytes: number
  #wholeBytes: number
  #lastEvent: string | null
  /** Of the event that has begun: it counts when it is whole, else it would come again with the next answer. */
  #eventId: string | null
  #event = ""

  constructor(options: SourceLinesOptions) {
    this.#options = options
    this.#packer = new TextPacker({ maxBytes, maxLineBytes: longestLineBytes, onLongLine: options.onLongLine })
    this.#readBytes = options.from
    this.#wholeBytes = options.from
    this.#lastEvent = options.lastEvent
    this.#eventId = options.lastEvent
  }

  /** From where on it can be gone on with, without a line missing or coming twice; null: the source cannot be asked for that. */
  get place(): SourcePlace | null {
    const { events, validator } = this.#options
    if (events) return this.#lastEvent === null ? null : { lastEvent: this.#lastEvent }
    return validator === null ? null : { offset: this.#wholeBytes, validator }
  }

  /** Whole lines that are in no block yet. */
  get pendingLines(): number {
    return this.#packer.pendingLines
  }

  /** A line has begun. */
  get begun(): boolean {
    return this.#readBytes > this.#wholeBytes
  }

  /** The next bytes, cut anywhere; gives the blocks that became full. */
  push(bytes: Uint8Array): Uint8Array[] {
    const end = bytes.lastIndexOf(newline) + 1
    if (end > 0) this.#wholeBytes = this.#readBytes + end
    this.#readBytes += bytes.length
    return this.#packer.push(this.#options.events ? this.#data(bytes, end) : bytes)
  }

  /** The whole lines so far; null if there are none. */
  flush(): Uint8Array | null {
    return this.#packer.flushLines()
  }

  /** The source has ended: its last line needs no line end. */
  end(): Uint8Array[] {
    const ending = this.#tailBytes > 0 ? [newline, newline] : [newline]
    const blocks = this.#options.events ? this.push(Uint8Array.from(ending)) : []
    const last = this.#packer.flush()
    return last === null ? blocks : [...blocks, last]
  }

  #data(bytes: Uint8Array, end: number): Uint8Array {
    if (end === 0) {
      this.#grow(bytes)
      return none
    }
    const events: string[] = []
    let from = 0
    if (this.#tailBytes > 0) {
      from = bytes.indexOf(newline) + 1
      this.#grow(bytes.subarray(0, from - 1))
      this.#line(this.#tail, this.#tailBytes, events)
      this.#tail = none
      this.#tailBytes = 0
    }
    for (let at = from; at < end; ) {
      const next = bytes.indexOf(newline, at)
      this.#line(bytes.subarray(at, next), next - at, events)
      at = next + 1
    }
    this.#grow(bytes.subarray(end))
    return Buffer.from(events.join(""))
  }

  #grow(bytes: Uint8Array): void {
    this.#tailBytes += bytes.length
    if (this.#tail.length <= longestEventLineBytes) this.#tail = Buffer.concat([this.#tail, bytes])
  }

  #line(bytes: Uint8Array, lengthBytes: number, events: string[]): void {
    if (lengthBytes > longestEventLineBytes) {
      this.#options.onLongLine(bytes.subarray(0, keptOfLongLineBytes), lengthBytes)
      return
    }
    const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8").replace(/\r$/, "")
    if (line === "") {
      events.push(this.#event)
      this.#event = ""
      this.#lastEvent = this.#eventId
    } else if (line.startsWith("data:")) this.#event += `${valueOf(line)}\n`
    else if (line.startsWith("id:")) this.#eventId = valueOf(line)
  }
}

/** With the name of its field. */
const longestEventLineBytes = longestLineBytes + "data: ".length

const valueOf = (line: string): string => {
  const colon = line.indexOf(":")
  return line.slice(colon + (line[colon + 1] === " " ? 2 : 1))
}
