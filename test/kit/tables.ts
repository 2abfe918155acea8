/** Tables: intervals in, intervals out, on calm clusters of several sizes and on one in which a node dies on the way. */

import * as assert from "uvu/assert"
import { type RunIntervalsOptions, runIntervals } from "../../cluster/testing/index.js"
import type { Handle } from "../../engine/fluent/types.js"

type Options<O extends Record<string, Handle>> = Omit<RunIntervalsOptions<O>, "interval"> & { readonly interval?: "1s" }

/** One worker · four · three of which one dies · two whose master dies. */
const settings: readonly Pick<RunIntervalsOptions<never>, "workers" | "partitions" | "faults">[] = [
  { workers: 1, partitions: 1 },
  { workers: 4, partitions: 3 },
  { workers: 3, partitions: 4, faults: [{ kill: "w2", at: "1500ms", for: "1s" }] },
  { workers: 2, partitions: 2, faults: [{ kill: "master", at: "2300ms", for: "400ms" }] },
]

export const sorted = (rows: readonly unknown[]): unknown[] => [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1))
const key = (row: unknown): string => JSON.stringify(row, (_, value) => (value === undefined ? "undefined" : value)) ?? "undefined"

/**
 * Runs the program on these clusters; each output must be its table, interval by interval, in any order within one. `normal` makes of
 * a row what does not depend on order.
 */
export async function sameEverywhere<O extends Record<string, Handle>>(
  options: Options<O>,
  expected: { readonly [name in keyof O]: readonly (readonly unknown[])[] },
  { on = [0, 1, 2, 3], normal = row => row }: { readonly on?: readonly number[]; readonly normal?: (row: unknown) => unknown } = {},
): Promise<void> {
  for (const setting of on.map(i => settings[i]!)) {
    const results = await runIntervals({ interval: "1s", ...options, ...setting })
    for (const [name, intervals] of Object.entries(expected)) {
      const found = results[name]!.map(rows => sorted(rows.map(normal)))
      assert.equal(
        found,
        intervals.map(rows => sorted(rows)),
        `${name} on ${setting.workers} workers${setting.faults ? `, ${setting.faults[0]!.kill} killed` : ""}`,
      )
    }
  }
}
