/** What generated code works on: values as the names of locals, or expressions of them, with their types. */

import { NotUnderstood } from "../expression/expression.js"

export type Value =
  /** Bytes [from, to) of `data`, of which `<data>View` is a DataView: of the row, they are called `data`, or `lines`. */
  | { readonly type: "text"; readonly data: string; readonly from: string; readonly to: string; readonly ascii?: true }
  /** A date is its milliseconds. */
  | { readonly type: "number" | "boolean" | "date"; readonly js: string }
  | { readonly type: "null" }
  /** Text, or null where `present` does not hold. */
  | { readonly type: "maybe"; readonly present: string; readonly text: TextValue }
  /** A value of JSON, whose kind the row says (`json.ts`): a text's bytes, or where the value stands. */
  | { readonly type: "json"; readonly tag: string; readonly text: TextValue }
  | { readonly type: "tuple"; readonly items: readonly Value[] }
  /** `field` writes the code that finds it; null: there is none of that name. */
  | { readonly type: "object"; field(name: string): Value | null }
  /** Writes the loop over its elements; `item` the code that finds one, and leaves the row if it is not there. */
  | {
      readonly type: "list"
      each(element: (value: Value) => void): void
      item?(index: number): Value
      length?(): Value
    }

export type TextValue = Extract<Value, { type: "text" }>

/** Kinds of a value of JSON. A text with an escape is `other` too: its bytes are not those of the text. */
export const jsonTag = { missing: 0, null: 1, false: 2, true: 3, number: 4, text: 5, other: 6 } as const

/** A value's type in words. */
export function aOrAn({ type }: Value): string {
  switch (type) {
    case "text":
      return "text"
    case "maybe":
      return "text or null"
    case "json":
      return "a value of JSON"
    case "object":
      return "an object"
    default:
      return `a ${type}`
  }
}

/** The type that a choice between two values has. Throws NotUnderstood. */
export function choice(a: Value, b: Value): "text" | "number" | "boolean" | "date" | "maybe" | "null" {
  const types = new Set([a.type, b.type])
  if (types.size === 1 && ["text", "number", "boolean", "date", "maybe", "null"].includes(a.type)) return a.type as "text"
  if ([...types].every(type => type === "text" || type === "null" || type === "maybe")) return "maybe"
  throw new NotUnderstood(`chooses between ${aOrAn(a)} and ${aOrAn(b)}`)
}
