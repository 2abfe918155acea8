/** The worker and its master, its peers' and clients' fetches, copies, drivers; what makes no sense. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { ClockOffset } from "../../cluster/worker/clock-offset.js"
import { leaving } from "../../cluster/worker/worker.js"
import { writeRegion } from "../../engine/shuffle-region.js"
import { Bench, lines, masterAheadMs, minute, peer, result, stage, task } from "./bench.js"

const test = suite("worker/machine")

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const bytesOf = (letters: string) => new Uint8Array(Buffer.from(letters))

test("says hello until a master answers, then registers and beats", () => {
  const w = new Bench({ config: { helloMs: 1_000, heartbeatMs: 200 } })
  w.step({ kind: "started" })
  assert.equal(w.kinds(), ["connect", "hello→master"])
  w.pass(1_000)
  assert.equal(w.kinds(), ["hello→master"])
  assert.is(w.command("say")[0]!.text, "no master answers at tcp://m:7077: trying again until one does")
  w.pass(1_000)
  assert.equal([w.kinds(), w.command("say")], [["hello→master"], []])
  w.welcome("master#1")
  assert.equal(w.kinds(), ["register→master#1", "heartbeat→master#1", "report→master#1"])
  const { to: _, payload: __, receipt: ___, ...register } = w.only("register")
  assert.equal(register, { kind: "register", name: "w1", address: "tcp://w1:1", host: "w1", cores: 2, capBytes: 4 * 1024 * 1024, held: [] })
  w.pass(200)
  assert.ok(w.kinds().includes("heartbeat→master#1"))
})

test("of several addresses each is tried until a master answers, and again when it is lost", () => {
  const w = new Bench({ config: { helloMs: 1_000, masterTimeoutMs: 3_000 }, masterAddress: "tcp://a:1,tcp://b:1" })
  const tried = () => w.command("connect").map(({ address }) => address)
  w.step({ kind: "started" })
  assert.equal(tried(), ["tcp://a:1"])
  w.step({ kind: "unreached", peer: "master" })
  assert.equal([tried(), w.kinds()], [["tcp://b:1"], ["connect"]], "the hello that waits goes there")
  w.pass(1_000)
  assert.equal([tried(), w.kinds()], [["tcp://a:1"], ["connect", "hello→master"]])
  assert.is(w.command("say")[0]!.text, "no master answers at tcp://a:1 or tcp://b:1: trying again until one does")
  w.step({ kind: "reached", peer: "master" })
  w.pass(1_000)
  assert.equal(tried(), [], "it is there, and busy")
  w.welcome("master#4")
  w.step({ kind: "lost", peer: "master#4" })
  assert.match(w.command("say")[0]!.text, /master at tcp:\/\/a:1 was lost: trying again until it is back, or another leads/)
  w.step({ kind: "unreached", peer: "master" })
  assert.equal(tried(), ["tcp://b:1"])
  w.welcome("master#5")
  assert.is(w.only("register").to, "master#5")
  assert.is(w.command("say")[0]!.text, "joined the master master#5 at tcp://b:1")
})

test("refused: the process ends and says why", () => {
  const w = new Bench()
  w.step({ kind: "started" })
  w.receive("master#1", { kind: "refused", reason: "this worker runs 0.1.0, the master 0.2.0", try: "npm install rivulet@0.2.0" })
  const [exit] = w.command("exit")
  assert.is(exit!.code, 3)
  assert.match(exit!.reason, /tcp:\/\/m:7077 refuses this worker: this worker runs 0.1.0.*Try: npm install/)
})

test("the master is silent: hello again, while data is taken and acked", () => {
  const w = new Bench().join([])
  w.pass(3_000)
  assert.ok(w.kinds().includes("hello→master"))
  assert.match(w.command("say")[0]!.text, /does not answer: trying again/)
  w.batch(1)
  assert.is(w.sent("batchAck").length, 1)
  w.pass(1_000)
  assert.equal(w.kinds(), ["hello→master"], "no report to nobody")
})

test("another master: inventory, all unsettled blocks at once, and none of the former one's tasks", () => {
  const w = new Bench({ cores: 1, config: { executorDepth: 1 } }).join([])
  w.batch(1)
  w.launch([task("made")])
  w.step({ kind: "taskDone", task: "made", executor: 0, result: result({ bytes: lines("x"), rows: 1 }), ms: 1 })
  w.launch([task("running"), task("waiting")])
  w.pass(1_000)
  assert.is(w.only("report").blocks.length, 1)
  w.step({ kind: "lost", peer: "master#1" })
  w.welcome("master#2")
  assert.equal(
    w.only("register").held.map(({ block, owner, batch }) => [block, owner?.output, batch?.seq]),
    [
      ["w1#1-1", undefined, 1],
      ["w1#1-2", "s.2@1000000/0", undefined],
    ],
  )
  assert.is(w.only("report").blocks.length, 1, "reported before, but not to this one")
  w.launch([task("running")], [stage()], "master#1")
  assert.is(w.machine.dropped, 1, "of an old master")
  w.launch([task("running")], [stage()], "master#2")
  assert.equal(w.command("submit"), [], "the thread is busy with the old one")
  w.step({ kind: "taskDone", task: "running", executor: 0, result: result(), ms: 1 })
  assert.equal(w.sent("tasksDone"), [])
  const [submit] = w.command("submit")
  w.step({ kind: "taskDone", task: submit!.task, executor: 0, result: result(), ms: 1 })
  assert.is(w.only("tasksDone").done[0]!.task, "running")
})

test("what the same master missed over a broken connection is said again, once", () => {
  const w = new Bench().join([])
  const list = (request: string) => {
    w.receive("master#1", { kind: "listFiles", request, paths: ["/logs/*"] })
    w.step({ kind: "filesListed", request: w.command("listFiles")[0]!.request, files: [] })
    return w.only("filesListed")
  }
  const [first, second] = [list("r1"), list("r2")]
  w.step({ kind: "receipt", receipt: first.receipt!, lost: false })
  w.step({ kind: "receipt", receipt: second.receipt!, lost: true })
  w.step({ kind: "lost", peer: "master#1" })
  w.welcome("master#1")
  assert.is(w.only("filesListed").request, "r2")
  w.step({ kind: "receipt", receipt: w.only("filesListed").receipt!, lost: false })
  w.step({ kind: "lost", peer: "master#1" })
  w.welcome("master#1")
  assert.equal(w.sent("filesListed"), [])
})

test("a task that ends while the master is away is in the inventory, and not reported besides", () => {
  const w = new Bench().join([])
  w.launch([task("a")])
  w.step({ kind: "lost", peer: "master#1" })
  w.step({ kind: "taskDone", task: "a", executor: 0, result: result({ bytes: lines("x"), rows: 1 }), ms: 1 })
  assert.equal(w.sent("tasksDone"), [])
  w.welcome("master#1")
  assert.equal(
    w.only("register").held.map(({ owner }) => owner?.partition),
    [0],
  )
  assert.equal(w.sent("tasksDone"), [])
})

test("welcomed again: the answer to a repeated hello changes nothing, an unasked one means to register again", () => {
  const w = new Bench()
  w.step({ kind: "started" })
  w.pass(1_000)
  w.welcome("master#1")
  assert.is(w.sent("register").length, 1)
  w.welcome("master#1")
  assert.is(w.sent("register").length, 0)
  w.welcome("master#1")
  assert.is(w.sent("register").length, 1)
})

test("serves blocks and sections to whoever asks; the bytes stay until they have arrived", () => {
  const w = new Bench().join()
  w.launch([task("t")])
  const region = writeRegion([bytesOf("zero"), bytesOf("one")])
  w.step({ kind: "taskDone", task: "t", executor: 0, result: result({ bytes: region, rows: 2 }), ms: 1 })
  const { block } = w.only("tasksDone").done[0]!.outputs[0]!
  const blocks = [{ block: "no such" }, { block, section: 1 }, { block, section: 9 }, { block }]
  w.receive("c#1", { kind: "fetch", request: 4, blocks })
  const { to, request, missing, payload, receipt } = w.only("fetched")
  assert.equal([to, request, missing], ["c#1", 4, [0, 2]])
  assert.equal([text(payload[0]!), payload[1]], ["one", region])
  w.receive("master#1", { kind: "forget", blocks: [block], streams: [] })
  assert.is(text(payload[0]!), "one")
  w.step({ kind: "receipt", receipt: receipt!, lost: true })
  assert.is(text(payload[0]!), "one", "the transport may still hold it")
  w.nowMs += minute
  w.step({ kind: "tick" })
  assert.is(payload[0]![0], 0xdb)
})

test("copies go where the master says, and are reported with their place", () => {
  const w = new Bench().join([peer("w2"), peer("w3")])
  w.launch([task("t", { partition: 2 })], [stage({ output: "st@5" })])
  w.step({ kind: "taskDone", task: "t", executor: 0, result: result({ bytes: lines("x"), rows: 1, base: false }), ms: 1 })
  const { block } = w.only("tasksDone").done[0]!.outputs[0]!
  w.receive("master#1", { kind: "copy", copies: ["w2#1", "w3#1", "w9#1"].map(to => ({ to, blocks: [block] })) })
  assert.equal(w.kinds(), ["replica→w2#1", "replica→w3#1", "copied→master#1"])
  assert.equal(w.only("copied").copies, [{ blocks: [block], holder: "w9#1", error: "this worker does not know that one" }])
  assert.is(w.sent("replica")[0]!.of!.output, "st@5")
  w.receive("w2#1", { kind: "replicaStored", block })
  assert.equal(w.kinds(), [], "the other is under way: the master may hear of both at once")
  w.pass(10)
  assert.equal(w.only("copied").copies, [{ blocks: [block], holder: "w2#1" }])
  w.step({ kind: "lost", peer: "w3#1" })
  assert.equal(w.only("copied").copies, [{ blocks: [block], holder: "w3#1", error: "was lost" }])
  w.receive("master#1", { kind: "copy", copies: [{ to: "w2#1", blocks: ["gone"] }] })
  assert.equal(w.only("copied").copies, [{ blocks: ["gone"], holder: "w2#1", error: "this worker does not hold the block", lacking: true }])
})

test("small blocks that go to one place go together, and are confirmed together", () => {
  const a = new Bench().join([peer("w2")])
  const blocks = ["t", "u", "v"].map((name, partition) => {
    a.launch([task(name, { partition })], [stage({ output: "st@5" })])
    a.step({ kind: "taskDone", task: name, executor: 0, result: result({ bytes: lines(name), rows: 1, base: false }), ms: 1 })
    return a.only("tasksDone").done[0]!.outputs[0]!.block
  })
  a.receive("master#1", { kind: "copy", copies: [{ to: "w2#1", blocks: [...blocks, "gone"] }] })
  assert.equal(a.kinds(), ["replicas→w2#1", "copied→master#1"])
  assert.equal(a.only("copied").copies[0]!.blocks, ["gone"])
  const { to: _, payload, receipt: __, ...together } = a.only("replicas")
  const b = new Bench({ name: "w2" }).join([])
  b.receive("w1#1", together, ...payload.slice(1))
  assert.equal(b.kinds(), [], "a frame is missing")
  b.receive("w1#1", together, ...payload)
  assert.equal(b.only("replicasStored").blocks, blocks)
  a.receive("w2#1", { kind: "replicasStored", blocks: [...blocks, "other"] })
  assert.equal(a.only("copied").copies, [{ blocks, holder: "w2#1" }])
})

test("a copy of a sealed input block is filed where it counts, and not reported", () => {
  const a = new Bench().join([])
  a.batch(1)
  const { block } = a.inventory()[0]!
  a.receive("master#1", { kind: "settled", kept: [{ block, stream: "s.1", interval: 7_000 }], dropped: [] })
  a.receive("master#1", { kind: "peers", workers: [peer("w2")], minReplicas: 1, replicas: 2 })
  a.receive("master#1", { kind: "copy", copies: [{ to: "w2#1", blocks: [block] }] })
  const { to: _, payload, receipt: __, ...replica } = a.only("replica")
  const b = new Bench({ name: "w2" }).join([])
  b.receive("w1#1", replica, ...payload)
  assert.equal(b.kinds(), ["replicaStored→w1#1"])
  b.pass(1_000)
  assert.equal(b.only("report").blocks, [])
  assert.equal(
    b.inventory().map(({ owner, batch }) => [owner, batch!.seq]),
    [[null, 1]],
  )
  b.receive("master#1", { kind: "forget", blocks: [], streams: [{ stream: "s.1", before: 8_000 }] })
  assert.equal(b.inventory(), [])
})

test("the intervals of a state go from the executors' caches; its chain goes by blocks", () => {
  const w = new Bench().join()
  w.launch([task("t")])
  w.step({ kind: "taskDone", task: "t", executor: 0, result: result({ bytes: lines("x"), rows: 1, base: true, keys: 1 }), ms: 1 })
  w.receive("master#1", { kind: "forget", blocks: [], streams: [{ stream: "s.2", before: masterAheadMs + minute }] })
  assert.equal(
    w.command("forgetState").map(({ stream, before }) => [stream, before]),
    [["s.2", masterAheadMs + minute]],
  )
  assert.is(w.inventory().length, 1)
})

test("a driver runs once its function is here, and its end is reported", () => {
  const w = new Bench().join()
  const drive = {
    kind: "drive",
    task: "d.1",
    asset: "f",
    stream: "s.3",
    interval: { from: 0, to: 1_000 },
    parent: "s.2",
    timeoutMs: 1_000,
  } as const
  w.receive("master#1", drive)
  assert.equal(w.kinds(), ["assetRequest→master#1"])
  w.receive("master#1", { kind: "asset", assets: [{ hash: "f", bytes: bytesOf("f") }] })
  assert.equal(w.kinds(), ["asset", "runDriver"])
  w.receive("master#1", drive)
  assert.equal(w.kinds(), [], "it runs already")
  w.nowMs += 30
  w.step({ kind: "driverDone", task: "d.1", error: { kind: "user", message: "no" } })
  const [done] = w.only("tasksDone").done
  assert.equal([done!.task, done!.ms, done!.failure!.message], ["d.1", 30, "no"])
})

test("what a driver's body printed goes to the master before its end", () => {
  const w = new Bench().join()
  const drive = {
    kind: "drive",
    task: "d.1",
    asset: "f",
    stream: "s.3",
    interval: { from: 5, to: 6 },
    parent: "s.2",
    timeoutMs: 9,
  } as const
  w.receive("master#1", drive)
  w.receive("master#1", { kind: "asset", assets: [{ hash: "f", bytes: bytesOf("f") }] })
  assert.is(w.command("runDriver")[0]!.timeoutMs, 9)
  const lines = [{ level: "log", text: "hello", repeated: 1 } as const]
  w.step({ kind: "driverDone", task: "d.1", logs: lines })
  assert.equal(w.kinds(), ["log→master#1", "tasksDone→master#1"])
  const { stream, interval, partition, lines: printed } = w.only("log")
  assert.equal([stream, interval, partition, printed], ["s.3", 5, null, lines])
})

test("a cancelled driver is reported at once and its thread ended; one that has not begun never does", () => {
  const w = new Bench().join()
  const drive = { kind: "drive", asset: "f", stream: "s.3", interval: { from: 0, to: 1_000 }, parent: "s.2", timeoutMs: 9 } as const
  w.receive("master#1", { ...drive, task: "d.1" })
  w.receive("master#1", { kind: "cancel", tasks: ["d.1"] })
  assert.equal(w.kinds(), ["tasksDone→master#1"])
  w.receive("master#1", { kind: "asset", assets: [{ hash: "f", bytes: bytesOf("f") }] })
  assert.equal(w.kinds(), ["asset"])
  w.receive("master#1", { ...drive, task: "d.2" })
  w.receive("master#1", { kind: "cancel", tasks: ["d.2"] })
  assert.equal(w.kinds(), ["killDriver", "tasksDone→master#1"])
  assert.is(w.only("tasksDone").done[0]!.failure!.kind, "killed")
  w.step({ kind: "driverDone", task: "d.2", logs: [{ level: "log", text: "late", repeated: 1 }] })
  assert.equal(w.kinds(), [])
})

test("a worker that is stopped says so to the master and to its peers", () => {
  const w = new Bench().join()
  w.receive("master#1", { kind: "peers", workers: [peer("w2"), peer("w3")], minReplicas: 1, replicas: 2 })
  w.step({ kind: "call", call: leaving })
  assert.equal(w.kinds(), ["bye→master#1", "bye→w2#1", "bye→w3#1"])
})

test("files are listed for the master", () => {
  const w = new Bench().join()
  w.receive("master#1", { kind: "listFiles", request: "r1", paths: ["/logs/*"] })
  const [list] = w.command("listFiles")
  const files = [{ path: "/logs/a", sizeBytes: 1, modifiedMs: 2 }]
  w.step({ kind: "filesListed", request: list!.request, files })
  assert.equal([w.only("filesListed").request, w.only("filesListed").files], ["r1", files])
  w.receive("master#1", { kind: "listFiles", request: "r2", paths: ["/none"] })
  w.step({ kind: "fileFailed", request: w.command("listFiles")[0]!.request, error: "no file matches /none" })
  assert.equal([w.only("filesListed").request, w.only("filesListed").error], ["r2", "no file matches /none"])
})

test("what makes no sense is counted, shown in the heartbeat, and changes nothing", () => {
  const w = new Bench().join()
  w.receive("c#1", { kind: "settled", kept: [], dropped: [] })
  w.receive("c#1", { kind: "batch", session: "u", stream: "views", seq: 1, lowestUnacked: 1 })
  w.receive("c#1", { kind: "completed", stream: "s", through: 1 })
  w.receive("w2#1", { kind: "fetched", request: 99, missing: [] })
  w.receive("w2#1", { kind: "replicaStored", block: "none" })
  w.step({ kind: "taskDone", task: "none", executor: 0, result: result(), ms: 1 })
  w.step({ kind: "fileWritten", request: "none" })
  w.step({ kind: "receipt", receipt: "none", lost: false })
  w.pass(200)
  assert.is(w.only("heartbeat").dropped, 3)
})

test("a launch that names no stage of its message fails alone", () => {
  const w = new Bench().join()
  w.launch([task("bad", { stage: 5 }), task("good")])
  assert.match(w.only("tasksDone").done[0]!.failure!.message, /names stage 5, but 1 came with it/)
  assert.is(w.command("submit")[0]!.task, "good")
})

test("the heartbeat's load is the busy share of the stream executors", () => {
  const w = new Bench({ cores: 2, config: { heartbeatMs: 200 } }).join()
  w.pass(200)
  assert.is(w.only("heartbeat").load, 0)
  w.launch([task("a")])
  w.pass(100)
  w.step({ kind: "taskDone", task: "a", executor: 0, result: result(), ms: 100 })
  w.pass(100)
  assert.is(w.only("heartbeat").load, 0.25)
})

// ── the master's clock ──

const at = (monotonicMs: number, wallMs = 0) => ({ monotonicMs, wallMs })

test("the exchange with the shortest round trip counts", () => {
  const clock = new ClockOffset()
  clock.advance(at(100))
  clock.sample(0, 5_000)
  assert.is(clock.masterMs, 5_050)
  clock.advance(at(200))
  clock.sample(196, 5_202)
  assert.is(clock.masterMs, 5_204)
  clock.advance(at(1_000))
  clock.sample(400, 9_999)
  assert.is(clock.masterMs, 6_004, "a slow answer changes nothing")
  assert.is(clock.monotonicAt(7_004), 2_000)
})

test("a jump of the local wall clock has no effect, and the estimate does not go back", () => {
  const clock = new ClockOffset()
  clock.advance(at(100))
  clock.sample(100, 5_000)
  clock.advance(at(200, 1e12))
  assert.is(clock.masterMs, 5_100)
  clock.sample(200, 5_050)
  assert.is(clock.masterMs, 5_100, "waits")
  clock.advance(at(260, -1e12))
  assert.is(clock.masterMs, 5_110)
  clock.sample(260, 1_000)
  assert.is(clock.masterMs, 1_000, "unless the master has set its clock back by much")
})

test.run()
