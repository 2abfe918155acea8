/** The sender: no acknowledged batch is lost, none waits for ever, room is respected. */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { Sender, type SenderConfig, type SenderStep } from "../../cluster/client/sender.js"
import { peer } from "./machine-harness.js"

const config: SenderConfig = { bufferBytes: 1000, firstCreditBytes: 200, ackTimeoutMs: 2000, retryMs: 200, refreshMs: 5000 }
const now = (monotonicMs: number) => ({ monotonicMs, wallMs: monotonicMs })
const bytes = (n: number) => new Uint8Array(n)

function text(steps: readonly SenderStep[]): string[] {
  return steps.flatMap(step => {
    if (step.kind === "push") return []
    if (step.kind !== "command") return [`${step.kind} ${"call" in step ? step.call : step.stream}`]
    const { command } = step
    if (command.kind === "send" && command.message.kind === "batch")
      return [`${command.to} ${command.message.seq}/${command.message.lowestUnacked}`]
    return []
  })
}

function ready(workers = ["w1", "w2"], overrides: Partial<SenderConfig> = {}): Sender {
  const sender = new Sender({ ...config, ...overrides })
  // The last worker gets the first batch, so the first one is next.
  sender.workers([...workers].reverse().map(peer), now(0))
  sender.send(0, { session: "s", stream: "v", rows: 1 }, bytes(0), now(0))
  sender.receivers("v", true, workers.map(peer), now(0))
  for (const name of workers) sender.acked(`${name}#1`, "s", "v", 1, 2, now(0))
  return sender
}

test("waits until somebody has defined the receiver, and says so", () => {
  const sender = new Sender(config)
  assert.equal(text(sender.send(1, { session: "s", stream: "v", rows: 3 }, bytes(10), now(0))), ["receivers v", "answer 1"])
  assert.equal(text(sender.receivers("v", false, [peer("w1")], now(10))), ["receiver v"])
  assert.ok(sender.counters("s", "v").waiting)
  assert.equal(text(sender.tick(now(100))), [])
  assert.equal(text(sender.tick(now(200))), ["receivers v"])
  assert.equal(text(sender.receivers("v", true, [peer("w1")], now(210))), ["receiver v", "w1#1 1/1"])
})

test("spreads over the workers, by what is not acknowledged", () => {
  const sender = ready()
  assert.equal(text(sender.send(1, { session: "s", stream: "v", rows: 1 }, bytes(100), now(1))), ["w1#1 2/2", "answer 1"])
  assert.equal(text(sender.send(2, { session: "s", stream: "v", rows: 1 }, bytes(10), now(1))), ["w2#1 3/2", "answer 2"])
  assert.equal(text(sender.send(3, { session: "s", stream: "v", rows: 1 }, bytes(10), now(1))), ["w2#1 4/2", "answer 3"])
})

test("a worker gets no more than its credit; a block larger than it goes alone", () => {
  const sender = ready(["w1"])
  sender.credit("w1#1", 150, now(1))
  assert.equal(text(sender.send(1, { session: "s", stream: "v", rows: 1 }, bytes(300), now(1))), ["w1#1 2/2", "answer 1"])
  assert.equal(text(sender.send(2, { session: "s", stream: "v", rows: 1 }, bytes(100), now(1))), ["answer 2"])
  assert.equal(text(sender.acked("w1#1", "s", "v", 2, 2, now(2))), ["w1#1 3/3"])
  sender.credit("w1#1", 0, now(3))
  sender.acked("w1#1", "s", "v", 3, 2, now(3))
  assert.equal(text(sender.send(3, { session: "s", stream: "v", rows: 1 }, bytes(1), now(3))), ["answer 3"])
  assert.equal(text(sender.credit("w1#1", 50, now(4))), ["w1#1 4/4"])
})

test("the writer waits while the buffer is full", () => {
  const sender = ready(["w1"], { bufferBytes: 250 })
  sender.credit("w1#1", 10_000, now(0))
  assert.equal(text(sender.send(1, { session: "s", stream: "v", rows: 1 }, bytes(200), now(1))).at(-1), "answer 1")
  assert.equal(text(sender.send(2, { session: "s", stream: "v", rows: 1 }, bytes(200), now(1))), ["w1#1 3/2"])
  assert.equal(text(sender.acked("w1#1", "s", "v", 2, 2, now(2))), ["answer 2"])
})

test("no ack in time: another worker; the late ack still counts, a second one does not", () => {
  const sender = ready()
  sender.send(1, { session: "s", stream: "v", rows: 5 }, bytes(10), now(1))
  assert.equal(text(sender.tick(now(1999))), [])
  assert.equal(text(sender.tick(now(2001))), ["w2#1 2/2"])
  sender.acked("w1#1", "s", "v", 2, 2, now(2002))
  assert.is(sender.counters("s", "v").acked, 6)
  sender.acked("w2#1", "s", "v", 2, 2, now(2003))
  assert.is(sender.counters("s", "v").acked, 6)
  assert.is(sender.counters("s", "v").resent, 1)
})

test("a lost worker's batches go to another at once", () => {
  const sender = ready()
  sender.send(1, { session: "s", stream: "v", rows: 1 }, bytes(100), now(1))
  sender.send(2, { session: "s", stream: "v", rows: 1 }, bytes(10), now(1))
  assert.equal(text(sender.lost("w1#1", now(2))), ["receivers v", "w2#1 2/2"])
  assert.equal(text(sender.lost("w2#1", now(3))), ["receivers v"])
  assert.equal(text(sender.receivers("v", true, [peer("w3")], now(4))), ["w3#1 2/2", "w3#1 3/2"])
})

test("refused: unknown waits, full goes elsewhere, bad is the writer's error", () => {
  const sender = ready()
  sender.send(1, { session: "s", stream: "v", rows: 1 }, bytes(10), now(1))
  assert.equal(text(sender.refused("w1#1", "s", "v", 2, "unknown: no input", now(2))), [])
  assert.equal(text(sender.tick(now(203))), ["w2#1 2/2"])
  assert.equal(text(sender.refused("w2#1", "s", "v", 2, "full: memory", now(204))), [])
  assert.equal(text(sender.tick(now(404))), ["w1#1 2/2"])
  sender.sent(2, "s", "v", now(1))
  assert.equal(text(sender.refused("w1#1", "s", "v", 2, "bad: crc", now(405))), ["failed 2"])
  assert.equal(text(sender.send(3, { session: "s", stream: "v", rows: 1 }, bytes(1), now(406))), ["failed 3"])
  assert.ok(sender.lastSeqs("s").done)
})

test("sent is answered when all before it is acknowledged", () => {
  const sender = ready()
  assert.equal(text(sender.sent(9, "s", "v", now(1))), ["answer 9"])
  sender.send(1, { session: "s", stream: "v", rows: 1 }, bytes(10), now(1))
  sender.send(2, { session: "s", stream: "v", rows: 1 }, bytes(10), now(1))
  assert.equal(text(sender.sent(3, "s", "v", now(1))), [])
  sender.send(4, { session: "s", stream: "v", rows: 1 }, bytes(10), now(1))
  assert.equal(text(sender.acked("w2#1", "s", "v", 3, 2, now(2))), [])
  assert.equal(text(sender.acked("w1#1", "s", "v", 2, 2, now(2))), ["answer 3"])
})

test("receivers and sessions have numbers of their own", () => {
  const sender = ready()
  sender.receivers("u", true, ["w1", "w2"].map(peer), now(0))
  sender.send(1, { session: "s", stream: "v", rows: 1 }, bytes(1), now(1))
  sender.send(2, { session: "t", stream: "v", rows: 1 }, bytes(1), now(1))
  assert.equal(sender.lastSeqs("s").lastSeq, { v: 2 })
  assert.equal(sender.lastSeqs("t").lastSeq, { v: 1 })
})

test("memory comes back with the ack of the only worker that was sent it", () => {
  const sender = ready(["w1", "w2"], { firstCreditBytes: 1000 })
  const free = (steps: readonly SenderStep[]) => steps.flatMap(step => (step.kind === "push" ? [step.free] : []))
  const send = (loan: number | undefined) => sender.send(1, { session: "s", stream: "v", rows: 1, loan }, bytes(10), now(1))
  assert.equal(text(send(71)), ["w1#1 2/2", "answer 1"])
  assert.equal(free(sender.acked("w1#1", "s", "v", 2, 2, now(2))), [71])
  assert.equal(text(send(undefined)), ["w2#1 3/3", "answer 1"])
  assert.equal(free(sender.acked("w2#1", "s", "v", 3, 2, now(2))), [undefined])
  // Sent to another, and then acknowledged by either: the first may still be reading it.
  assert.equal(text(send(72)), ["w1#1 4/4", "answer 1"])
  assert.equal(text(sender.lost("w1#1", now(3))), ["receivers v", "w2#1 4/4"])
  assert.equal(free(sender.acked("w2#1", "s", "v", 4, 2, now(4))), [undefined])
  // Late, but not sent again: nobody else has it.
  send(73)
  assert.equal(free(sender.acked("w9#1", "s", "v", 5, 2, now(5))), [undefined])
})

/**
 * Workers that take, lose, refuse and die as the seed says: in the end, with one living worker, everything is acknowledged, and
 * what a worker held at any time was within its credit.
 */
test("whatever the workers do, all is acknowledged and room is respected", () => {
  const action = fc.record({
    what: fc.constantFrom("send", "send", "send", "ack", "ack", "drop", "full", "unknown", "lose", "join", "credit", "tick"),
    pick: fc.nat(1000),
  })
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), actions => {
      const sender = new Sender(config)
      let nowMs = 0
      let call = 0
      let next = 3
      const alive = new Map<string, { credit: number; held: Map<number, number> }>()
      const peers = () => [...alive.keys()].map(node => peer(node.split("#")[0]!))
      const acks: number[] = []
      const take = (steps: readonly SenderStep[]) => {
        for (const step of steps) {
          if (step.kind === "receivers") queue.push(() => sender.receivers("v", true, peers(), now(nowMs)))
          if (step.kind !== "command" || step.command.kind !== "send") continue
          const { to, message, payload } = step.command
          const worker = alive.get(to)
          if (message.kind !== "batch" || worker === undefined) continue
          const size = payload![0]!.byteLength
          const held = [...worker.held.values()].reduce((a, b) => a + b, 0)
          assert.ok(held === 0 || worker.held.has(message.seq) || held + size <= worker.credit, `${to} held ${held}, got ${size}`)
          assert.ok(message.lowestUnacked <= message.seq)
          worker.held.set(message.seq, size)
        }
      }
      const queue: (() => readonly SenderStep[])[] = []
      const run = (steps: readonly SenderStep[]) => {
        take(steps)
        while (queue.length > 0) take(queue.shift()!())
      }
      for (const name of ["w1", "w2"]) alive.set(`${name}#1`, { credit: 200, held: new Map() })
      run(sender.workers(peers(), now(0)))
      for (const { what, pick } of actions) {
        nowMs += 50
        const node = [...alive.keys()][pick % Math.max(1, alive.size)]
        const worker = node === undefined ? undefined : alive.get(node)!
        const seq = worker === undefined ? undefined : [...worker.held.keys()][pick % Math.max(1, worker.held.size)]
        if (what === "send") run(sender.send(++call, { session: "s", stream: "v", rows: 1 }, bytes(1 + (pick % 150)), now(nowMs)))
        else if (what === "tick") {
          // What is not acknowledged in time is taken to be lost on the way: then nothing is held.
          nowMs += 40_000
          for (const other of alive.values()) other.held.clear()
          run(sender.tick(now(nowMs)))
        } else if (what === "join") {
          alive.set(`w${next++}#1`, { credit: 200, held: new Map() })
          run(sender.workers(peers(), now(nowMs)))
        } else if (node === undefined || worker === undefined) continue
        else if (what === "lose") {
          alive.delete(node)
          run(sender.lost(node, now(nowMs)))
        } else if (what === "credit") {
          worker.credit = Math.max(worker.credit, pick)
          run(sender.credit(node, worker.credit, now(nowMs)))
        } else if (seq === undefined || what === "drop") continue
        else {
          worker.held.delete(seq)
          if (what === "ack") {
            acks.push(seq)
            run(sender.acked(node, "s", "v", seq, 2, now(nowMs)))
          } else run(sender.refused(node, "s", "v", seq, `${what}: x`, now(nowMs)))
        }
      }
      if (alive.size === 0) alive.set("w0#1", { credit: 200, held: new Map() })
      run(sender.workers(peers(), now(nowMs)))
      for (let i = 0; i < 2000 && sender.counters("s", "v").acked < call; i++) {
        nowMs += 1000
        run(sender.tick(now(nowMs)))
        for (const [node, worker] of alive) {
          for (const seq of [...worker.held.keys()]) {
            worker.held.delete(seq)
            run(sender.acked(node, "s", "v", seq, 2, now(nowMs)))
          }
        }
      }
      assert.is(sender.counters("s", "v").acked, call)
      assert.ok(sender.lastSeqs("s").done)
    }),
    { numRuns: 200, seed: 7 },
  )
})

test.run()
