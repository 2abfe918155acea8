/**
 * Rows to columns. Column by column: all first elements of tuples, then all second ones, so that each loop sees values of
 * one kind. What does not fit (mixed kinds, fields in conflicting order, invalid dates, lone surrogates …) makes that column opaque,
 * never the result inexact. Not kept: named properties of arrays (but for what String.match gives), classes of objects.
 */

import { types } from "node:util"
import { RivuletError } from "../errors.js"
import { ValueWriter } from "../values/value-writer.js"
import { encodeStrings } from "./column-text.js"
import {
  absence,
  type Column,
  type ColumnType,
  hasAbsenceCodes,
  hasValidity,
  maxColumnDepth,
  maxFields,
  maxTupleItems,
  missing,
  outer,
} from "./columns.js"

const kind = {
  string: 1,
  number: 2,
  boolean: 4,
  bigint: 8,
  date: 16,
  array: 32,
  object: 64,
  other: 128,
  null: 256,
  undefined: 512,
  missing: 1024,
  outer: 2048,
}
const present = 255
const absentShift = 8 // kind.null >> 8 === absence.null, and so on

function kindOf(value: unknown): number {
  switch (typeof value) {
    case "string":
      return kind.string
    case "number":
      return kind.number
    case "boolean":
      return kind.boolean
    case "undefined":
      return kind.undefined
    case "bigint":
      return BigInt.asIntN(64, value) === value ? kind.bigint : kind.other
    case "object":
      if (value === null) return kind.null
      if (Array.isArray(value)) return "index" in value ? kind.other : kind.array
      if (isPlain(value)) return kind.object
      if (value === missing) return kind.missing
      if (value === outer) return kind.outer
      if (types.isDate(value)) return Number.isNaN(value.getTime()) ? kind.other : kind.date
      return kind.other
    default:
      return kind.other
  }
}

/** An object literal, of whatever realm, or one without prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) return value !== missing && value !== outer
  if (prototype === null) return true
  return (
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype as object, "isPrototypeOf") &&
    Object.hasOwn(prototype as object, "toString")
  )
}

/** The kinds in the values, as bits. */
function kindsOf(values: readonly unknown[]): number {
  const n = values.length
  if (n === 0) return 0
  let i = 0
  if (typeof values[0] === "string") while (i < n && typeof values[i] === "string") i++
  else if (typeof values[0] === "number") while (i < n && typeof values[i] === "number") i++
  let kinds = i === 0 ? 0 : kindOf(values[0])
  for (; i < n; i++) kinds |= kindOf(values[i])
  return kinds
}

/** One column of the values. */
export function encodeColumn(values: readonly unknown[], depth = 0): Column {
  const kinds = kindsOf(values)
  const absent = kinds >>> absentShift
  const built = depth > maxColumnDepth ? null : encodePresent(values, kinds & present, absent, depth)
  const { type, buffers } = built ?? opaqueColumn(values, absent)
  return hasValidity(type) ? { type, buffers: [...absenceBuffers(values, absent), ...buffers] } : { type, buffers }
}

/** Without validity; null if only an opaque column holds it exactly. */
function encodePresent(values: readonly unknown[], kinds: number, absent: number, depth: number): Column | null {
  switch (kinds) {
    case 0:
      return { type: { kind: "null", absent }, buffers: [] }
    case kind.string:
      return encodeStrings(values, absent)
    case kind.number:
      return { type: { kind: "float64", absent }, buffers: [float64Buffer(values)] }
    case kind.boolean:
      return { type: { kind: "bool", absent }, buffers: [bitmap(values.length, i => values[i] === true)] }
    case kind.bigint:
      return {
        type: { kind: "int64", absent },
        buffers: [bytesOf(BigInt64Array.from(values, value => (typeof value === "bigint" ? value : 0n)))],
      }
    case kind.date:
      return { type: { kind: "timestamp", absent }, buffers: [timestampBuffer(values)] }
    case kind.array:
      return encodeArrays(values, absent, depth)
    case kind.object:
      return encodeObjects(values, absent, depth)
    default:
      return null
  }
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

function bitmap(length: number, bit: (i: number) => boolean): Uint8Array {
  const bits = new Uint8Array((length + 7) >>> 3)
  for (let i = 0; i < length; i++) if (bit(i)) bits[i >>> 3]! |= 1 << (i & 7)
  return bits
}

function absenceBuffers(values: readonly unknown[], absent: number): Uint8Array[] {
  const codes = new Uint8Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (value === null) codes[i] = absence.null
    else if (value === undefined) codes[i] = absence.undefined
    else if (value === missing) codes[i] = absence.missing
    else if (value === outer) codes[i] = absence.outer
  }
  const validity = bitmap(values.length, i => codes[i] === 0)
  return hasAbsenceCodes(absent) ? [validity, codes] : [validity]
}

function float64Buffer(values: readonly unknown[]): Uint8Array {
  const numbers = new Float64Array(values.length)
  let strange = false
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value === "number") {
      numbers[i] = value
      if (Number.isNaN(value)) strange = true
    }
  }
  if (strange) {
    // NaNs differ in bits from one machine's arithmetic to another's.
    const words = new Uint32Array(numbers.buffer)
    for (let i = 0; i < numbers.length; i++)
      if (Number.isNaN(numbers[i])) {
        words[2 * i] = 0
        words[2 * i + 1] = 0x7ff80000
      }
  }
  return bytesOf(numbers)
}

/** 64-bit milliseconds, as two words: dates fit 2^53. */
function timestampBuffer(values: readonly unknown[]): Uint8Array {
  const words = new Int32Array(values.length * 2)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (value === null || value === undefined || value === missing || value === outer) continue
    const ms = (value as Date).getTime()
    words[2 * i] = ms | 0
    words[2 * i + 1] = Math.floor(ms / 4294967296)
  }
  return bytesOf(words)
}

// ── arrays ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function encodeArrays(values: readonly unknown[], absent: number, depth: number): Column | null {
  let length = -1
  let total = 0
  for (const value of values)
    if (Array.isArray(value)) {
      if (length === -1) length = value.length
      else if (length !== value.length) length = -2
      total += value.length
    }
  return length > 0 && length <= maxTupleItems ? encodeTuples(values, length, absent, depth) : encodeLists(values, total, absent, depth)
}

function encodeTuples(values: readonly unknown[], length: number, absent: number, depth: number): Column | null {
  const items: ColumnType[] = []
  const buffers: Uint8Array[] = []
  for (let j = 0; j < length; j++) {
    const column = new Array<unknown>(values.length)
    for (let i = 0; i < values.length; i++) {
      const tuple = values[i]
      if (!Array.isArray(tuple)) column[i] = outer
      else {
        const item: unknown = tuple[j]
        if (item === undefined && !Object.hasOwn(tuple, j)) return null // a hole is not an undefined
        column[i] = item
      }
    }
    const child = encodeColumn(column, depth + 1)
    items.push(child.type)
    buffers.push(...child.buffers)
  }
  return { type: { kind: "tuple", absent, items }, buffers }
}

function encodeLists(values: readonly unknown[], total: number, absent: number, depth: number): Column | null {
  if (total > 0x7fffffff) throw new RivuletError(`arrays of ${total} values in all do not fit one block`, { try: "use more partitions" })
  const offsets = new Int32Array(values.length + 1)
  const items = new Array<unknown>(total)
  let at = 0
  for (let i = 0; i < values.length; i++) {
    const list = values[i]
    if (Array.isArray(list))
      for (let j = 0; j < list.length; j++) {
        const item: unknown = list[j]
        if (item === undefined && !Object.hasOwn(list, j)) return null
        items[at++] = item
      }
    offsets[i + 1] = at
  }
  const child = encodeColumn(items, depth + 1)
  if (child.type.kind === "opaque") return null // whole arrays cost less than their items one by one
  return { type: { kind: "list", absent, item: child.type }, buffers: [bytesOf(offsets), ...child.buffers] }
}

// ── objects ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function encodeObjects(values: readonly unknown[], absent: number, depth: number): Column | null {
  const first = values.find(value => typeof value === "object" && value !== null && value !== missing && value !== outer) as object
  const firstNames = Object.keys(first)
  let names: readonly string[] | null = firstNames
  let columns: unknown[][] | null = firstNames.length > maxFields ? null : sameFields(values, firstNames)
  if (columns === null) {
    names = mergedNames(values)
    if (names === null) return null
    columns = anyFields(values, names)
  }
  const fields: { name: string; type: ColumnType }[] = []
  const buffers: Uint8Array[] = []
  for (let j = 0; j < names.length; j++) {
    const name = names[j]!
    if (name === "__proto__" || name.length > 0xffff) return null
    const child = encodeColumn(columns[j]!, depth + 1)
    fields.push({ name, type: child.type })
    buffers.push(...child.buffers)
  }
  return { type: { kind: "struct", absent, fields }, buffers }
}

/** The columns if all objects have the same fields in the same order, else null. */
function sameFields(values: readonly unknown[], names: readonly string[]): unknown[][] | null {
  const columns = names.map(() => new Array<unknown>(values.length))
  for (let i = 0; i < values.length; i++) {
    const object = values[i]
    if (typeof object !== "object" || object === null || object === missing || object === outer) {
      for (const column of columns) column[i] = outer
      continue
    }
    let j = 0
    for (const name in object) {
      if (name !== names[j]) return null
      columns[j]![i] = (object as Record<string, unknown>)[name]
      j++
    }
    if (j !== names.length) return null
  }
  return columns
}

/** An order of fields that every object's own order agrees with; null if there is none, or too many fields that are mostly missing. */
function mergedNames(values: readonly unknown[]): string[] | null {
  const names: string[] = []
  const places = new Map<string, number>()
  let objects = 0
  let cells = 0
  for (const object of values) {
    if (typeof object !== "object" || object === null || object === missing || object === outer) continue
    let last = -1
    for (const name of Object.keys(object)) {
      const place = places.get(name)
      if (place !== undefined) {
        if (place <= last) return null
        last = place
      } else {
        names.splice(++last, 0, name)
        if (names.length > maxFields) return null
        for (let j = last; j < names.length; j++) places.set(names[j]!, j)
      }
      cells++
    }
    objects++
  }
  // Objects used as dictionaries would make a column for each key.
  return names.length > 16 && cells * 8 < names.length * objects ? null : names
}

function anyFields(values: readonly unknown[], names: readonly string[]): unknown[][] {
  return names.map(name =>
    values.map(object => {
      if (typeof object !== "object" || object === null || object === missing || object === outer) return outer
      const value = (object as Record<string, unknown>)[name]
      return value === undefined && !Object.hasOwn(object, name) ? missing : value
    }),
  )
}

// ── all else ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function opaqueColumn(values: readonly unknown[], absent: number): Column {
  const writer = new ValueWriter()
  const offsets = new Int32Array(values.length + 1)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (value !== null && value !== undefined && value !== missing && value !== outer) writer.write(value)
    if (writer.length > 0x7fffffff) throw new RivuletError(`${values.length} rows do not fit one block`, { try: "use more partitions" })
    offsets[i + 1] = writer.length
  }
  return { type: { kind: "opaque", absent }, buffers: [bytesOf(offsets), writer.bytes().slice()] }
}
