/**
 * The pager as a pure reducer: keys in, the next state and what the runtime is to do out. It stands on a screen of its own, so
 * what the shell prints meanwhile waits below it.
 */
import type { InputEvent } from "../editor/decode.js"
import { cellWidth } from "../view/width.js"
import type { PagedAnswer } from "./paged.js"

export interface PagerState {
  readonly answer: PagedAnswer
  /** Cells that each column takes: the same wherever in the answer one is. */
  readonly widths: readonly number[]
  /** Rows of the answer as they are shown. */
  readonly order: readonly number[]
  /** Places in `order`. */
  readonly top: number
  readonly row: number
  readonly column: number
  readonly sorted: { readonly column: number; readonly down: boolean } | null
  /** One record a page, from this line of it on. Null: the table. */
  readonly record: number | null
  /** What is typed on the last line. */
  readonly asking: { readonly for: "find" | "write"; readonly text: string } | null
  readonly found: string
  readonly note: string
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

export type PagerEffect =
  | { readonly kind: "copy"; readonly text: string }
  | { readonly kind: "write"; readonly name: string; readonly path: string; readonly order: readonly number[] }

export interface PagerStep {
  /** Null: it is closed. */
  readonly pager: PagerState | null
  readonly effects: readonly PagerEffect[]
}

const widest = 48
/** What terminals take at once; more is a matter of files. */
const copiedBytes = 70_000

export function openPager(answer: PagedAnswer): PagerState {
  const widths = answer.columns.map(({ title, cells }) => {
    // The mark of what it is sorted by stands before its name.
    let width = cellWidth(title) + 1
    for (const cell of cells) if (cell.length > width) width = Math.max(width, Math.min(widest, cellWidth(cell)))
    return Math.min(widest, width)
  })
  const order = Array.from({ length: answer.rows }, (_, row) => row)
  return { answer, widths, order, top: 0, row: 0, column: 0, sorted: null, record: null, asking: null, found: "", note: "" }
}

/** Records that a page shows: all but the head and the last line. */
export function pageRows({ rows }: Size): number {
  return Math.max(1, rows - 2)
}

export function pagerKey(pager: PagerState, event: InputEvent, size: Size): PagerStep {
  if (event.kind === "key") return pager.asking ? askedKey(pager, event.key) : named({ ...pager, note: "" }, event.key, size)
  if (pager.asking) return asked(pager, pager.asking.text + event.text.replace(/[\u0000-\u001f\u007f]/g, ""))
  if (event.kind === "paste") return stay(pager)
  let step = stay({ ...pager, note: "" })
  const effects: PagerEffect[] = []
  const letters = [...event.text]
  for (const [i, letter] of letters.entries()) {
    if (step.pager === null) break
    // What follows `/` or `w` in the same chunk is its answer.
    if (step.pager.asking) {
      step = asked(step.pager, step.pager.asking.text + letters.slice(i).join(""))
      break
    }
    step = lettered(step.pager, letter, size)
    effects.push(...step.effects)
  }
  return { pager: step.pager, effects }
}

/** What came of writing it. */
export function pagerNote(pager: PagerState, note: string): PagerState {
  return { ...pager, note }
}

const stay = (pager: PagerState | null, ...effects: PagerEffect[]): PagerStep => ({ pager, effects })

function named(pager: PagerState, key: string, size: Size): PagerStep {
  const page = pageRows(size)
  switch (key) {
    case "up":
    case "ctrl-p":
      return stay(moved(pager, pager.row - 1, size))
    case "down":
    case "ctrl-n":
    case "enter":
      return stay(moved(pager, pager.row + 1, size))
    case "pageup":
    case "ctrl-b":
    case "ctrl-u":
      return stay(pager.record === null ? moved(pager, pager.row - page, size) : scrolled(pager, -page))
    case "pagedown":
    case "ctrl-f":
    case "ctrl-d":
      return stay(pager.record === null ? moved(pager, pager.row + page, size) : scrolled(pager, page))
    case "home":
    case "ctrl-a":
      return stay({ ...pager, column: 0 })
    case "end":
    case "ctrl-e":
      return stay({ ...pager, column: Math.max(0, pager.widths.length - 1) })
    case "left":
      return stay({ ...pager, column: Math.max(0, pager.column - 1) })
    case "right":
    case "tab":
      return stay({ ...pager, column: Math.min(Math.max(0, pager.widths.length - 1), pager.column + 1) })
    case "escape":
      return stay(pager.record === null ? null : { ...pager, record: null })
    case "ctrl-c":
    case "ctrl-o":
      return stay(null)
    default:
      return stay(pager)
  }
}

function lettered(pager: PagerState, letter: string, size: Size): PagerStep {
  switch (letter) {
    case "q":
      return stay(null)
    case "j":
      return named(pager, "down", size)
    case "k":
      return named(pager, "up", size)
    case "h":
      return named(pager, "left", size)
    case "l":
      return named(pager, "right", size)
    case " ":
      return named(pager, "pagedown", size)
    case "b":
      return named(pager, "pageup", size)
    case "g":
      return stay(moved(pager, 0, size))
    case "G":
      return stay(moved(pager, pager.order.length - 1, size))
    case "x":
      return stay({ ...pager, record: pager.record === null ? 0 : null })
    case "s":
      return stay(moved(sorted(pager), 0, size))
    case "/":
      return stay({ ...pager, asking: { for: "find", text: "" } })
    case "n":
      return stay(found(pager, 1, size))
    case "N":
      return stay(found(pager, -1, size))
    case "w":
      return stay({ ...pager, asking: { for: "write", text: "" } })
    case "y":
      return copied(pager, [pager.row])
    case "Y":
      return copied(
        pager,
        pager.order.map((_, place) => place),
      )
    default:
      return stay(pager)
  }
}

function moved(pager: PagerState, to: number, size: Size): PagerState {
  const row = Math.max(0, Math.min(to, pager.order.length - 1))
  return { ...pager, row, top: topFor(pager.top, row, pager.order.length, size), record: pager.record === null ? null : 0 }
}

/** The page that holds the row, moved as little as can be, and never past the end. */
export function topFor(top: number, row: number, rows: number, size: Size): number {
  const page = pageRows(size)
  const holds = row < top ? row : row >= top + page ? row - page + 1 : top
  return Math.max(0, Math.min(holds, rows - page))
}

function scrolled(pager: PagerState, lines: number): PagerState {
  return { ...pager, record: Math.max(0, (pager.record ?? 0) + lines) }
}

/** By the column: the greatest first, then the least first, then as it was. */
function sorted(pager: PagerState): PagerState {
  const { answer, column, sorted: before } = pager
  const by = answer.columns[column]
  if (by === undefined) return pager
  const next = before?.column !== column ? true : before.down ? false : null
  const order = Array.from({ length: answer.rows }, (_, row) => row)
  if (next === null) return { ...pager, order, sorted: null }
  const { numbers, cells } = by
  const compare = numbers
    ? (a: number, b: number) => orderOf(numbers[a]!, numbers[b]!, next)
    : (a: number, b: number) => (cells[a]! < cells[b]! ? -1 : cells[a]! > cells[b]! ? 1 : 0) * (next ? -1 : 1)
  return { ...pager, order: order.sort((a, b) => compare(a, b) || a - b), sorted: { column, down: next } }
}

/** What is no number comes last either way. */
function orderOf(a: number, b: number, down: boolean): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a === b ? 0 : a < b === down ? 1 : -1
}

function found(pager: PagerState, direction: 1 | -1, size: Size): PagerState {
  const { found: text, order, answer } = pager
  if (text === "") return { ...pager, note: "/ finds" }
  // A capital letter means what it says.
  const exact = /\p{Lu}/u.test(text)
  const holds = (cell: string) => (exact ? cell : cell.toLowerCase()).includes(text)
  for (let i = 1; i <= order.length; i++) {
    const place = (pager.row + direction * i + order.length * i) % order.length
    if (answer.columns.some(({ cells }) => holds(cells[order[place]!]!))) return moved(pager, place, size)
  }
  return { ...pager, note: `not found: ${text}` }
}

function copied(pager: PagerState, places: readonly number[]): PagerStep {
  const { columns } = pager.answer
  const lines = places.map(place => columns.map(({ cells }) => cells[pager.order[place]!] ?? "").join("\t"))
  const text = (lines.length > 1 ? [columns.map(({ title }) => title).join("\t"), ...lines] : lines).join("\n")
  if (text.length > copiedBytes) return stay({ ...pager, note: "too much for the clipboard: w writes a file" })
  const note = lines.length === 1 ? "copied the row" : `copied ${lines.length} rows`
  return stay({ ...pager, note }, { kind: "copy", text })
}

function asked(pager: PagerState, text: string): PagerStep {
  return stay({ ...pager, asking: { for: pager.asking!.for, text } })
}

function askedKey(pager: PagerState, key: string): PagerStep {
  const { for: what, text } = pager.asking!
  switch (key) {
    case "backspace":
    case "ctrl-h":
      return text === "" ? stay({ ...pager, asking: null }) : asked(pager, [...text].slice(0, -1).join(""))
    case "ctrl-u":
      return asked(pager, "")
    case "escape":
    case "ctrl-c":
      return stay({ ...pager, asking: null })
    case "enter":
      return what === "write" ? write({ ...pager, asking: null }, text.trim()) : find({ ...pager, asking: null }, text)
    default:
      return stay(pager)
  }
}

function write(pager: PagerState, path: string): PagerStep {
  if (path === "") return stay(pager)
  return stay({ ...pager, note: `writing ${path} …` }, { kind: "write", name: pager.answer.name, path, order: pager.order })
}

/** The row itself counts, too: a place before it is where the search begins. */
function find(pager: PagerState, text: string): PagerStep {
  if (text === "") return stay(pager)
  const size = { columns: 0, rows: 3 }
  const before = { ...pager, found: text, row: pager.row - 1 < 0 ? pager.order.length - 1 : pager.row - 1 }
  const next = found(before, 1, size)
  return stay(next.note === "" ? { ...next, top: pager.top } : { ...next, row: pager.row, top: pager.top })
}
