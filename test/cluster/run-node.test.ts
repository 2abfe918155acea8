import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { deserialize } from "node:v8"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { LevelJournal } from "../../cluster/adapters/level-journal.js"
import { runNode } from "../../cluster/adapters/run-node.js"
import type { JournalRecord } from "../../cluster/master/records.js"
import type { Command, Machine, NodeEvent } from "../../cluster/ports.js"
import { ZeromqTransport } from "../../cluster/transport/zeromq.js"

const test = suite<{ directory: string }>("a node among real adapters")
test.before.each(async context => {
  context.directory = await mkdtemp(join(tmpdir(), "rivulet-node-"))
})
test.after.each(async context => {
  await rm(context.directory, { recursive: true, force: true })
})

/** A machine that keeps every event and answers as it is told; events can be waited for. */
function recorder(answer: (event: NodeEvent, nowMs: number) => Command[]) {
  const events: NodeEvent[] = []
  const waiting = new Set<() => void>()
  const machine: Machine = {
    step(event, now) {
      events.push(event)
      for (const look of [...waiting]) look()
      return answer(event, now.monotonicMs)
    },
  }
  const next = <K extends NodeEvent["kind"]>(kind: K, fits: (event: Extract<NodeEvent, { kind: K }>) => boolean = () => true) =>
    new Promise<Extract<NodeEvent, { kind: K }>>(resolve => {
      const look = () => {
        const found = events.find((event): event is Extract<NodeEvent, { kind: K }> => event.kind === kind && fits(event as never))
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  return { machine, events, next }
}

const say = () => {}

test("messages and payloads go both ways; a broken connection is told; a restarted node is another", async () => {
  const hello = { kind: "hello", role: "worker", user: "u", version: "1", runtime: "n" } as const
  const startMaster = async (incarnation: number, bind: string) => {
    const heard = recorder(event => {
      if (event.kind !== "received") return []
      return [
        { kind: "send", to: event.from, message: { kind: "copied", copies: [{ blocks: ["b"], holder: "x#1" }] }, payload: event.payload },
      ]
    })
    const listening = await ZeromqTransport.listen(bind)
    const node = `master#${incarnation}`
    const running = runNode({ node, machine: heard.machine, transport: listening.open({ node }), say })
    return { ...heard, running, address: listening.address }
  }
  const first = await startMaster(1, "tcp://127.0.0.1:0")
  const client = recorder(event => {
    if (event.kind === "started") return [{ kind: "connect", to: "master", address: first.address }]
    if (event.kind === "call") return [{ kind: "send", to: "master", message: hello, payload: [event.call as Uint8Array] }]
    return []
  })
  const running = runNode({ node: "w1#1", machine: client.machine, transport: ZeromqTransport.open({ node: "w1#1" }), say })
  running.call(Buffer.from("payload"))
  const back = await client.next("received")
  assert.is(back.from, "master#1")
  assert.equal(
    back.payload.map(frame => Buffer.from(frame).toString()),
    ["payload"],
  )
  assert.is((await first.next("received")).from, "w1#1")

  await first.running.stop()
  assert.is((await client.next("lost")).peer, "master#1")
  const second = await startMaster(2, first.address)
  running.call(Buffer.from("again"))
  assert.is((await client.next("received", event => event.from === "master#2")).from, "master#2")
  await Promise.all([running.stop(), second.running.stop()])
})

test("files are read, listed and written; what cannot be is told with the path", async ({ directory }) => {
  const path = join(directory, "in.log")
  await writeFile(path, "one\ntwo\n")
  const out = join(directory, "out", "0.ndjson")
  const { machine, next } = recorder(event => {
    if (event.kind !== "started") return []
    return [
      { kind: "readFile", request: "r", path, from: 4, to: 8 },
      { kind: "readFile", request: "gone", path: join(directory, "gone"), from: 0, to: 1 },
      { kind: "listFiles", request: "l", paths: [join(directory, "*.log")] },
      { kind: "writeFile", request: "w", path: out, bytes: Buffer.from("[1]\n") },
    ]
  })
  const running = runNode({ node: "w1#1", machine, transport: ZeromqTransport.open({ node: "w1#1" }), say })
  assert.is(Buffer.from((await next("fileRead")).bytes).toString(), "two\n")
  assert.equal(
    (await next("filesListed")).files.map(file => [file.path, file.sizeBytes]),
    [[path, 8]],
  )
  await next("fileWritten")
  assert.is(await readFile(out, "utf8"), "[1]\n")
  const failed = await next("fileFailed")
  assert.is(failed.request, "gone")
  assert.match(failed.error, /gone: no such file/)
  await running.stop()
})

test("records are journalled as they are; a snapshot takes the place of what it follows", async ({ directory }) => {
  const forgotten = (before: number): JournalRecord => ({ kind: "forgotten", streams: [{ stream: "s", before }] })
  const { machine, next } = recorder(event => {
    if (event.kind === "started")
      return [
        { kind: "append", sequence: 1, record: forgotten(Number.NaN) },
        { kind: "append", sequence: 2, record: forgotten(-0) },
      ]
    if (event.kind === "appended" && event.sequence === 2)
      return [
        { kind: "append", sequence: 2, record: forgotten(1) },
        { kind: "append", sequence: 3, record: { kind: "snapshot", state: { big: 1n, bytes: new Uint8Array(2) } } as JournalRecord },
      ]
    return []
  })
  const journal = await LevelJournal.open(directory)
  const running = runNode({ node: "master#1", machine, transport: ZeromqTransport.open({ node: "master#1" }), journal, say })
  await next("appended", event => event.sequence === 3)
  const conflict = await next("appendFailed")
  assert.equal([conflict.sequence, conflict.reason], [2, "conflict"])
  await running.stop()
  const again = await LevelJournal.open(directory)
  const records: unknown[] = []
  for await (const { sequence, record } of again.read()) records.push([sequence, deserialize(record)])
  assert.equal(records, [[3, { kind: "snapshot", state: { big: 1n, bytes: new Uint8Array(2) } }]])
  await again.close()
})

test("a machine is woken when it asked to be, and ticks without asking", async () => {
  let askedMs = 0
  let wokenMs: number | null = null
  const { machine, next, events } = recorder((event, nowMs) => {
    if (event.kind === "started") {
      askedMs = nowMs + 12
      return [{ kind: "wake", atMonotonicMs: askedMs }]
    }
    if (event.kind === "tick" && wokenMs === null) wokenMs = nowMs
    return []
  })
  const running = runNode({ node: "w1#1", machine, transport: ZeromqTransport.open({ node: "w1#1" }), say })
  await next("tick", () => events.filter(event => event.kind === "tick").length === 3)
  assert.ok(wokenMs! >= askedMs)
  await running.stop()
  assert.is(events.filter(event => event.kind === "tick").length, 3)
})

test.run()
