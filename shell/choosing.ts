/** What opens below the input: what completes a word, what stands under the cursor, and what a search of the history has found. */
import { type Buffer, edit } from "./editor/buffer.js"
import type { InputEvent } from "./editor/decode.js"
import { type CompletionList, type Inspection, only, type ShellState, type Step } from "./session-types.js"

export function applyCompletion(state: ShellState, list: CompletionList): ShellState {
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
export function choosing(state: ShellState, event: InputEvent): Step | undefined {
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

const nothing: Inspection = { brief: ["nothing is known of what stands here"], all: [] }

export function inspected(state: ShellState, inspection: Inspection | null): ShellState {
  return { ...state, completion: null, inspection: { ...(inspection ?? nothing), whole: false } }
}

/** Keys that it takes: the same again shows all of it, Escape closes. Any other is the input's, and closes it. */
export function inspecting(state: ShellState, event: InputEvent): Step | undefined {
  if (event.kind !== "key") return undefined
  const inspection = state.inspection!
  if (event.key === "escape") return only({ ...state, inspection: null })
  if (event.key !== "shift-tab" || inspection.all.length === 0) return undefined
  return only({ ...state, inspection: { ...inspection, whole: !inspection.whole } })
}

export function searching(state: ShellState, event: InputEvent): Step {
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
