/** Planning: ids and stages follow from definitions alone, what is sent to workers is small, quiet time costs nothing. */

import { test } from "uvu"
import * as assert from "uvu/assert"
import { constantOf, earliestOf, expandQuery, lineageReach, nextChange, rddOf, targetOf } from "../../../engine/dstream.js"
import {
  expandIds,
  readerOf,
  readsOf,
  resultStage,
  type StageDependency,
  stageDependencies,
  stageFor,
  stageOf,
  trimStage,
} from "../../../engine/plan.js"
import type { RddNode } from "../../../engine/rdd.js"
import { walk } from "../../../engine/tree.js"
import { groupByKey, hole, reduceByKey, slice, sum } from "./programs.js"
import { TinyCluster } from "./tiny-cluster.js"

function windows(): TinyCluster {
  const cluster = new TinyCluster()
  cluster.input("in")
  cluster.lift("sums", ["in"], reduceByKey(hole()))
  const op = { kind: "reduceByWindow", f: sum, inverse: { kind: "builtin", name: "sum" }, lengthMs: 60_000, slideMs: 1000 } as const
  cluster.define("minute", "state", { kind: "state", parent: "sums", op, partitions: 3, initial: null })
  cluster.define("total", "state", { kind: "state", parent: "sums", op: { kind: "runningReduce", f: sum }, partitions: 3, initial: null })
  for (let i = 0; i < 100; i++) cluster.seal("in", [[["a", 1]], [["b", 1]]])
  return cluster
}

/** Every cut below a root, its own and those of the stages it needs, parents first. */
function allDependencies(root: RddNode): StageDependency[] {
  const found = new Map<string, StageDependency>()
  const visit = (node: RddNode) => {
    for (const dependency of stageDependencies(node)) {
      if (found.has(dependency.output)) continue
      visit(dependency.parent)
      found.set(dependency.output, dependency)
    }
  }
  visit(root)
  return [...found.values()]
}

test("the same interval gives the same tree, streams that share a parent share its shuffle", () => {
  const [one, other] = [windows(), windows()]
  for (const stream of ["minute", "total"]) assert.equal(targetOf(one, stream, 70_000), targetOf(other, stream, 70_000))
  const shuffles = (stream: string) => allDependencies(targetOf(one, stream, 70_000)!.root).map(dependency => dependency.output)
  assert.equal(shuffles("total"), ["sums~1@70000:0"], "hashed alike: the state's own reduction needs no shuffle")
  assert.ok(shuffles("minute").includes("sums~1@70000:0"))
})

test("ids name the path, and stay where they are given", () => {
  const tree = expandIds(reduceByKey({ kind: "map", parent: groupByKey({ kind: "empty" }), f: sum }), "q") as Extract<
    RddNode,
    { kind: "shuffled" }
  >
  assert.is(tree.id, "q:0")
  assert.equal(expandIds(tree, "again"), tree)
  assert.equal(
    stageDependencies(tree).map(({ output }) => output),
    ["q:0"],
  )
})

test("what has no hole is one thing for all intervals: the same ids, and the same trees below them", () => {
  const cluster = windows()
  const historic: RddNode = { kind: "parallelize", id: "p", assets: ["h"], partitions: 2 } as never
  const shapes: readonly (readonly [string, RddNode, number])[] = [
    ["join with data", { kind: "cogroup", parents: [hole(), historic], partitions: 3, join: "inner" }, 1],
    ["join with a reduction of data", { kind: "cogroup", parents: [hole(), reduceByKey(historic)], partitions: 3, join: "left" }, 1],
    ["a reduction that has both", reduceByKey({ kind: "union", parents: [hole(), historic] }), 0],
    ["of the live alone", reduceByKey(hole()), 0],
  ]
  for (const [name, rdd, atLeast] of shapes) {
    cluster.lift(name, ["in"], rdd)
    const cuts = (interval: number) => allDependencies(rddOf(cluster, name, interval))
    const constant = (interval: number) => cuts(interval).filter(({ output }) => constantOf(output) !== null)
    const [first, second] = [constant(10_000), constant(20_000)]
    assert.equal(first, second, name)
    assert.ok(first.length >= atLeast && (atLeast > 0 || first.length === 0), `${name}: ${first.map(({ output }) => output)}`)
    assert.equal([...new Set(first.map(({ output }) => constantOf(output)))], first.length === 0 ? [] : [name])
    for (const { output } of cuts(10_000)) if (constantOf(output) === null) assert.match(output, /@10000/)
  }
})

test("what is sent to a worker ends at the cuts, and reads the same", () => {
  const cluster = windows()
  const stage = targetOf(cluster, "minute", 70_000)!
  const trimmed = trimStage(stage)
  let nodes = 0
  walk(trimmed.root, () => void nodes++)
  assert.ok(nodes < 12, `${nodes} nodes`)
  for (let p = 0; p < stage.partitions; p++) assert.equal(readsOf(trimmed.root, p), readsOf(stage.root, p))
  assert.equal(
    stageDependencies(stage.root).map(dependency => stageOf(dependency).output),
    ["minute~1/pane@10000", "minute~1/pane@70000"],
  )
})

test("what all partitions of a stage read is what each of them reads", () => {
  const cluster = windows()
  const stages = ["minute", "total"].map(stream => targetOf(cluster, stream, 70_000)!)
  for (const stage of [...stages, ...stages.flatMap(({ root }) => stageDependencies(root).map(stageOf))]) {
    const reader = readerOf(stage.root)
    for (let p = 0; p < stage.partitions; p++) assert.equal(reader(p), readsOf(stage.root, p), `${stage.output} ${p}`)
  }
})

test("a question about many small intervals is few tasks in order, and each is told of its own blocks alone", () => {
  const cluster = new TinyCluster()
  cluster.input("in")
  cluster.lift("twice", ["in"], { kind: "map", parent: hole(), f: { kind: "builtin", name: "identity" } })
  for (let i = 0; i < 100; i++) cluster.seal("in", [[`a${i}`], [`b${i}`]])
  const all = Array.from({ length: 100 }, (_, i) => [`a${i}`, `b${i}`]).flat()
  for (const stream of ["in", "twice"]) {
    const { rdd } = expandQuery(cluster, slice(stream), "q")
    const stage = trimStage(resultStage(rdd, "q"))
    assert.ok(stage.partitions <= 8, `${stage.partitions} tasks for ${stream}`)
    const seen = new Set<string>()
    for (let p = 0; p < stage.partitions; p++) {
      const restricted = stageFor(stage, [p])
      assert.equal(readsOf(restricted.root, p), readsOf(stage.root, p))
      const blocks = blocksOf(restricted.root)
      assert.equal(
        [...blocks],
        readsOf(stage.root, p).map(ref => (ref.kind === "block" ? ref.block : "")),
      )
      for (const block of blocks) seen.add(block)
    }
    assert.equal(seen, blocksOf(stage.root))
    assert.is(stageFor(stage, [...Array(stage.partitions).keys()]), stage)
    assert.equal(cluster.ask(slice(stream)), all)
  }
})

function blocksOf(root: RddNode): Set<string> {
  const blocks = new Set<string>()
  walk(root, node => {
    if (node.kind === "input") for (const { block } of node.groups.flat()) blocks.add(block)
  })
  return blocks
}

test("300,000 empty intervals are one step", () => {
  const cluster = windows()
  const asked = { n: 0 }
  const { nextInput } = cluster
  cluster.nextInput = (...args) => {
    asked.n++
    return nextInput.apply(cluster, args)
  }
  cluster.silence("in", 300_000_000)
  assert.is(nextChange(cluster, "total", 99_000, 300_000_000), null)
  assert.is(nextChange(cluster, "minute", 159_000, 300_000_000), null)
  assert.ok(asked.n < 20, `${asked.n} questions`)
})

test("lineage reaches as far as the windows do", () => {
  const cluster = windows()
  const { inputs, stored, states } = lineageReach(cluster, "minute", 70_000)
  assert.equal([...inputs], [["in", { from: 10_000, to: 71_000 }]])
  assert.is(stored.length, 61)
  assert.equal([...states], [["minute", { from: 69_000, to: 69_000 }]])
  assert.equal([...lineageReach(cluster, "total", 70_000).inputs], [["in", { from: 70_000, to: 71_000 }]])
})

test("recipes reach as far back as what they are made of", () => {
  const cluster = windows()
  cluster.define("window", "snapshot", { kind: "window", parent: "sums", lengthMs: 5000, slideMs: 1000 })
  cluster.earliest = stream => (stream === "in" ? 20_000 : null)
  assert.equal(
    ["in", "sums", "window"].map(stream => earliestOf(cluster, stream)),
    [20_000, 20_000, 24_000],
  )
})

test("an interval that is not sealed is an error, one before the first is empty", () => {
  const cluster = windows()
  assert.throws(() => rddOf(cluster, "sums", 100_000), /not sealed yet/)
  assert.equal(rddOf(cluster, "sums", -1000), { kind: "empty" })
})

test("a slice of records over years of seconds costs the intervals that have some", () => {
  const cluster = new TinyCluster()
  cluster.input("in")
  cluster.lift("ones", ["in"], { kind: "map", parent: hole(), f: sum })
  const years = Array.from({ length: 3 }, (_, i) => (1 + i) * 500_000_000_000)
  for (const year of years) cluster.seal("in", [[1]], year)
  let asked = 0
  const { nextInput } = cluster
  cluster.nextInput = (...args) => {
    asked++
    return nextInput.apply(cluster, args)
  }
  for (const stream of ["in", "ones"]) {
    const { reads } = expandQuery(cluster, slice(stream), "q")
    assert.equal(reads, [{ stream, from: 0, to: years[2]! + 1000 }])
  }
  assert.ok(asked <= 8, `${asked} looks`)
})

test("a series of more versions than anybody wants is refused, not made", () => {
  const cluster = new TinyCluster()
  cluster.input("in")
  cluster.lift("sums", ["in"], reduceByKey(hole()))
  cluster.define("total", "state", { kind: "state", parent: "sums", op: { kind: "runningReduce", f: sum }, partitions: 1, initial: null })
  cluster.through = () => 2_000_000_000_000
  const each: RddNode = { kind: "partial", parent: slice("total"), action: { kind: "count" }, series: true } as never
  assert.throws(() => expandQuery(cluster, each, "q"), /a slice of 2,000,000,000 intervals of 1s/)
})

test.run()
