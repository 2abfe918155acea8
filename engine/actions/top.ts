/** The order of `top`. */

import { RivuletError } from "../errors.js"
import { compareKeys } from "../keys/key.js"
import type { TaskContext } from "../rdd.js"
import { showValue } from "../values/values.js"
import type { Action } from "./action.js"

export interface TopOrder {
  /** What a record is ordered by. */
  rank(row: unknown): unknown
  /** 1: greatest first. */
  readonly direction: 1 | -1
}

export function topOrder({ by, order }: Extract<Action, { kind: "top" }>, context: Pick<TaskContext, "fn">): TopOrder {
  return {
    rank: by === null ? numberOf : (context.fn(by, "top") as (row: unknown) => unknown),
    direction: order === "desc" ? 1 : -1,
  }
}

/** For sorting. NaN comes last, whatever the direction; equal ranks go by the smaller key (of pairs; else the smaller record). */
export function isBefore({ direction }: TopOrder, a: { rank: unknown; row: unknown }, b: { rank: unknown; row: unknown }): number {
  return compareRanked(direction === 1 ? -1 : 1, a.rank, b.rank) || compareKeys(keyOf(a.row), keyOf(b.row))
}

/** Ranks, ascending (1) or descending (-1). NaN comes last, whatever the direction; numbers and bigints compare by value. */
export function compareRanked(direction: 1 | -1, a: unknown, b: unknown): number {
  const [nanA, nanB] = [Number.isNaN(a), Number.isNaN(b)]
  if (nanA || nanB) return Number(nanA) - Number(nanB)
  return direction * compareRanks(a, b)
}

function compareRanks(a: unknown, b: unknown): number {
  if ((typeof a === "number" || typeof a === "bigint") && (typeof b === "number" || typeof b === "bigint"))
    return a < b ? -1 : a > b ? 1 : 0
  return compareKeys(a, b)
}

const keyOf = (row: unknown): unknown => (Array.isArray(row) && row.length === 2 ? row[0] : row)

/** Pairs by their number, numbers by themselves. */
function numberOf(row: unknown): number | bigint {
  const value: unknown = Array.isArray(row) && row.length === 2 ? row[1] : row
  if (typeof value === "number" || typeof value === "bigint") return value
  throw new RivuletError(`top needs an order for ${showValue(row, 60)}`, { code: 2, try: "top(n, record => a number, text or Date)" })
}
