/**
 * The shell's screen as a pure reducer: what the person typed and what arrived go in, the next state and the effects to carry
 * out come out. It knows nothing of Ink, the terminal, or the cluster.
 */
import { type Buffer, edit, emptyBuffer, onFirstLine, onLastLine, target } from "./editor/buffer.js"
import type { InputEvent } from "./editor/decode.js"
import { actionOf } from "./editor/keys.js"

export interface ShellState {
  readonly prompt: string
  readonly buffer: Buffer
  readonly ghost: string
  /** The cell being evaluated, and those entered meanwhile. */
  readonly running: string | null
  readonly queue: readonly string[]
  readonly browsing: { readonly index: number; readonly prefix: string; readonly draft: string } | null
  readonly completion: CompletionList | null
  readonly search: { readonly query: string; readonly matches: readonly string[]; readonly selected: number } | null
  /** Finished output, oldest first. It leaves the dynamic part of the screen at once and is never painted again. */
  readonly printed: readonly Printed[]
  readonly panels: readonly PanelView[]
  readonly status: StatusView | null
  /** Seconds since the master was last heard, when it is lost. */
  readonly lostForS: number | null
  readonly columns: number
  readonly rows: number
  /** An embedded cluster asks once before it ends. */
  readonly askedToLeave: boolean
  /** The shell ends: only what was printed stays. */
  readonly left: boolean
}

export interface Printed {
  readonly id: number
  readonly lines: readonly StyledLine[]
}

export interface StyledLine {
  readonly text: string
  readonly style?: "dim" | "error" | "bold" | "input" | "warning"
}

export interface CompletionItem {
  readonly text: string
  readonly detail: string
}

export interface CompletionList {
  readonly items: readonly CompletionItem[]
  readonly selected: number
  /** What the chosen item replaces. */
  readonly from: number
  readonly to: number
}

export interface PanelView {
  readonly name: string
  readonly title: string
  readonly lines: readonly string[]
  readonly note: string
  readonly live: boolean
}

export interface StatusView {
  readonly cluster: string
  readonly workers: number
  readonly lost: number
  readonly streams: number
  readonly rate: string
  readonly spark: string
  readonly newest: string
  readonly worst: string
}

export type ShellEvent =
  | { readonly kind: "input"; readonly event: InputEvent }
  | { readonly kind: "resized"; readonly columns: number; readonly rows: number }
  | { readonly kind: "print"; readonly lines: readonly StyledLine[] }
  | { readonly kind: "done" }
  | { readonly kind: "history"; readonly text: string | undefined; readonly index: number }
  | { readonly kind: "ghost"; readonly for: string; readonly text: string }
  | { readonly kind: "completed"; readonly for: string; readonly list: CompletionList }
  | { readonly kind: "found"; readonly query: string; readonly matches: readonly string[] }
  | { readonly kind: "panels"; readonly panels: readonly PanelView[] }
  | { readonly kind: "status"; readonly status: StatusView }
  | { readonly kind: "connection"; readonly lostForS: number | null }
  | { readonly kind: "mustConfirm" }

export type Effect =
  | { readonly kind: "submit"; readonly cell: string }
  | { readonly kind: "evaluate"; readonly cell: string }
  | { readonly kind: "remember"; readonly cell: string }
  | { readonly kind: "cancel" }
  | { readonly kind: "complete"; readonly text: string; readonly cursor: number }
  | { readonly kind: "inspect"; readonly text: string; readonly cursor: number }
  | { readonly kind: "historyFind"; readonly prefix: string; readonly index: number; readonly direction: -1 | 1; readonly current: string }
  | { readonly kind: "ghost"; readonly text: string }
  | { readonly kind: "find"; readonly query: string }
  | { readonly kind: "detach"; readonly confirmed: boolean }
  | { readonly kind: "clear" | "suspend" }

export interface Step {
  readonly state: ShellState
  readonly effects: readonly Effect[]
}

export function initialShell(prompt: string, columns: number, rows: number): ShellState {
  return {
    prompt,
    buffer: emptyBuffer,
    ghost: "",
    running: null,
    queue: [],
    browsing: null,
    completion: null,
    search: null,
    printed: [],
    panels: [],
    status: null,
    lostForS: null,
    columns,
    rows,
    askedToLeave: false,
    left: false,
  }
}

export function reduce(state: ShellState, event: ShellEvent): Step {
  switch (event.kind) {
    case "input":
      return input(state, event.event)
    case "resized":
      return only({ ...state, columns: event.columns, rows: event.rows })
    case "print":
      return only(print(state, event.lines))
    case "done":
      return next({ ...state, running: null })
    case "history": {
      if (event.text === undefined) return only(state)
      const prefix = state.browsing?.prefix ?? state.buffer.text
      const draft = state.browsing?.draft ?? state.buffer.text
      const buffer = edit(state.buffer, { kind: "set", text: event.text })
      return only({ ...state, buffer, ghost: "", browsing: { index: event.index, prefix, draft } })
    }
    case "ghost":
      return only(event.for === state.buffer.text ? { ...state, ghost: event.text } : state)
    case "completed":
      return only(event.for === state.buffer.text ? applyCompletion(state, event.list) : state)
    case "found":
      return only(
        state.search?.query === event.query ? { ...state, search: { ...state.search, matches: event.matches, selected: 0 } } : state,
      )
    case "panels":
      return only({ ...state, panels: event.panels })
    case "status":
      return only({ ...state, status: event.status })
    case "connection":
      return only(state.lostForS === event.lostForS ? state : { ...state, lostForS: event.lostForS })
    case "mustConfirm":
      return only({ ...state, askedToLeave: true })
  }
}

function only(state: ShellState): Step {
  return { state, effects: [] }
}

function print(state: ShellState, lines: readonly StyledLine[]): ShellState {
  if (lines.length === 0) return state
  return { ...state, printed: [...state.printed, { id: (state.printed.at(-1)?.id ?? -1) + 1, lines }] }
}

function input(state: ShellState, event: InputEvent): Step {
  if (state.search) return searching(state, event)
  if (state.completion) {
    const step = choosing(state, event)
    if (step) return step
  }
  const calm = { ...state, completion: null, askedToLeave: event.kind === "key" && event.key === "ctrl-d" ? state.askedToLeave : false }
  if (event.kind !== "key") return edited(calm, { kind: "insert", text: event.text })
  const action = actionOf(event.key)
  if (action === undefined) return only(calm)
  switch (action.kind) {
    case "edit":
      return edited(calm, action.edit)
    case "submit":
      return submit(calm)
    case "newline":
      return edited(calm, { kind: "insert", text: "\n" })
    case "complete":
      return effect(calm, { kind: "complete", text: calm.buffer.text, cursor: calm.buffer.cursor })
    case "inspect":
      return effect(calm, { kind: "inspect", text: calm.buffer.text, cursor: calm.buffer.cursor })
    case "historyBack":
      return onFirstLine(calm.buffer) ? browse(calm, -1) : edited(calm, { kind: "move", to: "up" })
    case "historyForward":
      return onLastLine(calm.buffer) ? browse(calm, 1) : edited(calm, { kind: "move", to: "down" })
    case "search":
      return { state: { ...calm, search: { query: "", matches: [], selected: 0 } }, effects: [{ kind: "find", query: "" }] }
    case "takeGhost": {
      const atEnd = calm.buffer.cursor === calm.buffer.text.length
      if (atEnd && calm.ghost !== "") return edited(calm, { kind: "insert", text: calm.ghost })
      return edited(calm, { kind: "move", to: event.key === "ctrl-e" || event.key === "end" ? "lineEnd" : "right" })
    }
    case "takeGhostWord": {
      const atEnd = calm.buffer.cursor === calm.buffer.text.length
      if (!atEnd || calm.ghost === "") return edited(calm, { kind: "move", to: "wordRight" })
      const word = calm.ghost.slice(0, target({ text: calm.ghost, cursor: 0 }, "wordRight") || calm.ghost.length)
      return edited(calm, { kind: "insert", text: word })
    }
    case "interrupt":
      return interrupt(calm)
    case "endOfInput":
      if (calm.buffer.text !== "") return edited(calm, { kind: "delete", to: "right" })
      return effect(calm, { kind: "detach", confirmed: calm.askedToLeave })
    case "clear":
      return effect(calm, { kind: "clear" })
    case "suspend":
      return effect(calm, { kind: "suspend" })
    case "escape":
    case "pager":
    case "focus":
      return only(calm)
  }
}

function effect(state: ShellState, ...effects: Effect[]): Step {
  return { state, effects }
}

function edited(state: ShellState, change: Parameters<typeof edit>[1]): Step {
  const buffer = edit(state.buffer, change)
  if (buffer === state.buffer) return only(state)
  const changed = buffer.text !== state.buffer.text
  const next = { ...state, buffer, ghost: changed ? "" : state.ghost, browsing: changed ? null : state.browsing }
  return changed && buffer.cursor === buffer.text.length ? effect(next, { kind: "ghost", text: buffer.text }) : only(next)
}

/** The runtime answers with `evaluate` (complete) or a new line: it knows the language. */
function submit(state: ShellState): Step {
  const cell = state.buffer.text
  if (cell.trim() === "") return only(print(state, [{ text: state.prompt, style: "dim" }]))
  return effect(state, { kind: "submit", cell })
}

/** The cell is complete: it runs, after those that were entered before it. */
export function accept(state: ShellState): Step {
  const cell = state.buffer.text
  const cleared = { ...state, buffer: { ...emptyBuffer, killed: state.buffer.killed }, ghost: "", browsing: null }
  const queued = { ...cleared, queue: [...cleared.queue, cell] }
  const step = state.running === null ? next(queued) : only(queued)
  return { state: step.state, effects: [{ kind: "remember", cell }, ...step.effects] }
}

export function newLine(state: ShellState): Step {
  return edited(state, { kind: "insert", text: "\n" })
}

function next(state: ShellState): Step {
  const [cell, ...queue] = state.queue
  if (cell === undefined) return only(state)
  // It goes to the scrollback as it was typed, continuation lines indented, above its own output.
  const indent = " ".repeat(state.prompt.length)
  const lines = cell.split("\n").map((line, i): StyledLine => ({ text: (i === 0 ? state.prompt : indent) + line, style: "input" }))
  return effect({ ...print(state, lines), running: cell, queue }, { kind: "evaluate", cell })
}

function interrupt(state: ShellState): Step {
  if (state.running !== null) return effect({ ...state, queue: [] }, { kind: "cancel" })
  if (state.buffer.text !== "")
    return only({
      ...print(state, [{ text: `${state.prompt}${state.buffer.text}^C`, style: "dim" }]),
      buffer: emptyBuffer,
      ghost: "",
      browsing: null,
    })
  return only(print(state, [{ text: "Ctrl-D detaches", style: "dim" }]))
}

function browse(state: ShellState, direction: -1 | 1): Step {
  const prefix = state.browsing?.prefix ?? state.buffer.text
  const index = state.browsing?.index ?? Number.MAX_SAFE_INTEGER
  if (direction === 1 && state.browsing === null) return only(state)
  return effect(state, { kind: "historyFind", prefix, index, direction, current: state.buffer.text })
}

/** Past the newest cell lies what was being typed. */
export function historyEnd(state: ShellState): Step {
  if (state.browsing === null) return only(state)
  return only({ ...state, buffer: edit(state.buffer, { kind: "set", text: state.browsing.draft }), browsing: null })
}

function applyCompletion(state: ShellState, list: CompletionList): ShellState {
  if (list.items.length === 0) return state
  const shared = commonPrefix(list.items.map(item => item.text))
  const typed = state.buffer.text.slice(list.from, list.to)
  if (list.items.length === 1) return { ...state, buffer: insertChoice(state.buffer, list, list.items[0]!.text), ghost: "" }
  const grown = shared.length > typed.length ? insertChoice(state.buffer, list, shared) : state.buffer
  return { ...state, buffer: grown, ghost: "", completion: { ...list, selected: 0, to: list.from + Math.max(shared.length, typed.length) } }
}

function insertChoice(buffer: Buffer, list: CompletionList, text: string): Buffer {
  const whole = buffer.text.slice(0, list.from) + text + buffer.text.slice(list.to)
  return edit(buffer, { kind: "set", text: whole, cursor: list.from + text.length })
}

function commonPrefix(words: readonly string[]): string {
  let prefix = words[0] ?? ""
  for (const word of words) while (!word.startsWith(prefix)) prefix = prefix.slice(0, -1)
  return prefix
}

/** Keys that the open completion list takes; undefined lets the key through (and closes the list). */
function choosing(state: ShellState, event: InputEvent): Step | undefined {
  const list = state.completion!
  if (event.kind !== "key") return undefined
  const move = (by: number) =>
    only({ ...state, completion: { ...list, selected: (list.selected + by + list.items.length) % list.items.length } })
  switch (event.key) {
    case "tab":
    case "down":
      return move(1)
    case "shift-tab":
    case "up":
      return move(-1)
    case "enter":
      return only({ ...state, completion: null, buffer: insertChoice(state.buffer, list, list.items[list.selected]!.text) })
    case "escape":
    case "ctrl-c":
      return only({ ...state, completion: null })
    default:
      return undefined
  }
}

function searching(state: ShellState, event: InputEvent): Step {
  const search = state.search!
  const find = (query: string): Step => ({ state: { ...state, search: { ...search, query } }, effects: [{ kind: "find", query }] })
  if (event.kind !== "key") return find(search.query + event.text.replace(/\n/g, " "))
  switch (event.key) {
    case "backspace":
    case "ctrl-h":
      return find(search.query.slice(0, -1))
    case "ctrl-r":
    case "up":
      return only({ ...state, search: { ...search, selected: Math.min(search.selected + 1, Math.max(0, search.matches.length - 1)) } })
    case "down":
      return only({ ...state, search: { ...search, selected: Math.max(0, search.selected - 1) } })
    case "enter":
    case "tab":
    case "right": {
      const chosen = search.matches[search.selected]
      return only({
        ...state,
        search: null,
        buffer: chosen === undefined ? state.buffer : edit(state.buffer, { kind: "set", text: chosen }),
      })
    }
    case "escape":
    case "ctrl-c":
    case "ctrl-g":
      return only({ ...state, search: null })
    default:
      return only(state)
  }
}
