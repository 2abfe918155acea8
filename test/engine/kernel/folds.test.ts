/** Blocks that are folded as they come: the task's bytes are those of a task that was not begun. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { encodeRows } from "../../../engine/block/block.js"
import { encodeFunction } from "../../../engine/capture/codec.js"
import { foldStageOf } from "../../../engine/kernel/fold-stage.js"
import type { FormatSpec, RddNode } from "../../../engine/rdd.js"
import type { StageSpec, TaskResult, TaskRun } from "../../../engine/task.js"
import { TaskRunner } from "../../../engine/task-runner.js"
import { type F, link, refs, type Step } from "./programs.js"

const test = suite("kernel/folds")

const words: readonly Step[] = [
  ["flatMap", (line: string) => line.split(" ")],
  ["map", (word: string) => [word, 1]],
]
const sum = (a: number, b: number) => a + b

interface Given {
  readonly steps?: readonly Step[]
  readonly merge?: F
  readonly format?: FormatSpec
  readonly compiled?: boolean
}

/** A runner over these blocks, named b0, b1 …, and its map stage over all of them. */
class Bench {
  readonly runner: TaskRunner
  readonly #memory: SharedArrayBuffer
  readonly #parts: { readonly offset: number; readonly length: number }[] = []
  readonly #stage: (blocks: readonly string[]) => StageSpec

  constructor(
    blocks: readonly (readonly unknown[])[],
    { steps = words, merge = sum, format = { kind: "text" }, compiled = true }: Given = {},
  ) {
    const bytes = blocks.map(rows => encodeRows(rows))
    const memory = new SharedArrayBuffer(bytes.reduce((n, one) => n + one.length, 0))
    this.#memory = memory
    let offset = 0
    for (const one of bytes) {
      new Uint8Array(memory).set(one, offset)
      this.#parts.push({ offset, length: one.length })
      offset += one.length
    }
    const f = link(merge)
    const aggregate = { kind: "combine", create: { kind: "builtin", name: "identity" }, merge: f, combine: f, mapSide: true } as const
    const links = steps.map(([kind, step]) => ({ kind, f: link(step) }))
    this.#stage = names => {
      const groups = [names.map(block => ({ block, rows: 1, bytes: 1 }))]
      let root: RddNode = { kind: "input", stream: "lines", interval: 1000, groups, format }
      for (const step of links) root = { ...step, parent: root }
      const interval = { from: 1000, to: 2000 }
      return {
        output: "s~1@1000:in",
        root: { kind: "within", stream: "s", interval, parent: root },
        partitions: 1,
        write: { kind: "shuffle", partitions: 3, by: "key", aggregate },
        ...{ interval, stream: "s", label: "words" },
      }
    }
    this.runner = new TaskRunner(memory, { compiled })
    for (const ref of refs.values()) this.runner.addAsset(ref.hash, encodeFunction(ref))
  }

  #run(stage: StageSpec, names: readonly string[], more: Pick<TaskRun, "begun" | "fold"> = {}): TaskResult {
    const inputs = names.map(block => ({ ref: { kind: "block", block } as const, parts: [this.#parts[Number(block.slice(1))]!] }))
    return this.runner.run({ stage, partition: 0, attempt: 1, inputs, ...more })
  }

  spoil(block: string): void {
    const { offset, length } = this.#parts[Number(block.slice(1))]!
    new Uint8Array(this.#memory, offset, length).fill(0xdb)
  }

  fold(after: number, names: readonly string[], name = "one", keep: readonly string[] = [name]): boolean | undefined {
    const stage = foldStageOf(this.#stage([]), 0)!.with(names.map(block => ({ block, rows: 1, bytes: 1 })))
    return this.#run(stage, names, { fold: { name, after, keep } }).folds
  }

  task(names: readonly string[], begun?: string): TaskResult {
    return this.#run(this.#stage(names), names, begun === undefined ? {} : { begun })
  }
}

const texts = [["a b a", "c"], ["b b", "long-word-of-many-bytes a"], ["d straße", ""], ["a"]]
const all = ["b0", "b1", "b2", "b3"]

/** As it must be, and how much of it was computed by the task itself: rows are counted as they are read. */
const same = (bench: Bench, names: readonly string[], folded: readonly (readonly string[])[]) => {
  const expected = bench.task(names)
  let after = 0
  for (const blocks of folded) {
    assert.ok(bench.fold(after, blocks))
    after += blocks.length
  }
  const result = bench.task(names, "one")
  assert.equal(result, expected)
  return result
}

test("begun with all blocks, some or one: the same result, counts too", () => {
  for (const folded of [[all], [["b0"]], [["b0"], ["b1", "b2"]], [["b0", "b1"], ["b2"], ["b3"]]]) {
    const result = same(new Bench(texts), all, folded)
    assert.is(result.rowsIn, 7)
    assert.is(result.folds, true)
  }
})

test("what was begun is used: its blocks are not read again", () => {
  const bench = new Bench(texts)
  const expected = bench.task(all)
  assert.ok(bench.fold(0, ["b0", "b1"]))
  for (const block of ["b0", "b1"]) bench.spoil(block)
  assert.equal(bench.task(all, "one"), expected)
  assert.throws(() => bench.task(all))
})

test("other blocks, another order, more than there are, another name: as if nothing was begun", () => {
  const folds: readonly (readonly string[])[] = [["b1"], ["b1", "b0"], ["b0", "b1", "b2", "b3", "b0"], ["b0", "b2"]]
  for (const blocks of folds) {
    const bench = new Bench(texts)
    const expected = bench.task(all)
    assert.ok(bench.fold(0, blocks))
    assert.equal(bench.task(all, "one"), expected)
  }
  const bench = new Bench(texts)
  assert.ok(bench.fold(0, ["b0"]))
  assert.equal(bench.task(all, "two"), bench.task(all))
})

test("a fold goes on only after as many blocks as there are; what is not to be kept is gone", () => {
  const bench = new Bench(texts)
  assert.is(bench.fold(1, ["b1"]), false, "nothing was begun")
  assert.ok(bench.fold(0, ["b0"]))
  assert.is(bench.fold(2, ["b2"]), false)
  assert.ok(bench.fold(0, ["b0"], "two", ["two"]))
  assert.is(bench.fold(1, ["b1"], "one", ["one", "two"]), false, "dropped by the fold before")
  assert.ok(bench.fold(1, ["b1"], "two"))
  bench.task(all, "two")
  assert.is(bench.fold(2, ["b2"], "two"), false, "it was the task's")
})

test("keys that are no text, rows that are left to the functions, lines that are none", () => {
  const log = (url: string, status: number) => `1.2.3.4 - - [10/Oct/2000:13:55:36 +0000] "GET ${url} HTTP/1.1" ${status} 12 "-" "-"`
  const byStatus: Given = {
    steps: [["map", (v: { status: number }) => [v.status, 1]]],
    format: { kind: "combined" },
  }
  const lines = [
    [log("/a", 200), "no such line", log('/\\"b', 404)],
    [log("/c", 200), log("/ü", 500)],
    [log("/d", 404), "nor this"],
  ]
  const result = same(new Bench(lines, byStatus), ["b0", "b1", "b2"], [["b0"], ["b1"]])
  assert.is(result.aside.count, 2)
  const most: Given = {
    steps: [["map", (line: string) => [line.slice(0, 1), line.length]]],
    merge: (a: number, b: number) => Math.max(a, b),
  }
  assert.is(same(new Bench(texts, most), all, [["b0", "b1", "b2"]]).folds, true)
})

test("what cannot be folded says so: functions that are called, merges by order, records that are no lines", () => {
  const cases: [string, readonly (readonly unknown[])[], Given][] = [
    ["called", texts, { compiled: false }],
    ["sums of what may be a fraction", texts, { steps: [["map", (line: string) => [line.slice(0, 1), line.length * 0.1]]] }],
    ["sums of what may be large", texts, { steps: [["map", (line: string) => [line.slice(0, 1), line.length]]] }],
    ["products", texts, { merge: (a: number, b: number) => a * b }],
    ["last one wins", texts, { merge: (_: number, b: number) => b }],
    ["texts", texts, { steps: [["map", (line: string) => [line, line]]], merge: (a: string, b: string) => a + b }],
    ["values", [[1, 2], [3], [4], [5]], { steps: [["map", (n: unknown) => [`${n}`, 1]]], format: { kind: "values" } }],
  ]
  for (const [name, blocks, given] of cases) {
    const bench = new Bench(blocks, given)
    const expected = bench.task(all)
    assert.is(expected.folds, undefined, name)
    assert.is(bench.fold(0, ["b0"]), false, name)
    assert.equal(bench.task(all, "one"), expected, name)
  }
})

test.run()
