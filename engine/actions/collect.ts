/** collect: all records, unless there are more than the answer may hold. */

import { RivuletError } from "../errors.js"
import { Refusal } from "../task-error.js"
import type { Half, HalvesOf } from "./half.js"

/** Over the limit nobody goes on: neither the partition that has more by itself, nor who puts them together. */
export const collectHalves: HalvesOf<"collect"> = { start: ({ max }) => upTo(max), finish: ({ max }) => upTo(max) }

function upTo(max: number): Half {
  const rows: unknown[] = []
  return {
    add(row) {
      if (rows.length === max) throw new Refusal(...moreThan(max))
      rows.push(row)
    },
    end(push) {
      for (const row of rows) push(row)
    },
  }
}

const instead = "take(n) or top(n) for a part, save(path) for all, or collect({ max }) with another limit"
const text = (rows: number) => rows.toLocaleString("en-US")

/** What is said of records that are too many, and what to do. How many there are nobody has counted yet. */
export function moreThan(max: number): [message: string, attempt: string] {
  return [`collect of more than ${text(max)} rows, which is the limit`, `${instead}; count() tells how many`]
}

/** Whether that is what was said. */
export function isMoreThan(error: unknown, max: number): boolean {
  return error instanceof Error && error.message.includes(moreThan(max)[0])
}

/** What who asked is told when they have been counted. */
export function tooMany(rows: number, max: number): RivuletError {
  return new RivuletError(`collect of ${text(rows)} rows: the limit is ${text(max)}`, { code: 1, try: instead })
}
