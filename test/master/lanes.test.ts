import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { AdmittedBatch } from "../../cluster/master/admission.js"
import { LaneReaders, lanesOf } from "../../cluster/master/lanes.js"
import { laneGroups, readerOf } from "../../engine/lanes.js"
import type { RddNode } from "../../engine/rdd.js"
import type { StageSpec } from "../../engine/task.js"

const test = suite("lanes")

/** `block@worker:lane.order`, a block that its receiver has put there, or `block` alone; each of the bytes. */
function admitted(text: string, bytes: number, interval = 0): AdmittedBatch[] {
  return text.split(" ").map((one, i) => {
    const [, block, at, lane, order] = /^(\w+)(?:@(\w+):(\d)\.(\d))?$/.exec(one)!
    const mark = { interval, lane: Number(lane), order: Number(order) }
    const batch = { session: "s", stream: "lines", seq: i + 1 }
    return { batch, block: block!, rows: 1, bytes, others: [], ...(at !== undefined && { fold: { at, mark } }) }
  })
}

const everywhere = () => ["w1", "w2"]
const shown = (lanes: readonly (readonly number[])[] | null) => lanes?.map(lane => lane.join(",")).join(" ") ?? null
const lanes = (
  text: string,
  { bytes = 100, holders = everywhere as (block: string) => readonly string[], executors = 2, interval = 0 } = {},
) => shown(lanesOf(admitted(text, bytes, interval), 0, holders, executors, 100))

test("lanes by worker and executor, each in the order in which it was taken in, then what nobody has", () => {
  assert.is(lanes("a@w1:0.0 b@w2:0.0 c@w1:0.1 d@w2:0.1"), "0,2 1,3")
  assert.is(lanes("a@w1:0.0 b@w1:1.0 c@w1:0.1 d@w1:1.1"), "0,2 1,3", "of two executors")
  assert.is(lanes("a@w1:0.1 b@w2:0.0 c@w1:0.0 d@w2:0.1"), "2,0 1,3", "one that came again later")
  assert.is(lanes("a b@w2:0.0 c@w1:0.0 d@w1:0.1 e"), "1,0,4 2,3", "the rest where there is least")
})

test("what is not begun here and now is the rest", () => {
  assert.is(lanes("a b c d"), null)
  assert.is(lanes("a@w1:0.0 b@w2:0.0", { interval: 1000 }), null, "put into another interval")
  assert.is(lanes("a@w1:0.0 b@w2:0.0", { holders: () => ["w3"] }), null, "who has begun has died")
  assert.is(lanes("a@w1:0.0 b@w2:0.0", { bytes: 99 }), null, "too little for a task of its own")
  assert.is(lanes("a@w1:0.0 b@w1:0.1 c@w2:0.0", { bytes: 60, executors: 1 }), "0,1,2", "of one lane too little")
})

test("a lane gets no more than its share of what others received: that is grouped as ever", () => {
  assert.is(lanes("a@w1:0.0 b@w1:0.1 c d", { bytes: 60, executors: 2 }), "0,1 2 3", "w2 has begun nothing")
  assert.is(lanes("a@w1:0.0 b@w1:0.1 c@w1:0.2 d@w1:0.3"), "0,1,2,3", "what has come to one is his")
  const holders = (block: string) => (block === "c" ? ["w3"] : ["w1", "w2"])
  assert.is(lanes("a@w1:0.0 b@w2:0.0 c", { holders, executors: 1 }), "0 1 2", "where it lies")
})

test("readers are those whose tasks said so, until one says the contrary", () => {
  const readers = new LaneReaders()
  const input: RddNode = { kind: "input", stream: "lines", interval: 0, groups: [[]], format: { kind: "text" } }
  const f = { kind: "builtin", name: "sum" } as const
  const aggregate = { kind: "combine", create: { kind: "builtin", name: "identity" }, merge: f, combine: f, mapSide: true } as const
  const stage = (output: string, write: StageSpec["write"] = { kind: "shuffle", partitions: 1, by: "key", aggregate }): StageSpec => {
    return { output, root: input, partitions: 1, write, interval: { from: 0, to: 1000 }, stream: "s", label: "" }
  }
  readers.made(stage("s~1@0:in"), 0, true, 0)
  readers.made(stage("t~1/pane@0:in"), 0, true, 0)
  readers.made(stage("u~1@0:in"), 0, undefined, 0)
  readers.made(stage("v~1@0", { kind: "store" }), 0, undefined, 0)
  assert.equal(readers.of("lines", 1000, 1), ["s~1@:in", "t~1/pane@:in"])
  assert.equal(readers.of("others", 1000, 1), [])
  readers.made(stage("s~1@1000:in"), 0, undefined, 2)
  readers.made(stage("s~1@1000:in"), 0, true, 3)
  assert.equal(readers.of("lines", 1000, 4), ["t~1/pane@:in"], "one of its tasks could not")
  readers.made(stage("s~1@90000:in"), 0, true, 90_000)
  assert.equal(readers.of("lines", 1000, 90_001), ["s~1@:in"], "long ago; and the other has not been heard of since")
})

test("a seal's lanes are its blocks in other groups, for its readers", () => {
  const block = (name: string) => ({ block: name, rows: 1, bytes: 1 })
  const seal = { groups: [[block("a"), block("b")], [block("c")]], lanes: { readers: ["s~1@:in"], blocks: [[2, 0], [1]] } }
  assert.equal(laneGroups(seal, readerOf("s~1@5000:in")), [[block("c"), block("a")], [block("b")]])
  assert.is(laneGroups(seal, readerOf("s~2@5000:in")), null, "another version")
  assert.is(laneGroups({ groups: seal.groups }, "s~1@:in"), null)
})

test.run()
