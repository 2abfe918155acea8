/** What outputs of a random program are given, beside what plain arrays give. */

import * as assert from "uvu/assert"
import type { Simulation } from "../../../cluster/testing/index.js"
import { intervals, startMs } from "./events.js"
import { inOrder, type Row } from "./plain.js"
import type { Stream } from "./stream.js"

/** As files have it: big integers are numbers, maps and sets arrays. */
const nearest = (_: string, v: unknown) => (typeof v === "bigint" ? `#${v}n` : v instanceof Map || v instanceof Set ? [...v] : v)
const asJson = (rows: readonly Row[]) => rows.map(row => (JSON.stringify(row, nearest) ?? "null").replace(/"#(-?\d+)n"/g, "$1")).sort()

/** What `save` wrote, and what `foreachRDD` was given, of each interval. */
export function checkOutputs(s: Simulation, given: readonly (readonly [number, number, Row[]])[], streams: readonly Stream[]): void {
  for (const [n, { text, kind, every, first, plain }] of streams.entries()) {
    for (let k = 0; k < Math.floor(intervals / every); k++) {
      const from = startMs + k * every * 1000
      const begins = `out/s${n}/${new Date(from).toISOString().replaceAll(":", "-")}`
      const written = [...s.files].filter(([path]) => path.startsWith(begins)).map(([, bytes]) => Buffer.from(bytes).toString())
      const lines = written.join("").split("\n").filter(Boolean)
      // A version that is as the one before it need not be written again.
      const isSame = kind !== "records" && k > first && asJson(plain(k)).join("\n") === asJson(plain(k - 1)).join("\n")
      if (lines.length > 0 || !isSame) assert.equal(lines.sort(), asJson(plain(k)), `saved: ${text}, interval ${k}`)
      const calls = given.filter(([of, at]) => of === n && at === from)
      assert.ok(calls.length > 0, `foreachRDD: ${text}, interval ${k}: never called`)
      for (const [, , rows] of calls) assert.equal(inOrder(rows), inOrder(plain(k)), `foreachRDD: ${text}, interval ${k}`)
    }
  }
}
