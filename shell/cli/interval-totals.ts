/**
 * Two runs of a stream by longer intervals (`diff --by 1d`), for runs whose records lie in other short ones: by the log's time here, by arrival there.
 * Of records each side's totals in a long interval are compared, of a state or a window the last version in it. What is compared is
 * numbers by their keys; a record that is no pair of a key and a number is its own key, and the number says how often it was there.
 */

import { RivuletError } from "../../engine/errors.js"
import { formatDuration, intervalStart } from "../../engine/time.js"
import type { Side } from "./interval-diff.js"
import type { IntervalLine } from "./interval-lines.js"

export interface KeyApart {
  /** As JSON. */
  readonly key: string
  /** 0: that side does not have it. */
  readonly a: number
  readonly b: number
}

export interface IntervalApart {
  readonly from: number
  /** What all keys' numbers differ by, of what they come to on the side where that is more: 0 to 2. */
  readonly share: number
  /** The keys that differ most, and how many there are. */
  readonly keys: readonly KeyApart[]
  readonly differing: number
}

export interface TotalsDifference {
  readonly same: number
  readonly differ: number
  /** Long intervals of which only one side can speak. */
  readonly leftOut: number
  /** The one that is most apart; null: all are equal. */
  readonly largest: Pick<IntervalApart, "from" | "share"> | null
  /** The first few that differ. */
  readonly first: readonly IntervalApart[]
}

export interface By {
  readonly byMs: number
  /** Each interval is a whole version: a state, a window, what is made of them. */
  readonly versions: boolean
  /** What they may differ by and be the same: a share of their numbers together. */
  readonly tolerance: number
}

const shown = 3

type Totals = Map<string, number>

/** Only what both sides can speak of is compared, of a long interval the part that both have. RivuletError (2): the stream's own intervals do not fit into `byMs`. */
export async function compareTotals(a: Side, b: Side, by: By): Promise<TotalsDifference> {
  const range = { from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) }
  const out = new Set<number>()
  const [left, right] = [totalsOf(a.lines, range, by, out), totalsOf(b.lines, range, by, out)]
  let [one, other] = [await left.next(), await right.next()]
  // Of a state that did not change in it nothing was said: it is as it was.
  let [before, beforeOther]: [Totals, Totals] = [new Map(), new Map()]
  const counts = { same: 0, differ: 0 }
  const compared = new Set<number>()
  const first: IntervalApart[] = []
  let largest: TotalsDifference["largest"] = null
  const newest = { a: Number.NEGATIVE_INFINITY, b: Number.NEGATIVE_INFINITY }
  const count = (apart: IntervalApart) => {
    const { from, share } = apart
    compared.add(from)
    if (share > 0 && share > (largest?.share ?? 0)) largest = { from, share }
    if (share <= by.tolerance) counts.same++
    else {
      counts.differ++
      if (first.length < shown) first.push(apart)
    }
  }
  while (one.done !== true || other.done !== true) {
    const from = Math.min(one.value?.from ?? Number.POSITIVE_INFINITY, other.value?.from ?? Number.POSITIVE_INFINITY)
    const here = one.value?.from === from ? one.value.totals : by.versions ? before : new Map<string, number>()
    const there = other.value?.from === from ? other.value.totals : by.versions ? beforeOther : new Map<string, number>()
    if (one.value?.from === from) newest.a = from
    if (other.value?.from === from) newest.b = from
    const known = knows(a, from, newest.a, by) && knows(b, from, newest.b, by)
    const apart = known ? apartOf(from, here, there) : null
    if (apart === null) out.add(from)
    else count(apart)
    ;[before, beforeOther] = [here, there]
    if (one.value?.from === from) one = await left.next()
    if (other.value?.from === from) other = await right.next()
  }
  return { ...counts, leftOut: [...out].filter(from => !compared.has(from)).length, largest, first }
}

/** `newest`: the newest long interval of which the side has said something. What changed in a range that is lost is not known before it speaks again. */
function knows({ lost = [] }: Side, from: number, newest: number, { byMs, versions }: By): boolean {
  return !lost.some(range => range.from < from + byMs && (from < range.to || (versions && newest < range.to)))
}

/** `out`: gets the long intervals of lines that the other side cannot speak of. */
async function* totalsOf(
  lines: AsyncIterable<IntervalLine>,
  range: { readonly from: number; readonly to: number },
  { byMs, versions }: By,
  out: Set<number>,
): AsyncGenerator<{ readonly from: number; readonly totals: Totals }, undefined> {
  let from: number | null = null
  let totals: Totals = new Map()
  let last = ""
  const done = () => ({ from: from as number, totals: versions ? added(new Map(), last) : totals })
  for await (const { from: start, line } of lines) {
    checkFits(line, byMs)
    const long = intervalStart(start, byMs)
    if (start < range.from || start >= range.to) {
      out.add(long)
      continue
    }
    if (from !== null && long !== from) {
      yield done()
      totals = new Map()
    }
    from = long
    if (versions) last = line
    else added(totals, line)
  }
  if (from !== null) yield done()
  return undefined
}

function checkFits(line: string, byMs: number): void {
  const [, from, to] = /"interval":\["([^"]+)","([^"]+)"\]/.exec(line.slice(0, 500)) ?? []
  const lengthMs = Date.parse(to ?? "") - Date.parse(from ?? "")
  if (lengthMs > 0 && byMs % lengthMs === 0) return
  throw new RivuletError(`--by ${formatDuration(byMs)}: no multiple of the stream's intervals, which are of ${formatDuration(lengthMs)}`, {
    code: 2,
    try: `--by ${formatDuration(lengthMs * 60)}`,
  })
}

function added(totals: Totals, line: string): Totals {
  const { rows } = JSON.parse(line) as { readonly rows: readonly unknown[] }
  for (const row of rows) {
    const isCount = Array.isArray(row) && row.length === 2 && typeof row[1] === "number"
    const key = JSON.stringify(isCount ? (row as unknown[])[0] : row)
    totals.set(key, (totals.get(key) ?? 0) + (isCount ? ((row as unknown[])[1] as number) : 1))
  }
  return totals
}

function apartOf(from: number, a: Totals, b: Totals): IntervalApart {
  const keys: KeyApart[] = []
  const sums = { a: 0, b: 0, apart: 0 }
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    const [one, other] = [a.get(key) ?? 0, b.get(key) ?? 0]
    sums.a += Math.abs(one)
    sums.b += Math.abs(other)
    if (one === other) continue
    sums.apart += Math.abs(one - other)
    keys.push({ key, a: one, b: other })
  }
  keys.sort((x, y) => Math.abs(y.a - y.b) - Math.abs(x.a - x.b) || (x.key < y.key ? -1 : 1))
  const share = sums.apart === 0 ? 0 : sums.apart / Math.max(sums.a, sums.b)
  return { from, share, keys: keys.slice(0, shown), differing: keys.length }
}
