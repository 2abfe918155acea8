import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type NodeId, nodeName } from "../../cluster/ports.js"
import { Net, random } from "./channel-harness.js"

const table = suite("channel")

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const kinds = (net: Net) => net.packets.map(p => p.kind)

table("knocks, then delivers in order with few acks", () => {
  const net = new Net(random(1))
  net.start("a#1")
  const b = net.start("b#1")
  for (const n of range(0, 200)) net.send("a#1", "b#1", n)
  net.run(1_000)
  assert.equal(
    b.delivered,
    range(0, 200).map(n => ({ from: "a#1", n })),
  )
  assert.equal(kinds(net).slice(0, 2), ["knock", "here"])
  assert.equal(kinds(net).filter(k => k === "data").length, 200)
  assert.ok(kinds(net).filter(k => k === "ack").length <= 5, kinds(net).join())
})

table("a bare name finds whoever lives there", () => {
  const net = new Net(random(1))
  net.start("a#1")
  const b = net.start("b#7")
  net.send("a#1", "b", 1)
  net.run(1_000)
  assert.equal(b.delivered, [{ from: "a#1", n: 1 }])
  net.send("b#7", "a#1", 2)
  net.run(2_000)
  assert.equal(net.ends.get("a")!.delivered, [{ from: "b#7", n: 2 }])
})

table("receipts come once the peer has the message", () => {
  const net = new Net(random(1))
  const a = net.start("a#1")
  net.start("b#1")
  net.send("a#1", "b#1", 1, "r1")
  assert.is(a.receipts.size, 0)
  net.run(1_000)
  assert.equal([...a.receipts], [["r1", false]])
})

table("traffic both ways carries its acks along", () => {
  const net = new Net(random(1))
  net.start("a#1")
  net.start("b#1")
  for (const n of range(0, 100)) {
    net.send("a#1", "b#1", n)
    net.send("b#1", "a#1", n)
    net.run(net.nowMs + 5)
  }
  net.run(5_000)
  assert.ok(kinds(net).filter(k => k === "ack").length <= 4, kinds(net).join())
  assert.is(net.ends.get("a")!.channel.counts.retransmitted, 0)
})

table("a restarted peer ends the link; frames of its former life are refused", () => {
  const net = new Net(random(1))
  const a = net.start("a#1")
  net.start("b#1")
  net.send("a#1", "b#1", 1)
  net.send("b#1", "a#1", 2)
  net.run(1_000)
  const old = net.packets.find(p => p.kind === "data" && p.from === "b#1")!
  const b = net.start("b#2")
  net.send("a#1", "b#1", 3, "r3")
  net.run(3_000)
  assert.equal(a.lost, ["b#1"])
  assert.equal([...a.receipts], [["r3", true]])
  assert.equal(b.delivered, [])
  const before = a.delivered.length
  net.perform(a, a.channel.receive({ ...old, seq: 99 }, net.nowMs))
  assert.is(a.delivered.length, before)
  assert.is(a.channel.counts.refused > 0, true)
  net.send("a#1", "b#2", 4)
  net.send("a#1", "b", 5)
  net.run(5_000)
  assert.equal(
    b.delivered.map(d => d.n),
    [4, 5],
  )
  net.send("a#1", "b#1", 6, "r6")
  net.run(6_000)
  assert.is(a.receipts.get("r6"), true)
  assert.equal(
    b.delivered.map(d => d.n),
    [4, 5],
  )
})

table("who is taken for dead hears so, and may come back on a new link", () => {
  const net = new Net(random(1))
  const master = net.start("m#1")
  const worker = net.start("w#1")
  net.send("w#1", "m", 1)
  net.run(1_000)
  net.weather = { ...net.weather, loss: 1 }
  net.close("m#1", "w#1")
  net.send("w#1", "m", 2)
  net.run(2_000)
  net.weather = { ...net.weather, loss: 0 }
  net.run(5_000)
  assert.equal(worker.lost, ["m#1"])
  assert.equal(master.lost, [])
  net.send("w#1", "m", 3)
  net.run(6_000)
  assert.equal(
    master.delivered.map(d => d.n),
    [1, 3],
  )
})

table("a late knock of a former life opens nothing", () => {
  const net = new Net(random(1))
  const b = net.start("b#1")
  net.start("a#1")
  net.send("a#1", "b#1", 1)
  net.run(1_000)
  const knock = net.packets.find(p => p.kind === "knock")!
  net.start("a#2")
  net.weather = { ...net.weather, loss: 1 }
  net.send("b#1", "a#2", 2)
  net.perform(b, b.channel.receive(knock, net.nowMs))
  net.weather = { ...net.weather, loss: 0 }
  net.run(5_000)
  assert.equal(net.ends.get("a")!.delivered, [{ from: "b#1", n: 2 }])
  assert.equal(b.lost, ["a#1"])
})

table("what is meant for one life does not reach the next, though an earlier message named none", () => {
  const net = new Net(random(1))
  const a = net.start("a#1")
  const b = net.start("b#2")
  net.send("a#1", "b", 1)
  net.send("a#1", "b#1", 2)
  net.run(5_000)
  assert.equal(b.delivered, [])
  assert.equal(a.lost, ["b#1"])
})

for (const { name, from, to } of [
  { name: "what it sends is not acked", from: "a#1", to: "b#1" },
  { name: "what was acked comes again and again", from: "b#1", to: "a#1" },
])
  table(`who is not heard any more is told so: ${name}`, () => {
    const net = new Net(random(1))
    const a = net.start("a#1")
    net.start("b#1")
    net.send("a#1", "b#1", 1)
    net.run(1_000)
    net.mute.add("a#1")
    net.send(from, to, 2)
    net.run(2_000)
    assert.equal(a.unheard, [], "too soon")
    net.run(20_000)
    assert.ok(a.unheard.length > 0 && a.unheard.every(peer => peer === "b#1"))
    net.mute.clear()
    net.run(60_000)
    const before = a.unheard.length
    net.run(120_000)
    assert.is(a.unheard.length, before)
  })

table("who is not heard any more is told so: its answers to knocks do not arrive", () => {
  const net = new Net(random(1))
  const [a, b] = [net.start("a#1"), net.start("b#1")]
  net.mute.add("a#1")
  net.send("b#1", "a#1", 1)
  net.run(1_000)
  assert.equal(a.unheard, [], "too soon")
  net.run(20_000)
  assert.ok(a.unheard.length > 0 && a.unheard.every(peer => peer === "b#1"))
  net.mute.clear()
  net.run(60_000)
  assert.equal(a.delivered, [{ from: "b#1", n: 1 }])
  assert.equal(b.lost, [])
})

table("weather is no reason to say that nothing is heard", () => {
  const net = new Net(random(7))
  const [a, b] = [net.start("a#1"), net.start("b#1")]
  net.weather = { loss: 0.3, duplicate: 0.3, minDelayMs: 1, maxDelayMs: 200 }
  for (let n = 1; n <= 300; n++) {
    net.send("a#1", "b#1", n)
    net.send("b#1", "a#1", n)
    net.run(n * 50)
  }
  net.run(60_000)
  assert.is(b.delivered.length, 300)
  assert.equal([a.unheard, b.unheard], [[], []])
})

table("both ends knock at once: one link", () => {
  const net = new Net(random(1))
  const a = net.start("a#1")
  const b = net.start("b#1")
  net.send("a#1", "b#1", 1)
  net.send("b#1", "a#1", 2)
  net.run(1_000)
  assert.equal([a.lost, b.lost], [[], []])
  assert.equal([a.delivered, b.delivered], [[{ from: "b#1", n: 2 }], [{ from: "a#1", n: 1 }]])
})

table("a lost tail is sent again without waiting for a time-out of each", () => {
  const net = new Net(random(1))
  net.start("a#1")
  const b = net.start("b#1")
  net.send("a#1", "b#1", 0)
  net.run(1_000)
  net.weather = { ...net.weather, loss: 1 }
  for (const n of range(1, 50)) net.send("a#1", "b#1", n)
  net.weather = { ...net.weather, loss: 0 }
  net.run(1_300)
  assert.equal(
    b.delivered.map(d => d.n),
    range(0, 50),
  )
})

table("a silent peer makes no storm", () => {
  const net = new Net(random(1))
  const a = net.start("a#1")
  net.start("b#1")
  net.send("a#1", "b#1", 0)
  net.run(1_000)
  net.weather = { ...net.weather, loss: 1 }
  for (const n of range(1, 1_000)) net.send("a#1", "b#1", n)
  net.run(61_000)
  assert.ok(a.channel.counts.retransmitted < 50, String(a.channel.counts.retransmitted))
})

table("what does not fit the reorder buffer is dropped and comes again", () => {
  const net = new Net(random(3), { windowMessages: 8 })
  net.start("a#1")
  const b = net.start("b#1")
  net.weather = { loss: 0.3, duplicate: 0.2, minDelayMs: 1, maxDelayMs: 40 }
  for (const n of range(0, 100)) net.send("a#1", "b#1", n)
  net.run(600_000)
  assert.equal(
    b.delivered.map(d => d.n),
    range(0, 100),
  )
})

table.run()

// ── any weather, any order of sends, closes and restarts ──

const model = suite("channel: any weather")

interface Op {
  readonly kind: "send" | "close" | "restart" | "wait" | "weather"
  readonly from: number
  readonly to: number
  readonly amount: number
}

const names = ["a", "b", "c"]

const op: fc.Arbitrary<Op> = fc.record({
  kind: fc.constantFrom("send", "send", "send", "send", "send", "wait", "wait", "wait", "close", "restart", "weather"),
  from: fc.nat(2),
  to: fc.nat(2),
  amount: fc.nat(100),
})

/**
 * What a sender calls one segment lies between two ends of its link (it closed, or was told `lost`). Of each segment the
 * receiver must see a prefix, in order, once; and of a segment that never ended, all.
 */
function check(seed: number, ops: readonly Op[]): void {
  const next = random(seed)
  const net = new Net(next)
  const incarnations = new Map(names.map(name => [name, 1]))
  const node = (i: number): NodeId => `${names[i]}#${incarnations.get(names[i]!)}`
  for (let i = 0; i < names.length; i++) net.start(node(i))
  const segments = new Map<string, { to: string; sent: number[]; ended: boolean }[]>()
  const lostSeen = new Map<string, number>()
  const delivered: { to: NodeId; from: NodeId; n: number }[] = []
  let n = 0
  let bare = 0

  const settle = () => {
    for (const end of net.ends.values()) {
      const self = end.channel.node
      for (const d of end.delivered.splice(0)) delivered.push({ to: self, ...d })
      const seen = lostSeen.get(self) ?? 0
      for (const peer of end.lost.slice(seen)) endSegment(self, nodeName(peer))
      lostSeen.set(self, end.lost.length)
    }
  }
  const endSegment = (self: NodeId, peer: string) => {
    const list = segments.get(self)?.filter(s => s.to === peer) ?? []
    if (list.length > 0) list.at(-1)!.ended = true
  }
  const step = (untilMs: number) => {
    // In small steps, so that ends of links are seen between sends.
    net.run(untilMs)
    settle()
  }

  for (const { kind, from, to, amount } of ops) {
    if (kind === "wait") step(net.nowMs + amount)
    else if (kind === "weather")
      net.weather = {
        loss: amount % 5 === 0 ? 1 : (amount % 50) / 100,
        duplicate: (amount % 7) / 20,
        minDelayMs: 1,
        maxDelayMs: 1 + (amount % 60),
      }
    else if (kind === "restart") {
      settle()
      for (const s of segments.get(node(from)) ?? []) s.ended = true
      incarnations.set(names[from]!, incarnations.get(names[from]!)! + 1)
      net.start(node(from))
    } else if (from !== to && kind === "close") {
      net.close(node(from), node(to))
      settle()
      endSegment(node(from), names[to]!)
    } else if (from !== to) {
      settle()
      const list = segments.get(node(from)) ?? []
      segments.set(node(from), list)
      for (let i = 0; i <= amount % 10; i++) {
        const id = n++
        const target = bare++ % 3 === 0 ? names[to]! : node(to)
        const before = net.ends.get(names[from]!)!.lost.length
        net.send(node(from), target, id, `r${id}`)
        if (net.ends.get(names[from]!)!.lost.length > before) settle()
        let segment = list.filter(s => s.to === names[to]).at(-1)
        if (segment === undefined || segment.ended) {
          segment = { to: names[to]!, sent: [], ended: false }
          list.push(segment)
        }
        segment.sent.push(id)
      }
    }
  }
  net.weather = { loss: 0, duplicate: 0, minDelayMs: 1, maxDelayMs: 5 }
  step(net.nowMs + 60_000)
  step(net.nowMs + 60_000)

  for (const [from, list] of segments) {
    for (const segment of list) {
      const ids = new Set(segment.sent)
      const got = delivered.filter(d => d.from === from && ids.has(d.n))
      assert.equal(
        got.map(d => d.n),
        segment.sent.slice(0, got.length),
        `from ${from} to ${segment.to}: not a prefix`,
      )
      assert.ok(new Set(got.map(d => d.to)).size <= 1, "one segment reached two lives of a node")
      if (!segment.ended) assert.is(got.length, segment.sent.length, `from ${from} to ${segment.to}: not all of a living link`)
    }
  }
  for (const end of net.ends.values()) {
    const own = segments.get(end.channel.node)?.flatMap(s => s.sent) ?? []
    assert.is(end.receipts.size, own.length, "a receipt for each send")
    for (const [receipt, lost] of end.receipts) {
      const ended = segments.get(end.channel.node)?.find(s => s.sent.includes(Number(receipt.slice(1))))?.ended
      if (!lost && !ended)
        assert.ok(
          delivered.some(d => `r${d.n}` === receipt),
          `${receipt} acked, not delivered`,
        )
    }
    assert.equal(end.channel.unacked(), { messages: 0, bytes: 0 })
  }
}

model("each segment of a link arrives as a prefix, once, in order; a living one wholly", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0 }), fc.array(op, { maxLength: 80, size: "max" }), (seed, ops) => check(seed, ops)),
    { numRuns: 400 },
  )
})

model("without ends of links everything arrives", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0 }),
      fc.double({ min: 0, max: 0.6, noNaN: true }),
      fc.double({ min: 0, max: 0.5, noNaN: true }),
      fc.nat(200),
      (seed, loss, duplicate, delay) => {
        const net = new Net(random(seed))
        net.weather = { loss, duplicate, minDelayMs: 0, maxDelayMs: delay }
        const ends = { a: net.start("a#1"), b: net.start("b#1") }
        for (const n of range(0, 60)) {
          net.send("a#1", "b#1", n)
          if (n % 3 === 0) net.send("b#1", "a", n)
          if (n % 5 === 0) net.run(net.nowMs + 20)
        }
        net.run(net.nowMs + 300_000)
        assert.equal(
          ends.b.delivered.map(d => d.n),
          range(0, 60),
        )
        assert.equal(
          ends.a.delivered.map(d => d.n),
          range(0, 60).filter(n => n % 3 === 0),
        )
        assert.equal([ends.a.lost, ends.b.lost], [[], []])
      },
    ),
    { numRuns: 60 },
  )
})

model.run()
