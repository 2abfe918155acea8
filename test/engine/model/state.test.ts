/** Keyed state by intervals: the paper's running reduce, track, and Spark's updateStateByKey. */

import { test } from "uvu"
import * as assert from "uvu/assert"
import type { RddNode } from "../../../engine/rdd.js"
import type { StateOp } from "../../../engine/state/op.js"
import { act, hole, intervalsOf, slice, sorted, sum, version } from "./programs.js"
import { TinyCluster } from "./tiny-cluster.js"

function stateOf(op: (cluster: TinyCluster) => StateOp, input: unknown[][][], initial: RddNode | null = null, partitions = 3): TinyCluster {
  const cluster = new TinyCluster()
  cluster.input("in")
  cluster.define("state", "state", { kind: "state", parent: "in", op: op(cluster), partitions, initial })
  for (const groups of input) cluster.seal("in", groups)
  return cluster
}

const running = (): StateOp => ({ kind: "runningReduce", f: sum })

test("runningReduce, and quiet intervals cost no job", () => {
  const cluster = stateOf(running, [
    [
      [
        ["a", 1],
        ["b", 1],
      ],
      [["a", 1]],
    ],
    [],
    [[["c", 5]]],
    [[["a", 10]]],
  ])
  assert.equal(cluster.work().get("state"), [0, 2000, 3000])
  assert.equal(intervalsOf(cluster, "state", 4), [
    [
      ["a", 2],
      ["b", 1],
    ],
    [
      ["a", 2],
      ["b", 1],
    ],
    [
      ["a", 2],
      ["b", 1],
      ["c", 5],
    ],
    [
      ["a", 12],
      ["b", 1],
      ["c", 5],
    ],
  ])
})

test("runningReduce with functions that change their arguments in place", () => {
  const op = (cluster: TinyCluster): StateOp => ({
    kind: "runningReduce",
    f: cluster.fn((a: { n: number }, b: { n: number }) => {
      a.n += b.n
      return a
    }),
  })
  const cluster = stateOf(op, [
    [[["a", { n: 1 }]]],
    [[["a", { n: 2 }]], [["a", { n: 3 }]]],
    [
      [
        ["b", { n: 1 }],
        ["a", { n: 1 }],
      ],
    ],
  ])
  cluster.work()
  assert.equal(intervalsOf(cluster, "state", 3), [
    [["a", { n: 1 }]],
    [["a", { n: 6 }]],
    [
      ["a", { n: 7 }],
      ["b", { n: 1 }],
    ],
  ])
  const spoiled = cluster.ask({
    kind: "map",
    parent: version("state", 0),
    f: cluster.fn((pair: [string, { n: number }]) => {
      pair[1].n = 99
      return pair
    }),
  })
  assert.equal(spoiled, [["a", { n: 99 }]])
  assert.equal(cluster.ask(version("state", 0)), [["a", { n: 1 }]])
})

test("initial is there from the first interval, input or not", () => {
  const cluster = new TinyCluster()
  cluster.input("in")
  cluster.input("seed")
  cluster.seal("seed", [
    [
      ["a", 100],
      ["z", 7],
    ],
  ])
  cluster.define("state", "state", { kind: "state", parent: "in", op: running(), partitions: 2, initial: slice("seed", 0, 1000) })
  for (const groups of [[], [[["a", 1]]], [[["b", 1]]]]) cluster.seal("in", groups)
  cluster.work()
  assert.equal(intervalsOf(cluster, "state", 3), [
    [
      ["a", 100],
      ["z", 7],
    ],
    [
      ["a", 101],
      ["z", 7],
    ],
    [
      ["a", 101],
      ["b", 1],
      ["z", 7],
    ],
  ])
})

test("track: events first, then timeouts; an event in the very interval renews", () => {
  const op = (cluster: TinyCluster): StateOp => ({
    kind: "track",
    initialize: cluster.fn((_key: string, event: string) => [event]),
    update: cluster.fn((_key: string, state: string[], event: string) => (event === "exit" ? null : [...state, event])),
    timeoutMs: 1500, // 2 intervals
  })
  const input = [
    [
      [
        ["a", "1"],
        ["b", "1"],
      ],
    ],
    [[["b", "2"]]],
    [
      [
        ["c", "1"],
        ["c", "exit"],
      ],
    ],
    [[["b", "3"]]],
    [[["b", "exit"]], [["b", "again"]]],
    [],
    [],
  ]
  const cluster = stateOf(op, input)
  assert.equal(cluster.work().get("state"), [0, 1000, 2000, 3000, 4000, 5000, 6000])
  assert.equal(intervalsOf(cluster, "state", 7), [
    [
      ["a", ["1"]],
      ["b", ["1"]],
    ],
    [
      ["a", ["1"]],
      ["b", ["1", "2"]],
    ],
    [["b", ["1", "2"]]],
    [["b", ["1", "2", "3"]]],
    [["b", ["again"]]],
    [["b", ["again"]]],
    [],
  ])
})

test("updateStateByKey calls silent keys too, undefined removes", () => {
  const op = (cluster: TinyCluster): StateOp => ({
    kind: "updateStateByKey",
    update: cluster.fn((values: number[], state: number | undefined) => {
      const next = (state ?? 0) + values.reduce((a, b) => a + b, 0) - 1
      return next < 0 ? undefined : next
    }),
  })
  const cluster = stateOf(op, [[], [[["a", 3]]], [], [[["b", 1]]], [], []])
  assert.equal(cluster.work().get("state"), [1000, 2000, 3000, 4000, 5000])
  assert.equal(intervalsOf(cluster, "state", 6), [
    [],
    [["a", 2]],
    [["a", 1]],
    [
      ["a", 0],
      ["b", 0],
    ],
    [],
    [],
  ])
})

test("get, changes, history, count of each version", () => {
  const cluster = stateOf(running, [
    [
      [
        ["a", 1],
        ["b", 1],
      ],
    ],
    [[["a", 1]]],
    [],
    [
      [
        ["c", 1],
        ["a", 2],
      ],
    ],
  ])
  cluster.work()
  const read = (read: object, at = Infinity) => cluster.ask({ kind: "version", stream: "state", at, read } as unknown as RddNode)
  assert.equal(sorted(read({ kind: "key", keys: ["a", "c", "nobody"] })), [
    ["a", 4],
    ["c", 1],
  ])
  assert.equal(read({ kind: "key", keys: ["a"] }, 1500), [["a", 2]])
  assert.equal(
    sorted(read({ kind: "changes", since: 1000 })),
    sorted([
      { key: "a", before: 1, after: 4, delta: 3 },
      { key: "c", before: undefined, after: 1, delta: 1 },
    ]),
  )
  assert.equal(read({ kind: "changes", since: 2000 }, 3000), [])
  assert.equal(read({ kind: "changes", since: 0 }, 1000).length, 2, "before the first version there was nothing")
  assert.equal(read({ kind: "history", key: "a", since: 1000 }), [
    [1000, 2],
    [3000, 4],
  ])
  assert.equal(read({ kind: "history", key: "a", since: 2000 }), [
    [1000, 2],
    [3000, 4],
  ])
  assert.equal(read({ kind: "history", key: "nobody", since: 0 }), [])
  const stages = cluster.stages.length
  assert.equal(cluster.ask(act(slice("state"), { kind: "count" }, true)), [
    [0, 2],
    [1, 2],
    [2, 2],
    [3, 3],
  ])
  assert.ok(cluster.stages[stages]!.label.startsWith("stateAt"), "counts are read, not counted")
})

test("a series of a snapshot stream: one answer a version", () => {
  const cluster = stateOf(running, [
    [
      [
        ["a", 1],
        ["b", 3],
      ],
    ],
    [],
    [[["a", 5]]],
  ])
  cluster.work()
  const top = act(slice("state"), { kind: "top", n: 1, by: null, order: "desc" }, true)
  assert.equal(cluster.ask(top), [
    [0, ["b", 3]],
    [1, ["b", 3]],
    [2, ["a", 6]],
  ])
  const large = { kind: "filter", parent: slice("state"), f: cluster.fn(([, n]: [string, number]) => n > 3) } as const
  assert.equal(cluster.ask(act(large, { kind: "count" }, true)), [
    [0, 0],
    [1, 0],
    [2, 1],
  ])
  assert.is(cluster.ask(slice("state")).length, 6, "the union of versions only when it is asked for")
})

test("records meet the state of their own interval, which stays where it is", () => {
  const cluster = stateOf(running, [[[["a", 1]]], [], [[["a", 1]]]])
  cluster.lift("met", ["in", "state"], { kind: "cogroup", parents: [hole(0), hole(1)], partitions: 3, join: "inner" })
  cluster.work()
  const before = cluster.stages.length
  assert.equal(intervalsOf(cluster, "met", 3), [[["a", [1, 1]]], [], [["a", [1, 2]]]])
  assert.is(cluster.stages.slice(before).filter(stage => stage.label.includes("stateAt") && stage.write.kind === "shuffle").length, 0)
})

test("long chains: bases in place of deltas, rebuilt as cached, the same when computed again", () => {
  const input = Array.from({ length: 90 }, (_, i) => [
    [
      [`k${i % 7}`, i],
      [`n${i}`, 1],
    ],
    [[{ deep: i % 5 }, i]],
  ])
  const cluster = stateOf(running, input, null, 2)
  cluster.work()
  const chain = cluster.chain("state")
  assert.ok(
    chain.some(({ base }) => base),
    "a base after so many deltas",
  )
  const expected = new Map<string, [unknown, number]>()
  for (const [i, groups] of input.entries()) {
    for (const [key, value] of groups.flat() as [unknown, number][]) {
      const text = JSON.stringify(key)
      expected.set(text, [key, (expected.get(text)?.[1] ?? 0) + value])
    }
    if (i % 9 === 0 || i > 85) assert.equal(sorted(cluster.ask(version("state", i * 1000))), sorted([...expected.values()]))
  }
  cluster.lose("state", 40_000)
  cluster.restart()
  cluster.work()
  assert.equal(cluster.chain("state"), chain)
  // The cache is ahead of what is computed again now.
  cluster.lose("state", 10_000)
  cluster.work()
  assert.equal(cluster.chain("state"), chain)
})

test("a log's empty hours are stepped over", () => {
  const cluster = stateOf(running, [[[["a", 1]]]])
  cluster.silence("in", 300_000_000)
  cluster.seal("in", [[["a", 1]]])
  assert.equal(cluster.work().get("state"), [0, 300_000_000])
})

test.run()
