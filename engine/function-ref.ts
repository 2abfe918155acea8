/**
 * A user's function as data (functions are copies). `source` is its JavaScript text, `captured` the values of
 * its free variables as they were when the operator was called, `hash` names both. Built-in functions (`sum`, the
 * count of an action …) are named, not shipped.
 *
 * This file is types only: `capture/` makes a FunctionRef out of a live closure (client side), `compile.ts` makes a
 * callable out of a FunctionRef (executor side).
 */

export type FunctionHash = string

/** What a definition node holds: a reference by name or by hash. The body travels apart, once, as an Asset. */
export type FunctionLink =
  | { readonly kind: "builtin"; readonly name: BuiltinName }
  /** `parts`: assets that its own bytes refer to: packages' files, and captured values that are large (`capture/parts.ts`). */
  | {
      readonly kind: "function"
      readonly hash: FunctionHash
      readonly parts?: readonly string[]
      /** It captured a moment of its interval (`capture/instant.ts`): what is made with it is another in each. */
      readonly ofInterval?: true
    }

export type BuiltinName = "sum" | "max" | "min" | "identity" | "first" | "second" | "one"

export interface FunctionRef {
  readonly kind: "function"
  /** Of source and captures, not of the origin: the same function further down the file is the same function. */
  readonly hash: FunctionHash
  /** An expression whose value is the function: arrow, function expression, or a method rewritten as one. */
  readonly source: string
  /** Free variables in order of name. */
  readonly captured: readonly Captured[]
  /**
   * All objects, functions and classes that the captures reach, each once, so that sharing and cycles survive. A
   * reference `{ r: n }` names record n.
   */
  readonly heap: readonly HeapRecord[]
  /** Bytes of array buffers, named by records. */
  readonly blobs: readonly Uint8Array[]
  /** Files of installed packages that records of kind `exported` name, and those that they import. */
  readonly modules?: readonly ModuleFile[]
  /** Where it was captured: see FunctionLink. */
  readonly ofInterval?: true
  /** Where the user wrote it: for messages. `line` is 1-based within `text`, the cell or file excerpt. */
  readonly origin?: Origin
}

export interface Captured {
  readonly name: string
  readonly value: Encoded
  /** The value in one line, for `captures: limit = 5`. */
  readonly shown: string
}

/** A value as JSON: what JSON cannot say, and what has identity, is an object with one field. */
export type Encoded =
  | string
  | number
  | boolean
  | null
  | { readonly undefined: true }
  | { readonly number: "NaN" | "Infinity" | "-Infinity" | "-0" }
  | { readonly bigint: string }
  /** `Symbol.for(key)` */
  | { readonly symbol: string }
  /** A function or prototype of the language, by path: `Math.max`, `Symbol.iterator`, `Error.prototype`. */
  | { readonly global: string }
  /** The prototype of a captured class or function. */
  | { readonly prototypeOf: number }
  | { readonly builtin: BuiltinName }
  /** So many ms after the start of the interval that is computed. */
  | { readonly instant: number }
  | { readonly r: number }

/** Own properties beyond what the record's kind says. */
export interface HeapProperties {
  readonly entries?: readonly (readonly [Encoded, Encoded])[]
  /** Not enumerable. */
  readonly hidden?: readonly (readonly [Encoded, Encoded])[]
  readonly accessors?: readonly (readonly [key: Encoded, get: Encoded, set: Encoded])[]
  /** Left out: the usual one of its kind. */
  readonly proto?: Encoded
  /** Of properties that cannot be written, or deleted and defined anew, though the object is not locked. */
  readonly attributes?: readonly (readonly [key: Encoded, writable: boolean, configurable: boolean])[]
  readonly lock?: HeapLock
}

/** `Object.freeze`, `Object.seal`, `Object.preventExtensions`. */
export type HeapLock = "frozen" | "sealed" | "fixed"

export type HeapRecord = HeapProperties &
  (
    | FunctionRecord
    | ClassRecord
    | { readonly kind: "object" }
    | { readonly kind: "array"; readonly length: number; readonly items?: readonly Encoded[] }
    | { readonly kind: "map"; readonly items: readonly (readonly [Encoded, Encoded])[] }
    | { readonly kind: "set"; readonly items: readonly Encoded[] }
    /** `new <constructor>(...args)`: Date, RegExp, URL, Intl.NumberFormat … */
    | { readonly kind: "made"; readonly constructor: string; readonly args: readonly Encoded[] }
    | { readonly kind: "buffer"; readonly blob: number }
    | { readonly kind: "view"; readonly constructor: string; readonly buffer: Encoded; readonly offset: number; readonly length: number }
    /** What a package's file exports, by the names that lead to it from `module.exports`. */
    | { readonly kind: "exported"; readonly file: string; readonly path: readonly string[] }
    /** An RDD or stream, as the data that its brand holds; made a handle again by the driver that runs the function. */
    | { readonly kind: "handle"; readonly data: string }
  )

/** A file of an installed package as a CommonJS body. */
export interface ModuleFile {
  /** `lodash@4.17.21/lodash.js` */
  readonly id: string
  readonly source: string
  /** What it requires: another file's id, `node:path` and the like, or null for what is not there. */
  readonly imports: Readonly<Record<string, string | null>>
}

export interface FunctionRecord {
  readonly kind: "function"
  readonly source: string
  readonly names: readonly string[]
  readonly values: readonly Encoded[]
  /** Functions that serve as constructors and have members on their prototype. */
  readonly prototype?: Encoded
}

export interface ClassRecord {
  readonly kind: "class"
  readonly source: string
  readonly names: readonly string[]
  readonly values: readonly Encoded[]
}

export interface Origin {
  readonly file: string
  readonly line: number
  readonly column: number
  /** The user's own text of the line, so that an error can show it. */
  readonly text: string
}

/** Opaque bytes that travel once per worker by hash: functions, and the data of `parallelize`. */
export interface Asset {
  readonly hash: string
  readonly bytes: Uint8Array
}
