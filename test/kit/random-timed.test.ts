/**
 * Random programs over records with a time of their own, which come late and out of order while nodes die: each interval of each stream is
 * what plain arrays give of the records that were in time, the others are aside, and outputs have been given the same. Read from
 * files by their times, the same programs give the same of all records.
 */

import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Simulation, simulate } from "../../cluster/testing/index.js"
import { intervalsOf } from "../../cluster/testing/run-intervals.js"
import type { DStream, Duration } from "../../engine/fluent/types.js"
import { grouped, inOrder, keyText, mapOf, type Row } from "./random/plain.js"
import { build, fault, holds, steps } from "./random/programs.js"
import { as, type Snap, type State, type Stream } from "./random/stream.js"

const test = suite("random programs over records with a time of their own")

const startMs = Date.UTC(2026, 0, 1)
const intervals = 6
const spanMs = intervals * 1000

interface Event {
  readonly id: string
  readonly t: number
  readonly v: unknown
}

/** What JSON gives back as it was. */
const value = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 3 }) },
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "", "é") },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(null, true, 1.5, [1, "a"], { x: 1 }) },
)
const arrival = fc.record({ v: value, atMs: fc.integer({ min: 0, max: 999 }), agoMs: fc.integer({ min: 0, max: 3500 }) })
const arrivals = fc.array(fc.array(arrival, { maxLength: 5 }), { maxLength: intervals })
const slack = fc.constantFrom(0, 1000, 2500)

/** By the interval in which each arrives. */
function eventsOf(name: string, arrived: readonly (readonly { v: unknown; atMs: number; agoMs: number }[])[]): Event[][] {
  return arrived.map((list, i) =>
    list.map(({ v, atMs, agoMs }, n) => ({ id: `${name}${i}.${n}`, t: startMs + Math.max(0, i * 1000 + atMs - agoMs), v })),
  )
}

const intervalOf = ({ t }: Event) => Math.floor((t - startMs) / 1000)

/** Late is what is of an interval that was closed when its own arrival's began. */
const isLate = (event: Event, arrivedIn: number, slackMs: number) => intervalOf(event) < Math.floor((arrivedIn * 1000 - slackMs) / 1000)

function byInterval(events: readonly Event[]): Row[][] {
  return Array.from({ length: intervals }, (_, i) => events.filter(event => intervalOf(event) === i).map(({ v }) => v))
}

function values(s: Simulation, source: string, slackMs: number, name: string): [DStream<Event>, DStream<unknown>] {
  const events = s.readStream<Event>(source, "1s", { format: "json", timestamp: e => e.t, slack: `${slackMs}ms` as Duration })
  s.name(events, name)
  return [events, events.map(e => e.v as Row)]
}

async function check(s: Simulation, streams: readonly Stream[]): Promise<void> {
  for (const { text, handle, every, plain } of streams) {
    const expected = Array.from({ length: Math.floor(intervals / every) }, (_, k) => inOrder(plain(k)))
    const found = await intervalsOf(s, handle, startMs, spanMs)
    assert.equal(found.map(inOrder), expected, text)
  }
}

/** What a state and its versions are asked for, by two instants and each key. */
async function checkAsked(streams: readonly Stream[]): Promise<void> {
  const [from, to] = [startMs + 2000, startMs + 5000]
  for (const stream of streams.filter(({ kind }) => kind !== "records").slice(-2)) {
    const { text, every, plain } = stream
    const intervalMs = every * 1000
    const inRange = Array.from({ length: intervals }, (_, i) => i).filter(i => (i + 1) * every > 2 && i * every < 5)
    const versions = as<Snap>(stream).slice(from, to)
    assert.equal(
      (await versions.count()).values(),
      inRange.map(i => plain(i).length),
      `${text}: slice, count`,
    )
    assert.equal(inOrder(await versions.union().collect()), inOrder(inRange.flatMap(plain)), `${text}: slice, union`)
    if (inRange.length > 0) assert.equal(inOrder(await versions.last().collect()), inOrder(plain(inRange.at(-1)!)), `${text}: slice, last`)
    if (stream.kind !== "state" || stream.holds !== "pairs") continue
    const state = as<State>(stream)
    // As of an instant: the newest interval that ends by then.
    const [before, after] = [from, to].map(t => {
      const i = Math.floor((t - startMs) / intervalMs) - 1
      return mapOf<number>(i < 0 ? [] : plain(i))
    })
    const keys = grouped([...before!.values(), ...after!.values(), ["nobody", 1]]).map(([key]) => key)
    const changed = keys.flatMap(key => {
      const [was, is] = [before!.of(key), after!.of(key)]
      return Object.is((was ?? 0) + 0, (is ?? 0) + 0) && (was === undefined) === (is === undefined)
        ? []
        : [{ key, before: was, after: is, delta: (is ?? 0) - (was ?? 0) }]
    })
    assert.equal(inOrder(await state.changes(from, to).collect()), inOrder(changed), `${text}: changes`)
    const at = startMs + intervalMs * Math.floor((intervals - 1) / every)
    const newest = mapOf<number>(plain(Math.floor((intervals - 1) / every)))
    assert.equal(
      await state.getAll(keys, at),
      keys.flatMap(key => (newest.has(keyText(key)) ? [[key, newest.of(key)]] : [])),
      `${text}: getAll`,
    )
    for (const key of keys.slice(0, 2)) {
      const history = await state.history(key, from, to)
      assert.equal(
        history.values(),
        inRange.map(i => mapOf<number>(plain(i)).of(key)),
        `${text}: history of ${keyText(key)}`,
      )
    }
  }
}

const asJson = (rows: readonly Row[]) => rows.map(row => JSON.stringify(row)).sort()

/** What `save` wrote, and what `foreachRDD` was given, of each interval. `emptyFirst`: the first one is as one before it, to which slack reaches back. */
function checkOutputs(
  s: Simulation,
  given: readonly (readonly [number, number, Row[]])[],
  streams: readonly Stream[],
  emptyFirst: boolean,
): void {
  for (const [n, { text, kind, every, plain }] of streams.entries()) {
    for (let k = 0; k < Math.floor(intervals / every); k++) {
      const from = startMs + k * every * 1000
      const begins = `out/s${n}/${new Date(from).toISOString().replaceAll(":", "-")}`
      const written = [...s.files].filter(([path]) => path.startsWith(begins)).map(([, bytes]) => Buffer.from(bytes).toString())
      const lines = written.join("").split("\n").filter(Boolean)
      // A version that is as the one before it need not be written again.
      const before = () => asJson(plain(k - 1)).join("\n")
      const isSame = kind !== "records" && (k === 0 ? emptyFirst : asJson(plain(k)).join("\n") === before())
      if (lines.length > 0 || !isSame) assert.equal(lines.sort(), asJson(plain(k)), `saved: ${text}, interval ${k}`)
      const calls = given.filter(([of, at]) => of === n && at === from)
      assert.ok(calls.length > 0, `foreachRDD: ${text}, interval ${k}: never called`)
      for (const [, , rows] of calls) assert.equal(inOrder(rows), inOrder(plain(k)), `foreachRDD: ${text}, interval ${k}`)
    }
  }
}

test("pushed, with slack: what is in time counts, what is late is aside, outputs are given what questions are", async () => {
  const cluster = fc.record({ workers: fc.integer({ min: 1, max: 4 }), partitions: fc.integer({ min: 1, max: 7 }), fault })
  await holds(
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
      const streams = build(program, s, { a: as, b: bs }, { a: inTime("a"), b: inTime("b") })
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
      const first = [...inTime("a")[0]!, ...inTime("b")[0]!]
      checkOutputs(s, given, outputs, slackA + slackB > 0 && first.length === 0)
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
    6,
    20_132,
  )
})

test("from files by their times: the same of all records", async () => {
  await holds(
    fc.asyncProperty(arrivals, arrivals, steps, fc.integer({ min: 1, max: 3 }), async (a, b, program, workers) => {
      const s = await simulate({ workers })
      const fed = { a: eventsOf("a", a).flat(), b: eventsOf("b", b).flat() }
      // What ends a file is later than all: it closes the intervals before it.
      const end = { id: "end", t: startMs + spanMs, v: "end" }
      for (const [name, events] of Object.entries(fed)) {
        const lines = [{ id: "begin", t: startMs, v: "begin" }, ...events, end].map(e => `${JSON.stringify(e)}\n`)
        s.files.set(`/logs/${name}.ndjson`, Buffer.from(lines.join("")))
      }
      const [, as] = values(s, "file:/logs/a.ndjson", 2000, "a")
      const [, bs] = values(s, "file:/logs/b.ndjson", 0, "b")
      const all = { a: byInterval(fed.a), b: byInterval(fed.b) }
      for (const rows of Object.values(all)) rows[0]!.unshift("begin")
      const streams = build(program, s, { a: as, b: bs }, all)
      await s.flush()
      await s.drained()
      await check(s, streams)
      await s.close()
    }),
    6,
    20_133,
  )
})

test.run()
