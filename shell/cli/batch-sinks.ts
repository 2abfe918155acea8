/** What batch mode does with what it makes: a file a stream, one merged text, or figures. */
import { mkdirSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { join } from "node:path"
import { formatNumber } from "../view/number.js"
import type { Sink } from "./batch-run.js"
import type { IntervalLine } from "./interval-lines.js"

/** Lines are written together up to so many characters. */
const writeChars = 1 << 18
/** A stream waits when so many characters of it wait for the others. */
const aheadChars = 8 << 20

/** `<name>.ndjson` in a directory. */
export class SavedLines implements Sink {
  readonly #files: ReadonlyMap<string, FileHandle>

  private constructor(files: ReadonlyMap<string, FileHandle>) {
    this.#files = files
  }

  static async open(directory: string, names: readonly string[]): Promise<SavedLines> {
    mkdirSync(directory, { recursive: true })
    return new SavedLines(
      new Map(await Promise.all(names.map(async name => [name, await open(join(directory, `${name}.ndjson`), "w")] as const))),
    )
  }

  async line(name: string, { line }: IntervalLine): Promise<void> {
    await this.#files.get(name)?.write(line)
  }

  async through(): Promise<void> {}

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close()
  }
}

/** Intervals with rows, and rows, of each stream. */
export class CountedLines implements Sink {
  readonly #counts: Map<string, { intervals: number; rows: number }>

  constructor(names: readonly string[]) {
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
    return [...this.#counts]
      .map(([name, { intervals, rows }]) => `${name}   ${formatNumber(intervals)} intervals with rows, ${formatNumber(rows)} rows\n`)
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
