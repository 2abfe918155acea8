/**
 * Random programs over random records on whole clusters: each interval of each stream is what plain arrays give; and whatever the
 * number of workers, whoever dies, compiled or called, the very same rows in the same order.
 */

import fc from "fast-check"
import * as assert from "uvu/assert"
import { type IntervalFault, runIntervals } from "../../../cluster/testing/index.js"
import { encodeRows } from "../../../engine/block/block.js"
import { inOrder } from "./plain.js"
import { build, fault, input, steps } from "./programs.js"
import { property } from "./property.js"
import type { Stream } from "./stream.js"

const intervals = 6

const cluster = fc.record({
  workers: fc.integer({ min: 1, max: 4 }),
  partitions: fc.integer({ min: 1, max: 7 }),
  fault,
  closures: fc.boolean(),
})
export const onClusters = property(
  "clusters",
  fc.asyncProperty(input, input, steps, cluster, async (a, b, program, { workers, partitions, fault: broken, closures }) => {
    const fed = { a, b }
    const faults: IntervalFault[] =
      broken === null || workers < 2
        ? []
        : [
            {
              kill: broken.who === 0 ? "master" : `w${1 + (broken.who % workers)}`,
              at: `${broken.atMs}ms`,
              for: `${broken.forMs}ms`,
            },
          ]
    let streams: Stream[] = []
    const run = (on: number, with_: readonly IntervalFault[], compiled: boolean) =>
      runIntervals({
        compiled,
        interval: "1s",
        inputs: fed,
        intervals,
        workers: on,
        partitions,
        faults: with_,
        program: (session, inputs) => {
          streams = build(program, session, inputs, fed)
          return Object.fromEntries(streams.map(({ handle }, i) => [`s${i}`, handle]))
        },
      })
    const results = await run(workers, faults, true)
    for (const [i, { text, every, plain }] of streams.entries()) {
      const expected = Array.from({ length: Math.floor(intervals / every) }, (_, k) => inOrder(plain(k)))
      assert.equal(results[`s${i}`]!.map(inOrder), expected, text)
    }
    // Whoever computes it, read or called: the same rows in the same order.
    if (faults.length > 0 || closures) {
      const again = await run(1, [], !closures)
      for (const [name, rows] of Object.entries(results)) {
        const text = streams[Number(name.slice(1))]!.text
        assert.equal(again[name], rows, text)
        assert.equal(again[name]!.map(encodeRows), rows.map(encodeRows), `${text}: the bytes`)
      }
    }
  }),
)
