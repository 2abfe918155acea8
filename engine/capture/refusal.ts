/** Why a function cannot be sent to the workers, in words for the person who wrote it. */

import { types } from "node:util"
import { RivuletError } from "../errors.js"

export class CaptureError extends RivuletError {
  /** The message's first half: without operator and path. */
  readonly headline: string
  /** The captured variable of the operator's function through which it was reached; null when it is the function itself. */
  readonly variable: string | null
  /** `cache (LookupCache) → .client (Socket)`; empty when it is the function itself. */
  readonly path: string
  /** Where in the function's source text, 0-based offset; null when not known. */
  readonly at: number | null
  readonly source: string

  constructor(options: {
    readonly headline: string
    readonly try: string
    readonly variable: string | null
    readonly path: readonly PathStep[]
    readonly at: number | null
    readonly source: string
  }) {
    const path = showPath(options.path)
    // A path of one step says no more than the headline does.
    super(options.path.length > 1 ? `${options.headline} (captured: ${path})` : options.headline, { code: 2, try: options.try })
    this.name = "CaptureError"
    this.headline = options.headline
    this.variable = options.variable
    this.path = path
    this.at = options.at
    this.source = options.source
  }
}

export interface PathStep {
  /** `cache`, `.client`, `[3]`, `.get("/x")`, `uses helper`. */
  readonly step: string
  /** What is there: `LookupCache`, `Socket`, `function`. */
  readonly type: string
}

/** How a value was reached. */
export interface Link {
  readonly parent: Link | null
  readonly step: PathStep
}

export function linkTo(parent: Link | null, step: string, value: unknown): Link {
  return { parent, step: { step, type: typeName(value) } }
}

function showPath(path: readonly PathStep[]): string {
  return path.map(({ step, type }) => `${step} (${type})`).join(" → ")
}

/** `cache.client`: the steps written as code, as far as they are code. */
export function showAccess(path: readonly PathStep[]): string {
  return path.map(({ step }, index) => (index > 0 && !/^[.[]/.test(step) ? ` → ${step}` : step)).join("")
}

/** `a Socket`, `an Answer`. */
export function withArticle(type: string): string {
  return /^([aeio]|u(?!rl|int|ni))/i.test(type) ? `an ${type}` : `a ${type}`
}

/** The name of a value's type as a person would say it. Never runs the value's code. */
export function typeName(value: unknown): string {
  if (value === null) return "null"
  if (typeof value === "function") return isClass(value) ? `class ${value.name || "(unnamed)"}` : "function"
  if (typeof value !== "object") return typeof value
  // Asking a proxy for its prototype would run its code.
  if (types.isProxy(value)) return "Proxy"
  if (types.isModuleNamespaceObject(value)) return "module"
  for (let proto = Object.getPrototypeOf(value) as object | null; proto; proto = Object.getPrototypeOf(proto) as object | null) {
    const constructor: unknown = Object.getOwnPropertyDescriptor(proto, "constructor")?.value
    if (typeof constructor === "function" && constructor.name) return constructor.name
  }
  return "object"
}

export function isClass(f: Function): boolean {
  return /^class\b/.test(Function.prototype.toString.call(f))
}
