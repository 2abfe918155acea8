import fc from "fast-check"
import { pack } from "msgpackr"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { decodeMessage, decodePacket, encodeMessage, encodePacket } from "../../cluster/codec.js"
import type { Packet } from "../../cluster/packet.js"
import { cutPayload, joinPieces } from "../../cluster/pieces.js"
import { type Message, maxFrameBytes } from "../../cluster/protocol.js"
import type { RddNode } from "../../engine/rdd.js"

const test = suite("codec")

const messages: Message[] = [
  { kind: "hello", role: "client", user: "ada", version: "0.1.0", runtime: "v20" },
  { kind: "heartbeat", sentMs: 1.5, load: 0.25, usedBytes: 2 ** 33, queued: 0, blocks: 3 },
  { kind: "batch", session: "s1", stream: "views", seq: 2 ** 40, lowestUnacked: 7 },
  {
    kind: "replica",
    block: "w1#1/7",
    batch: { session: "s1", stream: "views", seq: 3 },
    rows: 10,
    arrivedMs: 1_700_000_000_000.25,
    of: null,
  },
  { kind: "fetch", request: 1, blocks: [{ block: "b" }, { block: "c", section: 0 }] },
  { kind: "fetched", request: 1, missing: [1] },
  { kind: "settled", kept: [{ block: "b", stream: "s", interval: -1000 }], dropped: [] },
  { kind: "asset", assets: [{ hash: "h", bytes: Uint8Array.of(1, 2, 3) }] },
  {
    kind: "tasksDone",
    done: [{ task: "t", ms: 0.5, outputs: [{ block: "b", bytes: 64, rows: 0, sectionRows: [0, 2] }], aside: 0, rowsIn: 9 }],
  },
  { kind: "response", id: 3, body: { ok: false, message: 'no such stream "x"', code: 2, try: "see .streams" } },
  { kind: "bye" },
]

function query(rdd: RddNode): Message {
  return { kind: "request", id: 1, body: { kind: "query", query: "q", session: "s", rdd, definitions: [], assets: [], timeoutMs: null } }
}

test("messages come back equal", () => {
  for (const message of messages) assert.equal(decodeMessage(encodeMessage(message).message), { ok: true, value: message })
})

const lookup = (key: unknown) =>
  query({
    kind: "partial",
    parent: { kind: "slice", stream: "s", from: -5000, to: Number.POSITIVE_INFINITY },
    action: { kind: "lookup", key },
  })

test("values of users come back exactly", () => {
  for (const key of [
    1n,
    1,
    2n ** 80n,
    -0,
    0,
    Number.NaN,
    null,
    undefined,
    "\ud800",
    "é",
    new Date(5),
    new Map([[{ a: 1 }, 2]]),
    [undefined, -0],
    { a: { b: -0 } },
    { a: undefined },
  ]) {
    const decoded = decodeMessage(encodeMessage(lookup(key)).message)
    assert.ok(decoded.ok)
    const body = (decoded.value as Extract<Message, { kind: "request" }>).body
    const node = body.kind === "query" ? body.rdd : null
    const got = node?.kind === "partial" && node.action.kind === "lookup" ? node.action.key : "?"
    if (typeof key === "object") assert.equal(got, key)
    else assert.ok(Object.is(got, key), `${String(key)} became ${String(got)}`)
  }
})

test("what is not a message is refused with its kind", () => {
  const wrong: unknown[] = [
    { kind: "batch", session: "s1", stream: "views", seq: -1, lowestUnacked: 7 },
    { kind: "batch", session: "s1", stream: "views", seq: "1", lowestUnacked: 7 },
    { kind: "batch", session: "s1", stream: "views", lowestUnacked: 7 },
    { kind: "replica", block: "b", batch: { session: "s", stream: "v" }, rows: 1, arrivedMs: 1, of: null },
    { kind: "fetch", request: 1, blocks: [{ block: 1 }] },
    { kind: "heartbeat", sentMs: Number.NaN, load: 0, usedBytes: 0, queued: 0, blocks: 0 },
    { kind: "request", id: 1, body: { kind: "format the disk" } },
    { kind: "constructor" },
    query({ kind: "union", parents: [{ kind: "map", parent: { kind: "empty" } } as never] }),
    null,
    [],
    "bye",
  ]
  for (const value of wrong) {
    const decoded = decodeMessage(Uint8Array.of(0, ...pack(value)))
    assert.is(decoded.ok, false, JSON.stringify(value))
    if (!decoded.ok) assert.is(decoded.refusal, "malformed")
  }
})

test("an RDD nested deeper than any program builds is refused, not a crash", () => {
  const packed = encodeMessage({ kind: "bye" }).message
  assert.ok(decodeMessage(packed).ok)
  let rdd: RddNode = { kind: "empty" }
  for (let i = 0; i < 600; i++) rdd = { kind: "union", parents: [rdd] }
  assert.is(decodeMessage(encodeMessage(query(rdd)).message).ok, false)
  for (let i = 0; i < 1_000; i++) rdd = { kind: "union", parents: [rdd] }
  assert.throws(() => encodeMessage(query(rdd)), /nested/)
  // As raw MessagePack: arrays in arrays.
  const deep = new Uint8Array(500_001).fill(0x91)
  deep[0] = 0
  assert.is(decodeMessage(deep).ok, false)
})

const node = fc
  .tuple(fc.stringMatching(/^[!-~]{1,12}$/), fc.integer({ min: 1, max: 9 }))
  .map(([name, n]) => `${name.replace(/#/g, "-")}#${n}`)
const body = fc.record({
  message: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  payload: fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 3 }),
})
const link = fc.integer({ min: 1, max: 2 ** 32 - 1 })
const packet: fc.Arbitrary<Packet> = fc
  .record({
    kind: fc.constantFrom("data" as const, "datagram" as const, "ack" as const, "knock" as const, "here" as const),
    from: node,
    to: node,
    fromLink: link,
    toLink: fc.nat(),
    seq: fc.integer({ min: 1, max: 2 ** 40 }),
    ack: fc.integer({ min: 0, max: 2 ** 40 }),
    gaps: fc.array(fc.tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 })), { maxLength: 16 }),
    body,
  })
  .map(({ gaps, ...p }) => {
    let at = p.ack + 1
    const sacks = gaps.map(([gap, length]) => {
      const from = at + gap
      at = from + length
      return [from, at] as const
    })
    return { ...p, sacks, body: p.kind === "data" || p.kind === "datagram" ? p.body : null }
  })

const plain = (p: Packet) => ({ ...p, body: p.body && { message: [...p.body.message], payload: p.body.payload.map(f => [...f]) } })

test("packets come back equal", () => {
  fc.assert(
    fc.property(packet, p => {
      const decoded = decodePacket(encodePacket(p))
      assert.ok(decoded.ok)
      assert.equal(plain(decoded.value), plain(p))
    }),
  )
})

test("random bytes, and frames with bytes changed or cut, never throw", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 3 }), frames => {
      decodePacket(frames)
      if (frames[0]) decodeMessage(frames[0])
    }),
    { numRuns: 2_000 },
  )
  const whole = messages.map(m => encodeMessage(m).message)
  fc.assert(
    fc.property(packet, fc.constantFrom(...whole), fc.nat(), fc.nat(255), fc.nat(), (p, message, at, value, cut) => {
      const frames = encodePacket({ ...p, body: p.body && { ...p.body, message } })
      const first = frames[0]!
      first[at % first.length] = value
      const decoded = decodePacket([first.subarray(0, cut % 7 === 0 ? cut % first.length : first.length), ...frames.slice(1)])
      if (decoded.ok && decoded.value.body) decodeMessage(decoded.value.body.message)
      const changed = message.slice()
      changed[at % changed.length] = value
      decodeMessage(changed)
    }),
    { numRuns: 3_000 },
  )
})

test("foreign versions, cut and oversized frames are told apart", () => {
  const [frame] = encodePacket({ kind: "ack", from: "a#1", to: "b#1", fromLink: 1, toLink: 1, seq: 0, ack: 4, sacks: [[6, 8]], body: null })
  const refusal = (frames: Uint8Array[]) => {
    const decoded = decodePacket(frames)
    return decoded.ok ? "ok" : decoded.refusal
  }
  assert.is(refusal([frame!]), "ok")
  const foreign = Uint8Array.from(frame!)
  foreign[1] = 99
  assert.is(refusal([foreign]), "version")
  for (let n = 0; n < frame!.length; n++) assert.is(refusal([frame!.subarray(0, n)]), "malformed", `cut at ${n}`)
  assert.is(refusal([]), "malformed")
  assert.is(refusal([frame!, new Uint8Array(0)]), "malformed")
  assert.is(refusal([frame!, new Uint8Array(maxFrameBytes + 1)]), "oversized")
  const tooLong = { kind: "error", reason: "x".repeat(maxFrameBytes) } as unknown as Message
  assert.throws(() => encodeMessage(tooLong), /over the limit/)
})

const sizes: readonly (readonly number[])[] = [[], [0], [9], [10], [11], [20], [25, 3, 10, 0, 30], [0, 0, 10, 10]]
for (const lengths of sizes)
  test(`payload of ${lengths.join(", ") || "no"} bytes in frames of ten`, () => {
    let next = 0
    const payload = lengths.map(length => Uint8Array.from({ length }, () => next++))
    const frames = cutPayload(payload, 10)
    assert.ok(frames.every(({ byteLength }) => byteLength <= 10))
    assert.equal(
      joinPieces(frames, 10)?.map(frame => [...frame]),
      payload.map(frame => [...frame]),
    )
    const full = frames.findIndex(({ byteLength }) => byteLength === 10)
    if (full >= 0) assert.is(joinPieces(frames.slice(0, full + 1), 10), null, "its end is missing")
  })

test("what is larger than a frame goes in several and comes in one", () => {
  const large = new Uint8Array(maxFrameBytes + 5)
  large[maxFrameBytes + 4] = 7
  const body = encodeMessage({ kind: "bye" }, [large, Uint8Array.of(1)])
  const packet: Packet = { kind: "data", from: "a#1", to: "b#1", fromLink: 1, toLink: 1, seq: 1, ack: 0, sacks: [], body }
  const frames = encodePacket(packet)
  assert.equal(
    frames.slice(1).map(({ byteLength }) => byteLength),
    [maxFrameBytes, 5, 1],
  )
  const decoded = decodePacket(frames)
  const payload = decoded.ok ? decoded.value.body!.payload : []
  assert.equal([payload.length, payload[0]?.byteLength, payload[0]?.at(-1)], [2, maxFrameBytes + 5, 7])
})

test.run()
