/** The versions of one key as a series: one value an interval, from the few rows in which it changed. */

import type { Interval } from "../time.js"
import { SeriesOf } from "./series.js"

/** `changes` are [interval start, state] in time order; the series covers `range`, an interval of `intervalMs` each. */
export function historyOf(changes: readonly (readonly [number, unknown])[], range: Interval, intervalMs: number): SeriesOf<unknown> {
  const entries: { interval: Interval; value: unknown }[] = []
  let next = 0
  let value: unknown
  for (let from = range.from; from < range.to; from += intervalMs) {
    while (next < changes.length && changes[next]![0] <= from) value = changes[next++]![1]
    entries.push({ interval: { from, to: from + intervalMs }, value })
  }
  return new SeriesOf(entries)
}

/**
 * One value a version from the rows `[index of the version, row]` of an action on each: versions without a row are there too.
 * `everyMs`: only the versions that end on a multiple of it.
 */
export function seriesOf<T>(
  rows: readonly (readonly [number, unknown])[],
  range: Interval,
  intervalMs: number,
  everyMs: number | null,
  decode: (rows: unknown[]) => T,
): SeriesOf<T> {
  const versions: unknown[][] = Array.from({ length: Math.max(0, Math.ceil((range.to - range.from) / intervalMs)) }, () => [])
  for (const [index, row] of rows) versions[index]?.push(row)
  const entries = versions.map((of, i) => {
    const from = range.from + i * intervalMs
    return { interval: { from, to: from + intervalMs }, of }
  })
  const kept = everyMs === null ? entries : entries.filter(({ interval }) => interval.to % everyMs === 0)
  return new SeriesOf(kept.map(({ interval, of }) => ({ interval, value: decode(of) })))
}
