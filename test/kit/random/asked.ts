/** What streams of a random program are asked, beside what plain arrays give. */

import * as assert from "uvu/assert"
import type { Simulation } from "../../../cluster/testing/index.js"
import { intervalsOf } from "../../../cluster/testing/run-intervals.js"
import { sum } from "../../../engine/builtins.js"
import { intervals, spanMs, startMs } from "./events.js"
import { best, grouped, inOrder, keyText, mapOf, type Pair, reduced } from "./plain.js"
import { type Any, as, isNumber, ones, type Snap, type State, type Stream } from "./stream.js"

/** Each interval of each stream. */
export async function check(s: Simulation, streams: readonly Stream[]): Promise<void> {
  for (const { text, handle, every, plain } of streams) {
    const expected = Array.from({ length: Math.floor(intervals / every) }, (_, k) => inOrder(plain(k)))
    const found = await intervalsOf(s, handle, startMs, spanMs)
    assert.equal(found.map(inOrder), expected, text)
  }
}

/** What a stream of records is asked for: a range, the interval of a moment, the newest. */
async function checkRecords(stream: Stream): Promise<void> {
  const { text, every, plain, ordered } = stream
  const records = as<Any>(stream)
  const [from, to] = [2000, 5000].map(ms => startMs + ms)
  const inRange = Array.from({ length: intervals }, (_, i) => i).filter(i => (i + 1) * every > 2 && i * every < 5)
  const rows = inRange.flatMap(plain)
  const slice = records.slice(from!, to!)
  assert.equal(inOrder(await slice.collect()), inOrder(rows), `${text}: slice`)
  assert.is(await slice.map(() => 1).fold(0, (x, y) => x + y), rows.length, `${text}: slice, fold`)
  assert.equal(inOrder([...(await slice.countByValue())]), inOrder(reduced(rows.map(ones), sum)), `${text}: slice, countByValue`)
  const last = Math.floor((intervals - 1) / every)
  assert.equal(inOrder(await records.at(startMs + last * every * 1000 + 1).collect()), inOrder(plain(last)), `${text}: at`)
  if (!ordered) return
  assert.equal(await slice.collect(), rows, `${text}: slice, in order`)
  assert.equal(await slice.take(3), rows.slice(0, 3), `${text}: slice, take`)
  assert.equal(
    (await records.take(4)).length,
    Math.min(4, Array.from({ length: intervals }, (_, i) => plain(i)).flat().length),
    `${text}: take`,
  )
}

/** What a state and its versions are asked for, by two instants and each key. */
export async function checkAsked(streams: readonly Stream[]): Promise<void> {
  const [from, to] = [startMs + 2000, startMs + 5000]
  for (const stream of streams.filter(({ kind }) => kind === "records").slice(-2)) await checkRecords(stream)
  for (const stream of streams.filter(({ kind }) => kind !== "records").slice(-2)) {
    const { text, every, first, plain } = stream
    const intervalMs = every * 1000
    const inRange = Array.from({ length: intervals }, (_, i) => i).filter(i => (i + 1) * every > 2 && i * every < 5)
    const versions = as<Snap>(stream).slice(from, to)
    assert.equal(
      (await versions.count()).values(),
      inRange.map(i => plain(i).length),
      `${text}: slice, count`,
    )
    const numbers = versions.transform(rdd => rdd.distinct().map(v => [v, 1] as Pair))
    const distinct = (i: number) => grouped(plain(i).map(ones)).map(([v]) => v)
    assert.equal(
      (await numbers.count()).values(),
      inRange.map(i => distinct(i).length),
      `${text}: slice, transform`,
    )
    assert.equal(
      (await numbers.top(2)).values(),
      inRange.map(i => best(distinct(i).map(ones))),
      `${text}: slice, top`,
    )
    assert.equal(
      (
        await versions
          .filter(isNumber)
          .map(() => 1)
          .reduce(sum)
      ).values(),
      inRange.map(i => plain(i).filter(isNumber).length || undefined),
      `${text}: slice, filter, reduce`,
    )
    assert.equal(inOrder(await versions.union().collect()), inOrder(inRange.flatMap(plain)), `${text}: slice, union`)
    if (inRange.length > 0) assert.equal(inOrder(await versions.last().collect()), inOrder(plain(inRange.at(-1)!)), `${text}: slice, last`)
    if (stream.kind !== "state" || stream.holds !== "pairs") continue
    const state = as<State>(stream)
    // As of an instant: the newest interval that ends by then.
    const [before, after] = [from, to].map(t => {
      const i = Math.floor((t - startMs) / intervalMs) - 1
      return mapOf<number>(i < first ? [] : plain(i))
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
