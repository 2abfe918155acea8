/** Copies of received input, and who counts as dead: what a failure takes, and what it must not. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { ClusterStatus, LogEntry } from "../../cluster/protocol.js"
import { definition, Harness, input, start } from "./harness.js"

const test = suite("copies and losses")

/** Two workers hold one sealed batch of `views`; a third holds nothing. */
function sealedBatch(config: ConstructorParameters<typeof Harness>[0] = {}) {
  const harness = new Harness(config)
  const [a, b] = [harness.join(1), harness.join(2)]
  harness.define(definition("views", input()))
  harness.advance(1000)
  const block = harness.batch(a, 1, { block: "one" })
  harness.report(a, block)
  harness.report(b, block)
  harness.advance(2000)
  assert.ok(harness.records("seal").some(seal => seal.groups.flat().some(sealed => sealed.block === "one")))
  return { harness, a, b, block }
}

const copiesOf = (harness: Harness) =>
  harness.messages("copy").map(({ to, message }) => [to, ...message.copies.flatMap(({ to: target, blocks }) => [...blocks, target])])

function die(harness: Harness, node: string): void {
  harness.workers.delete(node)
  harness.advance(1500)
}

test("input that lost a holder gets another one, so that the next death takes nothing", () => {
  const { harness, a, b } = sealedBatch()
  const c = harness.join(3)
  harness.advance(2000)
  assert.equal(copiesOf(harness), [])
  die(harness, a)
  harness.advance(2000)
  assert.equal(copiesOf(harness), [[b, "one", c]])
  die(harness, b)
  const d = harness.join(4)
  harness.advance(2000)
  assert.equal(copiesOf(harness).at(-1), [c, "one", d])
})

test("what is in no seal yet and lost a holder is counted until the other has copied it", () => {
  const harness = new Harness()
  const [a, b, c] = [harness.join(1), harness.join(2), harness.join(3)]
  harness.define(definition("views", input(), { intervalMs: 60_000 }))
  harness.advance(1000)
  const block = harness.batch(a, 1, { block: "one" })
  harness.report(a, block)
  harness.report(b, block)
  const short = () => {
    const { value } = harness.ask({ kind: "status" }) as { value: ClusterStatus }
    return value.warnings.filter(text => text.startsWith("blocks of received data with one copy: 1"))
  }
  assert.equal(short(), [])
  die(harness, a)
  assert.is(short().length, 1)
  assert.equal(copiesOf(harness), [], "its holder sees to it")
  harness.report(c, block)
  assert.equal(short(), [])
})

test("a worker's process ends: the copy is asked for at once, not with the next sweep", () => {
  const { harness, a, b } = sealedBatch()
  const c = harness.join(3)
  harness.advance(2000)
  harness.workers.delete(a)
  harness.step({ kind: "gone", peer: a })
  assert.equal(copiesOf(harness), [[b, "one", c]])
})

test("a copy that fails, or goes to a worker that dies, is made again elsewhere", () => {
  const { harness, a, b } = sealedBatch()
  const c = harness.join(3)
  harness.copies = false
  die(harness, a)
  harness.advance(1000)
  assert.equal(copiesOf(harness), [[b, "one", c]])
  harness.from(b, { kind: "copied", copies: [{ blocks: ["one"], holder: c, error: "full" }] })
  harness.advance(1000)
  assert.equal(copiesOf(harness).length, 2)
  const d = harness.join(4)
  die(harness, c)
  harness.advance(1000)
  assert.equal(copiesOf(harness).at(-1), [b, "one", d])
})

test("a worker that comes back need not keep what has enough copies by now", () => {
  const { harness, a, b } = sealedBatch()
  const c = harness.join(3)
  die(harness, a)
  harness.advance(2000)
  harness.join(1, [
    { block: "one", rows: 100, bytes: 1000, owner: null, batch: { session: "s1", stream: "views", seq: 1 }, arrivedMs: start },
  ])
  harness.settle()
  assert.ok(harness.messages("forget").some(({ to, message }) => to === a && message.blocks.includes("one")))
  assert.not.ok(harness.messages("forget").some(({ to, message }) => (to === b || to === c) && message.blocks.includes("one")))
})

test("told to let a block go, and saying that it has it still: it is told again while others have it", () => {
  const { harness, a, b } = sealedBatch()
  const one = { block: "one", rows: 100, bytes: 1000, owner: null, batch: { session: "s1", stream: "views", seq: 1 }, arrivedMs: start }
  const c = harness.join(3)
  die(harness, a)
  harness.advance(2000)
  harness.join(1, [one])
  die(harness, b)
  // It lives, and had written this before it was told: c's is the only copy that there is.
  harness.join(1, [one])
  harness.settle()
  const told = harness.messages("forget").filter(({ to, message }) => to === a && message.blocks.includes("one"))
  assert.is(told.length, 2)
  const before = copiesOf(harness).length
  harness.join(1, [])
  harness.advance(2000)
  assert.equal(copiesOf(harness).slice(before), [[c, "one", a]], "and has one anew when it is known to have let it go")
})

test("a worker that does not hold what it was asked to copy is no holder", () => {
  const { harness, a, b } = sealedBatch()
  const c = harness.join(3)
  harness.copies = false
  die(harness, b)
  harness.advance(1000)
  assert.equal(copiesOf(harness), [[a, "one", c]])
  harness.from(a, { kind: "copied", copies: [{ blocks: ["one"], holder: c, error: "it is not here", lacking: true }] })
  harness.advance(5000)
  assert.equal(copiesOf(harness).length, 1)
})

test("after a restart of the master what one worker alone came back with is copied", () => {
  const { harness, a } = sealedBatch({ takeoverMs: 500 })
  harness.restart()
  harness.join(1, [
    { block: "one", rows: 100, bytes: 1000, owner: null, batch: { session: "s1", stream: "views", seq: 1 }, arrivedMs: start },
  ])
  const c = harness.join(3)
  harness.advance(3000)
  assert.equal(copiesOf(harness).at(-1), [a, "one", c])
})

test("a master that did not run for a while does not take that for its workers' and clients' silence", () => {
  const { harness } = sealedBatch()
  harness.ask({ kind: "workers" })
  harness.from("c1#1", { kind: "hello", role: "client", user: "", version: "1", runtime: "node" })
  harness.nowMs += 15_000
  harness.step({ kind: "tick" })
  harness.step({ kind: "tick" })
  assert.not.ok(harness.said.some(text => /is lost/.test(text)))
  harness.workers.clear()
  harness.advance(2000)
  assert.is(harness.said.filter(text => /is lost: no heartbeat/.test(text)).length, 2)
})

test("an acked batch whose holders all seem dead is waited for; only then it is given up", () => {
  const harness = new Harness({ strandedMs: 5000 })
  const [a, b] = [harness.join(1), harness.join(2)]
  harness.define(definition("views", input()))
  harness.advance(1000)
  const block = harness.batch(a, 1, { block: "one" })
  harness.report(a, block)
  harness.report(b, block)
  harness.workers.clear()
  harness.advance(1200)
  const c = harness.join(3)
  harness.advance(2000)
  // Nor does it count that the master itself did not run for a while.
  harness.nowMs += 60_000
  harness.advance(1000)
  assert.not.ok(harness.said.some(text => /batch 1 .* is lost/.test(text)))
  harness.join(1, [])
  harness.report(a, block)
  harness.advance(2000)
  assert.equal(
    harness.records("seal").flatMap(seal => seal.groups.flat().map(sealed => sealed.block)),
    ["one"],
  )
  const other = harness.batch(a, 2, { block: "two" })
  harness.report(a, other)
  harness.workers.delete(a)
  harness.advance(9000)
  assert.is(harness.said.filter(text => /batch 2 .* is lost/.test(text)).length, 1)
  const { value: logs } = harness.ask({ kind: "logs", stream: null, sinceMs: 0 }) as unknown as { value: LogEntry[] }
  assert.equal(
    logs.map(({ stream, line }) => [stream, line.level, line.text]),
    [["p/views", "warn", "100 acked records are lost: every worker that held them died before they were in an interval"]],
  )
  assert.ok(c)
})

test.run()
