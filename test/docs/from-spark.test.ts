/** What docs/from-spark.md says of Spark's names: "the same" is there, and any other name answers with what to type. */

import { readFileSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { ClientSession } from "../../cluster/client/client-session.js"
import { simulate } from "../../cluster/testing/index.js"
import { isHint } from "../../engine/fluent/hints.js"
import { RddHandle } from "../../engine/fluent/rdd.js"
import { RecordsHandle } from "../../engine/fluent/records.js"
import { SnapshotHandle, StateHandle } from "../../engine/fluent/snapshot.js"
import { SnapshotsHandle } from "../../engine/fluent/snapshots.js"
import { root } from "../../scripts/places.js"

const page = readFileSync(`${root}/docs/from-spark.md`, "utf8")
const session = await simulate({ workers: 1 })
const prototypes: Readonly<Record<string, object>> = {
  "D-Streams": RecordsHandle.prototype,
  "D-Streams of pairs": RecordsHandle.prototype,
  RDDs: RddHandle.prototype,
  "RDDs of pairs": RddHandle.prototype,
  Contexts: session,
}

const found = (prototype: object, name: string): "there" | "hint" | "nothing" => {
  const value: unknown = (prototype as Record<string, unknown>)[name]
  return typeof value !== "function" ? "nothing" : isHint(value) ? "hint" : "there"
}

for (const [heading, prototype] of Object.entries(prototypes)) {
  test(heading, () => {
    const table = page.split(`### ${heading}\n`)[1]!.split(/^##/m)[0]!
    const rows = [...table.matchAll(/^\| (`.*?) \| (.*) \|$/gm)]
    assert.ok(rows.length >= 5, `${rows.length} rows`)
    for (const [, theirs, here] of rows) {
      // What is not a name alone is described: no method can be asked.
      for (const [, name] of theirs!.matchAll(/`(\w+)`(?= ?[,|]|$)/g)) {
        const same = here!.startsWith("the same")
        const ours = new RegExp(`\\b${name}\\(`).test(here!) || here!.startsWith("see above")
        const is = found(prototype, name!)
        if (same) assert.is(is, "there", `${heading}: ${name}`)
        else assert.ok(is === "hint" || (ours && is === "there") || name === "reduceByWindow", `${heading}: ${name} is ${is}`)
      }
    }
  })
}

test("each name that answers with what to type is on the page", () => {
  const named = new Set([...page.matchAll(/\b[a-z]\w+\b/gi)].map(([name]) => name))
  const all = [RecordsHandle, StateHandle, SnapshotsHandle, RddHandle]
  const missing = [...all, SnapshotHandle, ClientSession]
    .flatMap(({ prototype }) => Object.entries(Object.getOwnPropertyDescriptors(prototype)))
    .flatMap(([name, { value }]) => (typeof value === "function" && isHint(value) ? [name] : []))
    .filter(name => !named.has(name))
    // A name of ours on a handle that does not have it.
    .filter(name => all.every(({ prototype }) => found(prototype, name) !== "there"))
  assert.equal([...new Set(missing)], [])
})

test.after(() => session.close())
test.run()
