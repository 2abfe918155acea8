/** Keys compare by value: every keyed operator, on whole clusters, over keys of all kinds that come as objects of their own. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { runIntervals, simulate } from "../../cluster/testing/index.js"
import { sum } from "../../engine/builtins.js"
import type { Change, DStream, RDD } from "../../engine/fluent/types.js"
import { canonicalKey } from "../../engine/keys/key.js"

const test = suite("keys by value")

/** Made anew at each call: no two of them are the same object. Each differs from all others. */
const keys = (): unknown[] => [
  "a",
  "",
  "é",
  "日本語",
  "\u{1f600}",
  "\ud800",
  "\udc00\ud800",
  0,
  1,
  1n,
  "1",
  Number.NaN,
  Number.POSITIVE_INFINITY,
  0.1,
  2 ** 53,
  null,
  undefined,
  true,
  false,
  new Date(0),
  [],
  ["a", 1],
  [["a"], 1],
  [undefined],
  [null],
  [Number.NaN],
  {},
  { a: 1 },
  { a: 1, b: ["\ud800"] },
  { a: undefined },
  { a: { b: null } },
]
/** The same keys, written in another way. */
const others = (): unknown[] =>
  keys().map(key => {
    if (key === 0) return -0
    if (typeof key !== "object" || key === null || Array.isArray(key) || key instanceof Date) return key
    return Object.fromEntries(Object.entries(key).reverse())
  })
const n = keys().length

/** What each key has, by the key's text. */
function byKey(rows: readonly unknown[]): Map<string, unknown> {
  const found = new Map<string, unknown>()
  for (const [key, value] of rows as [unknown, unknown][]) {
    const text = canonicalKey(key)
    assert.not(found.has(text), `${text} comes twice`)
    found.set(text, value)
  }
  return found
}

/** Each key once, with this value. */
function eachKeyHas(rows: readonly unknown[], value: unknown, what: string): void {
  const expected = new Map(keys().map(key => [canonicalKey(key), value]))
  assert.equal([...byKey(rows)].sort(), [...expected].sort(), what)
}

const options = { interval: "1s", workers: 3, partitions: 5 } as const

test("reductions, groups and joins of one interval", async () => {
  type Pairs = DStream<[unknown, number]>
  const results = await runIntervals({
    ...options,
    inputs: { left: [[...keys(), ...others()]], right: [others()] },
    program: (s, { left, right }) => {
      const a = left!.map(k => [k, 1]) as Pairs
      const b = right!.map(k => [k, 10]) as Pairs
      const fixed = s.parallelize(keys().map(k => [k, 100])) as unknown as RDD<[unknown, number]>
      return {
        reduceByKey: a.reduceByKey(sum),
        closure: a.reduceByKey((x, y) => x + y),
        groupByKey: a.groupByKey().mapValues(vs => vs.length),
        combineByKey: a.combineByKey(
          v => [v],
          (c, v) => [...c, v],
          (c, d) => [...c, ...d],
        ),
        cogroup: a.cogroup(b),
        join: a.reduceByKey(sum).join(b),
        leftOuterJoin: a.reduceByKey(sum).leftOuterJoin(b),
        rightOuterJoin: a.reduceByKey(sum).rightOuterJoin(b),
        fullOuterJoin: a.reduceByKey(sum).fullOuterJoin(b),
        withData: a.reduceByKey(sum).join(fixed),
        distinct: left!.distinct().map(k => [k, 1]),
        countByValue: left!.countByValue(),
      }
    },
  })
  const values: { readonly [name in keyof typeof results]: unknown } = {
    reduceByKey: 2,
    closure: 2,
    groupByKey: 2,
    combineByKey: [1, 1],
    cogroup: [[1, 1], [10]],
    join: [2, 10],
    leftOuterJoin: [2, 10],
    rightOuterJoin: [2, 10],
    fullOuterJoin: [2, 10],
    withData: [2, 100],
    distinct: 1,
    countByValue: 2,
  }
  for (const [name, value] of Object.entries(values)) eachKeyHas(results[name as keyof typeof values][0]!, value, name)
})

test("states and windows over three intervals", async () => {
  const results = await runIntervals({
    ...options,
    inputs: { events: [keys(), others(), []] },
    program: (s, { events }) => {
      const ones = events!.map(k => [k, 1]) as DStream<[unknown, number]>
      const initial = s.parallelize(others().map(k => [k, 100])) as unknown as RDD<[unknown, number]>
      return {
        runningReduce: ones.runningReduce(sum),
        initial: ones.runningReduce(sum, { initial }),
        track: ones.track(
          () => 1,
          (_, state) => state + 1,
          "5s",
        ),
        updateStateByKey: ones.updateStateByKey((vs, state: number | undefined) => (state ?? 0) + vs.length),
        window: ones.reduceByWindow("2s", sum),
        inverse: ones.reduceByWindow("2s", sum, (x, y) => x - y),
        ofWindow: ones.window("2s").reduceByKey(sum),
        groupsOfWindow: ones.window("2s").groupByKey(),
        withState: ones.runningReduce(sum).join(ones.runningReduce(sum)),
        eventTime: ones
          .reduceByEventTime("10s", sum, { timestamp: () => Date.UTC(2026, 0, 1), correctFor: "1m" })
          .map(([[, k], v]) => [k, v]),
      }
    },
  })
  const last: { readonly [name in keyof typeof results]: unknown } = {
    runningReduce: 2,
    initial: 102,
    track: 2,
    updateStateByKey: 2,
    window: 1,
    inverse: 1,
    ofWindow: 1,
    groupsOfWindow: [1],
    withState: [2, 2],
    eventTime: 2,
  }
  for (const [name, value] of Object.entries(last)) eachKeyHas(results[name as keyof typeof last][2]!, value, name)
})

test("one key is found by any of its ways to be written", async () => {
  const s = await simulate({ workers: 2, partitions: 5 })
  const all = keys()
  const state = s
    .readStream<[unknown, number]>("events", "1s", { format: line => [all[Number(line)], 1] as [unknown, number] })
    .runningReduce(sum)
  const lines = all.map((_, i) => String(i))
  s.feed("events", lines)
  await s.advance("1s")
  s.feed("events", [...lines, ...lines])
  await s.advance("1s")
  for (const key of others()) {
    assert.is(await state.get(key), 3, canonicalKey(key))
    assert.equal((await state.history(key, "-2s")).values(), [1, 3], canonicalKey(key))
  }
  eachKeyHas(await state.getAll(others()), 3, "getAll")
  const changes = await state.changes("-1s").collect()
  eachKeyHas(
    changes.map(({ key, before, after, delta }: Change<unknown, number>) => [key, [before, after, delta]]),
    [1, 3, 2],
    "changes",
  )
  await s.close()
})

test("RDDs: sets, lookups and maps", async () => {
  const s = await simulate({ workers: 2, partitions: 5 })
  const a = s.parallelize([...keys(), ...others()] as never[], 3) as RDD<unknown>
  const b = s.parallelize(others() as never[], 2) as RDD<unknown>
  const ones = a.map(k => [k, 1]) as RDD<[unknown, number]>
  const tens = b.map(k => [k, 10]) as RDD<[unknown, number]>
  assert.is(await a.distinct().count(), n)
  assert.is(await a.intersection(b).count(), n)
  assert.is(await a.subtract(b).count(), 0)
  assert.is(await ones.subtractByKey(tens).count(), 0)
  eachKeyHas(await ones.reduceByKey(sum).collect(), 2, "reduceByKey")
  eachKeyHas(
    await a
      .groupBy(k => k as never)
      .mapValues(ks => ks.length)
      .collect(),
    2,
    "groupBy",
  )
  eachKeyHas(await ones.foldByKey(0, sum).collect(), 2, "foldByKey")
  eachKeyHas(await ones.partitionBy(4).reduceByKey(sum).join(tens).collect(), [2, 10], "partitionBy, join")
  eachKeyHas([...(await a.countByValue())], 2, "countByValue")
  eachKeyHas([...(await ones.countByKey())], 2, "countByKey")
  eachKeyHas([...(await ones.collectAsMap())], 1, "collectAsMap")
  for (const key of [...keys(), ...others()]) assert.equal(await tens.lookup(key), [10], canonicalKey(key))
  await s.close()
})

test.run()
