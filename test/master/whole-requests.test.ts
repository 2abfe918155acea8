/** A request is in the journal wholly or not at all, wherever the master was killed while it wrote. */
import { serialize } from "node:v8"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { readRecords } from "../../cluster/master/main.js"
import { eachRecord } from "../../cluster/master/records.js"
import type { Journal } from "../../cluster/ports.js"
import type { Request } from "../../cluster/protocol.js"
import type { StreamDefinition, StreamNode } from "../../engine/definition.js"
import { counts, definition, Harness, input } from "./harness.js"

const test = suite("master: a request is one record")

const lift = (parent: string, hash: string): StreamNode => ({
  kind: "lift",
  parents: [parent],
  rdd: { kind: "map", parent: { kind: "hole", index: 0 }, f: { kind: "function", hash } },
})

/** Two streams, each of a step of its own; `more` only in some versions. */
function program(session: string, f: string, ...more: readonly string[]): StreamDefinition[] {
  const id = (name: string) => `${session}.${name}`
  return ["one", "two", ...more].flatMap(name => [
    definition(id(`${name}-step`), lift("views", `${f}-${name}`), { name: `${name}-step` }),
    definition(id(name), counts(id(`${name}-step`)), { name }),
  ])
}

type Submit = Extract<Request, { kind: "submit" }>

const submit = (session: string, f: string, ...more: readonly string[]): Submit => ({
  ...{ kind: "submit", session: "s1", program: "p", definitions: program(session, f, ...more) },
  ...{ assets: [{ hash: `${f}-one`, bytes: new Uint8Array([1]) }], dryRun: false, by: "ann", force: false },
})

const requests: readonly (readonly [string, Request])[] = [
  ["a program submitted anew: some streams change, one is new, one goes", submit("b", "f2", "third")],
  [
    "of which some was tried out before",
    { ...submit("b", "f2"), definitions: [...program("b", "f2"), definition("tried", counts("views"))] },
  ],
  [
    "a replacement with a step of its own",
    {
      ...{ kind: "replace", session: "s1", stream: "p/one", assets: [{ hash: "new", bytes: new Uint8Array([2]) }], dryRun: false },
      ...{ from: null, state: { kind: "keep" }, by: "ann", force: false },
      definitions: [definition("c.step", lift("views", "new"), { name: "step2" })],
      next: definition("c.one", counts("c.step"), { name: "one" }),
    },
  ],
  [
    "a definition that takes a name",
    { kind: "define", session: "s1", definitions: [definition("taker", counts("views"), { name: "tried" })], assets: [] },
  ],
  ["a rename that takes a name", { kind: "rename", stream: "tried", name: "other", by: "ann", force: false, takes: true }],
]

function running(): Harness {
  const h = new Harness()
  h.join(1)
  h.join(2)
  h.ask({ kind: "openSession", user: "ann", program: "p" })
  h.define(definition("views", input(), { program: "in" }))
  h.ask(submit("a", "f1", "going"))
  h.define(definition("tried", counts("views")), definition("other", counts("views")))
  h.report("w1#1", h.batch("w1#1", 1))
  h.advance(3000)
  return h
}

/** What a master that reads so much of the journal knows of the definitions. */
function known(h: Harness, records: number) {
  const again = new Harness(h.config)
  again.journal.push(...h.journal.slice(0, records))
  again.restart()
  const { value: streams } = again.ask({ kind: "catalog" }) as { value: { definition: StreamDefinition; state: string }[] }
  return streams.map(({ definition: { id, name, version }, state }) => {
    const told = again.ask({ kind: "versions", stream: id }) as { value: readonly { from: number; version: number }[] }
    return `${id} ${name} v${version} ${state} ${told.value.map(({ version: v, from }) => `v${v} from ${from}`).join(", ")}`
  })
}

for (const [what, request] of requests) {
  test(`${what}: a master killed while it writes leaves all of it or nothing`, () => {
    const h = running()
    const first = h.journal.length
    const before = known(h, first)
    const response = h.ask(request)
    assert.is(response?.ok, true, JSON.stringify(response))
    const after = known(h, h.journal.length)
    assert.not.equal(after, before)
    for (let n = first + 1; n < h.journal.length; n++) {
      const half = known(h, n)
      if (JSON.stringify(half) !== JSON.stringify(after))
        assert.equal(half, before, `after ${n - first} of ${h.journal.length - first} records`)
    }
  })
}

test("what was made anew beside takes all its places at once", () => {
  const h = running()
  h.define(definition("reader", counts("a.one"), { program: "q" }))
  const first = h.journal.length
  assert.is(h.ask({ ...submit("b", "f2"), anew: true })?.ok, true)
  h.advance(10_000)
  const switches = h.journal
    .slice(first)
    .map(({ record }) => eachRecord(record).filter(({ kind }) => kind === "rename" || kind === "replaced").length)
    .filter(count => count > 0)
  // Of four streams both names, and the reader's definition.
  assert.equal(switches, [9])
})

test("a journal with a record of a kind that is not known is refused", async () => {
  const journalOf = (...records: readonly object[]) => ({
    read: async function* () {
      for (const [i, record] of records.entries()) yield { sequence: i + 1, record: serialize(record) }
    },
  })
  const kept = { kind: "kept", streams: ["s"] }
  const read = (...records: readonly object[]) => readRecords(journalOf(...records) as unknown as Journal)
  assert.is((await read(kept, { kind: "together", records: [kept] })).length, 2)
  for (const odd of [{ kind: "novel" }, { kind: "together", records: [kept, { kind: "novel" }] }]) {
    const error = await read(kept, odd).catch(error => error)
    assert.match(error.message, /the journal's record 2 is "novel", which Rivulet .* does not know/)
    assert.is(error.code, 2)
  }
})

test.run()
