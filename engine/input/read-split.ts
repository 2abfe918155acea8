/**
 * Reading an input's records into its intervals: of a split of a file, or of what arrived in an interval (the paper's §3.1).
 * Without event times a split's lines are one block, for the interval in which the master admits it; with them there is one
 * block an interval, in order of time. Records keep their order.
 *
 * A line that the format cannot read stays with the one before it: it is set aside when its interval is read. What no
 * interval can be found for (a record that has no time, a line that is too long) is set aside here, in a block of its own.
 */

import { isAscii } from "node:buffer"
import { Block, encodeRows } from "../block/block.js"
import type { FileSplit, FormatSpec, Push } from "../rdd.js"
import type { StageWrite, TaskOutput } from "../task.js"
import { intervalStart, parseTime, type TimeLike } from "../time.js"
import { keptOfLongLineBytes, ownLines, tooLong } from "./file-split.js"
import type { SplitPacker } from "./split-packer.js"

type ReadWrite = Extract<StageWrite, { kind: "read" }>

export interface SplitReader {
  parser(format: FormatSpec): ((line: string, push: Push) => void) | null
  /** The user's event time of a record. */
  timestamp: ((record: unknown) => unknown) | null
  /** The times of a block's lines, as `parser` and `timestamp` give them; NaN: they must be asked. */
  times?: ((block: Block) => Float64Array) | null
  readonly packer: SplitPacker
  /** Counted, with a sample: the line is in an aside block. */
  setAside(line: string, error: string): void
}

const tooFarAhead = "its time lies more than a day ahead"
const noTime = "its timestamp gives no time"

/** The lines of a split of a file. */
export function readSplit({ format, intervalMs }: ReadWrite, split: FileSplit, bytes: Uint8Array, reader: SplitReader): TaskOutput[] {
  const { from, to, cut } = ownLines(split, bytes)
  const long: Uint8Array[] = []
  let end = to
  if (cut) {
    end = Math.max(from, bytes.lastIndexOf(10, to - 1) + 1)
    long.push(bytes.subarray(end, Math.min(to, end + keptOfLongLineBytes)))
  }
  const packed = reader.packer.pack(bytes.subarray(from, end), head => long.push(head.slice(0, keptOfLongLineBytes)))
  const outputs: TaskOutput[] =
    packed === null ? [] : reader.timestamp === null ? [output(packed)] : byTime(packed, format, intervalMs, reader)
  if (long.length > 0)
    outputs.push(
      asideOf(
        long.map(line => lineOf(line)),
        tooLong,
        reader,
      ),
    )
  return outputs
}

/** Rows [from, to) of a block. */
type Rows = readonly [from: number, to: number]

/** A block for each interval in which lines have their time, in order of time; then of those that have none. */
function byTime(packed: Uint8Array, format: FormatSpec, intervalMs: number, reader: SplitReader): TaskOutput[] {
  const block = Block.of(packed)
  const times = new EventTimes(reader.parser(format), reader.timestamp!)
  const known = reader.times?.(block) ?? null
  const buckets = new Buckets<Rows>()
  const untimed: string[] = []
  let begin = 0
  const close = (until: number) => {
    if (until > begin) buckets.add([begin, until])
    begin = until
  }
  for (let row = 0; row < block.rows; row++) {
    const time = (known === null ? null : times.known(known[row]!)) ?? times.of(block.row(row))
    if (time === null) {
      close(row)
      untimed.push(headOf(block, row))
      begin = row + 1
    } else if (time !== undefined) {
      const interval = intervalStart(time, intervalMs)
      if (interval === buckets.current) continue
      // Lines before the first that has a time go with it.
      if (!Number.isNaN(buckets.current)) close(row)
      buckets.current = interval
    }
  }
  close(block.rows)
  const all = buckets.inOrder()
  const whole = all.length === 1 && untimed.length === 0
  const outputs = all.map(([interval, runs]) => {
    const made = output(whole ? packed : rowsOf(block, runs, reader.packer))
    return Number.isNaN(interval) ? made : { ...made, interval, newest: times.newest }
  })
  if (!whole) reader.packer.giveUp(packed)
  return untimed.length === 0 ? outputs : [...outputs, asideOf(untimed, noTime, reader)]
}

/** A block of lines as they would have been packed by themselves. */
function rowsOf(block: Block, runs: readonly Rows[], packer: SplitPacker): Uint8Array {
  const text = block.textBytes()
  const starts = block.offsets()
  const rows = runs.reduce((sum, [from, to]) => sum + to - from, 0)
  const offsets = new Int32Array(rows + 1)
  // Of a log in order the lines of an interval lie together: they are copied where the block is made, and not before.
  const [first] = runs
  const together = runs.length === 1 && first !== undefined
  const data = together
    ? text.subarray(starts[first[0]]!, starts[first[1]]!)
    : new Uint8Array(runs.reduce((sum, [from, to]) => sum + starts[to]! - starts[from]!, 0))
  let row = 0
  for (const [from, to] of runs) {
    const at = offsets[row]!
    if (!together) data.set(text.subarray(starts[from]!, starts[to]!), at)
    const by = at - starts[from]!
    for (let i = from + 1; i <= to; i++) offsets[++row] = starts[i]! + by
  }
  const ascii = block.allAscii || isAscii(data)
  return packer.assemble({ kind: "utf8", absent: 0, ascii }, rows, [new Uint8Array(offsets.buffer), data])
}

/**
 * What arrived in an interval, by event time. Records of intervals before `openFrom` are late. `reading` has the blocks in
 * their order: of lines, or of values.
 */
export function readArrived(
  { format, intervalMs }: ReadWrite,
  { openFrom, openTo }: { readonly openFrom: number; readonly openTo: number },
  blocks: Iterable<Block>,
  reader: SplitReader,
): TaskOutput[] {
  const { timestamp } = reader
  if (timestamp === null) throw new Error("records that have arrived are read by their time: there is no timestamp")
  const times = new EventTimes(reader.parser(format), timestamp)
  const buckets = new Buckets<unknown>()
  const untimed: unknown[] = []
  const ahead: unknown[] = []
  for (const block of blocks) {
    block.forEach(record => {
      const time = times.of(record)
      if (time === null) {
        untimed.push(record)
        return
      }
      if (time !== undefined && time >= openTo) {
        ahead.push(record)
        return
      }
      if (time !== undefined) buckets.current = intervalStart(time, intervalMs)
      buckets.add(record)
    })
  }
  const outputs: TaskOutput[] = []
  for (const [interval, rows] of buckets.inOrder()) {
    const late = interval < openFrom
    if (late) for (const row of rows) reader.setAside(typeof row === "string" ? row : showText(row), "late")
    outputs.push({
      bytes: encodeRows(rows),
      rows: rows.length,
      ...(!Number.isNaN(interval) && { interval, newest: times.newest }),
      ...(late && { aside: `late: intervals before ${new Date(openFrom).toISOString()} were closed when it arrived` }),
    })
  }
  if (untimed.length > 0) outputs.push(asideOf(untimed, noTime, reader))
  if (ahead.length > 0) outputs.push(asideOf(ahead, tooFarAhead, reader))
  return outputs
}

/** Records by interval: each goes to the current one. */
class Buckets<T> {
  current = Number.NaN
  readonly #lists = new Map<number, T[]>()

  add(item: T): void {
    // What came before the first record that has a time goes with it.
    const early = Number.isNaN(this.current) ? undefined : this.#lists.get(Number.NaN)
    if (early !== undefined) this.#lists.delete(Number.NaN)
    const list = this.#lists.get(this.current)
    if (list === undefined) this.#lists.set(this.current, [...(early ?? []), item])
    else list.push(...(early ?? []), item)
  }

  inOrder(): [number, T[]][] {
    return [...this.#lists].sort(([a], [b]) => a - b)
  }
}

class EventTimes {
  newest = Number.NEGATIVE_INFINITY

  constructor(
    private readonly parse: ((line: string, push: Push) => void) | null,
    private readonly timestamp: (record: unknown) => unknown,
  ) {}

  /** A time that was read in another way; null: it was not, or is none. */
  known(ms: number): number | null {
    if (!(Math.abs(ms) <= longestTime)) return null
    const time = Math.floor(ms)
    if (time > this.newest) this.newest = time
    return time
  }

  /** Undefined: the line cannot be read. Null: its record has no time. */
  of(line: unknown): number | null | undefined {
    let time: number | null | undefined
    const take: Push = record => {
      time = eventTime(this.timestamp(record))
    }
    if (this.parse === null) take(line)
    else this.parse(line as string, take)
    if (typeof time === "number") this.newest = Math.max(this.newest, time)
    return time
  }
}

/** Dates have about so many milliseconds on either side of 1970. */
const longestTime = 8.64e15 - 864e5

/**
 * The time that a user's `timestamp` gave; null if it is none. Text must name its date: what "21:05" and "-5m" mean depends on
 * when they are read, and a record is read again.
 */
export function eventTime(value: unknown): number | null {
  let time = Number.NaN
  if (typeof value === "number") time = value
  else if (value instanceof Date) time = value.getTime()
  else if (typeof value === "string" && /^\s*\d{4}-/.test(value)) {
    try {
      time = parseTime(value as TimeLike, { nowMs: 0, tz: "UTC" })
    } catch {
      return null
    }
  }
  return Math.abs(time) <= longestTime ? Math.floor(time) : null
}

function asideOf(rows: readonly unknown[], error: string, reader: SplitReader): TaskOutput {
  for (const row of rows) reader.setAside(typeof row === "string" ? row : showText(row), error)
  return { bytes: encodeRows(rows), rows: rows.length, aside: error }
}

const showText = (row: unknown): string => JSON.stringify(row) ?? String(row)

const output = (bytes: Uint8Array): TaskOutput => ({ bytes, rows: Block.of(bytes).rows })

const lineOf = (bytes: Uint8Array): string => {
  const ended = bytes[bytes.length - 1] === 10
  const carriageReturn = ended && bytes[bytes.length - 2] === 13
  return textOf(bytes, 0, bytes.length - (ended ? 1 : 0) - (carriageReturn ? 1 : 0))
}

/** So much of a line as is kept of one that is set aside. */
const headOf = (block: Block, row: number): string => {
  const [from, to] = [block.offsets()[row]!, block.offsets()[row + 1]!]
  return textOf(block.textBytes(), from, Math.min(to, from + keptOfLongLineBytes))
}

const textOf = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("utf8")
