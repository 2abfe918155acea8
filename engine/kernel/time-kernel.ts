/** Event times of lines, where a stream's `timestamp` is understood (`input/read-split.ts` says what a time is). */

import { type Lambda, NotUnderstood } from "../expression/expression.js"
import type { FormatSpec } from "../rdd.js"
import { assembled } from "./assemble.js"
import { Generator } from "./generate.js"
import { rowOf } from "./row.js"
import { aOrAn } from "./values.js"

/** The time of the line that is bytes [from, to), in ms; NaN: its format and function must be asked. */
export type TimeOf = (from: number, to: number) => number

/** Throws NotUnderstood. */
export function timeKernel(format: FormatSpec, f: Lambda): (data: Uint8Array) => TimeOf {
  const code = new Generator()
  code.exit = "return NaN"
  const time = code.numberOf(code.apply(f, [rowOf(code, format, true)]))
  if (time.type !== "date" && time.type !== "number") throw new NotUnderstood(`gives ${aOrAn(time)} as time`)
  const ascii = code.needsAscii ? "if (!text.ascii(data, start, end)) return NaN" : ""
  return assembled(code, ["data"], `return (start, end) => {\n${ascii}`, `return ${time.js}\n}`) as (data: Uint8Array) => TimeOf
}
