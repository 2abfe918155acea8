import { suite } from "uvu"
import * as assert from "uvu/assert"
import { runIntervals, simulate } from "../../cluster/testing/index.js"
import { max, sum } from "../../engine/builtins.js"

const test = suite("held: functions that throw")

const sorted = (rows: readonly unknown[]) => [...rows].sort((a, b) => (String(a) < String(b) ? -1 : 1))
const words = [["a:1", "b:2", "bad"], ["a:3"], ["bad", "c:x", "b:4", "bad"], ["c:5"]]
/** Throws on what has no colon. */
const pair = (line: string): [string, number] => [line.split(":")[0]!, Number(line.split(":")[1]!.trim())]
const good = words.map(interval => interval.filter(line => line.includes(":") && !line.endsWith("x")))

function running(intervals: readonly (readonly string[])[], merge: (a: number, b: number) => number): [string, number][][] {
  const state = new Map<string, number>()
  return intervals.map(lines => {
    for (const line of lines) {
      const [key, n] = pair(line)
      const before = state.get(key)
      state.set(key, before === undefined ? n : merge(before, n))
    }
    return sorted([...state]) as [string, number][]
  })
}

test("onError: setAside leaves out the records at which a function throws, wherever in the stream it is", async () => {
  const strict = (line: string): [string, number] => {
    const [key, n] = pair(line)
    if (Number.isNaN(n)) throw new Error(`${line} has no number`)
    return [key, n]
  }
  const { counts, grouped, tracked, updated, windowed, held } = await runIntervals({
    interval: "1s",
    inputs: { lines: words },
    program: (_, { lines }) => {
      const pairs = lines!.map(strict)
      const throwing = (a: number, b: number) => {
        if (b === 4) throw new Error("four")
        return a + b
      }
      const setAside = { onError: "setAside" } as const
      return {
        counts: pairs.runningReduce(sum, setAside),
        grouped: pairs.reduceByKey(sum).runningReduce(max, setAside),
        tracked: pairs.track(
          (_key, n) => n,
          (_key, state, n) => throwing(state, n),
          "1h",
          setAside,
        ),
        updated: pairs.updateStateByKey<string, number, number>(
          (values: number[], state: number | undefined) => values.reduce(throwing, state ?? 0),
          setAside,
        ),
        windowed: pairs.reduceByWindow("2s", throwing, undefined, undefined, setAside),
        held: lines!.count(),
      }
    },
  })
  const sum4 = (a: number, b: number) => (b === 4 ? a : a + b)
  assert.equal(
    counts.map(sorted),
    running(good, (a, b) => a + b),
  )
  assert.equal(
    grouped.map(sorted),
    running(good, (a, b) => Math.max(a, b)),
  )
  assert.equal(tracked.map(sorted), running(good, sum4))
  assert.equal(updated.map(sorted), running(good, sum4))
  const window = good.map((_, i) => running([good.slice(Math.max(0, i - 1), i + 1).flat()], (a, b) => a + b)[0])
  assert.equal(windowed.map(sorted), window)
  assert.equal(
    held,
    words.map(interval => [interval.length]),
  )
})

test("onBadRecord: hold holds what is made of the input; without it the line is aside and counted", async () => {
  const s = await simulate({ workers: 2 })
  const strict = s.readStream<{ n: number }>("strict", "1s", { format: "json", onBadRecord: "hold" })
  const loose = s.readStream<{ n: number }>("loose", "1s", { format: "json" })
  const strictCount = strict.map(v => ["n", v.n]).runningReduce(sum)
  const looseCount = loose.map(v => ["n", v.n]).runningReduce(sum)
  strictCount.named("strictCount")
  await s.flush()
  for (const name of ["strict", "loose"]) s.feed(name, ['{"n":1}', "{oops", '{"n":2}'])
  await s.advance("3s")
  assert.is(await looseCount.get("n"), 3)
  const { held } = await s.status()
  assert.equal(
    held.map(({ stream, failure }) => [stream, failure.kind, failure.operator, failure.record]),
    [["test/strictCount", "user", "format", "{oops"]],
  )
  assert.is((await loose.aside.take(5)).length, 1)
  await s.close()
})

const lines = (n: number) => Array.from({ length: 4 }, (_, i) => `k${(n * 4 + i) % 5}:${n + i}`)

/** What a run with the fix from the start gives: the keys' totals over these intervals. */
function totals(intervals: readonly (readonly string[])[]): [string, number][] {
  return running(intervals, (a, b) => a + b).at(-1) ?? []
}

const stateOf = async (s: Awaited<ReturnType<typeof simulate>>, name: string) =>
  sorted(await s.state<string, number>(name).latest().collect())

for (const fault of [null, "w1", "w2", "master"] as const) {
  test(`fix and resume: totals equal a run in which the fix was there from the start (${fault ?? "nobody"} killed)`, async () => {
    const s = await simulate({ workers: 3, seed: 11 })
    const views = s.readStream("views", "1s")
    const pairs = views.map((line): [string, number] => [line.split(":")[0]!, Number(line.split(":")[1]!.trim())]).named("pairs")
    const counts = pairs.runningReduce(sum).named("counts")
    const above = counts
      .map(([key, n]): [string, number] => [key, n * 2])
      .reduceByKey(max)
      .named("above")
    const behind = counts.count().persist().named("behind")
    views
      .map((line): [string, number] => [line[0]!, 1])
      .runningReduce(sum)
      .named("others")
    await s.flush()
    const fed = Array.from({ length: 12 }, (_, i) => (i === 4 || i === 6 ? [...lines(i), "bad"] : lines(i)))
    for (const [i, records] of fed.entries()) {
      s.feed("views", records)
      await s.advance("1s")
      if (i === 7 && fault !== null) {
        s.restart(fault)
        await s.advance("3s")
      }
    }
    const { held } = await s.status()
    assert.equal(
      held.map(({ stream, failure }) => [stream, failure.kind, failure.operator, failure.record]),
      [["test/counts", "user", "map", '"bad"']],
      "one bad record holds one stream only",
    )
    assert.is((await counts.info()).state, "held")
    assert.is((await behind.info()).state, "held")
    // Others go on, and what was finished can be asked.
    assert.equal(await stateOf(s, "others"), [
      ["b", 2],
      ["k", 48],
    ])
    assert.equal(await stateOf(s, "counts"), totals(fed.slice(0, 4)))

    const fix = views.flatMap((line): [string, number][] => {
      const [key, n] = line.split(":")
      return n === undefined ? [] : [[key!, Number(n)]]
    })
    const tried = await pairs.replace(fix, { from: "failed", dryRun: true })
    assert.is(tried.applied, false)
    assert.is((await s.status()).held.length, 1)
    const plan = await pairs.replace(fix, { from: "failed" })
    assert.is(plan.applied, true)
    assert.equal(plan.unchanged.includes("test/counts"), true)
    assert.equal([tried.resumes, plan.resumes], [["test/counts"], ["test/counts"]])
    if (fault !== null) s.restart(fault)
    await s.advance("4s")
    assert.equal((await s.status()).held, [])
    const good = fed.map(records => records.filter(line => line.includes(":")))
    assert.equal(await stateOf(s, "counts"), totals(good))
    assert.equal(
      sorted(await above.latest().collect()),
      totals(good).map(([key, n]) => [key, n * 2]),
    )
    assert.equal(await behind.latest().collect(), [5])
    // Each interval, not only the last: what was finished before the fix as well.
    const start = s.clock.now() - 1000 * (12 + 4 + (fault === null ? 0 : 3))
    const expected = running(good, (a, b) => a + b)
    for (const i of [2, 4, 6, 7]) assert.equal(sorted(await counts.at(start + i * 1000).collect()), expected[i], `interval ${i}`)
    assert.equal(
      (await pairs.versions()).map(({ version }) => version),
      [1, 2],
    )
    await s.close()
  })
}

test("resume: skip the record, skip the interval, try again; nothing else is left out", async () => {
  const s = await simulate({ workers: 2, seed: 3 })
  const views = s.readStream("views", "1s")
  const counts = views
    .map((line): [string, number] => [line.split(":")[0]!, Number(line.split(":")[1]!.trim())])
    .runningReduce(sum)
    .named("counts")
  const windowed = views
    .map((line): [string, number] => [line.split(":")[0]!, line.split(":")[1]!.length])
    .reduceByWindow("3s", sum)
    .named("windowed")
  await s.flush()
  const fed = Array.from({ length: 8 }, (_, i) => (i === 3 ? [...lines(i), "bad", "worse"] : lines(i)))
  for (const records of fed) {
    s.feed("views", records)
    await s.advance("1s")
  }
  assert.is((await s.status()).held.length, 2)
  // Deterministic functions fail alike.
  await counts.resume()
  await s.advance("1s")
  assert.is((await s.status()).held.length, 2)
  await counts.resume({ skip: "record" })
  await windowed.resume({ skip: "interval" })
  await s.advance("2s")
  assert.equal((await s.status()).held, [])
  const good = fed.map(records => records.filter(line => line.includes(":")))
  assert.equal(await stateOf(s, "counts"), totals(good))
  const start = s.clock.now() - 11_000
  const lengths = (intervals: readonly (readonly string[])[]) =>
    totals(intervals.map(of => of.map(line => `${line.split(":")[0]}:${line.split(":")[1]!.length}`)))
  const without = good.map((records, i) => (i === 3 ? [] : records))
  for (const i of [2, 3, 4, 5, 7]) {
    assert.equal(sorted(await windowed.at(start + i * 1000).collect()), lengths(without.slice(Math.max(0, i - 2), i + 1)), `window at ${i}`)
  }
  await rejects(() => counts.resume(), /counts is not held/)
  await s.close()
})

test("more is held than is kept: it goes on over the gap, windows count what is there, and every answer that lacks something says what", async () => {
  const s = await simulate({ workers: 2, seed: 4, partitions: 2 })
  const views = s.readStream("views", "1s", { remember: "1s" })
  const bytes = (line: string): [string, number] => [line.slice(0, 1), line === "bad" ? Number(JSON.parse("{")) : line.length]
  const pairs = views.map(bytes)
  const windows = {
    inverse: pairs.reduceByWindow("8s", sum, (a, b) => a - b).named("inverse"),
    plain: pairs.reduceByWindow("8s", sum).named("plain"),
    counts: pairs.runningReduce(sum).named("counts"),
  }
  await s.flush()
  const start = s.clock.now()
  // Half of the workers' 16 MB each may be kept, and each batch has two copies.
  const fed = Array.from({ length: 26 }, (_, i) =>
    i === 6 ? ["bad"] : [`a${"x".repeat(i)}`, ...new Array<string>(i < 6 ? 1 : 10).fill(`b${"y".repeat(90_000)}`)],
  )
  for (const lines of fed) {
    s.feed("views", lines)
    await s.advance("1s")
  }
  const { held } = await windows.inverse.info()
  const gap = held?.gaveUp?.[0]
  assert.ok(gap !== undefined && gap.from === start + 6_000 && gap.to > start + 8_000 && gap.to < start + 24_000, JSON.stringify(held))
  const ends: Record<string, number> = {}
  for (const name of Object.keys(windows)) {
    // To leave out the record too of what is given up changes nothing.
    const [left] = (await s.resumeStream(name, { skip: name === "counts" ? "record" : null, force: false })).leftOut
    assert.equal([left?.from, (left?.to ?? 0) > gap.from], [gap.from, true])
    ends[name] = (left?.to ?? 0) - start
    await s.advance("1s")
  }
  await s.advance("3s")
  assert.equal((await s.status()).held, [])
  const there = (i: number, end: number) => i >= 0 && i < fed.length && (i < 6 || i * 1000 >= end)
  const expected = (from: number, i: number, end: number): [string, number][] =>
    sorted([...totalsOf(fed.flatMap((lines, j) => (j >= from && j <= i && there(j, end) ? lines : [])))]) as [string, number][]
  for (const i of [5, 6, 12, 20, 25]) {
    for (const [name, stream] of Object.entries(windows)) {
      const { value, stamp } = await stream
        .at(start + i * 1000)
        .collect()
        .stamped()
      const from = name === "counts" ? 0 : i - 7
      const end = ends[name]!
      assert.equal(sorted(value), expected(from, i, end), `${name} at ${i}, without ${end}`)
      const lacks = i >= 6 && from * 1000 < end
      assert.equal(stamp.leftOut, lacks ? [{ from: gap.from, to: start + end }] : undefined, `${name} at ${i}`)
    }
  }
  await s.close()
})

function totalsOf(lines: readonly string[]): Map<string, number> {
  const found = new Map<string, number>()
  for (const line of lines) found.set(line[0]!, (found.get(line[0]!) ?? 0) + line.length)
  return found
}

test("a stream replaced while it runs: nothing is lost or counted twice at the boundary; state kept, mapped or reset", async () => {
  const s = await simulate({ workers: 3, seed: 5 })
  const views = s.readStream("views", "1s")
  const ones = views.map((line): [string, number] => [line.split(":")[0]!, 1]).named("ones")
  const kept = ones.runningReduce(sum).named("kept")
  const mapped = ones.runningReduce(sum).named("mapped")
  const reset = ones.runningReduce(sum).named("reset")
  await s.flush()
  const feed = async (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      s.feed("views", lines(i))
      await s.advance("1s")
    }
  }
  await feed(0, 4)
  const total = async (name: string) => (await s.state<string, number>(name).latest().collect()).reduce((n, [, m]) => n + m, 0)
  assert.is(await total("kept"), 16)
  const tens = ones.map(([key]): [string, number] => [key, 10])
  const replacedAt = s.clock.now()
  const plan = await mapped.replace(tens.runningReduce(sum), { state: (old: number) => old * 100 })
  assert.equal(
    plan.change.map(({ state }) => state),
    ["mapped"],
  )
  await reset.replace(tens.runningReduce(sum), { state: "reset" })
  await kept.replace(tens.runningReduce(sum))
  s.restart("master")
  await feed(4, 8)
  s.restart("w2")
  await s.advance("4s")
  assert.is(await total("kept"), 16 + 160)
  assert.is(await total("mapped"), 1600 + 160)
  assert.is(await total("reset"), 160)
  // A version of before is as it was, though its worker is gone.
  const before = s.clock.now() - 12_000 + 3_000
  assert.is((await reset.at(before).collect()).length, 5)
  assert.is(
    (await mapped.at(before).collect()).reduce((n, [, m]) => n + m, 0),
    16,
  )
  // What reaches over the boundary says so, of what is made of it, too; what lies on one side has nothing to say.
  const changedIn = async (answer: { stamped(): Promise<{ stamp: { definitionChanged?: number[] } }> }) =>
    (await answer.stamped()).stamp.definitionChanged
  assert.equal(await changedIn(kept.slice(before, "now").count()), [replacedAt])
  assert.equal(
    await changedIn(
      kept
        .count()
        .slice(before, "now")
        .top(1, n => n),
    ),
    [replacedAt],
  )
  assert.is(await changedIn(kept.slice(replacedAt, "now").count()), undefined)
  assert.is(await changedIn(ones.slice(before, "now").count()), undefined)
  await rejects(() => kept.replace(views), /is a state, what is to take its place is a stream of records/)
  await rejects(() => ones.replace(ones.map(pair => pair)), /made of ones itself/)
  await rejects(() => kept.replace(ones.updateStateByKey(() => 1)), /state does not fit/)
  await rejects(
    () =>
      ones.replace(
        views.map((line): [string, number] => [line, 1]),
        { from: "failed" },
      ),
    /did not fail/,
  )
  await s.close()
})

test("a look ahead says how many of the kept records would fail", async () => {
  const s = await simulate({ workers: 2, seed: 9 })
  const views = s.readStream("views", "1s")
  const counts = views
    .map((line): [string, number] => [line.split(":")[0]!, Number(line.split(":")[1]!.trim())])
    .runningReduce(sum)
    .named("counts")
  await s.flush()
  for (let i = 0; i < 6; i++) {
    s.feed("views", i % 2 === 1 ? [...lines(i), "bad", "worse"] : lines(i))
    await s.advance("1s")
  }
  await s.advance("4s")
  const { held } = await counts.info()
  assert.equal(held?.lookedAhead, { records: 5 * 4 + 3 * 2, failing: 6 })
  assert.is(held?.operator, "map")
  assert.match(held?.line ?? "", /held\.test\.ts:\d+/)
  await s.close()
})

async function rejects(work: () => Promise<unknown>, expected: RegExp): Promise<void> {
  let message = "nothing was thrown"
  try {
    await work()
  } catch (error) {
    message = (error as Error).message
  }
  assert.match(message, expected)
}

test("a time that a held stream has not come to is told as that, with what it waits for", async () => {
  const s = await simulate({ workers: 1, start: "2026-03-04 21:03" })
  const lines = s.readStream("lines", "1s")
  const counts = lines.map(pair).runningReduce(sum).named("counts")
  const tops = counts.top(1).persist().named("tops")
  for (const line of ["a:1", "a:2", "bad"]) {
    await s.feed("lines", [line])
    await s.advance("1s")
  }
  await s.advance("2s")
  const told = async (asked: PromiseLike<unknown>) => {
    try {
      return await asked
    } catch (error) {
      return [(error as { code: number }).code, (error as Error).message.replace(/T.*Z$/, "")]
    }
  }
  assert.equal(await told(counts.at("21:03:04").count()), [5, "counts is held, and is finished through 2026-03-04"])
  assert.equal(await told(tops.at("21:03:04").count()), [5, "tops waits for counts, which is held, and is finished through 2026-03-04"])
  const held = async (asked: { stamped(): Promise<{ stamp: { held?: string[] } }> }) => (await asked.stamped()).stamp.held
  assert.equal(await held(counts.latest().count()), ["counts"])
  assert.equal(await held(tops.slice("21:00", "now").count()), ["tops"])
  // What is of an earlier time is what it was, and would be no other one.
  assert.is(await held(counts.at("21:03:00").count()), undefined)
  assert.is(await held(lines.last("5s").count()), undefined)
  await s.close()
})

test.run()
