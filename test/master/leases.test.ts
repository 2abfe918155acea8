import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { CatalogEntry, Response } from "../../cluster/protocol.js"
import { counts, definition, Harness, input, start } from "./harness.js"

const test = suite("master: scratch ends, what was stopped can be called back")

/** In place of a minute: ten of them are a session's scratch, and the time in which a stop can be taken back. */
const minuteMs = 6_000
const client = "c1#1"

function names(h: Harness): string[] {
  return entries(h).map(({ definition: { name } }) => name)
}

function entries(h: Harness): readonly CatalogEntry[] {
  return (h.ask({ kind: "catalog" }, "looker#1") as { value: readonly CatalogEntry[] }).value
}

function hello(h: Harness, sessions: readonly string[], node = client): void {
  h.from(node, { kind: "hello", role: "client", user: "ann", version: "1", runtime: "node", sessions })
}

/** A session that has defined `views` and `counts`. */
function scratch(): Harness {
  const h = new Harness({ lostAfterMs: 60_000, clientLostAfterMs: 5_000 })
  h.join(1)
  h.join(2)
  hello(h, [])
  h.ask({ kind: "openSession", user: "ann", program: "ann", as: "sa", scratchMs: 10 * minuteMs }, client)
  h.ask(
    { kind: "define", session: "sa", definitions: [definition("views", input()), definition("counts", counts("views"))], assets: [] },
    client,
  )
  return h
}

/** The session stays open: its client says so now and then. */
function attached(h: Harness, ms: number): void {
  for (const end = h.nowMs + ms; h.nowMs < end; ) {
    hello(h, ["sa"])
    h.advance(4_000, 500)
  }
}

test("what a session defined stays as long as it is open, and ends its time after that; it is said before", () => {
  const h = scratch()
  attached(h, 18 * minuteMs)
  assert.equal(entries(h)[1]?.lease, { ttlMs: 10 * minuteMs, endsMs: null })

  h.from(client, { kind: "bye" })
  hello(h, [], "c2#1")
  h.advance(2_000)
  const endsMs = entries(h)[1]?.lease?.endsMs as number
  assert.ok(endsMs > start + h.nowMs + 9 * minuteMs && endsMs <= start + h.nowMs + 10 * minuteMs)
  const told = () => h.messages("event").flatMap(({ message: { event } }) => (event.kind === "warning" ? [event.text] : []))
  while (start + h.nowMs < endsMs - 3_000) {
    hello(h, [], "c2#1")
    h.advance(1_000, 1_000)
    if (start + h.nowMs < endsMs - 3 * minuteMs) assert.equal(told(), [])
  }
  assert.equal(told().length, 1, "said once")
  assert.match(told()[0] as string, /^p\/views, p\/counts end at \S+Z, .* rivulet keep p\/views p\/counts keeps them$/)
  assert.equal(names(h), ["views", "counts"])
  const status = h.ask({ kind: "status" }) as { value: { warnings: readonly string[] } }
  assert.ok(status.value.warnings.some(text => text.includes("p/counts end at")))
  h.advance(6_000, 1_000)
  assert.equal(names(h), [])
})

test("who comes back in time has it again; a master that was started again knows since when nobody was there", () => {
  const h = scratch()
  h.from(client, { kind: "bye" })
  h.advance(8 * minuteMs, 1_000)
  h.restart()
  h.join(1)
  h.join(2)
  h.advance(2_000)
  assert.ok((entries(h)[0]?.lease?.endsMs as number) < start + h.nowMs + 3 * minuteMs)
  hello(h, ["sa"], "c1#2")
  h.advance(2_000)
  assert.is(entries(h)[0]?.lease?.endsMs, null)
  h.from("c1#2", { kind: "bye" })
  h.advance(9 * minuteMs, 1_000)
  assert.equal(names(h), ["views", "counts"])
  h.advance(minuteMs + 2_000, 1_000)
  assert.equal(names(h), [])
})

test("what is kept, or submitted, stays, with all that it is made of; the rest ends", () => {
  const more = [definition("ones", counts("views")), definition("other", counts("views"))]
  const h = scratch()
  h.ask({ kind: "define", session: "sa", definitions: more, assets: [] }, client)
  assert.ok((h.ask({ kind: "keep", streams: ["p/counts"], by: "ann", force: false }) as Response).ok)
  assert.is((h.ask({ kind: "keep", streams: ["other"], by: "bob", force: false }) as { code: number }).code, 4)
  assert.is((h.ask({ kind: "keep", streams: ["nothing"], by: "ann", force: false }) as { code: number }).code, 2)
  h.from(client, { kind: "bye" })
  h.advance(11 * minuteMs, 1_000)
  assert.equal(names(h), ["views", "counts"])
  h.restart()
  assert.equal(names(h), ["views", "counts"])

  const program = scratch()
  const definitions = [definition("x.views", input(), { name: "views" }), definition("x.sums", counts("x.views"), { name: "sums" })]
  program.ask({ kind: "submit", session: "sb", program: "p", definitions, assets: [], dryRun: false, by: "ann", force: true })
  program.from(client, { kind: "bye" })
  program.advance(11 * minuteMs, 1_000)
  assert.equal(names(program), ["views", "sums"])
})

test("an input that two sessions read ends with the later one", () => {
  const h = scratch()
  hello(h, [], "c2#1")
  h.ask({ kind: "openSession", user: "bob", program: "bob", as: "sb", scratchMs: 20 * minuteMs }, "c2#1")
  const views = definition("b.views", input(), { program: "bob", owner: "bob", name: "v" })
  h.ask({ kind: "define", session: "sb", definitions: [views], assets: [] }, "c2#1")
  for (const node of [client, "c2#1"]) h.from(node, { kind: "bye" })
  h.advance(11 * minuteMs, 1_000)
  assert.equal(names(h), ["views"])
  h.advance(10 * minuteMs, 1_000)
  assert.equal(names(h), [])
})

test("what a command alone began ends with the last of those that asked for the same", () => {
  const h = scratch()
  hello(h, [], "c2#1")
  h.ask({ kind: "openSession", user: "ann", program: "ann", as: "sb", scratchMs: 20 * minuteMs }, "c2#1")
  const counted = definition("counts", counts("views"))
  h.ask({ kind: "define", session: "sb", definitions: [counted], assets: [] }, "c2#1")
  h.advance(2_000)
  const stop = (leaving: string) =>
    (h.ask({ kind: "stop", streams: ["counts"], cascade: false, by: "ann", force: true, leaving }) as { value: { stopped: string[] } })
      .value.stopped
  assert.equal(stop("sa"), [])
  assert.equal(stop("sb"), ["counts"])
})

// ── undo ──

/** `counts` has three intervals, then it is stopped with its input. */
function stopped(config: ConstructorParameters<typeof Harness>[0] = {}): Harness {
  const h = new Harness({ undoMs: 10 * minuteMs, ...config })
  h.join(1)
  h.join(2)
  h.define(definition("views", input()), definition("counts", counts("views")))
  for (let seq = 1; seq <= 3; seq++) {
    h.report("w1#1", h.batch("w1#1", seq))
    h.advance(1_000)
  }
  h.advance(2_000)
  assert.ok((h.ask({ kind: "stop", streams: ["views"], cascade: true, by: "ann", force: false }) as Response).ok)
  h.advance(2_000)
  return h
}

const undo = (h: Harness, streams = ["p/views", "p/counts"], by = "ann") =>
  h.ask({ kind: "undo", streams, by, force: false }) as Response & { code?: number; message?: string }

const bases = (h: Harness) =>
  h.messages("launch").flatMap(({ message }) => message.stages.filter(({ root }) => root.kind === "state" && root.previous === null))

test("called back, a state goes on from the version it had, through what came meanwhile", () => {
  const h = stopped()
  assert.equal(names(h), [])
  const before = bases(h).length
  h.advance(5 * minuteMs, 1_000)
  assert.ok(undo(h).ok)
  assert.ok(undo(h).ok, "asked again it changes nothing")
  assert.equal(names(h), ["views", "counts"])
  h.report("w1#1", h.batch("w1#1", 4))
  h.advance(3_000)
  const [, state] = entries(h)
  assert.ok((state as CatalogEntry).throughMs > start + h.nowMs - 2_000, `through ${state?.throughMs}`)
  assert.is(bases(h).length, before, "nothing begins anew")
})

test("a master that was started again can still call it back", () => {
  const h = stopped()
  h.restart()
  h.join(1)
  h.join(2)
  h.advance(2_000)
  assert.equal(names(h), [])
  assert.ok(undo(h).ok)
  assert.equal(names(h), ["views", "counts"])
})

test("after ten minutes, or when memory is short, what was stopped is gone", () => {
  const late = stopped()
  late.advance(11 * minuteMs, 1_000)
  assert.is(undo(late).code, 4)
  assert.ok(late.records("stop").length === 1)

  const short = stopped({ memoryHigh: 0.5 })
  short.from("w1#1", { kind: "heartbeat", sentMs: 0, load: 0, usedBytes: 9e8, queued: 0, blocks: 0 })
  short.step({ kind: "tick" })
  short.nowMs += 1_500
  short.from("w1#1", { kind: "heartbeat", sentMs: 0, load: 0, usedBytes: 9e8, queued: 0, blocks: 0 })
  short.step({ kind: "tick" })
  assert.is(undo(short).code, 4)
  assert.match(undo(short).message as string, /memory was needed/)
})

test("a name or a receiver that is another's by now is in the way; so is what it is made of, if that is gone; so is another owner", () => {
  const h = stopped()
  assert.is(undo(h, ["p/counts"]).code, 4)
  assert.match(undo(h, ["p/counts"]).message as string, /made of was stopped/)
  assert.is(undo(h, ["p/views"], "bob").code, 4)
  h.define(definition("again", input()))
  assert.match(undo(h).message as string, /p\/again receives in its place/)
  h.ask({ kind: "stop", streams: ["again"], cascade: false, by: "ann", force: false })
  h.define(definition("third", input("elsewhere"), { name: "counts" }))
  assert.match(undo(h).message as string, /p\/counts has its name/)
  assert.ok(undo(h, ["views"]).ok)
})

test.run()
