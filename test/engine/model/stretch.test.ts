/** Several intervals in one job: block for block what single jobs leave. */

import { test } from "uvu"
import * as assert from "uvu/assert"
import { Random } from "../../../cluster/testing/random.js"
import type { StateOp } from "../../../engine/state/op.js"
import { hole, sum } from "./programs.js"
import { TinyCluster } from "./tiny-cluster.js"

type Pair = readonly [string, unknown]

/** Intervals with few records, some with none, one now and then with several map tasks. */
function intervals(random: Random, n: number): Pair[][][] {
  const value = () => (random.chance(0.1) ? Number.NaN : random.integer(-3, 9))
  const pair = (): Pair => [random.pick(["a", "b", "c", "dd", "straße", `k${random.integer(1, 40)}`]), value()]
  const pairs = () => Array.from({ length: random.integer(1, 6) }, pair)
  return Array.from({ length: n }, () => {
    if (random.chance(0.3)) return []
    return random.chance(0.05) ? [pairs(), pairs()] : [pairs()]
  })
}

function clusterOf(op: (cluster: TinyCluster) => StateOp, stretches: boolean): TinyCluster {
  const cluster = new TinyCluster()
  cluster.stretches = stretches
  cluster.input("in")
  const f = cluster.fn((n: Pair) => [n[0], n[1]])
  cluster.lift("pairs", ["in"], { kind: "map", parent: { kind: "filter", parent: hole(), f: cluster.fn((n: Pair) => n[1] !== 9) }, f })
  cluster.define("state", "state", { kind: "state", parent: "pairs", op: op(cluster), partitions: 3, initial: null })
  return cluster
}

const chainOf = (cluster: TinyCluster) => cluster.chain("state").sort((a, b) => a.partition - b.partition || a.interval - b.interval)

const ops: Readonly<Record<string, (cluster: TinyCluster) => StateOp>> = {
  sum: () => ({ kind: "runningReduce", f: sum }),
  "the newest, by a function": cluster => ({ kind: "runningReduce", f: cluster.fn((_: number, b: number) => b) }),
  "the greatest, which often stays": () => ({ kind: "runningReduce", f: { kind: "builtin", name: "max" } }),
}

for (const [name, op] of Object.entries(ops)) {
  test(`${name}: the same blocks, bases too, whatever is cached`, () => {
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed)
      const [single, stretched] = [clusterOf(op, false), clusterOf(op, true)]
      for (let round = 0; round < 4; round++) {
        for (const groups of intervals(random, 30)) {
          single.seal("in", groups)
          stretched.seal("in", groups)
        }
        assert.equal(stretched.work().get("state"), single.work().get("state"))
        assert.equal(chainOf(stretched), chainOf(single))
        if (random.chance(0.4)) stretched.restart()
      }
      assert.ok(stretched.tasks < single.tasks / 2, `${stretched.tasks} tasks for ${single.tasks}`)
      assert.ok(chainOf(single).some(({ base }) => base))
      // What was lost is computed again, by stretches that end elsewhere, over a cache that knows later versions.
      stretched.lose("state", 17_000)
      stretched.work()
      assert.equal(chainOf(stretched), chainOf(single))
    }
  })
}

test("what does not fit goes by itself: several map tasks, a shuffle before the state, another kind of state", () => {
  const grouped = clusterOf(() => ({ kind: "runningReduce", f: sum }), true)
  const update = (cluster: TinyCluster): StateOp => ({
    kind: "updateStateByKey",
    update: cluster.fn((values: number[], n = 0) => n + values.length),
  })
  const other = clusterOf(update, true)
  for (let i = 0; i < 4; i++) {
    grouped.seal("in", [[["a", 1]], [["a", 2]]])
    other.seal("in", [[["a", 1]]])
  }
  for (const cluster of [grouped, other]) {
    cluster.work()
    assert.not.ok(cluster.stages.some(({ write }) => write.kind === "stretch"))
  }
})

test.run()
