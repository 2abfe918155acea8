/** Operators of records that keep no state. */

import { max, sum } from "../../../engine/builtins.js"
import { best, grouped, type Pair, reduced } from "./plain.js"
import { type Any, as, isNumber, type Op, ones, type Pairs, records } from "./stream.js"

const any = { kinds: records } as const
const pairs = { kinds: records, holds: "pairs" } as const
/** Sums of these are the same in any order; and what is no number, or none that can be taken away again. */
const weighed = (v: unknown): Pair => [v, typeof v === "number" ? v : typeof v === "string" ? v.length - 1 : 2]

const narrow: readonly Op[] = [
  {
    name: "map",
    on: any,
    make: a => ({ handle: as<Any>(a).map(v => [v]), plain: i => a.plain(i).map(v => [v]), holds: "values", ordered: a.ordered }),
  },
  {
    name: "flatMap",
    on: any,
    make: a => ({
      handle: as<Any>(a).flatMap(v => [v, [v, 1]]),
      plain: i => a.plain(i).flatMap(v => [v, [v, 1]]),
      holds: "values",
      ordered: a.ordered,
    }),
  },
  {
    name: "filter",
    on: { kinds: records, holds: "values" },
    make: a => ({ handle: as<Any>(a).filter(v => !isNumber(v)), plain: i => a.plain(i).filter(v => !isNumber(v)), ordered: a.ordered }),
  },
  {
    name: "ones",
    on: any,
    make: a => ({ handle: as<Any>(a).map(v => [v, 1]), plain: i => a.plain(i).map(ones), holds: "pairs", ordered: a.ordered }),
  },
  {
    name: "weighed",
    on: any,
    make: a => ({ handle: as<Any>(a).map(weighed), plain: i => a.plain(i).map(weighed), holds: "pairs", ordered: a.ordered }),
  },
  {
    name: "swapped",
    on: pairs,
    make: a => ({
      handle: as<Pairs>(a).map(([k, n]) => [n, isNumber(k) ? (k as number) : 1]),
      plain: i => (a.plain(i) as Pair[]).map(([k, n]) => [n, isNumber(k) ? k : 1]),
      ordered: a.ordered,
    }),
  },
  {
    name: "mapValues, flatMapValues",
    on: pairs,
    make: a => ({
      handle: as<Pairs>(a)
        .mapValues(n => n * 2)
        .flatMapValues(n => (n > 2 ? [n, 1] : [n])),
      plain: i => (a.plain(i) as Pair[]).flatMap(([k, n]) => (n * 2 > 2 ? [n * 2, 1] : [n * 2]).map(m => [k, m])),
      ordered: a.ordered,
    }),
  },
  {
    name: "mapPartitions",
    on: pairs,
    make: a => ({
      handle: as<Pairs>(a).mapPartitions(rows => [...rows].map(([k, n]): Pair => [k, n + 1])),
      plain: i => (a.plain(i) as Pair[]).map(([k, n]) => [k, n + 1]),
      ordered: a.ordered,
    }),
  },
  {
    name: "persist",
    on: any,
    make: a => ({
      handle: as<Any>(a)
        .map(v => v)
        .persist(),
      plain: a.plain,
      ordered: a.ordered,
    }),
  },
]

const shuffled: readonly Op[] = [
  {
    name: "distinct",
    on: any,
    make: a => ({ handle: as<Any>(a).distinct(), plain: i => grouped(a.plain(i).map(ones)).map(([v]) => v) }),
  },
  { name: "repartition", on: any, make: (a, _, n) => ({ handle: as<Any>(a).repartition(1 + (n % 7)), plain: a.plain }) },
  { name: "count", on: any, make: a => ({ handle: as<Any>(a).count(), plain: i => [a.plain(i).length], holds: "values" }) },
  {
    name: "countByValue",
    on: any,
    make: a => ({ handle: as<Any>(a).countByValue(), plain: i => reduced(a.plain(i).map(ones), sum), holds: "pairs" }),
  },
  {
    name: "reduceByKey",
    on: pairs,
    make: (a, _, n) => ({ handle: as<Pairs>(a).reduceByKey(sum, 1 + (n % 7)), plain: i => reduced(a.plain(i), sum) }),
  },
  {
    name: "reduceByKey of text, in order",
    on: { ...pairs, ordered: true },
    make: (a, _, n) => ({
      handle: as<Pairs>(a)
        .mapValues(String)
        .reduceByKey((x, y) => `${x} ${y}`, 1 + (n % 7)),
      plain: i => grouped(a.plain(i)).map(([k, ns]) => [k, ns.join(" ")]),
      holds: "values",
    }),
  },
  {
    name: "groupByKey",
    on: pairs,
    make: (a, _, n) => ({
      handle: as<Pairs>(a)
        .groupByKey(1 + (n % 7))
        .mapValues(ns => ns.length),
      plain: i => grouped(a.plain(i)).map(([k, ns]) => [k, ns.length]),
    }),
  },
  {
    name: "groupByKey, in order",
    on: { ...pairs, ordered: true },
    make: a => ({ handle: as<Pairs>(a).groupByKey(), plain: i => grouped(a.plain(i)), holds: "values" }),
  },
  {
    name: "combineByKey",
    on: pairs,
    make: a => ({
      handle: as<Pairs>(a)
        .combineByKey(
          n => [n],
          (c, n) => [...c, n],
          (c, d) => [...c, ...d],
        )
        .flatMapValues(ns => [ns.length, Math.max(...ns)]),
      plain: i =>
        grouped(a.plain(i)).flatMap(([k, ns]) => [
          [k, ns.length],
          [k, Math.max(...ns)],
        ]),
    }),
  },
  {
    name: "reduce",
    on: pairs,
    make: a => ({
      handle: as<Pairs>(a)
        .map(([, n]) => n)
        .reduce(max),
      plain: i => (rows => (rows.length === 0 ? [] : [Math.max(...rows.map(([, n]) => n))]))(a.plain(i) as Pair[]),
      holds: "values",
    }),
  },
  {
    name: "top",
    on: pairs,
    make: (a, _, n) => ({
      handle: as<Pairs>(a)
        .reduceByKey(sum)
        .top(1 + (n % 3)),
      plain: i => best(reduced(a.plain(i), sum), 1 + (n % 3)),
    }),
  },
  {
    name: "top by",
    on: any,
    make: a => ({
      handle: as<Any>(a)
        .countByValue()
        .top(2, ([, n]) => -n),
      plain: i => best(reduced(a.plain(i).map(ones), sum).map(([k, n]): Pair => [k, -n])).map(([k, n]) => [k, -n]),
      holds: "pairs",
    }),
  },
]

export const recordOps: readonly Op[] = [...narrow, ...shuffled]
