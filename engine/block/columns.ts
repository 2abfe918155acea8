/**
 * Types of columns. A block's rows are one column; tuples and objects are columns of columns. Types of different blocks join
 * in a lattice that does not depend on their order; what fits no other type is opaque.
 */

import { RivuletError } from "../errors.js"
import { textBytes } from "./bytes.js"

/** Why a row of a column holds no value; bits of `ColumnType.absent`. */
export const absence = {
  null: 1,
  undefined: 2,
  /** The object has no such field. */
  missing: 4,
  /** The tuple or object that this column is part of is itself absent. */
  outer: 8,
} as const

export type ColumnType = { readonly absent: number } & (
  | { readonly kind: "null" | "float64" | "bool" | "int64" | "timestamp" | "opaque" }
  /** `ascii`: all of it is. */
  | { readonly kind: "utf8"; readonly ascii: boolean }
  /** Arrays of one length, as columns `_1`, `_2` … */
  | { readonly kind: "tuple"; readonly items: readonly ColumnType[] }
  | { readonly kind: "list"; readonly item: ColumnType }
  | { readonly kind: "struct"; readonly fields: readonly ColumnField[] }
)

export interface ColumnField {
  readonly name: string
  readonly type: ColumnType
}

/** Stands for a field that the object has not. Joins as empty text. */
export const missing = Object.freeze({ toString: () => "" })
/** Stands for a part of a tuple or object that is itself absent. */
export const outer = Object.freeze({ toString: () => "" })

/** A column's type and its bytes. */
export interface Column {
  readonly type: ColumnType
  /** In the order of the layout: validity, codes, own data, then children's. */
  readonly buffers: readonly Uint8Array[]
}

/** Columns nested deeper are opaque, and refused in bytes from elsewhere. */
export const maxColumnDepth = 16
/** Objects with more fields are opaque. */
export const maxFields = 256
/** Longer arrays are lists. */
export const maxTupleItems = 16

/** Whether the column needs a code a row to tell one kind of absence from another. */
export function hasAbsenceCodes(absent: number): boolean {
  const kinds = absent & 7
  return (kinds & (kinds - 1)) !== 0
}

/** A column without data of its own carries a bitmap even if nothing is absent, so that rows always cost bytes. */
export function hasValidity(type: ColumnType): boolean {
  return type.absent !== 0 || type.kind === "null" || (type.kind === "struct" && type.fields.length === 0)
}

/** The least type that holds what either holds: commutative and associative. Fields are sorted by name unless both have the same ones in the same order. */
export function joinTypes(a: ColumnType, b: ColumnType): ColumnType {
  const absent = a.absent | b.absent
  if (a.kind === "null") return { ...b, absent }
  if (b.kind === "null") return { ...a, absent }
  if (a.kind === "utf8" && b.kind === "utf8") return { kind: "utf8", absent, ascii: a.ascii && b.ascii }
  if (a.kind === "struct" && b.kind === "struct") return { kind: "struct", absent, fields: joinFields(a.fields, b.fields) }
  if (a.kind === "tuple" && b.kind === "tuple" && a.items.length === b.items.length)
    return { kind: "tuple", absent, items: a.items.map((item, i) => joinTypes(item, b.items[i]!)) }
  const [itemA, itemB] = [itemType(a), itemType(b)]
  if (itemA && itemB) return { kind: "list", absent, item: joinTypes(itemA, itemB) }
  return a.kind === b.kind ? { ...a, absent } : { kind: "opaque", absent }
}

/** What an array of the type holds, or null if it is none. */
function itemType(type: ColumnType): ColumnType | null {
  if (type.kind === "list") return type.item
  return type.kind === "tuple" ? type.items.reduce(joinTypes) : null
}

function joinFields(a: readonly ColumnField[], b: readonly ColumnField[]): ColumnField[] {
  const same = a.length === b.length && a.every((field, i) => field.name === b[i]!.name)
  if (same) return a.map((field, i) => ({ name: field.name, type: joinTypes(field.type, b[i]!.type) }))
  const fields = new Map<string, ColumnType>(a.map(field => [field.name, field.type]))
  const inB = new Set(b.map(field => field.name))
  for (const [name, type] of fields) if (!inB.has(name)) fields.set(name, { ...type, absent: type.absent | absence.missing })
  for (const { name, type } of b) {
    const other = fields.get(name)
    fields.set(name, other ? joinTypes(other, type) : { ...type, absent: type.absent | absence.missing })
  }
  return [...fields].sort(([x], [y]) => (x < y ? -1 : 1)).map(([name, type]) => ({ name, type }))
}

/** The type in TypeScript's words: `[string, number]`, `{ url: string; user: string | null }`; `unseen` of no value at all, `any` of nothing but absent ones, too. */
export function typeText(type: ColumnType, unseen: "unknown" | "any" = "unknown"): string {
  const others: string[] = []
  if (type.absent & absence.null) others.push("null")
  if (type.absent & absence.undefined) others.push("undefined")
  if (type.kind === "null") return unseen === "any" ? unseen : others.join(" | ") || unseen
  return [presentText(type, unseen), ...others].join(" | ")
}

/** Of the values that are there. */
function presentText(type: ColumnType, unseen: "unknown" | "any"): string {
  switch (type.kind) {
    case "float64":
      return "number"
    case "utf8":
      return "string"
    case "bool":
      return "boolean"
    case "int64":
      return "bigint"
    case "timestamp":
      return "Date"
    case "null":
    case "opaque":
      return unseen
    case "tuple":
      return `[${type.items.map(item => typeText(item, unseen)).join(", ")}]`
    case "list": {
      const item = typeText(type.item, unseen)
      return item.includes(" | ") && !/^[[{].*[\]}]$/.test(item) ? `(${item})[]` : `${item}[]`
    }
    case "struct": {
      const fields = type.fields.map(({ name, type: field }) => {
        const shown = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
        return `${shown}${field.absent & absence.missing ? "?" : ""}: ${typeText(field, unseen)}`
      })
      return fields.length === 0 ? "{}" : `{ ${fields.join("; ")} }`
    }
  }
}

// ── as bytes: kind, flags, and what the kind needs ───────────────────────────────────────────────────────────────────

const kinds = ["null", "float64", "bool", "int64", "timestamp", "opaque", "utf8", "tuple", "list", "struct"] as const
const asciiFlag = 16

/** The type as bytes. Names are UTF-16 so that any property name survives. */
export function encodeType(type: ColumnType): Uint8Array {
  const parts: Uint8Array[] = []
  const write = (t: ColumnType): void => {
    parts.push(Uint8Array.of(kinds.indexOf(t.kind), t.absent | (t.kind === "utf8" && t.ascii ? asciiFlag : 0)))
    if (t.kind === "list") write(t.item)
    if (t.kind === "tuple") {
      parts.push(uint16(t.items.length))
      t.items.forEach(write)
    }
    if (t.kind === "struct") {
      parts.push(uint16(t.fields.length))
      for (const field of t.fields) {
        parts.push(uint16(field.name.length), Buffer.from(field.name, "utf16le"))
        write(field.type)
      }
    }
  }
  write(type)
  return Buffer.concat(parts)
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value & 255, value >>> 8)
}

/** The type of the bytes. Throws RivuletError on bytes that are none. */
export function decodeType(bytes: Uint8Array): ColumnType {
  const text = textBytes(bytes)
  let at = 0
  const byte = (): number => {
    if (at >= text.length) throw damaged("its schema ends early")
    return text[at++]!
  }
  const count = (max: number): number => {
    const value = byte() + byte() * 256
    if (value > max) throw damaged(`its schema has ${value} fields`)
    return value
  }
  const read = (depth: number): ColumnType => {
    if (depth > maxColumnDepth) throw damaged("its schema is nested too deeply")
    const kind = kinds[byte()]
    const flags = byte()
    if (kind === undefined || flags > 31) throw damaged("its schema has an unknown type")
    const absent = flags & 15
    switch (kind) {
      case "utf8":
        return { kind, absent, ascii: (flags & asciiFlag) !== 0 }
      case "list":
        return { kind, absent, item: read(depth + 1) }
      case "tuple": {
        const items = Array.from({ length: count(maxTupleItems) }, () => read(depth + 1))
        if (items.length === 0) throw damaged("its schema has an empty tuple")
        return { kind, absent, items }
      }
      case "struct": {
        const names = new Set<string>()
        const fields = Array.from({ length: count(maxFields) }, () => {
          const length = count(0xffff) * 2
          if (at + length > text.length) throw damaged("its schema ends early")
          const name = text.ucs2Slice(at, at + length)
          at += length
          if (name === "__proto__" || names.has(name)) throw damaged("its schema has a bad field name")
          names.add(name)
          return { name, type: read(depth + 1) }
        })
        return { kind, absent, fields }
      }
      default:
        return { kind, absent }
    }
  }
  const type = read(0)
  if (at !== text.length) throw damaged("its schema is too long")
  return type
}

/** The error for a block whose bytes are not as they were written. */
export function damaged(what: string): RivuletError {
  return new RivuletError(`a block is damaged: ${what}`, { try: "fetch it again, or let it be recomputed" })
}
