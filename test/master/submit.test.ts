import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { ReplacePlan, Response } from "../../cluster/protocol.js"
import type { StreamDefinition, StreamNode } from "../../engine/definition.js"
import type { RddNode } from "../../engine/rdd.js"
import { counts, definition, Harness, input } from "./harness.js"

const test = suite("master: a program submitted again")

const map = (hash: string): RddNode => ({ kind: "map", parent: { kind: "hole", index: 0 }, f: { kind: "function", hash } })
const lift = (parent: string, rdd: RddNode): StreamNode => ({ kind: "lift", parents: [parent], rdd })
/** As another session would send it: ids of its own. */
function program(session: string, f: string, more: readonly StreamDefinition[] = []): StreamDefinition[] {
  const id = (name: string) => `${session}.${name}`
  return [
    definition(id("ones"), lift("views", map(f)), { name: "ones" }),
    definition(id("step"), lift(id("ones"), map("same")), { name: `map@p.ts:${session}`, named: false }),
    definition(id("counts"), counts(id("step")), { name: "counts" }),
    ...more,
  ]
}

function submit(
  h: Harness,
  definitions: readonly StreamDefinition[],
  more: { dryRun?: boolean; by?: string; force?: boolean; anew?: true } = {},
) {
  const { dryRun = false, by = "ann", force = false, ...anew } = more
  const response = h.ask({ kind: "submit", session: "s1", program: "p", definitions, assets: [], dryRun, by, force, ...anew }) as Response
  if (!response.ok) return { error: response.message, code: response.code, plan: null }
  return { error: null, code: 0, plan: (response.value as { plan: ReplacePlan }).plan }
}

function running(): Harness {
  const h = new Harness()
  h.join(1)
  h.join(2)
  h.define(definition("views", input(), { program: "in" }))
  const extra = definition("a.extra", counts("a.ones"), { name: "extra" })
  assert.equal(submit(h, program("a", "f1", [extra])).plan?.add, ["p/ones", "p/counts", "p/extra"])
  h.report("w1#1", h.batch("w1#1", 1))
  h.advance(3000)
  return h
}

const names = (h: Harness) => {
  const { value } = h.ask({ kind: "catalog" }) as { value: { definition: StreamDefinition }[] }
  return value.map(({ definition: { id, name, version } }) => `${name} ${id} v${version}`)
}

test("the same again changes nothing", () => {
  const h = running()
  const before = names(h)
  const { plan } = submit(h, program("b", "f1", [definition("b.extra", counts("b.ones"), { name: "extra" })]))
  assert.equal([plan?.add, plan?.change, plan?.stop, plan?.unchanged], [[], [], [], ["p/ones", "p/counts", "p/extra"]])
  assert.equal(names(h), before)
})

test("what a stream is joined with has the cluster's id, too: the same again changes nothing", () => {
  const h = running()
  const joined = (session: string) => {
    const was: RddNode = { kind: "slice", stream: `${session}.ones`, from: 1000, to: 2000 }
    const rdd: RddNode = { kind: "cogroup", parents: [{ kind: "hole", index: 0 }, was], partitions: 2, join: "inner" }
    return definition(`${session}.joined`, lift("views", rdd), { name: "joined", persist: true })
  }
  const extra = (session: string) => definition(`${session}.extra`, counts(`${session}.ones`), { name: "extra" })
  assert.equal(submit(h, program("b", "f1", [extra("b"), joined("b")])).plan?.add, ["p/joined"])
  const { plan } = submit(h, program("c", "f1", [extra("c"), joined("c")]))
  assert.equal([plan?.add, plan?.change, plan?.stop], [[], [], []])
  assert.match(submit(h, program("c", "f1", [extra("c"), joined("d")])).error ?? "", /there is no stream d\.ones/)
  const { value } = h.ask({ kind: "catalog" }) as { value: { definition: StreamDefinition }[] }
  const { node } = value.find(({ definition: { name } }) => name === "joined")!.definition
  assert.match(JSON.stringify(node), /"stream":"a\.ones"/)
})

test("what changed is replaced at a boundary, what is downstream stays, what is gone is stopped, what is new is added", () => {
  const h = running()
  const next = program("b", "f2", [definition("b.fresh", counts("b.counts"), { name: "fresh" })])
  const dry = submit(h, next, { dryRun: true }).plan
  assert.is(dry?.applied, false)
  assert.ok(names(h).includes("extra a.extra v1"))
  const { plan } = submit(h, next)
  assert.equal({ ...plan, applied: false }, dry)
  assert.equal(
    [plan?.add, plan?.change.map(({ name, state }) => `${name} ${state}`), plan?.stop, plan?.unchanged],
    [["p/fresh"], ["p/ones none"], ["p/extra"], ["p/counts"]],
  )
  assert.equal(names(h), ["views views v1", "ones a.ones v2", "map@p.ts:a a.step v1", "counts a.counts v1", "fresh b.fresh v1"])
  const at = plan?.at as number
  const issued = h
    .records("progress")
    .flatMap(({ through }) => through.filter(({ stream }) => stream === "counts"))
    .at(-1)?.through
  assert.ok(at >= (issued ?? 0))
  // Tasks of earlier intervals have the one function, of later ones the other.
  h.report("w1#1", h.batch("w1#1", 2))
  h.advance(3000)
  const used = h
    .messages("launch")
    .flatMap(({ message }) => message.stages)
    .filter(({ write, root }) => write.kind === "shuffle" && JSON.stringify(root).includes('"f'))
    .map(({ interval, root }) => [(interval?.from ?? 0) >= at, JSON.stringify(root).includes('"f2"')])
  assert.ok(used.length >= 2)
  for (const [later, second] of used) assert.is(later, second)
  h.restart()
  assert.ok(names(h).includes("ones a.ones v2"))
  const versions = h.ask({ kind: "versions", stream: "p/ones" }) as { value: { version: number; from: number }[] }
  assert.equal(
    versions.value.map(({ version }) => version),
    [1, 2],
  )
  assert.is(versions.value[1]?.from, at)
})

test("a state of another kind does not fit; another's program needs force; what others use is not stopped", () => {
  const h = running()
  const other = program("b", "f1").map(one =>
    one.name === "counts"
      ? definition(
          "b.counts",
          { ...counts("b.step"), op: { kind: "updateStateByKey", update: { kind: "function", hash: "u" } } } as StreamNode,
          {
            name: "counts",
          },
        )
      : one,
  )
  const refused = submit(h, other)
  assert.is(refused.code, 4)
  assert.match(refused.error ?? "", /^state does not fit: .* \(p\/counts\)$/)
  const bob = submit(h, program("b", "f2"), { by: "bob" })
  assert.is(bob.code, 4)
  assert.match(bob.error ?? "", /not yours: p\/ones \(ann\)/)
  h.define(definition("q", counts("a.extra"), { program: "q", name: "q" }))
  const used = submit(h, program("b", "f1"))
  assert.is(used.code, 4)
  assert.match(used.error ?? "", /p\/extra is no more in the program, and q\/q uses it/)
  assert.is(submit(h, program("c", "f2", [definition("c.extra", counts("c.ones"), { name: "extra" })]), { by: "bob", force: true }).code, 0)
})

const extra = (session: string) => definition(`${session}.extra`, counts(`${session}.ones`), { name: "extra" })

test("what is made anew lies beside; submitted again without a past, that is given up", () => {
  const h = running()
  const before = names(h)
  const { plan } = submit(h, program("b", "f2", [extra("b")]), { anew: true })
  assert.equal(
    [plan?.add, plan?.change.map(({ name, state }) => `${name} ${state}`), plan?.stop, plan?.unchanged],
    [[], ["p/ones none", "p/counts reset", "p/extra reset"], [], []],
  )
  const beside = ["ones~next b.ones v1", "map@p.ts:b b.step v1", "counts~next b.counts v1", "extra~next b.extra v1"]
  assert.equal(names(h), [...before, ...beside])
  assert.equal(submit(h, program("c", "f1", [extra("c")])).plan?.stop.length, 3)
  assert.equal(names(h), before)
})

test("it takes the place when it is as far; what it succeeds is stopped, with its steps; the journal knows", () => {
  const h = running()
  submit(h, program("b", "f2", [extra("b")]), { anew: true })
  h.advance(5000)
  h.restart()
  assert.equal(names(h), ["views views v1", "ones b.ones v1", "map@p.ts:b b.step v1", "counts b.counts v1", "extra b.extra v1"])
})

test("what is to be made anew as another kind is refused", () => {
  const h = running()
  const next = program("b", "f1").map(one =>
    one.name === "counts" ? { ...one, kind: "records" as const, node: lift("b.step", map("x")) } : one,
  )
  assert.match(
    submit(h, [...next, extra("b")], { anew: true }).error ?? "",
    /counts is a state, what is to take its place is a stream of records/,
  )
})

test("a plan says what people have named that is made anew, whatever is in the name", () => {
  const h = running()
  const more = (session: string) => definition(`${session}.more`, counts(`${session}.ones`), { name: "more@home" })
  submit(h, program("b", "f1", [more("b")]))
  const { plan } = submit(h, program("c", "f2", [more("c")]), { anew: true, dryRun: true })
  assert.equal(
    plan?.change.map(({ name }) => name),
    ["p/ones", "p/counts", "p/more@home"],
  )
})

test.run()
