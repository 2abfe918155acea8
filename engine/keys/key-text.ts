/** What kinds of keys there are, and a canonical text of each. See `key.ts` for what makes two keys one. */

import { types } from "node:util"
import { textBytes } from "../block/bytes.js"
import { RivuletError } from "../errors.js"
import { serializeValue } from "../values/value-codec.js"

/** Deeper keys are refused rather than overflow the stack. */
export const maxKeyDepth = 100

export function shapeOf(value: object): "array" | "date" | "object" | "other" {
  if (Array.isArray(value)) return "array"
  if (value instanceof Date || types.isDate(value)) return "date"
  return Object.prototype.toString.call(value) === "[object Object]" ? "object" : "other"
}

export function sortedNames(fields: Record<string, unknown>): string[] {
  return Object.keys(fields).sort()
}

export function bytesText(value: object): string {
  const bytes = serializeValue(value)
  return textBytes(bytes).latin1Slice(0, bytes.length)
}

export function notAKey(value: unknown): RivuletError {
  return new RivuletError(`a ${typeof value} cannot be a key`, { try: "use text, numbers, dates, tuples or plain objects as keys" })
}

export function tooDeep(): RivuletError {
  return new RivuletError(`a key is nested deeper than ${maxKeyDepth} levels, or refers to itself`, {
    try: "use a flat key, such as a tuple of text and numbers",
  })
}

/** A text that two values share exactly when they are one key. */
export function canonicalKey(value: unknown, depth = 0): string {
  switch (typeof value) {
    case "string":
      return `"${value.length}:${value}`
    case "number":
      return `n${value};`
    case "bigint":
      return `b${value};`
    case "boolean":
      return value ? "t" : "f"
    case "undefined":
      return "u"
    case "object": {
      if (value === null) return "0"
      if (depth >= maxKeyDepth) throw tooDeep()
      switch (shapeOf(value)) {
        case "array": {
          const items = value as readonly unknown[]
          let text = `[${items.length}:`
          for (let i = 0; i < items.length; i++) text += canonicalKey(items[i], depth + 1)
          return text
        }
        case "date":
          return `d${(value as Date).getTime()};`
        case "object": {
          const fields = value as Record<string, unknown>
          const names = sortedNames(fields)
          let text = `{${names.length}:`
          for (const name of names) text += canonicalKey(name) + canonicalKey(fields[name], depth + 1)
          return text
        }
        default: {
          const text = bytesText(value)
          return `x${text.length}:${text}`
        }
      }
    }
    default:
      throw notAKey(value)
  }
}
