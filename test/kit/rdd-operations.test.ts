/** What Spark's RDDSuite and PairRDDFunctionsSuite ask, where there is the operator: as tables, on whole clusters. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Simulation, simulate } from "../../cluster/testing/index.js"
import { max, min, sum } from "../../engine/builtins.js"
import type { RDD } from "../../engine/fluent/types.js"
import { sorted } from "./tables.js"

const test = suite("operations on RDDs")

type Row = readonly [name: string, ask: (s: Simulation) => Promise<unknown>, expected: unknown]
type Pairs<V = number> = RDD<[number, V]>

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
/** An RDD of whole numbers. */
const numbers = (s: Simulation, from: number, to: number, partitions = 4) => s.parallelize(range(from, to), partitions)
const pairs = (s: Simulation) =>
  s.parallelize(
    [
      [1, 1],
      [1, 2],
      [1, 3],
      [1, 1],
      [2, 1],
    ],
    3,
  ) as Pairs
const left = (s: Simulation) =>
  s.parallelize(
    [
      [1, 1],
      [1, 2],
      [2, 1],
      [3, 1],
    ],
    3,
  ) as Pairs
const right = (s: Simulation) =>
  s.parallelize(
    [
      [1, "x"],
      [2, "y"],
      [2, "z"],
      [4, "w"],
    ],
    2,
  ) as Pairs<string>
const third = (s: Simulation) =>
  s.parallelize(
    [
      [1, "a"],
      [3, "b"],
      [4, "c"],
      [4, "d"],
    ],
    4,
  ) as Pairs<string>
const nothing = (s: Simulation) => s.parallelize([] as number[])
const noPairs = (s: Simulation) => nothing(s).map(n => [n, n]) as Pairs
const rows = async (rdd: RDD<unknown>) => sorted(await rdd.collect())
const refused = (asked: () => unknown) =>
  Promise.resolve()
    .then(asked)
    .then(
      () => "done",
      (error: { code: number }) => `refused (${error.code})`,
    )

// biome-ignore format: a row a line
const basic: readonly Row[] = [
  ["collect keeps order", s => numbers(s, 1, 4, 2).collect(), [1, 2, 3, 4]],
  ["count", s => numbers(s, 1, 4, 2).count(), 4],
  ["map", s => numbers(s, 1, 4).map(String).collect(), ["1", "2", "3", "4"]],
  ["filter", s => numbers(s, 1, 4).filter(n => n > 2).collect(), [3, 4]],
  ["flatMap", s => numbers(s, 1, 4).flatMap(n => range(1, n)).collect(), [1, 1, 2, 1, 2, 3, 1, 2, 3, 4]],
  ["distinct", s => rows(s.parallelize([1, 2, 2, 1, 3, 3], 4).distinct()), [1, 2, 3]],
  ["distinct of nothing", s => rows(nothing(s).distinct()), []],
  ["union with itself", s => numbers(s, 1, 2).union(numbers(s, 1, 2)).collect(), [1, 2, 1, 2]],
  ["union of many", s => range(1, 5).reduce((all, n) => all.union(s.parallelize([n])), nothing(s)).collect(), [1, 2, 3, 4, 5]],
  ["glom", s => numbers(s, 1, 4, 2).glom().collect(), [[1, 2], [3, 4]]],
  ["keyBy", s => numbers(s, 1, 2).keyBy(n => n % 2).collect(), [[1, 1], [0, 2]]],
  ["groupBy", s => rows(numbers(s, 1, 4).groupBy(n => n % 2)), [[0, [2, 4]], [1, [1, 3]]]],
  ["mapPartitions sums", s => numbers(s, 1, 4, 2).mapPartitions(ns => [[...ns].reduce(sum, 0)]).collect(), [3, 7]],
  ["mapPartitions with its number", s => numbers(s, 1, 4, 2).mapPartitions((ns, p) => [...ns].map(n => n * (p + 1))).collect(), [1, 2, 6, 8]],
  ["more partitions than records", s => numbers(s, 1, 2, 7).glom().map(part => part.length).reduce(sum), 2],
  ["distinct, asked twice", async s => { const d = s.parallelize([1, 1, 2, 2], 2).distinct(); return [await d.count(), await d.collect(), await d.collect()].map(v => (Array.isArray(v) ? sorted(v) : v)) }, [2, [1, 2], [1, 2]]],
  ["many partitions, most of them empty", s => rows(s.parallelize(range(0, 9), 60).repartition(90)), range(0, 9)],
  ["a file with nothing in it", async s => { s.files.set("/nothing.txt", new Uint8Array()); const lines = s.textFile("/nothing.txt"); return [await lines.collect(), await lines.map(line => [line, 1]).reduceByKey(sum).collect()] }, [[], []]],
  ["an RDD within another", s => refused(() => { const other = numbers(s, 1, 9); return numbers(s, 1, 9).map(() => other as never).collect() }), "refused (2)"],
  ["an action within an operator", s => refused(() => { const other = numbers(s, 1, 9); return numbers(s, 1, 9).map(n => [n, other.count()]).collect() }), "refused (2)"],
  ["what cannot travel, and the next question", async s => [await refused(() => s.parallelize([() => 1, () => 2] as never[]).collect()), await numbers(s, 1, 9).count()], ["refused (1)", 9]],
  ["keys and values", async s => [await pairs(s).keys().collect(), await pairs(s).values().collect()], [[1, 1, 1, 1, 2], [1, 2, 3, 1, 1]]],
]

// biome-ignore format: a row a line
const reductions: readonly Row[] = [
  ["reduce", s => numbers(s, 1, 4).reduce(sum), 10],
  ["reduce where a partition has nothing", s => numbers(s, 1, 4).filter(n => n < 2).reduce(sum), 1],
  ["reduce of nothing", s => nothing(s).reduce(sum), undefined],
  ["fold", s => numbers(s, -1, 100, 10).fold(0, sum), 5049],
  ["fold changes its own zero only", s => numbers(s, 1, 10, 4).map((n): number[] => [n]).fold([], (a, b) => [...a, ...b]), range(1, 10)],
  ["fold into its first argument", s => numbers(s, -1000, 999, 10).map(n => [n]).fold([0], (c, n) => { c[0]! += n[0]!; return c }), [-1000]],
  ["the greatest and the least", async s => [await numbers(s, 1, 4).reduce(max), await numbers(s, 1, 4).reduce(min)], [4, 1]],
  ["aggregate", s => numbers(s, 1, 4, 3).map(n => ["a", n]).aggregate({} as Record<string, number>, (all, [k, n]) => { all[k as string] = (all[k as string] ?? 0) + (n as number); return all }, (a, b) => { for (const [k, n] of Object.entries(b)) a[k] = (a[k] ?? 0) + n; return a }), { a: 10 }],
  ["aggregate of nothing", s => nothing(s).aggregate([0], (a, n) => [a[0]! + n], (a, b) => [a[0]! + b[0]!]), [0]],
  ["countByValue", async s => sorted([...(await s.parallelize([1, 1, 2, 3, 3, 3]).countByValue())]), [[1, 2], [2, 1], [3, 3]]],
  ["stats", async s => { const { count, mean, min, max, stdev } = await numbers(s, 1, 4).stats(); return [count, mean, min, max, stdev.toFixed(3)] }, [4, 2.5, 1, 4, "1.118"]],
  ["histogram of whole numbers", s => s.parallelize([1, 2, 3, 4, 5, 6], 2).histogram([0, 3, 6]), [[0, 3, 2], [3, 6, 4]]],
  ["histogram: the last bucket is closed, what is outside or no number is in none", s => s.parallelize([-1, 0, 5, 10, 11, Number.NaN, Infinity], 3).histogram([0, 5, 10]), [[0, 5, 1], [5, 10, 2]]],
  ["histogram of even buckets", s => numbers(s, 0, 9).histogram(3).then(bs => bs.map(([, , n]) => n)), [3, 3, 4]],
  ["reduce and fold keep order: the function need not be commutative", async s => { const letters = s.parallelize([..."abcdef"], 4); return [await letters.reduce((a, b) => a + b), await letters.fold(">", (a, b) => a + b)] }, ["abcdef", ">abcdef"]],
  ["histogram of nothing", async s => [await nothing(s).histogram([0, 10]), await nothing(s).histogram(3)], [[[0, 10, 0]], []]],
  ["histogram: all of it outside, one bucket and two", async s => { const out = s.parallelize([-0.01, 10.01], 2); return [await out.histogram([0, 10]), await out.histogram([0, 4, 10])] }, [[[0, 10, 0]], [[0, 4, 0], [4, 10, 0]]]],
  ["histogram: exactly from the least to the greatest", s => numbers(s, 1, 4).histogram([1, 4]), [[1, 4, 4]]],
  ["histogram of uneven buckets", s => s.parallelize([-0.5, 0, 2, 4.9, 5, 10.9, 11.5, 12, 150, 200, 200.1, Number.NaN], 3).histogram([0, 5, 11, 12, 200]).then(bs => bs.map(([, , n]) => n)), [3, 2, 1, 3]],
  ["histogram from end to end of the numbers", s => s.parallelize([-3, 0, 7, Number.NaN], 2).histogram([-Infinity, 0, Infinity]), [[-Infinity, 0, 1], [0, Infinity, 2]]],
  ["histogram of one value, however often", async s => [await s.parallelize([7]).histogram(1), await s.parallelize([7, 7, 7]).histogram(1)], [[[7, 7, 1]], [[7, 7, 3]]]],
  ["histogram of more buckets than numbers", s => s.parallelize([1, 2], 2).histogram(4), [[1, 1.25, 1], [1.25, 1.5, 0], [1.5, 1.75, 0], [1.75, 2, 1]]],
  ["histogram whose edges are no whole numbers: none lost", s => numbers(s, 6, 99, 5).histogram(9).then(bs => [bs[0]![0], bs[8]![1], bs.map(([, , n]) => n)]), [6, 99, [11, 10, 10, 11, 10, 10, 11, 10, 11]]],
  ["histogram: edges that are none, buckets that are none, Infinity in even ones", s => Promise.all([[], [1], [2, 2], [0, Number.NaN], 0, 1.5].map(b => refused(() => numbers(s, 1, 4).histogram(b))).concat(refused(() => s.parallelize([1, Infinity]).histogram(2)))), [...Array(6).fill("refused (2)"), "refused (1)"]],
  ["countApproxDistinct", async s => Math.abs((await s.parallelize(range(0, 4999).map(i => i % 1000), 5).countApproxDistinct(0.01)) / 1000 - 1) < 0.05, true],
]

// biome-ignore format: a row a line
const order: readonly Row[] = [
  ["take of nothing", s => nothing(s).take(5), []],
  ["take over very many partitions", s => numbers(s, 1, 300, 100).take(151), range(1, 151)],
  ["top of many", s => s.parallelize(range(0, 19_999).map(n => (n * 7919) % 20_000), 2).top(5), [19_999, 19_998, 19_997, 19_996, 19_995]],
  ["top in an order of one's own", s => s.parallelize(["a", "b", "c", "d"], 2).top(2, w => -w.charCodeAt(0)), ["a", "b"]],
  ["takeOrdered, the other way", s => numbers(s, 1, 10, 2).takeOrdered(5, n => -n), [10, 9, 8, 7, 6]],
  ["sortBy two parts of a record", s => s.parallelize(["Bob Smith 50", "Jane Smith 40", "Thomas Williams 30", "Karen Williams 60"], 3).sortBy(p => p.split(" ")[1]! + p.split(" ")[0]!).map(p => p.split(" ")[0]!).collect(), ["Bob", "Jane", "Karen", "Thomas"]],
  ["zipWithIndex and then others", s => numbers(s, 0, 9, 2).zipWithIndex().repartition(4).count(), 10],
  ["take 0", s => numbers(s, 1, 9).take(0), []],
  ["take over partitions", s => numbers(s, 1, 1000, 50).take(501), range(1, 501)],
  ["take more than there is", s => numbers(s, 1, 3).take(10), [1, 2, 3]],
  ["first, where the first partitions are empty", s => numbers(s, 1, 100, 10).filter(n => n > 77).first(), 78],
  ["first of nothing", s => nothing(s).first(), undefined],
  ["isEmpty", async s => [await nothing(s).isEmpty(), await numbers(s, 1, 9).filter(n => n > 20).isEmpty(), await numbers(s, 1, 9).isEmpty()], [true, true, false]],
  ["top", s => s.parallelize(range(1, 50).map(n => (n * 37) % 50), 5).top(3), [49, 48, 47]],
  ["top by", s => s.parallelize(["a", "ccc", "bb"], 2).top(2, w => w.length), ["ccc", "bb"]],
  ["takeOrdered", s => s.parallelize([5, 4, 8, 1, 3], 2).takeOrdered(2, n => n), [1, 3]],
  ["takeOrdered 0", s => s.parallelize([5, 4], 2).takeOrdered(0, n => n), []],
  ["sortBy", s => s.parallelize([3, 1, 2], 2).sortBy(n => n).collect(), [1, 2, 3]],
  ["sortBy, the other way", s => s.parallelize([3, 1, 2], 2).sortBy(n => n, "desc").take(2), [3, 2]],
  ["sortBy one part of a record", s => s.parallelize(["John_Doe", "Bob_Smith", "Eve_Adams"], 3).sortBy(w => w.split("_")[1]!).collect(), ["Eve_Adams", "John_Doe", "Bob_Smith"]],
  ["sortBy of nothing", s => nothing(s).sortBy(n => n).collect(), []],
  ["zipWithIndex", s => numbers(s, 10, 14, 3).zipWithIndex().collect(), range(0, 4).map(i => [10 + i, i])],
  ["zipWithIndex of one partition", s => numbers(s, 1, 2, 1).zipWithIndex().collect(), [[1, 0], [2, 1]]],
  ["zip", s => numbers(s, 1, 4, 2).zip(numbers(s, 1, 4, 2).map(n => n * 10)).collect(), range(1, 4).map(n => [n, n * 10])],
  ["zip of as many partitions, but other records in one", s => refused(() => numbers(s, 1, 4, 2).zip(numbers(s, 1, 5, 2)).collect()), "refused (1)"],
  ["sortBy the key; more partitions than records; a part of the order", async s => { const sorted = s.parallelize([[2, "b"], [-1, "x"], [0, "n"], [1, "a"]] as [number, string][], 9).sortBy(([key]) => key); return [await sorted.keys().collect(), await sorted.filter(([key]) => key >= 0 && key < 2).values().collect(), await sorted.sortBy(([key]) => key, "desc").keys().collect()] }, [[-1, 0, 1, 2], ["n", "a"], [2, 1, 0, -1]]],
  ["sortBy keeps what is equal in order, from many partitions too", s => s.parallelize(range(0, 999).map(n => (n * 617) % 1000), 20).sortBy(n => n % 10 === 0 ? 0 : 1).collect().then(all => [all.slice(0, 100), all.length]), [range(0, 999).map(n => (n * 617) % 1000).filter(n => n % 10 === 0), 1000]],
  ["more than anybody has: take, top, takeOrdered", async s => { const most = 2_147_483_638; return [await numbers(s, 1, 2).take(most), await numbers(s, 1, 2).top(most), await numbers(s, 1, 2).takeOrdered(most, n => n)] }, [[1, 2], [2, 1], [1, 2]]],
  ["fewer than none, and half a record", s => Promise.all([-1, 1.5, Number.NaN].flatMap(n => [() => numbers(s, 1, 2).take(n), () => numbers(s, 1, 2).top(n), () => numbers(s, 1, 2).takeOrdered(n, x => x), () => numbers(s, 1, 2).takeSample(n), () => numbers(s, 1, 2).collect({ max: n })].map(refused))).then(all => [...new Set(all)]), ["refused (2)"]],
  ["one partition of many", s => numbers(s, 1, 10, 10).mapPartitions((ns, p) => (p > 8 ? ns : [])).collect(), [10]],
  ["zip of other partitions", s => refused(() => numbers(s, 1, 4, 2).zip(numbers(s, 1, 4, 3)).collect()), "refused (2)"],
]

// biome-ignore format: a row a line
const sets: readonly Row[] = [
  ["intersection", s => rows(s.parallelize([1, 2, 3, 3, 5], 2).intersection(s.parallelize([3, 3, 5, 7, 5], 3))), [3, 5]],
  ["intersection of nothing", s => rows(numbers(s, 1, 3).intersection(nothing(s))), []],
  ["subtract keeps duplicates", s => rows(s.parallelize([1, 2, 3, 3], 2).subtract(s.parallelize([1, 2], 4))), [3, 3]],
  ["cartesian", s => rows(numbers(s, 1, 2).cartesian(s.parallelize(["a", "b"]))), [[1, "a"], [1, "b"], [2, "a"], [2, "b"]]],
  ["intersection, turned round, with duplicates on both sides", async s => { const [a, b] = [s.parallelize([4, 4, 5, 6], 2), s.parallelize([6, 4, 6, 7], 3)]; return [await rows(a.intersection(b)), await rows(b.intersection(a))] }, [[4, 6], [4, 6]]],
  ["nothing with nothing", async s => [await nothing(s).cartesian(nothing(s)).collect(), await nothing(s).intersection(nothing(s)).collect(), await nothing(s).subtract(nothing(s)).collect(), await nothing(s).zipWithIndex().collect(), await noPairs(s).cogroup(noPairs(s)).collect(), await noPairs(s).subtractByKey(noPairs(s)).collect()], [[], [], [], [], [], []]],
  ["less than no partition", s => Promise.all([0, -1, 1.5].flatMap(n => [() => numbers(s, 1, 2).coalesce(n).collect(), () => pairs(s).partitionBy(n).collect(), () => s.parallelize([1], n).collect()].map(refused))).then(all => [...new Set(all)]), ["refused (2)"]],
  ["one weight takes all; weights that are none", async s => [await Promise.all(numbers(s, 1, 5).randomSplit([0.3]).map(part => part.collect())), await refused(() => numbers(s, 1, 5).randomSplit([1, -1]))], [[[1, 2, 3, 4, 5]], "refused (2)"]],
  ["cartesian with nothing", s => rows(numbers(s, 1, 2).cartesian(nothing(s))), []],
  ["repartition balances", async s => (await numbers(s, 1, 1000, 10).repartition(4).glom().map(part => part.length).collect()).every(size => size > 200 && size < 300), true],
  ["repartition balances what is in one partition", async s => (await numbers(s, 1, 1000, 1).repartition(20).glom().map(part => part.length).collect()).every(size => size > 30 && size < 70), true],
  ["repartition loses nothing", s => rows(numbers(s, 1, 100, 7).repartition(3)).then(all => all.length), 100],
  ["0 partitions", s => refused(() => numbers(s, 1, 2).repartition(0)), "refused (2)"],
  ["coalesce keeps order", s => numbers(s, 1, 10, 10).coalesce(2).glom().collect(), [range(1, 5), range(6, 10)]],
  ["repartition of partitions with few records each: none empty, none overloaded", async s => { const cases = [[100, 10, 20], [1000, 250, 128], [2000, 20, 100]] as const; return Promise.all(cases.map(async ([n, from, to]) => { const sizes = await s.parallelize(Array<number>(n).fill(1), from).repartition(to).glom().map(part => part.length).collect(); return [sizes.length, sizes.reduce(sum), sizes.every(size => size > 0 && size <= n / to + 2)] })) }, [[20, 100, true], [128, 1000, true], [100, 2000, true]]],
  ["coalesce into what does not divide it", async s => { const parts = await numbers(s, 1, 10, 10).coalesce(3).glom().collect(); return [parts.flat(), parts.map(part => part.length)] }, [range(1, 10), [3, 3, 4]]],
  ["coalesce into as many", s => numbers(s, 1, 10, 10).coalesce(10).glom().collect(), range(1, 10).map(n => [n])],
  ["coalesce into none", s => refused(() => numbers(s, 1, 10).coalesce(0)), "refused (2)"],
  ["coalesce makes no more", s => numbers(s, 1, 10, 5).coalesce(100).glom().count(), 5],
  ["sample: the same seed, the same records", async s => { const a = await numbers(s, 1, 1000, 4).sample(0.3, 7).collect(); const b = await numbers(s, 1, 1000, 4).sample(0.3, 7).collect(); return [a.length > 200 && a.length < 400, JSON.stringify(a) === JSON.stringify(b)] }, [true, true]],
  ["takeSample takes as many as asked, none twice", async s => { const a = await numbers(s, 1, 100, 3).takeSample(20); return [a.length, new Set(a).size] }, [20, 20]],
  ["takeSample takes no more than there is", s => numbers(s, 1, 5).takeSample(20).then(a => sorted(a)), [1, 2, 3, 4, 5]],
  ["randomSplit: disjoint, together all, about as the weights say", async s => { const parts = await Promise.all(numbers(s, 1, 600, 4).randomSplit([1, 2, 3], 11).map(part => part.collect())); return [parts.flat().length, new Set(parts.flat()).size, parts.map(part => Math.round(part.length / 100))] }, [600, 600, [1, 2, 3]]],
  ["takeSample of nothing", s => nothing(s).takeSample(true, 20, 1), []],
  ["takeSample with replacement: more than there are", async s => { const a = await numbers(s, 1, 100, 3).takeSample(true, 200, 5); return [a.length, new Set(a).size < 100] }, [200, true]],
  ["a function that throws is kept as nothing", async s => { const kept = numbers(s, 1, 4).map(n => (n > 0 ? JSON.parse("no") : n) as number).persist(); return [await refused(() => kept.count()), await refused(() => kept.count())] }, ["refused (1)", "refused (1)"]],
  ["persist, asked twice, then let go", async s => { const kept = numbers(s, 1, 4).map(n => n * n).persist(); const both = [await kept.collect(), await kept.collect()]; return [...both, await kept.unpersist().collect()] }, [[1, 4, 9, 16], [1, 4, 9, 16], [1, 4, 9, 16]]],
]

// biome-ignore format: a row a line
const keyed: readonly Row[] = [
  ["aggregateByKey", s => rows(pairs(s).aggregateByKey([] as number[], (all, n) => [...all, n], (a, b) => [...a, ...b]).mapValues(ns => sorted(ns) as number[])), [[1, [1, 1, 2, 3]], [2, [1]]]],
  ["groupByKey", s => rows(pairs(s).groupByKey()), [[1, [1, 2, 3, 1]], [2, [1]]]],
  ["negative keys", s => rows(s.parallelize([[-1, 1], [-1, 2], [-7, 3]], 3).groupByKey()), [[-1, [1, 2]], [-7, [3]]]],
  ["reduceByKey", s => rows(pairs(s).reduceByKey(sum)), [[1, 7], [2, 1]]],
  ["reduceByKey, collectAsMap", async s => sorted([...(await pairs(s).reduceByKey(sum).collectAsMap())]), [[1, 7], [2, 1]]],
  ["reduceByKey of nothing", s => rows(noPairs(s).reduceByKey(sum)), []],
  ["foldByKey", s => rows(pairs(s).foldByKey(0, sum)), [[1, 7], [2, 1]]],
  ["foldByKey: a zero of its own for each key", s => rows(pairs(s).mapValues(n => [n]).foldByKey([] as number[], (a, b) => { a.push(...b); return a }).mapValues(ns => ns.length)), [[1, 4], [2, 1]]],
  ["foldByKey into its first argument leaves the records as they were", async s => { const kept = pairs(s).mapValues(n => [n]).persist(); const folded = await rows(kept.foldByKey([] as number[], (a, b) => { a.push(...b); return a })); return [folded, await rows(kept)] }, [[[1, [1, 2, 3, 1]], [2, [1]]], [[1, [1]], [1, [1]], [1, [2]], [1, [3]], [2, [1]]]]],
  ["groupByKey and reduceByKey into more partitions than keys", async s => [await rows(pairs(s).partitionBy(10).groupByKey()), await rows(pairs(s).partitionBy(10).reduceByKey(sum))], [[[1, [1, 2, 3, 1]], [2, [1]]], [[1, 7], [2, 1]]]],
  ["combineByKey", s => rows(pairs(s).combineByKey(n => ({ n }), (c, n) => ({ n: c.n + n }), (c, d) => ({ n: c.n + d.n }))), [[1, { n: 7 }], [2, { n: 1 }]]],
  ["join", s => rows(left(s).join(right(s))), [[1, [1, "x"]], [1, [2, "x"]], [2, [1, "y"]], [2, [1, "z"]]]],
  ["join, all with all", s => rows(s.parallelize([[1, 1], [1, 2], [1, 3]], 2).join(s.parallelize([[1, "x"], [1, "y"]], 2))), [[1, [1, "x"]], [1, [1, "y"]], [1, [2, "x"]], [1, [2, "y"]], [1, [3, "x"]], [1, [3, "y"]]]],
  ["join without a match", s => rows(left(s).join(right(s).map(([k, v]) => [k + 100, v]))), []],
  ["join with itself", s => rows(left(s).join(left(s))).then(all => all.length), 6],
  ["join of what is shuffled alike", s => rows(left(s).reduceByKey(sum).join(right(s).groupByKey())), [[1, [3, ["x"]]], [2, [1, ["y", "z"]]]]],
  ["leftOuterJoin", s => rows(left(s).leftOuterJoin(right(s))), sorted([[1, [1, "x"]], [1, [2, "x"]], [2, [1, "y"]], [2, [1, "z"]], [3, [1, undefined]]])],
  ["rightOuterJoin", s => rows(left(s).rightOuterJoin(right(s))), sorted([[1, [1, "x"]], [1, [2, "x"]], [2, [1, "y"]], [2, [1, "z"]], [4, [undefined, "w"]]])],
  ["fullOuterJoin", s => rows(left(s).fullOuterJoin(right(s))), sorted([[1, [1, "x"]], [1, [2, "x"]], [2, [1, "y"]], [2, [1, "z"]], [3, [1, undefined]], [4, [undefined, "w"]]])],
  ["join with nothing", s => rows(left(s).join(noPairs(s))), []],
  ["leftOuterJoin with nothing", s => rows(left(s).leftOuterJoin(noPairs(s))).then(all => all.length), 4],
  ["cogroup", s => rows(left(s).cogroup(right(s))), [[1, [[1, 2], ["x"]]], [2, [[1], ["y", "z"]]], [3, [[1], []]], [4, [[], ["w"]]]]],
  ["cogroup of three", s => rows(left(s).cogroup(right(s)).cogroup(third(s)).mapValues(([[both], c]) => [...(both ?? [[], []]), c])), [[1, [[1, 2], ["x"], ["a"]]], [2, [[1], ["y", "z"], []]], [3, [[1], [], ["b"]]], [4, [[], ["w"], ["c", "d"]]]]],
  ["every join with nothing", async s => { const [l, n] = [left(s), noPairs(s)]; return [await l.rightOuterJoin(n).count(), await l.fullOuterJoin(n).count(), await n.fullOuterJoin(l).count(), await l.cogroup(n).count(), await (l as RDD<unknown>).union(n as RDD<unknown>).count()] }, [0, 4, 4, 3, 4]],
  ["subtract of pairs", s => rows(s.parallelize([[1, "a"], [2, "b"], [3, "c"]], 2).subtract(s.parallelize([[2, "b"], [3, "cc"], [4, "d"]], 4))), [[1, "a"], [3, "c"]]],
  ["subtractByKey keeps duplicates", s => rows(s.parallelize([[1, "a"], [1, "a"], [2, "b"]], 2).subtractByKey(s.parallelize([[2, 20], [4, 40]], 4))), [[1, "a"], [1, "a"]]],
  ["subtractByKey", s => rows(left(s).subtractByKey(right(s))), [[3, 1]]],
  ["lookup", async s => [await pairs(s).lookup(1), await pairs(s).lookup(2), await pairs(s).lookup(-1)], [[1, 2, 3, 1], [1], []]],
  ["lookup of what is partitioned", s => pairs(s).partitionBy(5).lookup(1), [1, 2, 3, 1]],
  ["countByKey", async s => sorted([...(await pairs(s).countByKey())]), [[1, 4], [2, 1]]],
  ["aggregateByKey into a set of its own a key", s => rows(pairs(s).aggregateByKey(new Set<number>(), (set, n) => set.add(n), (a, b) => new Set([...a, ...b])).mapValues(set => [...set].sort())), [[1, [1, 2, 3]], [2, [1]]]],
  ["cogroup of four", s => rows(left(s).cogroup(right(s)).cogroup(third(s)).cogroup(s.parallelize([[2, "@"]] as [number, string][])).mapValues(([[abc], d]) => { const [[ab], c] = abc ?? [[], []]; return [...(ab ?? [[], []]), c, d] })), [[1, [[1, 2], ["x"], ["a"], []]], [2, [[1], ["y", "z"], [], ["@"]]], [3, [[1], [], ["b"], []]], [4, [[], ["w"], ["c", "d"], []]]]],
  ["different values of each key", async s => sorted([...(await pairs(s).distinct().countByKey())]), [[1, 3], [2, 1]]],
  ["each partition of a key's in order", s => pairs(s).partitionBy(1).mapPartitions(ps => [...ps].sort(([a, m], [b, n]) => a - b || m - n)).collect(), [[1, 1], [1, 1], [1, 2], [1, 3], [2, 1]]],
  ["keys, counts, maps and look-ups of nothing", async s => [await noPairs(s).keys().collect(), (await noPairs(s).countByKey()).size, (await noPairs(s).collectAsMap()).size, await noPairs(s).lookup(1), await noPairs(s).foldByKey(0, sum).collect(), await noPairs(s).aggregateByKey(0, sum, sum).collect()], [[], 0, 0, [], [], []]],
  ["what is no pair", s => Promise.all([() => (numbers(s, 1, 2) as never as Pairs).reduceByKey(sum).collect(), () => (numbers(s, 1, 2) as never as Pairs).join(right(s)).collect()].map(refused)), ["refused (1)", "refused (1)"]],
  ["mapValues and flatMapValues", s => rows(left(s).mapValues(n => n * 10).flatMapValues(n => [n, -n]).reduceByKey(sum)), [[1, 0], [2, 0], [3, 0]]],
]

/** One worker · four · three of which one dies when some have been asked · two whose master dies. */
const settings: readonly { readonly workers: number; readonly partitions: number; readonly dies?: string }[] = [
  { workers: 1, partitions: 1 },
  { workers: 4, partitions: 5 },
  { workers: 3, partitions: 4, dies: "w2" },
  { workers: 2, partitions: 3, dies: "master" },
]

test("a shuffle has the session's partitions; a closed session answers nothing", async () => {
  const s = await simulate({ workers: 2, partitions: 3 })
  const kept = numbers(s, 1, 9, 7)
  assert.equal(
    await Promise.all([pairs(s).groupByKey(), left(s).join(right(s)), kept.distinct()].map(rdd => (rdd as RDD<unknown>).glom().count())),
    [3, 3, 3],
  )
  await s.close()
  const asks = [() => kept.count(), () => s.parallelize([1]).collect(), () => s.textFile("/a.txt").collect()]
  assert.equal(await Promise.all(asks.map(refused)), Array(3).fill("refused (1)"))
})

for (const [what, table] of Object.entries({ basic, reductions, order, sets, keyed })) {
  test(what, async () => {
    for (const { workers, partitions, dies } of settings) {
      const s = await simulate({ workers, partitions })
      for (const [i, [name, ask, expected]] of table.entries()) {
        if (dies !== undefined && i === 3) dies === "master" ? s.restart(dies) : s.kill(dies)
        assert.equal(await ask(s), expected, `${name} on ${workers} workers${dies ? `, ${dies} died` : ""}`)
      }
      await s.close()
    }
  })
}

test.run()
