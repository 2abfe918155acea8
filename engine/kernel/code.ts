/** What those who write pieces of code ask of the generator (`generate.ts`). */

import type { TextValue, Value } from "./values.js"

export interface Code {
  /** Declared before the loop over rows. */
  readonly constants: string[]
  /** A name that no other code has. */
  fresh(prefix: string): string
  line(text: string): void
  /** Writes `head {`, what `body` writes, and `}`. */
  block(head: string, body: () => void): void
  /** The row is left to the functions if the condition does not hold. */
  guard(condition: string): void
  /** Each byte of the text must be a character. */
  guardAscii(text: TextValue): void
  /** What is written once in a block and those within it. */
  once(name: string, make: () => Value): Value
  /** A number that is computed once. */
  number(js: string): Extract<Value, { type: "number" | "boolean" | "date" }>
  /** A text that is the same for every row. */
  text(value: string): TextValue
  /** Names of bytes, and of anything else, that the code refers to. */
  constant(bytes: Uint8Array): string
  hold(one: unknown): string
  /** Throws NotUnderstood if UTF-8 cannot say it. */
  bytesOf(text: string): Uint8Array
  /** A text put together of others and of numbers. */
  built(parts: readonly Value[]): TextValue
  /** Bytes of their own to write to, empty, and the text that was written there. */
  scratch(): string
  textIn(scratch: string): TextValue
  /** As text, or as a number, or the row is left. Throws NotUnderstood. */
  textOf(value: Value, doing: string): TextValue
  numberOf(value: Value): Value
  /** The value as a condition. */
  truth(value: Value): string
}
