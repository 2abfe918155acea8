/** Handles of streams → definitions: one row an operator. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { max, sum } from "../../engine/builtins.js"
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { DStream, Handle, SnapshotDStream, StateDStream } from "../../engine/fluent/types.js"
import { FakeHost, nowMs, textOf } from "./fake-host.js"

type Pairs = DStream<[string, number]>
const hole = { kind: "hole", index: 0 }
const other = { kind: "hole", index: 1 }
const f = (hash: string) => ({ kind: "function", hash: textOf(hash) })
const builtin = (name: string) => ({ kind: "builtin", name })
const identity = builtin("identity")
const shuffled = (parent: unknown, g: unknown, partitions = 4) => ({
  kind: "shuffled",
  parent,
  partitions,
  aggregate: { kind: "combine", create: identity, merge: g, combine: g, mapSide: true },
})
const act = (parent: unknown, action: unknown) => ({ kind: "finished", action, parent: { kind: "partial", parent, action } })

const lifted: [name: string, make: (s: Pairs, o: Pairs) => Handle, rdd: unknown][] = [
  ["map", s => s.map(v => v[0]), { kind: "map", parent: hole, f: f("v => v[0]") }],
  ["flatMap", s => s.flatMap(v => [v]), { kind: "flatMap", parent: hole, f: f("v => [v]") }],
  ["filter", s => s.filter(v => v[1] > 1), { kind: "filter", parent: hole, f: f("v => v[1] > 1") }],
  ["mapPartitions", s => s.mapPartitions(vs => vs), { kind: "mapPartitions", parent: hole, f: f("vs => vs") }],
  ["mapValues", s => s.mapValues(v => -v), { kind: "mapValues", parent: hole, f: f("v => -v") }],
  ["flatMapValues", s => s.flatMapValues(v => [v]), { kind: "flatMapValues", parent: hole, f: f("v => [v]") }],
  ["distinct", s => s.distinct(), { kind: "distinct", parent: hole, partitions: 4 }],
  ["repartition", s => s.repartition(7), { kind: "repartition", parent: hole, partitions: 7 }],
  ["count", s => s.count(), act(hole, { kind: "count" })],
  ["reduce", s => s.reduce(a => a), act(hole, { kind: "reduce", f: f("a => a") })],
  ["top", s => s.top(3), act(hole, { kind: "top", n: 3, by: null, order: "desc" })],
  ["top", s => s.top(3, v => -v[1]), act(hole, { kind: "top", n: 3, by: f("v => -v[1]"), order: "desc" })],
  [
    "countByValue",
    s => s.countByValue(),
    shuffled({ kind: "mapValues", parent: { kind: "keyBy", parent: hole, f: identity }, f: builtin("one") }, builtin("sum")),
  ],
  ["reduceByKey", s => s.reduceByKey(sum), shuffled(hole, builtin("sum"))],
  ["reduceByKey", s => s.reduceByKey(max, 9), shuffled(hole, builtin("max"), 9)],
  ["groupByKey", s => s.groupByKey(), { kind: "shuffled", parent: hole, partitions: 4, aggregate: { kind: "group" } }],
  ["transform", s => s.transform(rdd => rdd.distinct()), { kind: "distinct", parent: hole, partitions: 4 }],
  ["transformWith", (s, o) => s.transformWith(o, (a, b) => a.zip(b)), { kind: "zip", parents: [hole, other] }],
  ["union", (s, o) => s.union(o), { kind: "union", parents: [hole, other] }],
  ["cogroup", (s, o) => s.cogroup(o), { kind: "cogroup", parents: [hole, other], partitions: 4, join: "cogroup" }],
  ["join", (s, o) => s.join(o), { kind: "cogroup", parents: [hole, other], partitions: 4, join: "inner" }],
  ["join", (s, o) => s.join(o.runningReduce(sum)), { kind: "cogroup", parents: [hole, other], partitions: 4, join: "inner" }],
  [
    "join",
    (s, o) => s.join(o.at(5000)),
    { kind: "cogroup", parents: [hole, { kind: "slice", stream: "s.2", from: 5000, to: 6000, only: true }], partitions: 4, join: "inner" },
  ],
  ["leftOuterJoin", (s, o) => s.leftOuterJoin(o), { kind: "cogroup", parents: [hole, other], partitions: 4, join: "left" }],
  ["rightOuterJoin", (s, o) => s.rightOuterJoin(o), { kind: "cogroup", parents: [hole, other], partitions: 4, join: "right" }],
  ["fullOuterJoin", (s, o) => s.fullOuterJoin(o), { kind: "cogroup", parents: [hole, other], partitions: 4, join: "full" }],
]

for (const [name, make, rdd] of lifted) {
  test(`${name}: ${make.toString().slice(0, 50)}`, () => {
    const host = new FakeHost()
    const made = make(host.typed("a"), host.typed("b"))
    const definition = [...host.definitions.values()].at(-1)!
    assert.is(definition.kind, "records")
    assert.is(definition.intervalMs, 1000)
    assert.is(definition.name, name)
    const { node } = definition
    assert.is(node.kind, "lift")
    if (node.kind !== "lift") return
    assert.equal(node.rdd, rdd)
    const second = JSON.stringify(rdd).includes('"index":1')
    assert.is(node.parents.length, second ? 2 : 1)
    assert.is(node.parents[0], "s.1")
    assert.ok(Object.isFrozen(node.rdd))
    assert.equal(handleData(made), { kind: "stream", id: definition.id, keyed: false })
    assert.is((made as { then?: unknown }).then, undefined)
  })
}

const stateful: [make: (s: Pairs) => Handle, kind: string, intervalMs: number, node: unknown][] = [
  [s => s.window("5s"), "snapshot", 1000, { kind: "window", parent: "s.1", lengthMs: 5000, slideMs: 1000 }],
  [s => s.window("6s", "2s"), "snapshot", 2000, { kind: "window", parent: "s.1", lengthMs: 6000, slideMs: 2000 }],
  [
    s => s.runningReduce(sum),
    "state",
    1000,
    { kind: "state", parent: "s.1", op: { kind: "runningReduce", f: builtin("sum") }, partitions: 4, initial: null },
  ],
  [
    s => s.reduceByWindow("5s", sum, (a, b) => a - b, "1s", { partitions: 2 }),
    "state",
    1000,
    {
      kind: "state",
      parent: "s.1",
      op: { kind: "reduceByWindow", f: builtin("sum"), inverse: f("(a, b) => a - b"), lengthMs: 5000, slideMs: 1000 },
      partitions: 2,
      initial: null,
    },
  ],
  [
    s =>
      s.track(
        () => 1,
        (_k, n) => n + 1,
        "30s",
      ),
    "state",
    1000,
    {
      kind: "state",
      parent: "s.1",
      op: { kind: "track", initialize: f("() => 1"), update: f("(_k, n) => n + 1"), timeoutMs: 30000 },
      partitions: 4,
      initial: null,
    },
  ],
  [
    s => s.updateStateByKey(() => 1, { initial: s.at(0) }),
    "state",
    1000,
    {
      kind: "state",
      parent: "s.1",
      op: { kind: "updateStateByKey", update: f("() => 1") },
      partitions: 4,
      initial: { kind: "slice", stream: "s.1", from: 0, to: 1000, only: true },
    },
  ],
  [s => s.save("out", { format: "csv" }), "output", 1000, { kind: "save", parent: "s.1", to: "out", format: "csv" }],
]

for (const [make, kind, intervalMs, node] of stateful) {
  test(`${make.toString().slice(0, 60)}`, () => {
    const host = new FakeHost()
    make(host.typed("a"))
    const definition = [...host.definitions.values()].at(-1)!
    assert.equal([definition.kind, definition.intervalMs, definition.node], [kind, intervalMs, node])
  })
}

test("countByWindow adds up the intervals' counts", () => {
  const host = new FakeHost()
  host.typed<[string, number]>("a").countByWindow("4s", "2s")
  const kinds = [...host.definitions.values()].map(({ kind, name }) => `${kind} ${name}`)
  assert.equal(kinds, ["input a", "records count", "snapshot window", "snapshot reduce"])
})

test("foreachRDD may be async and hold handles, operators may not", () => {
  const host = new FakeHost()
  const a = host.typed<[string, number]>("a")
  a.map(v => v)
  a.foreachRDD(async () => {}, { name: "alert", from: "next" })
  assert.equal(
    host.linked.map(({ operator, driver }) => [operator, driver]),
    [
      ["map", false],
      ["foreachRDD", true],
    ],
  )
  const output = [...host.definitions.values()].at(-1)!
  assert.equal([output.kind, output.name, output.from], ["output", "alert", "next"])
})

test("snapshots stay snapshots, states keep their keys", () => {
  const host = new FakeHost()
  const counts = host.typed<[string, number]>("a").runningReduce(sum)
  const rows: [Handle, string, boolean][] = [
    [counts, "state", true],
    [counts.filter(() => true), "snapshot", true],
    [counts.mapValues(n => n), "snapshot", true],
    [counts.map(v => v), "snapshot", false],
    [counts.top(3), "snapshot", false],
    [counts.map(v => v).reduceByKey(sum), "snapshot", true],
    [counts.join(counts), "snapshot", false],
  ]
  for (const [handle, kind, keyed] of rows) {
    const data = handleData(handle)
    assert.ok(data?.kind === "stream")
    assert.equal([host.definition(data.id).kind, data.keyed], [kind, keyed])
  }
})

test("times: at, last, latest, slice; relative ones stay relative", () => {
  const host = new FakeHost()
  const s = host.typed<string>("a", 2000)
  const nodes = [
    s.at(5000),
    s.at("-5m"),
    s.at("-3s"),
    s.at("now"),
    s.latest(),
    s.last("1m"),
    s.slice("21:05"),
    s.slice(1000, 3000),
    s.slice("-10s", "-5s"),
  ]
  const range = (from: number, to: number) => ({ kind: "slice", stream: "s.1", from, to })
  const one = (from: number, to: number) => ({ ...range(from, to), only: true })
  const at2105 = nowMs - 5 * 60_000
  const expected = [
    one(4000, 6000),
    one(-300_000, -298_000),
    one(-4000, -2000),
    range(-2000, Infinity),
    range(-2000, Infinity),
    range(-60_000, Infinity),
    range(at2105, Infinity),
    range(1000, 3000),
    range(-10_000, -5000),
  ]
  assert.equal(
    nodes.map(rdd => (rdd as unknown as { node: unknown }).node),
    expected,
  )
})

test("versions, and what a state answers by itself", () => {
  const host = new FakeHost()
  const counts = host.typed<[string, number]>("a").runningReduce(sum)
  const node = (rdd: unknown) => (rdd as { node: unknown }).node
  assert.equal(node(counts.latest()), { kind: "version", stream: "s.2", at: Infinity })
  assert.equal(node(counts.at(5)), { kind: "version", stream: "s.2", at: 5 })
  assert.equal(node(counts.changes("-5m")), { kind: "version", stream: "s.2", at: Infinity, read: { kind: "changes", since: -300_000 } })
  assert.equal(node(counts.slice(0, 9000).first()), { kind: "slice", stream: "s.2", from: 0, to: 9000, pick: "first" })
  assert.equal(node(counts.slice(0, 9000).last()), { kind: "slice", stream: "s.2", from: 0, to: 9000, pick: "last" })
  assert.equal(node(counts.slice(0, 9000).union()), { kind: "slice", stream: "s.2", from: 0, to: 9000 })
})

test("get asks one key, of a recipe by lookup", async () => {
  const host = new FakeHost()
  const counts = host.typed<[string, number]>("a").runningReduce(sum)
  host.rows = [["/a", 7]]
  assert.is(await counts.get("/a"), 7)
  assert.equal(
    host.asked[0],
    act(
      { kind: "version", stream: "s.2", at: Infinity, read: { kind: "key", keys: ["/a"] } },
      { kind: "collect", max: Number.MAX_SAFE_INTEGER },
    ),
  )
  host.rows = [8]
  assert.is(await counts.mapValues(n => n + 1).get("/a", 0), 8)
  assert.equal(host.asked[1], act({ kind: "version", stream: "s.3", at: 0 }, { kind: "lookup", key: "/a" }))
  host.rows = []
  assert.is(await counts.get("/b"), undefined)
})

test("a series has one value a version, empty ones too", async () => {
  const host = new FakeHost()
  const counts = host.typed<[string, number]>("a").runningReduce(sum) as StateDStream<string, number>
  host.intervals = { from: 10_000, to: 14_000 }
  host.rows = [
    [0, 1],
    [1, 2],
    [3, 4],
  ]
  const series = await counts.slice(10_000, 14_000).count()
  assert.equal(series.values(), [1, 2, 0, 4])
  assert.equal([...series][3], { interval: { from: 13_000, to: 14_000 }, value: 4 })
  host.rows = [[1, 4]]
  assert.equal((await counts.slice(10_000, 14_000, { every: "2s" }).count()).values(), [0, 4])
  assert.equal(
    [...(await counts.slice(10_000, 14_000, { every: "2s" }).count())].map(({ interval }) => interval.to),
    [12_000, 14_000],
  )
  host.rows = [
    [1, ["/a", 2]],
    [1, ["/b", 1]],
  ]
  assert.equal((await counts.slice(10_000, 14_000).top(2)).values(), [
    [],
    [
      ["/a", 2],
      ["/b", 1],
    ],
    [],
    [],
  ])
  host.rows = [
    [9_000, 5],
    [11_000, 6],
    [12_000, undefined],
  ]
  const history = await counts.history("/a", 10_000, 14_000)
  assert.equal(history.values(), [5, 6, undefined, undefined])
  assert.is(history.plot().toString(), "▁█    5 – 6")
})

test("named, persist, remember change the definition", () => {
  const host = new FakeHost()
  const s = host.typed<string>("a").map(v => v)
  assert.is(s.named("b").persist().remember("1h"), s)
  const { name, persist, rememberMs } = host.definition("s.2")
  assert.equal([name, persist, rememberMs], ["b", true, 3_600_000])
})

const errors: [make: (s: Pairs, slow: Pairs) => unknown, ...says: RegExp[]][] = [
  [s => s.window("1500ms"), /1500ms/, /1s/, /"1s" or "2s"/],
  [s => s.window("5s", "700ms"), /slide of 700ms/, /"1s"/],
  [s => s.reduceByWindow("2500ms", sum), /2500ms/, /"2s" or "3s"/],
  [(s, slow) => s.join(slow), /join needs equal intervals: a has 1s, slow has 5s/, /a\.window\("5s", "5s"\)/],
  [(s, slow) => slow.union(s), /union needs equal intervals/, /a\.window/],
  [s => s.window("five" as never), /"five" is not a duration/],
  [s => s.repartition(0), /repartition: 0 /],
  [s => s.top(-1), /top: -1 /],
  [s => s.join(5 as never), /takes a stream or an RDD, not number/],
  [s => s.join([["a", 1]] as never), /join takes a stream or an RDD, not an array/],
  [s => s.save("x", { format: "orc" as "csv" }), /orc is no format/, /parquet/],
  [s => s.transform((async (rdd: unknown) => rdd) as never), /the function of transform is async/],
  [
    s => (s as unknown as { reduceByKeyAndWindow(): void }).reduceByKeyAndWindow(),
    /a\.reduceByKeyAndWindow is not here: reduceByWindow\(window, f, inverse\?\)/,
  ],
  [s => (s as unknown as { collect(): void }).collect(), /a\.collect is not here: a stream has no end/, /slice\(from, to\).*\.collect/],
  [s => (s.window("2s") as unknown as { distinct(): void }).distinct(), /distinct is not here: transform\(rdd => rdd\.distinct\(…\)\)/],
  [
    s => (s.runningReduce(sum) as unknown as { track(): void }).track(),
    /holds a whole version each interval: track is for records/,
    /reduceByKey/,
  ],
  [s => (s as unknown as { sortByKey(): void }).sortByKey(), /sortByKey is not here: transform\(rdd => rdd\.sortBy/],
  [s => (s.window("2s").slice(0, 9000) as unknown as { collect(): void }).collect(), /these are versions.*last\(\)\.collect\(\)/],
  [s => (s.window("2s").slice(0, 9000) as unknown as { reduceByKey(): void }).reduceByKey(), /transform\(rdd => rdd\.reduceByKey/],
  [s => (s.runningReduce(sum) as unknown as { topK(): void }).topK(), /topK is not here: top\(n\)/],
]

for (const [make, ...says] of errors) {
  test(`error: ${make.toString().slice(0, 60)}`, () => {
    const host = new FakeHost()
    try {
      make(host.typed("a"), host.typed("slow", 5000))
    } catch (error) {
      assert.instance(error, RivuletError)
      const { message, try: attempt = "", code } = error as RivuletError
      assert.is(code, 2)
      for (const text of says) assert.match(`${message}\n${attempt}`, text)
      return
    }
    assert.unreachable("no error")
  })
}

test("a snapshot stream is no records stream", () => {
  const host = new FakeHost()
  const a = host.typed<string>("a")
  assert.throws(() => a.union(a.window("2s") as unknown as DStream<string>), /union takes another stream of records/)
  const snapshots = a.window("2s") as SnapshotDStream<string>
  assert.is(typeof (snapshots as unknown as { get?: unknown }).get, "undefined")
})

test.run()
