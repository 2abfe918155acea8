/** Access logs: lines in memory of a kernel, a slice at a time, and the places of their parts (`wasm/assembly/combined.ts`; `format/combined.ts` says what they are). */

import { parseTimestamp } from "../format/combined.js"
import { sliceBytes } from "../wasm/lines.js"
import { KernelInstance } from "../wasm/module.js"
import { lastWithin } from "../wasm/slices.js"
import type { Code } from "./code.js"
import { stringOf } from "./text.js"
import type { TextValue, Value } from "./values.js"

const dash = 45
const sliceRows = 512
const padding = 64
/** Of a line's places, which are numbers of four bytes. */
const lineBytes = 64
const lineInts = lineBytes / 4
/** By these names the assembly's comment has them. */
const at = {
  flags: 0,
  line: 1,
  user: 2,
  userEnd: 3,
  method: 4,
  methodEnd: 5,
  url: 6,
  urlEnd: 7,
  clock: 8,
  ipEnd: 9,
  bytes: 10 / 2,
} as const
const quotedAt = { referrer: 12, referrerEnd: 13, agent: 14, agentEnd: 15 } as const
const flag = { line: 1, otherDay: 2, quoted: 4 } as const
const dayLength = 12
const timeLength = 26

let instance: KernelInstance | null = null
/** Whose lines lie in the memory. */
let holder: CombinedLines | null = null

/** The lines of a text: rows of a column one after the other, or (without `offsets`) one by one. */
export class CombinedLines {
  /** Memory in which the line at hand lies, and where its places do. */
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly places: Int32Array
  readonly numbers: Float64Array
  at = 0
  timeMs = Number.NaN
  /** Referrers and agents are asked for. */
  quoted = false
  private readonly out: number
  /** What lies in the memory: rows, or bytes, from the first to before the last, and where. */
  private first = 0
  private last = 0
  private slice = 0
  /** The day that was read last, and its first millisecond. */
  private readonly day = new Uint8Array(timeLength)
  private dayMs = Number.NaN

  constructor(
    private readonly data: Uint8Array,
    private readonly offsets: Int32Array | null = null,
    private readonly rows = 0,
  ) {
    instance ??= new KernelInstance(sliceBytes + 3 * padding + (sliceRows + 16) * 4 + sliceRows * lineBytes)
    this.bytes = instance.bytes
    this.view = new DataView(this.bytes.buffer)
    this.out = instance.base + align(sliceBytes + 2 * padding) + align((sliceRows + 1) * 4)
    this.places = new Int32Array(this.bytes.buffer)
    this.numbers = new Float64Array(this.bytes.buffer)
  }

  /** False: the row is no line, or a rare one. */
  read(row: number): boolean {
    if (holder !== this || row < this.first || row >= this.last) {
      if (!this.loadRows(row)) return false
    }
    this.at = this.out / 4 + (row - this.first) * lineInts
    return this.known()
  }

  /** The same of the line that is bytes [from, to). */
  readOne(from: number, to: number): boolean {
    if (to - from > sliceBytes) return false
    if (holder !== this || from < this.first || to > this.last) this.load(from, Math.min(this.data.length, from + sliceBytes), from)
    const by = this.slice - this.first
    instance!.kernels.logLine(from + by, to + by, this.out, this.quoted ? 1 : 0)
    this.at = this.out / 4
    return this.known()
  }

  /** Whether referrer and agent are: they have escapes, or are cut off. */
  hasQuoted(): boolean {
    return (this.places[this.at]! & flag.quoted) !== 0
  }

  private known(): boolean {
    const { places, at: place } = this
    const flags = places[place]!
    if ((flags & flag.otherDay) !== 0) this.readDay(places[place + at.userEnd]! + 2, places[place + at.clock]!)
    if ((flags & flag.line) === 0) return false
    this.timeMs = this.dayMs + places[place + at.clock]!
    // Else it is no day.
    return !Number.isNaN(this.timeMs)
  }

  private loadRows(row: number): boolean {
    const offsets = this.offsets!
    const from = offsets[row]!
    const last = lastWithin(offsets, row, Math.min(this.rows, row + sliceRows), from + sliceBytes)
    if (last === row) return false
    this.load(from, offsets[last]!, row)
    this.last = last
    const ends = this.out - align((sliceRows + 1) * 4)
    this.places.set(offsets.subarray(row, last + 1), ends / 4)
    instance!.kernels.logLines(this.slice, ends, from, last - row, this.out, this.quoted ? 1 : 0)
    return true
  }

  /** Bytes [from, to), which are called `first` and on. */
  private load(from: number, to: number, first: number): void {
    holder = this
    this.first = first
    this.last = to
    // As far from a word's beginning as in `data`: shared memory is copied by words or else by bytes.
    this.slice = instance!.base + ((this.data.byteOffset + from) & 7)
    this.bytes.set(this.data.subarray(from, to), this.slice)
    instance!.kernels.logBegin()
  }

  /** Of a line's time, which begins there. */
  private readDay(from: number, clock: number): void {
    const { bytes, day } = this
    let same = true
    for (let i = 0; i < timeLength; i++) {
      // The clock lies between.
      if (i >= dayLength && i <= 20) continue
      const byte = bytes[from + i]!
      if (byte !== day[i]) same = false
      day[i] = byte
    }
    if (same) return
    const text = stringOf(bytes, from, from + timeLength)
    try {
      this.dayMs = text.length === timeLength ? parseTimestamp(text, 0) - clock : Number.NaN
    } catch {
      this.dayMs = Number.NaN
    }
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64
}

/** The record of a row, of which the fields are read that are asked for. `single`: rows come one by one, not as a column. */
export function combinedRecord(code: Code, single: boolean): Value {
  code.constants.push(`const log = new text.CombinedLines(data${single ? "" : ", offsets, rows"})
const lines = log.bytes, linesView = log.view, places = log.places`)
  code.guard(single ? "log.readOne(start, end)" : "log.read(line)")
  const place = code.fresh("p")
  code.line(`const ${place} = log.at`)
  const of = (index: number) => `places[${place} + ${index}]`
  const piece = (from: string, to: string): TextValue => {
    const [a, b] = [code.fresh("p"), code.fresh("q")]
    code.line(`const ${a} = ${from}, ${b} = ${to}`)
    return { type: "text", data: "lines", from: a, to: b }
  }
  const maybe = (from: number, to: number): Value => {
    code.once("quoted", () => {
      code.constants.push("log.quoted = true")
      code.guard("log.hasQuoted()")
      return { type: "null" }
    })
    const text = piece(of(from), of(to))
    return { type: "maybe", present: `(${text.to} !== 0)`, text }
  }
  const fields: Readonly<Record<string, () => Value>> = {
    ip: () => piece(of(at.line), of(at.ipEnd)),
    user() {
      const text = piece(`${of(at.user)} + 1`, of(at.userEnd))
      return { type: "maybe", present: `!(${text.to} === ${text.from} + 1 && lines[${text.from}] === ${dash})`, text }
    },
    time: () => ({ type: "date", js: code.number("log.timeMs").js }),
    method: () => piece(of(at.method), of(at.methodEnd)),
    url: () => piece(of(at.url), of(at.urlEnd)),
    status: () => code.number(`${of(at.flags)} >> 8`),
    bytes: () => code.number(`log.numbers[(${place} >> 1) + ${at.bytes}]`),
    referrer: () => maybe(quotedAt.referrer, quotedAt.referrerEnd),
    agent: () => maybe(quotedAt.agent, quotedAt.agentEnd),
  }
  return { type: "object", field: name => (Object.hasOwn(fields, name) ? code.once(name, fields[name]!) : null) }
}
