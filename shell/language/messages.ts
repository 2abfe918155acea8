/** What crosses between the host's thread and that of the language service. Offsets are of the cell's text. */

/** `type`: of a field or name its type, of a method its signature. `doc`: the first line of its doc comment. */
export interface TypedItem {
  readonly text: string
  readonly type: string
  readonly doc: string
  /** A property of a record, not a method. */
  readonly isField: boolean
}

export interface TypedCompletions {
  readonly items: readonly TypedItem[]
  /** What the chosen item replaces. */
  readonly from: number
  readonly to: number
  /** Nothing else fits there: members, words of a text, keys of an object. */
  readonly only: boolean
}

/** What stands under the cursor: its type, a sentence and an example; and all of it. */
export interface Inspected {
  readonly brief: readonly string[]
  readonly all: readonly string[]
}

/** One line about `[at, end)` of the cell. */
export interface Finding {
  readonly at: number
  readonly end: number
  readonly message: string
}

/** A cell that has run: its text with `await` written out. `present`: its names that stand for something by now. */
export interface FinishedCell {
  readonly text: string
  readonly present: readonly string[]
}

/** What a cell left behind under a name, as a declaration. `open`: its records are of a type that it does not say. */
export interface Declaration {
  readonly name: string
  readonly text: string
  readonly open: boolean
}

/** Types of the cluster's streams: by name, or as `stream "name"` and `state "name"`. Null: it is gone. */
export type LiveNames = Readonly<Record<string, string | null>>

/** What is asked, and what comes back for it. */
export interface Questions {
  readonly complete: { readonly asks: { readonly text: string; readonly cursor: number }; readonly gives: TypedCompletions | null }
  readonly inspect: { readonly asks: { readonly text: string; readonly cursor: number }; readonly gives: Inspected | null }
  readonly check: { readonly asks: { readonly text: string }; readonly gives: readonly Finding[] }
  readonly declare: { readonly asks: FinishedCell; readonly gives: readonly Declaration[] }
}

export type Question = { readonly [Kind in keyof Questions]: { readonly kind: Kind } & Questions[Kind]["asks"] }[keyof Questions]

export type ToLanguage =
  | { readonly kind: "ask"; readonly id: number; readonly question: Question }
  | { readonly kind: "live"; readonly names: LiveNames }
  | { readonly kind: "restore"; readonly declarations: readonly Declaration[] }

export type FromLanguage =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly value: Questions[keyof Questions]["gives"] }
