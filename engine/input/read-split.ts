/**
 * Reading an input's records into its intervals: of a split of a file, or of what arrived in an interval (the paper's §3.1).
 * Without event times a split's lines are one block, for the interval in which the master admits it; with them there is one
 * block an interval, in order of time. Records keep their order.
 *
 * A line that the format cannot read stays with the one before it: it is set aside when its interval is read. What no
 * interval can be found for (a record that has no time, a line that is too long) is set aside here, in a block of its own.
 */

import { Block, encodeRows, TextPacker } from "../block/block.js"
import type { FileSplit, FormatSpec, Push } from "../rdd.js"
import type { StageWrite, TaskOutput } from "../task.js"
import { intervalStart, parseTime, type TimeLike } from "../time.js"
import { keptOfLongLineBytes, longestLineBytes, ownLines, tooLong } from "./file-split.js"

type ReadWrite = Extract<StageWrite, { kind: "read" }>

export interface SplitReader {
  parser(format: FormatSpec): ((line: string, push: Push) => void) | null
  /** The user's event time of a record. */
  timestamp: ((record: unknown) => unknown) | null
  /** The time of a line that is bytes [from, to) of `bytes`, as `parser` and `timestamp` give it; NaN: they must be asked. */
  times?: ((bytes: Uint8Array) => (from: number, to: number) => number) | null
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
  const { timestamp } = reader
  const outputs: TaskOutput[] = []
  const keep = (pieces: readonly Uint8Array[], more: Partial<TaskOutput>) => {
    const packed = pack(pieces, long)
    if (packed.length > 0) outputs.push({ ...output(packed), ...more })
  }
  if (timestamp === null) keep([bytes.subarray(from, end)], {})
  else {
    const times = new EventTimes(reader.parser(format), timestamp)
    const buckets = new Buckets<Uint8Array>()
    const untimed: Uint8Array[] = []
    const timeOf = reader.times?.(bytes) ?? unknownTime
    let begin = from
    const close = (until: number) => {
      if (until > begin) buckets.add(bytes.subarray(begin, until))
      begin = until
    }
    for (let at = from; at < end; ) {
      const newline = bytes.indexOf(10, at)
      const next = newline < 0 || newline >= end ? end : newline + 1
      const stop = newline < 0 || newline >= end ? end : newline
      const last = stop < next && stop > at && bytes[stop - 1] === 13 ? stop - 1 : stop
      const time = times.known(timeOf(at, last)) ?? times.of(textOf(bytes, at, last))
      if (time === null) {
        close(at)
        untimed.push(bytes.subarray(at, Math.min(next, at + keptOfLongLineBytes)))
        begin = next
      } else if (time !== undefined) {
        const interval = intervalStart(time, intervalMs)
        if (interval !== buckets.current) {
          // Lines before the first that has a time go with it.
          if (!Number.isNaN(buckets.current)) close(at)
          buckets.current = interval
        }
      }
      at = next
    }
    close(end)
    for (const [interval, pieces] of buckets.inOrder()) keep(pieces, Number.isNaN(interval) ? {} : { interval, newest: times.newest })
    if (untimed.length > 0)
      outputs.push(
        asideOf(
          untimed.map(line => lineOf(line)),
          noTime,
          reader,
        ),
      )
  }
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

/** One block of all lines of the pieces, but those that are too long: `long` gets the beginning of each. */
function pack(pieces: readonly Uint8Array[], long: Uint8Array[]): Uint8Array {
  const onLongLine = (head: Uint8Array) => void long.push(head.slice(0, keptOfLongLineBytes))
  const packer = new TextPacker({ maxBytes: 2 ** 30, maxLineBytes: longestLineBytes, onLongLine })
  const blocks: Uint8Array[] = []
  // The file's last line may have no newline: nothing comes after it.
  for (const piece of pieces) blocks.push(...packer.push(piece))
  const last = packer.flush()
  if (last) blocks.push(last)
  if (blocks.length > 1) throw new Error("a split's lines did not fit one block")
  return blocks[0] ?? new Uint8Array(0)
}

const unknownTime = () => Number.NaN

const output = (bytes: Uint8Array): TaskOutput => ({ bytes, rows: Block.of(bytes).rows })

const lineOf = (bytes: Uint8Array): string => {
  const ended = bytes[bytes.length - 1] === 10
  const carriageReturn = ended && bytes[bytes.length - 2] === 13
  return textOf(bytes, 0, bytes.length - (ended ? 1 : 0) - (carriageReturn ? 1 : 0))
}

const textOf = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("utf8")
