/** Steps of random programs on RDDs, and the same on arrays. */

import type { RDD } from "../../../engine/fluent/types.js"
import { compareKeys, KeyMap, sameValue } from "../../../engine/keys/key.js"

type Any = RDD<unknown>

export interface RddStep {
  readonly name: string
  /** `b` is a second RDD. */
  rdd(a: Any, b: Any): Any
  array(a: unknown[], b: unknown[]): unknown[]
  /** What comes of it is in no order of its own. */
  readonly loosens?: true
  /** What it gives depends on the order of what it is given. */
  readonly ordered?: true
  /** It gives a record for each two. */
  readonly explodes?: true
}

export const distinctOf = (rows: readonly unknown[]) => {
  const seen = new KeyMap<unknown>()
  for (const row of rows) if (!seen.has(row)) seen.set(row, row)
  return [...seen.keys()]
}
export const holdsRow = (rows: readonly unknown[], row: unknown) => rows.some(other => sameValue(other, row))

export const rddSteps: readonly RddStep[] = [
  { name: "map", rdd: a => a.map(v => [v]), array: a => a.map(v => [v]) },
  { name: "filter", rdd: a => a.filter(v => typeof v !== "number"), array: a => a.filter(v => typeof v !== "number") },
  {
    name: "flatMap",
    rdd: a => a.flatMap(v => (Array.isArray(v) ? v : [v, v])),
    array: a => a.flatMap(v => (Array.isArray(v) ? v : [v, v])),
  },
  { name: "mapPartitions", rdd: a => a.mapPartitions(vs => [...vs].map(v => ({ v }))), array: a => a.map(v => ({ v })) },
  { name: "keyBy, values", rdd: a => a.keyBy(v => [v, 1]).values(), array: a => a },
  { name: "keys", rdd: a => a.map(v => [v, 1]).keys(), array: a => a },
  { name: "union", rdd: (a, b) => a.union(b), array: (a, b) => [...a, ...b] },
  { name: "sample of all", rdd: a => a.sample(1), array: a => a },
  { name: "coalesce", rdd: a => a.coalesce(2), array: a => a },
  { name: "zipWithIndex", rdd: a => a.zipWithIndex(), array: a => a.map((v, i) => [v, i]), ordered: true },
  { name: "zip", rdd: a => a.zip(a.map(v => [v])), array: a => a.map(v => [v, [v]]), ordered: true },
  { name: "sortBy", rdd: a => a.sortBy(v => v as never), array: a => sortedBy(a, (x, y) => ranked(x, y, 1)) },
  { name: "sortBy desc", rdd: a => a.sortBy(v => v as never, "desc"), array: a => sortedBy(a, (x, y) => ranked(x, y, -1)) },
  { name: "distinct", rdd: a => a.distinct(), array: distinctOf, loosens: true },
  { name: "repartition", rdd: a => a.repartition(3), array: a => a, loosens: true },
  {
    name: "partitionBy",
    rdd: a =>
      a
        .map(v => [v, 0] as [unknown, unknown])
        .partitionBy(2)
        .keys(),
    array: a => a,
    loosens: true,
  },
  { name: "intersection", rdd: (a, b) => a.intersection(b), array: (a, b) => distinctOf(a).filter(v => holdsRow(b, v)), loosens: true },
  { name: "subtract", rdd: (a, b) => a.subtract(b), array: (a, b) => a.filter(v => !holdsRow(b, v)), loosens: true },
  {
    name: "groupBy",
    rdd: a => a.groupBy(v => typeof v).mapValues(vs => vs.length),
    array: a => grouped(a.map(v => [typeof v, v])).map(([k, vs]) => [k, vs.length]),
    loosens: true,
  },
  { name: "cartesian", rdd: (a, b) => a.cartesian(b), array: (a, b) => a.flatMap(x => b.map(y => [x, y])), loosens: true, explodes: true },
  {
    name: "randomSplit",
    rdd: a => a.randomSplit([1, 2, 1]).reduce((x, y) => x.union(y)),
    array: a => a,
    loosens: true,
  },
  { name: "glom", rdd: a => a.glom().flatMap(part => [...part]), array: a => a },
  { name: "persist", rdd: a => a.persist(), array: a => a },
  {
    name: "reduceByKey",
    rdd: a => a.map(v => [v, 1]).reduceByKey((x, y) => x + y),
    array: a => grouped(a.map(v => [v, 1])).map(([v, ns]) => [v, ns.length]),
    loosens: true,
  },
  {
    name: "combineByKey, flatMapValues",
    rdd: a =>
      a
        .map(v => [[typeof v], v] as [unknown, unknown])
        .combineByKey(
          () => 1,
          c => c + 1,
          (c, d) => c + d,
        )
        .flatMapValues(n => [n, -n]),
    array: a => grouped(a.map(v => [[typeof v], v])).flatMap(([k, vs]) => [vs.length, -vs.length].map(n => [k, n])),
    loosens: true,
  },
  {
    name: "aggregateByKey",
    rdd: a =>
      a
        .map(v => [v, 1] as [unknown, number])
        .aggregateByKey(
          { n: 0 },
          (c, n) => ({ n: c.n + n }),
          (c, d) => ({ n: c.n + d.n }),
        ),
    array: a => grouped(a.map(v => [v, 1])).map(([v, ns]) => [v, { n: ns.length }]),
    loosens: true,
  },
  {
    name: "fullOuterJoin",
    rdd: (a, b) =>
      a
        .distinct()
        .map(v => [v, 1])
        .fullOuterJoin(b.distinct().map(v => [v, 2])),
    array: (a, b) => distinctOf([...a, ...b]).map(v => [v, [holdsRow(a, v) ? 1 : undefined, holdsRow(b, v) ? 2 : undefined]]),
    loosens: true,
  },
  {
    name: "subtractByKey",
    rdd: (a, b) =>
      a
        .map(v => [v, null])
        .subtractByKey(b.map(v => [v, 0]))
        .keys(),
    array: (a, b) => a.filter(v => !holdsRow(b, v)),
    loosens: true,
  },
  {
    name: "cogroup",
    rdd: (a, b) =>
      a
        .map(v => [v, 1])
        .cogroup(b.map(v => [v, 2]))
        .mapValues(([l, r]) => [l.length, r.length]),
    array: (a, b) => distinctOf([...a, ...b]).map(v => [v, [a, b].map(rows => rows.filter(row => sameValue(row, v)).length)]),
    loosens: true,
  },
]

/** Array.sort puts undefined last without asking. */
export function sortedBy(rows: readonly unknown[], order: (a: unknown, b: unknown) => number): unknown[] {
  return rows
    .map(row => ({ row }))
    .sort((a, b) => order(a.row, b.row))
    .map(({ row }) => row)
}

/** As sortBy and takeOrdered have it: NaN last either way. */
export function ranked(a: unknown, b: unknown, direction: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  const both = [a, b].every(v => typeof v === "number" || typeof v === "bigint")
  if (both) return direction * ((a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0)
  return direction * compareKeys(a, b)
}

export function grouped(pairs: readonly (readonly [unknown, unknown])[]): [unknown, unknown[]][] {
  const groups = new KeyMap<unknown[]>()
  for (const [k, v] of pairs) groups.has(k) ? groups.get(k)!.push(v) : groups.set(k, [v])
  return [...groups.entries()]
}
