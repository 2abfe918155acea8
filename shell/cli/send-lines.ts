/** Bytes on their way into a stream: as fast as it takes them, at so many lines a second, or at the pace of the lines' own times. */
import { StringDecoder } from "node:string_decoder"
import { setTimeout as wait } from "node:timers/promises"
import { RivuletError } from "../../engine/errors.js"
import { splitCsv } from "../../engine/format/csv.js"
import { guessFormat } from "../../engine/format/guess.js"
import { type Format, openFormat } from "../../engine/format/index.js"
import { parseTime, type TimeLike } from "../../engine/time.js"

/** Takes what is to be sent; resolves when there is room for more. */
export type Write = (chunk: Uint8Array) => Promise<void>

/** Less is not waited for. */
const leastWaitMs = 5

/** Moves chunks at the reader's pace, or at `rate` lines a second. */
export async function pump(source: AsyncIterable<Buffer | string>, write: Write, rate: number | undefined): Promise<void> {
  const started = performance.now()
  let lines = 0
  for await (const piece of source) {
    const chunk = typeof piece === "string" ? Buffer.from(piece) : piece
    if (rate === undefined) {
      await write(chunk)
      continue
    }
    for (const part of parts(chunk, Math.max(1, Math.floor(rate / 10)))) {
      await write(part.bytes)
      lines += part.lines
      const aheadMs = (lines / rate) * 1000 - (performance.now() - started)
      if (aheadMs > leastWaitMs) await wait(aheadMs)
    }
  }
}

/** Cuts a chunk after every `most` line ends. */
function* parts(chunk: Buffer, most: number): Generator<{ readonly bytes: Uint8Array; readonly lines: number }> {
  let from = 0
  let lines = 0
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) {
    lines++
    if (lines < most) continue
    yield { bytes: chunk.subarray(from, at + 1), lines }
    from = at + 1
    lines = 0
  }
  if (from < chunk.length) yield { bytes: chunk.subarray(from), lines }
}

/** `10x`, `0.5x`, `10`. Throws a RivuletError of code 2. */
export function parseSpeed(text: string): number {
  const speed = Number(/^(\d+(?:\.\d+)?)x?$/.exec(text)?.[1])
  if (speed > 0) return speed
  throw new RivuletError(`--speed ${text}: not a number of times`, { code: 2, try: "--speed 10x" })
}

/** Sends each line when it is due by its own time: the first one now, the others so much later as they came, `speed` times as fast. */
export class Replayed {
  readonly #speed: number
  readonly #field: string | undefined
  readonly #sleep: (ms: number) => Promise<unknown>
  readonly #nowMs: () => number
  #timeOf: ((line: string) => number | null) | null = null
  #first: { readonly timeMs: number; readonly atMs: number } | null = null
  /** Lines without a time go with those before them. */
  untimed = 0

  /** `field`: of a record, that holds its time; left out: an access log's. */
  constructor(
    speed: number,
    field?: string,
    { sleep = wait, nowMs = () => performance.now() }: { sleep?: (ms: number) => Promise<unknown>; nowMs?: () => number } = {},
  ) {
    this.#speed = speed
    this.#field = field
    this.#sleep = sleep
    this.#nowMs = nowMs
  }

  /** Of several files the times go on. Throws a RivuletError of code 2 when the first line has no such field. */
  async pump(source: AsyncIterable<Buffer | string>, write: Write): Promise<void> {
    const decoder = new StringDecoder("utf8")
    let rest = ""
    let ready = ""
    const flush = async () => {
      if (ready !== "") await write(Buffer.from(ready))
      ready = ""
    }
    const take = async (line: string, end: string) => {
      const dueMs = this.#dueMs(line)
      if (dueMs !== null && dueMs - this.#nowMs() > leastWaitMs) {
        await flush()
        await this.#sleep(dueMs - this.#nowMs())
      }
      ready += line + end
    }
    for await (const piece of source) {
      const lines = (rest + (typeof piece === "string" ? piece : decoder.write(piece))).split("\n")
      rest = lines.pop()!
      for (const line of lines) await take(line, "\n")
      await flush()
    }
    rest += decoder.end()
    if (rest !== "") await take(rest, "")
    await flush()
  }

  /** By the clock of `nowMs`. Null: at once. */
  #dueMs(line: string): number | null {
    const text = line.replace(/\r$/, "")
    if (text === "") return null
    if (this.#timeOf === null) {
      const { timeOf, isHeader } = timesOf(text, this.#field)
      this.#timeOf = timeOf
      if (isHeader) return null
    }
    const timeMs = this.#timeOf(text)
    if (timeMs === null) {
      this.untimed += 1
      return null
    }
    this.#first ??= { timeMs, atMs: this.#nowMs() }
    return this.#first.atMs + (timeMs - this.#first.timeMs) / this.#speed
  }
}

function timesOf(
  first: string,
  field: string | undefined,
): { readonly timeOf: (line: string) => number | null; readonly isHeader: boolean } {
  const kind = guessFormat([first])
  const name = field ?? (kind === "combined" ? "time" : undefined)
  if (name === undefined)
    throw new RivuletError("which field of the lines is their time?", { code: 2, try: "--timestamp <field>, of JSON or csv with names" })
  const names = kind === null ? splitted(first) : []
  const isHeader = names.includes(name)
  const format = isHeader ? openFormat({ kind: "csv", header: names }) : kind === null ? null : openFormat({ kind })
  const timeOf = (line: string) => (format === null ? null : timeIn(format, line, name))
  if (format === null || (!isHeader && timeOf(first) === null))
    throw new RivuletError(`--timestamp ${name}: the first line has no time of that name: ${first.slice(0, 120)}`, {
      code: 2,
      try: kind === "combined" ? "--timestamp time" : "a field of JSON objects, a name in the first line of csv, or time of an access log",
    })
  return { timeOf, isHeader }
}

function splitted(line: string): string[] {
  try {
    return splitCsv(line)
  } catch {
    return []
  }
}

function timeIn(format: Format, line: string, field: string): number | null {
  try {
    const value = (format.parse(line) as Record<string, unknown> | null)?.[field]
    if (value === undefined || value === null || value === "") return null
    const ms = parseTime(value as TimeLike, { nowMs: 0, tz: "UTC" })
    return Number.isFinite(ms) ? ms : null
  } catch {
    return null
  }
}
