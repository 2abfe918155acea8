/**
 * Expressions to JavaScript over bytes: no string, array or pair is made, only offsets and numbers in locals. Types are known when the code is
 * written: what has another type than an operation asks for is not understood.
 *
 *   flatMap(l => l.split(" ")) · map(w => [w, 1])     for each row { for each piece { <whoever takes [piece, 1]> } }
 */

import { type Expression, type Lambda, NotUnderstood } from "../expression/expression.js"

/** A value as the code has it: the names of locals, or expressions of them. */
export type Value =
  /** Bytes [from, to) of `data`, of which `<data>View` is a DataView. */
  | { readonly type: "text"; readonly data: string; readonly from: string; readonly to: string }
  | { readonly type: "number" | "boolean"; readonly js: string }
  | { readonly type: "null" }
  | { readonly type: "tuple"; readonly items: readonly Value[] }
  /** Writes the loop over its elements. */
  | { readonly type: "list"; each(element: (value: Value) => void): void }

export type TextValue = Extract<Value, { type: "text" }>

const longestCode = 200_000

export class Generator {
  readonly lines: string[] = []
  /** Declared before the loop over rows. */
  readonly constants: string[] = []
  /** Bytes that the code refers to as k0, k1 … */
  readonly literals: Uint8Array[] = []
  /** The code holds for ASCII alone. */
  needsAscii = false
  private names = 0
  private length = 0

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
    this.line(`${head} {`)
    body()
    this.line("}")
  }

  /** What a function gives for these arguments. */
  apply(f: Lambda, args: readonly Value[], outside: ReadonlyMap<number, Value> = new Map()): Value {
    const scope = new Map(outside)
    f.parameters.forEach((id, i) => {
      const arg = args[i]
      if (arg) scope.set(id, arg)
    })
    return this.value(f.body, scope)
  }

  /** The value as a condition. */
  truth(value: Value): string {
    if (value.type === "boolean") return value.js
    if (value.type === "number") return `!!(${value.js})`
    if (value.type === "text") return `(${value.to} > ${value.from})`
    return value.type === "null" ? "false" : "true"
  }

  private value(node: Expression, scope: ReadonlyMap<number, Value>): Value {
    switch (node.kind) {
      case "parameter": {
        const value = scope.get(node.id)
        if (value === undefined) throw new NotUnderstood("uses a parameter that is not given")
        return value
      }
      case "literal":
        return this.literal(node.value)
      case "tuple":
        return { type: "tuple", items: node.items.map(item => this.value(item, scope)) }
      case "item": {
        const of = this.value(node.of, scope)
        const item = of.type === "tuple" ? of.items[node.index] : undefined
        if (item === undefined) throw new NotUnderstood(`takes element ${node.index} of ${aOrAn(of)}`)
        return item
      }
      case "field":
        return this.field(this.value(node.of, scope), node.name)
      case "method":
        return this.method(node, scope)
      case "compare":
        return this.compare(node.operator, this.value(node.left, scope), this.value(node.right, scope))
      case "arithmetic": {
        const [left, right] = [this.value(node.left, scope), this.value(node.right, scope)]
        if (left.type !== "number" || right.type !== "number")
          throw new NotUnderstood(`has ${aOrAn(left)} ${node.operator} ${aOrAn(right)}`)
        return this.number(`${left.js} ${node.operator} ${right.js}`)
      }
      case "logic":
        return this.logic(node.operator, this.value(node.left, scope), this.value(node.right, scope))
      case "not":
        return { type: "boolean", js: `!${this.truth(this.value(node.of, scope))}` }
    }
  }

  /** Kept in a local: it may be used more than once. */
  private number(js: string): Value {
    const name = this.fresh("n")
    this.line(`const ${name} = ${js}`)
    return { type: "number", js: name }
  }

  private literal(value: string | number | boolean | null): Value {
    if (typeof value === "number") return { type: "number", js: Object.is(value, -0) ? "(-0)" : `(${value})` }
    if (typeof value === "boolean") return { type: "boolean", js: String(value) }
    if (value === null) return { type: "null" }
    return this.text(value)
  }

  /** A text that is the same for every row. */
  text(value: string): TextValue {
    const bytes = this.bytesOf(value)
    return { type: "text", data: this.constant(bytes), from: "0", to: String(bytes.length) }
  }

  private constant(bytes: Uint8Array): string {
    return `k${this.literals.push(bytes) - 1}`
  }

  private bytesOf(text: string): Uint8Array {
    const bytes = Buffer.from(text, "utf8")
    // Half a character is in the text that has it whole, but not in its bytes.
    if (bytes.toString("utf8") !== text) throw new NotUnderstood("has half a character")
    return new Uint8Array(bytes)
  }

  private field(of: Value, name: string): Value {
    if (of.type === "text" && name === "length") {
      this.needsAscii = true
      return { type: "number", js: `(${of.to} - ${of.from})` }
    }
    if (of.type === "tuple" && name === "length") return { type: "number", js: String(of.items.length) }
    throw new NotUnderstood(`takes .${name} of ${aOrAn(of)}`)
  }

  private logic(operator: "&&" | "||", left: Value, right: Value): Value {
    if (left.type !== "boolean" || right.type !== "boolean") throw new NotUnderstood(`has ${aOrAn(left)} ${operator} ${aOrAn(right)}`)
    return { type: "boolean", js: `(${left.js} ${operator} ${right.js})` }
  }

  private compare(operator: string, left: Value, right: Value): Value {
    if (left.type === "number" && right.type === "number") return { type: "boolean", js: `(${left.js} ${operator} ${right.js})` }
    const equality = operator === "===" || operator === "!=="
    const not = operator === "!==" ? "!" : ""
    if (equality && left.type === "text" && right.type === "text")
      return {
        type: "boolean",
        js: `${not}text.same(${left.data}, ${left.from}, ${left.to}, ${right.data}, ${right.from}, ${right.to})`,
      }
    if (equality && left.type === "boolean" && right.type === "boolean")
      return { type: "boolean", js: `(${left.js} ${operator} ${right.js})` }
    throw new NotUnderstood(`has ${aOrAn(left)} ${operator} ${aOrAn(right)}`)
  }

  private method(node: Extract<Expression, { kind: "method" }>, scope: ReadonlyMap<number, Value>): Value {
    const of = this.value(node.of, scope)
    const [arg] = node.args
    const { name } = node
    if (of.type === "list" && node.args.length === 1 && arg!.kind === "lambda") {
      const f = arg as Lambda
      if (name === "map") return { type: "list", each: take => of.each(element => take(this.apply(f, [element], scope))) }
      if (name === "filter")
        return {
          type: "list",
          each: take => of.each(element => this.block(`if (${this.truth(this.apply(f, [element], scope))})`, () => take(element))),
        }
    }
    if (of.type === "text" && node.args.length === 0) {
      if (name === "trim") return this.trimmed(of)
      if (name === "toLowerCase") return this.folded(of, 65, 32)
      if (name === "toUpperCase") return this.folded(of, 97, -32)
    }
    if (of.type === "text" && node.args.length === 1 && arg!.kind === "literal" && typeof arg!.value === "string") {
      const bytes = this.bytesOf(arg!.value)
      if (name === "split" && bytes.length === 1) return { type: "list", each: take => this.split(of, bytes[0]!, take) }
      if (name === "includes" || name === "startsWith" || name === "endsWith")
        return { type: "boolean", js: `text.${name}(${of.data}, ${of.from}, ${of.to}, ${this.constant(bytes)})` }
    }
    throw new NotUnderstood(`calls ${name} of ${aOrAn(of)}`)
  }

  /** Before the first and after the last separator there is a piece, if empty. */
  private split(of: TextValue, separator: number, take: (piece: Value) => void): void {
    const [from, at, end] = [this.fresh("p"), this.fresh("q"), this.fresh("e")]
    this.line(`let ${at} = ${of.from}; const ${end} = ${of.to}`)
    this.block("for (;;)", () => {
      this.line(`const ${from} = ${at}`)
      this.line(`while (${at} < ${end} && ${of.data}[${at}] !== ${separator}) ${at}++`)
      take({ type: "text", data: of.data, from, to: at })
      this.line(`if (${at} >= ${end}) break`)
      this.line(`${at}++`)
    })
  }

  private trimmed(of: TextValue): Value {
    this.needsAscii = true
    const [from, to] = [this.fresh("p"), this.fresh("q")]
    this.line(`const ${from} = text.trimmedStart(${of.data}, ${of.from}, ${of.to})`)
    this.line(`const ${to} = text.trimmedEnd(${of.data}, ${from}, ${of.to})`)
    return { type: "text", data: of.data, from, to }
  }

  private folded(of: TextValue, first: number, distance: number): Value {
    this.needsAscii = true
    const [into, length] = [this.fresh("s"), this.fresh("n")]
    this.constants.push(`let ${into} = new Uint8Array(256), ${into}View = new DataView(${into}.buffer)`)
    this.line(`const ${length} = ${of.to} - ${of.from}`)
    this.line(`if (${length} > ${into}.length) { ${into} = new Uint8Array(${length} * 2); ${into}View = new DataView(${into}.buffer) }`)
    this.line(`text.fold(${of.data}, ${of.from}, ${of.to}, ${into}, ${first}, ${distance})`)
    return { type: "text", data: into, from: "0", to: length }
  }
}

/** A value's type in words. */
export function aOrAn(value: Value): string {
  return value.type === "text" ? "text" : `a ${value.type}`
}
