/** Operators of snapshots. */

import { max, sum } from "../../../engine/builtins.js"
import { best, grouped, joined, type Pair, reduced } from "./plain.js"
import { as, isNumber, type Op, oldPairs, oldRdd, type Snap, type State, second, versions } from "./stream.js"

const pairs = { kinds: versions, holds: "pairs" } as const

export const versionOps: readonly Op[] = [
  {
    name: "version.map",
    on: { kinds: versions },
    make: a => ({
      handle: as<Snap>(a).map(v => [v]),
      plain: i => a.plain(i).map(v => [v]),
      kind: "snapshot",
      holds: "values",
      ordered: a.ordered,
    }),
  },
  {
    name: "version.count",
    on: { kinds: versions },
    make: a => ({ handle: as<Snap>(a).count(), plain: i => [a.plain(i).length], kind: "snapshot", holds: "values" }),
  },
  {
    name: "version.reduce",
    on: pairs,
    make: a => ({
      handle: as<State>(a)
        .map(([, n]) => n)
        .reduce(max),
      plain: i => (rows => (rows.length === 0 ? [] : [Math.max(...rows.map(([, n]) => n))]))(a.plain(i) as Pair[]),
      kind: "snapshot",
      holds: "values",
    }),
  },
  {
    name: "version.reduceByKey",
    on: pairs,
    make: a => ({
      handle: as<State>(a)
        .map(([k, n]) => [isNumber(k), n])
        .reduceByKey(sum),
      plain: i =>
        reduced(
          (a.plain(i) as Pair[]).map(([k, n]): Pair => [isNumber(k), n]),
          sum,
        ),
      kind: "state",
    }),
  },
  {
    name: "version.filter",
    on: { kinds: ["state"], holds: "pairs" },
    make: a => ({
      handle: as<State>(a)
        .filter(([, n]) => n > 1)
        .mapValues(n => n * 2),
      plain: i => (a.plain(i) as Pair[]).filter(([, n]) => n > 1).map(([k, n]) => [k, n * 2]),
    }),
  },
  {
    name: "version.join",
    on: pairs,
    other: pairs,
    make: (a, b) => ({
      handle: as<State>(a).join(as<State>(b)),
      plain: i => joined(a.plain(i), b.plain(i)),
      kind: "snapshot",
      holds: "values",
    }),
  },
  {
    name: "version.leftOuterJoin",
    on: pairs,
    other: pairs,
    make: (a, b) => ({
      handle: as<State>(a).leftOuterJoin(as<State>(b)),
      plain: i => joined(a.plain(i), b.plain(i), true),
      kind: "snapshot",
      holds: "values",
    }),
  },
  {
    name: "version.join with an RDD",
    on: pairs,
    make: (a, _, n, s) => {
      const [left, other] = [as<State>(a), oldRdd(s, n)]
      const outer = n % 2 === 0
      const plain = (i: number) => joined(a.plain(i), oldPairs(false), outer)
      return { handle: outer ? left.leftOuterJoin(other) : left.join(other), plain, kind: "snapshot", holds: "values" }
    },
  },
  {
    name: "version.flatMap, groupByKey",
    on: pairs,
    make: a => ({
      handle: as<State>(a)
        .flatMap(([k, n]) => [
          [k, n],
          [isNumber(k), n],
        ])
        .groupByKey()
        .mapValues(ns => ns.length),
      plain: i =>
        grouped(
          (a.plain(i) as Pair[]).flatMap(([k, n]): Pair[] => [
            [k, n],
            [isNumber(k), n],
          ]),
        ).map(([k, ns]) => [k, ns.length]),
      kind: "state",
    }),
  },
  {
    name: "version.groupByKey, in order",
    on: { ...pairs, ordered: true },
    make: a => ({ handle: as<State>(a).groupByKey(), plain: i => grouped(a.plain(i)), kind: "state", holds: "values" }),
  },
  {
    name: "version.top",
    on: { kinds: ["state"], holds: "pairs" },
    make: a => ({ handle: as<State>(a).top(2), plain: i => best(a.plain(i) as Pair[]), kind: "snapshot" }),
  },
  {
    name: "version.top by",
    on: { kinds: ["state"], holds: "pairs" },
    make: a => ({
      handle: as<State>(a).top(2, ([, n]) => -n),
      plain: i => best((a.plain(i) as Pair[]).map(([k, n]): Pair => [k, -n])).map(([k, n]) => [k, -n]),
      kind: "snapshot",
    }),
  },
  {
    name: "version.transform",
    on: { kinds: versions },
    make: a => ({
      handle: as<Snap>(a).transform((rdd, { from }) => rdd.distinct().map(v => [v, (from / 1000) % 60] as Pair)),
      plain: i => grouped(a.plain(i).map(v => [v, 1])).map(([v]) => [v, second(i, a)]),
      kind: "snapshot",
      holds: "pairs",
    }),
  },
  {
    name: "version.persist",
    on: { kinds: versions },
    make: a => ({
      handle: as<Snap>(a)
        .filter(v => v !== null)
        .persist(),
      plain: i => a.plain(i).filter(v => v !== null),
      kind: "snapshot",
      ordered: a.ordered,
    }),
  },
]
