/**
 * What happened in a run, as one number and, if wanted, as lines. Two runs of a seed must give the same number; if they do
 * not, something decided by a clock, an object's identity or chance outside the seed.
 */

import { crc32 } from "node:zlib"

export class Trace {
  #hash = 0
  #events = 0
  readonly #lines: string[] | null
  readonly #print: ((line: string) => void) | null

  /** `print`: each line as it comes. `keep`: the lines can be read later. */
  constructor(options: { keep?: boolean; print?: (line: string) => void } = {}) {
    this.#lines = options.keep ? [] : null
    this.#print = options.print ?? null
  }

  get hash(): string {
    return `${this.#events}-${this.#hash.toString(16).padStart(8, "0")}`
  }

  get lines(): readonly string[] {
    return this.#lines ?? []
  }

  get wanted(): boolean {
    return this.#lines !== null || this.#print !== null
  }

  /** Something that happened, by name. `detail` is only made when lines are wanted, so it must not be all there is to tell runs apart. */
  note(atMs: number, what: string, detail?: () => string): void {
    this.#events += 1
    this.#hash = crc32(`${atMs} ${what}`, this.#hash)
    if (!this.wanted) return
    const line = `${atMs.toFixed(3).padStart(10)}  ${what}${detail === undefined ? "" : `  ${detail()}`}`
    this.#lines?.push(line)
    this.#print?.(line)
  }

  /** Bytes that must be the same in each run. */
  bytes(data: Uint8Array): void {
    this.#hash = crc32(data, this.#hash)
  }
}
