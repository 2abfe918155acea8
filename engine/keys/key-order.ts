/** Equality and order of keys. See `key.ts` for what makes two keys one. */

import { bytesText, maxKeyDepth, notAKey, shapeOf, sortedNames, tooDeep } from "./key-text.js"

/** Whether the two are one key. */
export function sameValue(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === typeof b && compareKeys(a, b) === 0)
}

/** Kinds of values in the order in which `compareKeys` puts them. */
const ranks = { null: 0, undefined: 1, boolean: 2, number: 3, bigint: 4, string: 5, date: 6, array: 7, object: 8, other: 9 } as const

function rankOf(value: unknown): number {
  const kind = typeof value
  if (kind === "object") return value === null ? ranks.null : ranks[shapeOf(value as object)]
  if (kind === "function" || kind === "symbol") throw notAKey(value)
  return ranks[kind]
}

/**
 * A total order over all values: negative, 0 (one key) or positive. Numbers by value with NaN last, text by code point,
 * arrays element by element and then by length; values of different kinds by kind.
 */
export function compareKeys(a: unknown, b: unknown): number {
  return compare(a, b, 0)
}

function compare(a: unknown, b: unknown, depth: number): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b)
  if (typeof a === "number" && typeof b === "number") return compareNumbers(a, b)
  const rank = rankOf(a)
  const difference = rank - rankOf(b)
  if (difference !== 0) return difference
  if (depth >= maxKeyDepth) throw tooDeep()
  switch (rank) {
    case ranks.boolean:
      return Number(a) - Number(b)
    case ranks.bigint:
      return (a as bigint) < (b as bigint) ? -1 : a === b ? 0 : 1
    case ranks.date:
      return compareNumbers((a as Date).getTime(), (b as Date).getTime())
    case ranks.array:
      return compareArrays(a as readonly unknown[], b as readonly unknown[], depth)
    case ranks.object:
      return compareObjects(a as Record<string, unknown>, b as Record<string, unknown>, depth)
    case ranks.other:
      return compareText(bytesText(a as object), bytesText(b as object))
    default:
      return 0
  }
}

function compareNumbers(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (a === b) return 0
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    // Surrogates stand for code points above all of the basic plane.
    if (x !== y) return codePointRank(x) - codePointRank(y)
  }
  return a.length - b.length
}

function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
}

function compareArrays(a: readonly unknown[], b: readonly unknown[], depth: number): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = compare(a[i], b[i], depth + 1)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function compareObjects(a: Record<string, unknown>, b: Record<string, unknown>, depth: number): number {
  const [namesA, namesB] = [sortedNames(a), sortedNames(b)]
  const length = Math.min(namesA.length, namesB.length)
  for (let i = 0; i < length; i++) {
    const difference = compareText(namesA[i]!, namesB[i]!) || compare(a[namesA[i]!], b[namesB[i]!], depth + 1)
    if (difference !== 0) return difference
  }
  return namesA.length - namesB.length
}
