/**
 * The map side of a reduction by key as one loop over bytes: the chain's steps, and at their end the combine table in line. Says
 * nothing of blocks or tasks (`map-side.ts` does).
 */

import { type Lambda, NotUnderstood } from "../expression/expression.js"
import type { FormatSpec } from "../rdd.js"
import type { SumTable } from "../wasm/words.js"
import { assembled } from "./assemble.js"
import type { ByteTable } from "./byte-table.js"
import { Generator } from "./generate.js"
import * as text from "./helpers.js"
import type { Binary } from "./number-state.js"
import { packKey } from "./packed-key.js"
import { pairOf, type ReadStep, writeRows } from "./rows.js"
import { aOrAn, type TextValue, type Value } from "./values.js"

export interface CombineKernel {
  /** Keys are packed (`packed-key.ts`); else they are text. */
  readonly packed: boolean
  /** What is added is always a small whole number that is written in the program, as the 1 of a count. */
  readonly counts: boolean
  /** Adds the pairs that rows [0, rows) of a text column give. `slow` adds those of one row. Throws Left: all must be added so. */
  run(data: Uint8Array, offsets: Int32Array, rows: number, table: ByteTable, allAscii: boolean, slow: (row: number) => void): void
}

/**
 * The same of sums by texts: the pairs of rows [0, rows) to `sums`, one by one. Throws Left, or TableFull: then nothing of them counts. Null: the keys are not
 * text.
 */
export type SumKernel = (
  data: Uint8Array,
  offsets: Int32Array,
  rows: number,
  sums: SumTable,
  allAscii: boolean,
  slow: (row: number) => void,
) => void

export type MergeKernel = (data: Uint8Array, offsets: Int32Array, rows: number, table: ByteTable, column: Float64Array) => void

/** Throws NotUnderstood; `at` is told which step is looked at. */
export function combineKernel(format: FormatSpec, steps: readonly ReadStep[], merge: Lambda, at: (step: number) => void): CombineKernel {
  const code = new Generator()
  let packed: boolean | null = null
  let counts = true
  writeRows(code, format, steps, refresh, at, pair => {
    const [, value] = pairOf(pair)
    counts &&= value.type === "number" && /^\(\d{1,6}\)$/.test(value.js)
    const now = sink(code, pair, merge)
    // The table's keys are all of one kind: what is no text is packed.
    if (packed !== null && packed !== now) throw new NotUnderstood("has text as key, and something else as another")
    packed = now
  })
  const run = assembled(code, ["data", "offsets", "rows", "table", "allAscii", "slow"], arrays) as CombineKernel["run"]
  return { packed: packed ?? false, counts, run }
}

/** Throws NotUnderstood. */
export function sumKernel(format: FormatSpec, steps: readonly ReadStep[]): SumKernel | null {
  const code = new Generator()
  let texts = true
  writeRows(
    code,
    format,
    steps,
    "",
    () => {},
    pair => {
      const [key, value] = pairOf(pair)
      const added = code.numberOf(value)
      if (key.type !== "text" || added.type !== "number") texts = false
      else code.line(`sums.pair(${key.data}, ${key.data}View, ${key.from}, ${key.to}, ${added.js})`)
    },
  )
  return texts ? (assembled(code, ["data", "offsets", "rows", "sums", "allAscii", "slow"]) as SumKernel) : null
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
  return assembled(code, ["data", "offsets", "rows", "table", "column"], arrays) as MergeKernel
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

/** What a probe looks at. */
const arrays = "let { entries, mask, numbers, keys } = table"
/** After whatever may have given the table others. */
const refresh = "entries = table.entries; mask = table.mask; numbers = table.numbers; keys = table.keys"

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
