/** The shell's screen as data: its state, what happens to it, and what it asks of the runtime. */
import { type Buffer, emptyBuffer } from "./editor/buffer.js"
import type { InputEvent } from "./editor/decode.js"
import type { PagedAnswer } from "./pager/paged.js"
import type { PagerEffect, PagerState } from "./pager/pager.js"
import type { Span } from "./view/highlight.js"

export interface ShellState {
  readonly prompt: string
  /** The prompt's, by name; null: dim. */
  readonly color: string | null
  readonly buffer: Buffer
  readonly ghost: string
  /** The cell being evaluated, and those entered meanwhile. */
  readonly running: string | null
  /** How far its question is, if that takes long. */
  readonly progress: string
  readonly queue: readonly string[]
  readonly browsing: { readonly index: number; readonly prefix: string; readonly draft: string } | null
  readonly completion: CompletionList | null
  /** Open below the input; `whole`: all that is known. */
  readonly inspection: (Inspection & { readonly whole: boolean }) | null
  readonly search: { readonly query: string; readonly matches: readonly string[]; readonly selected: number } | null
  /** Finished output that is yet to be printed, oldest first. The screen takes it; it is never painted again. */
  readonly printed: readonly (readonly StyledLine[])[]
  /** Ctrl-X has been typed: the next key says what for. */
  readonly chord: boolean
  /** It has the screen and the keys while it is open. */
  readonly pager: PagerState | null
  readonly panels: readonly PanelView[]
  /** Null: they are live. */
  readonly timeline: Timeline | null
  /** Number of the panel that has the keys. */
  readonly focus: number | null
  readonly status: StatusView | null
  /** Seconds since the master was last heard, when it is lost. */
  readonly lostForS: number | null
  /** Before it was lost it said that all of it ends. */
  readonly clusterEnded: boolean
  readonly columns: number
  readonly rows: number
  /** An embedded cluster asks once before it ends. */
  readonly askedToLeave: boolean
  /** The shell ends: only what was printed stays. */
  readonly left: boolean
}

export interface StyledLine {
  readonly text: string
  readonly style?: "dim" | "error" | "bold" | "input" | "warning"
  /** The text's end, in parts of one colour: of a cell behind its prompt. */
  readonly spans?: readonly Span[]
}

export interface CompletionItem {
  readonly text: string
  readonly detail: string
  /** A sentence about it. */
  readonly doc?: string
}

/** What stands under the cursor, in a few lines and in all there are. */
export interface Inspection {
  readonly brief: readonly string[]
  readonly all: readonly string[]
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

/** What a person asks of the open panels. They step by the shortest of their intervals, together. */
export type PanelOrder =
  | { readonly kind: "step"; readonly by: number }
  /** As they are now; again: live. */
  | { readonly kind: "hold" }
  | { readonly kind: "live" }
  | { readonly kind: "oldest" }
  | { readonly kind: "close"; readonly name: string }

/** Where the interval that panels show lies between the oldest that can be asked and the newest: times as text, 0–1 from the left. */
export interface Timeline {
  readonly from: string
  readonly at: string
  readonly to: string
  readonly share: number
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
  /** The cell's question takes long: how far it is. */
  | { readonly kind: "progress"; readonly text: string }
  | { readonly kind: "history"; readonly text: string | undefined; readonly index: number }
  | { readonly kind: "ghost"; readonly for: string; readonly text: string }
  /** `late`: better than the list that is open. */
  | { readonly kind: "completed"; readonly for: string; readonly list: CompletionList; readonly late?: true }
  | { readonly kind: "inspected"; readonly for: string; readonly inspection: Inspection | null }
  | { readonly kind: "found"; readonly query: string; readonly matches: readonly string[] }
  | { readonly kind: "panels"; readonly panels: readonly PanelView[]; readonly timeline: Timeline | null }
  | { readonly kind: "status"; readonly status: StatusView }
  /** `clusterEnded`: its master has said so. */
  | { readonly kind: "connection"; readonly lostForS: number | null; readonly clusterEnded?: boolean }
  | { readonly kind: "paged"; readonly answer: PagedAnswer }
  | { readonly kind: "pagerNote"; readonly note: string }
  /** What the cell has become in an editor. */
  | { readonly kind: "edited"; readonly text: string }
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
  | { readonly kind: "clear" | "suspend" | "page" }
  | { readonly kind: "edit"; readonly text: string }
  | PagerEffect
  | { readonly kind: "panels"; readonly order: PanelOrder }

export interface Step {
  readonly state: ShellState
  readonly effects: readonly Effect[]
}

export function initialShell(prompt: string, columns: number, rows: number, color: string | null = null): ShellState {
  return {
    prompt,
    color,
    buffer: emptyBuffer,
    ghost: "",
    running: null,
    progress: "",
    queue: [],
    browsing: null,
    completion: null,
    inspection: null,
    search: null,
    printed: [],
    chord: false,
    pager: null,
    panels: [],
    timeline: null,
    focus: null,
    status: null,
    lostForS: null,
    clusterEnded: false,
    columns,
    rows,
    askedToLeave: false,
    left: false,
  }
}

export function only(state: ShellState): Step {
  return { state, effects: [] }
}

export function effect(state: ShellState, ...effects: Effect[]): Step {
  return { state, effects }
}
