/** How many records a chain gives. */

import type { FormatSpec } from "../rdd.js"
import { assembled } from "./assemble.js"
import { Generator } from "./generate.js"
import { type ReadStep, writeRows } from "./rows.js"

/** Of rows [0, rows) of a text column, without those of the rows that it gives to `slow`. Throws Left: all must be counted by their functions. */
export type CountKernel = (data: Uint8Array, offsets: Int32Array, rows: number, allAscii: boolean, slow: (row: number) => void) => number

/** Throws NotUnderstood. */
export function countKernel(format: FormatSpec, steps: readonly ReadStep[]): CountKernel {
  const code = new Generator()
  writeRows(
    code,
    format,
    steps,
    "",
    () => {},
    () => code.line("counted++"),
  )
  return assembled(code, ["data", "offsets", "rows", "allAscii", "slow"], "let counted = 0", "return counted") as CountKernel
}
