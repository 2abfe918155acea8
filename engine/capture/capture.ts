/**
 * A live closure as data (DESIGN §5): its source text, and the values of its free variables at this moment, with the
 * functions, classes and objects that they reach. What cannot travel is refused here, when the operator is called.
 */

import { inspect } from "node:util"
import { builtinOf } from "../builtins.js"
import type { Asset, Captured, FunctionLink, FunctionRef, Origin } from "../function-ref.js"
import { encodeFunction, sealFunction } from "./codec.js"
import { encodeVariables, type FunctionPolicy, refusedFinding } from "./function-body.js"
import { intrinsicPaths } from "./globals.js"
import { HeapWriter } from "./heap-writer.js"
import { CaptureError } from "./refusal.js"
import { analyse, type FunctionShape, UnreadableSource } from "./scope.js"
import { ScopeReader } from "./scopes.js"

export interface CaptureOptions extends Partial<FunctionPolicy> {
  /** The method that was called, for messages: `map`. */
  readonly operator: string
  readonly origin?: Origin
}

/**
 * @throws CaptureError (a RivuletError of code 2) that names the variable, the path to what cannot travel, and what to do
 */
export function captureFunction(f: Function, options: CaptureOptions): FunctionRef {
  if (typeof f !== "function") throw refusal(`${options.operator} needs a function, not ${inspect(f, { depth: 0 })}`, "v => …", "")
  const policy: FunctionPolicy = { allowHandles: options.allowHandles ?? false, allowAsync: options.allowAsync ?? false }
  const text = Function.prototype.toString.call(f)
  const shape = shapeOf(f, text)
  if (typeof shape === "string") return sealFunction({ source: shape, captured: [], heap: [], blobs: [] }, options.origin)
  refuseShape(shape, policy, options.operator)

  const reader = new ScopeReader()
  try {
    const positions = new Map(shape.free.map(one => [one.name, one.assignedAt ?? one.at]))
    const writer = new HeapWriter({ ...policy, reader, source: shape.expression, positionOf: name => positions.get(name) ?? null })
    const { names, values, live } = encodeVariables(writer, f, shape, null)
    writer.drain()
    const captured = names.map((name, index): Captured => ({ name, value: values[index]!, shown: shownValue(live[index]) }))
    return sealFunction({ source: shape.expression, captured, heap: writer.records, blobs: writer.blobs }, options.origin)
  } finally {
    reader.close()
  }
}

/** What a definition node holds for a function, and what must travel for it, if anything must. */
export function linkFunction(f: Function, options: CaptureOptions): { link: FunctionLink; asset?: Asset; ref?: FunctionRef } {
  const name = builtinOf(f)
  if (name !== undefined) return { link: { kind: "builtin", name } }
  const ref = captureFunction(f, options)
  return { link: { kind: "function", hash: ref.hash }, asset: { hash: ref.hash, bytes: encodeFunction(ref) }, ref }
}

/** The shape, or the text that names a function of the language (`Math.abs`). */
function shapeOf(f: Function, text: string): FunctionShape | string {
  try {
    return analyse(text)
  } catch (error) {
    if (!(error instanceof UnreadableSource)) throw error
    if (error.message !== "native code")
      throw refusal(
        `this function cannot be sent to the workers: it cannot be read as strict JavaScript: ${error.message}`,
        "write it as an arrow function",
        text,
      )
    const path = intrinsicPaths(globalThis).get(f)
    // Methods need their object; `Date`, `Promise` and the like make no sense as an operator's function but do no harm.
    if (path !== undefined && !path.includes(".prototype.")) return path
    const name = f.name.replace(/^bound /, "")
    const what = f.name.startsWith("bound ") ? "a bound function, whose parts cannot be read" : "a native function"
    throw refusal(
      `this function cannot be sent to the workers: ${name || "it"} is ${what}`,
      `write it as an arrow function: v => ${name || "f"}(v)`,
      text,
    )
  }
}

function refuseShape(shape: FunctionShape, policy: FunctionPolicy, operator: string): void {
  if (shape.kind === "class") throw refusal(`${operator} needs a function, not a class`, "v => new It(v)", shape.expression)
  const found = refusedFinding(shape, policy, false)
  if (!found) return
  const isAsync = shape.findings.some(finding => finding.what === "async" && finding.at === found.at)
  if (isAsync)
    throw refusal(
      "an operator's function cannot be async: join with an RDD, or do it in foreachRDD",
      found.remedy,
      shape.expression,
      found.at,
    )
  throw refusal(`this function cannot be sent to the workers: it ${found.what}`, found.remedy, shape.expression, found.at)
}

function refusal(headline: string, remedy: string, source: string, at: number | null = null): CaptureError {
  return new CaptureError({ headline, try: remedy, variable: null, path: [], at, source })
}

function shownValue(value: unknown): string {
  if (typeof value === "function") return value.name ? `${value.name}()` : "a function"
  const text = inspect(value, { depth: 1, maxArrayLength: 4, maxStringLength: 60, breakLength: Number.POSITIVE_INFINITY, getters: false })
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
