/**
 * What user functions print, kept for those who ask. A function in a hot stream can print a line a record on every
 * worker: equal lines of one interval are folded, and of a stream so many lines a second are kept; the rest is counted and said.
 */

import type { CapturedLog } from "../../engine/task.js"
import type { LogEntry } from "../protocol.js"

const keptLines = 2_000
const linesPerSecond = 100
const secondMs = 1_000

interface Source {
  /** When the present second began. */
  sinceMs: number
  lines: number
  dropped: number
  /** Entries of the newest interval, by level and text. */
  interval: number | null
  readonly folded: Map<string, { repeated: number }>
}

/** A line as it is kept: it may be folded into later. */
interface Kept extends Omit<LogEntry, "line"> {
  readonly line: { readonly level: CapturedLog["level"]; readonly text: string; repeated: number }
}

export class LogKeeper {
  readonly #kept: Kept[] = []
  readonly #sources = new Map<string | null, Source>()

  /** Gives the lines that are new: neither folded into one before nor over the limit. */
  add(about: Omit<LogEntry, "line">, lines: readonly CapturedLog[]): readonly CapturedLog[] {
    const source = this.#source(about)
    const fresh: CapturedLog[] = []
    for (const line of lines) {
      const key = `${line.level} ${line.text}`
      const before = source.folded.get(key)
      if (before !== undefined) {
        before.repeated += line.repeated
        continue
      }
      if (++source.lines > linesPerSecond) {
        source.dropped += line.repeated
        continue
      }
      source.folded.set(key, this.#keep(about, line))
      fresh.push(line)
    }
    return fresh
  }

  /** Since a time, of one stream or of all. Lines left out are told with the stream's next ones, or here. */
  since(sinceMs: number, stream: string | null): LogEntry[] {
    const found: LogEntry[] = this.#kept.filter(entry => entry.wallMs >= sinceMs && (stream === null || entry.stream === stream))
    return found.map(entry => ({ ...entry, line: { ...entry.line } }))
  }

  #source(about: Omit<LogEntry, "line">): Source {
    let source = this.#sources.get(about.stream)
    if (source === undefined) {
      source = { sinceMs: about.wallMs, lines: 0, dropped: 0, interval: about.interval, folded: new Map() }
      this.#sources.set(about.stream, source)
    }
    if (about.wallMs - source.sinceMs >= secondMs || about.wallMs < source.sinceMs) {
      if (source.dropped > 0) {
        const text = `… and ${source.dropped} more lines: ${linesPerSecond} a second are kept of a stream`
        this.#keep({ ...about, interval: source.interval, partition: null }, { level: "warn", text, repeated: 1 })
      }
      source.sinceMs = about.wallMs
      source.lines = 0
      source.dropped = 0
    }
    if (source.interval !== about.interval) {
      source.interval = about.interval
      source.folded.clear()
    }
    return source
  }

  #keep(about: Omit<LogEntry, "line">, { level, text, repeated }: CapturedLog): { repeated: number } {
    const line = { level, text, repeated }
    this.#kept.push({ ...about, line })
    if (this.#kept.length > keptLines) this.#kept.splice(0, this.#kept.length - keptLines)
    return line
  }
}
