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
 * `everyMs`: the versions are those that end on a multiple of it.
 */
export function seriesOf<T>(
  rows: readonly (readonly [number, unknown])[],
  range: Interval,
  intervalMs: number,
  everyMs: number | null,
  decode: (rows: unknown[]) => T,
): SeriesOf<T> {
  const versions: { readonly interval: Interval; readonly rows: unknown[] }[] = []
  for (let from = range.from; from < range.to; from += intervalMs) {
    const to = from + intervalMs
    if (everyMs === null || to % everyMs === 0) versions.push({ interval: { from, to }, rows: [] })
  }
  for (const [index, row] of rows) versions[index]?.rows.push(row)
  return new SeriesOf(versions.map(({ interval, rows: of }) => ({ interval, value: decode(of) })))
}
