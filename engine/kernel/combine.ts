/**
 * The map side of a reduction by key as one loop over bytes: the chain's steps, and at their end the combine table in line. Says
 * nothing of blocks or tasks (`map-side.ts` does).
 */

import { type Expression, type Lambda, NotUnderstood } from "../expression/expression.js"
import type { FormatSpec } from "../rdd.js"
import type { ByteTable } from "./byte-table.js"
import { Generator } from "./generate.js"
import * as text from "./helpers.js"
import type { Binary } from "./number-state.js"
import { packKey } from "./packed-key.js"
import { rowOf } from "./row.js"
import { aOrAn, type TextValue, type Value } from "./values.js"

export interface ReadStep {
  readonly kind: "map" | "flatMap" | "filter" | "mapValues" | "keyBy"
  readonly f: Lambda
}

export interface CombineKernel {
  /** Keys are packed (`packed-key.ts`); else they are text. */
  readonly packed: boolean
  /** Adds the pairs that rows [0, rows) of a text column give. `slow` adds those of one row. Throws Left: all must be added so. */
  run(data: Uint8Array, offsets: Int32Array, rows: number, table: ByteTable, allAscii: boolean, slow: (row: number) => void): void
}

export type MergeKernel = (data: Uint8Array, offsets: Int32Array, rows: number, table: ByteTable, column: Float64Array) => void

/** Throws NotUnderstood; `at` is told which step is looked at. */
export function combineKernel(format: FormatSpec, steps: readonly ReadStep[], merge: Lambda, at: (step: number) => void): CombineKernel {
  const code = new Generator()
  let packed = false
  const leave = `{ slow(line); ${refresh}; continue each }`
  const each = (rest: readonly ReadStep[]) => {
    code.exit = leave
    // Whether rows must be looked at first is known once all is written.
    const first = code.lines.length
    follow(
      code,
      rest,
      0,
      rowOf(code, format),
      // The first step may have become several, or none.
      index => at(Math.max(0, index + steps.length - rest.length)),
      pair => {
        at(steps.length)
        packed = sink(code, pair, merge)
      },
    )
    if (code.needsAscii) code.lines.splice(first, 0, `if (!allAscii && !text.ascii(data, start, end)) ${leave}`)
  }
  const search = format.kind === "text" || format.kind === "values" ? searchOf(steps) : null
  if (search === null) {
    code.block("each: for (let line = 0; line < rows; line++)", () => {
      code.line("const start = offsets[line], end = offsets[line + 1]")
      each(steps)
    })
  } else {
    const sought = code.text(search.text)
    code.line(`const found = text.finder(data, ${sought.data})`)
    code.block("each: for (let row = 0, from = 0, hit; (hit = found(from)) >= 0; )", () => {
      code.line("while (offsets[row + 1] <= hit) row++")
      code.line("const line = row, start = offsets[row], end = offsets[row + 1]")
      // A match that goes on into the next row is none.
      code.line(`if (hit + ${sought.to} > end) { from = hit + 1; continue }`)
      code.line("row++; from = end")
      each(search.rest)
    })
  }
  const run = compiled(code)
  return { packed, run: (data, offsets, rows, table, allAscii, slow) => run(data, offsets, rows, table, noNumbers, allAscii, slow) }
}

/** The reduce side: adds a block's pairs, keys as a text column and their numbers. Throws NotUnderstood. */
export function mergeKernel(merge: Lambda): MergeKernel {
  const code = new Generator()
  code.exit = null
  code.block("for (let row = 0; row < rows; row++)", () => {
    code.line("const start = offsets[row], end = offsets[row + 1], added = column[row]")
    const key: TextValue = { type: "text", data: "data", from: "start", to: "end" }
    sink(code, { type: "tuple", items: [key, { type: "number", js: "added" }] }, merge)
  })
  const run = compiled(code)
  return (data, offsets, rows, table, column) => run(data, offsets, rows, table, column, true, () => {})
}

/** A function of two numbers that gives one. Throws NotUnderstood. */
export function binaryKernel(f: Lambda): Binary {
  const code = new Generator()
  code.exit = null
  const [a, b]: Value[] = [
    { type: "number", js: "a" },
    { type: "number", js: "b" },
  ]
  const result = code.apply(f, [a!, b!])
  if (result.type !== "number") throw new NotUnderstood(`reduces to ${aOrAn(result)}`)
  // Texts that it holds can be compared with nothing that it is given.
  if (code.literals.length > 0 || code.held.length > 0) throw new NotUnderstood("uses text")
  const body = `"use strict"\n${[...code.constants, ...code.lines].join("\n")}\nreturn ${result.js}`
  const make = new Function("text", `return (a, b) => {${body}}`) as (helpers: typeof text) => Binary
  return make(text)
}

const noNumbers = new Float64Array(0)
/** After whatever may have given the table other arrays. */
const refresh = "entries = table.entries; mask = table.mask; numbers = table.numbers; keys = table.keys"

type Run = (...args: [...Parameters<MergeKernel>, allAscii: boolean, slow: (row: number) => void]) => void

function compiled(code: Generator): Run {
  const { literals, held } = code
  const body = `"use strict"
let { entries, mask, numbers, keys } = table
const dataView = new DataView(data.buffer, data.byteOffset, data.byteLength)
${literals.map((_, i) => `const k${i} = literals[${i}], k${i}View = new DataView(k${i}.buffer)`).join("\n")}
${held.map((_, i) => `const h${i} = held[${i}]`).join("\n")}
${code.constants.join("\n")}
${code.lines.join("\n")}`
  const run = new Function("data", "offsets", "rows", "table", "column", "allAscii", "slow", "text", "literals", "held", body) as (
    ...args: [...Parameters<Run>, helpers: typeof text, literals: readonly Uint8Array[], held: readonly unknown[]]
  ) => void
  return (...args) => run(...args, text, literals, held)
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
      code.block(`if (${code.holds(step.f, [value])})`, () => next(value))
      return
    case "flatMap": {
      const list = code.apply(step.f, [value])
      // What an element before it has given cannot be taken back.
      code.exit = "throw new text.Left()"
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

/** One probe, in line; a new key out of it. Gives whether the key is packed. */
function sink(code: Generator, pair: Value, merge: Lambda): boolean {
  const [made, value] = pairOf(pair)
  const added = code.numberOf(value)
  if (added.type !== "number") throw new NotUnderstood(`reduces ${aOrAn(added)}`)
  let key = made
  const packed = key.type !== "text"
  if (packed) {
    const into = code.scratch()
    packKey(code, into, key)
    key = code.textIn(into)
  }
  const { data, from, to } = key as TextValue
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
  ${refresh}
} else {
  const old = numbers[(at >> 1) + 3]`)
  const { exit } = code
  code.exit = null
  const merged = code.apply(merge, [{ type: "number", js: "old" }, added])
  code.exit = exit
  if (merged.type !== "number") throw new NotUnderstood(`reduces to ${aOrAn(merged)}`)
  code.line(`  numbers[(at >> 1) + 3] = ${merged.js}\n}`)
  return packed
}
