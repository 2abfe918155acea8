/** Operators of streams as users write them: intervals in → intervals out. */

import { test } from "uvu"
import * as assert from "uvu/assert"
import { max, sum } from "../../../engine/builtins.js"
import type { DStream, Handle, SnapshotDStream } from "../../../engine/fluent/types.js"
import { TinyHost } from "./tiny-host.js"

type Numbers = DStream<number>
type Pairs = DStream<[string, number]>

const numbers: [name: string, make: (s: Numbers, o: Numbers, host: TinyHost) => Handle, expected: unknown[][]][] = [
  ["distinct", s => s.distinct(), [[1, 2, 3], [], [3, 4]]],
  ["repartition", s => s.repartition(5), [[1, 2, 2, 3], [], [3, 4]]],
  [
    "countByValue",
    s => s.countByValue(),
    [
      [
        [1, 1],
        [2, 2],
        [3, 1],
      ],
      [],
      [
        [3, 1],
        [4, 1],
      ],
    ],
  ],
  ["reduce: nothing of nothing", s => s.reduce(sum), [[8], [], [7]]],
  ["count: 0 of nothing", s => s.count(), [[4], [0], [2]]],
  ["top", s => s.top(2, n => n), [[2, 3], [], [3, 4]]],
  ["union", (s, o) => s.union(o), [[1, 2, 2, 3, 9], [8], [3, 4]]],
  ["union of three", (s, o) => s.union(o).union(s.filter(n => n > 2)), [[1, 2, 2, 3, 3, 9], [8], [3, 3, 4, 4]]],
  ["union with itself", s => s.union(s), [[1, 1, 2, 2, 2, 2, 3, 3], [], [3, 3, 4, 4]]],
  [
    "mapPartitions knows interval and partition",
    s => s.mapPartitions((values, { interval, partition }) => [`${interval.from}/${partition}: ${[...values]}`]),
    [["0/0: 1,2", "0/1: 2,3"], [], ["2000/0: 3,4"]],
  ],
  ["countByWindow", s => s.countByWindow("2s"), [[4], [4], [2]]],
  [
    "window",
    s => s.window("2s"),
    [
      [1, 2, 2, 3],
      [1, 2, 2, 3],
      [3, 4],
    ],
  ],
  ["a window that slides by more than an interval", s => s.window("2s", "2s"), [[1, 2, 2, 3]]],
  [
    "transform",
    s =>
      s.transform(rdd =>
        rdd
          .sortBy(n => -n)
          .zipWithIndex()
          .filter(([, i]) => i < 1)
          .keys(),
      ),
    [[3], [], [4]],
  ],
  ["transform with an RDD", (s, _o, host) => s.transform(rdd => rdd.subtract(host.rdd([2, 4]))), [[1, 3], [], [3]]],
  ["transform with another stream's range", (s, o) => s.transform(rdd => rdd.union(o.slice(0, 1000))), [[1, 2, 2, 3, 9], [9], [3, 4, 9]]],
  [
    "transformWith",
    (s, o) => s.transformWith(o, (a, b) => a.cartesian(b)),
    [
      [
        [1, 9],
        [2, 9],
        [2, 9],
        [3, 9],
      ],
      [],
      [],
    ],
  ],
  ["transformWith a snapshot", (s, o) => s.transformWith(o.window("3s"), (a, b) => a.intersection(b.map(n => n - 6))), [[3], [], [3]]],
  [
    "a snapshot's transform",
    s => s.window("3s").transform(rdd => rdd.distinct()),
    [
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3, 4],
    ],
  ],
  [
    "a snapshot's map, flatMap, filter",
    s =>
      s
        .window("2s")
        .map(n => n * 10)
        .flatMap(n => [n, n + 1])
        .filter(n => n > 30),
    [[31], [31], [31, 40, 41]],
  ],
  ["a snapshot's reduce", s => s.window("2s").reduce(max), [[3], [3], [4]]],
  [
    "a snapshot's count is 0 when it is empty",
    s =>
      s
        .filter(n => n === 4)
        .window("1s")
        .count(),
    [[0], [0], [1]],
  ],
]

for (const [name, make, expected] of numbers) {
  test(name, () => {
    const host = new TinyHost()
    const s = host.input<number>("s", [[1, 2, 2, 3], [], [3, 4]])
    const o = host.input<number>("o", [[9], [8], []])
    assert.equal(host.intervalsOf(make(s, o, host)), expected)
  })
}

const left: [string, number][][] = [
  [
    ["a", 1],
    ["b", 2],
  ],
  [["a", 3]],
  [],
]
const right: [string, number][][] = [[["a", 10]], [["c", 20]], [["b", 30]]]
const u = undefined

/** What the left side's stream is joined with; what its records are in each interval. */
const sides: [
  name: string,
  make: (o: Pairs, host: TinyHost) => Pairs | SnapshotDStream<[string, number]>,
  content: [string, number][][],
][] = [
  ["a stream", o => o, right],
  [
    "a state",
    o => o.runningReduce(sum),
    [
      [["a", 10]],
      [
        ["a", 10],
        ["c", 20],
      ],
      [
        ["a", 10],
        ["b", 30],
        ["c", 20],
      ],
    ],
  ],
  [
    "a window",
    o => o.window("2s"),
    [
      [["a", 10]],
      [
        ["a", 10],
        ["c", 20],
      ],
      [
        ["b", 30],
        ["c", 20],
      ],
    ],
  ],
  [
    "an RDD",
    (_o, host) =>
      host.rdd([
        ["a", 7],
        ["c", 8],
      ] as [string, number][]) as never,
    [
      [
        ["a", 7],
        ["c", 8],
      ],
      [
        ["a", 7],
        ["c", 8],
      ],
      [
        ["a", 7],
        ["c", 8],
      ],
    ],
  ],
]
const joins = ["join", "leftOuterJoin", "rightOuterJoin", "fullOuterJoin", "cogroup"] as const

/** The join of two lists by plain loops. */
function joined(join: (typeof joins)[number], lefts: [string, number][], rights: [string, number][]): unknown[] {
  const keys = [...new Set([...lefts, ...rights].map(([key]) => key))].sort()
  const of = (pairs: [string, number][], key: string) => pairs.filter(([k]) => k === key).map(([, v]) => v)
  return keys.flatMap((key): unknown[] => {
    const [a, b] = [of(lefts, key), of(rights, key)]
    if (join === "cogroup") return [[key, [a, b]]]
    const as = a.length === 0 && (join === "rightOuterJoin" || join === "fullOuterJoin") ? [u] : a
    const bs = b.length === 0 && (join === "leftOuterJoin" || join === "fullOuterJoin") ? [u] : b
    return as.flatMap(x => bs.map(y => [key, [x, y]]))
  })
}

for (const join of joins) {
  for (const [name, make, content] of sides) {
    test(`${join} with ${name}`, () => {
      const host = new TinyHost()
      const s = host.input<[string, number]>("s", left)
      const other = make(host.input<[string, number]>("o", right), host)
      assert.equal(
        host.intervalsOf(s[join](other)),
        left.map((pairs, i) => joined(join, pairs, content[i]!)),
      )
    })
  }
  if (join !== "join" && join !== "leftOuterJoin") continue
  test(`a state's ${join} with a window, and with an RDD`, () => {
    const host = new TinyHost()
    const counts = host.input<[string, number]>("s", left).runningReduce(sum)
    const versions: [string, number][][] = [
      [
        ["a", 1],
        ["b", 2],
      ],
      [
        ["a", 4],
        ["b", 2],
      ],
      [
        ["a", 4],
        ["b", 2],
      ],
    ]
    const rdd = [
      ["a", 7],
      ["c", 8],
    ] as [string, number][]
    const [withWindow, withRdd] = [counts[join](host.input<[string, number]>("o", right).window("2s")), counts[join](host.rdd(rdd))]
    assert.equal(
      host.intervalsOf(withWindow),
      versions.map((pairs, i) => joined(join, pairs, sides[2]![2][i]!)),
    )
    assert.equal(
      host.intervalsOf(withRdd),
      versions.map(pairs => joined(join, pairs, rdd)),
    )
  })
}

test("flatMapValues, mapValues, combineByKey", () => {
  const host = new TinyHost()
  const s = host.input<[string, number]>("s", left)
  const rows = s
    .flatMapValues(n => [n, n])
    .mapValues(n => n + 1)
    .combineByKey(
      n => [n],
      (c, n) => [...c, n],
      (a, b) => [...a, ...b],
    )
  assert.equal(host.intervalsOf(rows), [
    [
      ["a", [2, 2]],
      ["b", [3, 3]],
    ],
    [["a", [4, 4]]],
    [],
  ])
})

test("aside: the bad lines of the inputs, wherever it is asked", async () => {
  const host = new TinyHost()
  const views = host.input<string>("views", [["1", "x"], ["{"], ["2"]], { kind: "json" }) as unknown as Numbers
  const counts = views.map(n => [n, 1]).runningReduce(sum)
  for (const handle of [views, counts, views.union(views)] as Handle[]) {
    const asides = host.intervalsOf(handle.aside) as {
      record: string
      reason: string
      operator: string
      interval: unknown
      error: string
    }[][]
    assert.equal(
      asides.map(rows => rows.map(({ record, reason, operator, interval }) => [record, reason, operator, interval])),
      [[["x", "parse", "format", { from: 0, to: 1000 }]], [["{", "parse", "format", { from: 1000, to: 2000 }]], []],
    )
    assert.match(asides[0]![0]!.error, /x|JSON/)
  }
  assert.equal(
    (
      await views.aside
        .slice(0, 3000)
        .map(a => a.record)
        .collect()
    ).sort(),
    ["x", "{"],
  )
  assert.equal(host.intervalsOf(views), [[1], [], [2]])
})

const errors: [name: string, make: (s: Pairs, o: Pairs, host: TinyHost) => unknown, says: RegExp][] = [
  ["an action in transform", s => s.transform(rdd => (rdd.count() as unknown as typeof rdd) ?? rdd), /stands for those of all intervals/],
  ["to reckon with the interval", s => s.transform((rdd, { from }) => (from > 0 ? rdd : rdd.distinct())), /the interval is known in/],
  ["a slice by the interval", (s, o) => s.transform((rdd, { from, to }) => rdd.union(o.slice(from, to))), /the interval is known in/],
  ["an async transform", s => s.transform((async (rdd: unknown) => rdd) as never), /is async/],
  ["a transform into something else", s => s.transform(() => 5 as never), /transform gives 5, which is no RDD/],
  ["a transform into nothing", s => s.transform(() => null as never), /transform gives null, which is no RDD/],
  ["a transform that forgets its RDD", (s, _o, host) => s.transform(() => host.rdd([1])), /makes nothing of the RDD/],
  ["a state joined with records", (s, o) => s.runningReduce(sum).join(o as never), /holds versions, o records/],
  [
    "initial of a window",
    (s, _o, host) => s.reduceByWindow("2s", sum, undefined, undefined, { initial: host.rdd([]) } as never),
    /has no initial state/,
  ],
  ["Spark's updateStateByKey", (s, _o, host) => s.updateStateByKey(() => 1, host.rdd([]) as never), /goes into the options/],
  ["Spark's partitions", s => s.updateStateByKey(() => 1, 8 as never), /8 are no options/],
  ["Spark's reduceByWindow", s => s.reduceByWindow(sum as never, "2s" as never), /takes the window first/],
  [
    "a slide in the inverse's place",
    s => s.map(w => [w, 1]).reduceByWindow("2s", sum, "1s" as never),
    /takes the inverse function before the slide, not "1s"/,
  ],
  ["no partitions", s => s.runningReduce(sum, { partitions: 0 }), /0 is not a number of partitions/],
  ["a stream's sortBy", s => (s as unknown as { sortBy(): void }).sortBy(), /transform\(rdd => rdd.sortBy/],
]

for (const [name, make, says] of errors) {
  test(`error: ${name}`, () => {
    const host = new TinyHost()
    assert.throws(() => make(host.input("s", left), host.input("o", right), host), says)
  })
}

test.run()
