/** Random programs over random records against plain arrays: every operator gives what loops over arrays give. */

import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { DStream, RDD } from "../../../engine/fluent/types.js"
import { compareKeys, KeyMap, sameValue } from "../../../engine/keys/key.js"
import { showValue } from "../../../engine/values/values.js"
import { distinctOf, grouped, holdsRow, ranked, rddSteps, sortedBy } from "../../kit/random/rdd-steps.js"
import { TinyHost } from "./tiny-host.js"

const scalar = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 5 }) },
  { weight: 3, arbitrary: fc.constantFrom<unknown>(Number.NaN, -0, 0.5, Infinity, null, undefined, true, 3n, "") },
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "\ud800", "\udc00a", "é", "\u{1f600}", "1") },
  { weight: 1, arbitrary: fc.constantFrom(new Date(0), new Date(86_400_000)) },
)
const value = fc.oneof(
  { weight: 5, arbitrary: scalar },
  { weight: 2, arbitrary: fc.tuple(scalar, scalar) as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: fc.dictionary(fc.constantFrom("x", "y"), scalar, { noNullPrototype: true }) as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) as fc.Arbitrary<unknown> },
)
const partitions = fc.array(fc.array(value, { maxLength: 6 }), { maxLength: 4 })

/** RUNS=10 looks ten times as long. */
const more = Number(process.env.RUNS ?? 1)

const inOrder = (rows: readonly unknown[]) => [...rows].sort(compareKeys)

function equal(actual: readonly unknown[], expected: readonly unknown[], what: string): void {
  const same = actual.length === expected.length && actual.every((row, i) => sameValue(row, expected[i]))
  assert.ok(same, `${what}\n  is     ${showValue(actual, 1000)}\n  not    ${showValue(expected, 1000)}`)
}

test("programs of RDD operators", async () => {
  const program = fc.array(fc.nat(rddSteps.length - 1), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(partitions, partitions, program, async (left, right, chosen) => {
      const host = new TinyHost()
      let rdd = host.cuts(left) as RDD<unknown>
      let array = left.flat()
      const [other, others] = [host.cuts(right) as RDD<unknown>, right.flat()]
      let ordered = true
      let size = array.length
      const names: string[] = []
      for (const index of chosen) {
        const step = rddSteps[index]!
        // What depends on an order that is not defined cannot be compared; what explodes takes too long.
        if (!ordered && step.ordered) continue
        if (size > 60 && step.explodes) continue
        rdd = step.rdd(rdd, other)
        array = step.array(array, others)
        size = array.length
        names.push(step.name)
        if (step.loosens) ordered = false
      }
      const what = names.join(", ")
      const rows = await rdd.collect()
      if (ordered) equal(rows, array, what)
      equal(inOrder(rows), inOrder(array), what)
      assert.is(await rdd.count(), array.length, what)
      assert.is(await rdd.isEmpty(), array.length === 0, what)
      const counts = [...(await rdd.countByValue())]
      equal(inOrder(counts), inOrder(grouped(array.map(v => [v, v])).map(([k, vs]) => [k, vs.length])), `${what}: countByValue`)
      equal(
        await rdd.takeOrdered(3, v => v as never),
        sortedBy(array, (x, y) => ranked(x, y, 1) || compareKeys(x, y)).slice(0, 3),
        `${what}: takeOrdered`,
      )
      if (ordered) equal(await rdd.take(4), array.slice(0, 4), `${what}: take`)
      const sampled = await rdd.takeSample(2)
      assert.ok(sampled.length === Math.min(2, array.length) && sampled.every(v => holdsRow(array, v)), `${what}: takeSample`)
    }),
    { numRuns: 60 * more },
  )
})

const pairsOf = fc.array(fc.array(fc.tuple(value, fc.integer({ min: 0, max: 9 })), { maxLength: 6 }), { maxLength: 3 })

test("pairs: reductions and joins", async () => {
  await fc.assert(
    fc.asyncProperty(pairsOf, pairsOf, async (left, right) => {
      const host = new TinyHost()
      const [a, b] = [host.cuts(left) as RDD<[unknown, number]>, host.cuts(right) as RDD<[unknown, number]>]
      const [as, bs] = [left.flat(), right.flat()]
      const [ga, gb] = [grouped(as), grouped(bs)]
      const keys = distinctOf([...ga, ...gb].map(([k]) => k))
      const of = (groups: [unknown, unknown[]][], key: unknown) => groups.find(([k]) => sameValue(k, key))?.[1] ?? []
      const joined = (l: boolean, r: boolean) =>
        keys.flatMap(key => {
          const [x, y] = [of(ga, key), of(gb, key)]
          return (x.length > 0 || !l ? x : [undefined]).flatMap(v => (y.length > 0 || !r ? y : [undefined]).map(w => [key, [v, w]]))
        })
      const sumOf = (vs: unknown[]) => (vs as number[]).reduce((x, y) => x + y)
      const rows: [string, RDD<unknown>, unknown[]][] = [
        ["reduceByKey", a.reduceByKey((x, y) => x + y) as RDD<unknown>, ga.map(([k, vs]) => [k, sumOf(vs)])],
        ["groupByKey", a.groupByKey() as RDD<unknown>, ga],
        ["foldByKey", a.foldByKey(5, (x, y) => x + y).mapValues(n => n % 5) as RDD<unknown>, ga.map(([k, vs]) => [k, sumOf(vs) % 5])],
        [
          "aggregateByKey",
          a.aggregateByKey(
            [] as number[],
            (c, v) => [...c, v],
            (x, y) => [...x, ...y],
          ) as RDD<unknown>,
          ga,
        ],
        ["cogroup", a.cogroup(b) as RDD<unknown>, keys.map(k => [k, [of(ga, k), of(gb, k)]])],
        ["join", a.join(b) as RDD<unknown>, joined(false, false)],
        ["leftOuterJoin", a.leftOuterJoin(b) as RDD<unknown>, joined(false, true)],
        ["rightOuterJoin", a.rightOuterJoin(b) as RDD<unknown>, joined(true, false)],
        ["fullOuterJoin", a.fullOuterJoin(b) as RDD<unknown>, joined(true, true)],
        ["subtractByKey", a.subtractByKey(b) as RDD<unknown>, as.filter(([k]) => of(gb, k).length === 0)],
      ]
      for (const [name, rdd, expected] of rows) equal(inOrder(await rdd.collect()), inOrder(expected), name)
      for (const key of keys.slice(0, 2)) equal(await a.lookup(key), of(ga, key), "lookup")
      equal(inOrder([...(await a.countByKey())]), inOrder(ga.map(([k, vs]) => [k, vs.length])), "countByKey")
      equal(inOrder([...(await a.collectAsMap())]), inOrder(ga.map(([k, vs]) => [k, vs.at(-1)])), "collectAsMap")
    }),
    { numRuns: 20 * more },
  )
})

test("numbers: stats and histogram", async () => {
  const numbers = fc.array(fc.array(fc.oneof(fc.integer({ min: -50, max: 50 }), fc.constantFrom(-0, 0.1, Number.NaN))), { maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(numbers, fc.integer({ min: 1, max: 7 }), async (cuts, n) => {
      const host = new TinyHost()
      const rdd = host.cuts(cuts)
      const all = cuts.flat()
      const real = all.filter(v => !Number.isNaN(v))
      const buckets = await rdd.histogram(n)
      assert.is(
        buckets.reduce((total, [, , count]) => total + count, 0),
        real.length,
      )
      for (const [i, [from, to, count]] of buckets.entries()) {
        const last = i === buckets.length - 1
        assert.is(real.filter(v => v >= from && (v < to || (last && v <= to))).length, count, `${from} – ${to} of ${real}`)
      }
      const stats = await rdd.stats()
      assert.is(stats.count, all.length)
      const sorted = [...real].sort((x, y) => x - y)
      if (real.length > 0 && real.length === all.length) {
        assert.is(stats.min + 0, sorted[0]! + 0)
        assert.is(stats.max + 0, sorted.at(-1)! + 0)
        assert.is(stats.p50 + 0, sorted[Math.ceil(sorted.length / 2) - 1]! + 0)
      }
    }),
    { numRuns: 20 * more },
  )
})

const intervals = fc.array(
  fc.array(fc.tuple(fc.constantFrom<unknown>("a", "b", Number.NaN, null, ["a", 1]), fc.integer({ min: 1, max: 9 })), { maxLength: 4 }),
  {
    minLength: 1,
    maxLength: 14,
  },
)

test("windows and states over random intervals", () => {
  fc.assert(
    fc.property(
      intervals,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      (input, length, slide, timeout) => {
        const host = new TinyHost()
        const s = host.input("s", input) as DStream<[unknown, number]>
        const [lengthText, slideText] = [`${length}s`, `${slide}s`] as const
        const slides = Math.floor(input.length / slide)
        const windows = Array.from({ length: slides }, (_, i) => input.slice(Math.max(0, (i + 1) * slide - length), (i + 1) * slide).flat())
        const reduced = windows.map(rows => grouped(rows).map(([k, vs]) => [k, (vs as number[]).reduce((x, y) => x + y)]))
        const texts = windows.map(rows => grouped(rows).map(([k, vs]) => [k, vs.join(" ")]))
        const totals = input.map((_, i) =>
          grouped(input.slice(0, i + 1).flat()).map(([k, vs]) => [k, (vs as number[]).reduce((x, y) => x + y)]),
        )
        const seen = new KeyMap<[state: number, at: number]>()
        const tracked = input.map((rows, i) => {
          for (const [k, v] of rows) {
            const before = seen.get(k)
            // Events come before timeouts.
            seen.set(k, [before !== undefined && i <= before[1] + timeout ? before[0] + v : v, i])
          }
          return [...seen.entries()].flatMap(([k, [state, at]]) => (i < at + timeout ? [[k, state]] : []))
        })
        const made: [string, unknown, unknown[][]][] = [
          ["reduceByWindow", s.reduceByWindow(lengthText, (x, y) => x + y, undefined, slideText), reduced],
          [
            "reduceByWindow in order",
            s.mapValues(n => `${n}`).reduceByWindow(lengthText, (x, y) => `${x} ${y}`, undefined, slideText),
            texts,
          ],
          [
            "reduceByWindow with inverse",
            s.reduceByWindow(
              lengthText,
              (x, y) => x + y,
              (x, y) => x - y,
              slideText,
            ),
            reduced,
          ],
          ["window", s.window(lengthText, slideText), windows],
          ["countByWindow", s.countByWindow(lengthText, slideText), windows.map(rows => [rows.length])],
          ["runningReduce", s.runningReduce((x, y) => x + y), totals],
          [
            "track",
            s.track(
              (_k, v) => v,
              (_k, state, v) => state + v,
              `${timeout}s`,
            ),
            tracked,
          ],
          ["count", s.count(), input.map(rows => [rows.length])],
          [
            "join with a state",
            s.join(s.runningReduce((x, y) => x + y)).map(([k, [v, total]]) => [k, v, total]),
            input.map((rows, i) => rows.map(([k, v]) => [k, v, totals[i]!.find(([key]) => sameValue(key, k))![1]])),
          ],
        ]
        for (const [name, handle, expected] of made) {
          const actual = host.intervalsOf(handle as never)
          assert.is(actual.length, expected.length, name)
          for (const [i, rows] of expected.entries())
            equal(inOrder(actual[i]!), inOrder(rows), `${name} of interval ${i}, ${length} by ${slide}`)
        }
      },
    ),
    { numRuns: 20 * more },
  )
})

test.run()
