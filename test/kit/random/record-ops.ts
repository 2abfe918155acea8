/** Operators of records. */

import { max, sum } from "../../../engine/builtins.js"
import { KeyMap } from "../../../engine/keys/key.js"
import { best, grouped, joined, joinedOuter, memo, type Pair, type Plain, recent, reduced, step } from "./plain.js"
import { type Any, as, isNumber, type Op, ones, type Pairs, records, seconds } from "./stream.js"

export const recordOps: readonly Op[] = [
  {
    name: "map",
    on: { kinds: records },
    make: a => ({ handle: as<Any>(a).map(v => [v]), plain: i => a.plain(i).map(v => [v]), holds: "values" }),
  },
  {
    name: "flatMap",
    on: { kinds: records },
    make: a => ({ handle: as<Any>(a).flatMap(v => [v, [v, 1]]), plain: i => a.plain(i).flatMap(v => [v, [v, 1]]), holds: "values" }),
  },
  {
    name: "filter",
    on: { kinds: records, holds: "values" },
    make: a => ({ handle: as<Any>(a).filter(v => !isNumber(v)), plain: i => a.plain(i).filter(v => !isNumber(v)) }),
  },
  {
    name: "ones",
    on: { kinds: records },
    make: a => ({ handle: as<Any>(a).map(v => ones(v)), plain: i => a.plain(i).map(ones), holds: "pairs" }),
  },
  {
    name: "distinct",
    on: { kinds: records },
    make: a => ({ handle: as<Any>(a).distinct(), plain: i => grouped(a.plain(i).map(ones)).map(([v]) => v) }),
  },
  { name: "repartition", on: { kinds: records }, make: (a, _, n) => ({ handle: as<Any>(a).repartition(n), plain: a.plain }) },
  {
    name: "persist",
    on: { kinds: records },
    make: a => ({
      handle: as<Any>(a)
        .map(v => v)
        .persist(),
      plain: a.plain,
    }),
  },
  {
    name: "union",
    on: { kinds: records },
    other: { kinds: records },
    make: (a, b) => ({
      handle: as<Any>(a).union(as<Any>(b)),
      plain: i => [...a.plain(i), ...b.plain(i)],
      holds: a.holds === "pairs" && b.holds === "pairs" ? "pairs" : "values",
    }),
  },
  { name: "count", on: { kinds: records }, make: a => ({ handle: as<Any>(a).count(), plain: i => [a.plain(i).length], holds: "values" }) },
  {
    name: "countByValue",
    on: { kinds: records },
    make: a => ({ handle: as<Any>(a).countByValue(), plain: i => reduced(a.plain(i).map(ones), sum), holds: "pairs" }),
  },
  {
    name: "mapPartitions",
    on: { kinds: records, holds: "pairs" },
    make: a => ({
      handle: as<Pairs>(a).mapPartitions(rows => [...rows].map(([k, n]): Pair => [k, n + 1])),
      plain: i => (a.plain(i) as Pair[]).map(([k, n]) => [k, n + 1]),
    }),
  },
  {
    name: "reduceByKey",
    on: { kinds: records, holds: "pairs" },
    make: (a, _, n) => ({ handle: as<Pairs>(a).reduceByKey(sum, n), plain: i => reduced(a.plain(i), sum) }),
  },
  {
    name: "groupByKey",
    on: { kinds: records, holds: "pairs" },
    make: a => ({
      handle: as<Pairs>(a)
        .groupByKey()
        .mapValues(ns => ns.length),
      plain: i => grouped(a.plain(i)).map(([k, ns]) => [k, ns.length]),
    }),
  },
  {
    name: "join",
    on: { kinds: records, holds: "pairs" },
    other: { kinds: ["records", "snapshot", "state"], holds: "pairs" },
    make: (a, b) => ({ handle: as<Pairs>(a).join(as<Pairs>(b)), plain: i => joined(a.plain(i), b.plain(i)), holds: "values" }),
  },
  ...(["leftOuterJoin", "rightOuterJoin", "fullOuterJoin"] as const).map(
    (name): Op => ({
      name,
      on: { kinds: records, holds: "pairs" },
      other: { kinds: ["records", "snapshot", "state"], holds: "pairs" },
      make: (a, b) => ({
        handle: as<Pairs>(a)[name](as<Pairs>(b)),
        plain: i => joinedOuter(a.plain(i), b.plain(i), name !== "rightOuterJoin", name !== "leftOuterJoin"),
        holds: "values",
      }),
    }),
  ),
  {
    name: "transform",
    on: { kinds: records, holds: "pairs" },
    make: a => ({
      handle: as<Pairs>(a).transform(rdd => rdd.subtractByKey(rdd.filter(([, n]) => n > 1))),
      plain: i => grouped(a.plain(i)).flatMap(([k, ns]) => (ns.some(n => n > 1) ? [] : ns.map(n => [k, n]))),
    }),
  },
  {
    name: "transformWith",
    on: { kinds: records, holds: "pairs" },
    other: { kinds: ["records", "snapshot", "state"], holds: "pairs" },
    make: (a, b) => ({
      handle: as<Pairs>(a).transformWith(as<Pairs>(b), (x, y) => x.union(y).reduceByKey(sum)),
      plain: i => reduced([...a.plain(i), ...b.plain(i)], sum),
    }),
  },
  {
    name: "combineByKey",
    on: { kinds: records, holds: "pairs" },
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
    on: { kinds: records, holds: "pairs" },
    make: a => ({
      handle: as<Pairs>(a)
        .map(([, n]) => n)
        .reduce(max),
      plain: i => (rows => (rows.length === 0 ? [] : [Math.max(...rows.map(([, n]) => n))]))(a.plain(i) as Pair[]),
      holds: "values",
    }),
  },
  {
    name: "reduceByEventTime",
    on: { kinds: records, holds: "pairs" },
    make: a => {
      const plain: Plain = memo(i => reduced([...plain(i - 1), ...a.plain(i)], sum))
      const handle = as<Pairs>(a)
        .reduceByEventTime("1d", sum, { timestamp: () => "2026-01-01T00:00:00Z", correctFor: "1d" })
        .map(([[, k], n]) => [k, n])
      return { handle, plain, kind: "snapshot" }
    },
  },
  {
    name: "cogroup",
    on: { kinds: records, holds: "pairs" },
    other: { kinds: records, holds: "pairs" },
    make: (a, b) => ({
      handle: as<Pairs>(a)
        .cogroup(as<Pairs>(b))
        .mapValues(([l, r]) => 10 * l.length + r.length),
      plain: i =>
        reduced([...(a.plain(i) as Pair[]).map(([k]): Pair => [k, 10]), ...(b.plain(i) as Pair[]).map(([k]): Pair => [k, 1])], sum),
    }),
  },
  {
    name: "top",
    on: { kinds: records, holds: "pairs" },
    make: a => ({ handle: as<Pairs>(a).reduceByKey(sum).top(2), plain: i => best(reduced(a.plain(i), sum)) }),
  },
  {
    name: "runningReduce",
    on: { kinds: records, holds: "pairs" },
    make: a => {
      const plain: Plain = memo(i => reduced([...plain(i - 1), ...a.plain(i)], max))
      return { handle: as<Pairs>(a).runningReduce(max), plain, kind: "state" }
    },
  },
  {
    name: "updateStateByKey",
    on: { kinds: records, holds: "pairs" },
    make: a => {
      const plain: Plain = memo(i => {
        const marked = [...(plain(i - 1) as Pair[]).map(([k, n]) => [k, -n]), ...a.plain(i)]
        return grouped(marked).flatMap(([k, ns]) => {
          const before = ns[0]! < 0 ? -ns[0]! : undefined
          const next = step(before === undefined ? ns : ns.slice(1), before)
          return next === undefined ? [] : [[k, next]]
        })
      })
      return { handle: as<Pairs>(a).updateStateByKey(step), plain, kind: "state" }
    },
  },
  {
    name: "track",
    on: { kinds: records, holds: "pairs" },
    make: (a, _, n) => {
      const timeout = ((n % 3) + 1) * a.every
      const states = memo(i => {
        const seen = new KeyMap<[number, number]>()
        for (const [k, [v, at]] of states(i - 1) as [unknown, [number, number]][]) seen.set(k, [v, at])
        for (const [k, v] of a.plain(i) as Pair[]) seen.set(k, [(seen.get(k)?.[0] ?? 0) + v, i])
        return [...seen.entries()].filter(([, [, at]]) => i - at < timeout / a.every)
      })
      const handle = as<Pairs>(a).track(
        (_k, v) => v,
        (_k, state, v) => state + v,
        seconds(timeout),
      )
      return { handle, plain: i => (states(i) as [unknown, [number, number]][]).map(([k, [v]]) => [k, v]), kind: "state" }
    },
  },
  {
    name: "reduceByWindow",
    on: { kinds: records, holds: "pairs" },
    make: (a, _, n) => {
      const length = (n % 4) + 1
      const slide = n > 4 ? 2 : 1
      const inverse = n % 2 === 0 ? (x: number, y: number) => x - y : undefined
      const handle = as<Pairs>(a).reduceByWindow(seconds(length * a.every), sum, inverse, seconds(slide * a.every))
      return {
        handle,
        plain: i => reduced(recent(a.plain, i * slide + slide - 1, length), sum),
        kind: "state",
        every: a.every * slide,
      }
    },
  },
  {
    name: "window",
    on: { kinds: records },
    make: (a, _, n) => {
      const length = (n % 4) + 1
      return { handle: as<Any>(a).window(seconds(length * a.every)), plain: i => recent(a.plain, i, length), kind: "snapshot" }
    },
  },
  {
    name: "countByWindow",
    on: { kinds: records },
    make: a => ({
      handle: as<Any>(a).countByWindow(seconds(2 * a.every)),
      plain: i => [recent(a.plain, i, 2).length],
      kind: "snapshot",
      holds: "values",
    }),
  },
]
