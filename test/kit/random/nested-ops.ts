/** Operators over values that hold others: dates, big integers, maps, bytes, what is undefined and what is missing. */

import { grouped, memo, type Pair, type Plain, type Row, recent, reduced } from "./plain.js"
import { type Any, as, type Op, type Pairs, records, type Snap, second, seconds, versions } from "./stream.js"

const any = { kinds: records } as const
const pairs = { kinds: records, holds: "pairs" } as const

const boxed = (v: Row) => ({
  v,
  at: new Date(typeof v === "number" && v > 0 ? 1 : 0),
  big: typeof v === "string" ? BigInt(v.length) : -(2n ** 65n),
  map: new Map<unknown, unknown>([["v", v]]),
  bytes: Uint8Array.of(1, typeof v === "number" ? 2 : 3),
  ...(typeof v === "number" ? {} : { none: undefined }),
})
const unboxed = (v: Row): Row => (typeof v === "object" && v !== null && "v" in v ? v.v : v)

/** What a state holds of numbers: how many, the newest as a date, each in a set. */
interface Held {
  readonly n: bigint
  readonly last: Date
  readonly all: Map<string, number>
}
const begun = (n: number): Held => ({ n: 1n, last: new Date(Number.isFinite(n) ? n : 0), all: new Map([[String(n), 1]]) })
const both = (a: Held, b: Held): Held => {
  const all = new Map(a.all)
  for (const [text, n] of b.all) all.set(text, (all.get(text) ?? 0) + n)
  // In an order that is the same whatever came first.
  return { n: a.n + b.n, last: a.last > b.last ? a.last : b.last, all: new Map([...all].sort(([x], [y]) => (x < y ? -1 : 1))) }
}

export const nestedOps: readonly Op[] = [
  {
    name: "boxed",
    on: any,
    make: a => ({ handle: as<Any>(a).map(boxed), plain: i => a.plain(i).map(boxed), holds: "values", ordered: a.ordered }),
  },
  {
    name: "unboxed",
    on: any,
    make: a => ({
      handle: as<Any>(a).map(v => unboxed(v) as Row as null),
      plain: i => a.plain(i).map(unboxed),
      holds: "values",
      ordered: a.ordered,
    }),
  },
  {
    name: "version.boxed",
    on: { kinds: versions },
    make: a => ({
      handle: as<Snap>(a).map(boxed),
      plain: i => a.plain(i).map(boxed),
      kind: "snapshot",
      holds: "values",
      ordered: a.ordered,
    }),
  },
  {
    name: "of what type",
    on: any,
    make: a => {
      const type = (v: Row) =>
        v instanceof Date ? "date" : v instanceof Map ? "map" : ArrayBuffer.isView(v) ? v.constructor.name : typeof v
      return {
        handle: as<Any>(a).map(v => [type(v), 1]),
        plain: i => a.plain(i).map((v): Pair => [type(v), 1]),
        holds: "pairs",
        ordered: a.ordered,
      }
    },
  },
  {
    name: "mapPartitions with the interval",
    on: any,
    make: a => ({
      handle: as<Any>(a).mapPartitions((rows, { interval: { from, to } }) =>
        [...rows].map((v): Pair => [v, ((from / 1000) % 60) + to - from]),
      ),
      plain: i => a.plain(i).map(v => [v, second(i, a) + a.every * 1000]),
      holds: "pairs",
      ordered: a.ordered,
    }),
  },
  {
    name: "runningReduce of objects",
    on: pairs,
    make: a => {
      const plain: Plain = memo(i => reduced<Held>([...plain(i - 1), ...held(a.plain(i))], both), a.first)
      return { handle: as<Pairs>(a).mapValues(begun).runningReduce(both), plain, kind: "state", holds: "values" }
    },
  },
  {
    name: "reduceByWindow of objects",
    on: pairs,
    make: (a, _, n) => {
      const [length, slide] = [1 + (n % 4), 1 + ((n >> 2) % 2)]
      return {
        handle: as<Pairs>(a)
          .mapValues(begun)
          .reduceByWindow(seconds(length * a.every), both, undefined, seconds(slide * a.every)),
        plain: i => reduced<Held>(held(recent(a.plain, i * slide + slide - 1, length)), both),
        kind: "state",
        holds: "values",
        every: a.every * slide,
      }
    },
  },
  {
    name: "track of objects, in order",
    on: { ...pairs, ordered: true },
    make: a => {
      const plain: Plain = memo(
        i => grouped([...(plain(i - 1) as [unknown, number[]][]).flatMap(([k, ns]) => ns.map(n => [k, n])), ...a.plain(i)]),
        a.first,
      )
      return {
        handle: as<Pairs>(a)
          .track(
            (key, n) => ({ key, ns: [n] }),
            (_, state, n) => ({ ...state, ns: [...state.ns, n] }),
            "1h",
          )
          .map(([k, { ns }]) => [k, ns]),
        plain,
        kind: "snapshot",
        holds: "values",
      }
    },
  },
]

const held = (rows: readonly Row[]) => (rows as Pair[]).map(([k, n]): [unknown, Held] => [k, begun(n)])
