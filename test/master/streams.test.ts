import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { RddNode } from "../../engine/rdd.js"
import type { QueryAnswer } from "../../cluster/protocol.js"
import { counts, definition, Harness, input, start } from "./harness.js"

const test = suite("master: a stream from definition to answer")

function running(): Harness {
  const h = new Harness()
  h.join(1)
  h.join(2)
  h.define(definition("views", input()), definition("counts", counts("views")))
  h.advance(200)
  return h
}

test("define, receive, seal, compute, complete, ask", () => {
  const h = running()
  assert.is(h.response()?.ok, true)
  h.report("w1#1", h.batch("w1#1", 1))
  h.report("w2#1", { ...h.batch("w1#1", 1) })
  h.advance(1500)
  const seals = h.records("seal").filter(({ groups }) => groups.length > 0)
  assert.is(seals.length, 1)
  assert.equal(seals[0]?.groups, [[{ block: "w1#1-bs1.1", rows: 100, bytes: 1000, batch: { session: "s1", stream: "views", seq: 1 } }]])
  const kept = h.messages("settled").flatMap(({ to, message }) => message.kept.map(({ block }) => `${to} ${block}`))
  assert.equal(kept.sort(), ["w1#1 w1#1-bs1.1", "w2#1 w1#1-bs1.1"])
  const launched = h.messages("launch").flatMap(({ message }) => message.tasks.map((task) => message.stages[task.stage]?.write.kind))
  assert.is(launched.filter((kind) => kind === "shuffle").length, 1)
  assert.is(launched.filter((kind) => kind === "state").length, 4)
  assert.ok(h.records("progress").some(({ through }) => through.some(({ stream, through: time }) => stream === "counts" && time > start)))

  const rdd: RddNode = {
    kind: "finished",
    parent: { kind: "partial", parent: { kind: "version", stream: "counts", at: Number.POSITIVE_INFINITY }, action: { kind: "count" } },
    action: { kind: "count" },
  }
  h.ask({ kind: "query", query: "q1", session: "s1", rdd, definitions: [], assets: [], timeoutMs: null })
  h.settle()
  const response = h.response()
  assert.ok(response?.ok)
  const answer = (response as { value: QueryAnswer }).value
  assert.is(answer.parts.length, 1)
  assert.is(answer.stamp.asOf % 1000, 0)
  h.ask({ kind: "releaseQuery", query: "q1" })
  h.settle()
  assert.ok(h.messages("forget").some(({ message }) => message.blocks.includes(answer.parts[0]?.block ?? "")))
})

test("a state's partitions keep their worker, and each step has the chain before it", () => {
  const h = running()
  const workers = new Map<number, Set<string>>()
  const answer = h.answer
  h.answer = (one) => {
    if (one.stage.write.kind === "state") {
      const seen = workers.get(one.task.partition) ?? new Set()
      workers.set(one.task.partition, seen.add(`${one.worker} ${one.task.affinity}`))
    }
    return answer(one)
  }
  for (let seq = 1; seq <= 3; seq++) {
    h.report("w1#1", h.batch("w1#1", seq))
    h.advance(1000)
  }
  h.advance(1000)
  assert.is(workers.size, 4)
  for (const seen of workers.values()) assert.is(seen.size, 1)
  const last = h
    .messages("launch")
    .flatMap(({ message }) => message.tasks.filter((task) => message.stages[task.stage]?.write.kind === "state"))
    .at(-1)
  const chain = last?.inputs.find(({ ref }) => ref.kind === "state")
  assert.is(chain?.parts.length, 2)
  assert.is(chain?.parts[0]?.base, true)
})

test("quiet intervals have no job, and are finished", () => {
  const h = running()
  h.advance(5000)
  assert.is(h.messages("launch").length, 0)
  const progress = h.records("progress").at(-1)
  assert.is(progress?.through[0]?.through, start + 5000)
})

test("a worker dies: its tasks run elsewhere, the stream goes on", () => {
  const h = running()
  h.report("w1#1", h.batch("w1#1", 1))
  h.report("w2#1", { ...h.batch("w1#1", 1) })
  const answer = h.answer
  h.answer = (one) => (one.worker === "w2#1" ? null : answer(one))
  h.advance(1200)
  h.workers.delete("w2#1")
  h.advance(3000)
  assert.ok(h.said.some((text) => text.includes("w2 is lost")))
  const through = h.records("progress").at(-1)?.through.find(({ stream }) => stream === "counts")?.through ?? 0
  assert.ok(through >= start + 2000, `${through - start}`)
})

test("a user function that throws is tried on a second worker, then the stream is held; others go on", () => {
  const h = running()
  h.define(definition("other", counts("views")))
  const tried: string[] = []
  const answer = h.answer
  h.answer = (one) => {
    if (one.stage.stream !== "counts" || one.stage.write.kind !== "state" || one.task.partition !== 0) return answer(one)
    tried.push(one.worker)
    return { task: one.task.task, ms: 1, failure: { kind: "user", message: "boom" }, outputs: [], aside: 0, rowsIn: 0 }
  }
  h.report("w1#1", h.batch("w1#1", 1))
  h.advance(3000)
  assert.is(new Set(tried).size, 2)
  assert.is(tried.length, 2)
  assert.equal(h.records("held").map(({ stream }) => stream), ["counts"])
  assert.ok(h.records("progress").some(({ through }) => through.some(({ stream, through: time }) => stream === "other" && time > start + 1000)))
})

test("a restarted master goes on from its journal", () => {
  const h = running()
  const held: { block: string; owner: unknown }[] = []
  const answer = h.answer
  h.answer = (one) => {
    const done = answer(one)
    const output = done?.outputs[0]
    if (done !== null && output !== undefined && one.stage.write.kind === "state") {
      held.push({
        ...{ block: output.block, rows: 10, bytes: 100, batch: null, arrivedMs: 0 },
        owner: {
          ...{ output: one.stage.output, partition: one.task.partition, stream: "counts" },
          ...{ interval: one.stage.interval?.from ?? null, base: output.base, keys: 10 },
        },
      } as never)
    }
    return done
  }
  h.report("w1#1", h.batch("w1#1", 1))
  h.advance(2000)
  assert.is(held.length, 4)
  h.restart()
  h.join(1, held as never)
  h.join(2)
  h.advance(4000)
  h.report("w1#1", h.batch("w1#1", 1), h.batch("w1#1", 2))
  h.advance(2000)
  const seals = h.records("seal").filter(({ groups }) => groups.length > 0)
  assert.equal(
    seals.map(({ groups }) => groups.flat().map(({ batch }) => batch?.seq)),
    [[1], [2]],
  )
  const all = h.records("seal").filter(({ stream }) => stream === "views")
  for (const [i, seal] of all.entries()) if (i > 0) assert.is(seal.from, all[i - 1]?.to, "no interval is left out")
  const chain = h
    .messages("launch")
    .flatMap(({ message }) => message.tasks)
    .at(-1)
    ?.inputs.find(({ ref }) => ref.kind === "state")
  assert.is(chain?.parts.length, 1, "the state of before is read")
})

test.run()
