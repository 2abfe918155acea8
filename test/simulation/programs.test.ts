/** Programs, scratch and what a session may change, through the session: on the simulated cluster. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { ClientSession } from "../../cluster/client/client-session.js"
import { createSession } from "../../cluster/client/create-session.js"
import { type Simulation, simulate } from "../../cluster/testing/index.js"
import { sum } from "../../engine/builtins.js"

const test = suite("programs and scratch")

const directory = mkdtempSync(join(tmpdir(), "rivulet-programs-"))
test.after(() => rmSync(directory, { recursive: true, force: true }))

/** A colleague's session on the same cluster, whose scratch stays for a minute. */
function colleague(s: Simulation): Promise<ClientSession> {
  return createSession(s.calls, { user: "bob", partitions: 4, timeoutMs: 60_000, scratchMs: 60_000 })
}

/** It leaves: what another connection would say by its end. */
async function leave(s: Simulation, session: ClientSession): Promise<void> {
  await s.calls.call({ kind: "close", session: session.id })
}

/** Those that have a name. */
async function running(s: Simulation): Promise<string[]> {
  const all = (await s.streams()).map(({ program, name }) => `${program}/${name}`)
  return all.filter(name => !name.includes("@")).sort()
}

test("scratch ends some time after its session; what is kept does not, nor what it is made of; `expires` says when", async () => {
  const s = await simulate({ workers: 2 })
  const bob = await colleague(s)
  const views = bob.readStream("views", "1s")
  const ones = views.map(v => [v, 1])
  ones.runningReduce(sum).named("counts").keep()
  ones.reduceByWindow("5s", sum).named("recent")
  await bob.flush()
  s.feed("views", ["a", "b", "a"])
  await s.advance("2s")
  assert.equal((await s.streams()).map(({ expires }) => expires).filter(Boolean), [])
  await leave(s, bob)
  await s.advance("50s")
  const recent = (await s.streams()).find(({ name }) => name === "recent")!
  assert.ok(Math.abs(recent.expires! - s.clock.now() - 10_000) <= 2_000)
  assert.equal(await running(s), ["bob/counts", "bob/recent", "bob/views"].sort())
  await s.advance("15s")
  assert.equal(await running(s), ["bob/counts", "bob/views"])
  s.feed("views", ["a"])
  await s.advance("1s")
  assert.is(await s.state("bob/counts").get("a"), 3)
  await s.close()
})

test("stop, then undo: the state goes on, through what came meanwhile", async () => {
  const s = await simulate({ workers: 2 })
  const counts = s
    .readStream("views", "1s")
    .map(v => [v, 1])
    .runningReduce(sum)
    .named("counts")
  s.feed("views", ["a"])
  await s.advance("1s")
  await counts.stop()
  s.feed("views", ["a", "b"])
  await s.advance("30s")
  assert.equal(await running(s), ["test/views"])
  assert.equal(await s.undo(), ["test/counts"])
  s.feed("views", ["a"])
  await s.advance("1s")
  const again = s.state<string, number>("counts")
  assert.equal((await again.latest().collect()).sort(), [
    ["a", 3],
    ["b", 1],
  ])
  assert.equal((await again.slice("-32s").count()).last, 2)
  let code = 0
  await s.undo().catch(error => {
    code = error.code
  })
  assert.is(code, 2)
  await s.close()
})

test("submit from a session: the exports are streams of the program, a dry run changes nothing, the file may change", async () => {
  const s = await simulate({ workers: 2 })
  const file = join(directory, "shop.ts")
  const write = (f: string) =>
    writeFileSync(
      file,
      `import { readStream, sum } from "rivulet"
const views = readStream("views", "1s")
export const ones = views.map(${f})
export const counts = ones.runningReduce(sum)
`,
    )
  write("v => [v, 1]")
  const dry = await s.submit(file, { dryRun: true })
  assert.equal([dry.add, dry.applied], [["shop/views", "shop/ones", "shop/counts"], false])
  assert.equal(await running(s), [])
  const plan = await s.submit(file)
  assert.equal([plan.add, plan.applied], [["shop/views", "shop/ones", "shop/counts"], true])
  s.feed("views", ["a", "a"])
  await s.streams()
  await s.advance("2s")
  assert.is(await s.state("shop/counts").get("a"), 2)
  write("v => [v, 10]")
  const again = await s.submit(file)
  assert.equal(
    again.change.map(({ name, state }) => `${name} ${state}`),
    ["shop/ones none"],
  )
  s.feed("views", ["a"])
  await s.advance("2s")
  assert.is(await s.state("shop/counts").get("a"), 12)
  assert.equal((await s.submit(file, { name: "other" })).add, ["other/ones", "other/counts"])
  assert.equal((await s.streams()).map(({ expires }) => expires).filter(Boolean), [], "what is submitted stays")
  let error = { code: 0, message: "" }
  await s.submit(join(directory, "none.ts")).catch(thrown => {
    error = thrown
  })
  assert.is(error.code, 2)
  await s.close()
})

test("a new name: handles stay, jobs go by it, and who asks for the old one hears it", async () => {
  const s = await simulate({ workers: 2 })
  const views = s.readStream("views", "1s")
  const counts = views
    .map(v => [v, 1])
    .runningReduce(sum)
    .named("counts")
  s.feed("views", ["a"])
  await s.advance("1s")
  counts.named("totals")
  await s.flush()
  assert.equal([counts.name, await counts.get("a")], ["totals", 1])
  assert.equal(
    (await s.jobs({ stream: "totals" })).map(({ stream }) => stream),
    ["test/totals"],
  )
  const bob = await colleague(s)
  const message = (name: string) => {
    try {
      return bob.stream(name).name
    } catch (error) {
      return (error as Error).message
    }
  }
  assert.equal(
    [message("counts"), message("test/counts"), message("totals")],
    ["counts is called test/totals now", "test/counts is called test/totals now", "totals"],
  )
  await s.close()
})

test("remember holds from then on, of a stream that runs too; a program's hash says whether it is the same", async () => {
  const s = await simulate({ workers: 2 })
  const views = s.readStream("views", "1s", { remember: "1h" })
  views
    .map(v => [v, 1])
    .runningReduce(sum)
    .named("counts")
  await s.flush()
  for (let minute = 0; minute < 4; minute++) {
    s.feed("views", ["a"])
    await s.advance("1m")
  }
  assert.is(await views.slice("-10m").count(), 4)
  views.remember("90s")
  await s.flush()
  await s.advance("2s")
  assert.is(await views.slice("-80s").count(), 1)
  const reach = (await views.info()).reaches
  assert.ok(s.clock.now() - reach <= 93_000 && s.clock.now() - reach >= 90_000, `reaches ${s.clock.now() - reach} ms back`)
  const hash = (await s.programs())[0]!.hash
  assert.match(hash, /^[0-9a-f]{12}$/)
  s.state("counts")
    .filter(() => true)
    .named("all")
  await s.flush()
  assert.not((await s.programs())[0]!.hash === hash)
  await s.close()
})

test("what cannot be: a range that ends before it begins", async () => {
  const s = await simulate({ workers: 1 })
  const views = s.readStream("views", "1s")
  const counts = views.map(v => [v, 1]).runningReduce(sum)
  for (const ask of [() => views.slice("-1s", "-3s"), () => counts.slice("2026-01-02", "2026-01-01")])
    assert.throws(ask, /ends before it begins/)
  await s.close()
})

test.run()
