/**
 * Random programs live, and replayed from files: the very same rows in the same order, as many bytes, whatever the number of workers, and
 * whoever dies.
 */

import fc from "fast-check"
import * as assert from "uvu/assert"
import { type Simulation, simulate } from "../../../cluster/testing/index.js"
import { intervalsOf } from "../../../cluster/testing/run-intervals.js"
import { encodeRows } from "../../../engine/block/block.js"
import { type Event, intervals, spanMs, startMs, value, values } from "./events.js"
import { build, fault, steps } from "./programs.js"
import { property } from "./property.js"
import type { Stream } from "./stream.js"

const fed = fc.array(fc.array(fc.record({ v: value, atMs: fc.integer({ min: 0, max: 999 }) }), { maxLength: 5 }), { maxLength: intervals })
const cluster = fc.record({ workers: fc.integer({ min: 1, max: 4 }), fault })

/** In the order in which they are written down, which is not that of their times; with one that begins the first interval. */
const eventsOf = (name: string, rows: readonly (readonly { v: unknown; atMs: number }[])[]): Event[][] =>
  Array.from({ length: intervals }, (_, i) => [
    ...(i === 0 ? [{ id: "begin", t: startMs, v: "begin" }] : []),
    ...(rows[i] ?? []).map(({ v, atMs }, n) => ({ id: `${name}${i}.${n}`, t: startMs + i * 1000 + atMs, v })),
  ])

const linesOf = (events: readonly Event[]) => events.map(event => JSON.stringify(event))
/** What ends a file is later than all: it closes the intervals before it. */
const end: Event = { id: "end", t: startMs + spanMs, v: "end" }

type On = { readonly workers: number; readonly fault: { readonly who: number; readonly atMs: number; readonly forMs: number } | null }

/** The node that dies, which is not the only worker, and its death and return in the order of time. */
function deathOf({ workers, fault: broken }: On): { node: string; atMs: number; forMs: number } | null {
  if (broken === null || workers < 2) return null
  return { ...broken, node: broken.who === 0 ? "master" : `w${1 + (broken.who % workers)}` }
}

async function rowsOf(s: Simulation, streams: readonly Stream[]): Promise<unknown[][][]> {
  const rows: unknown[][][] = []
  for (const { handle } of streams) rows.push(await intervalsOf(s, handle, startMs, spanMs))
  await s.close()
  return rows
}

type Built = (s: Simulation, sources: { readonly a: string; readonly b: string }) => Stream[]

async function live(built: Built, inputs: { readonly a: Event[][]; readonly b: Event[][] }, partitions: number, on: On) {
  const s = await simulate({ workers: on.workers, partitions })
  const streams = built(s, { a: "a", b: "b" })
  await s.flush()
  const death = deathOf(on)
  const points = death === null ? [] : [death.atMs, death.atMs + death.forMs]
  const go = async (toMs: number) => {
    while (points[0] !== undefined && points[0] <= toMs) {
      await s.advance(`${startMs + points.shift()! - s.clock.now()}ms`)
      if (points.length === 1) s.kill(death!.node)
      else s.restart(death!.node)
    }
    await s.advance(`${startMs + toMs - s.clock.now()}ms`)
  }
  for (let i = 0; i < intervals; i++) {
    for (const name of ["a", "b"] as const) s.feed(name, linesOf(inputs[name][i]!))
    await go((i + 1) * 1000)
  }
  await go(spanMs + 20_000)
  return rowsOf(s, streams)
}

async function replay(built: Built, inputs: { readonly a: Event[][]; readonly b: Event[][] }, partitions: number, on: On) {
  const s = await simulate({ workers: on.workers, partitions, pace: "random", seed: 1 + (on.fault?.atMs ?? 0) })
  for (const name of ["a", "b"] as const)
    s.files.set(`/logs/${name}.ndjson`, Buffer.from(linesOf([...inputs[name].flat(), end]).join("\n")))
  const streams = built(s, { a: "file:/logs/a.ndjson", b: "file:/logs/b.ndjson" })
  await s.flush()
  const death = deathOf(on)
  if (death !== null) {
    // Here all is read at once: what dies does so in the middle of it.
    await s.advance(`${1 + (death.atMs % 200)}ms`)
    s.kill(death.node)
    await s.advance(`${death.forMs}ms`)
    s.restart(death.node)
  }
  await s.drained()
  return rowsOf(s, streams)
}

export const replayed = property(
  "replayed",
  fc.asyncProperty(fed, fed, steps, fc.integer({ min: 1, max: 7 }), cluster, cluster, async (a, b, program, partitions, first, second) => {
    const inputs = { a: eventsOf("a", a), b: eventsOf("b", b) }
    const texts: string[] = []
    const built: Built = (s, sources) => {
      const [, as] = values(s, sources.a, 0, "a")
      const [, bs] = values(s, sources.b, 0, "b")
      const streams = build(program, s, { a: as, b: bs }, { a: [], b: [] })
      texts.splice(0, texts.length, ...streams.map(({ text }) => text))
      return streams
    }
    const once = await live(built, inputs, partitions, first)
    const again = await replay(built, inputs, partitions, second)
    for (const [n, text] of texts.entries()) {
      assert.equal(again[n], once[n], text)
      assert.equal(again[n]!.map(encodeRows), once[n]!.map(encodeRows), `${text}: the bytes`)
    }
  }),
)
