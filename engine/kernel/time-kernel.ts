/** Event times of lines, where a stream's `timestamp` is understood (`input/read-split.ts` says what a time is). */

import { type Lambda, NotUnderstood } from "../expression/expression.js"
import type { FormatSpec } from "../rdd.js"
import { Generator } from "./generate.js"
import * as text from "./helpers.js"
import { rowOf } from "./row.js"
import { aOrAn } from "./values.js"

/** The time of the line that is bytes [from, to), in ms; NaN: its format and function must be asked. */
export type TimeOf = (from: number, to: number) => number

/** Throws NotUnderstood. */
export function timeKernel(format: FormatSpec, f: Lambda): (data: Uint8Array) => TimeOf {
  const code = new Generator()
  code.exit = "return NaN"
  const time = code.numberOf(code.apply(f, [rowOf(code, format)]))
  if (time.type !== "date" && time.type !== "number") throw new NotUnderstood(`gives ${aOrAn(time)} as time`)
  const { literals, held } = code
  const body = `"use strict"
const dataView = new DataView(data.buffer, data.byteOffset, data.byteLength)
${literals.map((_, i) => `const k${i} = literals[${i}], k${i}View = new DataView(k${i}.buffer)`).join("\n")}
${held.map((_, i) => `const h${i} = held[${i}]`).join("\n")}
${code.constants.join("\n")}
return (start, end) => {
${code.needsAscii ? "if (!text.ascii(data, start, end)) return NaN" : ""}
${code.lines.join("\n")}
return ${time.js}
}`
  const make = new Function("data", "text", "literals", "held", body) as (
    data: Uint8Array,
    helpers: typeof text,
    literals: readonly Uint8Array[],
    held: readonly unknown[],
  ) => TimeOf
  return data => make(data, text, literals, held)
}
