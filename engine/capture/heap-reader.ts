/**
 * Makes live values again out of a function's records: the reverse of `heap-writer.ts`, anew for each task. First
 * everything is made empty (a class after what its evaluation needs), then filled, so that cycles close.
 */

import { builtins } from "../builtins.js"
import type { Encoded, HeapProperties, HeapRecord } from "../function-ref.js"
import { handleOf } from "./brand.js"
import type { TaskGlobals } from "./environment.js"

/** A body that was compiled once: `make` gives a new closure, `set` its free variables. */
export interface Instance {
  make(): unknown
  set(values: readonly unknown[]): void
}

export interface HeapSource {
  readonly heap: readonly HeapRecord[]
  readonly blobs: readonly Uint8Array[]
  /** A new instance of the body of record `id`. */
  instantiate(id: number): Instance
  readonly globals: TaskGlobals
  /** Epoch ms. */
  readonly intervalStart: number
  /** What a package's file exports. */
  exportsOf(file: string): unknown
  handle(data: unknown): unknown
}

export class HeapReader {
  readonly #source: HeapSource
  readonly #values: unknown[] = []
  readonly #state: ("new" | "making" | "made")[]
  readonly #instances = new Map<number, Instance>()
  /** Sticky and global regular expressions, whose position must not survive a call. */
  readonly moving: RegExp[] = []

  constructor(source: HeapSource) {
    this.#source = source
    this.#state = source.heap.map(() => "new")
    for (let id = 0; id < source.heap.length; id++) this.#make(id)
    for (let id = 0; id < source.heap.length; id++) this.#fill(id)
    for (let id = 0; id < source.heap.length; id++) this.#lock(source.heap[id]!, this.#values[id] as object)
  }

  decode(encoded: Encoded): unknown {
    if (typeof encoded !== "object" || encoded === null) return encoded
    if ("r" in encoded) return this.#values[encoded.r]
    if ("number" in encoded) return encoded.number === "-0" ? -0 : Number(encoded.number)
    if ("bigint" in encoded) return BigInt(encoded.bigint)
    if ("symbol" in encoded) return Symbol.for(encoded.symbol)
    if ("builtin" in encoded) return builtins[encoded.builtin]
    if ("instant" in encoded) return this.#source.intervalStart + encoded.instant
    if ("global" in encoded) return this.#global(encoded.global)
    if ("prototypeOf" in encoded) return (this.#make(encoded.prototypeOf) as { prototype: unknown }).prototype
    return undefined
  }

  #global(path: string): unknown {
    const [name = "", ...members] = path.split(".")
    if (name.startsWith("node:")) return members.reduce<unknown>(memberOf, process.getBuiltinModule(name))
    const root: unknown = Object.hasOwn(this.#source.globals, name)
      ? this.#source.globals[name]
      : (globalThis as Record<string, unknown>)[name]
    return members.reduce<unknown>(memberOf, root)
  }

  #make(id: number): unknown {
    if (this.#state[id] !== "new") return this.#values[id]
    this.#state[id] = "making"
    const record = this.#source.heap[id]!
    const value = this.#create(id, record)
    if (record.proto !== undefined && record.kind !== "object") Object.setPrototypeOf(value, this.#needed(record.proto) as object | null)
    this.#values[id] = value
    this.#state[id] = "made"
    return value
  }

  #needed(encoded: Encoded): unknown {
    if (typeof encoded === "object" && encoded !== null && "r" in encoded) this.#make(encoded.r)
    return this.decode(encoded)
  }

  #create(id: number, record: HeapRecord): unknown {
    switch (record.kind) {
      case "function": {
        const instance = this.#source.instantiate(id)
        this.#instances.set(id, instance)
        const made = instance.make()
        // Before anything is made that inherits from it.
        if (record.prototype !== undefined) (made as { prototype: unknown }).prototype = this.#needed(record.prototype)
        return made
      }
      case "class": {
        const instance = this.#source.instantiate(id)
        this.#instances.set(id, instance)
        // Its superclass and what its static fields call must be whole before the class is.
        for (const value of record.values) this.#needed(value)
        for (let other = 0; other < this.#source.heap.length; other++) if (this.#state[other] === "made") this.#fill(other)
        instance.set(record.values.map(value => this.decode(value)))
        return instance.make()
      }
      case "object":
        return record.proto === undefined ? {} : Object.create(this.#needed(record.proto) as object | null)
      case "array":
        return new Array(record.length)
      case "map":
        return new Map()
      case "set":
        return new Set()
      case "buffer":
        return this.#source.blobs[record.blob]!.slice().buffer
      case "view": {
        const buffer = this.#needed(record.buffer) as ArrayBuffer
        if (record.constructor === "Buffer") return Buffer.from(buffer, record.offset, record.length)
        const View = (globalThis as Record<string, unknown>)[record.constructor] as Uint8ArrayConstructor
        return new View(buffer, record.offset, record.length)
      }
      case "made": {
        const args = record.args.map(arg => {
          const value = this.#needed(arg)
          if (typeof arg === "object" && arg !== null && "r" in arg) this.#fill(arg.r)
          return value
        })
        const made = Reflect.construct(this.#global(record.constructor) as Function, args) as object
        if (made instanceof RegExp && (made.global || made.sticky)) this.moving.push(made)
        return made
      }
      case "exported":
        return record.path.reduce<unknown>(memberOf, this.#source.exportsOf(record.file))
      case "handle":
        return this.#source.handle(handleOf(record.data))
    }
  }

  /** May run twice for a record, the first time before all is made. */
  #fill(id: number): void {
    const record = this.#source.heap[id]!
    const value = this.#values[id] as object
    switch (record.kind) {
      case "function":
      case "class":
        this.#instances.get(id)!.set(record.values.map(one => this.decode(one)))
        break
      case "array":
        record.items?.forEach((item, index) => {
          ;(value as unknown[])[index] = this.decode(item)
        })
        break
      case "map": {
        const map = value as Map<unknown, unknown>
        Map.prototype.clear.call(map)
        for (const [key, item] of record.items) Map.prototype.set.call(map, this.decode(key), this.decode(item))
        break
      }
      case "set": {
        const set = value as Set<unknown>
        Set.prototype.clear.call(set)
        for (const item of record.items) Set.prototype.add.call(set, this.decode(item))
        break
      }
    }
    this.#properties(value, record)
  }

  /** When all is filled: what cannot be changed any more. */
  #lock({ attributes, lock }: HeapProperties, value: object): void {
    for (const [name, writable, configurable] of attributes ?? []) {
      const key = this.decode(name) as PropertyKey
      const { get } = Object.getOwnPropertyDescriptor(value, key) ?? {}
      Object.defineProperty(value, key, get === undefined && writable === false ? { writable, configurable } : { configurable })
    }
    if (lock === "frozen") Object.freeze(value)
    else if (lock === "sealed") Object.seal(value)
    else if (lock === "fixed") Object.preventExtensions(value)
  }

  #properties(value: object, { entries, hidden, accessors }: HeapProperties): void {
    const define = (key: Encoded, item: Encoded, enumerable: boolean): void => {
      Object.defineProperty(value, this.decode(key) as PropertyKey, {
        value: this.decode(item),
        enumerable,
        writable: true,
        configurable: true,
      })
    }
    for (const [key, item] of entries ?? []) define(key, item, true)
    for (const [key, item] of hidden ?? []) define(key, item, false)
    for (const [key, get, set] of accessors ?? []) {
      const accessor = { get: this.decode(get) as () => unknown, set: this.decode(set) as (value: unknown) => void }
      Object.defineProperty(value, this.decode(key) as PropertyKey, { ...accessor, enumerable: true, configurable: true })
    }
  }
}

function memberOf(value: unknown, member: string): unknown {
  return (value as Record<string, unknown>)[member]
}
