/**
 * Reads a function's text as an expression: functions are read, not only called. Nothing here guesses: what is not known to
 * mean exactly the same is not understood, and runs as the function that it is.
 */

import { type AnyNode, parseExpressionAt } from "acorn"
import type { BuiltinName, Encoded, FunctionRef, HeapRecord } from "../function-ref.js"
import { type Expression, type Lambda, NotUnderstood } from "./expression.js"
import type { Known, Names } from "./names.js"
import { Reader } from "./reader.js"

const parameter = (id: number): Expression => ({ kind: "parameter", id })
const unary = (body: Expression): Lambda => ({ kind: "lambda", parameters: [0], body })
const binary = (body: Expression): Lambda => ({ kind: "lambda", parameters: [0, 1], body })
const ofBoth = (name: string): Lambda => binary({ kind: "call", name, args: [parameter(0), parameter(1)] })

const builtinLambdas: Readonly<Record<BuiltinName, Lambda>> = {
  identity: unary(parameter(0)),
  first: unary({ kind: "item", of: parameter(0), index: 0 }),
  second: unary({ kind: "item", of: parameter(0), index: 1 }),
  one: unary({ kind: "literal", value: 1 }),
  sum: binary({ kind: "arithmetic", operator: "+", left: parameter(0), right: parameter(1) }),
  max: ofBoth("Math.max"),
  min: ofBoth("Math.min"),
}

/** A built-in function as an expression. */
export function readBuiltin(name: BuiltinName): Lambda {
  return builtinLambdas[name]
}

/** A user's function as an expression. Throws NotUnderstood, whose message says what is not. */
export function readFunction(ref: Pick<FunctionRef, "source" | "captured"> & Partial<Pick<FunctionRef, "heap">>): Lambda {
  const heap = ref.heap ?? []
  const names = new Map<string, Known | null>()
  for (const { name, value } of ref.captured) names.set(name, knownOf(value, heap))
  return new Reader().lambda(parsed(ref.source), names)
}

/** A function's text as syntax. Throws NotUnderstood. */
export function parsed(source: string): AnyNode {
  try {
    // In parentheses, as it is compiled: `function f() {}` is then an expression.
    return parseExpressionAt(`(${source}\n)`, 0, { ecmaVersion: "latest", sourceType: "module" })
  } catch {
    throw new NotUnderstood("is not plain JavaScript")
  }
}

/** What a captured value stands for; null: it is none of the values that are understood. */
function knownOf(value: Encoded, heap: readonly HeapRecord[]): Known | null {
  if (value === null || typeof value !== "object") return { kind: "literal", value }
  if ("number" in value) return { kind: "literal", value: value.number === "-0" ? -0 : Number(value.number) }
  if (!("r" in value)) return null
  const record = heap[value.r]!
  // What hangs on a function or an expression could be asked for.
  if (record.entries || record.hidden || record.accessors || record.proto !== undefined) return null
  if (record.kind === "made" && record.constructor === "RegExp") {
    const [source, flags = ""] = record.args
    return typeof source === "string" && typeof flags === "string" ? { kind: "regex", source, flags } : null
  }
  if (record.kind !== "function" || record.prototype !== undefined) return null
  const read = (): readonly [AnyNode, Names] => [
    parsed(record.source),
    // Of functions that call each other the names are looked up when they are read.
    new Map(record.names.map((name, i) => [name, record.values[i] === undefined ? null : knownOf(record.values[i], heap)])),
  ]
  return { kind: "function", read }
}
