/** Event times of lines, where a stream's `timestamp` is understood (`input/read-split.ts` says what a time is). */

import type { Block } from "../block/block.js"
import { type Lambda, NotUnderstood } from "../expression/expression.js"
import type { FormatSpec } from "../rdd.js"
import { assembled } from "./assemble.js"
import { Generator } from "./generate.js"
import { writeRows } from "./rows.js"
import { aOrAn } from "./values.js"

/** The times of a block's lines, in ms; NaN: the format and its function must be asked. */
export type TimeKernel = (block: Block) => Float64Array

/** Throws NotUnderstood. */
export function timeKernel(format: FormatSpec, f: Lambda): TimeKernel {
  const code = new Generator()
  writeRows(
    code,
    format,
    [{ kind: "map", f }],
    "",
    () => {},
    given => {
      const time = code.numberOf(given)
      if (time.type !== "date" && time.type !== "number") throw new NotUnderstood(`gives ${aOrAn(time)} as time`)
      code.line(`times[line] = ${time.js}`)
    },
  )
  const read = assembled(code, ["data", "offsets", "rows", "allAscii", "slow", "times"]) as (
    ...args: [Uint8Array, Int32Array, number, boolean, (row: number) => void, Float64Array]
  ) => void
  return block => {
    const times = new Float64Array(block.rows).fill(Number.NaN)
    read(block.textBytes(), block.offsets(), block.rows, block.allAscii, () => {}, times)
    return times
  }
}
