/** RDD operators and actions as users write them: partitions in, answer out. */

import { test } from "uvu"
import * as assert from "uvu/assert"
import { sum } from "../../../engine/builtins.js"
import { diff } from "../../../engine/fluent/diff.js"
import type { RDD } from "../../../engine/fluent/types.js"
import { sorted } from "./programs.js"
import { TinyHost } from "./tiny-host.js"

type Numbers = RDD<number>
type Pairs = RDD<[string, number]>

const numbers: [name: string, ask: (a: Numbers, b: Numbers) => Promise<unknown>, expected: unknown][] = [
  ["sortBy", a => a.sortBy(n => n).collect(), [-0, 1, 2, 2, 3, 5, Number.NaN]],
  ["sortBy desc: NaN is last", a => a.sortBy(n => n, "desc").collect(), [5, 3, 2, 2, 1, -0, Number.NaN]],
  ["sortBy is stable", a => a.sortBy(n => (n % 2 === 0 ? 1 : 0)).collect(), [3, 1, Number.NaN, 5, 2, 2, -0]],
  ["sortBy desc is stable", a => a.sortBy(n => (n > 2 ? 1 : 0), "desc").collect(), [3, 5, 1, 2, Number.NaN, 2, -0]],
  ["take after sortBy", a => a.sortBy(n => n).take(3), [-0, 1, 2]],
  ["first after sortBy", a => a.sortBy(n => -n).first(), 5],
  ["intersection: each once", async (a, b) => sorted(await a.intersection(b).collect()), [2, Number.NaN]],
  ["subtract keeps duplicates", async (_a, b) => sorted(await b.subtract(b.filter(n => n === 2)).collect()), [7, 7, Number.NaN]],
  ["subtract nothing", async (a, b) => sorted(await a.subtract(b.filter(() => false)).collect()), [-0, 1, 2, 2, 3, 5, Number.NaN]],
  ["distinct", async (_a, b) => sorted(await b.distinct().collect()), [2, 7, Number.NaN]],
  ["union", (a, b) => a.union(b).collect(), [3, 1, 2, Number.NaN, 2, 5, -0, 2, 2, 7, 7, Number.NaN]],
  ["glom", a => a.glom().collect(), [[3, 1], [2, Number.NaN, 2], [], [5, -0]]],
  [
    "coalesce joins neighbours",
    a => a.coalesce(2).glom().collect(),
    [
      [3, 1, 2, Number.NaN, 2],
      [5, -0],
    ],
  ],
  ["coalesce never cuts", a => a.coalesce(9).glom().count(), 4],
  [
    "zipWithIndex",
    a => a.zipWithIndex().collect(),
    [
      [3, 0],
      [1, 1],
      [2, 2],
      [Number.NaN, 3],
      [2, 4],
      [5, 5],
      [-0, 6],
    ],
  ],
  [
    "zipWithIndex counts before a filter",
    a =>
      a
        .zipWithIndex()
        .filter(([, i]) => i > 4)
        .values()
        .collect(),
    [5, 6],
  ],
  [
    "zip",
    a => a.zip(a.map(n => n + 1)).take(2),
    [
      [3, 4],
      [1, 2],
    ],
  ],
  [
    "cartesian",
    (a, b) =>
      a
        .filter(n => n < 2)
        .cartesian(b.filter(n => n === 7))
        .collect(),
    [
      [1, 7],
      [1, 7],
      [-0, 7],
      [-0, 7],
    ],
  ],
  [
    "keyBy",
    a => a.keyBy(n => n % 2).take(2),
    [
      [1, 3],
      [1, 1],
    ],
  ],
  [
    "groupBy",
    async a => sorted(await a.groupBy(n => n > 2).collect()),
    [
      [false, [1, 2, Number.NaN, 2, -0]],
      [true, [3, 5]],
    ],
  ],
  ["takeOrdered", a => a.takeOrdered(3, n => n), [-0, 1, 2]],
  ["top of numbers", a => a.top(2), [5, 3]],
  ["top by", a => a.top(2, n => -n), [-0, 1]],
  ["fold: the zero once", a => a.filter(n => !Number.isNaN(n)).fold(100, sum), 113],
  ["fold of nothing", a => a.filter(() => false).fold(100, sum), 100],
  [
    "aggregate",
    a =>
      a.aggregate(
        { n: 0 },
        x => ({ n: x.n + 1 }),
        (x, y) => ({ n: x.n + y.n }),
      ),
    { n: 7 },
  ],
  [
    "aggregate may change its own",
    a =>
      a.aggregate(
        [] as number[],
        (x, n) => {
          x.push(n)
          return x
        },
        (x, y) => x.concat(y),
      ),
    [3, 1, 2, Number.NaN, 2, 5, -0],
  ],
  ["reduce of nothing", a => a.filter(() => false).reduce(sum), undefined],
  ["count of nothing", a => a.filter(() => false).count(), 0],
  ["isEmpty", async a => [await a.isEmpty(), await a.filter(() => false).isEmpty()], [false, true]],
  [
    "countByValue",
    async (_a, b) => sorted([...(await b.countByValue())]),
    [
      [2, 2],
      [7, 2],
      [Number.NaN, 1],
    ],
  ],
  ["stats", (_a, b) => b.filter(n => n > 0).stats(), { count: 4, sum: 18, mean: 4.5, stdev: 2.5, min: 2, p50: 2, p95: 7, p99: 7, max: 7 }],
  ["stats of nothing", async a => (await a.filter(() => false).stats()).count, 0],
  [
    "histogram: the last bucket is closed, NaN is not counted",
    a => a.histogram(5),
    [
      [0, 1, 1],
      [1, 2, 1],
      [2, 3, 2],
      [3, 4, 1],
      [4, 5, 1],
    ],
  ],
  ["histogram of one value", a => a.filter(n => n === 2).histogram(4), [[2, 2, 2]]],
  ["histogram of nothing", a => a.filter(() => false).histogram(4), []],
  [
    "histogram by edges",
    a => a.histogram([1, 3, 5]),
    [
      [1, 3, 3],
      [3, 5, 2],
    ],
  ],
  [
    "histogram to infinity",
    a => a.histogram([-Infinity, 2, Infinity]),
    [
      [-Infinity, 2, 2],
      [2, Infinity, 4],
    ],
  ],
  ["countApproxDistinct", (_a, b) => b.countApproxDistinct(), 3],
  ["takeSample of more than there is", async a => (await a.takeSample(99)).length, 7],
  ["sample of all and of none", async a => [await a.sample(1).count(), await a.sample(0).count()], [7, 0]],
]

for (const [name, ask, expected] of numbers) {
  test(name, async () => {
    const host = new TinyHost()
    const answered = await ask(
      host.cuts([[3, 1], [2, Number.NaN, 2], [], [5, -0]]),
      host.cuts([
        [2, 2, 7],
        [7, Number.NaN],
      ]),
    )
    assert.equal(answered, expected)
  })
}

const left: [string, number][] = [
  ["a", 1],
  ["b", 2],
  ["a", 3],
  ["c", 4],
]
const right: [string, number][] = [
  ["a", 10],
  ["d", 20],
  ["a", 30],
]
const pairs: [name: string, ask: (a: Pairs, b: Pairs) => RDD<unknown>, expected: unknown[]][] = [
  [
    "reduceByKey",
    a => a.reduceByKey(sum),
    [
      ["a", 4],
      ["b", 2],
      ["c", 4],
    ],
  ],
  [
    "groupByKey",
    a => a.groupByKey(),
    [
      ["a", [1, 3]],
      ["b", [2]],
      ["c", [4]],
    ],
  ],
  [
    "aggregateByKey",
    a =>
      a.aggregateByKey(
        [] as number[],
        (all, n) => [...all, n],
        (x, y) => x.concat(y),
      ),
    [
      ["a", [1, 3]],
      ["b", [2]],
      ["c", [4]],
    ],
  ],
  [
    "foldByKey",
    a => a.foldByKey(0, (x, y) => Math.max(x, y)),
    [
      ["a", 3],
      ["b", 2],
      ["c", 4],
    ],
  ],
  [
    "combineByKey",
    a =>
      a.combineByKey(
        n => [n],
        (c, n) => [...c, n],
        (x, y) => [...x, ...y],
      ),
    [
      ["a", [1, 3]],
      ["b", [2]],
      ["c", [4]],
    ],
  ],
  [
    "partitionBy then join moves nothing",
    (a, b) => a.partitionBy(3).join(b),
    [
      ["a", [1, 10]],
      ["a", [1, 30]],
      ["a", [3, 10]],
      ["a", [3, 30]],
    ],
  ],
  [
    "join",
    (a, b) => a.join(b),
    [
      ["a", [1, 10]],
      ["a", [1, 30]],
      ["a", [3, 10]],
      ["a", [3, 30]],
    ],
  ],
  [
    "leftOuterJoin",
    (a, b) => a.leftOuterJoin(b).filter(([k]) => k !== "a"),
    [
      ["b", [2, undefined]],
      ["c", [4, undefined]],
    ],
  ],
  ["rightOuterJoin", (a, b) => a.rightOuterJoin(b).filter(([k]) => k !== "a"), [["d", [undefined, 20]]]],
  [
    "fullOuterJoin",
    (a, b) => a.fullOuterJoin(b).filter(([k]) => k > "b"),
    [
      ["c", [4, undefined]],
      ["d", [undefined, 20]],
    ],
  ],
  [
    "cogroup",
    (a, b) => a.cogroup(b),
    [
      [
        "a",
        [
          [1, 3],
          [10, 30],
        ],
      ],
      ["b", [[2], []]],
      ["c", [[4], []]],
      ["d", [[], [20]]],
    ],
  ],
  [
    "subtractByKey",
    (a, b) => a.subtractByKey(b),
    [
      ["b", 2],
      ["c", 4],
    ],
  ],
  ["keys", a => a.keys(), ["a", "a", "b", "c"]],
  ["values", a => a.values(), [1, 2, 3, 4]],
  [
    "mapValues",
    a => a.mapValues(n => -n),
    [
      ["a", -1],
      ["a", -3],
      ["b", -2],
      ["c", -4],
    ],
  ],
  [
    "flatMapValues",
    a => a.flatMapValues(n => (n > 2 ? [n, n] : [])),
    [
      ["a", 3],
      ["a", 3],
      ["c", 4],
      ["c", 4],
    ],
  ],
  [
    "diff",
    (a, b) => diff(a, b),
    [
      { key: "a", before: 1, after: 10, delta: 9 },
      { key: "b", before: 2, after: undefined, delta: -2 },
      { key: "c", before: 4, after: undefined, delta: -4 },
      { key: "d", before: undefined, after: 20, delta: 20 },
    ],
  ],
]

for (const [name, ask, expected] of pairs) {
  test(`pairs: ${name}`, async () => {
    const host = new TinyHost()
    assert.equal(sorted(await ask(host.rdd(left), host.rdd(right, 3)).collect()), expected)
  })
}

test("keys are compared by value", async () => {
  const host = new TinyHost()
  const rdd = host.rdd<[unknown, number]>([
    [["a", 1], 1],
    [{ x: 1, y: 2 }, 2],
    [["a", 1], 3],
    [{ y: 2, x: 1 }, 4],
    [null, 5],
    [undefined, 6],
    [null, 7],
  ])
  assert.equal(await rdd.lookup(["a", 1]), [1, 3])
  assert.equal(await rdd.lookup({ y: 2, x: 1 }), [2, 4])
  assert.equal([...(await rdd.countByKey()).values()], [2, 2, 2, 1])
  const map = await rdd.collectAsMap()
  assert.equal(
    [...map],
    [
      [["a", 1], 3],
      [{ x: 1, y: 2 }, 4],
      [null, 7],
      [undefined, 6],
    ],
  )
})

test("partitionBy: keys lie where a join wants them", () => {
  const host = new TinyHost()
  const [a, b] = [host.rdd(left).partitionBy(3), host.rdd(right).partitionBy(3)]
  void a.join(b).count()
  return Promise.resolve().then(() => assert.is(host.cluster.stages.filter(({ write }) => write.kind === "shuffle").length, 3))
})

test("persist: computed once, kept for all that is asked of it", async () => {
  const host = new TinyHost()
  const s = host.input<[string, number]>("s", [left, [], right])
  const kept = s.slice(0, 3000).reduceByKey(sum).persist()
  const stores = () => host.cluster.stages.filter(({ write }) => write.kind === "store").length
  const shuffles = () => host.cluster.stages.filter(({ write }) => write.kind === "shuffle" && write.by === "key").length
  assert.is(await kept.count(), 4)
  assert.equal([stores(), shuffles()], [1, 1])
  assert.equal(sorted(await kept.mapValues(n => n + 1).collect()), [
    ["a", 45],
    ["b", 3],
    ["c", 5],
    ["d", 21],
  ])
  // Its keys lie where a join wants them: the other side alone is shuffled.
  assert.is(await kept.join(host.rdd(right)).count(), 3)
  assert.equal([stores(), shuffles()], [1, 2])
  assert.is(await kept.unpersist().count(), 4)
  assert.equal([stores(), shuffles()], [1, 3])
})

test("persist: another range is another RDD; in a definition it is nothing by itself", async () => {
  const host = new TinyHost()
  const s = host.input<[string, number]>("s", [left, right])
  const newest = s.latest().persist()
  assert.is(await newest.count(), 3)
  host.cluster.seal("s", [[["z", 1]]])
  assert.is(await newest.count(), 1)
  const joined = s.join(host.rdd(right).persist())
  assert.is(await joined.slice(0, 1000).count(), 4)
})

test("repartition balances equal records", async () => {
  const host = new TinyHost()
  const sizes = await host
    .rdd(Array<number>(100).fill(7), 4)
    .repartition(8)
    .glom()
    .map(rows => rows.length)
    .collect()
  assert.is(sizes.length, 8)
  assert.ok(
    sizes.every(n => n >= 11 && n <= 14),
    String(sizes),
  )
})

test("randomSplit: disjoint, together everything, in proportion", async () => {
  const host = new TinyHost()
  const rdd = host.rdd(
    Array.from({ length: 2000 }, (_, i) => i),
    3,
  )
  const parts = await Promise.all(rdd.randomSplit([3, 1], 5).map(part => part.collect()))
  assert.equal(
    parts.flat().sort((a, b) => a - b),
    Array.from({ length: 2000 }, (_, i) => i),
  )
  assert.ok(Math.abs(parts[0]!.length - 1500) < 100, String(parts[0]!.length))
  assert.equal(await rdd.randomSplit([3, 1], 5)[1]!.collect(), parts[1])
  assert.is.not(JSON.stringify(await rdd.randomSplit([3, 1], 6)[1]!.collect()), JSON.stringify(parts[1]))
})

test("takeSample with replacement: each draw from all, fair over partitions of any size, the same for a seed", async () => {
  const host = new TinyHost()
  const rdd = host.rdd([...Array(90).fill("a"), ...Array(10).fill("b")], 1).union(host.rdd(Array(100).fill("c"), 3)) as unknown as RDD<string>
  const taken = await rdd.takeSample(true, 10_000, 7)
  assert.is(taken.length, 10_000)
  assert.equal(await rdd.takeSample(true, 10_000, 7), taken)
  assert.not.equal(await rdd.takeSample(true, 10_000, 8), taken)
  // Five deviations of 10,000 draws.
  for (const [value, chance] of [["a", 0.45], ["b", 0.05], ["c", 0.5]] as const) {
    const n = taken.filter(v => v === value).length
    assert.ok(Math.abs(n - 10_000 * chance) < 5 * Math.sqrt(10_000 * chance * (1 - chance)), `${value} ${n}`)
  }
  assert.equal(await rdd.filter(() => false).takeSample(true, 5), [])
  assert.equal(await rdd.takeSample(true, 0), [])
  assert.is(new Set(await host.rdd(Array.from({ length: 50 }, (_, i) => i), 3).takeSample(false, 50)).size, 50)
}) // biome-ignore format: short

test("takeSample: n different places, fair, the same for a seed", async () => {
  const host = new TinyHost()
  const rdd = host.rdd(
    Array.from({ length: 1000 }, (_, i) => i),
    4,
  )
  const taken = await rdd.takeSample(100, 3)
  assert.is(new Set(taken).size, 100)
  assert.equal(await rdd.takeSample(100, 3), taken)
  const mean = taken.reduce((a, b) => a + b) / 100
  assert.ok(mean > 400 && mean < 600, String(mean))
  assert.is.not(JSON.stringify([...taken].sort((a, b) => a - b)), JSON.stringify(taken))
})

test("countApproxDistinct: within its error, whatever the partitions", async () => {
  const host = new TinyHost()
  const values = Array.from({ length: 30_000 }, (_, i) => `key ${i % 20_000}`)
  const [four, one] = await Promise.all([4, 1].map(n => host.rdd(values, n).countApproxDistinct(0.02)))
  assert.is(four, one)
  assert.ok(Math.abs(four! - 20_000) < 1200, String(four))
})

test("stats of many: exact but for the percentiles, which are within 0.5 %", async () => {
  const host = new TinyHost()
  const values = Array.from({ length: 100_000 }, (_, i) => ((i * 7919) % 100_000) - 1000)
  const stats = await host.rdd(values, 3).stats()
  assert.equal([stats.count, stats.sum, stats.min, stats.max], [100_000, values.reduce((a, b) => a + b), -1000, 98_999])
  assert.ok(Math.abs(stats.mean - 48_999.5) < 1e-6)
  assert.ok(Math.abs(stats.stdev / 28_867.513 - 1) < 1e-6, String(stats.stdev))
  for (const [share, value] of [
    [0.5, stats.p50],
    [0.95, stats.p95],
    [0.99, stats.p99],
  ] as const) {
    const exact = Math.ceil(share * 100_000) - 1 - 1000
    assert.ok(Math.abs(value / exact - 1) <= 0.0051, `${share}: ${value} for ${exact}`)
  }
})

const errors: [name: string, ask: (host: TinyHost) => unknown, says: RegExp][] = [
  ["repartition into none", host => host.rdd([1]).repartition(0), /repartition: 0 is not a number of partitions/],
  ["coalesce into none", host => host.rdd([1]).coalesce(0), /coalesce: 0/],
  ["a sample of more than all", host => host.rdd([1]).sample(1.5), /1.5 is not a fraction/],
  ["a seed that is none", host => host.rdd([1]).takeSample(1, Number.NaN), /NaN is not a seed/],
  ["weights that are none", host => host.rdd([1]).randomSplit([0, 0]), /not weights/],
  [
    "zip of other sizes",
    host =>
      host
        .cuts([[1], [2]])
        .zip(host.cuts([[1, 2], []]))
        .collect(),
    /1 and 2 records in partition 0/,
  ],
  [
    "zip of other partitions",
    host =>
      host
        .cuts([[1]])
        .zip(host.cuts([[1], []]))
        .collect(),
    /1 and 2 partitions/,
  ],
  ["infinite numbers in even buckets", host => host.rdd([1, Infinity]).histogram(3), /give the edges/],
  ["edges that fall", host => host.rdd([1]).histogram([3, 1]), /not edges/],
  ["too many rows", host => host.rdd([1, 2, 3]).collect({ max: 2 }), /collect of 3 rows: the limit is 2/],
  ["top without an order", host => (host.rdd(["x"]) as unknown as Numbers).top(1), /top needs an order/],
  ["pairs that are none", host => (host.rdd(["x"]) as unknown as Pairs).countByKey(), /not a pair/],
]

for (const [name, ask, says] of errors) {
  test(`error: ${name}`, async () => {
    try {
      await ask(new TinyHost())
    } catch (error) {
      assert.match(String((error as Error).message), says)
      return
    }
    assert.unreachable("no error")
  })
}

test.run()
