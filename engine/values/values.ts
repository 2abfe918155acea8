/**
 * Values as bytes and values as text. The bytes are what a column holds that fits no column type, and what small single
 * values travel as; see `value-codec.ts` for why they are not those of node:v8 alone.
 */

import { types } from "node:util"

export { deserializeValue, serializeValue } from "./value-codec.js"

/**
 * One value in one line for people: like util.inspect, but short, and the same for equal values on every machine.
 * Strings are quoted; what goes over `max` characters (default 200) ends in `…`.
 */
export function showValue(value: unknown, max = 200): string {
  const writer = new Shown(max)
  writer.value(value, 0)
  return writer.text.length > max ? `${cut(writer.text, Math.max(0, max - 1))}…` : writer.text
}

/** Not within a surrogate pair. */
function cut(text: string, length: number): string {
  const last = text.charCodeAt(length - 1)
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length)
}

const plainName = /^[A-Za-z_$][\w$]*$/
const maxDepth = 8

class Shown {
  text = ""
  private readonly open: unknown[] = []

  constructor(private readonly max: number) {}

  value(value: unknown, depth: number): void {
    if (this.text.length > this.max) return
    switch (typeof value) {
      case "string":
        this.text += JSON.stringify(value.length > this.max ? cut(value, this.max + 1) : value)
        return
      case "bigint":
        this.text += `${value}n`
        return
      case "number":
        this.text += Object.is(value, -0) ? "-0" : String(value)
        return
      case "function":
        this.text += `[function ${value.name || "anonymous"}]`
        return
      case "object":
        if (value === null) this.text += "null"
        else if (this.open.includes(value)) this.text += "[circular]"
        else if (depth >= maxDepth) this.text += Array.isArray(value) ? "[…]" : "{…}"
        else {
          this.open.push(value)
          this.object(value, depth + 1)
          this.open.pop()
        }
        return
      default:
        this.text += String(value)
    }
  }

  private object(value: object, depth: number): void {
    if (Array.isArray(value)) this.list("[", value, "]", depth)
    else if (types.isDate(value)) this.text += Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString()
    else if (types.isMap(value)) this.list("Map { ", [...value], " }", depth, true)
    else if (types.isSet(value)) this.list("Set { ", [...value], " }", depth)
    else if (types.isRegExp(value)) this.text += String(value)
    else if (types.isNativeError(value)) this.text += `${value.name}: ${value.message}`
    else if (types.isTypedArray(value)) {
      this.text += `${value[Symbol.toStringTag]} `
      this.list("[", value as unknown as ArrayLike<unknown>, "]", depth)
    } else {
      const name: unknown = Object.getPrototypeOf(value)?.constructor?.name
      if (typeof name === "string" && name !== "Object") this.text += `${name} `
      this.fields(value as Record<string, unknown>, depth)
    }
  }

  private list(open: string, items: ArrayLike<unknown>, close: string, depth: number, entries = false): void {
    if (items.length === 0) {
      this.text += (open + close).replaceAll(" ", "").replace("{", " {")
      return
    }
    this.text += open
    for (let i = 0; i < items.length && this.text.length <= this.max; i++) {
      if (i > 0) this.text += ", "
      const item = items[i]
      if (entries && Array.isArray(item)) {
        this.value(item[0], depth)
        this.text += " => "
        this.value(item[1], depth)
      } else this.value(item, depth)
    }
    this.text += close
  }

  private fields(value: Record<string, unknown>, depth: number): void {
    const names = Object.keys(value)
    if (names.length === 0) {
      this.text += "{}"
      return
    }
    this.text += "{ "
    for (let i = 0; i < names.length && this.text.length <= this.max; i++) {
      if (i > 0) this.text += ", "
      const name = names[i]!
      this.text += `${plainName.test(name) ? name : JSON.stringify(name)}: `
      this.value(value[name], depth)
    }
    this.text += " }"
  }
}
