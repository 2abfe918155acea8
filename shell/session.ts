/**
 * The shell's screen as a pure reducer: what the person typed and what arrived go in, the next state and the effects to carry
 * out come out. It knows nothing of Ink, the terminal, or the cluster.
 */
import { applyCompletion, choosing, inspected, inspecting, searching } from "./choosing.js"
import { edit, emptyBuffer, onFirstLine, onLastLine, target } from "./editor/buffer.js"
import type { InputEvent } from "./editor/decode.js"
import { actionOf } from "./editor/keys.js"
import { focusing } from "./focusing.js"
import { openPager, pagerKey, pagerNote } from "./pager/pager.js"
import { effect, only, type ShellEvent, type ShellState, type Step, type StyledLine } from "./session-types.js"
import { spansOf } from "./view/highlight.js"

export * from "./session-types.js"

export function reduce(state: ShellState, event: ShellEvent): Step {
  switch (event.kind) {
    case "input":
      return input(state, event.event)
    case "resized":
      return only({ ...state, columns: event.columns, rows: event.rows })
    case "print":
      return only(print(state, event.lines))
    case "done":
      return next({ ...state, running: null, progress: "" })
    case "progress":
      return only(state.running === null ? state : { ...state, progress: event.text })
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
      if (event.for !== state.buffer.text || (event.late && !state.completion)) return only(state)
      return only(applyCompletion(state, event.list))
    case "inspected":
      return only(event.for === state.buffer.text ? inspected(state, event.inspection) : state)
    case "found":
      return only(
        state.search?.query === event.query ? { ...state, search: { ...state.search, matches: event.matches, selected: 0 } } : state,
      )
    case "panels":
      return only({
        ...state,
        panels: event.panels,
        timeline: event.timeline,
        focus: state.focus === null || event.panels.length === 0 ? null : Math.min(state.focus, event.panels.length - 1),
      })
    case "status":
      return only({ ...state, status: event.status })
    case "connection":
      return only(
        state.lostForS === event.lostForS ? state : { ...state, lostForS: event.lostForS, clusterEnded: event.clusterEnded === true },
      )
    case "paged":
      return only({ ...state, pager: openPager(event.answer), completion: null, inspection: null, search: null })
    case "pagerNote":
      return only(state.pager ? { ...state, pager: pagerNote(state.pager, event.note) } : state)
    case "edited":
      return only({ ...state, buffer: edit(state.buffer, { kind: "set", text: event.text }), ghost: "", browsing: null })
    case "mustConfirm":
      return only({ ...state, askedToLeave: true })
  }
}

function print(state: ShellState, lines: readonly StyledLine[]): ShellState {
  if (lines.length === 0) return state
  return { ...state, printed: [...state.printed, lines] }
}

function input(state: ShellState, event: InputEvent): Step {
  if (state.pager) {
    const { pager, effects } = pagerKey(state.pager, event, state)
    return { state: { ...state, pager }, effects }
  }
  if (state.focus !== null) return focusing(state, event)
  if (state.search) return searching(state, event)
  if (state.chord) {
    const ready = { ...state, chord: false }
    return event.kind === "key" && event.key === "ctrl-e" ? effect(ready, { kind: "edit", text: state.buffer.text }) : input(ready, event)
  }
  if (state.completion) {
    const step = choosing(state, event)
    if (step) return step
  }
  if (state.inspection) {
    const step = inspecting(state, event)
    if (step) return step
  }
  const calm = {
    ...state,
    completion: null,
    inspection: null,
    askedToLeave: event.kind === "key" && event.key === "ctrl-d" ? state.askedToLeave : false,
  }
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
      if (calm.buffer.cursor < calm.buffer.text.length) return edited(calm, { kind: "delete", to: "right" })
      if (calm.buffer.text !== "")
        return only(print(calm, [{ text: "Ctrl-C clears what is typed; Ctrl-D on an empty line leaves", style: "dim" }]))
      return effect(calm, { kind: "detach", confirmed: calm.askedToLeave })
    case "clear":
      return effect(calm, { kind: "clear" })
    case "suspend":
      return effect(calm, { kind: "suspend" })
    case "pager":
      return effect(calm, { kind: "page" })
    case "focus":
      if (calm.panels.length > 0) return only({ ...calm, focus: 0 })
      return only(print(calm, [{ text: "no panel is open: .watch counts.top(5)", style: "dim" }]))
    case "chord":
      return only({ ...calm, chord: true })
    case "escape":
      return only(calm)
  }
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
  // It goes to the scrollback as it was typed, above its own output.
  const spans = spansOf(cell)
  const lines = prompted(state, cell).map((text, i): StyledLine => ({ text, style: "input", spans: spans[i]! }))
  return effect({ ...print(state, lines), running: cell, queue }, { kind: "evaluate", cell })
}

/** A cell's lines behind the prompt, and those that go on indented. */
function prompted({ prompt }: ShellState, cell: string): string[] {
  return cell.split("\n").map((line, i) => (i === 0 ? prompt : " ".repeat(prompt.length)) + line)
}

function interrupt(state: ShellState): Step {
  if (state.running !== null) return effect({ ...state, queue: [] }, { kind: "cancel" })
  if (state.buffer.text !== "")
    return only({
      ...print(
        state,
        prompted(state, `${state.buffer.text}^C`).map(text => ({ text, style: "dim" })),
      ),
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
