/** What Spark's BasicOperationsSuite asks of stateless operators and unions, on whole clusters. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"
import { max, sum } from "../../engine/builtins.js"
import { sameEverywhere, sorted } from "./tables.js"

const test = suite("operations on streams")

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const numbers = [range(1, 4), range(5, 8), range(9, 12)]
const each = (f: (n: number) => unknown) => numbers.map(interval => interval.map(f))

test("narrow operators, counts and reductions of numbers", async () => {
  await sameEverywhere(
    {
      inputs: { numbers },
      program: (s, { numbers: n }) => ({
        map: n!.map(String),
        flatMap: n!.flatMap((x: number) => [x, x * 2]),
        filter: n!.filter((x: number) => x % 2 === 0),
        mapPartitions: n!.mapPartitions(xs => [[...xs].reduce(sum, 0)]).reduce(sum),
        more: n!.repartition(10),
        fewer: n!.repartition(2).repartition(1),
        count: n!.count(),
        reduce: n!.reduce(sum),
        greatest: n!.reduce(max),
        top: n!.map((x: number) => [`k${x}`, x]).top(2),
        transform: n!.transform(rdd => rdd.map(String)),
        transformed: n!.transform(rdd => rdd.union(s.parallelize([0]))),
        stamped: n!.transform((rdd, { from }) => rdd.filter((x: number) => (from / 1000) % 2 === x % 2)),
        // What is not of the stream, but of its interval.
        marked: n!.transform((rdd, interval) =>
          rdd.map((x: number) => [x % 2, x]).join(s.parallelize([1]).map(x => [x, interval.to - interval.from + (interval.from % 60_000)])),
        ),
        distinct: n!.map((x: number) => x % 3).distinct(),
        glom: n!.transform(rdd => rdd.glom()).flatMap((part: number[]) => part),
        parts: n!
          .flatMap((x: number) => range(1, 25).map(y => x * y))
          .repartition(5)
          .mapPartitions(xs => [[...xs].length > 0]),
        fewerParts: n!
          .repartition(5)
          .repartition(2)
          .mapPartitions(xs => [[...xs].length > 0]),
        withItself: n!.union(n!.map((x: number) => x + 4)),
        ofThree: n!
          .transformWith(
            n!.map((x: number) => x + 4),
            (a, b) => a.union(b),
          )
          .transformWith(
            n!.map((x: number) => x + 8),
            (a, b) => a.union(b),
          ),
      }),
    },
    {
      map: each(String),
      flatMap: numbers.map(interval => interval.flatMap(n => [n, n * 2])),
      filter: numbers.map(interval => interval.filter(n => n % 2 === 0)),
      mapPartitions: [[10], [26], [42]],
      more: numbers,
      fewer: numbers,
      count: [[4], [4], [4]],
      reduce: [[10], [26], [42]],
      greatest: [[4], [8], [12]],
      top: each(n => [`k${n}`, n]).map(rows => rows.slice(2)),
      transform: each(String),
      transformed: numbers.map(interval => [0, ...interval]),
      stamped: [
        [2, 4],
        [5, 7],
        [10, 12],
      ],
      marked: numbers.map((interval, i) => interval.filter(x => x % 2 === 1).map(x => [1, [x, 1000 + 1000 * i]])),
      glom: numbers,
      parts: numbers.map(() => Array(5).fill(true)),
      fewerParts: numbers.map(() => [true, true]),
      withItself: numbers.map(interval => interval.flatMap(n => [n, n + 4])),
      ofThree: numbers.map(interval => interval.flatMap(n => [n, n + 4, n + 8])),
      distinct: [
        [0, 1, 2],
        [0, 1, 2],
        [0, 1, 2],
      ],
    },
  )
})

test("pairs: by key, by value, empty text as a key, nothing at all", async () => {
  await sameEverywhere(
    {
      inputs: { words: [["a", "a", "b"], ["", ""], []] },
      program: (_, { words }) => {
        const ones = words!.map((w: string) => [w, 1])
        return {
          groupByKey: ones.groupByKey(),
          reduceByKey: ones.reduceByKey(sum),
          combineByKey: ones.combineByKey(
            v => [v],
            (c, v) => [...c, v],
            (a, b) => [...a, ...b],
          ),
          countByValue: words!.countByValue(),
          mapValues: ones.reduceByKey(sum).mapValues(n => n + 10),
          flatMapValues: ones.reduceByKey(sum).flatMapValues(n => [n, n + 10]),
          count: words!.count(),
        }
      },
    },
    {
      groupByKey: [
        [
          ["a", [1, 1]],
          ["b", [1]],
        ],
        [["", [1, 1]]],
        [],
      ],
      reduceByKey: [
        [
          ["a", 2],
          ["b", 1],
        ],
        [["", 2]],
        [],
      ],
      combineByKey: [
        [
          ["a", [1, 1]],
          ["b", [1]],
        ],
        [["", [1, 1]]],
        [],
      ],
      countByValue: [
        [
          ["a", 2],
          ["b", 1],
        ],
        [["", 2]],
        [],
      ],
      mapValues: [
        [
          ["a", 12],
          ["b", 11],
        ],
        [["", 12]],
        [],
      ],
      flatMapValues: [
        [
          ["a", 2],
          ["a", 12],
          ["b", 1],
          ["b", 11],
        ],
        [
          ["", 2],
          ["", 12],
        ],
        [],
      ],
      count: [[3], [2], [0]],
    },
  )
})

test("two streams: unions and joins, a side that is empty", async () => {
  await sameEverywhere(
    {
      inputs: {
        left: [["a", "b"], ["a", ""], [""], []],
        right: [["a", "b"], ["b", ""], [], [""]],
      },
      program: (s, { left, right }) => {
        const [l, r] = [left!.map((w: string) => [w, 1]), right!.map((w: string) => [w, "x"])]
        return {
          union: left!.union(right!),
          unionOfThree: s.union(left!, right!, left!),
          cogroup: l.cogroup(r),
          join: l.join(r),
          leftOuterJoin: l.leftOuterJoin(r),
          rightOuterJoin: l.rightOuterJoin(r),
          fullOuterJoin: l.fullOuterJoin(r),
          transformWith: l.transformWith(r, (a, b) => a.join(b).mapValues(([n, x]) => `${n}${x}`)),
        }
      },
    },
    {
      union: [["a", "a", "b", "b"], ["", "", "a", "b"], [""], [""]],
      unionOfThree: [["a", "a", "a", "b", "b", "b"], ["", "", "", "a", "a", "b"], ["", ""], [""]],
      cogroup: [
        [
          ["a", [[1], ["x"]]],
          ["b", [[1], ["x"]]],
        ],
        [
          ["", [[1], ["x"]]],
          ["a", [[1], []]],
          ["b", [[], ["x"]]],
        ],
        [["", [[1], []]]],
        [["", [[], ["x"]]]],
      ],
      join: [
        [
          ["a", [1, "x"]],
          ["b", [1, "x"]],
        ],
        [["", [1, "x"]]],
        [],
        [],
      ],
      leftOuterJoin: [
        [
          ["a", [1, "x"]],
          ["b", [1, "x"]],
        ],
        [
          ["", [1, "x"]],
          ["a", [1, undefined]],
        ],
        [["", [1, undefined]]],
        [],
      ],
      rightOuterJoin: [
        [
          ["a", [1, "x"]],
          ["b", [1, "x"]],
        ],
        [
          ["", [1, "x"]],
          ["b", [undefined, "x"]],
        ],
        [],
        [["", [undefined, "x"]]],
      ],
      fullOuterJoin: [
        [
          ["a", [1, "x"]],
          ["b", [1, "x"]],
        ],
        [
          ["", [1, "x"]],
          ["a", [1, undefined]],
          ["b", [undefined, "x"]],
        ],
        [["", [1, undefined]]],
        [["", [undefined, "x"]]],
      ],
      transformWith: [
        [
          ["a", "1x"],
          ["b", "1x"],
        ],
        [["", "1x"]],
        [],
        [],
      ],
    },
  )
})

test("several values of a key on both sides; both empty", async () => {
  await sameEverywhere(
    {
      inputs: { bought: [["tea", "tea", "milk"], ["tea", ""], []], sold: [["tea", "milk", "milk"], ["", "", "rye"], []] },
      program: (_, { bought, sold }) => {
        const [b, s] = [bought!.map((w: string) => [w, 1]), sold!.map((w: string) => [w, -1])]
        return { cogroup: b.cogroup(s), join: b.join(s), countByValue: bought!.union(sold!).countByValue() }
      },
    },
    {
      cogroup: [
        [
          ["tea", [[1, 1], [-1]]],
          ["milk", [[1], [-1, -1]]],
        ],
        [
          ["tea", [[1], []]],
          ["", [[1], [-1, -1]]],
          ["rye", [[], [-1]]],
        ],
        [],
      ],
      join: [Array.from({ length: 4 }, (_, i) => [i < 2 ? "tea" : "milk", [1, -1]]), Array(2).fill(["", [1, -1]]), []],
      countByValue: [
        [
          ["tea", 3],
          ["milk", 3],
        ],
        [
          ["tea", 1],
          ["", 3],
          ["rye", 1],
        ],
        [],
      ],
    },
    { on: [1, 2] },
  )
})

test("slice: a range of intervals, half-open; outside of what there was, nothing", async () => {
  const s = await simulate({ workers: 2 })
  const start = s.clock.now()
  const stream = s.readStream("numbers", "1s").map(Number)
  assert.equal(await stream.slice(start, start + 1000).collect(), [], "before its first interval has ended")
  for (const interval of [[1], [2, 3], [], [4], [5]]) {
    s.feed("numbers", interval.map(String))
    await s.advance("1s")
  }
  const between = async (from: number, to: number) => sorted(await stream.slice(start + from * 1000, start + to * 1000).collect())
  assert.equal(await between(1, 4), [2, 3, 4])
  assert.equal(await between(0, 5), [1, 2, 3, 4, 5])
  assert.equal(await between(2, 3), [])
  assert.equal(await between(-5, 1), [1])
  assert.equal(await stream.take(2), [4, 5])
  await s.close()
})

test.run()
