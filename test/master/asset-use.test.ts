/** Functions and data go with what was defined with them, and whoever takes them to be there still hears it. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { AssetUse } from "../../cluster/master/asset-use.js"
import { Ledger } from "../../cluster/master/ledger.js"
import { assetHashes } from "../../engine/asset-hashes.js"
import type { FunctionLink } from "../../engine/function-ref.js"
import { counts, definition, Harness, input } from "./harness.js"

const test = suite("master: which functions are kept")

const link = (hash: string, ...parts: string[]): FunctionLink => ({ kind: "function", hash, ...(parts.length > 0 && { parts }) })

test("a definition's hashes: its functions, their parts, data of parallelize; none of sealed blocks", () => {
  const named = [
    { kind: "map", f: link("f", "module", "large"), parent: { kind: "parallelize", assets: ["data"] } },
    { kind: "input", groups: [[{ kind: "function", hash: "no" }]] },
    null,
    new Uint8Array(3),
  ]
  assert.equal([...assetHashes(named)], ["f", "module", "large", "data"])
})

test("what neither a definition nor a question names is let go of at the second look", () => {
  const ledger = new Ledger()
  for (const hash of ["in-definition", "in-version", "in-question", "in-nothing"]) ledger.assets.set(hash, new Uint8Array(8))
  const asked = new Set(["in-question"])
  const use = new AssetUse(ledger, { assetHashes: used => asked.forEach(hash => void used.add(hash)) })
  const node = (hash: string) => ({ kind: "lift", parents: ["views"], rdd: { kind: "map", f: link(hash) } })
  ledger.apply({
    kind: "define",
    session: "s1",
    definitions: [{ definition: definition("long", node("in-definition") as never), since: 0 }],
    assets: [],
    wallMs: 0,
  })
  ledger.streams.get("long")!.versions.push({ definition: definition("long", node("in-version") as never), from: 0 })
  const left = () => {
    use.sweep()
    return [...ledger.assets.keys()]
  }
  assert.equal(left().length, 4)
  assert.equal(left(), ["in-definition", "in-version", "in-question"])
  asked.clear()
  assert.equal(left().length, 3, "a task that has just ended may still ask")
  assert.equal(left(), ["in-definition", "in-version"])
})

test("functions of streams that are long gone leave the journal, and a client that does not send them again is told which", () => {
  const h = new Harness({ snapshotEvery: 10, rememberMs: 1_000 })
  h.join(1)
  h.join(2)
  h.define(definition("views", input()))
  const bytes = new Uint8Array(1_000)
  const define = (i: number, kept?: readonly string[]) => {
    const hash = `f${i}`
    const made = { ...counts("views"), f: link(hash) } as never
    const assets = kept === undefined ? [{ hash, bytes }] : []
    return h.ask({ kind: "define", session: "s1", definitions: [definition(`s${i}`, made)], assets, ...(kept && { kept }) })
  }
  for (let i = 0; i < 230; i++) {
    assert.is(define(i)?.ok, true)
    h.ask({ kind: "stop", streams: [`s${i}`], cascade: false, by: "u", force: true })
  }
  define(230)
  // Stopped streams can be called back for ten minutes.
  h.advance(900_000, 1_000)
  const newest = h.journal.findLast(({ record }) => record.kind === "snapshot")!.record as unknown as {
    state: { assets: { hash: string }[] }
  }
  const there = new Set(newest.state.assets.map(({ hash }) => hash))
  assert.equal([there.has("f0"), there.has("f229"), there.has("f230")], [false, true, true])
  const lacking = define(500, ["f0", "f230"]) as { ok: boolean; lacking?: readonly string[] }
  assert.equal([lacking.ok, lacking.lacking], [false, ["f0"]])
  assert.is(define(501, ["f230"])?.ok, true)
})

test.run()
