/** Handles of RDDs → nodes and actions. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { sum } from "../../engine/builtins.js"
import { diff } from "../../engine/fluent/diff.js"
import type { UserFunction } from "../../engine/fluent/host.js"
import { changeOf, leftOfBoth, leftsAlone, pairsAlone } from "../../engine/fluent/internals.js"
import { RddHandle } from "../../engine/fluent/rdd.js"
import type { RDD } from "../../engine/fluent/types.js"
import { FakeHost } from "./fake-host.js"

const leaf = (id: string) => ({ kind: "parallelize", id, assets: [id] }) as const
const call = (f: UserFunction, value: unknown) => (f as (value: unknown) => unknown)(value)
const link = (name: string) => ({ kind: "builtin", name })
const node = (rdd: unknown) => (rdd as RddHandle).node
const pair = () => {
  const host = new FakeHost()
  const of = (id: string) => new RddHandle(host, leaf(id)) as unknown as RDD<[string, number]>
  return { host, a: of("a"), b: of("b") }
}

test("operators nest", () => {
  const { a, b } = pair()
  assert.equal(node(a.keys()), { kind: "map", parent: leaf("a"), f: link("first") })
  assert.equal(node(a.union(b)), { kind: "union", parents: [leaf("a"), leaf("b")] })
  assert.equal(node(a.sample(0.5)), { kind: "sample", parent: leaf("a"), fraction: 0.5, seed: 1 })
  assert.equal(node(a.coalesce(2)), { kind: "coalesce", parent: leaf("a"), partitions: 2 })
  assert.equal(node(a.fullOuterJoin(b)), { kind: "cogroup", parents: [leaf("a"), leaf("b")], partitions: 4, join: "full" })
  assert.equal(node(a.reduceByKey(sum).values()), {
    kind: "map",
    f: link("second"),
    parent: {
      kind: "shuffled",
      parent: leaf("a"),
      partitions: 4,
      aggregate: { kind: "combine", create: link("identity"), merge: link("sum"), combine: link("sum"), mapSide: true },
    },
  })
})

test("intersection takes each record once, subtract keeps the left's duplicates", () => {
  const { a, b } = pair()
  const byValue = (parent: unknown) => ({ kind: "keyBy", parent, f: link("identity") })
  const both = { kind: "cogroup", parents: [byValue(leaf("a")), byValue(leaf("b"))], partitions: 4, join: "cogroup" }
  assert.equal((node(a.intersection(b)) as { parent: unknown }).parent, both)
  assert.equal(call(leftOfBoth, ["k", [[1, 1], [1]]]), [1])
  assert.equal(call(leftOfBoth, ["k", [[], [1]]]), [])
  assert.equal((node(a.subtract(b)) as { kind: string }).kind, "flatMap")
  assert.equal(call(leftsAlone, ["k", [[1, 1], []]]), [1, 1])
  assert.equal(call(leftsAlone, ["k", [[1, 1], [1]]]), [])
  assert.equal(call(pairsAlone, ["k", [[1, 2], []]]), [
    ["k", 1],
    ["k", 2],
  ])
})

const actions: [ask: (a: RDD<[string, number]>) => Promise<unknown>, action: unknown, rows: unknown[], value: unknown][] = [
  [a => a.collect(), { kind: "collect", max: 100_000 }, [["x", 1]], [["x", 1]]],
  [a => a.collect({ max: 3 }), { kind: "collect", max: 3 }, [], []],
  [a => a.count(), { kind: "count" }, [7], 7],
  [a => a.take(2), { kind: "take", n: 2 }, [1, 2], [1, 2]],
  [a => a.first(), { kind: "first" }, [], undefined],
  [a => a.top(2), { kind: "top", n: 2, by: null, order: "desc" }, [["x", 2]], [["x", 2]]],
  [a => a.takeOrdered(1, v => v[1]), { kind: "top", n: 1, by: { kind: "function", hash: "v=>v[1]" }, order: "asc" }, [], []],
  [a => a.reduce(x => x), { kind: "reduce", f: { kind: "function", hash: "x=>x" } }, [], undefined],
  [a => a.values().fold(0, sum), { kind: "fold", zero: 0, f: link("sum") }, [3], 3],
  [a => a.countByKey(), { kind: "countByKey" }, [["x", 2]], new Map([["x", 2]])],
  [a => a.countByValue(), { kind: "countByValue" }, [[["x", 1], 2]], new Map([[["x", 1], 2]])],
  [a => a.lookup("x"), { kind: "lookup", key: "x" }, [1, 2], [1, 2]],
  [
    a => a.collectAsMap(),
    { kind: "collect", max: 100_000 },
    [
      ["x", 1],
      ["x", 2],
    ],
    new Map([["x", 2]]),
  ],
  [a => a.isEmpty(), { kind: "take", n: 1 }, [], true],
]

for (const [ask, action, rows, value] of actions) {
  test(`action ${ask.toString()}`, async () => {
    const { host, a } = pair()
    host.rows = rows
    const answered = await ask(a)
    if (value instanceof Map) assert.equal([...(answered as Map<unknown, unknown>)], [...value])
    else assert.equal(answered, value)
    const asked = host.asked[0] as { kind: string; action: unknown; parent: { kind: string; action: unknown } }
    assert.equal([asked.kind, asked.parent.kind], ["finished", "partial"])
    assert.equal([asked.action, asked.parent.action], [action, action])
  })
}

test("collect gives as many rows as its session says, unless it says a number itself", async () => {
  const { host, a } = pair()
  host.collectMax = 2
  host.rows = [["x", 1]]
  await a.collect()
  await a.collectAsMap()
  await a.collect({ max: 3 })
  assert.equal(
    host.asked.map(asked => (asked as { readonly action: unknown }).action),
    [2, 2, 3].map(max => ({ kind: "collect", max })),
  )
})

test("an answer is a promise with a stamp; its failure is told once", async () => {
  const { host, a } = pair()
  host.rows = [5]
  const answer = a.count()
  assert.instance(answer, Promise)
  const { value, stamp } = await answer.stamped()
  assert.equal([value, stamp.partitions], [5, [1, 1]])
  assert.is(typeof answer.cancel, "function")
})

test("histogram: even buckets, the last one closed", async () => {
  const host = new FakeHost()
  const numbers = new RddHandle(host, leaf("n")) as unknown as RDD<number>
  host.rows = [
    [0, 2],
    [2, 1],
  ]
  assert.equal(await numbers.histogram([0, 10, 20, 30]), [
    [0, 10, 2],
    [10, 20, 0],
    [20, 30, 1],
  ])
  assert.throws(() => numbers.histogram([3, 1]), /not edges/)
  assert.throws(() => numbers.histogram(0), /0 is not a number of buckets/)
})

test("diff: keys that differ, with delta for numbers", () => {
  const change = (key: unknown, before: unknown[], after: unknown[]) => call(changeOf, [key, [before, after]])
  assert.equal(change("a", [1], [4]), [{ key: "a", before: 1, after: 4, delta: 3 }])
  assert.equal(change("a", [], [4]), [{ key: "a", before: undefined, after: 4, delta: 4 }])
  assert.equal(change("a", [4], []), [{ key: "a", before: 4, after: undefined, delta: -4 }])
  assert.equal(change("a", [{ n: [1, Number.NaN] }], [{ n: [1, Number.NaN] }]), [])
  assert.equal(change("a", [{ n: 1 }], [{ n: 2 }]), [{ key: "a", before: { n: 1 }, after: { n: 2 } }])
  assert.equal(change("a", [new Date(1)], [new Date(1)]), [])
  assert.equal(change("a", [1, 3], [1]), [])
  assert.equal(change("a", [undefined], []), [{ key: "a", before: undefined, after: undefined, delta: 0 }])
  const { a, b } = pair()
  assert.equal((node(diff(a, b)) as { parent: unknown }).parent, {
    kind: "cogroup",
    parents: [leaf("a"), leaf("b")],
    partitions: 4,
    join: "cogroup",
  })
})

test("persist gives the RDD an id of its own, unpersist tells who keeps it", () => {
  const { host, a } = pair()
  const kept = a.persist()
  assert.equal(node(kept), { kind: "persist", parent: leaf("a"), id: "s.k1" })
  assert.is(kept.persist(), kept)
  assert.equal(node(kept.unpersist()), leaf("a"))
  assert.equal(host.unpersisted, ["s.k1"])
  assert.is(a.unpersist(), a)
})

test("errors name the value and say what to do", () => {
  const { host, a } = pair()
  assert.throws(() => a.sample(2), /2 is not a fraction/)
  assert.throws(() => a.coalesce(0), /coalesce: 0/)
  assert.throws(() => a.union(host.input("v") as never), /takes another RDD, not a stream/)
  assert.throws(() => (a as unknown as { cache(): void }).cache(), /cache is not here: persist\(\)/)
  assert.throws(() => (a as unknown as { foreachRDD(): void }).foreachRDD(), /is an RDD, one dataset/)
})

test.run()
