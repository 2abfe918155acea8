/** The terminal's other screen, for what takes all of it: what stood on the first comes back as it was. Only rows that differ are written. */
import { type Frame, toEnd } from "./frames.js"

const enter = "\x1b[?1049h"
const leave = "\x1b[?1049l"
const begin = "\x1b[?2026h"
const end = "\x1b[?2026l"
const showCursor = "\x1b[?25h"
const hideCursor = "\x1b[?25l"

export class FullScreen {
  #rows: readonly string[] | null = null

  constructor(private readonly terminal: NodeJS.WriteStream) {}

  get open(): boolean {
    return this.#rows !== null
  }

  paint({ rows, cursor }: Frame): void {
    const before = this.#rows
    this.#rows = rows
    const changed = rows.map((row, i) => (before?.[i] === row ? "" : `\x1b[${i + 1};1H${toEnd(row, this.terminal.columns ?? 80)}`)).join("")
    const below = before === null || before.length === 0 ? "" : "\x1b[J"
    const rest = before !== null && rows.length < before.length ? `\x1b[${rows.length + 1};1H${below}` : ""
    const place = cursor ? `\x1b[${cursor.row + 1};${cursor.column + 1}H${showCursor}` : ""
    this.terminal.write(`${begin}${before === null ? `${enter}\x1b[2J` : ""}${hideCursor}${changed}${rest}${place}${end}`)
  }

  /** Another size: nothing of what stands there is taken for right. */
  resized(): void {
    if (this.#rows === null) return
    this.#rows = []
    this.terminal.write("\x1b[2J")
  }

  /** Back to the first screen. Safe to call again. */
  close(): void {
    if (this.#rows === null) return
    this.#rows = null
    this.terminal.write(leave + showCursor)
  }
}
