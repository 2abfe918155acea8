/**
 * The map side of a reduction by key as one loop over bytes: the chain's steps, and at their end the combine table in line. Says
 * nothing of blocks or tasks (`map-side.ts` does).
 */

import { type Expression, type Lambda, NotUnderstood } from "../expression/expression.js"
import type { ByteTable } from "./byte-table.js"
import { aOrAn, Generator, type TextValue, type Value } from "./generate.js"
import type { Binary } from "./number-state.js"
import * as text from "./text.js"

export interface ReadStep {
  readonly kind: "map" | "flatMap" | "filter" | "mapValues" | "keyBy"
  readonly f: Lambda
}

export interface CombineKernel {
  /** Exact for ASCII only. */
  readonly needsAscii: boolean
  /** Adds the pairs that rows [0, rows) of a text column give. */
  run(data: Uint8Array, offsets: Int32Array, rows: number, table: ByteTable): void
}

export type MergeKernel = (data: Uint8Array, offsets: Int32Array, rows: number, table: ByteTable, column: Float64Array) => void

/** Throws NotUnderstood; `at` is told which step is looked at. */
export function combineKernel(steps: readonly ReadStep[], merge: Lambda, at: (step: number) => void): CombineKernel {
  const code = new Generator()
  const row: TextValue = { type: "text", data: "data", from: "start", to: "end" }
  const each = (rest: readonly ReadStep[]) =>
    // The first step may have become several, or none.
    follow(
      code,
      rest,
      0,
      row,
      index => at(Math.max(0, index + steps.length - rest.length)),
      pair => {
        at(steps.length)
        sink(code, pair, merge)
      },
    )
  const search = searchOf(steps)
  if (search === null) {
    code.block("for (let row = 0; row < rows; row++)", () => {
      code.line("const start = offsets[row], end = offsets[row + 1]")
      each(steps)
    })
  } else {
    const sought = code.text(search.text)
    code.line(`const found = text.finder(data, ${sought.data})`)
    code.block(`for (let row = 0, hit = found(0); hit >= 0;)`, () => {
      code.line("while (offsets[row + 1] <= hit) row++")
      code.line("const start = offsets[row], end = offsets[row + 1]")
      // A match that goes on into the next row is none.
      code.line(`if (hit + ${sought.to} > end) { hit = found(hit + 1); continue }`)
      each(search.rest)
      code.line("row++; hit = found(end)")
    })
  }
  const run = compiled(code)
  return { needsAscii: code.needsAscii, run: (data, offsets, rows, table) => run(data, offsets, rows, table, noNumbers) }
}

/** The reduce side: adds a block's pairs, keys as a text column and their numbers. Throws NotUnderstood. */
export function mergeKernel(merge: Lambda): MergeKernel {
  const code = new Generator()
  code.block("for (let row = 0; row < rows; row++)", () => {
    code.line("const start = offsets[row], end = offsets[row + 1], added = column[row]")
    const key: TextValue = { type: "text", data: "data", from: "start", to: "end" }
    sink(code, { type: "tuple", items: [key, { type: "number", js: "added" }] }, merge)
  })
  return compiled(code)
}

/** A function of two numbers that gives one. Throws NotUnderstood. */
export function binaryKernel(f: Lambda): Binary {
  const code = new Generator()
  const [a, b]: Value[] = [
    { type: "number", js: "a" },
    { type: "number", js: "b" },
  ]
  const result = code.apply(f, [a!, b!])
  if (result.type !== "number") throw new NotUnderstood(`reduces to ${aOrAn(result)}`)
  const body = `"use strict"\n${[...code.constants, ...code.lines].join("\n")}\nreturn ${result.js}`
  // Texts that it holds can be compared with nothing that it is given.
  if (code.literals.length > 0) throw new NotUnderstood("uses text")
  return new Function("a", "b", body) as Binary
}

const noNumbers = new Float64Array(0)

function compiled(code: Generator): MergeKernel {
  const body = `"use strict"
let { entries, mask, numbers, keys } = table
const dataView = new DataView(data.buffer, data.byteOffset, data.byteLength)
${code.literals.map((_, i) => `const k${i} = literals[${i}], k${i}View = new DataView(k${i}.buffer)`).join("\n")}
${code.constants.join("\n")}
${code.lines.join("\n")}`
  const run = new Function("data", "offsets", "rows", "table", "column", "text", "literals", body) as (
    ...args: [...Parameters<MergeKernel>, helpers: typeof text, literals: readonly Uint8Array[]]
  ) => void
  return (data, offsets, rows, table, column) => run(data, offsets, rows, table, column, text, code.literals)
}

/**
 * A first step that asks whether a row has a text (perhaps among other conditions): all rows are searched for it at once, several
 * times as fast as one by one.
 */
function searchOf([first, ...others]: readonly ReadStep[]): { readonly text: string; readonly rest: readonly ReadStep[] } | null {
  if (first?.kind !== "filter") return null
  const { parameters, body } = first.f
  const conditions = conjuncts(body)
  for (const condition of conditions) {
    if (condition.kind !== "method" || condition.name !== "includes" || condition.args.length !== 1) continue
    const { of, args } = condition
    const [arg] = args
    if (of.kind !== "parameter" || of.id !== parameters[0] || arg!.kind !== "literal") continue
    if (typeof arg!.value !== "string" || arg!.value === "") continue
    const more = conditions.filter(one => one !== condition).map((one): ReadStep => ({ kind: "filter", f: { ...first.f, body: one } }))
    return { text: arg!.value, rest: [...more, ...others] }
  }
  return null
}

/** What must all hold. As conditions: what a function gives is asked for its truth alone. */
function conjuncts(body: Expression): Expression[] {
  return body.kind === "logic" && body.operator === "&&" ? [...conjuncts(body.left), ...conjuncts(body.right)] : [body]
}

/** Writes steps `index` and on for one value. */
function follow(
  code: Generator,
  steps: readonly ReadStep[],
  index: number,
  value: Value,
  at: (step: number) => void,
  end: (value: Value) => void,
): void {
  const step = steps[index]
  if (step === undefined) {
    end(value)
    return
  }
  at(index)
  const next = (result: Value) => follow(code, steps, index + 1, result, at, end)
  switch (step.kind) {
    case "map":
      next(code.apply(step.f, [value]))
      return
    case "keyBy":
      next({ type: "tuple", items: [code.apply(step.f, [value]), value] })
      return
    case "mapValues": {
      const [key, old] = pairOf(value)
      next({ type: "tuple", items: [key, code.apply(step.f, [old])] })
      return
    }
    case "filter":
      code.block(`if (${code.truth(code.apply(step.f, [value]))})`, () => next(value))
      return
    case "flatMap": {
      const list = code.apply(step.f, [value])
      if (list.type === "list") list.each(element => code.block("", () => next(element)))
      else if (list.type === "tuple") for (const item of list.items) code.block("", () => next(item))
      else throw new NotUnderstood(`gives ${aOrAn(list)}`)
    }
  }
}

function pairOf(value: Value): readonly [key: Value, value: Value] {
  if (value.type !== "tuple" || value.items.length < 2) throw new NotUnderstood("is no pair")
  return [value.items[0]!, value.items[1]!]
}

/** One probe, in line; a new key out of it. */
function sink(code: Generator, pair: Value, merge: Lambda): void {
  const [key, added] = pairOf(pair)
  if (key.type !== "text") throw new NotUnderstood(`has ${aOrAn(key)} as key`)
  if (added.type !== "number") throw new NotUnderstood(`reduces ${aOrAn(added)}`)
  const { data, from, to } = key
  const view = `${data}View`
  code.line(`const length = ${to} - ${from}
const first = text.firstBytes(${data}, ${view}, ${from}, ${to}), last = text.lastBytes(${view}, ${from}, ${to})
const hash = text.hashOf(${view}, ${from}, ${to}, first, last)
let at = (hash << 3) & mask
for (; entries[at + 1] !== 0; at = (at + 8) & mask) {
  if (entries[at] !== hash || entries[at + 4] !== first || entries[at + 5] !== last || entries[at + 2] !== length) continue
  if (length <= 8) break
  let i = ${from} + 4, k = entries[at + 3] + 4
  const rest = ${to} - 4
  while (i < rest && keys[k] === ${data}[i]) { i++; k++ }
  if (i >= rest) break
}
if (entries[at + 1] === 0) {
  table.insert(${data}, ${from}, ${to}, hash, first, last, ${added.js}, at)
  entries = table.entries; mask = table.mask; numbers = table.numbers; keys = table.keys
} else {
  const old = numbers[(at >> 1) + 3]`)
  const merged = code.apply(merge, [{ type: "number", js: "old" }, added])
  if (merged.type !== "number") throw new NotUnderstood(`reduces to ${aOrAn(merged)}`)
  code.line(`  numbers[(at >> 1) + 3] = ${merged.js}\n}`)
}
