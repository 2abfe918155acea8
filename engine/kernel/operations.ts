/** Operators of the language in generated code, by the types of what they are given. */

import { NotUnderstood } from "../expression/expression.js"
import type { Code } from "./code.js"
import { member } from "./json-record.js"
import { aOrAn, jsonTag, type TextValue, type Value } from "./values.js"

export function arithmetic(code: Code, operator: string, a: Value, b: Value): Value {
  const [left, right] = [code.numberOf(a), code.numberOf(b)]
  const numbers = [left, right].every(one => one.type === "number" || (one.type === "date" && operator !== "+"))
  if (numbers) return code.number(`${(left as { js: string }).js} ${operator} ${(right as { js: string }).js}`)
  // A value of JSON beside a text would be text, too, if it is one: which it is, is not known.
  if (operator === "+" && (a.type === "text" || b.type === "text") && a.type !== "json" && b.type !== "json") return code.built([a, b])
  throw new NotUnderstood(`has ${aOrAn(a)} ${operator} ${aOrAn(b)}`)
}

export function compare(code: Code, operator: string, a: Value, b: Value): Value {
  const equality = operator === "===" || operator === "!==" || operator === "==" || operator === "!="
  const not = operator.startsWith("!") ? "!" : ""
  if (!equality) {
    const [left, right] = [code.numberOf(a), code.numberOf(b)]
    if ((left.type === "number" || left.type === "date") && (right.type === "number" || right.type === "date"))
      return { type: "boolean", js: `(${left.js} ${operator} ${right.js})` }
    throw new NotUnderstood(`has ${aOrAn(a)} ${operator} ${aOrAn(b)}`)
  }
  const equal = same(code, a, b, operator.length === 3) ?? same(code, b, a, operator.length === 3)
  if (equal === null) throw new NotUnderstood(`has ${aOrAn(a)} ${operator} ${aOrAn(b)}`)
  return { type: "boolean", js: `${not}(${equal})` }
}

/** Whether two values are equal; null: of such types that is not known, in this order. */
function same(code: Code, a: Value, b: Value, strictly: boolean): string | null {
  const texts = (x: TextValue, y: TextValue) => `text.same(${x.data}, ${x.from}, ${x.to}, ${y.data}, ${y.from}, ${y.to})`
  if (a.type === "null" && b.type === "null") return "true"
  if ((a.type === "number" && b.type === "number") || (a.type === "boolean" && b.type === "boolean")) return `${a.js} === ${b.js}`
  if (a.type === "text" && b.type === "text") return texts(a, b)
  if (a.type === "maybe" && b.type === "null") return `!${a.present}`
  if (a.type === "maybe" && b.type === "text") return `${a.present} && ${texts(a.text, b)}`
  if (a.type === "text" && b.type === "null") return "false"
  if (a.type !== "json") return null
  const { tag, text } = a
  if (b.type === "null") return strictly ? `${tag} === ${jsonTag.null}` : `${tag} <= ${jsonTag.null}`
  if (!strictly) return null
  if (b.type === "boolean") return `${tag} === (${b.js} ? ${jsonTag.true} : ${jsonTag.false})`
  if (b.type === "number") return `${tag} === ${jsonTag.number} && text.number(${text.data}, ${text.from}, ${text.to}) === ${b.js}`
  if (b.type !== "text") return null
  // With an escape it may be any text.
  code.guard(`${tag} < ${jsonTag.other}`)
  return `${tag} === ${jsonTag.text} && ${texts(text, b)}`
}

export function itemOf(code: Code, of: Value, index: number): Value {
  if (of.type === "tuple" && of.items[index] !== undefined) return of.items[index]
  if (of.type === "list" && of.item) return of.item(index)
  if (of.type === "text") {
    code.guardAscii(of)
    code.guard(`${of.to} - ${of.from} > ${index}`)
    return { ...of, from: `(${of.from} + ${index})`, to: `(${of.from} + ${index + 1})` }
  }
  throw new NotUnderstood(`takes element ${index} of ${aOrAn(of)}`)
}

export function fieldOf(code: Code, of: Value, name: string): Value {
  if (of.type === "object") {
    const value = of.field(name)
    if (value !== null) return value
  }
  if (of.type === "tuple" && name === "length") return { type: "number", js: String(of.items.length) }
  if (of.type === "list" && name === "length" && of.length) return of.length()
  if (of.type === "json" && name !== "length") return code.once(`${of.text.from}.${name}`, () => member(code, of, name))
  if (name === "length" && (of.type === "text" || of.type === "maybe" || of.type === "json")) {
    const text = code.textOf(of, "takes .length of")
    code.guardAscii(text)
    return { type: "number", js: `(${text.to} - ${text.from})` }
  }
  throw new NotUnderstood(`takes .${name} of ${aOrAn(of)}`)
}

/** The value as a condition. */
export function truth(code: Code, value: Value): string {
  switch (value.type) {
    case "boolean":
      return value.js
    case "number":
      return `!!(${value.js})`
    case "text":
      return `(${value.to} > ${value.from})`
    case "maybe":
      return `(${value.present} && ${value.text.to} > ${value.text.from})`
    case "json": {
      const { tag, text } = value
      code.guard(`${tag} < ${jsonTag.other}`)
      return `(${tag} === ${jsonTag.true} || ${tag} === ${jsonTag.text} && ${text.to} > ${text.from} || ${tag} === ${jsonTag.number} && !!text.number(${text.data}, ${text.from}, ${text.to}))`
    }
    default:
      return value.type === "null" ? "false" : "true"
  }
}
