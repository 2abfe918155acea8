/**
 * Random programs over random records on whole clusters: each interval of each stream is what plain arrays give; and whatever the
 * number of workers, whoever dies, live or from a file, the very same rows in the same order.
 */

import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type IntervalFault, runIntervals, simulate } from "../../cluster/testing/index.js"
import { max, sum } from "../../engine/builtins.js"
import type { DStream, Duration, Handle, SnapshotDStream, StateDStream } from "../../engine/fluent/types.js"
import { compareKeys, KeyMap } from "../../engine/keys/key.js"

const test = suite("random programs on clusters")

/** RUNS=50 looks fifty times as long, and elsewhere each time: thousands of programs in half an hour. Without it they are always the same few. */
const more = Number(process.env.RUNS ?? 1)
const fixed = process.env.RUNS === undefined ? { seed: 20_131 } : {}

type Row = unknown
type Pair = [unknown, number]
/** What a stream holds in its interval i. */
type Plain = (i: number) => Row[]

interface Stream {
  readonly text: string
  readonly handle: Handle
  readonly holds: "values" | "pairs"
  readonly kind: "records" | "snapshot" | "state"
  readonly every: number
  readonly plain: Plain
}

const memo = (f: Plain): Plain => {
  const known = new Map<number, Row[]>()
  return i => {
    let rows = known.get(i)
    if (rows === undefined) {
      rows = i < 0 ? [] : f(i)
      known.set(i, rows)
    }
    return rows
  }
}
const reduced = (pairs: readonly Row[], f: (a: number, b: number) => number): Pair[] => {
  const state = new KeyMap<number>()
  for (const [key, n] of pairs as Pair[]) {
    const slot = state.has(key) ? f(state.get(key)!, n) : n
    state.set(key, slot)
  }
  return [...state.entries()] as Pair[]
}
const grouped = (pairs: readonly Row[]): [unknown, number[]][] => {
  const groups = new KeyMap<number[]>()
  for (const [key, n] of pairs as Pair[]) {
    if (groups.has(key)) groups.get(key)!.push(n)
    else groups.set(key, [n])
  }
  return [...groups.entries()] as [unknown, number[]][]
}
const recent = (plain: Plain, i: number, length: number): Row[] => Array.from({ length }, (_, j) => plain(i - length + 1 + j)).flat()
const joined = (left: readonly Row[], right: readonly Row[]): Row[] => {
  const others = new KeyMap<number[]>()
  for (const [key, ns] of grouped(right)) others.set(key, ns)
  return (left as Pair[]).flatMap(([key, n]) => (others.get(key) ?? []).map(m => [key, [n, m]]))
}

/** Outer joins: what one side lacks is undefined. */
const joinedOuter = (left: readonly Row[], right: readonly Row[], keepLeft: boolean, keepRight: boolean): Row[] => {
  const [as, bs] = [new KeyMap<number[]>(), new KeyMap<number[]>()]
  for (const [key, ns] of grouped(left)) as.set(key, ns)
  for (const [key, ns] of grouped(right)) bs.set(key, ns)
  const keys = grouped([...(left as Pair[]), ...(right as Pair[])]).map(([key]) => key)
  return keys.flatMap(key => {
    const [ls, rs] = [as.get(key), bs.get(key)]
    if (ls === undefined) return keepRight ? rs!.map(m => [key, [undefined, m]]) : []
    if (rs === undefined) return keepLeft ? ls.map(n => [key, [n, undefined]]) : []
    return ls.flatMap(n => rs.map(m => [key, [n, m]]))
  })
}

interface Step {
  readonly op: number
  readonly on: number
  readonly other: number
  readonly n: number
}

type Any = DStream<Row>
type Pairs = DStream<Pair>
type Snap = SnapshotDStream<Row>
type State = StateDStream<unknown, number>

interface Made {
  readonly handle: Handle
  readonly plain: Plain
  readonly holds?: Stream["holds"]
  readonly kind?: Stream["kind"]
  readonly every?: number
}
interface Op {
  readonly name: string
  readonly on: Partial<Pick<Stream, "holds">> & { readonly kinds: readonly Stream["kind"][] }
  /** The second stream's; it has the same interval. */
  readonly other?: Op["on"]
  make(a: Stream, b: Stream, n: number): Made
}

const records = ["records"] as const
const versions = ["snapshot", "state"] as const
const as = <T>(stream: Stream): T => stream.handle as unknown as T
const seconds = (n: number) => `${n}s` as Duration
const ones = (v: unknown): Pair => [v, 1]
const isNumber = (v: unknown) => typeof v === "number"

const ops: readonly Op[] = [
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

/** Ended by silence at 2. */
const step = (values: number[], state: number | undefined): number | undefined =>
  values.length === 0 && state !== undefined && state > 2 ? undefined : values.reduce((a, b) => a + b, state ?? 0)

function best(pairs: readonly Pair[]): Pair[] {
  return [...pairs].sort((a, b) => b[1] - a[1] || compareKeys(a[0], b[0])).slice(0, 2)
}

const fits = (stream: Stream, { kinds, holds }: Op["on"]) => kinds.includes(stream.kind) && (holds === undefined || stream.holds === holds)

/** Steps as numbers, so that what fails shrinks to few small ones: each picks among the operators and streams that fit. */
function build(steps: readonly Step[], inputs: Record<string, DStream<unknown>>, fed: Record<string, Row[][]>): Stream[] {
  const streams: Stream[] = Object.entries(inputs).map(([text, handle]) => ({
    text,
    handle,
    holds: "values",
    kind: "records",
    every: 1,
    plain: i => fed[text]?.[i] ?? [],
  }))
  for (const { op, on, other, n } of steps) {
    const a = streams[on % streams.length]!
    const others = (of: Op) => (of.other === undefined ? [a] : streams.filter(b => b.every === a.every && fits(b, of.other!)))
    const choices = ops.filter(of => fits(a, of.on) && others(of).length > 0)
    const chosen = choices[op % choices.length]!
    const b = others(chosen)[other % others(chosen).length]!
    const made = chosen.make(a, b, n)
    streams.push({
      ...a,
      ...made,
      plain: memo(made.plain),
      text: `${chosen.name}(${a.text}${chosen.other ? `, ${b.text}` : ""}${/repart|reduceBy|track|window/.test(chosen.name) ? `; ${n}` : ""})`,
    })
  }
  return streams
}

const value = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 3 }) },
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "", "é") },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(null, true, 1.5, Number.NaN, 3n, [1, "a"], { x: 1 }) },
)
const input = fc.array(fc.array(value, { maxLength: 5 }), { maxLength: 5 })
const steps = fc.array(fc.record({ op: fc.nat(120), on: fc.nat(12), other: fc.nat(12), n: fc.integer({ min: 1, max: 7 }) }), {
  minLength: 1,
  maxLength: 7,
})
const fault = fc.option(
  fc.record({ who: fc.integer({ min: 0, max: 4 }), atMs: fc.integer({ min: 1, max: 5500 }), forMs: fc.integer({ min: 1, max: 2000 }) }),
)

const intervals = 6

const inOrder = (rows: readonly Row[]) => [...rows].sort(compareKeys)

test("each interval of each stream is what plain arrays give, on any cluster", async () => {
  const cluster = fc.record({
    workers: fc.integer({ min: 1, max: 4 }),
    partitions: fc.integer({ min: 1, max: 7 }),
    fault,
    closures: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(input, input, steps, cluster, async (a, b, program, { workers, partitions, fault: broken, closures }) => {
      const fed = { a, b }
      const faults: IntervalFault[] =
        broken === null || workers < 2
          ? []
          : [
              {
                kill: broken.who === 0 ? "master" : `w${1 + (broken.who % workers)}`,
                at: `${broken.atMs}ms`,
                for: `${broken.forMs}ms`,
              },
            ]
      let streams: Stream[] = []
      const run = (on: number, with_: readonly IntervalFault[], compiled: boolean) =>
        runIntervals({
          compiled,
          interval: "1s",
          inputs: fed,
          intervals,
          workers: on,
          partitions,
          faults: with_,
          program: (_, inputs) => {
            streams = build(program, inputs, fed)
            return Object.fromEntries(streams.map(({ handle }, i) => [`s${i}`, handle]))
          },
        })
      const results = await run(workers, faults, true)
      for (const [i, { text, every, plain }] of streams.entries()) {
        const expected = Array.from({ length: Math.floor(intervals / every) }, (_, k) => inOrder(plain(k)))
        assert.equal(results[`s${i}`]!.map(inOrder), expected, text)
      }
      // Whoever computes it, read or called: the same rows in the same order.
      if (faults.length > 0 || closures) assert.equal(await run(1, [], !closures), results, streams.map(({ text }) => text).join("\n"))
    }),
    { numRuns: Math.ceil(60 * more), ...fixed },
  )
})

test("from a file by their own times: the same rows as live", async () => {
  const record = fc.record({ k: fc.constantFrom("a", "b", "c"), n: fc.integer({ min: 0, max: 9 }) })
  const start = Date.UTC(2026, 0, 1)
  const program = (views: DStream<{ k: string; n: number }>) => {
    const pairs = views.map(({ k, n }) => [k, n])
    return {
      sums: pairs.reduceByKey(sum, 3),
      running: pairs.runningReduce(sum),
      windows: pairs.reduceByWindow("3s", sum, (x, y) => x - y),
      sizes: pairs
        .window("2s")
        .groupByKey()
        .mapValues(ns => ns.length),
    }
  }
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(record, { maxLength: 4 }), { minLength: 1, maxLength: 5 }), async rows => {
      const live = await runIntervals({ interval: "1s", inputs: { views: rows }, workers: 2, program: (_, { views }) => program(views!) })
      const s = await simulate({ workers: 3 })
      const timed = rows.flatMap((interval, i) => interval.map(row => ({ ...row, t: start + 1000 * i })))
      // What ends the file is later than all: it closes the intervals before it.
      await s.parallelize([...timed, { k: "z", n: 0, t: start + 1000 * rows.length }], 1).save("/log")
      const replayed = program(
        s.readStream<{ k: string; n: number; t: number }>("file:/log", "1s", { format: "json", timestamp: v => v.t }),
      )
      await s.flush()
      await s.advance("5s")
      await s.drained()
      for (const [name, handle] of Object.entries(replayed)) {
        const of = handle as unknown as DStream<unknown>
        for (const [i, expected] of live[name as keyof typeof replayed].entries()) {
          assert.equal(await of.at(start + 1000 * i).collect(), expected, `${name} ${i}`)
        }
      }
      await s.close()
    }),
    { numRuns: Math.ceil(10 * more), ...fixed },
  )
})

test.run()
