/**
 * What stands between Ink and the terminal. Ink lays out finished output, once; below it this keeps the frame, which is painted
 * again for each key. Ink's own way with frames is to lay out, measure and write all of it for every change (some
 * milliseconds a key), to clear everything, the scrollback too, where a frame is as high as the screen, and to erase
 * as many lines as it wrote though a narrower terminal has wrapped them. So Ink's frame is empty, what it writes for one is
 * dropped, and of a new frame only the rows that differ are written.
 */
import { EventEmitter } from "node:events"
import { stripVTControlCharacters } from "node:util"
import { cellWidth } from "./width.js"

const begin = "\x1b[?2026h"
const end = "\x1b[?2026l"
const showCursor = "\x1b[?25h"
const hideCursor = "\x1b[?25l"
/** How Ink goes back to the start of its frame. */
const eraseInk = /^(?:\x1b\[2K(?:\x1b\[1A)?)*(?:\x1b\[G)?/

export interface Frame {
  /** None wider than the terminal. */
  readonly rows: readonly string[]
  /** Where the terminal's own cursor stands: whoever composes characters, or listens to the screen, follows it. Null hides it. */
  readonly cursor: { readonly row: number; readonly column: number } | null
}

const nothing: Frame = { rows: [], cursor: null }

export class FrameOutput extends EventEmitter {
  readonly isTTY = true
  readonly writable = true
  /** Never fewer than a frame has. */
  readonly rows = Number.MAX_SAFE_INTEGER
  columns: number
  #frame = nothing
  #hidden = false
  /** What Ink wrote while another screen is shown. */
  #held: string[] | null = null

  constructor(private readonly terminal: NodeJS.WriteStream) {
    super()
    this.columns = terminal.columns ?? 80
  }

  /** Of Ink: finished output goes above the frame. */
  write(chunk: string): boolean {
    if (/^\x1b\[\?\w+$/.test(chunk)) return true
    const text = chunk.replace(eraseInk, "")
    if (text === "" || text === "\n") return true
    if (this.#held) return this.#held.push(text) > 0
    if (this.#hidden) return this.terminal.write(text)
    const { rows } = this.#frame
    this.#send(toBottom(this.#frame) + upToStart(rows.length) + text + lines(rows))
    return true
  }

  /** What is to stand below all else. */
  paint(frame: Frame): void {
    const before = this.#frame
    this.#frame = frame
    if (this.#hidden) return
    let text = ""
    const { rows } = frame
    if (rows.length === before.rows.length) {
      rows.forEach((row, i) => {
        const up = rows.length - i
        if (row !== before.rows[i]) text += `\x1b[${up}A\r${row}\x1b[K\r\x1b[${up}B`
      })
    } else {
      let same = 0
      while (same < rows.length && rows[same] === before.rows[same]) same++
      text = upToStart(before.rows.length - same) + lines(rows.slice(same))
    }
    const moved = frame.cursor?.row !== before.cursor?.row || frame.cursor?.column !== before.cursor?.column
    if (text !== "" || moved) this.#send(toBottom(before) + text)
  }

  /** The terminal has another width: where that has wrapped the frame's rows, they are taken off it, whatever they have become. */
  resized(columns: number): void {
    const { rows, cursor } = this.#frame
    const widths = rows.map(row => cellWidth(stripVTControlCharacters(row)))
    if (!this.#hidden && widths.some(width => width > columns) && reflows()) {
      const become = (some: readonly number[]) => some.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0)
      const above = cursor ? become(widths.slice(0, cursor.row)) + Math.floor(cursor.column / columns) : become(widths)
      this.terminal.write(`\r${above > 0 ? `\x1b[${above}A` : ""}\x1b7${"\x1b[2K\x1b[1B".repeat(become(widths))}\x1b8`)
      this.#frame = nothing
    }
    this.columns = columns
  }

  /** Takes the frame off the terminal until `show`: others write there meanwhile. The cursor is shown. `hold`: finished output waits, too. */
  hide({ hold = false } = {}): void {
    if (this.#hidden) return
    if (hold) this.#held = []
    this.terminal.write(`${toBottom(this.#frame)}${upToStart(this.#frame.rows.length)}${showCursor}`)
    this.#hidden = true
  }

  /** The frame again, at the cursor. */
  show(): void {
    this.#hidden = false
    const held = this.#held?.join("") ?? ""
    this.#held = null
    this.#send(held + lines(this.#frame.rows))
  }

  /** An empty screen with the frame at its top; the scrollback stays. */
  clearScreen(): void {
    this.#send(`\x1b[2J\x1b[H${lines(this.#frame.rows)}`)
  }

  /** From below the frame to below the frame; then the cursor goes to its place. */
  #send(text: string): void {
    const { rows, cursor } = this.#frame
    const place = cursor ? `\x1b[${rows.length - cursor.row}A\r${cursor.column > 0 ? `\x1b[${cursor.column}C` : ""}${showCursor}` : ""
    this.terminal.write(`${begin}${hideCursor}${text}${place}${end}`)
  }
}

function toBottom({ rows, cursor }: Frame): string {
  return cursor ? `\r\x1b[${rows.length - cursor.row}B` : ""
}

function lines(rows: readonly string[]): string {
  return rows.map(row => `${row}\n`).join("")
}

/** Row by row: tmux takes clearing from the screen's first cell on for a new screen, and keeps the old one in its scrollback. */
function upToStart(rows: number): string {
  return `\r${"\x1b[1A\x1b[2K".repeat(rows)}`
}

/** Whether the terminal wraps what stands on it anew when it gets narrower. Those that do not cut it. */
function reflows(): boolean {
  const { TERM = "", XTERM_VERSION, STY, TMUX } = process.env
  // tmux says it is a screen, and wraps; screen does not.
  return TMUX !== undefined || (XTERM_VERSION === undefined && STY === undefined && !/^(linux|screen|vt)/.test(TERM))
}
