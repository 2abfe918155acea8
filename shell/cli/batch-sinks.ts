/** What batch mode does with what it makes: a file a stream, one merged text, or figures. */
import { mkdirSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { join } from "node:path"
import { RivuletError } from "../../engine/errors.js"
import { formatNumber } from "../view/number.js"
import { isAside, savedFile } from "./batch-aside.js"
import type { Sink } from "./batch-run.js"
import type { IntervalLine } from "./interval-lines.js"

/** Lines are written together up to so many characters. */
const writeChars = 1 << 18
/** A line's interval is in its first bytes. */
const headBytes = 1_000
/** A stream waits when so many characters of it wait for the others. */
const aheadChars = 8 << 20

/** `<name>.ndjson` in a directory; what inputs set aside, in its `aside`. */
export class SavedLines implements Sink {
  readonly #files: ReadonlyMap<string, FileHandle>
  /** Files with lines that may not be on disk yet. */
  readonly #unsynced = new Set<FileHandle>()
  /** Of streams of which something was there: the start of the last interval. */
  readonly after: ReadonlyMap<string, number>

  private constructor(files: ReadonlyMap<string, FileHandle>, after: ReadonlyMap<string, number>) {
    this.#files = files
    this.after = after
  }

  /** `again`: what is there is kept, but for a line that was not finished. */
  static async open(directory: string, names: readonly string[], again: boolean): Promise<SavedLines> {
    mkdirSync(directory, { recursive: true })
    if (names.some(isAside)) mkdirSync(join(directory, "aside"), { recursive: true })
    const files = new Map<string, FileHandle>()
    const after = new Map<string, number>()
    for (const name of names) {
      const path = join(directory, savedFile(name))
      const file = await open(path, again ? "a+" : "w")
      files.set(name, file)
      const last = again ? await lastInterval(file, path) : null
      if (last !== null) after.set(name, last)
    }
    return new SavedLines(files, after)
  }

  async line(name: string, { line }: IntervalLine): Promise<void> {
    const file = this.#files.get(name)
    if (file === undefined) return
    try {
      await file.appendFile(line)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new RivuletError(`--save: ${name} cannot be written: ${why}`, {
        code: 1,
        try: "make room, then the same command with --resume",
      })
    }
    this.#unsynced.add(file)
  }

  async through(): Promise<void> {}

  async sync(): Promise<void> {
    const files = [...this.#unsynced]
    this.#unsynced.clear()
    for (const file of files) await file.datasync()
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close()
  }
}

/** The start of the interval of the last whole line; what follows that line is cut off. */
async function lastInterval(file: FileHandle, path: string): Promise<number | null> {
  const { size } = await file.stat()
  const end = (await newlineBefore(file, size)) + 1
  if (end < size) await file.truncate(end)
  if (end === 0) return null
  const start = (await newlineBefore(file, end - 1)) + 1
  const head = Buffer.alloc(Math.min(headBytes, end - start))
  await file.read(head, 0, head.length, start)
  const from = /"interval":\["([^"]+)"/.exec(head.toString("latin1"))?.[1]
  if (from === undefined)
    throw new RivuletError(`${path}: its last line is no interval`, { code: 2, try: "without --resume it begins anew" })
  return Date.parse(from)
}

/** Where the last newline before the offset is; -1: there is none. */
async function newlineBefore(file: FileHandle, before: number): Promise<number> {
  const chunk = Buffer.alloc(1 << 18)
  for (let to = before; to > 0; ) {
    const from = Math.max(0, to - chunk.length)
    const { bytesRead } = await file.read(chunk, 0, to - from, from)
    const found = chunk.subarray(0, bytesRead).lastIndexOf(10)
    if (found >= 0) return from + found
    to = from
  }
  return -1
}

/** Intervals with rows, and rows, of each stream. */
export class CountedLines implements Sink {
  readonly #counts: Map<string, { intervals: number; rows: number }>
  readonly #more: string

  /** `again`: of a run that goes on, whose earlier part is not counted. */
  constructor(names: readonly string[], again: boolean) {
    this.#more = again ? "more " : ""
    this.#counts = new Map(names.map(name => [name, { intervals: 0, rows: 0 }]))
  }

  async line(name: string, { rows }: IntervalLine): Promise<void> {
    const counts = this.#counts.get(name)
    if (counts === undefined) return
    counts.intervals += 1
    counts.rows += rows
  }

  async through(): Promise<void> {}

  text(): string {
    const lines = [...this.#counts].map(([name, { intervals, rows }]) => [name, formatNumber(intervals), intervals, rows] as const)
    const widths = [0, 1].map(i => Math.max(0, ...lines.map(line => String(line[i]).length))) as [number, number]
    return lines
      .map(([name, count, intervals, rows]) => {
        const of = `${this.#more}interval${intervals === 1 ? " " : "s"} with rows`
        return `${name.padEnd(widths[0])}   ${count.padStart(widths[1])} ${of}, ${formatNumber(rows)} row${rows === 1 ? "" : "s"}\n`
      })
      .join("")
  }
}

interface Stream {
  readonly lines: IntervalLine[]
  chars: number
  /** What comes next begins at or after it. */
  through: number
}

/** All streams' intervals as one text, by their start, then in the order of the names. */
export class MergedLines implements Sink {
  readonly #streams: Map<string, Stream>
  readonly #write: (text: string) => Promise<void>
  #text = ""
  #writing: Promise<void> = Promise.resolve()
  #moved: (() => void)[] = []

  constructor(names: readonly string[], write: (text: string) => Promise<void>) {
    this.#streams = new Map(names.map(name => [name, { lines: [], chars: 0, through: Number.NEGATIVE_INFINITY }]))
    this.#write = write
  }

  async line(name: string, line: IntervalLine): Promise<void> {
    const stream = this.#streams.get(name) as Stream
    stream.lines.push(line)
    stream.chars += line.line.length
    stream.through = line.from + 1
    await this.#merge()
    while (stream.chars > aheadChars) await new Promise<void>(resolve => this.#moved.push(resolve))
  }

  async through(name: string, through: number): Promise<void> {
    const stream = this.#streams.get(name) as Stream
    stream.through = Math.max(stream.through, through)
    await this.#merge()
  }

  /** Writes what is merged. */
  async flush(): Promise<void> {
    const text = this.#text
    this.#text = ""
    if (text !== "") this.#writing = this.#writing.then(() => this.#write(text))
    await this.#writing
  }

  async #merge(): Promise<void> {
    for (let next = this.#next(); next !== null; next = this.#next()) {
      const line = next.lines.shift() as IntervalLine
      next.chars -= line.line.length
      this.#text += line.line
      for (const resolve of this.#moved.splice(0)) resolve()
    }
    if (this.#text.length >= writeChars) await this.flush()
  }

  /** The stream whose line is next; null as long as that is not known. */
  #next(): Stream | null {
    let best: Stream | null = null
    let from = Number.POSITIVE_INFINITY
    for (const stream of this.#streams.values()) {
      const start = stream.lines[0]?.from ?? stream.through
      if (start >= from) continue
      from = start
      best = stream
    }
    return best !== null && best.lines.length > 0 ? best : null
  }
}
