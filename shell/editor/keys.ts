/**
 * The key table: one row a key, from which both the shell's behaviour and `.help keys` are made. Readline's keys keep their
 * meaning.
 */
import type { Edit } from "./buffer.js"

export type Action =
  | { readonly kind: "edit"; readonly edit: Edit }
  | {
      readonly kind:
        | "submit"
        | "newline"
        | "complete"
        | "inspect"
        | "historyBack"
        | "historyForward"
        | "search"
        | "interrupt"
        | "endOfInput"
    }
  | { readonly kind: "clear" | "pager" | "focus" | "suspend" | "chord" | "takeGhost" | "takeGhostWord" | "escape" }

export interface KeyRow {
  readonly keys: readonly string[]
  readonly action: Action
  readonly help: string
}

const move = (to: Extract<Edit, { kind: "move" }>["to"]): Action => ({ kind: "edit", edit: { kind: "move", to } })
const kill = (to: Extract<Edit, { kind: "delete" }>["to"]): Action => ({ kind: "edit", edit: { kind: "delete", to, kill: true } })
const remove = (to: Extract<Edit, { kind: "delete" }>["to"]): Action => ({ kind: "edit", edit: { kind: "delete", to } })

export const keyTable: readonly KeyRow[] = [
  { keys: ["enter"], action: { kind: "submit" }, help: "run if the cell is complete, else a new line" },
  { keys: ["alt-enter", "ctrl-j"], action: { kind: "newline" }, help: "always a new line" },
  { keys: ["tab"], action: { kind: "complete" }, help: "complete" },
  {
    keys: ["shift-tab"],
    action: { kind: "inspect" },
    help: "what stands under the cursor: type, a sentence, an example; again: all of it; Escape closes",
  },
  { keys: ["up", "ctrl-p"], action: { kind: "historyBack" }, help: "line above, then earlier cells with the same beginning" },
  { keys: ["down", "ctrl-n"], action: { kind: "historyForward" }, help: "line below, then later cells" },
  { keys: ["ctrl-r"], action: { kind: "search" }, help: "search the history" },
  { keys: ["ctrl-c"], action: { kind: "interrupt" }, help: "cancel the running query; else clear the input; never quits" },
  { keys: ["ctrl-d"], action: { kind: "endOfInput" }, help: "on an empty line: detach; else delete the character under the cursor" },
  { keys: ["ctrl-o"], action: { kind: "pager" }, help: "the last answer in the pager: search, sort, columns, copy, write" },
  { keys: ["f2", "alt-w"], action: { kind: "focus" }, help: "keys go to the panels: step in time, hold, copy, close; Escape returns" },
  { keys: ["ctrl-x"], action: { kind: "chord" }, help: "then Ctrl-E: the cell in $EDITOR" },
  { keys: ["ctrl-l"], action: { kind: "clear" }, help: "clear the screen" },
  { keys: ["ctrl-z"], action: { kind: "suspend" }, help: "suspend; fg restores the screen" },
  { keys: ["escape"], action: { kind: "escape" }, help: "leave a list or a search" },
  { keys: ["left", "ctrl-b"], action: move("left"), help: "a character back" },
  { keys: ["right", "ctrl-f"], action: { kind: "takeGhost" }, help: "a character forward; at the end of the line takes the grey text" },
  { keys: ["alt-b", "ctrl-left", "alt-left"], action: move("wordLeft"), help: "a word back" },
  {
    keys: ["alt-f", "ctrl-right", "alt-right"],
    action: { kind: "takeGhostWord" },
    help: "a word forward; at the end takes a word of the grey text",
  },
  { keys: ["ctrl-a", "home"], action: move("lineStart"), help: "start of the line" },
  { keys: ["ctrl-e", "end"], action: { kind: "takeGhost" }, help: "end of the line; there takes the grey text" },
  { keys: ["backspace", "ctrl-h"], action: remove("left"), help: "delete back" },
  { keys: ["delete"], action: remove("right"), help: "delete forward" },
  { keys: ["ctrl-w"], action: kill("bigWordLeft"), help: "cut the word before the cursor" },
  { keys: ["alt-backspace"], action: kill("wordLeft"), help: "cut back to the start of the word" },
  { keys: ["alt-d"], action: kill("wordRight"), help: "cut to the end of the word" },
  { keys: ["ctrl-k"], action: kill("lineEnd"), help: "cut to the end of the line" },
  { keys: ["ctrl-u"], action: kill("lineStart"), help: "cut to the start of the line" },
  { keys: ["ctrl-y"], action: { kind: "edit", edit: { kind: "yank" } }, help: "paste what was cut" },
  { keys: ["ctrl-t"], action: { kind: "edit", edit: { kind: "transpose" } }, help: "swap two characters" },
  { keys: ["ctrl-_"], action: { kind: "edit", edit: { kind: "undo" } }, help: "undo" },
]

const byKey = new Map(keyTable.flatMap(row => row.keys.map(key => [key, row.action] as const)))

export function actionOf(key: string): Action | undefined {
  return byKey.get(key)
}
