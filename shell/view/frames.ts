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
/** How Ink goes back to the start of its frame. */
const eraseInk = /^(?:\x1b\[2K(?:\x1b\[1A)?)*(?:\x1b\[G)?/

export class FrameOutput extends EventEmitter {
  readonly isTTY = true
  readonly writable = true
  /** Never fewer than a frame has. */
  readonly rows = Number.MAX_SAFE_INTEGER
  columns: number
  #frame: readonly string[] = []
  #hidden = false

  constructor(private readonly terminal: NodeJS.WriteStream) {
    super()
    this.columns = terminal.columns ?? 80
  }

  /** Of Ink: finished output goes above the frame. */
  write(chunk: string): boolean {
    if (/^\x1b\[\?\w+$/.test(chunk)) return true
    const text = chunk.replace(eraseInk, "")
    if (text === "" || text === "\n") return true
    return this.terminal.write(this.#hidden ? text : `${begin}${upToStart(this.#frame.length)}${text}${lines(this.#frame)}${end}`)
  }

  /** The rows that are to stand below all else, none wider than the terminal. */
  paint(frame: readonly string[]): void {
    const before = this.#frame
    this.#frame = frame
    if (this.#hidden) return
    let text = ""
    if (frame.length === before.length) {
      frame.forEach((row, i) => {
        const up = frame.length - i
        if (row !== before[i]) text += `\x1b[${up}A\r${row}\x1b[K\r\x1b[${up}B`
      })
    } else {
      let same = 0
      while (same < frame.length && frame[same] === before[same]) same++
      text = upToStart(before.length - same) + lines(frame.slice(same))
    }
    if (text !== "") this.terminal.write(begin + text + end)
  }

  /** The terminal has another width: where that has wrapped the frame's rows, they are taken off it, whatever they have become. */
  resized(columns: number): void {
    const widths = this.#frame.map(row => cellWidth(stripVTControlCharacters(row)))
    if (!this.#hidden && widths.some(width => width > columns) && reflows()) {
      const rows = widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0)
      this.terminal.write(upToStart(rows))
      this.#frame = []
    }
    this.columns = columns
  }

  /** Takes the frame off the terminal until `show`: others write there meanwhile. */
  hide(): void {
    if (this.#hidden) return
    this.terminal.write(upToStart(this.#frame.length))
    this.#hidden = true
  }

  /** The frame again, at the cursor. */
  show(): void {
    this.#hidden = false
    this.terminal.write(lines(this.#frame))
  }

  /** An empty screen with the frame at its top; the scrollback stays. */
  clearScreen(): void {
    this.terminal.write(`\x1b[2J\x1b[H${lines(this.#frame)}`)
  }
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
