/**
 * Random programs over random records on whole clusters: each interval of each stream is what plain arrays give; and whatever the
 * number of workers, whoever dies, live or from a file, the very same rows in the same order.
 */

import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type IntervalFault, runIntervals, simulate } from "../../cluster/testing/index.js"
import { encodeRows } from "../../engine/block/block.js"
import { sum } from "../../engine/builtins.js"
import type { DStream } from "../../engine/fluent/types.js"
import { inOrder } from "./random/plain.js"
import { build, fault, holds, input, steps } from "./random/programs.js"
import type { Stream } from "./random/stream.js"

const test = suite("random programs on clusters")

const intervals = 6

test("each interval of each stream is what plain arrays give, on any cluster", async () => {
  const cluster = fc.record({
    workers: fc.integer({ min: 1, max: 4 }),
    partitions: fc.integer({ min: 1, max: 7 }),
    fault,
    closures: fc.boolean(),
  })
  await holds(
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
    60,
    20_131,
  )
})

test("from a file by their own times: the same rows as live", async () => {
  const record = fc.record({ k: fc.constantFrom("a", "b", "c"), n: fc.integer({ min: 0, max: 9 }) })
  const start = Date.UTC(2026, 0, 1)
  const program = (views: DStream<{ k: string; n: number }>) => {
    const pairs = views.map(({ k, n }) => [k, n])
    return {
      sums: pairs.reduceByKey(sum, 3),
      running: pairs.runningReduce(sum),
      windows: pairs.reduceByWindow("3s", sum, (x, y) => x - y),
      sizes: pairs
        .window("2s")
        .groupByKey()
        .mapValues(ns => ns.length),
    }
  }
  await holds(
    fc.asyncProperty(fc.array(fc.array(record, { maxLength: 4 }), { minLength: 1, maxLength: 5 }), async rows => {
      const live = await runIntervals({ interval: "1s", inputs: { views: rows }, workers: 2, program: (_, { views }) => program(views!) })
      const s = await simulate({ workers: 3 })
      const timed = rows.flatMap((interval, i) => interval.map(row => ({ ...row, t: start + 1000 * i })))
      // What ends the file is later than all: it closes the intervals before it.
      await s.parallelize([...timed, { k: "z", n: 0, t: start + 1000 * rows.length }], 1).save("/log")
      const replayed = program(
        s.readStream<{ k: string; n: number; t: number }>("file:/log", "1s", { format: "json", timestamp: v => v.t }),
      )
      await s.flush()
      await s.advance("5s")
      await s.drained()
      for (const [name, handle] of Object.entries(replayed)) {
        const of = handle as unknown as DStream<unknown>
        for (const [i, expected] of live[name as keyof typeof replayed].entries()) {
          assert.equal(await of.at(start + 1000 * i).collect(), expected, `${name} ${i}`)
        }
      }
      await s.close()
    }),
    10,
    20_131,
  )
})

test.run()
