/** What a table of PostgreSQL is asked. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { createStatement, isTable, tableOf, upsertStatement } from "../../../engine/output/table.js"

const test = suite("tables")

const bytes = new TextEncoder().encode('["a",1]\n["b",{"x":[2]}]\n')

test("a URL names the database and the table; one that does not is refused with it", () => {
  assert.equal(["postgres://h/d/t", "postgresql://h/d/t", "file:///tmp", "/tmp/postgres://", "out"].map(isTable), [
    true,
    true,
    false,
    false,
    false,
  ])
  assert.equal(tableOf("postgres://me:secret@db:5433/shop/counts?sslmode=require"), {
    database: "postgres://me:secret@db:5433/shop?sslmode=require",
    name: "counts",
  })
  for (const to of ["postgres://h/d", "postgres://h/", "postgres://h/d/t/u", "postgres://"])
    assert.throws(() => tableOf(to), new RegExp(`save: ${to.replaceAll("/", "\\/")} (names no table|is no URL)`))
})

test("names are quoted, whatever they hold", () => {
  const named = (name: string) => createStatement({ database: "", name }, true).text
  assert.match(named("counts"), /exists "counts" \(key jsonb primary key/)
  assert.match(named("shop.counts"), /"shop"\."counts"/)
  assert.match(named('a"; drop table x; --'), /"a""; drop table x; --" \(/)
})

test("with a key the newer interval stays; without, a row is known by its interval, partition and place", () => {
  const table = { database: "", name: "t" }
  const write = { to: "", atMs: Date.UTC(2026, 10, 21), partition: 3, bytes }
  const keyed = upsertStatement(table, { ...write, keyed: true })
  assert.equal(keyed.values, ['[["a",1],["b",{"x":[2]}]]', "2026-11-21T00:00:00.000Z"])
  assert.match(keyed.text, /on conflict \(key\) do update .* where held\.at <= excluded\.at$/)
  const rows = upsertStatement(table, { ...write, keyed: false })
  assert.equal(rows.values, ['[["a",1],["b",{"x":[2]}]]', "2026-11-21T00:00:00.000Z", 3])
  assert.match(rows.text, /on conflict \(at, partition, n\) do update/)
})

test.run()
