/** Hashes of keys. See `key.ts` for what makes two keys one. */

import { bytesText, maxKeyDepth, notAKey, shapeOf, sortedNames, tooDeep } from "./key-text.js"

/** Marks what kind of value a hash is of, so that 1, "1" and [1] differ. */
const seed = {
  null: 1,
  undefined: 2,
  true: 3,
  false: 4,
  number: 5,
  bigint: 6,
  string: 7,
  date: 8,
  array: 9,
  object: 10,
  other: 11,
} as const
// Scratch to look at a double's bits; holds nothing between calls.
const float64 = new Float64Array(1)
const words = new Uint32Array(float64.buffer)

/** Unsigned 32 bits, the same on every machine; equal values have equal hashes, and all bits depend on all of the value. */
export function hashKey(value: unknown): number {
  return typeof value === "string" ? hashText(value, seed.string) : hash(value, 0)
}

/** FNV-1a over UTF-16 code units, then a finaliser so that the high bits are as good as the low ones. */
function hashText(text: string, start: number): number {
  let h = 0x811c9dc5 ^ start
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return finish(h)
}

/** `hashKey` of the ASCII text that lies in bytes [from, to). */
export function hashAscii(bytes: Uint8Array, from: number, to: number): number {
  let h = 0x811c9dc5 ^ seed.string
  for (let i = from; i < to; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193)
  return finish(h)
}

/** The finaliser of MurmurHash3: every input bit reaches every output bit. */
function finish(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function mix(h: number, next: number): number {
  return finish(Math.imul(h, 0x9e3779b1) + next)
}

function hashNumber(value: number, start: number): number {
  if ((value | 0) === value) return mix(start, value) // -0 too
  if (Number.isNaN(value)) return mix(start, 0x7ff80000)
  float64[0] = value
  return mix(mix(start, words[0]!), words[1]!)
}

function hash(value: unknown, depth: number): number {
  switch (typeof value) {
    case "string":
      return hashText(value, seed.string)
    case "number":
      return hashNumber(value, seed.number)
    case "bigint":
      return hashText(value.toString(36), seed.bigint)
    case "boolean":
      return finish(value ? seed.true : seed.false)
    case "undefined":
      return finish(seed.undefined)
    case "object":
      return value === null ? finish(seed.null) : hashObject(value, depth)
    default:
      throw notAKey(value)
  }
}

function hashObject(value: object, depth: number): number {
  if (depth >= maxKeyDepth) throw tooDeep()
  switch (shapeOf(value)) {
    case "array": {
      const items = value as readonly unknown[]
      let h = mix(seed.array, items.length)
      for (let i = 0; i < items.length; i++) h = mix(h, hash(items[i], depth + 1))
      return h
    }
    case "date":
      return hashNumber((value as Date).getTime(), seed.date)
    case "object": {
      const fields = value as Record<string, unknown>
      const names = sortedNames(fields)
      let h = mix(seed.object, names.length)
      for (const name of names) h = mix(mix(h, hashText(name, 0)), hash(fields[name], depth + 1))
      return h
    }
    default:
      return hashText(bytesText(value), seed.other)
  }
}
