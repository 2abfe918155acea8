/**
 * A field that no record has: said with the cell that reads it, before anyone wonders at a column of nothing. It is a warning, for
 * a record to come may have it.
 */
import type { Field } from "../../engine/fluent/types.js"
import type { StyledLine } from "../session.js"
import { fieldAt } from "./fields.js"

export interface FieldRead {
  readonly root: string
  readonly field: string
  /** Of its first character. */
  readonly at: number
}

/** Fields that functions of a stream's own records read, in the order of the text. What is called on a record is no field. */
export function fieldReads(cell: string): FieldRead[] {
  return [...cell.matchAll(/\b[A-Za-z_$][\w$]*\.([A-Za-z_$][\w$]*)(?!\s*\(|[\w$])/g)].flatMap(match => {
    const place = fieldAt(cell.slice(0, match.index + match[0].length))
    if (place === null || place.prefix !== match[1]) return []
    return [{ root: place.root, field: place.prefix, at: match.index + match[0].length - place.prefix.length }]
  })
}

/** The line with a caret under the field; nothing when the records have it, or when no fields are known of them. */
export function unknownField(cell: string, { root, field, at }: FieldRead, fields: readonly Field[]): StyledLine[] {
  const names = fields.map(({ name }) => name)
  // Text, numbers, tuples: their properties are the language's.
  const plain = names.length === 0 || (names.length === 1 && names[0] === "value") || names.every(name => /^_\d+$/.test(name))
  if (plain || names.includes(field)) return []
  const before = cell.slice(0, at).split("\n")
  const lead = `  ${before.length} │ `
  const caret = `${" ".repeat(lead.length - 2)}│ ${" ".repeat(before.at(-1)!.length)}^`
  const near = nearest(field, names)
  const says = `no field ${field} in the newest records of ${root}.${near === undefined ? ` They have ${names.slice(0, 8).join(", ")}` : ` Did you mean ${near}?`}`
  return [
    { text: `${lead}${cell.split("\n")[before.length - 1]}`, style: "dim" },
    { text: `${caret} ${says}`, style: "warning" },
  ]
}

function nearest(word: string, names: readonly string[]): string | undefined {
  const scored = names.map(name => ({ name, distance: distance(word.toLowerCase(), name.toLowerCase()) }))
  const best = scored.sort((a, b) => a.distance - b.distance)[0]
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.name : undefined
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}
