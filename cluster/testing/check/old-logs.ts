/** Old logs for a replay: files of lines that have their time in them, some packed, and what of them lies in which interval. */

import { gzipSync } from "node:zlib"
import type { Random } from "../random.js"
import type { SealedInput } from "./plain.js"
import { words } from "./program.js"

const baseMs = Date.UTC(2026, 0, 1)

/** A line's time: ms since the beginning of 2026 are its first word. */
export const timeOf = (line: string) => 1_767_225_600_000 + Number(line.slice(0, line.indexOf(" ")))

interface LogFile {
  readonly path: string
  readonly lines: readonly string[]
}

export class OldLogs implements SealedInput {
  /** Start of the first and end of the last interval with a record. */
  readonly from: number
  readonly to: number
  /** No line is older than the newest before it in its file by more. */
  readonly disorderMs: number
  readonly #intervalMs: number
  /** By input, in the order of their first intervals. */
  readonly #files = new Map<string, readonly LogFile[]>()

  constructor(random: Random, inputs: readonly string[], intervalMs: number) {
    this.#intervalMs = intervalMs
    this.disorderMs = random.pick([0, intervalMs / 2, intervalMs * 3])
    const firstMs = random.integer(0, 10 * intervalMs)
    const spanMs = intervalMs * random.integer(2, 25)
    this.from = this.#startOf(baseMs + firstMs)
    this.to = this.#startOf(baseMs + firstMs + spanMs) + intervalMs
    for (const input of inputs) {
      const files = Array.from({ length: random.integer(1, 4) }, (_, n): LogFile => {
        // The first covers all of it, the others a part.
        const since = n === 0 ? firstMs : firstMs + random.next() * spanMs
        const until = n === 0 ? firstMs + spanMs : since + random.next() * (firstMs + spanMs - since)
        const inside = Array.from({ length: random.integer(3, 150) }, () => since + random.next() * (until - since)).sort((a, b) => a - b)
        const times = inside.map(ms => Math.max(firstMs, ms - random.next() * this.disorderMs))
        const all = n === 0 ? [firstMs, ...times, firstMs + spanMs] : times
        return { path: `/logs/${input}/${n}.log`, lines: all.map(ms => lineAt(Math.floor(ms), random)) }
      })
      this.#files.set(input, files)
    }
  }

  paths(input: string): string[] {
    return (this.#files.get(input) ?? []).map(({ path }) => path)
  }

  get records(): number {
    return [...this.#files.values()].flat().reduce((sum, { lines }) => sum + lines.length, 0)
  }

  write(disk: Map<string, Uint8Array>, random: Random): void {
    for (const { path, lines } of [...this.#files.values()].flat()) {
      const bytes = Buffer.from(`${lines.join("\n")}\n`)
      disk.set(path, Uint8Array.from(random.chance(0.3) ? gzipSync(bytes) : bytes))
    }
  }

  groups(input: string, start: number): readonly (readonly string[])[] {
    const first = ({ lines }: LogFile) => Math.min(...lines.map(line => this.#startOf(timeOf(line))))
    const files = [...(this.#files.get(input) ?? [])].sort((a, b) => first(a) - first(b) || (a.path < b.path ? -1 : 1))
    return files.map(({ lines }) => lines.filter(line => this.#startOf(timeOf(line)) === start))
  }

  #startOf(timeMs: number): number {
    return Math.floor(timeMs / this.#intervalMs) * this.#intervalMs
  }
}

function lineAt(ms: number, random: Random): string {
  return [String(ms), ...Array.from({ length: random.integer(0, 5) }, () => random.pick(words))].join(" ").padEnd(String(ms).length + 1)
}
