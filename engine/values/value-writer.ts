/** Values to bytes, see `value-codec.ts`. */

import { types } from "node:util"
import { serialize } from "node:v8"
import { RivuletError } from "../errors.js"
import { isIndex, maxDepth, tag, viewNames } from "./value-tags.js"

/** Thrown within: the value goes through node:v8. */
class NotPlain {}

/** Appends values to one growing buffer. */
export class ValueWriter {
  private buffer: Buffer = Buffer.allocUnsafe(256)
  length = 0

  /** What was written so far; valid until the next write. */
  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }

  write(value: unknown): void {
    const start = this.length
    try {
      this.value(value, 0)
    } catch (error) {
      if (!(error instanceof NotPlain)) throw error
      this.length = start
      this.raw(serializeByV8(value))
    }
  }

  private room(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + bytes))
    larger.set(this.buffer.subarray(0, this.length))
    this.buffer = larger
  }

  private byte(value: number): void {
    this.room(1)
    this.buffer[this.length++] = value
  }

  /** LEB128, below 2^53. */
  private count(value: number): void {
    this.room(8)
    while (value >= 128) {
      this.buffer[this.length++] = (value % 128) + 128
      value = Math.floor(value / 128)
    }
    this.buffer[this.length++] = value
  }

  private raw(bytes: Uint8Array): void {
    this.room(bytes.length)
    this.buffer.set(bytes, this.length)
    this.length += bytes.length
  }

  private number(value: number): void {
    this.room(9)
    if ((value | 0) === value && !Object.is(value, -0)) {
      this.buffer[this.length] = tag.int32
      this.length = this.buffer.writeInt32LE(value, this.length + 1)
    } else {
      this.buffer[this.length] = tag.float64
      this.length = this.float64(value, this.length + 1)
    }
  }

  /** NaN has one encoding. */
  private float64(value: number, at: number): number {
    if (!Number.isNaN(value)) return this.buffer.writeDoubleLE(value, at)
    this.buffer.writeUInt32LE(0, at)
    return this.buffer.writeUInt32LE(0x7ff80000, at + 4)
  }

  private string(text: string): void {
    this.room(text.length + 10)
    let wide = false
    for (let i = 0; i < text.length && !wide; i++) wide = text.charCodeAt(i) > 255
    this.byte(wide ? tag.utf16 : tag.latin1)
    this.count(text.length)
    this.room(wide ? text.length * 2 : text.length)
    this.length += wide ? this.buffer.write(text, this.length, "utf16le") : this.buffer.write(text, this.length, "latin1")
  }

  private bigint(value: bigint): void {
    this.byte(value < 0n ? tag.negativeBigint : tag.bigint)
    const hex = (value < 0n ? -value : value).toString(16)
    const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex")
    this.count(bytes.length)
    this.raw(bytes)
  }

  private value(value: unknown, depth: number): void {
    switch (typeof value) {
      case "undefined":
        this.byte(tag.undefined)
        return
      case "boolean":
        this.byte(value ? tag.true : tag.false)
        return
      case "number":
        this.number(value)
        return
      case "string":
        this.string(value)
        return
      case "bigint":
        this.bigint(value)
        return
      case "object":
        if (value === null) this.byte(tag.null)
        else if (depth >= maxDepth) throw new NotPlain()
        else this.object(value, depth + 1)
        return
      default:
        throw new NotPlain()
    }
  }

  private object(value: object, depth: number): void {
    if (Array.isArray(value)) {
      this.array(value, depth)
      return
    }
    if (types.isDate(value)) {
      this.byte(tag.date)
      this.room(8)
      this.length = this.float64(value.getTime(), this.length)
      return
    }
    if (types.isMap(value)) {
      this.byte(tag.map)
      this.count(value.size)
      for (const [k, v] of value) {
        this.value(k, depth)
        this.value(v, depth)
      }
      return
    }
    if (types.isSet(value)) {
      this.byte(tag.set)
      this.count(value.size)
      for (const item of value) this.value(item, depth)
      return
    }
    if (types.isRegExp(value)) {
      this.byte(tag.regexp)
      this.string(value.source)
      this.string(value.flags)
      return
    }
    if (types.isArrayBuffer(value)) {
      this.byte(tag.buffer)
      this.count(value.byteLength)
      this.raw(new Uint8Array(value))
      return
    }
    if (ArrayBuffer.isView(value)) {
      const kind = viewNames.indexOf(value.constructor.name as (typeof viewNames)[number])
      if (kind < 0) throw new NotPlain()
      this.byte(tag.view)
      this.byte(kind)
      this.count(value.byteLength)
      this.raw(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
      return
    }
    if (types.isProxy(value) || types.isNativeError(value) || Object.prototype.toString.call(value) !== "[object Object]")
      throw new NotPlain()
    const fields = value as Record<string, unknown>
    this.byte(tag.object)
    this.fields(fields, Object.keys(fields), depth)
  }

  private array(items: readonly unknown[], depth: number): void {
    const names = Object.keys(items)
    let indexed = names.length
    while (indexed > 0 && !isIndex(names[indexed - 1]!)) indexed--
    // A long array of mostly holes is kept by node:v8.
    if (items.length > 2 * indexed + 1024) throw new NotPlain()
    this.byte(indexed < names.length ? tag.arrayWith : tag.array)
    this.count(items.length)
    for (let i = 0; i < items.length; i++) {
      const item = items[i]
      if (item === undefined && !Object.hasOwn(items, i)) this.byte(tag.hole)
      else this.value(item, depth)
    }
    if (indexed < names.length) this.fields(items as unknown as Record<string, unknown>, names.slice(indexed), depth)
  }

  private fields(object: Record<string, unknown>, names: readonly string[], depth: number): void {
    this.count(names.length)
    for (const name of names) {
      this.string(name)
      this.value(object[name], depth)
    }
  }
}

function serializeByV8(value: unknown): Uint8Array {
  try {
    return serialize(value)
  } catch (cause) {
    throw new RivuletError(`a value cannot be stored or sent: ${cause instanceof Error ? cause.message : String(cause)}`, {
      try: "give back plain data: no function, symbol, promise or the like in it",
      cause,
    })
  }
}
