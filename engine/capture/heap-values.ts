/** What a captured value is, found out without running any of its code. */

import { types } from "node:util"
import type { HeapLock } from "../function-ref.js"
import { typeName } from "./refusal.js"

export function isNative(f: Function): boolean {
  return /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(f))
}

/** Of arrays', maps', sets' and generators' iterators alike. */
export const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([].values())) as object

/** Of functions, generators, and their async kinds. */
export const functionPrototypes = new Set<unknown>([
  Function.prototype,
  Object.getPrototypeOf(function* () {}),
  Object.getPrototypeOf(async () => {}),
  Object.getPrototypeOf(async function* () {}),
])

const generatorPrototypes = [function* () {}, async function* () {}].map(f => Object.getPrototypeOf(f.prototype) as object)

/** Whether a function's `prototype` is more than each function has. */
export function hasMembers(prototype: object): boolean {
  if (generatorPrototypes.includes(Object.getPrototypeOf(prototype) as object)) return false
  return Object.getPrototypeOf(prototype) !== Object.prototype || Reflect.ownKeys(prototype).some(key => key !== "constructor")
}

/** Whether it can be changed: `Object.freeze`, `Object.seal`, `Object.preventExtensions`. */
export function lockOf(value: object): { lock?: HeapLock } {
  if (Object.isExtensible(value)) return {}
  return { lock: Object.isFrozen(value) ? "frozen" : Object.isSealed(value) ? "sealed" : "fixed" }
}

export function wellKnownSymbol(value: symbol): string | undefined {
  const name = Object.getOwnPropertyNames(Symbol).find(key => (Symbol as unknown as Record<string, unknown>)[key] === value)
  return name === undefined ? undefined : `Symbol.${name}`
}

export function typedArrayName(value: ArrayBufferView): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}

export function shownKey(key: unknown): string {
  return typeof key === "string" ? JSON.stringify(key) : typeof key === "object" || typeof key === "function" ? typeName(key) : String(key)
}

/** Objects that are made anew by their constructor from a few plain arguments. */
export function madeOf(value: object): { constructor: string; args: readonly unknown[]; usual: object | null } | null {
  if (types.isDate(value)) return { constructor: "Date", args: [Date.prototype.getTime.call(value)], usual: Date.prototype }
  if (types.isRegExp(value)) return { constructor: "RegExp", args: [value.source, value.flags], usual: null }
  if (types.isBoxedPrimitive(value)) {
    const primitive: unknown = (value as { valueOf(): unknown }).valueOf()
    return { constructor: "Object", args: [primitive], usual: null }
  }
  if (value instanceof URL) return { constructor: "URL", args: [value.href], usual: null }
  if (value instanceof URLSearchParams) return { constructor: "URLSearchParams", args: [value.toString()], usual: null }
  if (value instanceof TextEncoder) return { constructor: "TextEncoder", args: [], usual: null }
  if (value instanceof TextDecoder) {
    return { constructor: "TextDecoder", args: [value.encoding, { fatal: value.fatal, ignoreBOM: value.ignoreBOM }], usual: null }
  }
  for (const name of [
    "NumberFormat",
    "DateTimeFormat",
    "Collator",
    "PluralRules",
    "ListFormat",
    "RelativeTimeFormat",
    "Segmenter",
  ] as const) {
    if (value instanceof Intl[name]) {
      const { locale, ...options } = value.resolvedOptions() as { locale: string }
      return { constructor: `Intl.${name}`, args: [locale, options], usual: null }
    }
  }
  return null
}
