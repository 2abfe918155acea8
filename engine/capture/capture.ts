/**
 * A live closure as data: its source text, and the values of its free variables at this moment, with the
 * functions, classes and objects that they reach. What cannot travel is refused here, when the operator is called.
 */

import { inspect } from "node:util"
import { builtinOf } from "../builtins.js"
import type { Asset, Captured, FunctionLink, FunctionRef, Origin } from "../function-ref.js"
import { sealFunction } from "./codec.js"
import { encodeVariables, type FunctionPolicy, refusedFinding } from "./function-body.js"
import { intrinsicPaths } from "./globals.js"
import { HeapWriter } from "./heap-writer.js"
import type { ModuleSource } from "./modules.js"
import { insteadOf, partOfSession } from "./of-session.js"
import { functionAssets, mostBytes, reachedFrom, sizeOf } from "./parts.js"
import { CaptureError } from "./refusal.js"
import { analyse, type FunctionShape, UnreadableSource } from "./scope.js"
import { ScopeReader } from "./scopes.js"

export interface CaptureOptions extends Partial<FunctionPolicy> {
  /** The method that was called, for messages: `map`. */
  readonly operator: string
  readonly origin?: Origin
  /** Without it packages' functions are walked like the user's. */
  readonly modules?: ModuleSource
}

/**
 * @throws CaptureError (a RivuletError of code 2) that names the variable, the path to what cannot travel, and what to do
 */
export function captureFunction(f: Function, options: CaptureOptions): FunctionRef {
  if (typeof f !== "function") throw refusal(`${options.operator} needs a function, not ${inspect(f, { depth: 0 })}`, "v => …", "")
  const policy: FunctionPolicy = { allowHandles: options.allowHandles ?? false, allowAsync: options.allowAsync ?? false }
  const text = Function.prototype.toString.call(f)
  const part = partOfSession(f)
  if (part !== null) {
    const remedy = insteadOf(part, policy.allowHandles)
    throw refusal(`this function cannot be sent to the workers: it is ${part}, which stays in this process`, remedy, text)
  }
  const own = ownPackage(f, options.modules)
  if (own !== null) return captureFunction((...args: unknown[]) => f(...args), options)
  const shape = shapeOf(f, text)
  if (typeof shape === "string") return sealFunction({ source: shape, captured: [], heap: [], blobs: [] }, options.origin)
  refuseShape(shape, policy, options.operator)

  const reader = new ScopeReader()
  try {
    const positions = new Map(shape.free.map(one => [one.name, one.assignedAt ?? one.at]))
    const { modules } = options
    const positionOf = (name: string) => positions.get(name) ?? null
    const writer = new HeapWriter({ ...policy, reader, source: shape.expression, positionOf, ...(modules && { modules }) })
    const { names, values, live } = encodeVariables(writer, f, shape, null)
    writer.drain()
    const captured = names.map((name, index): Captured => ({ name, value: values[index]!, shown: shownValue(live[index]) }))
    const files = writer.files.size === 0 ? {} : { modules: modules!.bundle(writer.files) }
    const body = { source: shape.expression, captured, heap: writer.records, blobs: writer.blobs, ...files }
    const bytes = sizeOf(body)
    if (bytes > mostBytes) throw tooLarge(body, bytes, options.operator)
    const ref = sealFunction(body, options.origin)
    return writer.ofInterval ? { ...ref, ofInterval: true } : ref
  } finally {
    reader.close()
  }
}

/** What a definition node holds for a function, and what must travel for it, if anything must. */
export function linkFunction(f: Function, options: CaptureOptions): { link: FunctionLink; assets: readonly Asset[]; ref?: FunctionRef } {
  const name = builtinOf(f)
  if (name !== undefined) return { link: { kind: "builtin", name }, assets: [] }
  const ref = captureFunction(f, options)
  const assets = functionAssets(ref)
  const parts = assets.slice(1).map(({ hash }) => hash)
  const { hash, ofInterval } = ref
  const link: FunctionLink = { kind: "function", hash, ...(parts.length > 0 && { parts }), ...(ofInterval && { ofInterval }) }
  return { link, assets, ref }
}

/** Whether it, or a function of the user's that it reaches, asks for the present time. */
export function asksTheTime({ source, heap }: FunctionRef): boolean {
  const asks = (text: string) => /\bDate\s*\.\s*now\b|\bnew\s+Date\s*(\(\s*\)|[;,)\]}]|$)/.test(text)
  return asks(source) || heap.some(record => (record.kind === "function" || record.kind === "class") && asks(record.source))
}

/** A function that a package exports may itself be the operator's. */
function ownPackage(f: Function, modules: ModuleSource | undefined): object | null {
  if (modules === undefined || builtinOf(f) !== undefined) return null
  const reader = new ScopeReader()
  try {
    const url = reader.locate(f)
    return url === null ? null : modules.find(f, url)
  } finally {
    reader.close()
  }
}

function tooLarge({ captured, heap, blobs }: Parameters<typeof sizeOf>[0], bytes: number, operator: string): CaptureError {
  const sizes = captured.map(one => ({
    name: one.name,
    bytes: sizeOf({ source: "", captured: [one], ...reachedFrom([one.value], heap, blobs) }),
  }))
  const [largest] = sizes.sort((a, b) => b.bytes - a.bytes)
  return refusal(
    `the function of ${operator} captures ${formatBytes(bytes)}, over the limit of ${formatBytes(mostBytes)}` +
      (largest === undefined ? "" : `: ${largest.name} alone is ${formatBytes(largest.bytes)}`),
    "make an RDD of it and join: session.parallelize(entries), or textFile",
    "",
  )
}

const formatBytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`

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
