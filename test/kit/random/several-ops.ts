/** Operators of several streams, of streams with RDDs, and `transform`. */

import { sum } from "../../../engine/builtins.js"
import type { RDD } from "../../../engine/fluent/types.js"
import { cogrouped, grouped, joined, keyText, type Row, reduced, sortedBy } from "./plain.js"
import { rddSteps } from "./rdd-steps.js"
import { type Any, as, type Op, oldPairs, oldRdd, ones, type Pairs, records, second } from "./stream.js"

const any = { kinds: records } as const
const pairs = { kinds: records, holds: "pairs" } as const
const anyPairs = { kinds: ["records", "snapshot", "state"], holds: "pairs" } as const
const joins = ["join", "leftOuterJoin", "rightOuterJoin", "fullOuterJoin"] as const
const joinedAs = (name: (typeof joins)[number], left: Row[], right: Row[]) =>
  joined(left, right, name === "leftOuterJoin" || name === "fullOuterJoin", name === "rightOuterJoin" || name === "fullOuterJoin")
export const severalOps: readonly Op[] = [
  {
    name: "union",
    on: any,
    other: any,
    make: (a, b) => ({
      handle: as<Any>(a).union(as<Any>(b)),
      plain: i => [...a.plain(i), ...b.plain(i)],
      holds: a.holds === "pairs" && b.holds === "pairs" ? "pairs" : "values",
      ordered: a.ordered && b.ordered,
    }),
  },
  {
    name: "union of three",
    on: any,
    other: any,
    make: (a, b, _, s) => ({
      handle: s.union(as<Any>(a), as<Any>(b), as<Any>(a)),
      plain: i => [...a.plain(i), ...b.plain(i), ...a.plain(i)],
      holds: a.holds === "pairs" && b.holds === "pairs" ? "pairs" : "values",
      ordered: a.ordered && b.ordered,
    }),
  },
  ...joins.map(
    (name): Op => ({
      name,
      on: pairs,
      other: anyPairs,
      make: (a, b) => ({
        handle: as<Pairs>(a)[name](as<Pairs>(b)),
        plain: i => joinedAs(name, a.plain(i), b.plain(i)),
        holds: "values",
      }),
    }),
  ),
  {
    name: "join with an RDD",
    on: pairs,
    make: (a, _, n, s) => {
      const name = joins[n % 4]!
      return { handle: as<Pairs>(a)[name](oldRdd(s, n >> 2)), plain: i => joinedAs(name, a.plain(i), oldPairs(false)), holds: "values" }
    },
  },
  {
    name: "cogroup",
    on: pairs,
    other: anyPairs,
    make: (a, b) => ({
      handle: as<Pairs>(a)
        .cogroup(as<Pairs>(b))
        .mapValues(([l, r]) => 10 * l.length + r.length),
      plain: i => cogrouped(a.plain(i), b.plain(i)).map(([k, [l, r]]) => [k, 10 * l.length + r.length]),
    }),
  },
  {
    name: "cogroup, in order",
    on: { ...pairs, ordered: true },
    other: { ...pairs, ordered: true },
    make: (a, b) => ({ handle: as<Pairs>(a).cogroup(as<Pairs>(b)), plain: i => cogrouped(a.plain(i), b.plain(i)), holds: "values" }),
  },
  {
    name: "cogroup with an RDD",
    on: { ...pairs, ordered: true },
    make: (a, _, n, s) => ({
      handle: as<Pairs>(a).cogroup(oldRdd(s, n)),
      plain: i => cogrouped(a.plain(i), oldPairs(false)),
      holds: "values",
    }),
  },
  {
    name: "transform: subtractByKey",
    on: pairs,
    make: a => ({
      handle: as<Pairs>(a).transform(rdd => rdd.subtractByKey(rdd.filter(([, n]) => n > 1))),
      plain: i => grouped(a.plain(i)).flatMap(([k, ns]) => (ns.some(n => n > 1) ? [] : ns.map(n => [k, n]))),
    }),
  },
  {
    name: "transform: sets",
    on: any,
    make: (a, _, n, s) => {
      const [keys, others] = [oldPairs(false).map(([k]) => k), oldRdd(s, n).keys()]
      const known = new Set(keys.map(keyText))
      const is = (v: Row) => known.has(keyText(v))
      return {
        handle: as<Any>(a).transform(rdd => rdd.intersection(others).union(rdd.subtract(others)) as RDD<Row>),
        plain: i => [...grouped(a.plain(i).filter(is).map(ones)).map(([v]) => v), ...a.plain(i).filter(v => !is(v))],
        holds: "values",
      }
    },
  },
  {
    name: "transform: the interval",
    on: any,
    make: a => ({
      handle: as<Any>(a).transform((rdd, { from, to }) => rdd.map(v => [[v, to - from], (from / 1000) % 60])),
      plain: i => a.plain(i).map(v => [[v, 1000 * a.every], second(i, a)]),
      holds: "pairs",
      ordered: a.ordered,
    }),
  },
  {
    name: "transform: zipWithIndex",
    on: { ...any, ordered: true },
    make: a => ({
      handle: as<Any>(a).transform(rdd => rdd.zipWithIndex()),
      plain: i => a.plain(i).map((v, at) => [v, at]),
      holds: "pairs",
      ordered: true,
    }),
  },
  {
    name: "transform: sortBy",
    on: { ...any, ordered: true },
    make: (a, _, n) => {
      const direction = n % 2 === 0 ? "asc" : "desc"
      const by = (v: unknown) => (typeof v === "string" ? v.length : 0)
      return {
        handle: as<Any>(a).transform(rdd => rdd.sortBy(v => (typeof v === "string" ? v.length : 0), direction).zipWithIndex()),
        plain: i => sortedBy(a.plain(i), (x, y) => (n % 2 === 0 ? by(x) - by(y) : by(y) - by(x))).map((v, at) => [v, at]),
        holds: "pairs",
        ordered: true,
      }
    },
  },
  {
    name: "transform: steps of RDDs",
    on: any,
    make: (a, _, n, s) => {
      const known = oldPairs(false).map(([k]) => k)
      const others = oldRdd(s, n).keys() as RDD<Row>
      let { ordered } = a
      const chosen = [n % 37, Math.floor(n / 37) % 41, Math.floor(n / 1517)].flatMap(i => {
        const of = rddSteps.filter(step => !step.explodes && (ordered || !step.ordered))
        const step = of[i % of.length]!
        if (step.loosens) ordered = false
        return [step]
      })
      return {
        handle: as<Any>(a).transform(rdd => chosen.reduce((made, { rdd: on }) => on(made, others), rdd as RDD<Row>)),
        plain: i => chosen.reduce((rows, { array }) => array(rows, known), a.plain(i)),
        holds: "values",
        ordered,
      }
    },
  },
  {
    name: "transformWith",
    on: pairs,
    other: anyPairs,
    make: (a, b) => ({
      handle: as<Pairs>(a).transformWith(as<Pairs>(b), (x, y) => x.union(y).reduceByKey(sum)),
      plain: i => reduced([...a.plain(i), ...b.plain(i)], sum),
    }),
  },
  {
    name: "transformWith: cartesian",
    on: any,
    other: { kinds: ["records", "snapshot", "state"] },
    make: (a, b) => ({
      handle: as<Any>(a).transformWith(as<Any>(b), (x, y) => x.distinct().cartesian(y.distinct())),
      plain: i => {
        const [xs, ys] = [a, b].map(of => grouped(of.plain(i).map(ones)).map(([v]) => v))
        return xs!.flatMap(x => ys!.map(y => [x, y]))
      },
      holds: "values",
    }),
  },
]
