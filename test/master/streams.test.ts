import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { QueryAnswer } from "../../cluster/protocol.js"
import type { RddNode } from "../../engine/rdd.js"
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
  const launched = h.messages("launch").flatMap(({ message }) => message.tasks.map(task => message.stages[task.stage]?.write.kind))
  assert.is(launched.filter(kind => kind === "shuffle").length, 1)
  assert.is(launched.filter(kind => kind === "state").length, 4)
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
  h.answer = one => {
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
    .flatMap(({ message }) => message.tasks.filter(task => message.stages[task.stage]?.write.kind === "state"))
    .at(-1)
  const chain = last?.inputs.find(({ ref }) => ref.kind === "state")
  assert.is(chain?.parts.length, 2)
  assert.is(chain?.parts[0]?.base, true)
})

test("a live stream joined with files: they are read once for all intervals, again for what a worker took with it", () => {
  const split = (n: number) => ({ path: `/log/${n}`, from: 0, to: 10, sizeBytes: 10, modifiedMs: 0 })
  const historic: RddNode = { kind: "textFile", id: "f1", splits: [split(0), split(1), split(2)] }
  const joined: RddNode = { kind: "cogroup", parents: [{ kind: "hole", index: 0 }, historic], partitions: 4, join: "inner" }
  const h = new Harness({ undoMs: 0 })
  h.join(1)
  h.join(2)
  let reads = 0
  const answer = h.answer
  h.answer = one => {
    if (one.task.inputs.some(({ ref }) => ref.kind === "file")) reads += 1
    return answer(one)
  }
  h.define(
    definition("views", input()),
    definition("joined", { kind: "lift", parents: ["views"], rdd: joined }),
    definition("counts", counts("joined")),
  )
  h.advance(200)
  const intervals = (from: number, to: number) => {
    for (let seq = from; seq < to; seq++) {
      h.report([...h.workers][0]!, h.batch([...h.workers][0]!, seq))
      h.advance(1000)
    }
  }
  const finished = () => h.records("progress").flatMap(({ through }) => through.filter(({ stream }) => stream === "counts")).length
  intervals(1, 11)
  assert.is(reads, 3)
  assert.ok(finished() >= 10)
  const lost = "w2#1"
  const there = h
    .messages("launch")
    .filter(({ to, message }) => to === lost && message.stages.some(stage => stage.label === "textFile")).length
  h.workers.delete(lost)
  h.from(lost, { kind: "bye" })
  intervals(11, 14)
  assert.is(reads > 3, there > 0)
  assert.ok(reads <= 6)
  const kept = h.messages("forget").flatMap(({ message }) => message.blocks).length
  h.ask({ kind: "stop", streams: ["counts"], cascade: false, by: "ann", force: false })
  h.advance(200)
  assert.ok(h.messages("forget").flatMap(({ message }) => message.blocks).length >= kept + 3)
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
  h.answer = one => (one.worker === "w2#1" ? null : answer(one))
  h.advance(1200)
  h.workers.delete("w2#1")
  h.advance(3000)
  assert.ok(h.said.some(text => text.includes("w2 is lost")))
  const through =
    h
      .records("progress")
      .at(-1)
      ?.through.find(({ stream }) => stream === "counts")?.through ?? 0
  assert.ok(through >= start + 2000, `${through - start}`)
})

test("a user function that throws is tried on a second worker, then the stream is held; others go on", () => {
  const h = running()
  h.define(definition("other", counts("views")))
  const tried: string[] = []
  const answer = h.answer
  h.answer = one => {
    if (one.stage.stream !== "counts" || one.stage.write.kind !== "state" || one.task.partition !== 0) return answer(one)
    tried.push(one.worker)
    return { task: one.task.task, ms: 1, failure: { kind: "user", message: "boom" }, outputs: [], aside: 0, rowsIn: 0 }
  }
  h.report("w1#1", h.batch("w1#1", 1))
  h.advance(3000)
  assert.is(new Set(tried).size, 2)
  assert.is(tried.length, 2)
  assert.equal(
    h.records("held").map(({ stream }) => stream),
    ["counts"],
  )
  assert.ok(
    h.records("progress").some(({ through }) => through.some(({ stream, through: time }) => stream === "other" && time > start + 1000)),
  )
})

test("a restarted master goes on from its journal", () => {
  const h = running()
  const held: { block: string; owner: unknown }[] = []
  const answer = h.answer
  h.answer = one => {
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

test("a journal that was replaced by a snapshot is as good", () => {
  const h = new Harness({ snapshotEvery: 10 })
  h.join(1)
  h.join(2)
  h.define(definition("views", input()), definition("counts", counts("views")))
  h.advance(200)
  h.report("w1#1", h.batch("w1#1", 1))
  h.advance(8000)
  const newest = h.journal.findLastIndex(({ record }) => record.kind === "snapshot")
  assert.ok(newest > 0)
  h.journal.splice(0, newest)
  const through =
    h.records("progress").at(-1)?.through[0]?.through ??
    (h.journal[0]!.record as { state: { streams: { through: number }[] } }).state.streams[1]?.through ??
    0
  h.restart()
  h.join(1)
  h.join(2)
  h.advance(5000)
  const seals = h.records("seal").filter(({ stream }) => stream === "views")
  assert.ok((seals.at(-1)?.to ?? 0) >= through + 4000)
  h.report("w1#1", h.batch("w1#1", 1), h.batch("w1#1", 2))
  h.advance(1500)
  assert.equal(
    h.records("seal").flatMap(({ groups }) => groups.flat().map(({ batch }) => batch?.seq)),
    [2],
  )
})

const read = (stream: string, from: number, to: number): RddNode => ({
  kind: "finished",
  parent: { kind: "partial", parent: { kind: "slice", stream, from, to }, action: { kind: "count" } },
  action: { kind: "count" },
})
const query = (id: string, rdd: RddNode, timeoutMs: number | null = null) =>
  ({ kind: "query", query: id, session: "s1", rdd, definitions: [], assets: [], timeoutMs }) as const

test("a question ends with its asker: cancelled, timed out, or the client is gone", () => {
  const h = running()
  h.report("w1#1", h.batch("w1#1", 1))
  h.advance(1500)
  const answer = h.answer
  h.answer = one => (one.task.pool === "query" ? null : answer(one))
  const outputs = () =>
    new Map(h.messages("launch").flatMap(({ message }) => message.tasks.map(({ task, stage }) => [task, message.stages[stage]!.output])))
  const cancels = () =>
    h
      .messages("cancel")
      .flatMap(({ message }) => message.tasks)
      .map(task => outputs().get(task)?.split("/")[0]?.split(":")[0])
  const client = "c1#1"
  h.from(client, { kind: "hello", role: "client", user: "ann", version: "1", runtime: "node" })
  h.ask(query("q1", read("views", start, start + 1000)))
  h.settle()
  assert.is(h.response(), null)
  h.ask({ kind: "cancelQuery", query: "q1" })
  assert.equal([...new Set(cancels())], ["q1"])
  h.ask(query("q2", read("views", start, start + 1000), 500))
  h.advance(1000)
  assert.is((h.response() as { code: number }).code, 124)
  h.ask(query("q3", read("views", start, start + 1000)))
  h.advance(500)
  h.advance(12_000)
  assert.ok(cancels().includes("q3"))
})

test("a repeated request is answered once more, and not done again", () => {
  const h = running()
  const body = { kind: "openSession", user: "ann", program: "p" } as const
  h.from("c1#1", { kind: "request", id: 77, body })
  h.from("c1#1", { kind: "request", id: 77, body })
  const answers = h.messages("response").filter(({ message }) => message.id === 77)
  assert.is(answers.length, 2)
  assert.equal(answers[0]?.message.body, answers[1]?.message.body)
  assert.is(h.records("session").length, 1)
})

test("what is forgotten is an error that says how far the stream reaches; state outlives its input once it has two copies", () => {
  const h = new Harness({ rememberMs: 3000 })
  h.join(1)
  h.join(2)
  h.define(definition("views", input()), definition("counts", counts("views")))
  h.advance(200)
  for (let seq = 1; seq <= 3; seq++) {
    h.report("w1#1", h.batch("w1#1", seq))
    h.advance(1000)
  }
  h.advance(8000)
  assert.ok(
    h.messages("forget").some(({ message }) => message.streams.some(({ stream, before }) => stream === "views" && before > start + 3000)),
  )
  h.ask(query("q", read("views", start, start + 1000)))
  h.settle()
  const gone = h.response() as { ok: boolean; code: number; message: string }
  assert.not(gone.ok)
  assert.match(gone.message, /views reaches back to/)
  const version: RddNode = { kind: "version", stream: "counts", at: Number.POSITIVE_INFINITY }
  const rdd: RddNode = {
    kind: "finished",
    parent: { kind: "partial", parent: version, action: { kind: "count" } },
    action: { kind: "count" },
  }
  h.ask(query("latest", rdd))
  h.settle()
  assert.ok(h.response()?.ok)
})

test("executors are told of versions of a window that nobody reads any more, workers keep the panes that have yet to leave it", () => {
  const h = new Harness({ rememberMs: 3000 })
  h.join(1)
  h.join(2)
  const sum = { kind: "builtin", name: "sum" } as const
  const op = { kind: "reduceByWindow", f: sum, inverse: sum, lengthMs: 5000, slideMs: 1000 } as const
  h.define(definition("views", input()), definition("window", { kind: "state", parent: "views", op, partitions: 4, initial: null }))
  h.advance(200)
  for (let seq = 1; seq <= 12; seq++) {
    h.report("w1#1", h.batch("w1#1", seq))
    h.advance(1000)
  }
  const befores = h.messages("forget").flatMap(({ message }) => message.streams.filter(({ stream }) => stream === "window"))
  assert.ok(befores.length > 0)
  const newest = Math.max(...befores.map(({ before }) => before))
  // Twelve seconds, less the three that are remembered, less a window.
  assert.ok(newest > start && newest <= start + 4000, `${newest - start}`)
})

test("input is kept for as long as its state has one copy", () => {
  const h = new Harness({ rememberMs: 3000 })
  h.join(1)
  h.join(2)
  h.copies = false
  h.define(definition("views", input()), definition("counts", counts("views")))
  h.advance(200)
  h.report("w1#1", h.batch("w1#1", 1))
  h.advance(12_000)
  assert.is(h.messages("forget").filter(({ message }) => message.streams.length > 0).length, 0)
  h.copies = true
  for (const { to, message } of h.messages("copy")) h.copied(to, message)
  h.advance(2000)
  assert.ok(h.messages("forget").some(({ message }) => message.streams.some(({ stream }) => stream === "views")))
})

const wrong: { name: string; definitions: Parameters<Harness["define"]>; says: RegExp }[] = [
  {
    name: "another interval of the same receiver",
    definitions: [definition("again", input(), { intervalMs: 500 })],
    says: /interval 1s, not 500ms; ann owns it/,
  },
  { name: "a parent that is not there", definitions: [definition("x", counts("nobody"))], says: /nobody/ },
  { name: "an absurd interval", definitions: [definition("x", input("x"), { intervalMs: Number.NaN })], says: /interval of NaN/ },
  { name: "an interval that is not the parent's", definitions: [definition("x", counts("views"), { intervalMs: 2000 })], says: /2s.*1s/ },
  {
    name: "a window that is no multiple",
    definitions: [definition("x", { kind: "window", parent: "views", lengthMs: 1500, slideMs: 1000 })],
    says: /1500 ms is no multiple of views's interval of 1000 ms/,
  },
]
for (const { name, definitions, says } of wrong) {
  test(`refused: ${name}`, () => {
    const h = running()
    const response = h.define(...definitions) as { ok: boolean; message: string; code: number }
    assert.not(response.ok)
    assert.is(response.code, 2)
    assert.match(response.message, says)
    assert.is(h.records("define").length, 1)
  })
}

test("the same receiver with the same settings is the same stream, for what is built on it, too", () => {
  const h = running()
  const response = h.define(definition("mine", input(), { program: "other" }), definition("n", counts("mine"), { program: "other" }))
  const { accepted } = (response as { value: { accepted: { asked: string; definition: { id: string; node: { parent?: string } } }[] } })
    .value
  assert.equal(
    accepted.map(({ asked, definition: { id, node } }) => [asked, id, node.parent]),
    [
      ["mine", "views", undefined],
      ["n", "n", "views"],
    ],
  )
})

test("a name defined again goes to the new stream; the old one keeps its state under another, or ends if unused", () => {
  const h = running()
  h.define(definition("c2", counts("views"), { name: "counts" }))
  assert.equal(
    h.records("rename").map(({ stream, name }) => [stream, name]),
    [["counts", "counts~1"]],
  )
  assert.equal(
    h.records("stop").map(({ streams }) => streams),
    [["counts"]],
  )
})

test("of a renaming both names are told, also by the next master", () => {
  const h = running()
  assert.is((h.ask({ kind: "rename", stream: "counts", name: "totals", by: "ann", force: false }) as { ok: boolean }).ok, true)
  const told = (stream: string | null) => {
    const asked = h.ask({ kind: "events", after: 0, sinceMs: 0, kinds: ["renamed"], stream })
    return (asked as { value: { event: unknown }[] }).value.map(({ event }) => event)
  }
  const renamed = { kind: "renamed", stream: "p/counts", to: "totals" }
  assert.equal([told(null), told("p/totals"), told("p/counts")], [[renamed], [renamed], []])
  h.restart()
  assert.equal(told(null), [renamed])
})

test("a name given later: the first that a stream gets is taken from who has it, another only if it is free", () => {
  const h = running()
  h.define(definition("c2", counts("views"), { name: "runningReduce@x.ts:3", named: false }))
  const rename = (name: string, takes?: boolean) =>
    h.ask({ kind: "rename", stream: "c2", name, by: "ann", force: false, ...(takes && { takes }) })
  assert.match((rename("counts") as { message: string }).message, /p\/counts is there already/)
  assert.is((rename("counts", true) as { ok: boolean }).ok, true)
  assert.equal(
    h.records("rename").map(({ stream, name }) => [stream, name]),
    [
      ["counts", "counts~1"],
      ["c2", "counts"],
    ],
  )
  assert.equal(
    h.records("stop").map(({ streams }) => streams),
    [["counts"]],
  )
})

test("stop names what depends on it; cascade stops that too; another's needs force", () => {
  const h = running()
  const stop = (cascade: boolean, by: string, force = false) => h.ask({ kind: "stop", streams: ["p/views"], cascade, by, force })
  assert.match((stop(false, "ann") as { message: string }).message, /p\/views is used by p\/counts/)
  assert.match((stop(true, "bob") as { message: string }).message, /not yours: p\/views \(ann\)/)
  assert.equal(stop(true, "ann"), { ok: true, value: { stopped: ["views", "counts"], names: ["p/views", "p/counts"] } })
})

test("a step without a name, as a closed panel leaves it, ends with what it is of; another's, and what others are made of, stay", () => {
  const h = running()
  const top = (id: string, owner: string) =>
    definition(id, { kind: "lift", parents: ["counts"], rdd: { kind: "hole", index: 0 } }, { name: `top@${id}:1`, named: false, owner })
  const stop = () => h.ask({ kind: "stop", streams: ["p/counts"], cascade: false, by: "ann", force: false })
  h.define(top("mine", "ann"), top("theirs", "bob"))
  assert.is((stop() as { message: string }).message, "p/counts is used by p/top@theirs:1")
  h.ask({ kind: "stop", streams: ["p/top@theirs:1"], cascade: false, by: "bob", force: false })
  assert.equal(stop(), { ok: true, value: { stopped: ["counts", "mine"], names: ["p/counts", "p/top@mine:1"] } })
})

test.run()
