/** What Spark's BasicOperationsSuite asks of stateless operators, states and unions, on whole clusters. */

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

const letters = [[], ["a"], ["a", "b"], ["a", "b", "c"], ["a", "b"], ["a"], []]
const running = (before: Record<string, number>) => {
  const state = new Map(Object.entries(before))
  return letters.map(interval => {
    for (const letter of interval) state.set(letter, (state.get(letter) ?? 0) + 1)
    return [...state].map(([key, n]) => [key, n])
  })
}

test("updateStateByKey: running counts, with and without an initial state, and objects that end", async () => {
  await sameEverywhere(
    {
      inputs: { letters },
      program: (s, { letters: l }) => {
        const ones = l!.map((w: string) => [w, 1])
        const count = (values: number[], state: number | undefined) => values.reduce(sum, state ?? 0)
        const initial = s.parallelize([
          ["a", 1],
          ["c", 2],
        ] as [string, number][])
        return {
          counts: ones.updateStateByKey(count),
          warm: ones.updateStateByKey(count, { initial }),
          runningReduce: ones.runningReduce(sum),
          // The interval's time, added up where there are events.
          times: ones.updateStateByKey(
            (values, state: number | undefined) => (state ?? 0) + (values.length > 0 ? (Date.now() / 1000) % 60 : 0),
            { initial: initial.mapValues(() => 0) },
          ),
          // Gone after two intervals without an event.
          ending: ones.updateStateByKey((values, state: { n: number; idle: number } | undefined) => {
            if (values.length > 0) return { n: (state?.n ?? 0) + values.length, idle: 0 }
            return state === undefined || state.idle === 1 ? undefined : { n: state.n, idle: state.idle + 1 }
          }),
        }
      },
    },
    {
      counts: running({}),
      warm: running({ a: 1, c: 2 }),
      runningReduce: running({}),
      times: letters.map((_, i) =>
        ["a", "c", "b"].flatMap(key => {
          const seen = range(0, i).filter(k => letters[k]!.includes(key))
          return seen.length > 0 || key !== "b" ? [[key, seen.reduce(sum, 0)]] : []
        }),
      ),
      ending: [
        [],
        [["a", { n: 1, idle: 0 }]],
        [
          ["a", { n: 2, idle: 0 }],
          ["b", { n: 1, idle: 0 }],
        ],
        [
          ["a", { n: 3, idle: 0 }],
          ["b", { n: 2, idle: 0 }],
          ["c", { n: 1, idle: 0 }],
        ],
        [
          ["a", { n: 4, idle: 0 }],
          ["b", { n: 3, idle: 0 }],
          ["c", { n: 1, idle: 1 }],
        ],
        [
          ["a", { n: 5, idle: 0 }],
          ["b", { n: 3, idle: 1 }],
        ],
        [["a", { n: 5, idle: 1 }]],
      ],
    },
  )
})

test("track: states by events, those that end themselves, time-outs, an initial state", async () => {
  const events = [["a"], ["a", "b"], ["a", "b", "c"], ["a", "b"], ["a"], [], [], [], []]
  await sameEverywhere(
    {
      inputs: { events },
      program: (s, { events: e }) => {
        const ones = e!.map((w: string) => [w, 1])
        const initial = s.parallelize([
          ["a", 5],
          ["z", 9],
        ] as [string, number][])
        const count = (_: string, n: number, v: number) => n + v
        const first = (_: string, v: number) => v
        return {
          counts: ones.track(first, count, "1m"),
          // The third event ends it, the next begins anew.
          ended: ones.track(first, (_, n, v) => (n === 2 ? null : n + v), "1m"),
          idle: ones.track(first, count, "2s"),
          warm: ones.track(first, count, "3s", { initial }),
        }
      },
    },
    {
      counts: [
        [["a", 1]],
        [
          ["a", 2],
          ["b", 1],
        ],
        [
          ["a", 3],
          ["b", 2],
          ["c", 1],
        ],
        [
          ["a", 4],
          ["b", 3],
          ["c", 1],
        ],
        ...Array.from({ length: 5 }, () => [
          ["a", 5],
          ["b", 3],
          ["c", 1],
        ]),
      ],
      ended: [
        [["a", 1]],
        [
          ["a", 2],
          ["b", 1],
        ],
        [
          ["b", 2],
          ["c", 1],
        ],
        [
          ["a", 1],
          ["c", 1],
        ],
        ...Array.from({ length: 5 }, () => [
          ["a", 2],
          ["c", 1],
        ]),
      ],
      // Last seen in k: gone in k + 2.
      idle: [
        [["a", 1]],
        [
          ["a", 2],
          ["b", 1],
        ],
        [
          ["a", 3],
          ["b", 2],
          ["c", 1],
        ],
        [
          ["a", 4],
          ["b", 3],
          ["c", 1],
        ],
        [
          ["a", 5],
          ["b", 3],
        ],
        [["a", 5]],
        [],
        [],
        [],
      ],
      warm: [
        [
          ["a", 6],
          ["z", 9],
        ],
        [
          ["a", 7],
          ["b", 1],
          ["z", 9],
        ],
        [
          ["a", 8],
          ["b", 2],
          ["c", 1],
          ["z", 9],
        ],
        [
          ["a", 9],
          ["b", 3],
          ["c", 1],
        ],
        [
          ["a", 10],
          ["b", 3],
          ["c", 1],
        ],
        [
          ["a", 10],
          ["b", 3],
        ],
        [["a", 10]],
        [],
        [],
      ],
    },
  )
})

test("track: a second event ends a state; one that goes on stays for as long as it does", async () => {
  const going = Array.from({ length: 12 }, () => ["a"])
  await sameEverywhere(
    {
      inputs: {
        twice: [[], ["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c"], ["a", "b"], ["a"], []],
        going: [["a", "b", "c"], ["a", "b"], ["a"], [], [], ...going],
      },
      program: (_, { twice, going: g }) => ({
        removed: twice!
          .map((w: string) => [w, 1])
          .track(
            (_k, v) => v,
            () => null,
            "1m",
          ),
        going: g!
          .map((w: string) => [w, 1])
          .track(
            (_k, v) => v,
            (_k, n, v) => n + v,
            "3s",
          ),
      }),
    },
    {
      removed: [[], ["a"], ["b"], ["a", "c"], ["b"], ["a"], ...Array.from({ length: 11 }, () => [])].map(keys => keys.map(key => [key, 1])),
      going: [
        [
          ["a", 1],
          ["b", 1],
          ["c", 1],
        ],
        [
          ["a", 2],
          ["b", 2],
          ["c", 1],
        ],
        [
          ["a", 3],
          ["b", 2],
          ["c", 1],
        ],
        [
          ["a", 3],
          ["b", 2],
        ],
        [["a", 3]],
        // Due in this interval, but there is an event: events come first.
        ...going.map((_, i) => [["a", 4 + i]]),
      ],
    },
    { on: [1, 3] },
  )
})

test("slice: a range of intervals, half-open; outside of what there was, nothing", async () => {
  const s = await simulate({ workers: 2 })
  const start = s.clock.now()
  const stream = s.readStream("numbers", "1s").map(Number)
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
