/**
 * Two runs of a stream side by side. Each side gives its intervals that have rows, ascending; an interval of one side alone
 * differs if the other side has come past it, and is left out if that side never came so far or did not begin so early.
 * The order of an interval's rows is that of a cluster's partitions, of which another may have more: it does not count.
 */

import type { IntervalLine } from "./interval-lines.js"

export interface Side {
  readonly lines: AsyncIterable<IntervalLine>
  /** What this side can speak of: intervals that begin in [from, to). */
  readonly from: number
  readonly to: number
}

export interface Difference {
  readonly same: number
  readonly differ: number
  readonly leftOut: number
  /** The first few intervals that differ. */
  readonly first: readonly { readonly from: number; readonly a: string | null; readonly b: string | null }[]
}

const shown = 3

export async function compareSides(a: Side, b: Side): Promise<Difference> {
  const left = a.lines[Symbol.asyncIterator]()
  const right = b.lines[Symbol.asyncIterator]()
  const next = async (of: AsyncIterator<IntervalLine>): Promise<IntervalLine | null> => {
    const { done, value } = await of.next()
    return done === true ? null : value
  }
  let same = 0
  let differ = 0
  let leftOut = 0
  const first: { from: number; a: string | null; b: string | null }[] = []
  const count = (from: number, one: string | null, other: string | null) => {
    if (from < Math.max(a.from, b.from) || from >= Math.min(a.to, b.to)) leftOut++
    else if (one === other || (one !== null && other !== null && sameRows(one, other))) same++
    else {
      differ++
      if (first.length < shown) first.push({ from, a: one, b: other })
    }
  }
  let [x, y] = await Promise.all([next(left), next(right)])
  while (x !== null || y !== null) {
    const from = Math.min(x?.from ?? Number.POSITIVE_INFINITY, y?.from ?? Number.POSITIVE_INFINITY)
    const one: IntervalLine | null = x?.from === from ? x : null
    const other: IntervalLine | null = y?.from === from ? y : null
    count(from, one?.line ?? null, other?.line ?? null)
    if (one !== null) x = await next(left)
    if (other !== null) y = await next(right)
  }
  return { same, differ, leftOut, first }
}

function sameRows(one: string, other: string): boolean {
  if (one.length !== other.length) return false
  const a = rowsOf(one)
  const b = rowsOf(other)
  return a.length === b.length && a.every((row, i) => row === b[i])
}

function rowsOf(line: string): string[] {
  return (JSON.parse(line) as { readonly rows: readonly unknown[] }).rows.map(row => JSON.stringify(row)).sort()
}
