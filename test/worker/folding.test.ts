/** Received blocks that are folded before their task is there: which, where, and what the task is told. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { WorkerConfig } from "../../cluster/worker/config.js"
import type { StageSpec } from "../../engine/task.js"
import { Bench, lines, masterAheadMs, peer, result, stage, task } from "./bench.js"

const test = suite("worker/folding")

const f = { kind: "builtin", name: "sum" } as const
const aggregate = { kind: "combine", create: { kind: "builtin", name: "identity" }, merge: f, combine: f, mapSide: true } as const

/** The map stage of the interval that starts at `from`, over these blocks, a group each list. */
function mapStage(from: number, groups: readonly (readonly string[])[]): StageSpec {
  const blocks = groups.map(group => group.map(block => ({ block, rows: 2, bytes: 1 })))
  return stage({
    output: `s.2~1@${from}:in`,
    root: { kind: "input", stream: "s.1", interval: from, groups: blocks, format: { kind: "text" } },
    partitions: groups.length,
    write: { kind: "shuffle", partitions: 2, by: "key", aggregate },
    interval: { from, to: from + 1_000 },
  })
}

const taskOver = (name: string, blocks: readonly string[], partition = 0) =>
  task(name, { partition, inputs: blocks.map(block => ({ ref: { kind: "block", block }, parts: [{ block, holders: ["w1#1"] }] })) })

const start = masterAheadMs + 5_000

/** A worker that has made a map task of the interval before, which said whether its blocks can be folded. */
function working(folds = true, executors = 1, config: Partial<WorkerConfig> = {}): Bench {
  const w = new Bench({ cores: executors, config: { foldFromBytes: 1, ...config } }).join([peer("w2")])
  w.launch([task("t.0")], [mapStage(start - 1_000, [[]])])
  w.step({ kind: "taskDone", task: "t.0", executor: 0, result: { ...result(), folds }, ms: 1 })
  return w
}

/** The folds that the last step has submitted, as `executor name after n: blocks`. */
const folds = (w: Bench) =>
  w.command("submit").flatMap(({ executor, run }) => {
    if (run.fold === undefined) return []
    return [
      `${executor} ${run.fold.name} after ${run.fold.after}: ${run.inputs.map(({ ref }) => (ref.kind === "block" ? ref.block : "?"))}`,
    ]
  })

function folded(w: Bench, ok = true): readonly string[] {
  const [submit] = w.command("submit")
  w.step({ kind: "taskDone", task: submit!.task, executor: submit!.executor, result: { ...result(), folds: ok }, ms: 1 })
  return folds(w)
}

test("a block goes to the executor as it comes, the next ones together when that is done; reports say so", () => {
  const w = working()
  w.batch(1)
  assert.equal(folds(w), ["0 begun-1 after 0: w1#1-1"])
  const first = w.command("submit")
  w.batch(2)
  w.batch(3)
  assert.equal(folds(w), [], "one at a time")
  w.step({ kind: "taskDone", task: first[0]!.task, executor: 0, result: { ...result(), folds: true }, ms: 1 })
  assert.equal(folds(w), ["0 begun-1 after 1: w1#1-2,w1#1-3"])
  for (const block of [1, 2, 3]) w.receive("w2#1", { kind: "replicaStored", block: `w1#1-${block}` })
  w.pass(1_000)
  assert.equal(
    w.only("report").blocks.map(({ fold }) => fold),
    [0, 1, 2].map(order => ({ interval: start, lane: 0, order })),
  )
})

test("the task of these blocks goes to that executor and is told the name; what came after is its own", () => {
  const w = working(true, 2)
  w.batch(1)
  const [begun] = folds(w)
  const executor = Number(begun![0])
  folded(w)
  w.launch([taskOver("t.1", ["w1#1-1"])], [mapStage(start, [["w1#1-1"]])])
  const [submit] = w.command("submit")
  assert.equal([submit!.executor, submit!.run.begun], [executor, "begun-1"])
  w.launch([taskOver("t.2", ["w1#1-1"])], [mapStage(start, [["w1#1-1"]])])
  assert.is(w.command("submit")[0]!.run.begun, undefined, "once")
})

test("other blocks first, or fewer than were folded: the task begins with nothing", () => {
  for (const group of [["w1#1-2", "w1#1-1"], ["w1#1-1"]]) {
    const w = working()
    for (const seq of [1, 2]) {
      w.batch(seq)
      folded(w)
    }
    w.launch([taskOver("t.1", group)], [mapStage(start, [group])])
    assert.is(w.command("submit").find(({ task }) => task === "t.1")!.run.begun, undefined)
  }
})

test("tasks go first, and elsewhere if they can", () => {
  const w = working()
  w.launch([task("t.1")])
  w.batch(1)
  assert.equal(folds(w), [])
  w.step({ kind: "taskDone", task: "t.1", executor: 0, result: result(), ms: 1 })
  assert.equal(folds(w), ["0 begun-1 after 0: w1#1-1"])
  const two = working(true, 2)
  two.batch(1)
  const busy = Number(folds(two)[0]![0])
  two.launch([task("t.1")])
  assert.is(two.command("submit")[0]!.executor, 1 - busy)
})

test("a fold that takes long keeps no task waiting: it goes on apart, and nothing more is folded of its stage", () => {
  const w = working()
  w.batch(1)
  const [fold] = w.command("submit")
  w.step({ kind: "taskLong", task: fold!.task, executor: 0, ms: 150 })
  w.pass(900)
  assert.equal(w.command("setApart"), [], "nobody waits")
  w.launch([task("t.1")])
  w.pass(50)
  assert.equal(
    w.command("setApart").map(({ task, executor }) => [task, executor]),
    [[fold!.task, 0]],
  )
  w.pass(400)
  assert.equal(w.command("setApart"), [], "once")
  w.step({ kind: "taskDone", task: "t.1", executor: 0, result: result(), ms: 1 })
  w.batch(2)
  w.step({ kind: "taskFailed", task: fold!.task, executor: 0, failure: { kind: "timeout", message: "late" }, ms: 5_000 })
  assert.equal(folds(w), [])
})

/** A fold is submitted, and takes long while a task waits. Gives the fold's name. */
function slowFold(w: Bench, waits: string): string {
  const { task: fold } = w.command("submit")[0]!
  w.step({ kind: "taskLong", task: fold, executor: 0, ms: 150 })
  w.launch([task(waits)])
  w.pass(900)
  return fold
}

test("a stage whose fold was in a task's way is left alone though its tasks go on saying that it folds, and for longer the next time", () => {
  const w = working()
  let seq = 1
  const left: number[] = []
  for (let round = 1; round <= 2; round++) {
    w.batch(seq++)
    const fold = slowFold(w, `waits.${round}`)
    assert.is(w.command("setApart")[0]?.task, fold)
    w.step({ kind: "taskDone", task: `waits.${round}`, executor: 0, result: result(), ms: 1 })
    w.step({ kind: "taskDone", task: fold, executor: 0, result: { ...result(), folds: true }, ms: 2_000 })
    let seconds = 0
    for (; seconds < 200; seconds++) {
      const name = `t.${round}.${seconds}`
      w.launch([task(name)], [mapStage(start + 1_000 * seconds, [[]])])
      w.step({ kind: "taskDone", task: name, executor: 0, result: { ...result(), folds: true }, ms: 1 })
      w.batch(seq++)
      if (folds(w).length > 0) break
      w.receive("master#1", { kind: "heartbeatAck", sentMs: w.nowMs, wallMs: w.nowMs + masterAheadMs })
      w.pass(1_000)
      for (const { task, executor } of w.command("submit")) w.step({ kind: "taskDone", task, executor, result: result(), ms: 1 })
    }
    for (const { task, executor } of w.command("submit"))
      w.step({ kind: "taskDone", task, executor, result: { ...result(), folds: true }, ms: 1 })
    left.push(seconds)
  }
  assert.ok(left[0]! >= 28 && left[1]! > left[0]! + 25, String(left))
})

test("where nothing is set apart no fold is: the task waits, and the stage is left alone", () => {
  const w = working(true, 1, { setsApart: false })
  w.batch(1)
  const fold = slowFold(w, "t.1")
  assert.equal(w.command("setApart"), [])
  w.pass(5_000)
  assert.equal([w.command("setApart"), w.command("kill")], [[], []])
  w.step({ kind: "taskFailed", task: fold, executor: 0, failure: { kind: "timeout", message: "late" }, ms: 5_000 })
  w.step({ kind: "taskDone", task: "t.1", executor: 0, result: result(), ms: 1 })
  w.batch(2)
  assert.equal(folds(w), [])
})

test("one fold of an executor is apart at a time: the next one that is in a task's way is ended", () => {
  const w = working()
  const other = {
    ...mapStage(start - 1_000, [[]]),
    output: "s.3~1@0:in",
    write: { kind: "shuffle", partitions: 3, by: "key", aggregate },
  } as const
  w.launch([task("t.other")], [other])
  w.step({ kind: "taskDone", task: "t.other", executor: 0, result: { ...result(), folds: true }, ms: 1 })
  w.batch(1)
  assert.is(slowFold(w, "t.1"), w.command("setApart")[0]?.task)
  w.step({ kind: "taskDone", task: "t.1", executor: 0, result: result(), ms: 1 })
  assert.is(folds(w).length, 1)
  const second = slowFold(w, "t.2")
  assert.equal([w.command("setApart"), w.command("kill")], [[], []])
  w.pass(1_000)
  assert.equal([w.command("setApart"), w.command("kill")[0]?.task], [[], second])
  w.pass(1_000)
  assert.equal(w.command("kill"), [], "once")
})

test("not folded: what nobody here has said can be, what arrives at an interval's end, copies of what others received", () => {
  const silent = working(false)
  silent.batch(1)
  assert.equal(folds(silent), [])
  const late = working()
  late.pass(970)
  late.batch(1)
  assert.equal(folds(late), [])
  const copy = working()
  const replica = { block: "w2#1-1", batch: { session: "u1", stream: "views", seq: 1 }, rows: 2, arrivedMs: start, of: null }
  copy.receive("w2#1", { kind: "replica", ...replica }, lines("a", "b"))
  assert.equal(folds(copy), [])
})

test("a fold that fails is not gone on with; what it left is let go; after three there is a pause", () => {
  const w = working()
  for (let interval = 0; interval < 3; interval++) {
    w.batch(2 * interval + 1)
    assert.is(folds(w).length, 1)
    folded(w, false)
    w.batch(2 * interval + 2)
    assert.equal(folds(w), [], "of this interval no more")
    w.pass(1_000)
    for (const { task, executor } of w.command("submit")) w.step({ kind: "taskDone", task, executor, result: result(), ms: 1 })
  }
  w.batch(7)
  assert.equal(folds(w), [])
})

test.run()
