/** Windows, in the spirit of Spark's WindowOperationsSuite: every window against plain arrays. */

import { test } from "uvu"
import * as assert from "uvu/assert"
import { spansOf } from "../../../engine/dstream/spans.js"
import { panesMade } from "../../../engine/dstream.js"
import { act, hole, intervalsOf, slice, sorted, sum, version } from "./programs.js"
import { TinyCluster } from "./tiny-cluster.js"

type Pair = [string, number]

/** What the window of each slide holds, reduced by key. */
function reduced(
  input: readonly Pair[][],
  lengthMs: number,
  slideMs: number,
  slides: number,
  f: (a: number, b: number) => number,
): unknown[][] {
  return Array.from({ length: slides }, (_, i) => {
    const to = (i + 1) * slideMs
    const found = new Map<string, number>()
    for (const [at, pairs] of input.entries()) {
      if (at * 1000 < to - lengthMs || at * 1000 >= to) continue
      for (const [key, value] of pairs) found.set(key, found.has(key) ? f(found.get(key)!, value) : value)
    }
    return sorted([...found])
  })
}

function windowed(
  input: readonly Pair[][],
  lengthMs: number,
  slideMs: number,
  inverse: boolean,
  f?: (a: number, b: number) => number,
): TinyCluster {
  const cluster = new TinyCluster()
  cluster.input("in")
  const op = {
    kind: "reduceByWindow",
    f: f ? cluster.fn(f) : sum,
    inverse: inverse ? cluster.fn((a: number, b: number) => a - b) : null,
    lengthMs,
    slideMs,
  } as const
  cluster.define("window", "state", { kind: "state", parent: "in", op, partitions: 2, initial: null }, { intervalMs: slideMs })
  for (const pairs of input) cluster.seal("in", pairs.length > 1 ? [pairs.slice(0, 1), pairs.slice(1)] : [pairs])
  return cluster
}

const a = (n: number): Pair => ["a", n]
const b = (n: number): Pair => ["b", n]
const inputs: Record<string, Pair[][]> = {
  basic: [[a(1)], [a(1), b(1)], [], [b(2)], [], [], [], [a(3)], [a(1), b(1)]],
  "the same key again and again": Array.from({ length: 9 }, (_, i) => [a(i), a(2 * i)]),
  "one burst": [[], [a(1), b(2), ["c", 3]], [], [], [], [], [], [], []],
}

for (const [name, input] of Object.entries(inputs)) {
  for (const [lengthMs, slideMs] of [
    [2000, 1000],
    [3000, 1000],
    [4000, 2000],
    [3000, 2000],
    [2000, 2000],
    [1000, 3000],
    [2000, 3000],
    [1000, 1000],
  ] as const) {
    for (const inverse of [false, true]) {
      test(`reduceByWindow ${lengthMs} by ${slideMs}${inverse ? " with inverse" : ""}: ${name}`, () => {
        const cluster = windowed(input, lengthMs, slideMs, inverse)
        cluster.work()
        const slides = Math.floor((input.length * 1000) / slideMs)
        assert.equal(
          intervalsOf(cluster, "window", slides, slideMs),
          reduced(input, lengthMs, slideMs, slides, (x, y) => x + y),
        )
      })
    }
  }
}

test("window: the union of the intervals in it, in order", () => {
  const cluster = new TinyCluster()
  cluster.input("in")
  cluster.define("window", "snapshot", { kind: "window", parent: "in", lengthMs: 4000, slideMs: 2000 }, { intervalMs: 2000 })
  for (let i = 0; i < 6; i++) cluster.seal("in", i === 3 ? [] : [[i]])
  assert.equal(
    [0, 2000, 4000].map(at => cluster.ask(version("window", at))),
    [
      [0, 1],
      [0, 1, 2],
      [2, 4, 5],
    ],
  )
  assert.equal(cluster.ask(act(slice("window"), { kind: "count" }, true)), [
    [0, 2],
    [1, 3],
    [2, 3],
  ])
})

test("a slide that begins before the stream's first interval holds what there is", () => {
  const cluster = new TinyCluster(1000, 3000)
  cluster.input("in")
  const op = { kind: "reduceByWindow", f: sum, inverse: null, lengthMs: 10_000, slideMs: 5000 } as const
  cluster.define("window", "state", { kind: "state", parent: "in", op, partitions: 1, initial: null }, { intervalMs: 5000 })
  for (let i = 3; i < 20; i++) cluster.seal("in", [[["a", 1]]])
  cluster.work()
  assert.equal(
    [0, 5000, 10_000, 15_000].map(at => cluster.ask(version("window", at))),
    [[["a", 2]], [["a", 7]], [["a", 10]], [["a", 10]]],
  )
})

test("each pane is reduced once", () => {
  const cluster = windowed(
    Array.from({ length: 8 }, () => [a(1)]),
    4000,
    1000,
    true,
  )
  cluster.work()
  assert.is(cluster.stages.filter(stage => stage.write.kind === "store").length, 8)
  assert.ok(
    cluster.stages.every(stage => stage.write.kind !== "state" || stage.root.kind !== "state" || stage.root.window!.inside.length === 0),
  )
})

test("a range is the fewest aligned spans", () => {
  const spans = (from: number, to: number) => spansOf(from, to, 1).map(({ start, lengthMs }) => [start, lengthMs])
  assert.equal(spans(1, 9), [
    [1, 1],
    [2, 2],
    [4, 4],
    [8, 1],
  ])
  assert.equal(spans(2, 10), [
    [2, 2],
    [4, 4],
    [8, 2],
  ])
  assert.equal(spans(0, 16), [[0, 16]])
  assert.equal(spans(5, 5), [])
  for (let from = 0; from < 70; from += 3) assert.ok(spans(from, from + 64).length <= 12)
})

test("without an inverse a window is read from O(log w) spans, each reduced once, in the order of time", () => {
  const input = Array.from({ length: 100 }, (_, i): Pair[] => [a(i)])
  const cluster = new TinyCluster()
  cluster.input("in")
  const op = {
    kind: "reduceByWindow",
    f: cluster.fn((x: unknown, y: unknown) => `${x} ${y}`),
    inverse: null,
    lengthMs: 32_000,
    slideMs: 1000,
  } as const
  cluster.define("window", "state", { kind: "state", parent: "in", op, partitions: 1, initial: null })
  for (const pairs of input) cluster.seal("in", [pairs])
  cluster.work()
  assert.equal(
    intervalsOf(cluster, "window", 100).map(([pair]) => String((pair as [string, unknown])[1])),
    input.map((_, i) => Array.from({ length: Math.min(32, i + 1) }, (__, k) => i - Math.min(31, i) + k).join(" ")),
  )
  const states = cluster.stages.flatMap(({ write, root }) => (write.kind === "state" && root.kind === "state" ? [root] : []))
  const inside = states.map(({ window }) => window!.inside.length)
  assert.ok(Math.max(...inside) <= 10, String(inside))
  const stored = cluster.stages.filter(({ write }) => write.kind === "store").map(({ output }) => output)
  assert.is(new Set(stored).size, stored.length)
  assert.ok(stored.length < 200, String(stored.length))
  // What retention goes by names them all, each at the first window that needs it.
  const made = input.flatMap((_, i) => panesMade(cluster, "window", i * 1000).map(({ output }) => output))
  assert.equal(
    made.filter(output => stored.includes(output)),
    [...new Set(made)].filter(output => stored.includes(output)),
  )
  assert.ok(stored.every(output => made.includes(output)))
  // Only panes are shuffled.
  assert.is(cluster.stages.filter(({ write }) => write.kind === "shuffle").length, 100)
})

test("a NaN leaves with its window", () => {
  const input: Pair[][] = [[a(1)], [a(Number.NaN)], [a(2)], [a(Infinity)], [a(4)], [a(8)], []]
  const cluster = windowed(input, 2000, 1000, true)
  cluster.work()
  const values = intervalsOf(cluster, "window", 7).map(rows => (rows[0] as Pair | undefined)?.[1])
  assert.equal(values, [1, Number.NaN, Number.NaN, Infinity, Infinity, 12, 8])
})

test("quiet slides cost no job: only where something comes or goes", () => {
  const cluster = windowed([[a(1)], [], [], [], [], [], [], []], 3000, 1000, true)
  assert.equal(cluster.work().get("window"), [0, 3000])
  cluster.silence("in", 100_000_000)
  assert.equal(cluster.work().get("window"), [])
})

test("count of a window changes when the window does", () => {
  const cluster = new TinyCluster()
  cluster.input("in")
  cluster.define("window", "snapshot", { kind: "window", parent: "in", lengthMs: 2000, slideMs: 1000 })
  cluster.lift("count", ["window"], act(hole(), { kind: "count" }), "snapshot", { persist: true })
  for (const rows of [[], [[1, 2]], [], [], []]) cluster.seal("in", rows)
  assert.equal(cluster.work().get("count"), [0, 1000, 3000])
  assert.equal(intervalsOf(cluster, "count", 4), [[0], [2], [2], [0]])
})

test.run()
