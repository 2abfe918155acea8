/**
 * Random programs over records with a time of their own, which are pushed late and out of order while nodes die: each interval of each stream is
 * what plain arrays give of the records that were in time, the others are aside, and outputs have been given the same.
 */

import fc from "fast-check"
import * as assert from "uvu/assert"
import { simulate } from "../../../cluster/testing/index.js"
import type { DStream, Duration } from "../../../engine/fluent/types.js"
import { check, checkAsked } from "./asked.js"
import { arrivals, byInterval, type Event, eventsOf, intervals, isLate, slack, spanMs, startMs, values } from "./events.js"
import { checkOutputs } from "./given.js"
import type { Row } from "./plain.js"
import { build, fault, steps } from "./programs.js"
import { property } from "./property.js"

const cluster = fc.record({ workers: fc.integer({ min: 1, max: 4 }), partitions: fc.integer({ min: 1, max: 7 }), fault })
export const pushed = property(
  "pushed",
  fc.asyncProperty(arrivals, arrivals, slack, slack, steps, cluster, async (a, b, slackA, slackB, program, on) => {
    const given: [number, number, Row[]][] = []
    const globals = globalThis as { given?: typeof given }
    globals.given = given
    const s = await simulate({ workers: on.workers, partitions: on.partitions })
    const fed = { a: eventsOf("a", a), b: eventsOf("b", b) }
    const slackMs = { a: slackA, b: slackB }
    const [eventsA, as] = values(s, "a", slackA, "a")
    const [eventsB, bs] = values(s, "b", slackB, "b")
    const inTime = (name: "a" | "b") => byInterval(fed[name].flatMap((list, i) => list.filter(e => !isLate(e, i, slackMs[name]))))
    const streams = build(
      program,
      s,
      { a: as, b: bs },
      { a: inTime("a"), b: inTime("b") },
      { a: -Math.ceil(slackA / 1000), b: -Math.ceil(slackB / 1000) },
    )
    const outputs = streams.slice(-2)
    for (const [n, { handle }] of outputs.entries()) {
      const stream = handle as unknown as DStream<Row>
      stream.save(`out/s${n}`)
      stream.foreachRDD(
        async (rdd, { from }) => {
          ;(globalThis as unknown as { given: unknown[] }).given.push([n, from, await rdd.collect()])
        },
        { name: `out${n}` },
      )
    }
    await s.flush()
    const { fault: broken } = on
    const node = broken === null || on.workers < 2 ? null : broken.who === 0 ? "master" : `w${1 + (broken.who % on.workers)}`
    const points = node === null ? [] : [broken!.atMs, broken!.atMs + broken!.forMs]
    const go = async (toMs: number) => {
      while (points[0] !== undefined && points[0] <= toMs) {
        const atMs = points.shift()!
        await s.advance(`${startMs + atMs - s.clock.now()}ms` as Duration)
        if (points.length === 1) s.kill(node!)
        else s.restart(node!)
      }
      await s.advance(`${startMs + toMs - s.clock.now()}ms` as Duration)
    }
    for (let i = 0; i < intervals; i++) {
      // In two batches, which may go to two workers.
      for (const half of [0, 1]) {
        for (const name of ["a", "b"] as const) {
          const list = (fed[name][i] ?? []).map(e => JSON.stringify(e))
          const middle = Math.ceil(list.length / 2)
          s.feed(name, half === 0 ? list.slice(0, middle) : list.slice(middle))
        }
        await go(i * 1000 + 500 + half * 500)
      }
    }
    await go(spanMs + 20_000)
    await check(s, streams)
    await checkAsked(streams)
    checkOutputs(s, given, outputs)
    for (const [name, events] of [
      ["a", eventsA],
      ["b", eventsB],
    ] as const) {
      const aside = await events.aside.slice(startMs, "now").collect()
      const late = fed[name].flatMap((list, i) => list.filter(e => isLate(e, i, slackMs[name])))
      assert.equal(aside.map(({ record }) => (JSON.parse(record) as Event).id).sort(), late.map(({ id }) => id).sort(), `${name}: late`)
    }
    await s.close()
  }),
)
