import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { CatalogEntry, Response } from "../../cluster/protocol.js"
import type { TaskFailure } from "../../engine/task.js"
import { counts, definition, Harness, input, start } from "./harness.js"

const test = suite("master: held streams")

/** Tasks of the stream's own stages fail while `fails` says so. */
function failing(failure: Partial<TaskFailure> = {}, config = {}, held = counts("views")): { h: Harness; fails: { now: boolean } } {
  const h = new Harness(config)
  h.join(1)
  h.join(2)
  h.define(
    definition("views", input()),
    definition("counts", held),
    definition("above", counts("counts")),
    definition("other", counts("views")),
  )
  const fails = { now: true }
  const answer = h.answer
  h.answer = one => {
    const steps = one.stage.write.kind === "state" || one.stage.write.kind === "stretch"
    if (!fails.now || one.stage.stream !== "counts" || !steps || one.task.partition !== 1) return answer(one)
    return {
      task: one.task.task,
      ms: 1,
      failure: { kind: "user", message: "boom", operator: "map", record: '"bad"', ...failure },
      outputs: [],
      aside: 0,
      rowsIn: 0,
    }
  }
  h.advance(200)
  return { h, fails }
}

const sum = { kind: "builtin", name: "sum" } as const

let seq = 0
function feed(h: Harness, seconds: number): void {
  for (let i = 0; i < seconds; i++) {
    seq += 1
    const batch = h.batch("w1#1", seq)
    h.report("w1#1", batch)
    h.report("w2#1", { ...batch })
    h.advance(1000)
  }
}

function entry(h: Harness, name: string): CatalogEntry {
  const { value } = h.ask({ kind: "catalog" }) as Extract<Response, { ok: true }>
  return (value as CatalogEntry[]).find(one => one.definition.id === name) as CatalogEntry
}

function through(h: Harness, name: string): number {
  return entry(h, name).throughMs - start
}

const resume = (skip: "record" | "interval" | null, by = "ann", force = false) =>
  ({ kind: "resume", stream: "counts", skip, by, force }) as const

test("a dry run of resume says from where and without what, refuses as resume does, and changes nothing", () => {
  seq = 0
  const { h } = failing()
  feed(h, 4)
  const before = h.records("resumed").length
  const dry = h.ask({ ...resume("record"), dryRun: true }) as Extract<Response, { ok: true }>
  const { from, leftOut } = dry.value as { from: number; leftOut: readonly { from: number; to: number }[] }
  assert.is(from, entry(h, "counts").held?.interval)
  assert.equal(
    leftOut.map(one => one.from),
    [from],
  )
  assert.equal((h.ask({ ...resume(null, "bob"), dryRun: true }) as { code: number }).code, 4)
  assert.is(entry(h, "counts").state, "held")
  assert.is(h.records("resumed").length, before)
})

test("one is held, those behind it wait, all others go on", () => {
  seq = 0
  const { h } = failing()
  feed(h, 4)
  assert.equal(
    h.records("held").map(({ stream }) => stream),
    ["counts"],
  )
  assert.is(entry(h, "counts").state, "held")
  assert.equal(entry(h, "counts").held?.failure.message, "boom")
  assert.is(entry(h, "above").state, "held")
  assert.is(entry(h, "above").heldBy, "p/counts")
  assert.is(entry(h, "above").held, undefined)
  assert.ok(through(h, "other") >= 3000)
  const status = (h.ask({ kind: "status" }) as { value: { held: { stream: string }[] } }).value
  assert.equal(
    status.held.map(({ stream }) => stream),
    ["p/counts"],
  )
})

test("it goes on when it is resumed, and those behind it with it; a restarted master remembers both", () => {
  seq = 0
  const { h, fails } = failing()
  feed(h, 3)
  fails.now = false
  assert.is(h.ask(resume(null))?.ok, true)
  h.advance(2000)
  assert.ok(through(h, "counts") >= 3000, `${through(h, "counts")}`)
  assert.ok(through(h, "above") >= 3000)
  assert.is(entry(h, "counts").state, "running")
  fails.now = true
  feed(h, 2)
  const interval = entry(h, "counts").held?.interval
  assert.ok(interval !== undefined && interval > start + 3000)
  h.restart()
  assert.is(entry(h, "counts").held?.interval, interval)
  assert.is(h.ask(resume("interval"))?.ok, true)
  h.restart()
  assert.is(entry(h, "counts").held, undefined)
})

test("an interval that is skipped is done with, and a restarted master leaves it out as well", () => {
  seq = 0
  const { h } = failing()
  feed(h, 3)
  const failed = entry(h, "counts").held?.interval as number
  assert.is(h.ask(resume("interval"))?.ok, true)
  const versions = h
    .records("replaced")
    .flatMap(record => record.versions.map(({ definition: { id, version }, from }) => [id, version, from]))
  // What was begun of it is not to be mixed with what is made now.
  assert.equal(versions, [
    ["counts", 2, failed],
    ["above", 2, failed],
  ])
  assert.equal(h.records("resumed"), [
    { kind: "resumed", stream: "counts", leftOut: { from: failed, to: failed + 1000, what: "interval" } },
  ])
  // It fails on the next one: first as part of the stretch of all that waits, then by itself.
  h.advance(2000)
  assert.is(entry(h, "counts").held?.interval, failed + 1000)
  assert.ok(through(h, "counts") > failed - start)
  h.restart()
  assert.is(entry(h, "counts").held?.interval, failed + 1000)
  assert.is(entry(h, "counts").definition.version, 2)
})

for (const [what, failure, asked, expected] of [
  ["a record of a function that never returned", { kind: "timeout" }, resume("record"), /did not return/],
  ["a record where no record is at fault", { kind: "machine" }, resume("record"), /no record is at fault/],
  ["another's", {}, resume(null, "bob"), /not yours/],
  ["one that is not held", {}, { ...resume(null), stream: "other" }, /other is not held/],
  ["one that waits", {}, { ...resume(null), stream: "above" }, /it waits for p\/counts/],
] as const) {
  test(`not to be resumed: ${what}`, () => {
    seq = 0
    const { h } = failing(failure)
    feed(h, 3)
    if (failure && "kind" in failure && failure.kind === "machine") feed(h, 2)
    const response = h.ask(asked) as Extract<Response, { ok: false }>
    assert.is(response.ok, false)
    assert.match(response.message, expected)
    assert.is(entry(h, "counts").state, "held")
  })
}

test("a fault of a machine is tried again by itself, with growing pauses, as often as is said; then a person is waited for", () => {
  seq = 0
  const { h, fails } = failing({ kind: "machine", message: "disk full" })
  const resumedAt: number[] = []
  const watched = (seconds: number) => {
    for (let i = 0; i < seconds * 10; i++) {
      const before = h.records("resumed").length
      h.advance(100)
      if (h.records("resumed").length > before) resumedAt.push(h.nowMs)
    }
  }
  feed(h, 3)
  assert.is(entry(h, "counts").state, "held")
  const { retry } = entry(h, "counts").held ?? {}
  assert.is(retry?.of, 20)
  assert.ok(retry !== undefined && retry.atMs > start + h.nowMs - 1, "it says when")
  const status = (h.ask({ kind: "status" }) as { value: { held: { retry?: unknown }[] } }).value
  assert.ok(status.held[0]?.retry)
  watched(40)
  const pauses = resumedAt.slice(1).map((at, i) => at - resumedAt[i]!)
  assert.ok(pauses.length >= 3)
  for (const [i, pause] of pauses.slice(1).entries()) assert.ok(pause >= pauses[i]! * 1.4, `${pauses}`)
  assert.ok(h.said.some(text => /p\/counts goes on by itself \(try 1 of 20\) after: disk full/.test(text)))
  fails.now = false
  watched(40)
  assert.is(entry(h, "counts").state, "running")
  assert.ok(through(h, "counts") >= 3000)
  assert.ok(through(h, "above") >= 3000)
  // Once it has come further, the next fault is the first again.
  fails.now = true
  resumedAt.length = 0
  feed(h, 3)
  watched(5)
  assert.ok(resumedAt.length >= 1)
  // Somebody is waited for in the end; who resumes it gives it as many tries again.
  h.advance(7_200_000, 1000)
  const tried = h.records("resumed").length
  assert.is(entry(h, "counts").state, "held")
  assert.is(entry(h, "counts").held?.retry, undefined)
  assert.ok(h.said.some(text => /waits to be resumed/.test(text)))
  h.advance(3_600_000, 1000)
  assert.is(h.records("resumed").length, tried)
  assert.is(h.ask(resume(null))?.ok, true)
  h.advance(20_000, 500)
  assert.ok(h.records("resumed").length > tried + 2)
})

test("what a user's function did is not tried again by itself", () => {
  seq = 0
  const { h } = failing()
  feed(h, 3)
  h.advance(60_000, 500)
  assert.equal(h.records("resumed"), [])
  assert.is(entry(h, "counts").held?.retry, undefined)
})

test("by force another's is resumed", () => {
  seq = 0
  const { h } = failing()
  feed(h, 3)
  assert.is(h.ask(resume(null, "bob", true))?.ok, true)
})

test("input is kept for it to a bound; what goes beyond is said, and left out when it goes on", () => {
  seq = 0
  // 2,000 bytes an interval with their copies, a bound of 6,000.
  const { h, fails } = failing({}, { heldShare: 3e-6, rememberMs: 1000 })
  feed(h, 12)
  const { held } = entry(h, "counts")
  assert.is(held?.boundBytes, 6000)
  assert.ok(held !== undefined && held.keptBytes <= 6000 && held.keptBytes > 0, `${held?.keptBytes}`)
  assert.is(held?.gaveUp?.length, 1)
  const to = held?.gaveUp?.[0]?.to as number
  assert.ok(to - start >= 4000)
  assert.ok(h.said.some(text => text.includes("is given up")))
  assert.ok(h.messages("event").some(({ message: { event } }) => event.kind === "warning") || h.messages("event").length === 0)
  // Input and its blocks are let go.
  const forgotten = h.messages("forget").flatMap(({ message }) => message.streams.filter(({ stream }) => stream === "views"))
  assert.ok(forgotten.length > 0)
  assert.ok(entry(h, "views").reachesMs >= to - 1000)
  // The master does not grow with it.
  assert.ok(entry(h, "views").bytes <= 8000)
  fails.now = false
  assert.is(h.ask(resume(null))?.ok, true)
  h.advance(2000)
  assert.ok(through(h, "counts") >= 11_000, `${through(h, "counts")}`)
  assert.ok(through(h, "above") >= 11_000)
  assert.is(entry(h, "counts").state, "running")
})

test("what cannot be archived is kept, whatever bound there is, and tried until it can be", () => {
  seq = 0
  const h = new Harness({ heldShare: 3e-6, rememberMs: 1000 })
  h.join(1)
  h.join(2)
  h.define(
    definition("views", input()),
    definition("views.archive", { kind: "archive", parent: "views", to: "/full" }),
    // What another would leave out is kept for it as well.
    definition("counts", counts("views")),
  )
  const full = { now: true }
  const answer = h.answer
  h.answer = one => {
    const { stream, write } = one.stage
    const broken = stream === "views.archive" || (stream === "counts" && write.kind !== "shuffle")
    if (!full.now || !broken) return answer(one)
    const failure =
      stream === "counts" ? ({ kind: "user", message: "boom" } as const) : ({ kind: "machine", message: "the disk is full" } as const)
    return { task: one.task.task, ms: 1, failure, outputs: [], aside: 0, rowsIn: 0 }
  }
  h.advance(200)
  feed(h, 12)
  const { held } = entry(h, "views.archive")
  assert.equal([held?.gaveUp, held?.boundBytes, held?.retry?.of], [undefined, Infinity, Infinity])
  assert.is(held?.keptBytes, 22_000, "2,000 an interval, of those that are not remembered")
  const forgotten = () => h.messages("forget").some(({ message }) => message.streams.some(({ stream }) => stream === "views"))
  assert.not.ok(forgotten())
  assert.equal(h.records("gaveUp"), [])
  h.advance(2 * 3_600_000, 1_000)
  full.now = false
  h.advance(31_000, 500)
  assert.is(entry(h, "views.archive").state, "running")
  assert.ok(through(h, "views.archive") >= 12_000)
  assert.ok(forgotten())
})

test("a window that reaches over what was given up: it goes on, and the answer names the gap; the gap's bytes are gone all the same", () => {
  for (const seconds of [3, 8, 40]) {
    seq = 0
    const op = { kind: "reduceByWindow", lengthMs: seconds * 1000, slideMs: 1000, f: sum, inverse: sum } as const
    const window = { kind: "state", parent: "views", op, partitions: 4, initial: null } as const
    const { h, fails } = failing({}, { heldShare: 3e-6, rememberMs: 1000 }, window)
    fails.now = false
    feed(h, 10)
    assert.ok(through(h, "counts") >= 9_000)
    fails.now = true
    feed(h, 12)
    const { held } = entry(h, "counts")
    const [gap] = held?.gaveUp ?? []
    assert.ok(gap !== undefined && gap.to - gap.from >= 4000, "something was given up")
    assert.ok(held !== undefined && held.keptBytes <= 6000 && held.keptBytes > 0, `${held?.keptBytes}`)
    assert.ok(entry(h, "views").bytes <= 10_000 + 2_000 * Math.min(seconds, 10), `${entry(h, "views").bytes}`)
    fails.now = false
    const answer = h.ask(resume(null))
    assert.equal(answer, { ok: true, value: { from: held.interval, leftOut: [{ ...gap, what: "interval" }] } })
    feed(h, 3)
    assert.is(entry(h, "counts").state, "running", JSON.stringify(entry(h, "counts").held))
    assert.ok(through(h, "counts") >= 24_000, `${seconds}: ${through(h, "counts")}`)
    assert.ok(through(h, "above") >= 24_000)
  }
})

test.run()
