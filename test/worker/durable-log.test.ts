/** What must outlive the process: on disk before anybody is told that it is safe, found again by the next one. Events in, commands out. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Command } from "../../cluster/ports.js"
import type { Replica } from "../../cluster/protocol.js"
import { blockHeader, readSegment, type Segment, segmentHeader } from "../../cluster/worker/segment.js"
import { Bench, lines, masterAheadMs, minute, peer } from "./bench.js"

const test = suite("worker/durable log")

type Append = Extract<Command, { kind: "appendFile" }>

const config = { durableDir: "/durable", masterTimeoutMs: minute }
const durable = "rivulet, begun once"
const open = (more: { segments?: readonly Segment[]; durable?: string; incarnation?: number } = {}) =>
  new Bench({ config, durable, ...more })

/** The files of a worker's directory. */
class Disk {
  readonly files = new Map<string, Buffer>()

  /** Does what the last step asked for; the machine hears of it by `done`. */
  append(w: Bench): Append {
    const [append, ...more] = w.command("appendFile")
    assert.ok(append !== undefined && more.length === 0, `${1 + more.length} writes`)
    const before = (this.files.get(append.path) ?? Buffer.alloc(0)).subarray(0, append.at)
    this.files.set(append.path, Buffer.concat([before, ...append.parts]))
    return append
  }

  done(w: Bench): void {
    w.step({ kind: "fileWritten", request: this.append(w).request })
    for (const { path } of w.command("removeFile")) this.files.delete(path)
  }

  /** And what follows from it. */
  allDone(w: Bench): void {
    while (w.command("appendFile").length > 0) this.done(w)
    for (const { path } of w.command("removeFile")) this.files.delete(path)
  }

  segments(): Segment[] {
    return [...this.files].map(([path, bytes]) => readSegment(path, bytes)!)
  }
}

const description = (id: string) => ({ id, rows: 2, owner: null, batch: { session: "u1", stream: "views", seq: 1 }, arrivedMs: 5 })

test("a segment is read back up to what is torn or altered", () => {
  const blocks = ["a", "b", "c"].map(letter => lines(letter.repeat(100)))
  const header = segmentHeader("the cluster")
  const parts = blocks.flatMap((bytes, i) => [blockHeader(description(`b${i}`), bytes), bytes])
  const whole = Buffer.concat([header, ...parts])
  const read = (bytes: Uint8Array) => readSegment("/s", bytes)
  const all = read(whole)!
  assert.is(all.cluster, "the cluster")
  assert.equal(
    all.blocks,
    blocks.map((bytes, i) => ({ ...description(`b${i}`), bytes: bytes.byteLength, offset: all.blocks[i]!.offset })),
  )
  for (const [i, { offset, bytes }] of all.blocks.entries()) assert.ok(whole.subarray(offset, offset + bytes).equals(blocks[i]!))
  for (let length = 0; length < whole.length; length++) {
    const cut = read(whole.subarray(0, length))
    if (length < header.byteLength) assert.is(cut, null, `${length} bytes`)
    else assert.is(cut!.blocks.length, all.blocks.filter(({ offset, bytes }) => offset + bytes <= length).length, `${length} bytes`)
  }
  const altered = Buffer.from(whole)
  altered[all.blocks[1]!.offset + 3]! ^= 1
  assert.is(read(altered)!.blocks.length, 1)
})

test("a batch is acked when it is on disk here and there, not before; until then nothing reports it", () => {
  const disk = new Disk()
  const w = open().join()
  w.batch(1)
  const { block } = w.only("replica")
  const append = disk.append(w)
  w.receive("w2#1", { kind: "replicaStored", block })
  assert.is(w.sent("batchAck").length, 0, "the other one has it, this disk does not")
  const reports = w.pass(2_000).flatMap(c => (c.kind === "send" && c.message.kind === "report" ? c.message.blocks : []))
  assert.equal(reports, [])
  w.step({ kind: "fileWritten", request: append.request })
  assert.is(w.only("batchAck").copies, 2)
  // The disk is first: the ack waits for the other one.
  w.batch(2)
  const second = w.only("replica").block
  disk.done(w)
  assert.is(w.sent("batchAck").length, 0)
  w.receive("w2#1", { kind: "replicaStored", block: second })
  assert.is(w.only("batchAck").seq, 2)
})

test("what comes while the disk is busy goes with the next write, all of it", () => {
  const disk = new Disk()
  const w = open().join([])
  w.batch(1)
  const first = disk.append(w)
  for (const seq of [2, 3, 4]) {
    w.batch(seq)
    assert.equal(w.command("appendFile"), [])
  }
  w.step({ kind: "fileWritten", request: first.request })
  assert.equal(
    w.sent("batchAck").map(({ seq }) => seq),
    [1],
  )
  disk.done(w)
  assert.equal(
    w.sent("batchAck").map(({ seq }) => seq),
    [2, 3, 4],
  )
  assert.equal(
    disk.segments().map(({ blocks }) => blocks.map(({ batch }) => batch!.seq)),
    [[1, 2, 3, 4]],
  )
})

test("a copy for another worker is confirmed when it is on disk, several as one", () => {
  const disk = new Disk()
  const w = open().join()
  const replica = (n: number): Replica => ({
    block: `w2#1-${n}`,
    batch: null,
    rows: 1,
    arrivedMs: 0,
    of: { output: `s.2@${n}`, partition: 0, stream: "s.2", interval: masterAheadMs },
  })
  w.receive("w2#1", { kind: "replicas", replicas: [replica(1), replica(2)] }, lines("x"), lines("y"))
  assert.is(w.sent("replicasStored").length, 0)
  // The second came while the first was being written.
  disk.done(w)
  assert.is(w.sent("replicasStored").length, 0)
  disk.done(w)
  assert.equal(w.only("replicasStored").blocks, ["w2#1-1", "w2#1-2"])
  // Asked again it is there already.
  w.receive("w2#1", { kind: "replica", ...replica(1) }, lines("x"))
  assert.is(w.only("replicaStored").block, "w2#1-1")
})

test("the next process comes with all that was there, reports what is in no seal, and serves it", () => {
  const disk = new Disk()
  const w = open().join([])
  w.batch(1, lines("a", "b"))
  disk.done(w)
  const next = open({ segments: disk.segments(), incarnation: 2 })
  next.step({ kind: "started" })
  next.welcome("master#2")
  const held = next.only("register").held
  assert.equal(
    held.map(({ batch, rows }) => [batch!.seq, rows]),
    [[1, 2]],
  )
  next.receive("master#2", { kind: "inputs", inputs: [], reportMs: 1_000 })
  const reported = next.pass(2_000).flatMap(c => (c.kind === "send" && c.message.kind === "report" ? c.message.blocks : []))
  assert.equal(
    reported.map(({ batch, copies }) => [batch.seq, copies]),
    [[1, 1]],
  )
  next.receive("w2#1", { kind: "fetch", request: 1, blocks: [{ block: held[0]!.block }] })
  const [read] = next.command("readFile")
  const bytes = disk.files.get(read!.path)!.subarray(read!.from, read!.to)
  next.step({ kind: "fileRead", request: read!.request, bytes })
  assert.ok(Buffer.from(next.only("fetched").payload[0]!).equals(lines("a", "b")))
  // A sender that got no ack sends it again: it is held, and no second time counted.
  next.receive("master#2", { kind: "peers", workers: [peer("w1", { node: "w1#2" })], minReplicas: 1, replicas: 2 })
  next.batch(1, lines("a", "b"))
  assert.is(next.only("batchAck").seq, 1)
  assert.is(next.inventory().length, 1)
})

test("a disk that is full: nothing is acked, it is said, and tried again in another segment", () => {
  const disk = new Disk()
  const w = open().join([])
  w.batch(1)
  const [first] = w.command("appendFile")
  w.step({ kind: "fileFailed", request: first!.request, error: "cannot write: the disk is full" })
  assert.match(
    w
      .command("say")
      .map(({ text }) => text)
      .join(" "),
    /nothing can be kept on disk, so nothing is acked: cannot write: the disk is full/,
  )
  assert.is(w.sent("batchAck").length, 0)
  w.batch(2)
  assert.equal(w.command("appendFile"), [])
  w.pass(1_000)
  assert.is.not(w.command("appendFile")[0]!.path, first!.path)
  disk.done(w)
  assert.equal(
    w.sent("batchAck").map(({ seq }) => seq),
    [1, 2],
  )
})

test("what is dropped goes with its segment; of a segment that is mostly dropped the rest is written anew", () => {
  const disk = new Disk()
  const w = open().join([])
  const large = lines(...Array.from({ length: 40 }, () => "x".repeat(20_000)))
  const owner = { output: "s.2@1", partition: 0, stream: "s.2", interval: masterAheadMs }
  const bytes = (n: number) => (n === 0 ? lines("small") : large)
  // More than a segment, of which little is left.
  for (let n = 0; n < 24; n++) {
    const block = `w2#1-${n}`
    w.receive("w2#1", { kind: "replica", block, batch: null, rows: 1, arrivedMs: 0, of: { ...owner, output: `s.2@${n}` } }, bytes(n))
    disk.allDone(w)
    if (n > 1) w.receive("master#1", { kind: "forget", blocks: [block], streams: [] })
    disk.allDone(w)
  }
  const [only, ...more] = disk.segments()
  assert.equal(more, [])
  for (const id of ["w2#1-0", "w2#1-1"])
    assert.ok(
      only!.blocks.some(block => block.id === id),
      `${id} is there`,
    )
  assert.ok(only!.bytes < 12 * large.byteLength)
  // Where it is now it is read from.
  const next = open({ segments: disk.segments(), incarnation: 2 }).join([])
  next.receive("w2#1", { kind: "fetch", request: 1, blocks: [{ block: "w2#1-0" }] })
  const [read] = next.command("readFile")
  assert.ok(disk.files.get(read!.path)!.subarray(read!.from, read!.to).equals(lines("small")))
})

test("a worker without a directory, or with another cluster's blocks, is no part of a durable cluster", () => {
  const without = new Bench({ durable })
  without.step({ kind: "started" })
  without.welcome("master#1")
  assert.match(without.command("exit")[0]!.reason, /keeps what it has acked on disk \(--durable\), and this worker has no directory/)
  const disk = new Disk()
  const w = open().join([])
  w.batch(1)
  disk.done(w)
  const other = open({ segments: disk.segments(), durable: "another, begun later", incarnation: 2 })
  other.step({ kind: "started" })
  other.welcome("master#1")
  assert.match(
    other.command("exit")[0]!.reason,
    /\/durable holds blocks of another cluster \(rivulet, begun once; this is another, begun later\)/,
  )
})

test.run()
