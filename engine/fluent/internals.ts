/**
 * Functions of our own that run on the workers as users' functions do: they travel as text, so each stands alone and may
 * use nothing but its parameters (and what `host.link` captures of an enclosing call).
 */

import type { UserFunction } from "./host.js"

/** `[key, [lefts, rights]]` → the lefts of keys that have no right. */
export const leftsAlone: UserFunction = ([, [lefts, rights]]: [unknown, [unknown[], unknown[]]]) => (rights.length === 0 ? lefts : [])

/** The same, as pairs. */
export const pairsAlone: UserFunction = ([key, [lefts, rights]]: [unknown, [unknown[], unknown[]]]) =>
  rights.length === 0 ? lefts.map(left => [key, left]) : []

/** `[key, [lefts, rights]]` → the first left of keys that both have. */
export const leftOfBoth: UserFunction = ([, [lefts, rights]]: [unknown, [unknown[], unknown[]]]) =>
  lefts.length > 0 && rights.length > 0 ? [lefts[0]] : []

/** A partition's number and how many records it has. */
export const sizeOfPartition: UserFunction = (values: readonly unknown[], info: number | { readonly partition: number }) => [
  [typeof info === "number" ? info : info.partition, values.length],
]

/** `[partition, size]` of all → what numbers the records of one: each becomes `[record, index]`. */
export const numberFrom: UserFunction = (sizes: readonly (readonly [number, number])[], partition: number) => {
  let index = 0
  for (const [at, size] of sizes) if (at < partition) index += size
  return (value: unknown) => [[value, index++]]
}

/** Of two values the later one. */
export const later: UserFunction = (_: unknown, value: unknown) => value

export const wholePartition: UserFunction = (values: Iterable<unknown>) => [[...values]]

/** `[key, [befores, afters]]` of two states → the change of the key, if there is one. */
export const changeOf: UserFunction = ([key, [befores, afters]]: [unknown, [unknown[], unknown[]]]) => {
  const same = (a: unknown, b: unknown): boolean => {
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
    if (a instanceof Date || b instanceof Date) return a instanceof Date && b instanceof Date && a.getTime() === b.getTime()
    if (a instanceof Map || a instanceof Set) {
      return b instanceof (a instanceof Map ? Map : Set) && same([...a], [...(b as Iterable<unknown>)])
    }
    if (Array.isArray(a) !== Array.isArray(b)) return false
    const left = Object.keys(a)
    const right = Object.keys(b)
    return (
      left.length === right.length &&
      left.every(name => Object.hasOwn(b, name) && same((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]))
    )
  }
  const before = befores[0]
  const after = afters[0]
  if (befores.length > 0 === afters.length > 0 && same(before, after)) return []
  const numbers = [before, after].every(side => side === undefined || typeof side === "number")
  return [numbers ? { key, before, after, delta: Number(after ?? 0) - Number(before ?? 0) } : { key, before, after }]
}
