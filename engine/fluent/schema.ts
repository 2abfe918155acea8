/** What records are made of, from some of them: names, types as TypeScript writes them, a sample value. */

import { Block, encodeRows } from "../block/block.js"
import { absence, type ColumnType } from "../block/columns.js"
import type { Field } from "./shapes.js"

/** So many records are looked at. */
export const schemaRows = 1_000

/** One field for each field of objects, `_1`, `_2` … for tuples, `value` for anything else. No records: no fields. */
export function schemaOf(rows: readonly unknown[]): Field[] {
  if (rows.length === 0) return []
  const { schema } = Block.of(encodeRows(rows))
  const field = (name: string, type: ColumnType, values: readonly unknown[]): Field => ({
    name,
    type: typeText(type),
    nullable: (type.absent & (absence.null | absence.undefined | absence.missing)) !== 0,
    sample: values.find(value => value !== null && value !== undefined) ?? values[0],
  })
  const part = (name: string | number) =>
    rows.map(row => (typeof row === "object" && row !== null ? (row as Record<string | number, unknown>)[name] : undefined))
  if (schema.kind === "struct") return schema.fields.map(({ name, type }) => field(name, type, part(name)))
  if (schema.kind === "tuple") return schema.items.map((type, i) => field(`_${i + 1}`, type, part(i)))
  return [field("value", schema, rows)]
}

/** `string`, `number | null`, `[string, number]`, `{ url: string; agent?: string }`. */
function typeText(type: ColumnType): string {
  const plain = plainText(type)
  const also = [(type.absent & absence.null) !== 0 && "null", (type.absent & absence.undefined) !== 0 && "undefined"]
  const others = also.filter(text => text !== false)
  if (type.kind === "null") return others.length > 0 ? others.join(" | ") : "undefined"
  return [plain, ...others].join(" | ")
}

function plainText(type: ColumnType): string {
  switch (type.kind) {
    case "null":
      return "null"
    case "float64":
      return "number"
    case "bool":
      return "boolean"
    case "int64":
      return "bigint"
    case "timestamp":
      return "Date"
    case "utf8":
      return "string"
    case "opaque":
      return "unknown"
    case "tuple":
      return `[${type.items.map(typeText).join(", ")}]`
    case "list": {
      const item = typeText(type.item)
      return /[ |]/.test(item) && !/^[[{].*[\]}]$/.test(item) ? `(${item})[]` : `${item}[]`
    }
    case "struct": {
      const fields = type.fields.map(({ name, type: of }) => {
        const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
        return `${key}${(of.absent & absence.missing) !== 0 ? "?" : ""}: ${typeText(of)}`
      })
      return fields.length === 0 ? "{}" : `{ ${fields.join("; ")} }`
    }
  }
}
