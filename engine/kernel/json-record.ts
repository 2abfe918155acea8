/** Lines of JSON where they lie: all of a line is checked, and the values of the wanted names are found. */

import { NotUnderstood } from "../expression/expression.js"
import type { Code } from "./code.js"
import { same } from "./text.js"
import { jsonTag, type TextValue, type Value } from "./values.js"

const quote = 34
const backslash = 92
const deepest = 64

/** The values of some names of an object: what kind each is, and where it stands. */
export class JsonObject {
  /** By name: kind, from, to. Of a text what is between its quotes. */
  readonly places: Int32Array
  private tag = 0

  constructor(private readonly names: readonly Uint8Array[]) {
    this.places = new Int32Array(names.length * 3)
  }

  /** False: it is no object, no JSON, or a rare one. */
  read(data: Uint8Array, from: number, to: number): boolean {
    const { places } = this
    for (let i = 0; i < places.length; i += 3) places[i] = jsonTag.missing
    let at = blank(data, from, to)
    if (data[at] !== 123 || at >= to) return false
    at = this.members(data, at, to, true, 0)
    return at >= 0 && blank(data, at, to) === to
  }

  /** From the brace that opens to after the one that closes; -1: it is none. */
  private members(data: Uint8Array, from: number, to: number, wanted: boolean, depth: number): number {
    let at = blank(data, from + 1, to)
    if (at < to && data[at] === 125) return at + 1
    for (;;) {
      if (at >= to || data[at] !== quote) return -1
      const key = at + 1
      at = key
      while (at < to && data[at] !== quote) {
        // The name may be another than its bytes say.
        if (data[at] === backslash || data[at]! < 32) return -1
        at++
      }
      const keyEnd = at
      at = blank(data, at + 1, to)
      if (at >= to || data[at] !== 58) return -1
      const start = blank(data, at + 1, to)
      at = this.value(data, start, to, depth)
      if (at < 0) return -1
      if (wanted) this.keep(data, key, keyEnd, start, at)
      at = blank(data, at, to)
      if (at >= to) return -1
      if (data[at] === 125) return at + 1
      if (data[at] !== 44) return -1
      at = blank(data, at + 1, to)
    }
  }

  /** Of names that come twice the last counts. */
  private keep(data: Uint8Array, key: number, keyEnd: number, from: number, to: number): void {
    const { names, places } = this
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!
      if (name.length !== keyEnd - key || !same(data, key, keyEnd, name, 0, name.length)) continue
      const inner = this.tag === jsonTag.text ? 1 : 0
      places[3 * i] = this.tag
      places[3 * i + 1] = from + inner
      places[3 * i + 2] = to - inner
    }
  }

  /** The end of the value that begins there, whose kind is then `tag`; -1: there is none. */
  private value(data: Uint8Array, from: number, to: number, depth: number): number {
    if (from >= to) return -1
    switch (data[from]) {
      case quote:
        return this.string(data, from + 1, to)
      case 123: {
        if (depth >= deepest) return -1
        const at = this.members(data, from, to, false, depth + 1)
        this.tag = jsonTag.other
        return at
      }
      case 91: {
        if (depth >= deepest) return -1
        let at = blank(data, from + 1, to)
        if (at < to && data[at] === 93) at++
        else
          for (;;) {
            at = this.value(data, at, to, depth + 1)
            if (at < 0) return -1
            at = blank(data, at, to)
            if (at >= to || (data[at] !== 44 && data[at] !== 93)) return -1
            if (data[at++] === 93) break
            at = blank(data, at, to)
          }
        this.tag = jsonTag.other
        return at
      }
      case 116:
        this.tag = jsonTag.true
        return word(data, from, to, trueBytes)
      case 102:
        this.tag = jsonTag.false
        return word(data, from, to, falseBytes)
      case 110:
        this.tag = jsonTag.null
        return word(data, from, to, nullBytes)
      default:
        this.tag = jsonTag.number
        return numberEnd(data, from, to)
    }
  }

  private string(data: Uint8Array, from: number, to: number): number {
    this.tag = jsonTag.text
    for (let at = from; at < to; at++) {
      const byte = data[at]!
      if (byte === quote) return at + 1
      if (byte < 32) return -1
      if (byte !== backslash) continue
      this.tag = jsonTag.other
      const escaped = data[++at]!
      if (at >= to) return -1
      if (escaped === 117) {
        for (let i = 1; i <= 4; i++) if (at + i >= to || !isHex(data[at + i]!)) return -1
        at += 4
      } else if (!isEscape(escaped)) return -1
    }
    return -1
  }
}

const [trueBytes, falseBytes, nullBytes] = ["true", "false", "null"].map(text => new Uint8Array(Buffer.from(text))) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
]

function word(data: Uint8Array, from: number, to: number, text: Uint8Array): number {
  const end = from + text.length
  return end <= to && same(data, from, end, text, 0, text.length) ? end : -1
}

/** The grammar of JSON: no leading zero, no bare point. */
function numberEnd(data: Uint8Array, from: number, to: number): number {
  let at = data[from] === 45 ? from + 1 : from
  const first = at
  at = digitsEnd(data, at, to)
  if (at === first || (data[first] === 48 && at > first + 1)) return -1
  if (at < to && data[at] === 46) {
    const fraction = at + 1
    at = digitsEnd(data, fraction, to)
    if (at === fraction) return -1
  }
  if (at < to && (data[at] === 101 || data[at] === 69)) {
    at++
    if (at < to && (data[at] === 43 || data[at] === 45)) at++
    const exponent = at
    at = digitsEnd(data, at, to)
    if (at === exponent) return -1
  }
  return at
}

function digitsEnd(data: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to && data[at]! >= 48 && data[at]! <= 57) at++
  return at
}

function blank(data: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to && (data[at] === 32 || data[at] === 9 || data[at] === 10 || data[at] === 13)) at++
  return at
}

function isHex(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 70) || (byte >= 97 && byte <= 102)
}

/** `"\/bfnrt` */
function isEscape(byte: number): boolean {
  return byte === 34 || byte === 92 || byte === 47 || byte === 98 || byte === 102 || byte === 110 || byte === 114 || byte === 116
}

/** The record of a row, of which the fields are read that are asked for. */
export function jsonRecord(code: Code): Value {
  return objectAt(code, "data", "start", "end")
}

/** A field of a value that must be an object. Throws NotUnderstood. */
export function member(code: Code, { tag, text }: Extract<Value, { type: "json" }>, name: string): Value {
  code.guard(`${tag} === ${jsonTag.other} && ${text.data}[${text.from}] === 123`)
  const object = code.once(`${text.from} object`, () => objectAt(code, text.data, text.from, text.to))
  const value = object.type === "object" ? object.field(name) : null
  if (value === null) throw new NotUnderstood(`takes .${name} of a value of JSON`)
  return value
}

function objectAt(code: Code, data: string, from: string, to: string): Value {
  const names: Uint8Array[] = []
  const object = code.fresh("j")
  code.constants.push(`const ${object} = new text.JsonObject(${code.hold(names)}), ${object}places = ${object}.places`)
  code.guard(`${object}.read(${data}, ${from}, ${to})`)
  return {
    type: "object",
    field(name) {
      // What an object has of its prototype is there where the line says nothing.
      if (name in Object.prototype) return null
      return code.once(`${object}.${name}`, () => {
        const bytes = code.bytesOf(name)
        let place = names.findIndex(one => Buffer.compare(one, bytes) === 0)
        if (place < 0) place = names.push(bytes) - 1
        const [tag, a, b] = [code.fresh("t"), code.fresh("p"), code.fresh("q")]
        const at = (i: number) => `${object}places[${3 * place + i}]`
        code.line(`const ${tag} = ${at(0)}, ${a} = ${at(1)}, ${b} = ${at(2)}`)
        const text: TextValue = { type: "text", data, from: a, to: b }
        return { type: "json", tag, text }
      })
    },
  }
}
