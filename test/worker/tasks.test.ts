/** Tasks from launch to report: inputs here and elsewhere, executors, files, failures, cancels. Events in, commands out. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { writeRegion } from "../../engine/shuffle-region.js"
import { Bench, lines, masterAheadMs, minute, peer, result, stage, task } from "./bench.js"

const test = suite("worker/tasks")

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const bytesOf = (letters: string) => new Uint8Array(Buffer.from(letters))

/** A worker that has made a shuffle region with these sections, and the region's block. */
function withRegion(w: Bench, ...sections: readonly string[]): string {
  w.launch([task("map.1")], [stage({ output: "map", write: { kind: "shuffle", partitions: sections.length, by: "key" } })])
  const bytes = writeRegion(sections.map(bytesOf))
  w.step({ kind: "taskDone", task: "map.1", executor: 0, result: result({ bytes, rows: 2, sectionRows: [1, 1] }), ms: 4 })
  return w.only("tasksDone").done[0]!.outputs[0]!.block
}

const shuffle = { kind: "shuffle", output: "map", partition: 1 } as const

test("a task whose inputs are here is submitted with their places, and its output is reported", () => {
  const w = new Bench().join()
  const block = withRegion(w, "zero", "one")
  w.launch([task("t.1", { inputs: [{ ref: shuffle, parts: [{ block, holders: ["w1#1"] }] }] })])
  const [submit] = w.command("submit")
  const part = submit!.run.inputs[0]!.parts[0]!
  assert.is(text(w.bytesAt(part.offset, part.length)), "one")
  assert.equal([submit!.run.partition, submit!.limits, submit!.run.inputs[0]!.ref], [0, { timeoutMs: minute }, shuffle])
  const made = result({ bytes: lines("x"), rows: 1, base: true, keys: 7 })
  w.step({ kind: "taskDone", task: "t.1", executor: submit!.executor, result: made, ms: 12 })
  const [done] = w.only("tasksDone").done
  const { block: out, ...rest } = done!.outputs[0]!
  assert.equal(rest, { bytes: lines("x").byteLength, rows: 1, base: true, keys: 7 })
  assert.equal([done!.task, done!.ms, done!.rowsIn, done!.failure], ["t.1", 12, 3, undefined])
  const held = w.inventory().find(one => one.block === out)!
  assert.equal(held.owner, { output: "s.2@1000000/0", partition: 0, stream: "s.2", interval: masterAheadMs, base: true, keys: 7 })
})

test("what is elsewhere is fetched: one message a peer, sections stored for the task's time", () => {
  const w = new Bench().join([peer("w2"), peer("w3")])
  const free = w.inventory().length
  const parts = [
    { block: "w2#1-1", holders: ["w2#1", "w3#1"] },
    { block: "w2#1-2", holders: ["w2#1"] },
    { block: "w3#1-1", holders: ["w3#1"] },
  ]
  w.launch([task("t.1", { inputs: [{ ref: shuffle, parts }] })])
  assert.equal(w.kinds(), ["fetch→w2#1", "fetch→w3#1"])
  const [two, three] = w.sent("fetch")
  assert.equal(two!.blocks, [
    { block: "w2#1-1", section: 1 },
    { block: "w2#1-2", section: 1 },
  ])
  w.receive("w3#1", { kind: "fetched", request: three!.request, missing: [] }, bytesOf("ccc"))
  assert.equal(w.command("submit"), [])
  w.receive("w2#1", { kind: "fetched", request: two!.request, missing: [] }, bytesOf("a"), bytesOf("bb"))
  const run = w.command("submit")[0]!.run
  assert.equal(
    run.inputs[0]!.parts.map(({ offset, length }) => text(w.bytesAt(offset, length))),
    ["a", "bb", "ccc"],
    "in the order asked, not of arrival",
  )
  assert.is(w.inventory().length, free, "not the store's")
  w.step({ kind: "taskDone", task: "t.1", executor: 0, result: result(), ms: 1 })
  const [first] = run.inputs[0]!.parts
  assert.ok(
    w.bytesAt(first!.offset, first!.length).every(byte => byte === 0xdb),
    "and freed at its end",
  )
})

test("a holder that has it not, dies or is silent: the next one is asked; none left: the task fails with block and place", () => {
  for (const how of ["missing", "dead", "silent", "garbled"]) {
    const w = new Bench({ config: { masterTimeoutMs: minute } }).join([peer("w2"), peer("w3")])
    const parts = [{ block: "b", holders: ["w2#1", "w3#1"], interval: 5, base: true }]
    w.launch([task("t.1", { inputs: [{ ref: { kind: "state", stream: "st", partition: 0, at: 5 }, parts }] })])
    const { request } = w.only("fetch")
    if (how === "missing") w.receive("w2#1", { kind: "fetched", request, missing: [0] })
    else if (how === "garbled") w.receive("w2#1", { kind: "fetched", request, missing: [] })
    else if (how === "silent") w.pass(10_000)
    else w.receive("master#1", { kind: "peers", workers: [peer("w3")], minReplicas: 1, replicas: 2 })
    const again = w.only("fetch")
    assert.is(again.to, "w3#1", how)
    w.receive("w3#1", { kind: "fetched", request: again.request, missing: [0] })
    const { failure } = w.only("tasksDone").done[0]!
    assert.equal([failure!.kind, failure!.block, failure!.from, failure!.unanswered], ["fetch", "b", "w3#1", undefined], how)
    assert.match(failure!.message, /block b cannot be had from w3#1: does not have it/)
  }
})

test("a broken connection to the only holder is tried once more", () => {
  const w = new Bench().join([peer("w2")])
  w.launch([task("t.1", { inputs: [{ ref: shuffle, parts: [{ block: "b", holders: ["w2#1"] }] }] })])
  w.step({ kind: "lost", peer: "w2#1" })
  const { request, to } = w.only("fetch")
  assert.is(to, "w2#1")
  w.receive("w2#1", { kind: "fetched", request, missing: [] }, bytesOf("a"))
  assert.is(w.command("submit").length, 1)
  const v = new Bench().join([peer("w2")])
  v.launch([task("t.1", { inputs: [{ ref: shuffle, parts: [{ block: "b", holders: ["w2#1"] }] }] })])
  v.step({ kind: "lost", peer: "w2#1" })
  v.step({ kind: "lost", peer: "w2#1" })
  const { failure } = v.only("tasksDone").done[0]!
  assert.equal([failure!.from, failure!.unanswered], ["w2#1", true])
})

test("a holder that this worker does not know yet is waited for", () => {
  const w = new Bench({ config: { masterTimeoutMs: minute, fetchTimeoutMs: 500 } }).join([])
  const launch = (name: string) =>
    w.launch([task(name, { inputs: [{ ref: { kind: "block", block: name }, parts: [{ block: name, holders: ["w9#1"] }] }] })])
  launch("t.1")
  assert.equal(w.kinds(), [])
  w.receive("master#1", { kind: "peers", workers: [peer("w9")], minReplicas: 1, replicas: 2 })
  assert.ok(w.kinds().includes("fetch→w9#1"))
  const v = new Bench({ config: { masterTimeoutMs: minute, fetchTimeoutMs: 500 } }).join([])
  v.launch([task("t.1", { inputs: [{ ref: shuffle, parts: [{ block: "b", holders: ["w9#1"] }] }] })])
  v.pass(500)
  const { failure } = v.only("tasksDone").done[0]!
  assert.equal([failure!.from, failure!.unanswered], ["w9#1", true])
})

test("two tasks that want one section fetch it once; each may end without harm to the other", () => {
  const w = new Bench({ cores: 1 }).join([peer("w2")])
  const inputs = [{ ref: shuffle, parts: [{ block: "b", holders: ["w2#1"] }] }]
  w.launch([task("t.1", { inputs }), task("t.2", { inputs })])
  const { request, blocks } = w.only("fetch")
  assert.is(blocks.length, 1)
  w.receive("w2#1", { kind: "fetched", request, missing: [] }, bytesOf("abc"))
  const first = w.command("submit")[0]!
  w.step({ kind: "taskDone", task: "t.1", executor: 0, result: result(), ms: 1 })
  const second = w.command("submit")[0] ?? first
  const { offset, length } = second.run.inputs[0]!.parts[0]!
  assert.is(text(w.bytesAt(offset, length)), "abc")
  w.step({ kind: "taskDone", task: "t.2", executor: 0, result: result(), ms: 1 })
  assert.is(w.bytesAt(offset, 1)[0], 0xdb)
})

test("a whole block that was fetched is kept for a moment; a section is not", () => {
  const w = new Bench({ config: { masterTimeoutMs: minute } }).join([peer("w2")])
  const whole = { kind: "block", block: "b" } as const
  const launch = (name: string, ref: typeof whole | typeof shuffle = whole) =>
    w.launch([task(name, { inputs: [{ ref, parts: [{ block: "b", holders: ["w2#1"] }] }] })])
  launch("t.1")
  w.receive("w2#1", { kind: "fetched", request: w.only("fetch").request, missing: [] }, bytesOf("abc"))
  w.step({ kind: "taskDone", task: "t.1", executor: 0, result: result(), ms: 1 })
  launch("t.2")
  const { offset, length } = w.command("submit")[0]!.run.inputs[0]!.parts[0]!
  assert.is(text(w.bytesAt(offset, length)), "abc")
  w.pass(6_000)
  assert.is(text(w.bytesAt(offset, length)), "abc", "while it is read")
  w.step({ kind: "taskDone", task: "t.2", executor: 0, result: result(), ms: 1 })
  assert.is(w.bytesAt(offset, 1)[0], 0xdb)
  launch("t.3", shuffle)
  assert.is(w.sent("fetch").length, 1)
})

test("functions and data are asked of the master once; executors are given functions, tasks the data that they read", () => {
  const w = new Bench({ cores: 4 }).join()
  const f = { kind: "function", hash: "f1" } as const
  const root = { kind: "map", parent: { kind: "parallelize", id: "p", assets: ["a1"] }, f } as const
  const inputs = [{ ref: { kind: "asset", hash: "a1" } as const, parts: [] }]
  w.launch([task("t.1", { inputs }), task("t.2", { inputs, partition: 1 })], [stage({ root })])
  assert.equal(w.only("assetRequest").hashes, ["f1", "a1"])
  w.receive("master#1", { kind: "asset", assets: [{ hash: "f1", bytes: bytesOf("f") }] })
  assert.equal(w.kinds(), ["asset"])
  w.receive("master#1", { kind: "asset", assets: [{ hash: "a1", bytes: bytesOf("data") }] })
  assert.equal(w.kinds(), ["submit", "submit"])
  assert.is(text(w.command("submit")[1]!.run.inputs[0]!.parts[0]!.bytes!), "data")
  w.launch([task("t.3", { inputs })], [stage({ root })])
  assert.equal(w.kinds(), ["submit"])
  // What was data may be a part of a function, too.
  w.launch([task("t.4")], [stage({ root: { ...root, f: { kind: "function", hash: "a1" } } })])
  assert.equal(w.kinds(), ["asset", "submit"])
})

test("a file split is read with what its last line may need, its blocks are kept by interval", () => {
  const w = new Bench().join()
  const split = { path: "/logs/a", from: 100, to: 200, sizeBytes: 1_000, modifiedMs: 1 }
  const write = { kind: "read", split, format: { kind: "text" }, timestamp: null, intervalMs: 1_000 } as const
  w.launch([task("t.1", { inputs: [{ ref: { kind: "file", split }, parts: [] }] })], [stage({ write, interval: null })])
  const [read] = w.command("readFile")
  assert.equal([read!.path, read!.from, read!.to], ["/logs/a", 99, 1_000])
  w.step({ kind: "fileRead", request: read!.request, bytes: bytesOf("line") })
  assert.is(text(w.command("submit")[0]!.run.inputs[0]!.parts[0]!.bytes!), "line")
  const outputs = [4_000, 5_000].map(interval => ({ bytes: lines("x"), rows: 1, interval, newest: 5_600 }))
  w.step({ kind: "taskDone", task: "t.1", executor: 0, result: result(...outputs), ms: 1 })
  assert.equal(
    w.only("tasksDone").done[0]!.outputs.map(({ interval, newest }) => [interval, newest]),
    [
      [4_000, 5_600],
      [5_000, 5_600],
    ],
  )
  w.receive("master#1", { kind: "forget", blocks: [], streams: [{ stream: "s.2", before: 5_000 }] })
  assert.equal(
    w.inventory().map(({ owner }) => owner!.interval),
    [5_000],
  )
  w.launch([task("t.2", { inputs: [{ ref: { kind: "file", split }, parts: [] }] })], [stage({ write })])
  w.step({ kind: "fileFailed", request: w.command("readFile")[0]!.request, error: "cannot read /logs/a: no such file" })
  assert.is(w.only("tasksDone").done[0]!.failure!.message, "cannot read /logs/a: no such file")
})

test("an output file is written before the task counts as done; an empty partition is no file", () => {
  const w = new Bench().join()
  const write = { kind: "file", to: "out/", format: "ndjson", snapshot: false } as const
  w.launch([task("t.1", { partition: 3 }), task("t.2")], [stage({ write, interval: { from: 1_763_716_200_000, to: 1_763_716_201_000 } })])
  w.step({ kind: "taskDone", task: "t.1", executor: 0, result: result({ bytes: bytesOf("{}\n"), rows: 1 }), ms: 1 })
  const [file] = w.command("writeFile")
  assert.is(file!.path, "out/2025-11-21T09-10-00.000Z-0003.ndjson")
  assert.equal(w.sent("tasksDone"), [])
  w.step({ kind: "fileWritten", request: file!.request })
  assert.equal(w.sent("tasksDone"), [], "another task still runs: perhaps it is done soon")
  w.pass(2)
  assert.equal(w.only("tasksDone").done[0]!.outputs, [])
  w.step({ kind: "taskDone", task: "t.2", executor: 1, result: result({ bytes: bytesOf(""), rows: 0 }), ms: 1 })
  assert.equal(w.kinds(), ["tasksDone→master#1"])
})

test("stream tasks go to their own executors, by affinity; one query while streams wait; all done of a step in one message", () => {
  const w = new Bench({ cores: 2, config: { queryExecutors: 2, executorDepth: 1 } }).join()
  w.launch([
    task("q.1", { pool: "query" }),
    task("a.1", { affinity: 5 }),
    task("a.2", { affinity: 3 }),
    task("s.1"),
    task("s.2"),
    task("q.2", { pool: "query" }),
  ])
  const places = () => w.command("submit").map(({ task, executor }) => `${task}@${executor}`)
  assert.equal(places().sort(), ["a.1@1", "q.1@2", "s.1@0"])
  w.step({ kind: "taskDone", task: "s.1", executor: 0, result: result(), ms: 1 })
  assert.equal(places(), ["s.2@0"])
  w.step({ kind: "taskDone", task: "a.1", executor: 1, result: result(), ms: 1 })
  assert.equal(places(), ["a.2@1", "q.2@3"])
})

test("what a question waits for is reported at once, whatever streams still have to do here; while it has more of its own, together", () => {
  const w = new Bench({ cores: 1, config: { queryExecutors: 1, executorDepth: 1 } }).join()
  w.launch([task("s.1"), task("s.2"), task("q.1", { pool: "query" }), task("q.2", { pool: "query" })])
  const done = (task: string, executor: number) => {
    w.step({ kind: "taskDone", task, executor, result: result(), ms: 1 })
    return w.sent("tasksDone").flatMap(({ done }) => done.map(({ task }) => task))
  }
  assert.equal(done("q.1", 1), [], "q.2 may be done soon")
  assert.equal(done("q.2", 1), ["q.1", "q.2"])
  w.launch([task("s.3"), task("q.3", { pool: "query" })])
  assert.equal(done("s.1", 0), [], "more tasks of streams are left")
  assert.equal(done("q.3", 1), ["s.1", "q.3"])
})

test("an executor gets more than one only when there is enough for all", () => {
  const w = new Bench({ cores: 2, config: { executorDepth: 2 } }).join()
  w.launch([task("a"), task("b"), task("c")])
  assert.equal(
    w.command("submit").map(({ executor }) => executor),
    [0, 1],
  )
  w.launch([task("d"), task("e")])
  assert.is(w.command("submit").length, 1)
})

test("cancelled: before it runs it is gone; running it may end, and is ended when it does not", () => {
  const w = new Bench({ cores: 1, config: { executorDepth: 1, masterTimeoutMs: minute } }).join()
  w.launch([task("a"), task("b")])
  w.receive("master#1", { kind: "cancel", tasks: ["a", "b", "never heard of"] })
  assert.equal(
    w.only("tasksDone").done.map(({ task, failure }) => [task, failure!.kind]),
    [
      ["a", "killed"],
      ["b", "killed"],
    ],
  )
  w.launch([task("a")])
  assert.equal(w.kinds(), [], "the thread is still busy")
  w.pass(1_000)
  const [kill] = w.command("kill")
  assert.equal([kill!.task, kill!.executor], ["a", 0])
  w.step({ kind: "taskFailed", task: "a", executor: 0, failure: { kind: "killed", message: "cancelled" }, ms: 1_000 })
  const [submit] = w.command("submit")
  assert.equal(w.sent("tasksDone"), [])
  w.step({ kind: "taskDone", task: submit!.task, executor: 0, result: result({ bytes: lines("x"), rows: 1 }), ms: 1 })
  assert.equal([w.only("tasksDone").done[0]!.task, w.inventory().length], ["a", 1])
})

test("a task that takes long while others wait goes on apart from them, and no other of its stream begins until it has ended", () => {
  const w = new Bench({ cores: 1, config: { executorDepth: 1, masterTimeoutMs: minute } }).join()
  const of = (stream: string) => [stage({ stream, output: `${stream}@0` })]
  w.launch([task("a1"), task("a2")], of("a"))
  const submitted = () => w.command("submit").map(({ task }) => task)
  assert.equal(submitted(), ["a1"])
  w.step({ kind: "taskLong", task: "a1", executor: 0, ms: 500 })
  w.pass(100)
  assert.equal(w.command("setApart"), [], "nobody else waits")
  w.launch([task("b1"), task("b2")], of("b"))
  assert.equal(
    w.command("setApart").map(({ task }) => task),
    ["a1"],
  )
  assert.equal(submitted(), ["b1"])
  w.step({ kind: "taskDone", task: "b1", executor: 0, result: result(), ms: 1 })
  assert.equal(submitted(), ["b2"])
  w.step({ kind: "taskDone", task: "b2", executor: 0, result: result(), ms: 1 })
  assert.equal(submitted(), [], "a2 may be as long")
  const load = () => {
    w.pass(1_000)
    return w
      .command("send")
      .flatMap(({ message }) => (message.kind === "heartbeat" ? [message.load] : []))
      .at(-1)
  }
  load()
  assert.is(load(), 1, "what runs apart takes a core, too")
  w.step({ kind: "taskDone", task: "a1", executor: 0, result: result(), ms: 9_000 })
  assert.equal(submitted(), ["a2"])
})

test("a stream whose tasks usually take long has twice that long, within bounds", () => {
  const w = new Bench({ cores: 1, config: { executorDepth: 1, masterTimeoutMs: minute } }).join()
  const long = (stream: string, usualMs: number) => {
    const of = [stage({ stream, output: `${stream}@0` })]
    w.launch([task(`${stream}1`)], of)
    w.step({ kind: "taskDone", task: `${stream}1`, executor: 0, result: result(), ms: usualMs })
    w.launch([task(`${stream}2`)], of)
    w.launch([task(`other${stream}`)], [stage({ stream: "other", output: "other@0" })])
    w.step({ kind: "taskLong", task: `${stream}2`, executor: 0, ms: 150 })
    for (let ranMs = 150; ; ranMs += 50, w.pass(50)) {
      if (w.command("setApart").length === 0) continue
      w.step({ kind: "taskDone", task: `other${stream}`, executor: 0, result: result(), ms: 1 })
      return ranMs
    }
  }
  assert.equal([long("a", 5), long("b", 200), long("c", 9_000)], [300, 400, 5_000])
})

test("long tasks beyond the places apart keep nobody waiting: they are put back, and begin again when there is a place", () => {
  const w = new Bench({ cores: 1, config: { executorDepth: 1, masterTimeoutMs: minute } }).join()
  const launch = (name: string) => w.launch([task(name)], [stage({ stream: name, output: `${name}@0` })])
  const submitted = () => w.command("submit").map(({ task }) => task)
  const setApart = () => w.command("setApart").map(({ task }) => task)
  const killed = (name: string) =>
    w.step({ kind: "taskFailed", task: name, executor: 0, failure: { kind: "killed", message: "cancelled" }, ms: 1 })
  launch("a")
  assert.equal(submitted(), ["a"])
  for (const name of ["b", "c", "d", "e", "f", "short"]) launch(name)
  // Two threads, a stream's and a question's: four places.
  for (const [name, next] of ["ab", "bc", "cd", "de"].map(pair => [...pair])) {
    w.step({ kind: "taskLong", task: name!, executor: 0, ms: 500 })
    assert.equal([setApart(), submitted()], [[name], [next]])
  }
  for (const [name, next] of [
    ["e", "f"],
    ["f", "short"],
  ] as const) {
    w.step({ kind: "taskLong", task: name, executor: 0, ms: 500 })
    assert.equal([setApart(), w.command("kill")], [[], []], "it has a second")
    w.pass(500)
    assert.equal([setApart(), w.command("kill").map(({ task }) => task)], [[], [name]])
    w.pass(100)
    assert.equal(w.command("kill"), [], "once")
    killed(name)
    assert.equal(submitted(), [next], "no place is free")
  }
  w.launch([task("e2")], [stage({ stream: "e", output: "e@1" })])
  w.step({ kind: "taskDone", task: "short", executor: 0, result: result(), ms: 1 })
  assert.equal(submitted(), [], "of e and f there is one that is long")
  w.step({ kind: "taskFailed", task: "c", executor: 0, failure: { kind: "timeout", message: "late" }, ms: 1 })
  assert.equal(
    w.sent("tasksDone").flatMap(({ done }) => done.map(({ task }) => task)),
    ["short", "c"],
  )
  assert.equal(submitted(), ["e"])
  launch("other")
  w.step({ kind: "taskLong", task: "e", executor: 0, ms: 500 })
  assert.equal([setApart(), submitted()], [["e"], ["other"]], "f has no place yet")
  w.step({ kind: "taskDone", task: "other", executor: 0, result: result(), ms: 1 })
  w.receive("master#1", { kind: "cancel", tasks: ["f"] })
  w.step({ kind: "taskDone", task: "e", executor: 0, result: result({ bytes: lines("x"), rows: 1 }), ms: 9_000 })
  assert.equal(submitted(), ["e2"], "e has ended, f is not wanted any more")
})

test("what a cancelled task made is thrown away", () => {
  const w = new Bench().join()
  w.launch([task("a")])
  w.receive("master#1", { kind: "cancel", tasks: ["a"] })
  w.step({ kind: "taskDone", task: "a", executor: 0, result: result({ bytes: lines("x"), rows: 1 }), ms: 1 })
  assert.equal([w.sent("tasksDone"), w.inventory()], [[], []])
})

test("a task that its thread does not end in time is ended from here, and counts as timed out", () => {
  const w = new Bench({ config: { masterTimeoutMs: minute } }).join()
  w.launch([task("a", { timeoutMs: 500 })])
  w.pass(500)
  assert.equal(w.command("kill"), [])
  w.pass(14_500)
  assert.equal(w.command("kill").length, 1)
  w.step({ kind: "taskFailed", task: "a", executor: 0, failure: { kind: "killed", message: "cancelled" }, ms: 15_000 })
  const { failure } = w.only("tasksDone").done[0]!
  assert.equal([failure!.kind, failure!.message], ["timeout", "did not end within 0.5 s and was stopped"])
})

test("a failure of the user's function is reported as it is", () => {
  const w = new Bench().join()
  w.launch([task("a")])
  const failure = { kind: "user", message: "x is undefined", record: "{}", errorName: "TypeError" } as const
  w.step({ kind: "taskFailed", task: "a", executor: 0, failure, ms: 1 })
  assert.equal(w.only("tasksDone").done[0]!.failure, failure)
})

test("an output that does not fit is a failure of the machine that says so, and leaves nothing", () => {
  const w = new Bench({ capBytes: 64 * 1024 }).join()
  w.launch([task("a")])
  const outputs = [
    { bytes: lines("x"), rows: 1 },
    { bytes: lines("x".repeat(70_000)), rows: 1 },
  ]
  w.step({ kind: "taskDone", task: "a", executor: 0, result: result(...outputs), ms: 1 })
  const { failure } = w.only("tasksDone").done[0]!
  assert.is(failure!.kind, "machine")
  assert.match(failure!.message, /block memory is full: an output of \d+ bytes of map at views.ts:3 does not fit/)
  assert.equal(w.inventory(), [])
})

test("what a task made is named once: by its report, and by an inventory only after that; a part may still be on its way to disk", () => {
  const w = new Bench({ capBytes: 64 * 1024, config: { spillDir: "/spill" } }).join()
  const outputs = [
    { bytes: lines("x"), rows: 1 },
    { bytes: lines("x".repeat(70_000)), rows: 1 },
  ]
  const make = (name: string) => {
    w.launch([task(name)])
    w.step({ kind: "taskDone", task: name, executor: 0, result: result(...outputs), ms: 1 })
    return w.command("spill")[0]!.request
  }
  const request = make("a")
  assert.equal(w.inventory(), [], "the master would have it forgotten")
  w.step({ kind: "fileWritten", request })
  const [done] = w.only("tasksDone").done
  assert.equal(
    w.inventory().map(({ block }) => block),
    done!.outputs.map(({ block }) => block),
  )
  const later = make("b")
  w.receive("master#1", { kind: "cancel", tasks: ["b"] })
  w.step({ kind: "fileWritten", request: later })
  assert.is(w.inventory().length, 2, "of what was cancelled meanwhile nothing stays")
})

test("a block that is not where the task was sent for it: the worker itself is named, lest it be sent there again and again", () => {
  const w = new Bench().join()
  const ref = { kind: "block", block: "b", stream: "s.1", interval: masterAheadMs } as never
  w.launch([task("t.1", { inputs: [{ ref, parts: [{ block: "b", holders: ["w1#1"] }] }] })])
  const { kind, block, from } = w.only("tasksDone").done[0]!.failure!
  assert.equal([kind, block, from], ["fetch", "b", "w1#1"])
})

test("an input that is forgotten while a task reads it keeps its bytes until the task ends", () => {
  const w = new Bench().join()
  const block = withRegion(w, "zero", "one")
  w.launch([task("t.1", { inputs: [{ ref: shuffle, parts: [{ block, holders: [] }] }] })])
  const { offset, length } = w.command("submit")[0]!.run.inputs[0]!.parts[0]!
  w.receive("master#1", { kind: "forget", blocks: [block], streams: [] })
  assert.is(text(w.bytesAt(offset, length)), "one")
  w.step({ kind: "taskDone", task: "t.1", executor: 0, result: result(), ms: 1 })
  assert.is(w.bytesAt(offset, 1)[0], 0xdb)
})

test("what functions print, and lines set aside, go to the master's log", () => {
  const w = new Bench().join()
  w.launch([task("t.1", { partition: 2 })])
  const logs = [{ level: "log", text: "hello", repeated: 3 }] as const
  w.step({
    kind: "taskDone",
    task: "t.1",
    executor: 0,
    result: { ...result(), logs, aside: { count: 9, samples: ["cannot be read: gibberish"] } },
    ms: 1,
  })
  const { stream, interval, partition, lines: said } = w.only("log")
  assert.equal([stream, interval, partition], ["s.2", masterAheadMs, 2])
  assert.equal(
    said.map(({ text }) => text),
    ["hello", "set aside, cannot be read: gibberish"],
  )
  assert.is(w.only("tasksDone").done[0]!.aside, 9)
})

test.run()
