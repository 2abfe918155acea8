/** What is lost in the very step in which something ends, and what was asked of a worker that was away: nobody comes by later to notice. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { Ledger } from "../../cluster/master/ledger.js"
import { RecordLog } from "../../cluster/master/record-log.js"
import type { ClusterStatus, QueryAnswer } from "../../cluster/protocol.js"
import { counts, definition, Harness, input, type Launched, start } from "./harness.js"

const test = suite("master: lost meanwhile")

function running(config: ConstructorParameters<typeof Harness>[0] = {}): Harness {
  const h = new Harness(config)
  h.join(1)
  h.join(2)
  h.define(definition("views", input()), definition("counts", counts("views")))
  h.advance(200)
  h.report("w1#1", h.batch("w1#1", 1))
  return h
}

/** Keeps the answers of those tasks back. */
function withheld(h: Harness, which: (one: Launched) => boolean): Launched[] {
  const held: Launched[] = []
  const { answer } = h
  h.answer = one => {
    if (!which(one)) return answer(one)
    held.push(one)
    return null
  }
  return held
}

test("a question's last task ends in the step in which the holder of another part counts as dead: no answer lacks it, nor does the next one", () => {
  const h = running()
  h.advance(1500)
  const asked = withheld(h, ({ task }) => task.pool === "query")
  const rdd = { kind: "version", stream: "counts", at: Number.POSITIVE_INFINITY } as const
  const question = { kind: "query", query: "q", session: "s1", rdd, definitions: [], assets: [], timeoutMs: null } as const
  h.ask(question)
  h.settle()
  const partitions = asked.length
  assert.ok(partitions > 1 && new Set(asked.map(({ worker }) => worker)).size === 2)
  for (const one of asked.filter(({ worker }) => worker === "w2#1")) h.from(one.worker, { kind: "tasksDone", done: [h.done(one)] })
  h.workers.delete("w2#1")
  h.advance(900)
  h.nowMs += 200
  const last = asked.splice(0).filter(({ worker }) => worker === "w1#1")
  h.from("w1#1", { kind: "tasksDone", done: last.map(one => h.done(one)) })
  assert.ok(
    h.said.some(text => /worker w2 is lost/.test(text)),
    "in that step",
  )
  const parts = () => (h.response() as { ok: true; value: QueryAnswer } | null)?.value.parts.map(({ holder }) => holder)
  assert.is(parts()?.length, partitions)
  h.answer = one => h.done(one)
  h.ask(question)
  assert.is(parts(), undefined, "what is gone is made again first")
  h.advance(500)
  assert.equal(parts(), new Array(partitions).fill("w1#1"))
})

test("a block is found to be gone in the message that ends its interval: a master that is started again does not take it for empty", () => {
  const h = running()
  const steps = withheld(h, ({ stage }) => stage.write.kind === "state")
  h.advance(1500)
  h.report("w1#1", h.batch("w1#1", 2))
  h.advance(1000)
  assert.is(steps.length, 4)
  const [first, ...others] = steps.splice(0)
  const [last] = others.splice(-1)
  for (const one of [first!, ...others]) {
    h.from(one.worker, { kind: "tasksDone", done: [h.done(one)] })
    h.settle()
  }
  const next = steps.find(({ task }) => task.partition === first!.task.partition)!
  const block = next.task.inputs.find(({ ref }) => ref.kind === "state")!.parts[0]!.block
  const failure = { kind: "fetch", message: "gone", block, from: first!.worker } as const
  const failed = { task: next.task.task, ms: 1, outputs: [], aside: 0, rowsIn: 0, failure }
  h.from(last!.worker, { kind: "tasksDone", done: [h.done(last!), failed] })
  const made = h.records("progress").flatMap(({ made: all = [] }) => all.filter(({ stream }) => stream === "counts"))
  assert.equal(
    made.map(({ partitions }) => partitions),
    [[0, 1, 2, 3]],
  )
})

test("a worker that was away may not have heard what it was to copy: it is asked again", () => {
  const h = running()
  h.report("w2#1", h.batch("w1#1", 1))
  h.copies = false
  h.join(3)
  h.advance(2000)
  h.workers.delete("w2#1")
  h.from("w2#1", { kind: "bye" })
  // What it alone had of the state is made again meanwhile.
  h.advance(5000)
  const ordersTo = (node: string) =>
    h.messages("copy").flatMap(({ to, message }) => (to === node ? message.copies.flatMap(({ blocks }) => blocks) : []))
  const before = ordersTo("w1#1")
  assert.ok(before.some(block => block.includes("-b")) && before.some(block => !block.includes("-b")), "input and results")
  h.advance(3000)
  assert.is(ordersTo("w1#1").length, before.length)
  const held = [...new Set(before)].map(block => ({ block, rows: 1, bytes: 1, owner: null, batch: null, arrivedMs: start }))
  h.join(1, held)
  h.advance(2000)
  assert.equal([...new Set(ordersTo("w1#1").slice(before.length))].sort(), [...new Set(before)].sort())
})

test("an effect that throws does not keep the others of its step from their turn", () => {
  const log = new RecordLog(new Ledger(), 1, 0)
  const done: number[] = []
  for (let n = 1; n <= 3; n++)
    log.append({ kind: "workers", names: [] }, () => {
      if (n === 2) throw new Error("broken")
      done.push(n)
    })
  assert.throws(() => log.appended(3), /broken/)
  assert.equal(done, [1, 3])
})

test("tasks that do not get on are still their workers', in what is said of these", () => {
  const h = running()
  h.advance(1500)
  const asked = withheld(h, ({ task }) => task.pool === "query")
  const rdd = { kind: "version", stream: "counts", at: Number.POSITIVE_INFINITY } as const
  h.ask({ kind: "query", query: "q", session: "s1", rdd, definitions: [], assets: [], timeoutMs: null })
  h.settle()
  const busy = () => {
    h.ask({ kind: "status" })
    const { workers } = (h.response() as { ok: true; value: ClusterStatus }).value
    return workers.map(({ name, running }) => [name, running])
  }
  const expected = ["w1", "w2"].map(name => [name, asked.filter(({ worker }) => worker === `${name}#1`).length])
  assert.equal(busy(), expected)
  h.advance(3000)
  assert.equal(busy(), expected, "for long")
  h.answer = one => h.done(one)
  for (const one of asked) h.from(one.worker, { kind: "tasksDone", done: [h.done(one)] })
  h.settle()
  assert.equal(
    busy().map(([, running]) => running),
    [0, 0],
  )
})

test.run()
