/**
 * One value as bytes, exactly and canonically.
 *
 * node:v8's serializer keeps any value exactly, but its bytes depend on how the engine happens to hold the value (a string
 * cut from a wider one, the number 2 that was computed as 1.5 + 0.5), and the same interval must give the same bytes on
 * every machine. So plain data has an encoding of its own here, whose bytes depend on the value alone. What is not plain
 * data (cycles, errors, boxed primitives, …) goes through node:v8: its bytes begin with 0xff, no tag of ours does.
 *
 * An instance of a class becomes a plain object of its own enumerable fields, as with structured cloning.
 */

import { types } from "node:util"
import { deserialize, serialize } from "node:v8"
import { type TextBytes, textBytes } from "./bytes.js"
import { RivuletError } from "./errors.js"

const tag = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  int32: 4,
  float64: 5,
  bigint: 6,
  negativeBigint: 7,
  latin1: 8,
  utf16: 9,
  array: 10,
  object: 11,
  date: 12,
  map: 13,
  set: 14,
  regexp: 15,
  view: 16,
  buffer: 17,
  hole: 18,
  /** An array with named properties as well, such as String.match gives. */
  arrayWith: 19,
} as const
const v8Mark = 0xff

/** Deeper plain data goes through node:v8; deeper bytes are refused. */
const maxDepth = 100

const viewNames = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
] as const

/** The bytes of a value. Throws RivuletError on what cannot be data: functions, symbols, promises. */
export function serializeValue(value: unknown): Uint8Array {
  const writer = new ValueWriter()
  writer.write(value)
  return writer.bytes().slice()
}

/** The value of the bytes; shares no memory with them. Throws RivuletError on bytes that are none. */
export function deserializeValue(bytes: Uint8Array): unknown {
  return new ValueReader(bytes).whole()
}

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

/** Whether a property's name is an array's index. Indices come before other names. */
function isIndex(name: string): boolean {
  return String(Number(name) >>> 0) === name
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

/** Reads values back, with every length checked against what is there. */
class ValueReader {
  private readonly bytes: TextBytes & Buffer
  private at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = textBytes(bytes)
  }

  whole(): unknown {
    if (this.bytes[0] === v8Mark) return deserializeByV8(this.bytes)
    const value = this.value(0)
    if (this.at !== this.bytes.length) throw malformed()
    return value
  }

  private take(bytes: number): number {
    const at = this.at
    if (bytes > this.bytes.length - at) throw malformed()
    this.at = at + bytes
    return at
  }

  /** A count of things of at least so many bytes each, so that a lie cannot make us allocate. */
  private count(bytesEach: number): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.bytes[this.take(1)]!
      value += (byte & 127) * scale
      if (byte < 128) {
        if (value * bytesEach > this.bytes.length - this.at) throw malformed()
        return value
      }
    }
    throw malformed()
  }

  private string(): string {
    const kind = this.bytes[this.take(1)]!
    if (kind === tag.latin1) {
      const length = this.count(1)
      const at = this.take(length)
      return this.bytes.latin1Slice(at, at + length)
    }
    if (kind !== tag.utf16) throw malformed()
    const length = this.count(2) * 2
    const at = this.take(length)
    return this.bytes.ucs2Slice(at, at + length)
  }

  private float64(): number {
    return this.bytes.readDoubleLE(this.take(8))
  }

  private copy(): ArrayBuffer {
    const length = this.count(1)
    const at = this.take(length)
    const copy = new ArrayBuffer(length)
    new Uint8Array(copy).set(this.bytes.subarray(at, at + length))
    return copy
  }

  private value(depth: number): unknown {
    if (depth > maxDepth) throw malformed()
    const kind = this.bytes[this.take(1)]!
    switch (kind) {
      case tag.undefined:
        return undefined
      case tag.null:
        return null
      case tag.false:
        return false
      case tag.true:
        return true
      case tag.int32:
        return this.bytes.readInt32LE(this.take(4))
      case tag.float64:
        return this.float64()
      case tag.bigint:
      case tag.negativeBigint: {
        const length = this.count(1)
        const at = this.take(length)
        const value = BigInt(`0x${this.bytes.hexSlice(at, at + length) || "0"}`)
        return kind === tag.negativeBigint ? -value : value
      }
      case tag.latin1:
      case tag.utf16:
        this.at--
        return this.string()
      case tag.array:
        return this.array(depth)
      case tag.arrayWith: {
        const items = this.array(depth)
        this.fields(items as unknown as Record<string, unknown>, depth)
        return items
      }
      case tag.object: {
        const object: Record<string, unknown> = {}
        this.fields(object, depth)
        return object
      }
      case tag.date:
        return new Date(this.float64())
      case tag.map: {
        const map = new Map<unknown, unknown>()
        for (let n = this.count(2); n > 0; n--) {
          const key = this.value(depth + 1)
          map.set(key, this.value(depth + 1))
        }
        return map
      }
      case tag.set: {
        const set = new Set<unknown>()
        for (let n = this.count(1); n > 0; n--) set.add(this.value(depth + 1))
        return set
      }
      case tag.regexp: {
        const source = this.string()
        const flags = this.string()
        try {
          return new RegExp(source, flags)
        } catch {
          throw malformed()
        }
      }
      case tag.view:
        return this.view()
      case tag.buffer:
        return this.copy()
      default:
        throw malformed()
    }
  }

  private array(depth: number): unknown[] {
    const length = this.count(1)
    const items: unknown[] = new Array(length)
    for (let i = 0; i < length; i++) {
      if (this.bytes[this.at] === tag.hole) this.at++
      else items[i] = this.value(depth + 1)
    }
    return items
  }

  /** Defined, not set: `__proto__` is a name like any other, an array's `length` is not ours to change. */
  private fields(object: Record<string, unknown>, depth: number): void {
    for (let n = this.count(3); n > 0; n--) {
      const name = this.string()
      const value = this.value(depth + 1)
      if (Array.isArray(object) && (name === "length" || isIndex(name))) throw malformed()
      if (name === "__proto__") Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
      else object[name] = value
    }
  }

  private view(): ArrayBufferView {
    const name = viewNames[this.bytes[this.take(1)]!]
    if (name === undefined) throw malformed()
    const buffer = this.copy()
    const View = globalThis[name]
    if (buffer.byteLength % View.BYTES_PER_ELEMENT !== 0) throw malformed()
    return new View(buffer)
  }
}

function deserializeByV8(bytes: Uint8Array): unknown {
  try {
    return deserialize(new Uint8Array(bytes)) // a copy: views in the value would otherwise alias shared memory
  } catch (cause) {
    throw new RivuletError("the bytes of a value are damaged", { cause })
  }
}

function malformed(): RivuletError {
  return new RivuletError("the bytes of a value are damaged")
}
