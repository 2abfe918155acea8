/** What a task runner does beside computing: failures explained, logs, files written, questions that cannot be answered. */

import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Action } from "../../../engine/actions/action.js"
import { encodeRows } from "../../../engine/block/block.js"
import type { RddNode } from "../../../engine/rdd.js"
import type { StageSpec } from "../../../engine/task.js"
import type { TaskError } from "../../../engine/task-error.js"
import { TaskRunner } from "../../../engine/task-runner.js"
import { act, hole, reduceByKey, slice, sorted, version } from "./programs.js"
import { TinyCluster } from "./tiny-cluster.js"

function failureOf(run: () => unknown) {
  try {
    run()
  } catch (error) {
    return (error as TaskError).failure
  }
  throw new Error("it did not fail")
}

function records(...groups: unknown[][]): TinyCluster {
  const cluster = new TinyCluster()
  cluster.input("in")
  cluster.seal("in", groups)
  return cluster
}

test("a function that throws: whose, where, on which record", () => {
  const cluster = records([{ url: "/a" }], [{ url: "/b" }, { url: null }])
  const shout = cluster.fn((row: { url: string }) => row.url.toUpperCase())
  const failure = failureOf(() =>
    cluster.ask({ kind: "map", parent: { kind: "filter", parent: slice("in"), f: cluster.fn(() => true) }, f: shout }),
  )
  assert.is(failure.kind, "user")
  assert.is(failure.operator, "map")
  assert.match(failure.record!, /url: null/)
  assert.match(failure.message, /toUpperCase/)
  assert.is(failure.errorName, "TypeError")
})

test("a record that is no pair, an error in a generator, an operator that gets no iterable", () => {
  const cluster = records([1, 2])
  assert.match(
    failureOf(() => cluster.ask(reduceByKey({ kind: "map", parent: slice("in"), f: cluster.fn((n: number) => n * 10) }))).message,
    /not a pair.*: 10/,
  )
  // No function of the user's was near, and still it is not the machine.
  const alone = failureOf(() => cluster.ask(reduceByKey(slice("in"))))
  assert.equal([alone.kind, alone.try], ["user", "map(v => [key, value]) first"])
  const broken = cluster.fn(function* (n: number) {
    yield n
    if (n === 2) throw new Error("two")
  })
  assert.is(failureOf(() => cluster.ask({ kind: "flatMap", parent: slice("in"), f: broken })).record, "2")
  const single = failureOf(() => cluster.ask({ kind: "flatMap", parent: slice("in"), f: cluster.fn((n: number) => n) }))
  assert.equal([single.operator, single.message], ["flatMap", "the function gives 1, which is no array and no other iterable"])
  const nothing = failureOf(() => cluster.ask({ kind: "flatMap", parent: slice("in"), f: cluster.fn(() => undefined) }))
  assert.is(nothing.message, "the function gives undefined, which is no array and no other iterable")
})

test("who has enough lets nothing more be made: collect over its limit, take and first of what never ends", () => {
  const cluster = records([1], [2])
  const endless = cluster.fn(function* (n: number) {
    for (;;) yield n
  })
  const ask = (action: Action) => cluster.ask(act({ kind: "flatMap", parent: slice("in"), f: endless }, action))
  const { kind, operator, message, refused } = failureOf(() => ask({ kind: "collect", max: 1000 }))
  assert.equal([kind, operator, refused], ["user", undefined, true])
  assert.match(message, /more than 1,000 rows/)
  assert.equal(ask({ kind: "take", n: 2 }), [1, 1])
  assert.equal(ask({ kind: "take", n: 0 }), [])
  assert.equal(ask({ kind: "first" }), [1])
})

test("a state's task that fails leaves its cache as it was", () => {
  const cluster = new TinyCluster()
  cluster.input("in")
  const f = cluster.fn((a: number, b: number) => {
    if (b === 13) throw new Error("unlucky")
    return a + b
  })
  cluster.define("state", "state", { kind: "state", parent: "in", op: { kind: "runningReduce", f }, partitions: 1, initial: null })
  cluster.seal("in", [
    [
      ["a", 1],
      ["b", 1],
    ],
  ])
  cluster.work()
  cluster.seal("in", [
    [
      ["a", 5],
      ["b", 13],
    ],
  ])
  assert.is(failureOf(() => cluster.work()).operator, "runningReduce")
  assert.equal(sorted(cluster.ask(version("state", 0))), [
    ["a", 1],
    ["b", 1],
  ])
})

const actions: [string, Action | ((c: TinyCluster) => Action), unknown[]][] = [
  ["collect", { kind: "collect", max: 5 }, [3, 1, 2, 5, 4]],
  ["count", { kind: "count" }, [5]],
  ["take", { kind: "take", n: 4 }, [3, 1, 2, 5]],
  ["take the newest", { kind: "take", n: 2, newest: true }, [5, 4]],
  ["first", { kind: "first" }, [3]],
  ["top", { kind: "top", n: 2, by: null, order: "desc" }, [5, 4]],
  ["takeOrdered", c => ({ kind: "top", n: 2, by: c.fn((n: number) => -n), order: "asc" }), [5, 4]],
  ["reduce", c => ({ kind: "reduce", f: c.fn((a: number, b: number) => Math.max(a, b)) }), [5]],
  ["fold: the zero once", c => ({ kind: "fold", zero: 100, f: c.fn((a: number, b: number) => a + b) }), [115]],
  [
    "aggregate",
    c => ({
      kind: "aggregate",
      zero: [],
      add: c.fn((a: number[], n: number) => {
        a.push(n)
        return a
      }),
      merge: c.fn((a: number[], b: number[]) => [...a, ...b]),
    }),
    [[3, 1, 2, 5, 4]],
  ],
  [
    "countByValue",
    { kind: "countByValue" },
    [
      [3, 1],
      [1, 1],
      [2, 1],
      [5, 1],
      [4, 1],
    ],
  ],
]
for (const [name, action, expected] of actions) {
  test(`action ${name}`, () => {
    const cluster = records([3, 1], [2, 5], [4])
    assert.equal(cluster.ask(act(slice("in"), typeof action === "function" ? action(cluster) : action)), expected)
  })
}

test("actions of nothing; collect over its limit; ties of top", () => {
  const cluster = records()
  assert.equal(cluster.ask(act(slice("in"), { kind: "count" })), [0])
  assert.equal(cluster.ask(act(slice("in"), { kind: "reduce", f: { kind: "builtin", name: "sum" } })), [])
  const stats = cluster.ask(act(slice("in"), { kind: "stats" }))[0] as Record<string, number>
  assert.equal([stats.count, stats.sum, stats.max], [0, 0, Number.NaN])
  assert.match(
    failureOf(() => records([1, 2, 3], [4]).ask(act(slice("in"), { kind: "collect", max: 2 }))).message,
    /collect of more than 2 rows, which is the limit/,
  )
  const ties = records(
    [
      ["b", 1],
      ["c", 2],
    ],
    [["a", 1]],
  )
  assert.equal(ties.ask(act(slice("in"), { kind: "top", n: 2, by: null, order: "desc" })), [
    ["c", 2],
    ["a", 1],
  ])
  assert.equal(ties.ask(act(slice("in"), { kind: "lookup", key: "b" })), [1])
})

test("questions that cannot be answered", () => {
  const cluster = records([1])
  assert.throws(() => cluster.ask(version("in", 5_000_000)), /still to come/)
  assert.throws(() => cluster.ask({ kind: "slice", stream: "in", from: 5_000_000, to: 5_001_000, only: true }), /still to come/)
  assert.equal(cluster.ask(slice("in", 5_000_000, 5_001_000)), [])
  assert.throws(() => cluster.ask({ kind: "version", stream: "in", at: 0, read: { kind: "key", keys: [1] } }), /no state/)
  cluster.seal("in", [[2]])
  cluster.earliest = () => 1000
  assert.throws(() => cluster.ask(slice("in", 0, 2000)), /reaches back to 1970-01-01T00:00:01/)
  assert.equal(cluster.ask(slice("in")), [2])
})

test("save: one file a partition and interval, as ndjson or csv", () => {
  const cluster = records(
    [
      { url: "/a", n: 1n },
      { url: '/b,"', n: 2n },
    ],
    [{ url: "/c", at: new Date(0) }],
  )
  for (const format of ["ndjson", "csv"] as const) cluster.define(format, "output", { kind: "save", parent: "in", to: "/out", format })
  cluster.seal("in", [])
  assert.equal(cluster.work().get("csv"), [0])
  const text = (name: string) => [...cluster.written].filter(([id]) => id.startsWith(name)).map(([, file]) => file)
  assert.equal(text("ndjson"), ['{"url":"/a","n":1}\n{"url":"/b,\\"","n":2}\n', '{"url":"/c","at":"1970-01-01T00:00:00.000Z"}\n'])
  assert.equal(text("csv"), ['url,n\n/a,1\n"/b,""",2\n', "url,at\n/c,1970-01-01T00:00:00.000Z\n"])
})

test("logs are folded; assets that are missing are named", () => {
  const cluster = new TinyCluster()
  const f = cluster.fn((n: number) => {
    console.log("seen", n > 0)
    return n
  })
  const bytes = encodeRows([1, 2, 3])
  const memory = new SharedArrayBuffer(bytes.length)
  new Uint8Array(memory).set(bytes)
  const runner = new TaskRunner(memory)
  const root: RddNode = {
    kind: "map",
    parent: {
      kind: "input",
      stream: "in",
      interval: 0,
      format: { kind: "values" },
      groups: [[{ block: "b", rows: 3, bytes: bytes.length }]],
    },
    f,
  }
  const stage: StageSpec = { output: "o", root, partitions: 1, write: { kind: "store" }, interval: null, stream: null, label: "" }
  assert.equal(runner.missingAssets(stage), [(f as { hash: string }).hash])
  for (const [hash, asset] of (cluster as unknown as { assets: Map<string, Uint8Array> }).assets) runner.addAsset(hash, asset)
  const result = runner.run({
    stage,
    partition: 0,
    attempt: 0,
    inputs: [{ ref: { kind: "block", block: "b" }, parts: [{ offset: 0, length: bytes.length }] }],
  })
  assert.equal(result.logs, [{ level: "log", text: "seen true", repeated: 3 }])
  assert.equal([result.rowsIn, result.rowsOut], [3, 3])
})

test("random programs give what plain arrays give", () => {
  const pair = fc.tuple(fc.oneof(fc.constantFrom("a", "b", "c"), fc.integer({ min: 0, max: 2 })), fc.integer({ min: -9, max: 9 }))
  const intervals = fc.array(fc.array(fc.array(pair, { maxLength: 4 }), { maxLength: 3 }), { minLength: 1, maxLength: 5 })
  type Rows = [unknown, number][]
  const steps: Record<string, { rdd: (c: TinyCluster, parent: RddNode) => RddNode; plain: (rows: Rows) => Rows }> = {
    double: {
      rdd: (c, parent) => ({ kind: "mapValues", parent, f: c.fn((v: number) => v * 2) }),
      plain: rows => rows.map(([k, v]) => [k, v * 2]),
    },
    positive: {
      rdd: (c, parent) => ({ kind: "filter", parent, f: c.fn(([, v]: [unknown, number]) => v > 0) }),
      plain: rows => rows.filter(([, v]) => v > 0),
    },
    twice: {
      rdd: (c, parent) => ({ kind: "flatMap", parent, f: c.fn((row: unknown) => [row, row]) }),
      plain: rows => rows.flatMap(row => [row, row]),
    },
    spread: { rdd: (_c, parent) => ({ kind: "repartition", parent, partitions: 2 }), plain: rows => rows },
    reduce: {
      rdd: (_c, parent) => reduceByKey(parent, undefined, 2),
      plain: rows => [...rows.reduce((sums, [k, v]) => sums.set(k, (sums.get(k) ?? 0) + v), new Map<unknown, number>())],
    },
    self: {
      rdd: (c, parent) => ({
        kind: "mapValues",
        parent: { kind: "cogroup", parents: [parent, parent], partitions: 2, join: "inner" },
        f: c.fn(([a, b]: [number, number]) => a - b),
      }),
      plain: rows => rows.flatMap(([k, a]) => rows.filter(([l]) => l === k).map(([, b]): [unknown, number] => [k, a - b])),
    },
  }
  fc.assert(
    fc.property(intervals, fc.array(fc.constantFrom(...Object.keys(steps)), { maxLength: 4 }), (input, chain) => {
      const cluster = new TinyCluster()
      cluster.input("in")
      let rdd: RddNode = hole()
      for (const name of chain) rdd = steps[name]!.rdd(cluster, rdd)
      cluster.lift("out", ["in"], rdd)
      cluster.define("sum", "state", {
        kind: "state",
        parent: "out",
        op: { kind: "runningReduce", f: { kind: "builtin", name: "sum" } },
        partitions: 2,
        initial: null,
      })
      for (const groups of input) cluster.seal("in", groups)
      cluster.work()
      const totals = new Map<unknown, number>()
      for (const [i, groups] of input.entries()) {
        let rows = groups.flat() as Rows
        for (const name of chain) rows = steps[name]!.plain(rows)
        assert.equal(sorted(cluster.ask(version("out", i * 1000))), sorted(rows))
        for (const [k, v] of rows) totals.set(k, (totals.get(k) ?? 0) + v)
        assert.equal(sorted(cluster.ask(version("sum", i * 1000))), sorted([...totals]))
      }
    }),
    { numRuns: 60, seed: 7 },
  )
})

test.run()
