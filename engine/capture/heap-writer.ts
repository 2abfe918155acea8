/**
 * Turns what a function captures into plain records. A walk in breadth first order with a queue, not recursion: captured
 * lists may be long. Each object is met once, so sharing and cycles survive. Whatever cannot travel is refused with
 * the way that led to it.
 *
 * No getter is called and no user code runs: properties are read through their descriptors.
 */

import { types } from "node:util"
import { builtinOf } from "../builtins.js"
import type { Encoded, HeapProperties, HeapRecord } from "../function-ref.js"
import { handleBrand, handleText } from "./brand.js"
import { Everywhere } from "./everywhere.js"
import { type CaptureWriter, encodeBody, type FunctionPolicy } from "./function-body.js"
import {
  functionPrototypes,
  hasMembers,
  isNative,
  iteratorPrototype,
  lockOf,
  madeOf,
  shownKey,
  typedArrayName,
  wellKnownSymbol,
} from "./heap-values.js"
import { instantOf } from "./instant.js"
import type { ModuleSource } from "./modules.js"
import { insteadOf, partOfSession } from "./of-session.js"
import { CaptureError, isClass, type Link, linkTo, type PathStep, showAccess, typeName, withArticle } from "./refusal.js"
import { analyse } from "./scope.js"
import type { ScopeReader } from "./scopes.js"

export interface HeapOptions extends FunctionPolicy {
  readonly reader: ScopeReader
  /** For errors: the operator's function, and where each of its variables is first used. */
  readonly source: string
  readonly positionOf: (variable: string) => number | null
  readonly modules?: ModuleSource
}

const nativeRemedy = "use a module that is JavaScript alone, or do it in foreachRDD with what the workers have"

interface Pending {
  readonly id: number
  readonly value: object
  readonly link: Link
}

export class HeapWriter implements CaptureWriter {
  readonly records: HeapRecord[] = []
  readonly blobs: Uint8Array[] = []
  readonly options: HeapOptions
  /** A moment of the interval has been met. */
  ofInterval = false
  /** Files of packages that records name. */
  readonly files = new Set<string>()
  readonly #ids = new Map<object, number>()
  readonly #queue: Pending[] = []
  readonly #everywhere = new Everywhere()

  constructor(options: HeapOptions) {
    this.options = options
  }

  /** One value; what it refers to is queued. */
  encode(value: unknown, link: Link): Encoded {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value
      case "number":
        if (Object.is(value, -0)) return { number: "-0" }
        return Number.isFinite(value) ? value : { number: String(value) as "NaN" }
      case "undefined":
        return { undefined: true }
      case "bigint":
        return { bigint: String(value) }
      case "symbol":
        return this.#symbol(value, link)
      case "function":
        return this.#function(value, link)
    }
    if (value === null) return null
    const instant = instantOf(value as object)
    if (instant !== undefined) {
      this.ofInterval = true
      return { instant }
    }
    return this.#known(value as object) ?? this.#reference(value as object, link)
  }

  /** The path of a function or prototype of the language. */
  intrinsic(value: unknown): string | undefined {
    return this.#everywhere.intrinsic(value)
  }

  refuse(link: Link, what: string, remedy: string): never {
    const path: PathStep[] = []
    for (let at: Link | null = link; at; at = at.parent) path.unshift(at.step)
    const variable = path[0]?.step ?? ""
    throw new CaptureError({
      headline: `this function cannot be sent to the workers: ${showAccess(path)} ${what}`,
      try: remedy,
      variable,
      path,
      at: this.options.positionOf(variable),
      source: this.options.source,
    })
  }

  #known(value: object): Encoded | undefined {
    const id = this.#ids.get(value)
    if (id !== undefined) return { r: id }
    const path = this.intrinsic(value) ?? this.#everywhere.pureMember(value)
    return path === undefined ? undefined : { global: path }
  }

  #reference(value: object, link: Link): Encoded {
    const id = this.records.length
    this.#ids.set(value, id)
    this.records.push({ kind: "object" })
    this.#queue.push({ id, value, link })
    return { r: id }
  }

  #symbol(value: symbol, link: Link): Encoded {
    const key = Symbol.keyFor(value)
    if (key !== undefined) return { symbol: key }
    const path = this.intrinsic(value) ?? wellKnownSymbol(value)
    if (path !== undefined) return { global: path }
    return this.refuse(
      link,
      `is a Symbol, which is another one on each worker`,
      `use a string, or Symbol.for("${value.description ?? "name"}")`,
    )
  }

  #function(value: Function, link: Link): Encoded {
    this.#refuseSession(value, link)
    const known = this.#known(value)
    if (known !== undefined) return known
    const name = builtinOf(value)
    if (name !== undefined) return { builtin: name }
    return this.#exported(value, link) ?? this.#reference(value, link)
  }

  /** What an installed package exports is had again from its files: its insides may hold anything. */
  #exported(f: Function, link: Link): Encoded | undefined {
    const { modules, reader } = this.options
    if (modules === undefined) return undefined
    const native = isNative(f) ? modules.nativeModuleOf(f) : null
    if (native !== null) this.refuse(link, `comes from ${native}, a native module, which cannot be sent`, nativeRemedy)
    if (isNative(f)) return undefined
    const url = reader.locate(f)
    const found = url === null ? null : modules.find(f, url)
    if (found === null) return undefined
    if ("native" in found) this.refuse(link, `comes from ${found.native}, a native module, which cannot be sent`, nativeRemedy)
    this.files.add(found.file)
    const id = this.records.push({ kind: "exported", file: found.file, path: found.path }) - 1
    this.#ids.set(f, id)
    return { r: id }
  }

  /** Writes the records of all that was encoded, and of what they reach. */
  drain(): void {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const record = typeof next.value === "function" ? this.#functionRecord(next.value as Function, next.link) : this.#objectRecord(next)
      // Where a regular expression begins to look is set for each record.
      const locks = record.kind !== "handle" && !types.isRegExp(next.value)
      this.records[next.id] = locks ? { ...lockOf(next.value), ...record } : record
    }
  }

  #functionRecord(f: Function, link: Link): HeapRecord {
    const handle = this.#handle(f, link)
    if (handle) return handle
    this.#refuseModule(f, link)
    const { record: body, shape } = this.#body(f, link)
    if (body.kind === "class") {
      const kept = new Set<PropertyKey>(shape.keptStatics)
      const { entries } = this.#properties(f, link, (key, descriptor) => descriptor.enumerable === true && !kept.has(key))
      return { ...body, ...(entries ? { entries } : {}) }
    }
    const own = new Set<PropertyKey>(["length", "name", "prototype", "arguments", "caller"])
    const usual = functionPrototypes.has(Object.getPrototypeOf(f)) ? {} : this.#proto(f, link, null)
    const properties = { ...this.#properties(f, link, key => !own.has(key)), ...usual }
    const prototype: unknown = Object.getOwnPropertyDescriptor(f, "prototype")?.value
    if (typeof prototype !== "object" || prototype === null || !hasMembers(prototype)) return { ...body, ...properties }
    return { ...body, ...properties, prototype: this.encode(prototype, linkTo(link, ".prototype", prototype)) }
  }

  #body(f: Function, link: Link): ReturnType<typeof encodeBody> {
    try {
      return encodeBody(this, f, link)
    } catch (error) {
      const { modules, reader } = this.options
      const url = modules === undefined || !(error instanceof CaptureError) ? null : reader.locate(f)
      const name = url === null ? null : modules!.packageOf(f, url)
      if (name === null) throw error
      // What a package made in this process holds the package's insides, which are not a user's to mend.
      return this.refuse(
        link,
        `is made by ${name}, whose insides do not travel with a value`,
        `make it inside the function; or keep the plain data of it that the function needs`,
      )
    }
  }

  /** Before it is found to be a package's export, or walked. */
  #refuseSession(value: object, link: Link): void {
    const what = partOfSession(value)
    if (what !== null) this.refuse(link, `is ${what}, which stays in this process`, insteadOf(what, this.options.allowHandles))
  }

  #objectRecord({ value, link }: Pending): HeapRecord {
    this.#refuseSession(value, link)
    const handle = this.#handle(value, link)
    if (handle) return handle
    this.#refuseKind(value, link)
    if (types.isModuleNamespaceObject(value)) {
      this.#refuseModule(value, link)
      return { kind: "object", proto: null, lock: "frozen", ...this.#properties(value, link, key => typeof key === "string") }
    }
    if (Array.isArray(value)) return this.#array(value, link)
    const rest = (usual: object | null): HeapProperties => this.#shape(value, link, usual)
    if (types.isMap(value)) {
      const items: (readonly [Encoded, Encoded])[] = []
      for (const [key, one] of Map.prototype.entries.call(value)) {
        items.push([this.encode(key, linkTo(link, ".keys()", key)), this.encode(one, linkTo(link, `.get(${shownKey(key)})`, one))])
      }
      return { kind: "map", items, ...rest(Map.prototype) }
    }
    if (types.isSet(value)) {
      const items: Encoded[] = []
      for (const one of Set.prototype.values.call(value)) items.push(this.encode(one, linkTo(link, ".values()", one)))
      return { kind: "set", items, ...rest(Set.prototype) }
    }
    const made = madeOf(value)
    if (made) {
      const args = made.args.map((arg, index) => this.encode(arg, linkTo(link, `[${index}]`, arg)))
      return { kind: "made", constructor: made.constructor, args, ...(made.usual ? rest(made.usual) : {}) }
    }
    if (types.isArrayBuffer(value)) return { kind: "buffer", blob: this.blobs.push(new Uint8Array(value).slice()) - 1 }
    if (ArrayBuffer.isView(value)) return this.#view(value, link)
    this.#refuseModule(value, link)
    return { kind: "object", ...rest(Object.prototype) }
  }

  #array(value: readonly unknown[], link: Link): HeapRecord {
    const dense = Object.keys(value).length >= value.length
    const items = dense ? value.map((one, index) => this.encode(one, linkTo(link, `[${index}]`, one))) : undefined
    const isIndex = (key: PropertyKey): boolean => typeof key === "string" && /^\d+$/.test(key) && Number(key) < 2 ** 32 - 1
    const proto = this.#proto(value, link, Array.prototype)
    const properties = this.#properties(value, link, key => key !== "length" && !(dense && isIndex(key)))
    return { kind: "array", length: value.length, ...(items ? { items } : {}), ...properties, ...proto }
  }

  #view(value: ArrayBufferView, link: Link): HeapRecord {
    const constructor = Buffer.isBuffer(value) ? "Buffer" : types.isDataView(value) ? "DataView" : typedArrayName(value)
    if (types.isSharedArrayBuffer(value.buffer)) this.refuse(link, "lies in shared memory", "capture a copy: const copy = x.slice()")
    // A Buffer is often a piece of Node's pool, whose other bytes are nobody's business.
    if (constructor === "Buffer") {
      const blob = this.blobs.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice()) - 1
      const id = this.records.push({ kind: "buffer", blob }) - 1
      return { kind: "view", constructor, buffer: { r: id }, offset: 0, length: value.byteLength }
    }
    const length = value instanceof DataView ? value.byteLength : (value as Uint8Array).length
    return {
      kind: "view",
      constructor,
      buffer: this.encode(value.buffer, linkTo(link, ".buffer", value.buffer)),
      offset: value.byteOffset,
      length,
    }
  }

  #shape(value: object, link: Link, usual: object | null): HeapProperties {
    const isError = types.isNativeError(value)
    const proto = this.#proto(value, link, usual)
    return { ...this.#properties(value, link, key => !(isError && key === "stack")), ...proto }
  }

  /** The prototype, when it is not the usual one of the kind. */
  #proto(value: object, link: Link, usual: object | null): { proto?: Encoded } {
    const proto = Object.getPrototypeOf(value) as object | null
    if (proto === usual) return {}
    if (proto === null) return { proto: null }
    const known = this.#known(proto)
    if (known !== undefined) return { proto: known }
    const constructor: unknown = Object.getOwnPropertyDescriptor(proto, "constructor")?.value
    if (typeof constructor !== "function" || Object.getOwnPropertyDescriptor(constructor, "prototype")?.value !== proto) {
      return { proto: this.encode(proto, linkTo(link, ".__proto__", proto)) }
    }
    this.#refusePrivate(constructor, link)
    const encoded = this.encode(constructor, linkTo(link, ".constructor", constructor))
    if (typeof encoded === "object" && encoded && "r" in encoded) return { proto: { prototypeOf: encoded.r } }
    return this.refuse(link, `is ${withArticle(typeName(value))}`, "capture the plain data of it that the function needs")
  }

  #properties(value: object, link: Link, keep: (key: PropertyKey, descriptor: PropertyDescriptor) => boolean): HeapProperties {
    const entries: (readonly [Encoded, Encoded])[] = []
    const hidden: (readonly [Encoded, Encoded])[] = []
    const accessors: (readonly [Encoded, Encoded, Encoded])[] = []
    const attributes: (readonly [Encoded, boolean, boolean])[] = []
    for (const key of Reflect.ownKeys(value)) {
      const descriptor = Object.getOwnPropertyDescriptor(value, key)
      if (!descriptor || !keep(key, descriptor)) continue
      const step =
        typeof key === "symbol"
          ? `[${String(key)}]`
          : /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
            ? `.${key}`
            : `[${JSON.stringify(key)}]`
      const name = typeof key === "symbol" ? this.encode(key, linkTo(link, step, key)) : key
      if (descriptor.get || descriptor.set) {
        accessors.push([
          name,
          this.encode(descriptor.get, linkTo(link, step, descriptor.get)),
          this.encode(descriptor.set, linkTo(link, step, descriptor.set)),
        ])
        if (!descriptor.configurable) attributes.push([name, true, false])
      } else {
        if (!descriptor.writable || !descriptor.configurable)
          attributes.push([name, descriptor.writable === true, descriptor.configurable === true])
        ;(descriptor.enumerable ? entries : hidden).push([name, this.encode(descriptor.value, linkTo(link, step, descriptor.value))])
      }
    }
    return {
      ...(entries.length ? { entries } : {}),
      ...(hidden.length ? { hidden } : {}),
      ...(accessors.length ? { accessors } : {}),
      // What is frozen says it of all.
      ...(attributes.length && !Object.isFrozen(value) ? { attributes } : {}),
    }
  }

  /** RDDs and streams are recognised by their brand; only driver functions may hold them. */
  #handle(value: object, link: Link): HeapRecord | null {
    const data: unknown = (value as { [handleBrand]?: unknown })[handleBrand]
    if (data === undefined || data === null || data === false) return null
    if (!this.options.allowHandles) {
      const remedy = "bring two of them together with join, or use transform and foreachRDD, whose functions may hold them"
      this.refuse(link, "is a stream or RDD, and a function on the workers gets records", remedy)
    }
    if (typeof data !== "object")
      return this.refuse(link, "is a handle that does not say what it stands for", "define it from a stream or RDD of this session")
    return { kind: "handle", data: handleText(data) }
  }

  #refuseKind(value: object, link: Link): void {
    if (types.isProxy(value)) this.refuse(link, "is a Proxy", "capture the object behind it")
    if (types.isPromise(value)) {
      const type = typeName(value)
      this.refuse(
        link,
        `is ${withArticle(type)}`,
        `await it before: const value = await ${link.parent ? "…" : link.step.step}    and use value`,
      )
    }
    if (types.isWeakMap(value) || types.isWeakSet(value)) this.refuse(link, `is ${withArticle(typeName(value))}`, "use a Map or Set")
    if (Object.prototype.isPrototypeOf.call(iteratorPrototype, value)) {
      this.refuse(link, "is an iterator, which can be read only once", "capture an array: const all = [...iterator]")
    }
    if (types.isExternal(value) || types.isSharedArrayBuffer(value) || types.isArgumentsObject(value)) {
      this.refuse(link, `is ${withArticle(typeName(value))}`, "capture plain data")
    }
  }

  /** Objects and functions of Node's own modules, and other native code. */
  #refuseModule(value: object, link: Link): void {
    const module = this.#everywhere.member(value)
    if (module)
      this.refuse(
        link,
        `comes from ${module.split(".")[0]}, which is not there inside a task`,
        "compute what you need from it before, and capture the result; or do it in foreachRDD",
      )
    if (typeof value === "function") return
    for (let proto = Object.getPrototypeOf(value) as object | null; proto; proto = Object.getPrototypeOf(proto) as object | null) {
      const constructor: unknown = Object.getOwnPropertyDescriptor(proto, "constructor")?.value
      if (typeof constructor !== "function") continue
      const native = isNative(constructor) && this.intrinsic(constructor) === undefined
      if (!native && this.#everywhere.member(constructor) === undefined) {
        if (this.intrinsic(constructor) !== undefined) return
        continue
      }
      // A class of the user's that extends one of Node's fails too, at its superclass; the instance says it better.
      this.refuse(
        link,
        `is ${withArticle(typeName(value))}`,
        "capture the plain data that the function needs, read before; or do I/O in foreachRDD",
      )
    }
  }

  #refusePrivate(constructor: Function, link: Link): void {
    for (let at: unknown = constructor; typeof at === "function" && isClass(at) && !isNative(at); at = Object.getPrototypeOf(at)) {
      const { instance } = analyse(Function.prototype.toString.call(at)).privateFields
      if (instance) {
        this.refuse(
          link,
          `is ${withArticle(constructor.name || "class instance")} with the private field ${instance}, which cannot be read`,
          "capture the plain data that the function needs, or make it inside the function",
        )
      }
    }
  }
}
