/** The lines of code while they are written: names, blocks, and what is computed once in each. */

import { Buffer } from "node:buffer"
import { type Expression, NotUnderstood } from "../expression/expression.js"
import type { TextValue, Value } from "./values.js"

const longestCode = 200_000

export class Writer {
  lines: string[] = []
  /** Declared before the loop over rows. */
  readonly constants: string[] = []
  /** What the code refers to as k0, k1 …: bytes, whose views are k0View …, */
  readonly literals: Uint8Array[] = []
  /** … and h0, h1 …: whatever else. */
  readonly held: unknown[] = []
  /** Rows with text beyond ASCII are left to the functions. */
  needsAscii = false
  /** The statement that leaves the row; null: it cannot be left here. */
  exit: string | null = null
  private names = 0
  private length = 0
  /** What is computed already in this block or one around it. */
  protected known = new Map<Expression, Value>()
  private fields = new Map<string, Value>()

  fresh(prefix: string): string {
    return `${prefix}${this.names++}`
  }

  line(text: string): void {
    this.length += text.length
    if (this.length > longestCode) throw new NotUnderstood("is too long")
    this.lines.push(text)
  }

  /** Writes `head {`, what `body` writes, and `}`. */
  block(head: string, body: () => void): void {
    const { lines } = this.captured(body)
    this.line(`${head} {`)
    this.lines.push(...lines)
    this.line("}")
  }

  /** What `write` writes, as a block of its own: what it has computed is known in it alone. */
  protected captured<T>(write: () => T): { readonly lines: string[]; readonly result: T } {
    const { lines, known, fields } = this
    this.lines = []
    this.known = new Map(known)
    this.fields = new Map(fields)
    const result = write()
    const written = this.lines
    Object.assign(this, { lines, known, fields })
    return { lines: written, result }
  }

  /** The row is left if the condition does not hold. */
  guard(condition: string): void {
    if (this.exit === null) throw new NotUnderstood("is not the same for all values")
    this.line(`if (!(${condition})) ${this.exit}`)
  }

  /** Each place of the text is a character. */
  guardAscii({ data, from, to, ascii }: TextValue): void {
    if (ascii) return
    if (data === "data" || data === "lines") this.needsAscii = true
    else this.guard(`text.ascii(${data}, ${from}, ${to})`)
  }

  /** A field of the row, found once. */
  once(name: string, make: () => Value): Value {
    let value = this.fields.get(name)
    if (value === undefined) {
      value = make()
      this.fields.set(name, value)
    }
    return value
  }

  /** Kept in a local: it may be used more than once. */
  number(js: string): Extract<Value, { type: "number" | "boolean" | "date" }> {
    const name = this.fresh("n")
    this.line(`const ${name} = ${js}`)
    return { type: "number", js: name }
  }

  /** A text that is the same for every row. */
  text(value: string): TextValue {
    const bytes = this.bytesOf(value)
    const ascii = bytes.length === value.length
    return { type: "text", data: this.constant(bytes), from: "0", to: String(bytes.length), ...(ascii && { ascii }) }
  }

  constant(bytes: Uint8Array): string {
    return `k${this.literals.push(bytes) - 1}`
  }

  hold(one: unknown): string {
    return `h${this.held.push(one) - 1}`
  }

  bytesOf(text: string): Uint8Array {
    const bytes = Buffer.from(text, "utf8")
    // Half a character is in the text that has it whole, but not in its bytes.
    if (bytes.toString("utf8") !== text) throw new NotUnderstood("has half a character")
    return new Uint8Array(bytes)
  }

  /** Bytes of their own to write to, empty. */
  scratch(): string {
    const name = this.fresh("s")
    this.constants.push(`const ${name} = new text.Scratch()`)
    this.line(`${name}.length = 0`)
    return name
  }

  textIn(scratch: string): TextValue {
    const [data, to] = [this.fresh("d"), this.fresh("e")]
    this.line(`const ${data} = ${scratch}.bytes, ${data}View = ${scratch}.view, ${to} = ${scratch}.length`)
    return { type: "text", data, from: "0", to }
  }
}
