/**
 * sort: each partition is sorted where it lies; the sorted runs come together in one task, in partition order, which a stable
 * sort merges. So records of equal rank stay in the order of the RDD.
 */

import type { Context, Half, HalvesOf } from "./half.js"
import { compareRanked } from "./top.js"

const sorting = (by: (row: unknown) => unknown, direction: 1 | -1): Half => {
  const rows: { rank: unknown; row: unknown }[] = []
  return {
    add: row => void rows.push({ rank: by(row), row }),
    end(push) {
      rows.sort((a, b) => compareRanked(direction, a.rank, b.rank))
      for (const { row } of rows) push(row)
    },
  }
}

const half: HalvesOf<"sort">["start"] = ({ by, order }, context: Context) =>
  sorting(context.fn(by, "sortBy") as (row: unknown) => unknown, order === "desc" ? -1 : 1)

export const sortHalves: HalvesOf<"sort"> = { start: half, finish: half }
