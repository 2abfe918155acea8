/**
 * Keys that are no text, as bytes that are equal where the keys are (`keys/key.ts`): a tag, and what it needs. A zero below the top is
 * left out: which of the two it is shows in the key, and does not tell keys apart.
 */

import { NotUnderstood } from "../expression/expression.js"
import type { Code } from "./code.js"
import type { Scratch } from "./scratch.js"
import { stringOf } from "./text.js"
import { aOrAn, jsonTag, type Value } from "./values.js"

const tags = { number: 1, text: 2, null: 3, false: 4, true: 5, tuple: 6, date: 7, undefined: 8 } as const

/** Thrown where a task is left to its functions as a whole. */
export class Left extends Error {}

/** Writes the code that writes the key into `into`. Throws NotUnderstood. */
export function packKey(code: Code, into: string, key: Value, top = true): void {
  switch (key.type) {
    case "number":
      if (!top) code.guard(`${key.js} !== 0 || 1 / ${key.js} > 0`)
      code.line(`${into}.double(${tags.number}, ${key.js})`)
      return
    case "date":
      code.line(`${into}.double(${tags.date}, ${key.js})`)
      return
    case "boolean":
      code.line(`${into}.tag(${key.js} ? ${tags.true} : ${tags.false})`)
      return
    case "null":
      code.line(`${into}.tag(${tags.null})`)
      return
    case "text":
      code.line(`${into}.count(${tags.text}, ${key.to} - ${key.from}); ${into}.text(${key.data}, ${key.data}View, ${key.from}, ${key.to})`)
      return
    case "maybe":
      code.block(`if (${key.present})`, () => packKey(code, into, key.text))
      code.line(`else ${into}.tag(${tags.null})`)
      return
    case "json": {
      const { tag, text } = key
      code.guard(`${tag} < ${jsonTag.other}`)
      code.block(`if (${tag} === ${jsonTag.text})`, () => packKey(code, into, text))
      code.block(`else if (${tag} === ${jsonTag.number})`, () => packKey(code, into, code.numberOf(key), top))
      const other = (kind: number, packed: number) => `${tag} === ${kind} ? ${packed} : `
      const which = `${other(jsonTag.missing, tags.undefined)}${other(jsonTag.null, tags.null)}${other(jsonTag.true, tags.true)}${tags.false}`
      code.line(`else ${into}.tag(${which})`)
      return
    }
    case "tuple":
      code.line(`${into}.count(${tags.tuple}, ${key.items.length})`)
      for (const item of key.items) packKey(code, into, item, false)
      return
    default:
      throw new NotUnderstood(`has ${aOrAn(key)} as key`)
  }
}

/** Writes a key. Throws Left on one that generated code does not write. */
export function writeKey(into: Scratch, key: unknown, top = true): void {
  switch (typeof key) {
    case "number":
      if (!top && Object.is(key, -0)) throw new Left()
      into.double(tags.number, key)
      return
    case "string": {
      if (!(key as unknown as { isWellFormed(): boolean }).isWellFormed()) throw new Left()
      const at = into.length
      into.count(tags.text, 0)
      into.string(key)
      into.view.setInt32(at + 1, into.length - at - 5, true)
      return
    }
    case "boolean":
      into.tag(key ? tags.true : tags.false)
      return
    case "undefined":
      into.tag(tags.undefined)
      return
  }
  if (key === null) into.tag(tags.null)
  else if (key instanceof Date && Object.getPrototypeOf(key) === Date.prototype) into.double(tags.date, key.getTime())
  else if (Array.isArray(key) && Object.keys(key).length === key.length) {
    into.count(tags.tuple, key.length)
    for (const item of key) writeKey(into, item, false)
  } else throw new Left()
}

/** Keys that were packed, one after the other. */
export class KeyReader {
  private at = 0
  private readonly view: DataView

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  next(): unknown {
    const tag = this.bytes[this.at++]!
    switch (tag) {
      case tags.number:
        return this.double()
      case tags.date:
        return new Date(this.double())
      case tags.text: {
        const from = this.at + 4
        this.at = from + this.view.getInt32(this.at, true)
        return stringOf(this.bytes, from, this.at)
      }
      case tags.tuple: {
        const length = this.view.getInt32(this.at, true)
        this.at += 4
        return Array.from({ length }, () => this.next())
      }
      default:
        return tag === tags.null ? null : tag === tags.undefined ? undefined : tag === tags.true
    }
  }

  private double(): number {
    this.at += 8
    return this.view.getFloat64(this.at - 8, true)
  }
}
