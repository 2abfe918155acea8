/** An archived input under kills: every interval is on disk once, one slice reaches over memory and archive, batch mode over it gives the same. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { createSession } from "../../cluster/client/create-session.js"
import { simulate } from "../../cluster/testing/index.js"
import { Random } from "../../cluster/testing/random.js"
import { sum } from "../../engine/builtins.js"

const test = suite("archive")
const startMs = Date.UTC(2026, 0, 1)

for (const seed of [1, 2, 3, 4, 5])
  test(`seed ${seed}: whoever dies, slices are whole and a replay's versions are the live ones`, async () => {
    const random = new Random(seed)
    const cluster = await simulate({ workers: 3, seed, start: startMs })
    const views = cluster.readStream("views", "1s", { remember: "3s", archive: "/data" })
    const counts = views.map(line => [line, 1]).runningReduce(sum)
    const intervals: string[][] = []
    for (let i = 0; i < 24; i++) {
      const lines = random.chance(0.2) ? [] : Array.from({ length: random.integer(1, 41) }, () => `/${random.integer(0, 6)}`)
      intervals.push(lines)
      // One at a time: two copies bear one loss, and are two again a few seconds later.
      if (i % 6 === 3) {
        const node = ["w1", "w2", "w3", "master"][random.integer(0, 4)]!
        cluster.kill(node)
        if (node !== "master") cluster.feed("views", lines)
        cluster.restart(node)
        if (node === "master") cluster.feed("views", lines)
      } else cluster.feed("views", lines)
      await cluster.advance("1s")
    }
    for (let i = 0; i < 6; i++) await cluster.advance("1s")
    const all = intervals.flat().sort()
    const whole = await views
      .slice(startMs, startMs + 60_000)
      .collect()
      .stamped()
    assert.equal([...whole.value].sort(), all)
    assert.ok(whole.stamp.from.includes("archive"), whole.stamp.from.join())
    for (const [i, lines] of intervals.entries()) {
      const there = await views.at(startMs + i * 1000).collect()
      assert.equal([...there].sort(), [...lines].sort(), `interval ${i}`)
    }
    const old = cluster.readStream("archive:/data/views", "1s")
    const again = old.map(line => [line, 1]).runningReduce(sum)
    assert.equal([...(await old.slice(startMs, startMs + 24_000).collect())].sort(), all)
    await cluster.drained()
    const newest = intervals.length - 1 - [...intervals].reverse().findIndex(lines => lines.length > 0)
    for (const i of [newest, newest - 1, newest - 2]) {
      const at = startMs + i * 1000
      assert.equal(await again.at(at).collect(), await counts.at(at).collect(), `version ${i}`)
    }
    await cluster.close()
  })

test("what is defined later begins with what memory holds; a time that is named leads into the archive, and so does a question", async () => {
  const cluster = await simulate({ workers: 2, start: startMs })
  const views = cluster.readStream("views", "1s", { remember: "3s", archive: "/data" })
  await cluster.flush()
  for (let i = 0; i < 12; i++) {
    cluster.feed("views", [`/${i}`])
    await cluster.advance("1s")
  }
  const late = views.map(line => [line, 1]).runningReduce(sum)
  const all = views.map(line => [line, 1]).runningReduce(sum, { from: startMs + 2000 })
  await cluster.flush()
  await cluster.advance("2s")
  const { since } = await late.info()
  assert.ok(since >= startMs + 6000 && since <= startMs + 9000, `${since - startMs}`)
  assert.is((await all.info()).since, startMs + 2000)
  assert.is(await all.latest().count(), 10)
  assert.is(await late.latest().count(), 12 - (since - startMs) / 1000)
  const recipe = views.map(line => line.length)
  assert.is(await recipe.slice(startMs, startMs + 12_000).count(), 12)
  await cluster.close()
})

test("what a question reads by a recipe of its own stays in memory until it is answered, while the archive takes over what is beside it", async () => {
  const cluster = await simulate({ workers: 2, start: startMs, pace: "random" })
  const views = cluster.readStream("views", "100ms", { remember: "2s", archive: "/data" })
  await cluster.flush()
  const feed = async (i: number) => {
    cluster.feed("views", [`/${i}`])
    await cluster.advance("100ms")
  }
  for (let i = 0; i < 60; i++) await feed(i)
  // It takes longer than it is until half of what it reads in memory has been archived.
  const asked = views.map(line => line.length).slice(startMs, startMs + 6_000)
  for (const worker of ["w1", "w2"]) cluster.slow(worker, 20)
  const answer = asked.count()
  for (let i = 60; i < 120; i++) await feed(i)
  assert.is(await answer, 60)
  await cluster.close()
})

test("what is persisted of a recipe of one's own can be computed again, though nothing else needs what it was made of", async () => {
  const cluster = await simulate({ workers: 2, start: startMs })
  const views = cluster.readStream("views", "1s", { remember: "3s" })
  await cluster.flush()
  const feed = async (i: number) => {
    cluster.feed("views", [`/${i}`])
    await cluster.advance("1s")
  }
  for (let i = 0; i < 6; i++) await feed(i)
  const persisted = views
    .map(line => `${line}?`)
    .slice("-3s")
    .persist()
  const before = await persisted.collect()
  assert.is(before.length, 3)
  for (let i = 6; i < 20; i++) {
    // One after the other, so that each has the other's records by then.
    const node = i === 12 ? "w1" : i === 17 ? "w2" : null
    if (node !== null) {
      cluster.kill(node)
      cluster.restart(node)
    }
    await feed(i)
  }
  assert.equal(await persisted.collect(), before)
  await cluster.close()
})

for (const [seed, from] of [
  [11, 0],
  [12, 6],
  [13, 14],
] as const)
  test(`seed ${seed}: a program submitted from interval ${from} goes through the archive and on with what comes, as if it had run all along`, async () => {
    const random = new Random(seed)
    const cluster = await simulate({ workers: 3, seed, start: startMs })
    const views = cluster.readStream("views", "1s", { remember: "3s", archive: "/data" })
    const always = views
      .map(line => [line, 1])
      .runningReduce(sum)
      .named("always")
    await cluster.flush()
    const intervals: string[][] = []
    const feed = async () => {
      const lines = random.chance(0.2) ? [] : Array.from({ length: random.integer(1, 41) }, () => `/${random.integer(0, 6)}`)
      intervals.push(lines)
      cluster.feed("views", lines)
      await cluster.advance("1s")
    }
    while (intervals.length < 16) await feed()
    const session = await createSession(cluster.calls, { user: "test", program: "late", resolvePath: path => path })
    const asked = session.readStream("views", "1s")
    const counts = asked.map(line => [line, 1]).runningReduce(sum)
    const recent = asked.map(line => [line, 1]).reduceByWindow("3s", sum)
    session.name(counts, "counts")
    session.name(recent, "recent")
    const since = startMs + from * 1000
    const planned = await session.submitProgram({ dryRun: true, force: false, from: since })
    assert.equal(planned.begins, [
      { name: "late/counts", from: since },
      { name: "late/recent", from: since },
    ])
    const plan = await session.submitProgram({ dryRun: false, force: false, from: since })
    assert.equal(plan.add, ["late/counts", "late/recent"])
    // It dies while the past is made.
    const node = ["w1", "w2", "w3", "master"][random.integer(0, 4)]!
    cluster.kill(node)
    cluster.restart(node)
    while (intervals.length < 28) await feed()
    for (let i = 0; i < 6; i++) await cluster.advance("1s")
    assert.is((await counts.info()).since, startMs + from * 1000)
    const count = (lines: readonly string[]) => {
      const counted = new Map<string, number>()
      for (const line of lines) counted.set(line, (counted.get(line) ?? 0) + 1)
      return [...counted].sort(([a], [b]) => (a < b ? -1 : 1))
    }
    const sorted = (rows: readonly [string, number][]) => [...rows].sort(([a], [b]) => (a < b ? -1 : 1))
    for (let i = from; i < intervals.length; i++) {
      const at = startMs + i * 1000
      const there = sorted(await counts.at(at).collect())
      assert.equal(there, count(intervals.slice(from, i + 1).flat()), `counts ${i}`)
      if (from === 0) assert.equal(there, sorted(await always.at(at).collect()), `always ${i}`)
      assert.equal(sorted(await recent.at(at).collect()), count(intervals.slice(Math.max(from, i - 2), i + 1).flat()), `recent ${i}`)
    }
    await cluster.close()
  })

for (const [seed, from] of [
  [21, 0],
  [23, 12],
] as const)
  test(`seed ${seed}: what changes of a program that is submitted with a past is made anew from interval ${from} on, beside, and takes its place`, async () => {
    const random = new Random(seed)
    const cluster = await simulate({ workers: 3, seed, start: startMs })
    const views = cluster.readStream("views", "1s", { remember: "3s", archive: "/data" })
    cluster.name(views, "views")
    await cluster.flush()
    const intervals: string[][] = []
    const feed = async () => {
      const lines = random.chance(0.2) ? [] : Array.from({ length: random.integer(1, 21) }, () => `/${random.integer(0, 6)}`)
      intervals.push(lines)
      cluster.feed("views", lines)
      await cluster.advance("1s")
    }
    const submit = async (bots: boolean, how: { from?: number; dryRun?: boolean } = {}) => {
      const session = await createSession(cluster.calls, { user: "test", program: "shop", resolvePath: path => path })
      const ones = bots
        ? session.readStream("views", "1s").map(line => [line, 1])
        : session
            .readStream("views", "1s")
            .filter(line => line !== "/0")
            .map(line => [line, 1])
      const counts = ones.mapValues(n => n).runningReduce(sum)
      const recent = ones.reduceByWindow("3s", sum, (a, b) => a - b)
      const other = session
        .readStream("views", "1s")
        .map(line => [line.length, 1])
        .runningReduce(sum)
      for (const [name, stream] of Object.entries({ ones, counts, recent, other })) session.name(stream, name)
      counts.map(([url, n]) => `${url} ${n}`).save("/out/counts")
      return session.submitProgram({
        dryRun: how.dryRun === true,
        force: false,
        ...(how.from !== undefined && { from: startMs + how.from * 1000 }),
      })
    }
    await submit(true)
    // Another program's, made of what will change.
    const users = await createSession(cluster.calls, { user: "else", program: "users", resolvePath: path => path })
    await users.host.catalog()
    const seen = users
      .state<string, number>("shop/counts")
      .map(([url, n]) => [url, n])
      .reduceByKey(sum)
      .filter(([url]) => url < "/3")
      .persist()
    users.name(seen, "seen")
    await users.flush()
    while (intervals.length < 16) await feed()
    const names = async () =>
      (await cluster.streams())
        .map(({ name }) => name)
        .filter(name => !name.includes("@"))
        .sort()
    const before = await names()
    const dry = await submit(false, { from, dryRun: true })
    assert.equal(
      dry.change.map(({ name, state }) => `${name} ${state}`),
      ["shop/ones none", "shop/counts reset", "shop/recent reset"],
    )
    assert.equal([dry.add, dry.stop], [[], []])
    assert.equal(await names(), before)
    await submit(false, { from })
    assert.ok((await cluster.streams()).some(({ name }) => name === "counts~next"))
    // What runs is asked as before until the others are there.
    assert.is((await cluster.stream("shop/counts").info()).since, startMs)
    const node = ["w1", "w2", "w3", "master"][random.integer(0, 4)]!
    cluster.kill(node)
    cluster.restart(node)
    while (intervals.length < 34) await feed()
    for (let i = 0; i < 6; i++) await cluster.advance("1s")
    assert.equal(await names(), before)
    const count = (lists: readonly string[][], keep: (line: string) => boolean) => {
      const counted = new Map<string, number>()
      for (const line of lists.flat().filter(keep)) counted.set(line, (counted.get(line) ?? 0) + 1)
      return [...counted].sort(([a], [b]) => (a < b ? -1 : 1))
    }
    const rows = async (name: string, i: number) =>
      (
        (await users
          .stream<[string, number]>(name)
          .at(startMs + i * 1000)
          .collect()) as [string, number][]
      ).sort(([a], [b]) => (a < b ? -1 : 1))
    const person = (line: string) => line !== "/0"
    for (let i = 26; i < intervals.length; i++) {
      assert.equal(await rows("shop/counts", i), count(intervals.slice(from, i + 1), person), `counts ${i}`)
      assert.equal(await rows("shop/recent", i), count(intervals.slice(Math.max(from, i - 2), i + 1), person), `recent ${i}`)
      assert.equal(
        await rows("users/seen", i),
        count(intervals.slice(from, i + 1), person).filter(([url]) => url < "/3"),
        `seen ${i}`,
      )
    }
    // Each interval was sent once: by the one program or, from some interval on, by the other.
    let switched = false
    const saved = [...cluster.files].filter(([path]) => path.startsWith("/out/counts/"))
    for (const [i] of intervals.entries()) {
      const time = new Date(startMs + i * 1000).toISOString().replaceAll(":", "-")
      const lines = saved
        .filter(([path]) => path.includes(time))
        .flatMap(([, bytes]) =>
          Buffer.from(bytes)
            .toString()
            .split("\n")
            .filter(Boolean)
            .map(line => JSON.parse(line) as string),
        )
        .sort()
      const [was, is] = [count(intervals.slice(0, i + 1), () => true), count(intervals.slice(from, i + 1), person)].map(of =>
        of.map(([url, n]) => `${url} ${n}`),
      )
      if (lines.length === 0) continue
      if (!switched && JSON.stringify(lines) !== JSON.stringify(was)) switched = true
      assert.equal(lines, switched ? is : was, `saved ${i}`)
    }
    assert.ok(switched)
    await cluster.close()
  })

test("a part that is missing is an error that names it, not a smaller interval", async () => {
  const cluster = await simulate({ workers: 2 })
  const nothing = cluster.readStream("archive:/nowhere", "1s")
  await cluster.flush()
  let message = ""
  try {
    await nothing
      .map(x => [x, 1])
      .runningReduce(sum)
      .latest()
      .collect()
    await cluster.drained()
  } catch (error) {
    message = (error as Error).message
  }
  assert.match(message, /\/nowhere/)
  await cluster.close()
})

test.run()
