/** Bytes to values, see `value-codec.ts`. */

import { deserialize } from "node:v8"
import { type TextBytes, textBytes } from "../block/bytes.js"
import { RivuletError } from "../errors.js"
import { isIndex, maxDepth, tag, v8Mark, viewNames } from "./value-tags.js"

/** Reads values back, with every length checked against what is there. */
export class ValueReader {
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
