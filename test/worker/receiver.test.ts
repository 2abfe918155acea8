/** Batches: stored, replicated, acked, reported, settled; whoever dies on the way. Events in, commands out. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { Bench, lines, masterAheadMs, minute, peer, views } from "./bench.js"

const test = suite("worker/receiver")

const ack = (seq: number, copies: number) => ({ kind: "batchAck", session: "u1", stream: "views", seq, copies })
const bare = ({ to: _, payload: __, receipt: ___, ...message }: { to: string; payload: unknown; receipt: unknown }) => message

test("a batch is acked when the second copy is stored, not before", () => {
  const w = new Bench().join()
  const block = lines("a", "b")
  w.batch(1, block)
  assert.equal(w.kinds(), ["replica→w2#1", "credit→c#1"])
  const replica = w.only("replica")
  assert.equal([...replica.payload[0]!], [...block], "what came is what is forwarded")
  assert.is(replica.rows, 2)
  assert.is(replica.arrivedMs, 5_000 + masterAheadMs)
  w.receive("w2#1", { kind: "replicaStored", block: replica.block })
  assert.equal(w.sent("batchAck").map(bare), [ack(1, 2)])
  assert.is(w.only("batchAck").to, "c#1")
})

test("before the master has said who there is, and how many copies are enough, nothing is acked", () => {
  const w = new Bench()
  w.step({ kind: "started" })
  w.welcome("master#1")
  w.receive("master#1", { kind: "inputs", inputs: [views], reportMs: 1_000 })
  w.batch(1)
  assert.equal(w.sent("batchAck"), [])
  w.receive("master#1", { kind: "peers", workers: [peer("w1", { node: w.node })], minReplicas: 2, replicas: 2 })
  assert.equal(w.sent("batchAck"), [], "two must have it")
  w.receive("master#1", { kind: "peers", workers: [peer("w2"), peer("w1", { node: w.node })], minReplicas: 2, replicas: 2 })
  const { to, block } = w.only("replica")
  w.receive(to, { kind: "replicaStored", block })
  assert.is(w.only("batchAck").copies, 2)
})

test("the replica goes to another host, then to the least loaded, then round", () => {
  const near = peer("w2", { host: "w1" })
  const w = new Bench().join([near, peer("w3", { load: 0.9 }), peer("w4", { load: 0.1 }), peer("w5", { load: 0.1 })])
  const to = [1, 2, 3, 4].map(seq => {
    w.batch(seq)
    return w.only("replica").to
  })
  assert.equal(to, ["w4#1", "w5#1", "w4#1", "w5#1"])
  const alone = new Bench().join([near])
  alone.batch(1)
  assert.is(alone.only("replica").to, "w2#1")
})

test("a peer without room for it is passed over", () => {
  const w = new Bench().join([peer("w2", { freeBytes: 10 }), peer("w3", { load: 1 })])
  w.batch(1)
  assert.is(w.only("replica").to, "w3#1")
})

test("the peer dies before it confirms: another gets the replica, then the ack", () => {
  for (const how of ["lost", "gone from the list", "refuses", "is silent"]) {
    const w = new Bench().join([peer("w2"), peer("w3", { load: 1 })])
    w.batch(1)
    const { block, to } = w.only("replica")
    assert.is(to, "w2#1")
    if (how === "lost") w.step({ kind: "lost", peer: "w2#1" })
    else if (how === "refuses") w.receive("w2#1", { kind: "replicaRefused", block, reason: "full" })
    else if (how === "is silent") w.pass(500)
    else w.receive("master#1", { kind: "peers", workers: [peer("w3", { load: 1 })], minReplicas: 1, replicas: 2 })
    assert.is(w.only("replica").to, "w3#1", how)
    assert.is(w.sent("batchAck").length, 0, how)
    w.receive("w3#1", { kind: "replicaStored", block })
    assert.equal(w.sent("batchAck").map(bare), [ack(1, 2)], how)
  }
})

test("the only peer dies: one copy is enough when it may be, once the cluster knows, with a warning said once", () => {
  const w = new Bench().join([peer("w2")])
  w.batch(1)
  w.batch(2)
  w.step({ kind: "lost", peer: "w2#1" })
  assert.equal(w.kinds(), ["replica→w2#1", "replica→w2#1"], "it may live")
  w.receive("master#1", { kind: "peers", workers: [], minReplicas: 1, replicas: 2 })
  assert.equal(w.sent("batchAck").map(bare), [ack(1, 1), ack(2, 1)])
  assert.is(w.command("say").filter(({ level }) => level === "warn").length, 1)
})

test("a slow peer, and no other: the ack waits for it; not for ever, when nobody says that it is dead", () => {
  const w = new Bench({ config: { masterTimeoutMs: minute } }).join([peer("w2")])
  w.batch(1)
  const { block } = w.only("replica")
  w.pass(9_000)
  assert.equal(w.sent("batchAck"), [])
  w.receive("w2#1", { kind: "replicaStored", block })
  assert.equal(w.sent("batchAck").map(bare), [ack(1, 2)])
  w.batch(2)
  w.pass(10_000)
  assert.equal(w.sent("batchAck").map(bare), [ack(2, 1)])
})

test("a late confirmation counts, though another peer was asked", () => {
  const w = new Bench().join([peer("w2"), peer("w3", { load: 1 })])
  w.batch(1)
  const { block } = w.only("replica")
  w.pass(500)
  assert.is(w.only("replica").to, "w3#1")
  w.receive("w2#1", { kind: "replicaStored", block })
  assert.equal(w.sent("batchAck").map(bare), [ack(1, 2)])
  w.receive("w3#1", { kind: "replicaStored", block })
  assert.equal(w.kinds(), [])
})

test("with min-replicas 2 the ack waits for a second worker", () => {
  const w = new Bench().join([], { minReplicas: 2 })
  w.batch(1)
  assert.equal(w.kinds(), ["credit→c#1"])
  w.receive("master#1", { kind: "peers", workers: [peer("w3")], minReplicas: 2, replicas: 2 })
  const { block, to } = w.only("replica")
  assert.is(to, "w3#1")
  w.receive("w3#1", { kind: "replicaStored", block })
  assert.equal(w.sent("batchAck").map(bare), [ack(1, 2)])
})

test("with one worker the ack comes at once", () => {
  const w = new Bench().join([])
  w.batch(1)
  assert.equal(w.sent("batchAck").map(bare), [ack(1, 1)])
})

test("a batch that comes again is acked without being stored", () => {
  const w = new Bench().join()
  w.batch(1)
  const { block } = w.only("replica")
  w.batch(1, undefined, "c#2")
  assert.is(w.sent("replica").length + w.sent("batchAck").length, 0, "under way: the ack will go to both")
  w.receive("w2#1", { kind: "replicaStored", block })
  assert.equal(
    w.sent("batchAck").map(({ to }) => to),
    ["c#1", "c#2"],
  )
  w.batch(1)
  assert.equal(w.sent("batchAck").map(bare), [ack(1, 2)])
  w.receive("master#1", { kind: "settled", kept: [{ block, stream: "s.1", interval: 1_005_000 }], dropped: [] })
  w.batch(1)
  assert.equal(w.sent("batchAck").map(bare), [ack(1, 2)])
  assert.is(w.inventory().length, 1)
})

test("a batch held as a replica, its first receiver dead, gets a second copy before it is acked", () => {
  const w = new Bench().join([peer("w2"), peer("w3", { load: 1 })])
  const batch = { session: "u1", stream: "views", seq: 1 }
  w.receive("w2#1", { kind: "replica", block: "w2#1-9", batch, rows: 1, arrivedMs: 1, of: null }, lines("a"))
  assert.equal(w.kinds(), ["replicaStored→w2#1"])
  w.batch(1, lines("a"))
  assert.equal(w.sent("batchAck").map(bare), [ack(1, 2)], "both live")
  w.receive("master#1", { kind: "peers", workers: [peer("w3")], minReplicas: 1, replicas: 2 })
  const replica = w.only("replica")
  assert.equal([replica.to, replica.block], ["w3#1", "w2#1-9"])
  w.batch(1, lines("a"))
  assert.equal(w.kinds(), [], "it is under way")
  w.receive("w3#1", { kind: "replicaStored", block: "w2#1-9" })
  assert.equal(w.sent("batchAck").map(bare), [ack(1, 2)])
})

test("acked and in no seal yet: what loses its other holder gets another copy, as soon as there is somebody", () => {
  const w = new Bench({ config: { masterTimeoutMs: minute } }).join([peer("w2")])
  w.batch(1)
  const { block } = w.only("replica")
  w.receive("w2#1", { kind: "replicaStored", block })
  assert.equal(w.sent("batchAck").map(bare), [ack(1, 2)])
  const peers = (...others: string[]) =>
    w.receive("master#1", { kind: "peers", workers: others.map(name => peer(name)), minReplicas: 1, replicas: 2 })
  peers("w2", "w3")
  assert.equal(w.sent("replica"), [], "it has two")
  peers()
  assert.equal(w.sent("replica"), [], "nobody is there")
  w.pass(1_000)
  assert.is(w.only("report").blocks[0]!.block, block, "it is reported as before")
  peers("w3")
  assert.equal([w.only("replica").to, w.only("replica").block], ["w3#1", block])
  peers("w3", "w4")
  assert.equal(w.sent("replica"), [], "one is under way")
  w.receive("w3#1", { kind: "replicaStored", block })
  assert.equal(w.sent("batchAck"), [], "the sender has its ack")
  peers("w4")
  assert.is(w.only("replica").to, "w4#1")
  w.receive("w4#1", { kind: "replicaStored", block })
  w.receive("master#1", { kind: "settled", kept: [{ block, stream: "s.1", interval: 0 }], dropped: [] })
  peers("w5")
  assert.equal(w.sent("replica"), [], "what is sealed the master sees to")
})

test("refusals say why, so that the sender waits or gives up", () => {
  const w = new Bench({ capBytes: 64 * 1024 }).join()
  w.batch(1, lines("a"), "c#1", "clicks")
  assert.match(w.only("batchRefused").reason, /^unknown: no input named "clicks"/)
  const torn = lines("a", "b")
  torn[70]! ^= 1
  w.batch(2, torn)
  assert.match(w.only("batchRefused").reason, /^bad: /)
  assert.is(w.machine.dropped, 1)
  w.batch(3, new Uint8Array(10))
  assert.match(w.only("batchRefused").reason, /^bad: /)
  w.batch(4, lines("x".repeat(63 * 1024)))
  assert.match(w.only("batchRefused").reason, /^full: /)
  assert.is(w.inventory().length, 0)
})

test("a block is reported by both holders until it is settled", () => {
  const w = new Bench({ config: { masterTimeoutMs: minute } }).join()
  w.batch(1)
  const { block } = w.only("replica")
  w.receive("w2#1", { kind: "replicaStored", block })
  w.receive(
    "w2#1",
    { kind: "replica", block: "w2#1-1", batch: { session: "u2", stream: "views", seq: 1 }, rows: 1, arrivedMs: 9, of: null },
    lines("a"),
  )
  w.pass(1_000)
  const report = w.only("report")
  assert.is(report.to, "master#1")
  assert.equal(
    report.blocks.map(({ block, copies }) => [block, copies]),
    [
      [block, 2],
      ["w2#1-1", 2],
    ],
  )
  w.pass(1_000)
  assert.is(w.only("report").blocks.length, 2, "again")
  w.receive("master#1", { kind: "settled", kept: [{ block, stream: "s.1", interval: 0 }], dropped: ["w2#1-1"] })
  w.pass(10_000)
  assert.equal(w.only("report").blocks, [])
  assert.equal(
    w.inventory().map(({ block }) => block),
    [block],
  )
})

test("through does not pass a batch whose replica is under way, for a while", () => {
  const w = new Bench({ config: { holdReportMs: 250 } }).join()
  w.nowMs = 5_990
  w.batch(1)
  const { block } = w.only("replica")
  w.pass(10)
  assert.equal(w.sent("report"), [], "the interval's end waits for it")
  w.pass(20)
  assert.equal(w.sent("report"), [])
  w.receive("w2#1", { kind: "replicaStored", block })
  const report = w.only("report")
  assert.equal([report.through, report.blocks.length], [6_020 + masterAheadMs, 1])
  // And one that is never confirmed does not stop time.
  w.nowMs = 6_990
  w.batch(2)
  w.pass(200)
  assert.equal(w.sent("report"), [])
  w.pass(60)
  assert.is(w.only("report").through, 7_000 + masterAheadMs)
  assert.equal(
    w.only("report").blocks.map(({ batch }) => batch.seq),
    [1],
  )
})

test("a wake is asked for at the interval's end", () => {
  const w = new Bench({ config: { heartbeatMs: minute, masterTimeoutMs: minute } }).join()
  w.nowMs = 5_300
  w.step({ kind: "tick" })
  w.nowMs = 6_000
  w.step({ kind: "tick" })
  assert.is(w.only("report").through, 6_000 + masterAheadMs)
  assert.equal(
    w.command("wake").map(({ atMonotonicMs }) => atMonotonicMs),
    [7_000],
  )
})

test("settled: filed under the interval, and forgotten with it", () => {
  const w = new Bench().join([])
  const ids = [1, 2, 3].map(seq => {
    w.batch(seq)
    return w.inventory().at(-1)!.block
  })
  const kept = ids.map((block, i) => ({ block, stream: "s.1", interval: 1_000_000 + i * 1_000 }))
  w.receive("master#1", { kind: "settled", kept, dropped: [] })
  w.receive("master#1", { kind: "forget", blocks: [], streams: [{ stream: "s.1", before: 1_002_000 }] })
  assert.equal(w.kinds(), ["forgetState"])
  assert.equal(
    w.inventory().map(({ block }) => block),
    [ids[2]],
  )
  w.receive("master#1", { kind: "forget", blocks: [ids[2]!], streams: [] })
  assert.equal(w.inventory(), [])
})

test("dropped while its replica is under way: the sender is acked, as another copy counts", () => {
  const w = new Bench().join()
  w.batch(1)
  const { block } = w.only("replica")
  w.receive("master#1", { kind: "settled", kept: [], dropped: [block] })
  assert.is(w.sent("batchAck").length, 1)
  w.receive("w2#1", { kind: "replicaStored", block })
  assert.equal(w.kinds(), [])
  assert.equal(w.inventory(), [])
})

test("its interval is forgotten while its replica is under way: the sender is acked, and nobody else is asked", () => {
  const w = new Bench().join([peer("w2"), peer("w3")])
  w.batch(1)
  const { block } = w.only("replica")
  w.receive("master#1", { kind: "settled", kept: [{ block, stream: "s.1", interval: 1_000_000 }], dropped: [] })
  w.receive("master#1", { kind: "forget", blocks: [], streams: [{ stream: "s.1", before: 1_001_000 }] })
  assert.is(w.sent("batchAck").length, 1)
  assert.equal(w.inventory(), [])
  w.pass(60_000)
  assert.equal(w.sent("replica"), [])
})

test("sealed by the other holder's report before the replica is confirmed: not reported again", () => {
  const w = new Bench().join()
  w.batch(1)
  const { block } = w.only("replica")
  w.receive("master#1", { kind: "settled", kept: [{ block, stream: "s.1", interval: 0 }], dropped: [] })
  w.receive("w2#1", { kind: "replicaStored", block })
  assert.is(w.sent("batchAck").length, 1)
  w.pass(1_000)
  assert.equal(w.only("report").blocks, [])
})

test("credit: a share of the free memory, none above the high-water mark, back when there is room", () => {
  const capBytes = 1024 * 1024
  const w = new Bench({ capBytes, config: { highWater: 0.5, refuseAbove: 0.9, creditShare: 0.5 } }).join([])
  w.batch(1, lines("x".repeat(30_000)))
  const first = w.only("credit").bytes
  assert.ok(first > 0 && first <= (capBytes / 2 - 30_000) / 2, `${first}`)
  w.batch(1, undefined, "c#2")
  const both = w.sent("credit").map(({ bytes }) => bytes)
  assert.ok(both.length === 2 && both[0]! + both[1]! <= first, `${both}`)
  for (const seq of [2, 3, 4, 5]) w.batch(seq, lines("x".repeat(125_000)))
  w.pass(100)
  assert.equal(
    w.sent("credit").map(({ to, bytes }) => [to, bytes]),
    [
      ["c#1", 0],
      ["c#2", 0],
    ],
  )
  w.pass(100)
  assert.equal(w.sent("credit"), [], "said once")
  const held = w.inventory().map(({ block }) => block)
  w.receive("master#1", { kind: "forget", blocks: [held[0]!], streams: [] })
  w.pass(100)
  assert.equal(w.sent("credit"), [], "not before there is clearly room")
  w.receive("master#1", { kind: "forget", blocks: held.slice(1, 3), streams: [] })
  w.pass(100)
  assert.ok(w.sent("credit").length === 2 && w.sent("credit").every(({ bytes }) => bytes > 0))
})

test("a replica from a peer: refused when there is no room, accepted for what is finished", () => {
  const w = new Bench({ capBytes: 64 * 1024 }).join()
  const big = lines("x".repeat(59 * 1024))
  const batch = { session: "u1", stream: "views", seq: 1 }
  w.receive("w2#1", { kind: "replica", block: "w2#1-1", batch, rows: 1, arrivedMs: 1, of: null }, big)
  assert.equal(w.kinds(), ["replicaRefused→w2#1"])
  const of = { output: "st@5/1", partition: 1, stream: "st", interval: 5, base: true, keys: 3 }
  w.receive("w2#1", { kind: "replica", block: "w2#1-2", batch: null, rows: 1, arrivedMs: 0, of }, big)
  assert.equal(w.kinds(), ["replicaStored→w2#1"])
  assert.equal(
    w.inventory().map(({ owner }) => owner),
    [of],
  )
  w.pass(1_000)
  assert.equal(w.only("report").blocks, [])
})

test.run()
