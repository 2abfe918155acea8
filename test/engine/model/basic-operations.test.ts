/** Intervals in → intervals out, in the spirit of Spark's BasicOperationsSuite. */

import { test } from "uvu"
import * as assert from "uvu/assert"
import type { RddNode } from "../../../engine/rdd.js"
import { groupByKey, hole, identity, intervalsOf, reduceByKey, slice, sorted } from "./programs.js"
import { TinyCluster } from "./tiny-cluster.js"

type Fn = (...args: never[]) => unknown

interface Row {
  readonly name: string
  readonly input: unknown[][][]
  readonly other?: unknown[][][]
  readonly rdd: (fn: (f: Fn) => ReturnType<TinyCluster["fn"]>) => RddNode
  readonly expected: unknown[][]
}

const words = [[["a", "b"], ["c"]], [["d"]], []]
const pairs = [
  [
    [
      ["a", 1],
      ["b", 2],
    ],
    [["a", 3]],
  ],
  [[["a", "x"]], [["b", ""]]],
  [],
]
const left = [
  [
    [
      ["a", 1],
      ["b", 1],
    ],
    [["a", 2]],
  ],
  [
    [
      ["a", 1],
      ["c", 3],
    ],
  ],
  [],
  [[["z", 1]]],
]
const right = [[[["a", "x"]], [["b", "y"]]], [[["b", "y"]]], [[["q", 0]]], []]
const cogroup = (join: "cogroup" | "inner" | "left" | "right" | "full"): RddNode => ({
  kind: "cogroup",
  parents: [hole(0), hole(1)],
  partitions: 3,
  join,
})
const narrow = (
  kind: "map" | "flatMap" | "filter" | "mapValues" | "flatMapValues" | "keyBy" | "mapPartitions",
  f: ReturnType<TinyCluster["fn"]>,
): RddNode => ({ kind, parent: hole(), f })

const table: Row[] = [
  {
    name: "map",
    input: words,
    rdd: fn =>
      narrow(
        "map",
        fn((w: string) => w + w),
      ),
    expected: [["aa", "bb", "cc"], ["dd"], []],
  },
  {
    name: "flatMap",
    input: words,
    rdd: fn =>
      narrow(
        "flatMap",
        fn((w: string) => [w, `${w}!`]),
      ),
    expected: [["a", "a!", "b", "b!", "c", "c!"], ["d", "d!"], []],
  },
  {
    name: "flatMap of a generator",
    input: words,
    rdd: fn =>
      narrow(
        "flatMap",
        fn(function* (w: string) {
          yield w
          yield 1
        }),
      ),
    expected: [["a", "b", "c", 1, 1, 1], ["d", 1], []],
  },
  {
    name: "filter",
    input: words,
    rdd: fn =>
      narrow(
        "filter",
        fn((w: string) => w !== "b"),
      ),
    expected: [["a", "c"], ["d"], []],
  },
  {
    name: "keyBy",
    input: words,
    rdd: fn =>
      narrow(
        "keyBy",
        fn((w: string) => w.length),
      ),
    expected: [
      [
        [1, "a"],
        [1, "b"],
        [1, "c"],
      ],
      [[1, "d"]],
      [],
    ],
  },
  {
    name: "mapValues",
    input: pairs,
    rdd: fn =>
      narrow(
        "mapValues",
        fn((v: unknown) => typeof v),
      ),
    expected: [
      [
        ["a", "number"],
        ["a", "number"],
        ["b", "number"],
      ],
      [
        ["a", "string"],
        ["b", "string"],
      ],
      [],
    ],
  },
  {
    name: "flatMapValues",
    input: pairs,
    rdd: fn =>
      narrow(
        "flatMapValues",
        fn((v: unknown) => [v, v]),
      ),
    expected: [
      [
        ["a", 1],
        ["a", 1],
        ["a", 3],
        ["a", 3],
        ["b", 2],
        ["b", 2],
      ],
      [
        ["a", "x"],
        ["a", "x"],
        ["b", ""],
        ["b", ""],
      ],
      [],
    ],
  },
  {
    name: "mapPartitions",
    input: words,
    rdd: fn =>
      narrow(
        "mapPartitions",
        fn((ws: unknown[], { partition, interval }: { partition: number; interval: { from: number } }) => [
          [partition, interval.from, ws.length],
        ]),
      ),
    expected: [
      [
        [0, 0, 2],
        [1, 0, 1],
      ],
      [[0, 1000, 1]],
      [],
    ],
  },
  {
    name: "reduceByKey",
    input: words.map(i => i.map(g => g.map(() => ["k", 1]))),
    rdd: () => reduceByKey(hole()),
    expected: [[["k", 3]], [["k", 1]], []],
  },
  {
    name: "groupByKey in map-task order",
    input: pairs,
    rdd: () => groupByKey(hole()),
    expected: [
      [
        ["a", [1, 3]],
        ["b", [2]],
      ],
      [
        ["a", ["x"]],
        ["b", [""]],
      ],
      [],
    ],
  },
  {
    name: 'keys by value: tuples, -0, NaN, 1 and "1"',
    input: [
      [
        [
          [["u", 1], 1],
          [-0, 1],
        ],
        [
          [["u", 1], 1],
          [0, 1],
          [Number.NaN, 1],
          [Number.NaN, 1],
          ["1", 1],
          [1, 1],
        ],
      ],
    ],
    rdd: () => reduceByKey(hole()),
    expected: [
      sorted([
        [["u", 1], 2],
        [0, 2],
        [Number.NaN, 2],
        ["1", 1],
        [1, 1],
      ]),
    ],
  },
  {
    name: "distinct",
    input: [
      [
        ["a", "b", "a"],
        ["b", "c"],
      ],
      [["a"]],
    ],
    rdd: () => ({ kind: "distinct", parent: hole(), partitions: 2 }),
    expected: [["a", "b", "c"], ["a"]],
  },
  {
    name: "union",
    input: words,
    other: [[["x"]], [], [["y"]]],
    rdd: () => ({ kind: "union", parents: [hole(0), hole(1)] }),
    expected: [["a", "b", "c", "x"], ["d"], ["y"]],
  },
  {
    name: "cogroup",
    input: left,
    other: right,
    rdd: () => cogroup("cogroup"),
    expected: [
      [
        ["a", [[1, 2], ["x"]]],
        ["b", [[1], ["y"]]],
      ],
      [
        ["a", [[1], []]],
        ["b", [[], ["y"]]],
        ["c", [[3], []]],
      ],
      [["q", [[], [0]]]],
      [["z", [[1], []]]],
    ],
  },
  {
    name: "join",
    input: left,
    other: right,
    rdd: () => cogroup("inner"),
    expected: [
      [
        ["a", [1, "x"]],
        ["a", [2, "x"]],
        ["b", [1, "y"]],
      ],
      [],
      [],
      [],
    ],
  },
  {
    name: "leftOuterJoin",
    input: left,
    other: right,
    rdd: () => cogroup("left"),
    expected: [
      [
        ["a", [1, "x"]],
        ["a", [2, "x"]],
        ["b", [1, "y"]],
      ],
      [
        ["a", [1, undefined]],
        ["c", [3, undefined]],
      ],
      [],
      [["z", [1, undefined]]],
    ],
  },
  {
    name: "rightOuterJoin",
    input: left,
    other: right,
    rdd: () => cogroup("right"),
    expected: [
      [
        ["a", [1, "x"]],
        ["a", [2, "x"]],
        ["b", [1, "y"]],
      ],
      [["b", [undefined, "y"]]],
      [["q", [undefined, 0]]],
      [],
    ],
  },
  {
    name: "fullOuterJoin",
    input: left,
    other: right,
    rdd: () => cogroup("full"),
    expected: [
      [
        ["a", [1, "x"]],
        ["a", [2, "x"]],
        ["b", [1, "y"]],
      ],
      [
        ["a", [1, undefined]],
        ["b", [undefined, "y"]],
        ["c", [3, undefined]],
      ],
      [["q", [undefined, 0]]],
      [["z", [1, undefined]]],
    ],
  },
  {
    name: "count: of nothing 0",
    input: words,
    rdd: () => ({ kind: "finished", action: { kind: "count" }, parent: { kind: "partial", parent: hole(), action: { kind: "count" } } }),
    expected: [[3], [1], [0]],
  },
  {
    name: "reduce: of nothing no record",
    input: [[[1, 2], [3]], [[4]], []],
    rdd: () => {
      const action = { kind: "reduce", f: { kind: "builtin", name: "sum" } } as const
      return { kind: "finished", action, parent: { kind: "partial", parent: hole(), action } }
    },
    expected: [[6], [4], []],
  },
  {
    name: "repartition keeps all, evenly",
    input: [
      [
        ["a", "a", "a"],
        ["a", "a", "a"],
      ],
    ],
    rdd: fn => ({
      kind: "mapPartitions",
      parent: { kind: "repartition", parent: hole(), partitions: 3 },
      f: fn((vs: unknown[]) => [vs.length]),
    }),
    expected: [[2, 2, 2]],
  },
]

for (const { name, input, other, rdd, expected } of table) {
  test(name, () => {
    const cluster = new TinyCluster()
    const parents = [cluster.input("in")]
    if (other) parents.push(cluster.input("other"))
    cluster.lift(
      "out",
      parents,
      rdd(f => cluster.fn(f)),
    )
    for (const groups of input) cluster.seal("in", groups)
    for (const groups of other ?? []) cluster.seal("other", groups)
    assert.equal(intervalsOf(cluster, "out", expected.length), expected.map(sorted))
  })
}

test("a slice of records is one RDD of what happened", () => {
  const cluster = new TinyCluster()
  cluster.input("in")
  for (let i = 0; i < 6; i++) cluster.seal("in", i === 3 ? [] : [[`a${i}`], [`b${i}`]])
  assert.equal(cluster.ask(slice("in", 1000, 4000)), ["a1", "b1", "a2", "b2"])
  assert.equal(cluster.ask(slice("in", -2000, Infinity)), ["a4", "b4", "a5", "b5"])
  assert.equal(cluster.ask(slice("in")).length, 10)
  assert.equal(cluster.ask({ kind: "coalesce", parent: slice("in"), partitions: 2 }).length, 10)
})

test("aside: lines that cannot be parsed, nothing else", () => {
  const cluster = new TinyCluster()
  cluster.input("in", { kind: "function", f: cluster.fn((line: string) => JSON.parse(line) as unknown) })
  cluster.seal("in", [["1", "{", "2"]])
  assert.equal(cluster.ask(slice("in")), [1, 2])
  const aside = cluster.ask({ kind: "aside", parent: slice("in") }) as { record: string; reason: string }[]
  assert.equal(
    aside.map(({ record, reason }) => [record, reason]),
    [["{", "parse"]],
  )
})

test("what a stream is joined with is shuffled once, not in each interval", () => {
  const cluster = new TinyCluster()
  cluster.input("in")
  cluster.input("old")
  cluster.seal("old", [[["a", 10]]])
  cluster.lift("out", ["in"], {
    kind: "cogroup",
    parents: [hole(), reduceByKey({ kind: "map", parent: slice("old", 0, 1000), f: identity })],
    partitions: 2,
    join: "inner",
  })
  for (let i = 0; i < 3; i++) cluster.seal("in", [[["a", i]]])
  assert.equal(intervalsOf(cluster, "out", 3), [[["a", [0, 10]]], [["a", [1, 10]]], [["a", [2, 10]]]])
  assert.is(cluster.stages.filter(stage => stage.label.startsWith("input.map")).length, 1)
})

test("Date.now is the interval's start, Math.random repeats, whoever asks", () => {
  const cluster = new TinyCluster(1000, 5000)
  cluster.input("in")
  cluster.lift(
    "out",
    ["in"],
    narrow(
      "map",
      cluster.fn((v: string) => [v, Date.now(), Math.random()]),
    ),
  )
  cluster.define("window", "snapshot", { kind: "window", parent: "out", lengthMs: 2000, slideMs: 1000 })
  cluster.seal("in", [["a"]])
  cluster.seal("in", [["b"]])
  const rows = cluster.ask(slice("out")) as [string, number, number][]
  assert.equal(
    rows.map(([v, now]) => [v, now]),
    [
      ["a", 5000],
      ["b", 6000],
    ],
  )
  assert.is.not(rows[0]![2], rows[1]![2])
  assert.equal(intervalsOf(cluster, "window", 2)[1], rows)
})

test.run()
