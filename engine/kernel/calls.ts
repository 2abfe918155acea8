/** Functions of the language in generated code, and methods of dates and numbers. */

import { NotUnderstood } from "../expression/expression.js"
import type { Code } from "./code.js"
import { aOrAn, jsonTag, type Value } from "./values.js"

/** `name(...args)`. Throws NotUnderstood. */
export function called(code: Code, name: string, args: readonly Value[]): Value {
  const [arg] = args
  if (name.startsWith("Math.")) return code.number(`${name}(${args.map(one => numeric(code, one, name)).join(", ")})`)
  if (arg === undefined) throw new NotUnderstood(`calls ${name} of nothing`)
  switch (name) {
    case "-":
      return code.number(`-(${numeric(code, arg, "-")})`)
    case "+":
    case "Number":
      return toNumber(code, arg)
    case "String":
      return arg.type === "text" ? arg : code.built([arg])
    case "Boolean":
      return { type: "boolean", js: code.truth(arg) }
    case "Number.isNaN":
    case "Number.isFinite":
    case "Number.isInteger":
      if (arg.type !== "number") throw new NotUnderstood(`calls ${name} of ${aOrAn(arg)}`)
      return { type: "boolean", js: `${name}(${arg.js})` }
    case "parseInt":
    case "Number.parseInt": {
      const [, radix] = args
      if (args.length > 2 || (radix !== undefined && (radix.type !== "number" || radix.js !== "(10)")))
        throw new NotUnderstood(`calls ${name} with a base`)
      const { data, from, to } = code.textOf(arg, `calls ${name} of`)
      return code.number(`text.integer(${data}, ${from}, ${to}, ${radix !== undefined})`)
    }
    case "parseFloat":
    case "Number.parseFloat": {
      const { data, from, to } = code.textOf(arg, `calls ${name} of`)
      return code.number(`text.decimal(${data}, ${from}, ${to})`)
    }
    case "Date": {
      if (arg.type === "number" || arg.type === "date") return date(code, `text.clipped(${arg.js})`)
      if (arg.type === "json") return date(code, `text.clipped(${numeric(code, arg, "Date")})`)
      const { data, from, to } = code.textOf(arg, "makes a Date of")
      return date(code, `text.dateOf(${data}, ${from}, ${to})`)
    }
    default:
      throw new NotUnderstood(`calls ${name}`)
  }
}

function date(code: Code, js: string): Value {
  const name = code.fresh("t")
  code.line(`const ${name} = ${js}`)
  return { type: "date", js: name }
}

function numeric(code: Code, value: Value, doing: string): string {
  const one = code.numberOf(value)
  if (one.type !== "number" && one.type !== "date") throw new NotUnderstood(`calls ${doing} of ${aOrAn(value)}`)
  return one.js
}

function toNumber(code: Code, value: Value): Value {
  switch (value.type) {
    case "number":
      return value
    case "date":
      return { type: "number", js: value.js }
    case "boolean":
      return { type: "number", js: `(${value.js} ? 1 : 0)` }
    case "null":
      return { type: "number", js: "0" }
    case "json": {
      // A number stands as text that means the same.
      const { tag, text } = value
      code.guard(`${tag} === ${jsonTag.number} || ${tag} === ${jsonTag.text}`)
      return code.number(`text.number(${text.data}, ${text.from}, ${text.to})`)
    }
    default: {
      const { data, from, to } = code.textOf(value, "makes a number of")
      return code.number(`text.number(${data}, ${from}, ${to})`)
    }
  }
}

/** Of a day, in ms, and how many there are. */
const clock: { readonly [name: string]: readonly [unitMs: number, of: number] } = {
  getUTCHours: [3_600_000, 24],
  getUTCMinutes: [60_000, 60],
  getUTCSeconds: [1_000, 60],
  getUTCMilliseconds: [1, 1_000],
}
const calendar = new Set(["getUTCFullYear", "getUTCMonth", "getUTCDate", "getUTCDay"])

/** A method of a date; null: it is none that is known. */
export function dateMethod(code: Code, js: string, name: string, args: readonly Value[]): Value | null {
  if (args.length > 0) return null
  if (name === "getTime" || name === "valueOf") return { type: "number", js }
  if (name === "toISOString") {
    // Of an invalid date it throws.
    code.guard(`${js} === ${js}`)
    const into = code.scratch()
    code.line(`${into}.iso(${js})`)
    return { ...code.textIn(into), ascii: true }
  }
  const unit = clock[name]
  if (unit !== undefined) return code.number(`text.clock(${js}, ${unit[0]}, ${unit[1]})`)
  return calendar.has(name) ? code.number(`new Date(${js}).${name}()`) : null
}

/** A method of a number; null: it is none that is known. */
export function numberMethod(code: Code, of: Value, name: string, args: readonly Value[]): Value | null {
  const [digits] = args
  if (name === "toString" && args.length === 0) return code.built([of])
  if (name !== "toFixed" || of.type !== "number" || args.length !== 1 || !/^\(\d\d?\)$/.test(digits?.type === "number" ? digits.js : ""))
    return null
  const into = code.scratch()
  code.line(`${into}.string(${of.js}.toFixed(${(digits as { js: string }).js}))`)
  return { ...code.textIn(into), ascii: true }
}
