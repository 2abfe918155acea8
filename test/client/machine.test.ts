/** The client's machine: connection, requests, questions. Events → commands. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { pushCall } from "../../cluster/client/call.js"
import type { AnswerStamp, QueryAnswer } from "../../cluster/protocol.js"
import { Harness, peer, requestIds, shown } from "./machine-harness.js"

const stamp: AnswerStamp = {
  intervals: { from: 0, to: 1000 },
  asOf: 1000,
  partitions: [1, 1],
  recomputed: 0,
  from: ["memory"],
  bytesMoved: 0,
}
const query = { kind: "query", query: "s.q1", session: "s", rdd: { kind: "empty" }, definitions: [], assets: [], timeoutMs: null } as const
const part = (block: string, holder: string, bytes = 10) => ({ block, holder: `${holder}#1`, address: `tcp://${holder}`, rows: 1, bytes })
const places = (...parts: QueryAnswer["parts"]): QueryAnswer => ({ parts, rows: parts.length, stamp })
const block = (n: number) => new Uint8Array([n])

test("hello at the start, again until welcomed; requests made before go out then", () => {
  const h = new Harness({ helloMs: 1000 })
  assert.equal(shown(h.step({ kind: "started" })), ["connect master", "→ master hello"])
  const { commands, id } = h.call({ kind: "request", body: { kind: "catalog" } })
  assert.equal(commands, [])
  assert.equal(shown(h.tick(500)), [])
  assert.equal(shown(h.tick(500)), ["connect master", "→ master hello"])
  assert.equal(shown(h.greet()), ["→ master request 1 catalog"])
  assert.equal(shown(h.respond(1, [])), [`answer ${id}`])
})

test("no master: connect is answered with code 3 after its time", () => {
  const h = new Harness()
  h.step({ kind: "started" })
  const { id } = h.call({ kind: "connect", timeoutMs: 2000 })
  assert.equal(
    shown(h.wait(1900)).filter(line => line.startsWith("answer")),
    [],
  )
  assert.equal(
    shown(h.tick(100)).filter(line => line.startsWith("answer")),
    [`answer ${id} error 3 no master answers at tcp://127.0.0.1:7077`],
  )
})

test("of several addresses each is tried until a master answers, and again when it is lost", () => {
  const h = new Harness({ helloMs: 1000 }, "tcp://a:1,tcp://b:1,tcp://c:1")
  const tried = (commands: ReturnType<typeof h.wait>) => commands.flatMap(each => (each.kind === "connect" ? [each.address] : []))
  const { id } = h.call({ kind: "connect", timeoutMs: 2000 })
  assert.equal(tried(h.step({ kind: "started" })), ["tcp://a:1"])
  h.step({ kind: "unreached", peer: "master" })
  assert.equal(tried(h.tick(100)), ["tcp://b:1"], "nobody listens there")
  assert.equal(tried(h.wait(900)), ["tcp://b:1"], "another hello")
  assert.equal(tried(h.wait(100)), ["tcp://c:1"], "nothing is heard of it at all")
  h.step({ kind: "reached", peer: "master" })
  assert.equal(new Set(tried(h.wait(4_900))), new Set(["tcp://c:1"]), "it is there, and busy")
  assert.equal(shown(h.greet()), [`answer ${id}`])
  h.lost("master#1")
  h.step({ kind: "unreached", peer: "master" })
  assert.equal(tried(h.tick(100)), ["tcp://a:1"])
  h.step({ kind: "unreached", peer: "w1#1" })
  assert.equal(tried(h.tick(100)), [], "that was somebody else's connection")
  h.master = "master#2"
  const { commands, id: request } = h.call({ kind: "request", body: { kind: "catalog" } })
  assert.equal(commands, [])
  assert.equal(shown(h.greet()).slice(0, 1), ["→ master request 1 catalog"])
  assert.equal(shown(h.respond(1, [])), [`answer ${request}`])
  assert.equal(new Set(tried(h.wait(60_000))), new Set(["tcp://a:1", "tcp://b:1", "tcp://c:1"]), "silent: all in turn")
})

test("no master at several addresses: each may take its time, and all are named", () => {
  const h = new Harness({}, "tcp://a:1,tcp://b:1")
  h.step({ kind: "started" })
  const { id } = h.call({ kind: "connect", timeoutMs: 2000 })
  const answers = (commands: ReturnType<typeof h.wait>) => shown(commands).filter(line => line.startsWith("answer"))
  assert.equal(answers(h.wait(3900)), [])
  assert.equal(answers(h.tick(100)), [`answer ${id} error 3 no master answers at tcp://a:1 or tcp://b:1`])
})

test("a master that is reached is there: it is waited for longer, and a client that did not run itself does not take that for its silence", () => {
  const h = new Harness()
  h.step({ kind: "started" })
  const answers = (commands: ReturnType<typeof h.wait>) => shown(commands).filter(line => line.startsWith("answer"))
  const { id } = h.call({ kind: "connect", timeoutMs: 1800 })
  h.step({ kind: "reached", peer: "w1#1" })
  assert.equal(answers(h.wait(1700)), [])
  assert.equal(answers(h.tick(20_000)), [], "the process stood still")
  h.step({ kind: "reached", peer: "master" })
  assert.equal(answers(h.wait(7_900)), [])
  assert.equal(answers(h.wait(300)), [`answer ${id} error 3 the master at tcp://127.0.0.1:7077 does not answer`])
  const second = h.call({ kind: "connect", timeoutMs: 1800 })
  assert.equal(answers(h.wait(5_000)), [])
  assert.equal(answers(h.greet()), [`answer ${second.id}`])
})

test("a connection that stands is told before the welcome, and late as `connect` is", () => {
  const h = new Harness()
  h.step({ kind: "started" })
  const answers = (commands: ReturnType<typeof h.wait>) => shown(commands).filter(line => line.startsWith("answer"))
  const late = h.call({ kind: "reach", timeoutMs: 500 })
  const [connect, reach] = [h.call({ kind: "connect", timeoutMs: 1800 }), h.call({ kind: "reach", timeoutMs: 1800 })]
  assert.equal(answers(h.wait(600)), [`answer ${late.id} error 3 no master answers at tcp://127.0.0.1:7077`])
  assert.equal(answers(h.step({ kind: "reached", peer: "master" })), [`answer ${reach.id}`])
  assert.equal(answers(h.call({ kind: "reach", timeoutMs: 1800 }).commands).length, 1, "it stands already")
  assert.equal(answers(h.greet()), [`answer ${connect.id}`])
})

test("refused: every call fails with what to do, also later ones", () => {
  const h = new Harness()
  h.step({ kind: "started" })
  const first = h.call({ kind: "connect", timeoutMs: 2000 })
  const second = h.call({ kind: "request", body: { kind: "catalog" } })
  const refused = h.from("master#1", { kind: "refused", reason: "version 2", try: "install 2" })
  assert.equal(
    shown(refused),
    [first, second].map(({ id }) => `answer ${id} error 3 the master at tcp://127.0.0.1:7077 refused: version 2`),
  )
  const third = h.call({ kind: "request", body: { kind: "status" } })
  assert.match(shown(third.commands)[0]!, /error 3/)
  assert.equal(h.tick(60_000), [])
})

test("a restarted master is asked again, oldest first; a second response is nobody's", () => {
  const h = new Harness()
  h.welcome()
  const a = h.call({ kind: "request", body: { kind: "catalog" } })
  const b = h.call({ kind: "request", body: { kind: "status" } })
  assert.equal(shown(h.lost("master#1")), ["connect master", "→ master hello", "push connection false"])
  const c = h.call({ kind: "request", body: { kind: "workers" } })
  assert.equal(c.commands, [])
  h.master = "master#2"
  assert.equal(shown(h.greet()), [
    "→ master request 1 catalog",
    "→ master request 2 status",
    "→ master request 3 workers",
    "push connection true",
  ])
  assert.equal(shown(h.respond(2, {})), [`answer ${b.id}`])
  assert.equal(shown(h.respond(2, {})), [])
  assert.equal(shown(h.respond(1, [])), [`answer ${a.id}`])
})

test("a silent master: hello while idle, then lost", () => {
  const h = new Harness({ helloMs: 1000, silenceMs: 5000 })
  h.welcome()
  assert.equal(shown(h.wait(1000)), ["connect master", "→ master hello"])
  assert.equal(shown(h.greet()), [])
  let lines: string[] = []
  for (let i = 0; i < 60; i++) lines = lines.concat(shown(h.tick(100)))
  assert.is(lines.filter(line => line === "push connection false").length, 1)
  assert.is(lines.filter(line => line.endsWith("hello")).length, 6)
})

test("subscriptions are shared, and made again with a new master", () => {
  const h = new Harness()
  h.welcome()
  const subscribe = { kind: "request", body: { kind: "subscribe", stream: "v" } } as const
  const unsubscribe = { kind: "request", body: { kind: "unsubscribe", stream: "v" } } as const
  const ids = [h.call(subscribe), h.call(subscribe)].map(({ commands }) => requestIds(commands).subscribe!)
  for (const id of ids) h.respond(id, { through: 0 })
  assert.equal(shown(h.from("master#1", { kind: "completed", stream: "v", through: 5 })), ["push completed"])
  const first = h.call(unsubscribe)
  assert.equal(shown(first.commands), [`answer ${first.id}`])
  h.lost("master#1")
  h.master = "master#2"
  assert.equal(shown(h.greet()), ["→ master request 3 subscribe", "push connection true"])
  // The one before may have ended before it could say so, and of a stream that has come to its end nothing more will be said.
  assert.equal(h.respond(3, { through: 9 }), [{ kind: "answer", call: pushCall, value: { kind: "completed", stream: "v", through: 9 } }])
  assert.equal(shown(h.call(unsubscribe).commands), ["→ master request 4 unsubscribe"])
})

test("a question: places, blocks from each holder, answer in the master's order, release", () => {
  const h = new Harness()
  h.welcome()
  const { id, commands } = h.call({ kind: "query", body: query })
  assert.equal(shown(commands), ["→ master request 1 query s.q1"])
  const fetching = h.respond(1, places(part("b1", "w1"), part("b2", "w2"), part("b3", "w1")))
  assert.equal(shown(fetching), ["connect w1#1", "connect w2#1", "connect w1#1", "→ w1#1 fetch 1 b1,b3", "→ w2#1 fetch 2 b2"])
  assert.equal(h.from("w2#1", { kind: "fetched", request: 2, missing: [] }, [block(2)]), [])
  const done = h.from("w1#1", { kind: "fetched", request: 1, missing: [] }, [block(1), block(3)])
  assert.equal(shown(done), ["→ master request 2 releaseQuery s.q1", `answer ${id}`])
  const answer = done[1]!
  assert.ok(answer.kind === "answer")
  if (answer.kind === "answer")
    assert.equal(
      answer.payload!.map(bytes => bytes[0]),
      [1, 2, 3],
    )
})

test("an answer without parts needs no fetch", () => {
  const h = new Harness()
  h.welcome()
  const { id } = h.call({ kind: "query", body: query })
  assert.equal(shown(h.respond(1, places())), ["→ master request 2 releaseQuery s.q1", `answer ${id}`])
})

test("parts that come with the answer are not fetched, whoever holds them", () => {
  const h = new Harness()
  h.welcome()
  const { id } = h.call({ kind: "query", body: query })
  // As decoded: a view into the message.
  const inline = Buffer.from([0, 1, 0]).subarray(1, 2)
  const fetching = h.respond(1, places({ ...part("b1", "w1"), inline }, part("b2", "w2")))
  assert.equal(shown(fetching), ["connect w2#1", "→ w2#1 fetch 1 b2"])
  inline[0] = 9
  const done = h.from("w2#1", { kind: "fetched", request: 1, missing: [] }, [block(2)])
  assert.equal(shown(done), ["→ master request 2 releaseQuery s.q1", `answer ${id}`])
  const answer = done[1]!
  assert.ok(answer.kind === "answer")
  if (answer.kind === "answer") assert.equal(answer.payload!, [block(1), block(2)])
  const second = h.call({ kind: "query", body: { ...query, query: "s.q2" } })
  assert.equal(shown(h.respond(3, places({ ...part("b3", "w1"), inline }))), [
    "→ master request 4 releaseQuery s.q2",
    `answer ${second.id}`,
  ])
})

test("large results come in several fetches, one under way at a holder", () => {
  const h = new Harness({ fetchBytes: 25 })
  h.welcome()
  const { id } = h.call({ kind: "query", body: query })
  const lines = shown(h.respond(1, places(part("b1", "w1"), part("b2", "w1"), part("b3", "w1"), part("b4", "w1", 99))))
  assert.equal(lines.at(-1), "→ w1#1 fetch 1 b1,b2")
  assert.equal(shown(h.from("w1#1", { kind: "fetched", request: 1, missing: [] }, [block(1), block(2)])), ["→ w1#1 fetch 2 b3"])
  assert.equal(shown(h.from("w1#1", { kind: "fetched", request: 2, missing: [] }, [block(3)])), ["→ w1#1 fetch 3 b4"])
  assert.match(shown(h.from("w1#1", { kind: "fetched", request: 3, missing: [] }, [block(4)])).at(-1)!, new RegExp(`answer ${id}`))
})

const mishaps: [name: string, happen: (h: Harness) => ReturnType<Harness["tick"]>][] = [
  ["the holder is lost", h => h.lost("w1#1")],
  ["a block is missing", h => h.from("w1#1", { kind: "fetched", request: 1, missing: [0] }, [])],
  ["the holder is silent", h => h.tick(10_000)],
]

for (const [name, happen] of mishaps) {
  test(`${name}: asked again under a new id, and given up in the end`, () => {
    const h = new Harness({ tries: 2, silenceMs: 1e9, helloMs: 1e9 })
    h.welcome()
    const { id } = h.call({ kind: "query", body: query })
    h.respond(1, places(part("b1", "w1")))
    assert.equal(shown(happen(h)), ["→ master request 2 releaseQuery s.q1", "→ master request 3 query s.q1~2"])
    h.respond(3, places(part("b1", "w2")))
    assert.match(shown(h.lost("w2#1")).at(-1)!, new RegExp(`answer ${id} error 5 .*2 times`))
    assert.equal(h.from("w1#1", { kind: "fetched", request: 1, missing: [] }, [block(1)]), [])
  })
}

test("cancel: the master is told, the call fails with 130, what comes later is nobody's", () => {
  const h = new Harness()
  h.welcome()
  const { id } = h.call({ kind: "query", body: query })
  assert.equal(shown(h.call({ kind: "cancel", call: id }).commands), [
    "→ master request 2 cancelQuery s.q1",
    `answer ${id} error 130 cancelled`,
  ])
  assert.equal(h.respond(1, places(part("b1", "w1"))), [])
})

test("a failed question tells what the worker knows", () => {
  const h = new Harness()
  h.welcome()
  h.call({ kind: "query", body: query })
  const failure = { kind: "user", message: "boom", record: "{}" } as const
  const [answer] = h.from("master#1", { kind: "response", id: 1, body: { ok: false, message: "boom", code: 1, failure } })
  assert.equal(answer, { kind: "answer", call: 1, error: { message: "boom", code: 1, failure } })
})

test("close waits for the sends of its session", () => {
  const h = new Harness()
  h.welcome([peer("w1")])
  const sent = h.call({ kind: "send", session: "s", stream: "v", rows: 1 }, [block(1)])
  const receivers = requestIds(sent.commands).receivers!
  h.respond(receivers, { stream: "i", workers: [peer("w1")] })
  const { id, commands } = h.call({ kind: "close", session: "s" })
  assert.equal(commands, [])
  const acked = h.from("w1#1", { kind: "batchAck", session: "s", stream: "v", seq: 1, copies: 2 })
  const closing = requestIds(acked)
  assert.ok(closing.closeSession)
  const close = acked.find(command => command.kind === "send" && command.message.kind === "request")
  assert.ok(close?.kind === "send" && close.message.kind === "request")
  if (close?.kind === "send" && close.message.kind === "request")
    assert.equal(close.message.body, { kind: "closeSession", session: "s", lastSeq: { v: 1 } })
  assert.equal(shown(h.respond(closing.closeSession!, null)), [`answer ${id}`])
})

test("close does not wait for a master that is away", () => {
  const h = new Harness()
  h.welcome([peer("w1")])
  const sent = h.call({ kind: "send", session: "s", stream: "v", rows: 1 }, [block(1)])
  h.respond(requestIds(sent.commands).receivers!, { stream: "i", workers: [peer("w1")] })
  const { id } = h.call({ kind: "close", session: "s" })
  assert.ok(requestIds(h.from("w1#1", { kind: "batchAck", session: "s", stream: "v", seq: 1, copies: 2 })).closeSession)
  h.lost("master#1")
  assert.equal(
    shown(h.wait(1900)).filter(line => line.startsWith("answer")),
    [],
  )
  assert.equal(
    shown(h.tick(200)).filter(line => line.startsWith("answer")),
    [`answer ${id}`],
  )
})

test("close of a session that has sent nothing asks nobody", () => {
  const h = new Harness()
  h.welcome()
  const { id, commands } = h.call({ kind: "close", session: "s" })
  assert.equal(shown(commands), [`answer ${id}`])
})

test.run()
