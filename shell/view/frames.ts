/**
 * The frame at the end of the terminal's text, and finished output above it. Ink's own way with frames is to lay out, measure and
 * write all of it for every change (some milliseconds a key), to clear everything, the scrollback too, where a frame is as
 * high as the screen, and to erase as many lines as it wrote though a narrower terminal has wrapped them. Here only the rows of a frame
 * that differ are written, and finished output goes out in one write with the frame below it.
 */
import { stripVTControlCharacters } from "node:util"
import { cellWidth, head } from "./width.js"

const begin = "\x1b[?2026h"
const end = "\x1b[?2026l"
const showCursor = "\x1b[?25h"
const hideCursor = "\x1b[?25l"
const save = "\x1b7"
const restore = "\x1b8"
/**
 * From the cursor's row to the end of the screen; below a frame is nothing. Its own row apart: tmux takes clearing from the screen's first cell
 * on for a new screen, and keeps the old one in its scrollback.
 */
const clear = `${save}\x1b[2K\x1b[1B\x1b[J${restore}`

export interface Frame {
  /** None wider than the terminal. */
  readonly rows: readonly string[]
  /** Where the terminal's own cursor stands: whoever composes characters, or listens to the screen, follows it. Null hides it. */
  readonly cursor: { readonly row: number; readonly column: number } | null
}

const nothing: Frame = { rows: [], cursor: null }

export class FrameOutput {
  #frame = nothing
  /** Finished output that waits while the terminal is somebody else's; null: it is ours. */
  #held: string[] | null = null

  constructor(private readonly terminal: NodeJS.WriteStream) {}

  /** `frame` is to stand below all else; `above` is finished output, whole lines, that goes above it and stays. */
  paint(frame: Frame, above = ""): void {
    const before = this.#frame
    this.#frame = frame
    if (this.#held) {
      this.#held.push(above)
      return
    }
    // From the cursor's row, not from below the frame: a screen that has become lower without a word of it may have cut what was there.
    const from = cursorRow(before)
    const { rows } = frame
    const off = before.rows.length === 0 ? "" : clear
    if (above !== "") return this.#send(`${vertical(-from)}${off}${above}${lines(rows)}`)
    if (rows.length !== before.rows.length) {
      let same = 0
      while (same < rows.length && rows[same] === before.rows[same]) same++
      return this.#send(`${vertical(same - from)}${off}${lines(rows.slice(same))}`)
    }
    let text = ""
    rows.forEach((row, i) => {
      if (row !== before.rows[i]) text += `${save}${vertical(i - from)}${toEnd(row, this.terminal.columns ?? 80)}${restore}`
    })
    const moved = frame.cursor?.row !== before.cursor?.row || frame.cursor?.column !== before.cursor?.column
    if (text !== "" || moved) this.#send(text, from)
  }

  /**
   * The terminal has another size. Its rows may have been wrapped, and of those below the cursor some taken away: what was painted is taken
   * off it, whatever it has become, from where it began to the end of the screen. The next frame is painted from there.
   */
  resized(columns: number): void {
    const { rows, cursor } = this.#frame
    if (this.#held || rows.length === 0) return
    const texts = rows.map(row => stripVTControlCharacters(row))
    const high = (text: string, row: number) => (wraps(row === cursor?.row) ? wrappedAt(text, columns, Number.POSITIVE_INFINITY) + 1 : 1)
    const heights = texts.map(high)
    const inRow = cursor && wraps(true) ? wrappedAt(texts[cursor.row]!, columns, cursor.column) : 0
    this.terminal.write(vertical(-sum(heights.slice(0, cursor?.row)) - inRow) + clear)
    this.#frame = nothing
  }

  /** Takes the frame off the terminal until `show`: others write there meanwhile. The cursor is shown. */
  hide(): void {
    if (this.#held) return
    this.terminal.write(`${vertical(-cursorRow(this.#frame))}${clear}${showCursor}`)
    this.#held = []
  }

  /** The frame again, at the cursor. */
  show(): void {
    const held = this.#held?.join("") ?? ""
    this.#held = null
    this.#send(held + lines(this.#frame.rows))
  }

  /** An empty screen with the frame at its top; the scrollback stays. */
  clearScreen(): void {
    this.#send(`\x1b[2J\x1b[H${lines(this.#frame.rows)}`)
  }

  /** After the text the cursor is in that row of the frame, or below it; from there it goes to its place. */
  #send(text: string, row = this.#frame.rows.length): void {
    const { cursor } = this.#frame
    const column = cursor !== null && cursor.column > 0 ? `\x1b[${cursor.column}C` : ""
    const place = `${vertical(cursorRow(this.#frame) - row)}${column}${cursor === null ? "" : showCursor}`
    this.terminal.write(`${begin}${hideCursor}${text}${place}${end}`)
  }
}

/** The row, and nothing of what stood there behind it. Behind one that is as wide as the terminal, erasing takes its own last cell in some. */
export function toEnd(row: string, columns: number): string {
  return rowWidth(row) < columns ? `${row}\x1b[K` : row
}

function rowWidth(row: string): number {
  return cellWidth(stripVTControlCharacters(row))
}

/** Of the frame: below it where there is no cursor. */
function cursorRow({ rows, cursor }: Frame): number {
  return cursor?.row ?? rows.length
}

/** To the start of a row above or below. */
function vertical(rows: number): string {
  return `\r${rows < 0 ? `\x1b[${-rows}A` : rows > 0 ? `\x1b[${rows}B` : ""}`
}

function lines(rows: readonly string[]): string {
  return rows.map(row => `${row}\n`).join("")
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0)
}

/** In which row the cell number `column` of a text is, when a terminal of `columns` has wrapped it. A wide character is not parted. */
function wrappedAt(text: string, columns: number, column: number): number {
  let [row, before, rest] = [0, 0, text]
  for (;;) {
    const { length, cells } = head(rest, columns)
    if (length === 0 || length >= rest.length || column < before + cells) return row
    before += cells
    rest = rest.slice(length)
    row++
  }
}

/** Whether the terminal wraps what stands on it anew when it gets narrower, the cursor's row too. Those that do not cut it. */
function wraps(cursorRow: boolean): boolean {
  const { TERM = "", TERM_PROGRAM = "", XTERM_VERSION, STY, TMUX } = process.env
  // tmux says it is a screen, and wraps; screen does not.
  if (TMUX !== undefined) return true
  if (cursorRow && cutsCursorRow.has(TERM_PROGRAM)) return false
  return XTERM_VERSION === undefined && STY === undefined && !/^(linux|screen|vt)/.test(TERM)
}

/** Terminals of xterm.js: they leave the row of the cursor to the program. */
const cutsCursorRow: ReadonlySet<string> = new Set(["vscode", "Hyper", "Tabby"])
