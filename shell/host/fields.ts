/**
 * Completion of a record's fields: after `views.filter(v => v.` the fields of `views`, each with its type and a value of the newest
 * records. Only where the records are still those of the stream that the chain begins with.
 */
import type { Field } from "../../engine/fluent/types.js"
import type { CompletionItem } from "../session.js"
import { cellText, truncate } from "../view/table.js"

/** They hand on their records as they are. */
const keepsRecords = new Set(["filter", "last", "slice", "at", "latest", "window", "sample", "union", "repartition", "distinct", "persist"])

/** The stream's name and what has been typed of a field, when the cursor stands in a function of its records. */
export function fieldAt(before: string): { readonly root: string; readonly prefix: string } | null {
  const typed = /\b([A-Za-z_$][\w$]*)\.([\w$]*)$/.exec(before)
  if (!typed) return null
  const [, parameter, prefix] = typed as unknown as [string, string, string]
  const arrows = [...before.matchAll(/\.([\w$]+)\(\s*\(?\s*([A-Za-z_$][\w$]*)\s*\)?\s*=>/g)].filter(match => match[2] === parameter)
  const arrow = arrows.at(-1)
  if (!arrow) return null
  const chain = before.slice(0, arrow.index)
  const root = /(?:^|[^\w$.])([A-Za-z_$][\w$]*)((?:\s*\.\s*[\w$]+\((?:[^()]|\([^()]*\))*\))*)\s*$/.exec(chain)
  if (!root) return null
  const steps = [...root[2]!.matchAll(/\.\s*([\w$]+)\(/g)].map(match => match[1]!)
  return steps.every(step => keepsRecords.has(step)) ? { root: root[1]!, prefix } : null
}

export function fieldItems(fields: readonly Field[], prefix: string): CompletionItem[] {
  const typeWidth = Math.min(24, Math.max(0, ...fields.map(({ type }) => type.length)))
  return fields
    .filter(({ name }) => name.startsWith(prefix) && /^[A-Za-z_$][\w$]*$/.test(name) && !/^_\d+$/.test(name))
    .map(({ name, type, sample }) => ({ text: name, detail: shownField(type, sample, typeWidth) }))
}

/** A field's type with a value beside it. */
export function shownField(type: string, sample: unknown, typeWidth: number): string {
  return `${type.padEnd(typeWidth)}  ${truncate(typeof sample === "string" ? JSON.stringify(sample) : cellText(sample), 40)}`
}

const pairOperators = new Set(
  "mapValues flatMapValues keys values reduceByKey groupByKey partitionBy combineByKey aggregateByKey foldByKey cogroup join leftOuterJoin rightOuterJoin fullOuterJoin subtractByKey lookup collectAsMap countByKey runningReduce track updateStateByKey reduceByWindow".split(
    " ",
  ),
)

/** Of a stream whose records are no pairs. */
export function withoutPairOperators(items: readonly CompletionItem[]): CompletionItem[] {
  return items.filter(({ text }) => !pairOperators.has(text))
}

/** Whether it is known that records are pairs: undefined when nothing has come yet. */
export function arePairs(fields: readonly Field[]): boolean | undefined {
  return fields.length === 0 ? undefined : fields.length === 2 && fields[0]!.name === "_1" && fields[1]!.name === "_2"
}
