/**
 * Reading a split of a file into an input's intervals. Without event times its lines are one block, for the interval in which
 * the master admits it; with them there is one block an interval, in order of time. Lines keep the order of the file.
 */

import { Block, TextPacker } from "./block.js"
import { ownLines } from "./file-split.js"
import type { FormatSpec, Push } from "./rdd.js"
import type { StageWrite, TaskOutput } from "./task.js"
import { intervalStart, parseTime, type TimeLike } from "./time.js"

type ReadWrite = Extract<StageWrite, { kind: "read" }>

export interface SplitReader {
  parser(format: FormatSpec): ((line: string, push: Push) => void) | null
  /** The user's event time of a record. */
  timestamp: ((record: unknown) => unknown) | null
  setAside(line: string, error: string): void
}

/** Lines whose format or time cannot be read stay with the line before them: they are set aside when the interval is read. */
export function readSplit({ split, format, intervalMs }: ReadWrite, bytes: Uint8Array, reader: SplitReader): TaskOutput[] {
  const { from, to, cut } = ownLines(split, bytes)
  let end = to
  if (cut) {
    const start = bytes.lastIndexOf(10, to - 1) + 1
    end = Math.max(from, start)
    reader.setAside(textOf(bytes, end, Math.min(to, end + 2000)), "the line is longer than can be read")
  }
  const { timestamp } = reader
  if (timestamp === null) return [output(pack([bytes.subarray(from, end)]))].filter(one => one.rows > 0)
  const parse = reader.parser(format)
  const pieces = new Map<number, Uint8Array[]>()
  let newest = -Infinity
  let current = Number.NaN
  let begin = from
  /** Lines up to `until` belong to the interval they are in. */
  const close = (until: number) => {
    if (until <= begin) return
    const list = pieces.get(current)
    if (list) list.push(bytes.subarray(begin, until))
    else pieces.set(current, [bytes.subarray(begin, until)])
    begin = until
  }
  const timeOf = (line: string): number => {
    let time = Number.NaN
    const take: Push = record => {
      time = eventTime(timestamp(record))
    }
    if (parse === null) take(line)
    else parse(line, take)
    return time
  }
  for (let at = from; at < end; ) {
    const newline = bytes.indexOf(10, at)
    const next = newline < 0 || newline >= end ? end : newline + 1
    const stop = newline < 0 || newline >= end ? end : newline
    const time = timeOf(textOf(bytes, at, bytes[stop - 1] === 13 && stop > at ? stop - 1 : stop))
    if (!Number.isNaN(time)) {
      newest = Math.max(newest, time)
      const interval = intervalStart(time, intervalMs)
      // Lines before the first that has a time go with it.
      if (Number.isNaN(current)) current = interval
      else if (interval !== current) {
        close(at)
        current = interval
      }
    }
    at = next
  }
  if (Number.isNaN(current)) {
    for (const line of textOf(bytes, begin, end).split("\n"))
      if (line !== "") reader.setAside(line, "no line of this part of the file has a time")
    return []
  }
  close(end)
  return [...pieces.keys()].sort((a, b) => a - b).map(interval => ({ ...output(pack(pieces.get(interval)!)), interval, newest }))
}

function eventTime(value: unknown): number {
  if (typeof value === "number") return value
  if (value instanceof Date) return value.getTime()
  return typeof value === "string" ? parseTime(value as TimeLike, { nowMs: 0, tz: "UTC" }) : Number.NaN
}

/** One block of all lines of the pieces. */
function pack(pieces: readonly Uint8Array[]): Uint8Array {
  const packer = new TextPacker({ maxBytes: 2 ** 30 })
  const blocks: Uint8Array[] = []
  for (const piece of pieces) {
    blocks.push(...packer.push(piece))
    // The file's last line may have no newline.
    if (piece.length > 0 && piece[piece.length - 1] !== 10) blocks.push(...packer.push(newline))
  }
  const last = packer.flush()
  if (last) blocks.push(last)
  if (blocks.length > 1) throw new Error("a split's lines did not fit one block")
  return blocks[0] ?? new Uint8Array(0)
}

const newline = Uint8Array.of(10)

const output = (bytes: Uint8Array): TaskOutput => ({ bytes, rows: bytes.length === 0 ? 0 : Block.of(bytes).rows })

const textOf = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("utf8")
