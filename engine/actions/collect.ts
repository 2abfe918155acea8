/** collect: all records, unless there are more than the answer may hold. */

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

/** What is said of records that are too many, and what to do. How many there are nobody has counted. */
export function moreThan(max: number): [message: string, attempt: string] {
  const limit = max.toLocaleString("en-US")
  return [
    `collect of more than ${limit} rows, which is the limit`,
    "take(n) or top(n) for a part, save(path) for all, or collect({ max }) with another limit; count() tells how many",
  ]
}
