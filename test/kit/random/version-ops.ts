/** Operators of snapshots. */

import { sum } from "../../../engine/builtins.js"
import { best, grouped, joined, joinedOuter, type Pair, reduced } from "./plain.js"
import { as, isNumber, type Op, type Snap, type State, versions } from "./stream.js"

export const versionOps: readonly Op[] = [
  {
    name: "version.map",
    on: { kinds: versions },
    make: a => ({ handle: as<Snap>(a).map(v => [v]), plain: i => a.plain(i).map(v => [v]), kind: "snapshot", holds: "values" }),
  },
  {
    name: "version.count",
    on: { kinds: versions },
    make: a => ({ handle: as<Snap>(a).count(), plain: i => [a.plain(i).length], kind: "snapshot", holds: "values" }),
  },
  {
    name: "version.reduceByKey",
    on: { kinds: versions, holds: "pairs" },
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
    on: { kinds: versions, holds: "pairs" },
    other: { kinds: versions, holds: "pairs" },
    make: (a, b) => ({
      handle: as<State>(a).join(as<State>(b)),
      plain: i => joined(a.plain(i), b.plain(i)),
      kind: "snapshot",
      holds: "values",
    }),
  },
  {
    name: "version.leftOuterJoin",
    on: { kinds: versions, holds: "pairs" },
    other: { kinds: versions, holds: "pairs" },
    make: (a, b) => ({
      handle: as<State>(a).leftOuterJoin(as<State>(b)),
      plain: i => joinedOuter(a.plain(i), b.plain(i), true, false),
      kind: "snapshot",
      holds: "values",
    }),
  },
  {
    name: "version.flatMap, groupByKey",
    on: { kinds: versions, holds: "pairs" },
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
    name: "version.top",
    on: { kinds: ["state"], holds: "pairs" },
    make: a => ({ handle: as<State>(a).top(2), plain: i => best(a.plain(i) as Pair[]), kind: "snapshot" }),
  },
]
