/**
 * Expressions to JavaScript over bytes: no string, array or pair is made, only offsets and numbers in locals. Types are known when the code is
 * written: what has another type than an operation asks for is not understood. What only some rows are (a field that is not there,
 * text beyond ASCII where places are counted) leaves the row to the functions: `exit`.
 *
 *   flatMap(l => l.split(" ")) · map(w => [w, 1])     for each row { for each piece { <whoever takes [piece, 1]> } }
 */

import { type Expression, type Lambda, NotUnderstood } from "../expression/expression.js"
import { called } from "./calls.js"
import type { Code } from "./code.js"
import { arithmetic, compare, fieldOf, itemOf, truth } from "./operations.js"
import { textMethod } from "./text-methods.js"
import { aOrAn, choice, jsonTag, type TextValue, type Value } from "./values.js"
import { Writer } from "./writer.js"

type Scope = ReadonlyMap<number, Value>

export class Generator extends Writer implements Code {
  /** What a function gives for these arguments. */
  apply(f: Lambda, args: readonly Value[], outside: Scope = new Map()): Value {
    const scope = new Map(outside)
    f.parameters.forEach((id, i) => {
      const arg = args[i]
      if (arg) scope.set(id, arg)
    })
    return this.afresh(() => this.value(f.body, scope))
  }

  /** The same, of which only the truth is asked. */
  holds(f: Lambda, args: readonly Value[]): string {
    const scope = new Map<number, Value>()
    f.parameters.forEach((id, i) => {
      const arg = args[i]
      if (arg) scope.set(id, arg)
    })
    return this.afresh(() => this.condition(f.body, scope))
  }

  /** The same function may be applied to something else. */
  private afresh<T>(write: () => T): T {
    const { known } = this
    this.known = new Map()
    const result = write()
    this.known = known
    return result
  }

  truth(value: Value): string {
    return truth(this, value)
  }

  value(node: Expression, scope: Scope): Value {
    if (node.kind === "parameter") {
      const value = scope.get(node.id)
      if (value === undefined) throw new NotUnderstood("uses a parameter that is not given")
      return value
    }
    if (node.kind === "literal") return this.literal(node.value)
    let value = this.known.get(node)
    if (value === undefined) {
      value = this.computed(node, scope)
      this.known.set(node, value)
    }
    return value
  }

  private computed(node: Exclude<Expression, { kind: "parameter" | "literal" }>, scope: Scope): Value {
    switch (node.kind) {
      case "tuple":
        return { type: "tuple", items: node.items.map(item => this.value(item, scope)) }
      case "object": {
        const fields = new Map(node.fields.map(({ name, value }) => [name, this.value(value, scope)]))
        return { type: "object", field: name => fields.get(name) ?? null }
      }
      case "item":
        return itemOf(this, this.value(node.of, scope), node.index)
      case "field":
        return fieldOf(this, this.value(node.of, scope), node.name)
      case "method":
        return this.method(node, scope)
      case "call":
        return called(
          this,
          node.name,
          node.args.map(arg => this.value(arg, scope)),
        )
      case "test": {
        const of = this.textOf(this.value(node.of, scope), "tests")
        const name = this.hold(new RegExp(node.source, node.flags.replace("g", "")))
        const result = this.fresh("b")
        this.line(`const ${result} = text.test(${name}, ${of.data}, ${of.from}, ${of.to})`)
        return { type: "boolean", js: result }
      }
      case "compare":
        return compare(this, node.operator, this.value(node.left, scope), this.value(node.right, scope))
      case "arithmetic":
        return arithmetic(this, node.operator, this.value(node.left, scope), this.value(node.right, scope))
      case "logic":
        return this.logic(node, scope)
      case "not":
        return { type: "boolean", js: `!${this.condition(node.of, scope)}` }
      case "conditional": {
        const test = this.condition(node.test, scope)
        return this.chosen(
          test,
          () => this.value(node.yes, scope),
          () => this.value(node.no, scope),
        )
      }
      case "template":
        return this.built(node.texts.flatMap((text, i) => [this.text(text), ...node.parts.slice(i, i + 1).map(p => this.value(p, scope))]))
      case "sequence":
        for (const one of node.first) this.value(one, scope)
        return this.value(node.body, scope)
    }
  }

  /** As `truth(value(node))`, but the right side of `&&` is asked only where the left holds. */
  private condition(node: Expression, scope: Scope): string {
    if (node.kind === "not") return `!${this.condition(node.of, scope)}`
    if (node.kind !== "logic" || node.operator === "??") return this.truth(this.value(node, scope))
    const left = this.condition(node.left, scope)
    const { lines, result: right } = this.captured(() => this.condition(node.right, scope))
    return this.both(node.operator, left, lines, right)
  }

  /** `lines` are what the right side needs. */
  private both(operator: "&&" | "||", left: string, lines: readonly string[], right: string): string {
    if (lines.length === 0) return `(${left} ${operator} ${right})`
    const name = this.fresh("b")
    this.line(`let ${name} = ${left}`)
    this.line(`if (${operator === "&&" ? "" : "!"}${name}) {`)
    this.lines.push(...lines, `${name} = ${right}`, "}")
    return name
  }

  private logic(node: Extract<Expression, { kind: "logic" }>, scope: Scope): Value {
    const left = this.value(node.left, scope)
    const right = () => this.value(node.right, scope)
    if (node.operator === "??") {
      if (left.type === "null") return right()
      if (left.type === "json") throw new NotUnderstood("has a value of JSON ??")
      return left.type === "maybe" ? this.chosen(left.present, () => left.text, right) : left
    }
    if (left.type === "boolean") {
      const written = this.captured(right)
      if (written.result.type !== "boolean") throw new NotUnderstood(`has a boolean ${node.operator} ${aOrAn(written.result)}`)
      return { type: "boolean", js: this.both(node.operator, left.js, written.lines, written.result.js) }
    }
    const truth = this.truth(left)
    const kept = () => (left.type === "maybe" && node.operator === "||" ? left.text : left)
    return node.operator === "||" ? this.chosen(truth, kept, right) : this.chosen(truth, right, kept)
  }

  private chosen(test: string, then: () => Value, otherwise: () => Value): Value {
    const [yes, no] = [this.captured(then), this.captured(otherwise)]
    const value = this.either(yes.result, no.result, yes.lines, no.lines)
    this.line(`if (${test}) {`)
    this.lines.push(...yes.lines, "} else {", ...no.lines, "}")
    return value
  }

  /** Declares locals for what is one of two values; each branch's lines set them. Throws NotUnderstood. */
  private either(a: Value, b: Value, inA: string[], inB: string[]): Value {
    if (a.type === "tuple" && b.type === "tuple" && a.items.length === b.items.length)
      return { type: "tuple", items: a.items.map((item, i) => this.either(item, b.items[i]!, inA, inB)) }
    const type = choice(a, b)
    if (type === "null") return { type }
    if (type !== "text" && type !== "maybe") {
      const js = this.fresh("v")
      this.line(`let ${js}`)
      inA.push(`${js} = ${(a as { js: string }).js}`)
      inB.push(`${js} = ${(b as { js: string }).js}`)
      return { type, js }
    }
    const [data, from, to, present] = ["w", "x", "y", "z"].map(prefix => this.fresh(prefix)) as [string, string, string, string]
    const set = (value: Value): string => {
      if (value.type === "maybe") return `${set(value.text)}; ${present} = ${value.present}`
      if (value.type !== "text") return `${present} = false`
      return `${data} = ${value.data}; ${data}View = ${value.data}View; ${from} = ${value.from}; ${to} = ${value.to}; ${present} = true`
    }
    this.line(`let ${data} = data, ${data}View = dataView, ${from} = 0, ${to} = 0, ${present} = false`)
    inA.push(set(a))
    inB.push(set(b))
    const text: TextValue = { type: "text", data, from, to }
    return type === "text" ? text : { type: "maybe", present, text }
  }

  private literal(value: string | number | boolean | null): Value {
    if (typeof value === "number") return { type: "number", js: Object.is(value, -0) ? "(-0)" : `(${value})` }
    if (typeof value === "boolean") return { type: "boolean", js: String(value) }
    if (value === null) return { type: "null" }
    return this.text(value)
  }

  /** A text put together of others and of numbers. */
  built(parts: readonly Value[]): TextValue {
    const texts = parts.map((part): TextValue | { readonly type: "number"; readonly js: string } => {
      if (part.type === "json") throw new NotUnderstood("builds text of a value of JSON")
      if (part.type === "maybe") {
        this.guard(part.present)
        return part.text
      }
      if (part.type === "text") return part
      if (part.type === "number") return { type: "number", js: part.js }
      if (part.type === "boolean")
        return this.chosen(
          part.js,
          () => this.text("true"),
          () => this.text("false"),
        ) as TextValue
      throw new NotUnderstood(`builds text of ${aOrAn(part)}`)
    })
    const into = this.scratch()
    for (const part of texts) {
      if (part.type === "number") this.line(`${into}.number(${part.js})`)
      else if (part.from !== part.to && !(part.from === "0" && part.to === "0"))
        this.line(`${into}.text(${part.data}, ${part.data}View, ${part.from}, ${part.to})`)
    }
    return this.textIn(into)
  }

  /** As text, or the row is left. */
  textOf(value: Value, doing: string): TextValue {
    if (value.type === "text") return value
    if (value.type === "maybe") this.guard(value.present)
    else if (value.type === "json") this.guard(`${value.tag} === ${jsonTag.text}`)
    else throw new NotUnderstood(`${doing} ${aOrAn(value)}`)
    return value.text
  }

  /** A number as it stands, or the row is left. */
  numberOf(value: Value): Value {
    if (value.type !== "json") return value
    const { tag, text } = value
    this.guard(`${tag} === ${jsonTag.number}`)
    return this.number(`text.number(${text.data}, ${text.from}, ${text.to})`)
  }

  private method(node: Extract<Expression, { kind: "method" }>, scope: Scope): Value {
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
    const args = node.args.map(one => {
      if (one.kind === "lambda") throw new NotUnderstood(`calls ${name} of ${aOrAn(of)}`)
      return this.value(one, scope)
    })
    return textMethod(this, of, name, args, node.args as readonly Expression[])
  }
}
