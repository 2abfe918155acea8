/** Records with a time of their own, pushed and in files: which interval each is in, what is late, and that nothing is in two places. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"
import { Random } from "../../cluster/testing/random.js"
import { sum } from "../../engine/builtins.js"

const test = suite("event time")

interface Event {
  readonly id: number
  readonly key: string
  readonly t: number
}

const startMs = Date.UTC(2026, 0, 1)

test("a record waits for its slack, then it is late and set aside; one without a time is set aside too", async () => {
  const s = await simulate()
  const events = s.readStream<Event>("events", "1s", { format: "json", timestamp: e => e.t, slack: "2s" })
  s.name(events, "events")
  const counts = events.map((e): [string, number] => [e.key, 1]).runningReduce(sum)
  s.name(counts, "counts")
  await s.flush()
  const at = (seconds: number, key: string, id = 0) => JSON.stringify({ id, key, t: startMs + seconds * 1000 })
  s.feed("events", [at(0.5, "a"), '{"key":"none"}', "no json", at(86_400 * 365, "ahead")])
  await s.advance("1s")
  s.feed("events", [at(0.9, "b"), at(1.1, "a")])
  await s.advance("1s")
  s.feed("events", [at(0.2, "c"), at(2.5, "a")])
  await s.advance("1s")
  // It is 3 s: what is of before 1 s is closed.
  s.feed("events", [at(0.7, "late"), at(1.2, "b")])
  await s.advance("6s")
  const keys = async (second: number) => (await events.at(startMs + second * 1000).collect()).map(e => e.key).join("")
  assert.equal([await keys(0), await keys(1), await keys(2), await keys(3)], ["abc", "ab", "a", ""])
  const rows = await counts.latest().collect()
  assert.equal(
    [...rows].sort(([a], [b]) => (a < b ? -1 : 1)),
    [
      ["a", 3],
      ["b", 2],
      ["c", 1],
    ],
  )
  const late = await events.aside.filter(a => a.reason === "late").take(3)
  assert.is(late.length, 1)
  assert.equal(JSON.parse(late[0]!.record).key, "late")
  assert.equal(late[0]!.interval, { from: startMs, to: startMs + 1000 })
  assert.match(String(late[0]!.error), /late: intervals before 2026-01-01T00:00:01.000Z were closed/)
  const parse = await events.aside.filter(a => a.reason === "parse").take(9)
  assert.equal(
    parse.map(a => (a.record.startsWith('{"id"') ? JSON.parse(a.record).key : a.record)).sort(),
    ["ahead", "no json", '{"key":"none"}'].sort(),
  )
  const [entry] = (await s.host.request({ kind: "catalog" })).filter(({ definition }) => definition.name === "events")
  assert.ok((entry?.aside ?? 0) >= 2)
  assert.equal(
    (await s.streams()).map(({ name }) => name).filter(name => name.startsWith("events")),
    ["events"],
  )
  await s.close()
})

/** Feeds records out of order while things die; every record must be in its own interval, or late, once. */
async function disorder(seed: number): Promise<void> {
  const random = new Random(seed)
  const slackMs = [0, 1000, 2500][random.integer(0, 3)] as number
  const s = await simulate({ seed, workers: 3 })
  const events = s.readStream<Event>("events", "1s", { format: "json", timestamp: e => e.t, slack: `${slackMs}ms` })
  s.name(events, "events")
  const counts = events.map((e): [string, number] => [e.key, 1]).runningReduce(sum)
  s.name(counts, "counts")
  await s.flush()
  const expected = new Map<number, number[]>()
  const late: number[] = []
  let id = 0
  let dead = ""
  for (let step = 0; step < 24; step++) {
    const nowMs = step * 500
    const lines: string[] = []
    for (let n = random.integer(0, 6); n > 0; n--) {
      const t = Math.floor(Math.max(0, nowMs - random.integer(0, 5000) + random.integer(0, 700)))
      const record = { id: ++id, key: `k${random.integer(0, 4)}`, t: startMs + t }
      lines.push(JSON.stringify(record))
      // Late is what is older than the interval that was open when its own arrival's interval began.
      const open = Math.floor((Math.floor(nowMs / 1000) * 1000 - slackMs) / 1000) * 1000
      const interval = Math.floor(t / 1000)
      if (interval * 1000 < open) late.push(record.id)
      else expected.set(interval, [...(expected.get(interval) ?? []), record.id])
    }
    s.feed("events", lines)
    await s.advance("250ms")
    if (step === 6 || step === 15) {
      dead = `w${1 + random.integer(0, 3)}`
      s.kill(dead)
    }
    if (step === 9 || step === 18) s.restart(dead)
    if (step === 10) s.kill("master")
    if (step === 11) s.restart("master")
    await s.advance("250ms")
  }
  await s.advance("20s")
  const ids = (rows: readonly Event[]) => rows.map(row => row.id).sort((a, b) => a - b)
  for (let second = 0; second < 13; second++) {
    assert.equal(
      ids(await events.at(startMs + second * 1000).collect()),
      [...(expected.get(second) ?? [])].sort((a, b) => a - b),
      `seed ${seed}, second ${second}`,
    )
  }
  const aside = await events.aside.slice(startMs, "now").collect()
  assert.equal(
    aside.map(({ record }) => (JSON.parse(record) as Event).id).sort((a, b) => a - b),
    [...late].sort((a, b) => a - b),
    `seed ${seed}: late`,
  )
  const total = (await counts.latest().collect()).reduce((n, [, count]) => n + count, 0)
  assert.is(total, id - late.length, `seed ${seed}: counted once`)
  await s.close()
}

for (const seed of [1, 2, 3, 4, 5]) test(`disorder, slack and deaths, seed ${seed}`, () => disorder(seed))

/** Windows of 2 s, corrected for 3 s: what plain arrays give, version by version, with a worker's death in between. */
async function windows(seed: number): Promise<void> {
  const random = new Random(seed)
  const s = await simulate({ seed, workers: 3 })
  const events = s.readStream<Event>("events", "1s", { format: "json" })
  s.name(events, "events")
  const counts = events
    .map((e): [string, Event] => [e.key, e])
    .reduceByEventTime("2s", (a, b) => ({ id: a.id + b.id, key: a.key, t: Math.max(a.t, b.t) }), {
      timestamp: ([, e]) => e.t,
      correctFor: "3s",
      keepFor: "4s",
    })
  s.name(counts, "counts")
  await s.flush()
  const state = new Map<string, { sum: number; window: number }>()
  const versions: string[][] = []
  const late: number[] = []
  let id = 0
  for (let step = 0; step < 16; step++) {
    const lines: string[] = []
    for (let n = step < 11 ? random.integer(0, 5) : 0; n > 0; n--) {
      const t = Math.max(0, step * 1000 + random.integer(-7000, 1500))
      const event = { id: ++id, key: `k${random.integer(0, 3)}`, t: startMs + t }
      lines.push(JSON.stringify(event))
      const window = Math.floor(t / 2000) * 2000
      if (window + 2000 + 3000 <= step * 1000) {
        late.push(event.id)
        continue
      }
      const name = `${window} ${event.key}`
      state.set(name, { sum: (state.get(name)?.sum ?? 0) + event.id, window })
    }
    s.feed("events", lines)
    // What was fed has arrived: a batch that is sent anew arrives later, perhaps in the next interval.
    await s.advance("500ms")
    if (step === 4) s.kill("w2")
    if (step === 7) s.restart("w2")
    await s.advance("500ms")
    versions.push([...state].map(([name, { sum }]) => `${name} ${sum}`).sort())
  }
  await s.advance("12s")
  for (const [step, expected] of versions.entries()) {
    // Windows go some time after they are final; until then all are there.
    if (step * 1000 >= 9000) break
    const rows = await counts.at(startMs + step * 1000).collect()
    const shown = rows.map(([[window, key], e]) => `${window.getTime() - startMs} ${key} ${e.id}`).sort()
    assert.equal(shown, expected, `seed ${seed}, version ${step}`)
  }
  assert.equal(await counts.latest().collect(), [], `seed ${seed}: windows go`)
  const aside = await counts.aside.slice(startMs, "now").collect()
  const ids = aside.map(({ record, reason, operator }) => [Number(/id: (\d+)/.exec(record)?.[1]), reason, operator])
  assert.equal(
    ids.sort((a, b) => Number(a[0]) - Number(b[0])),
    late.map(one => [one, "late", "reduceByEventTime"]),
    `seed ${seed}: late`,
  )
  await s.close()
}

for (const seed of [11, 12, 13]) test(`windows of event time, seed ${seed}`, () => windows(seed))

test("a late record corrects its window: both versions are there", async () => {
  const s = await simulate()
  const events = s.readStream<Event>("events", "1s", { format: "json" })
  s.name(events, "events")
  const totals = events
    .map((e): [string, number] => [e.key, e.t])
    .reduceByEventTime("1s", (a, b) => Math.max(a, b), {
      timestamp: ([, t]) => t,
      correctFor: "5s",
    })
  s.name(totals, "totals")
  await s.flush()
  s.feed("events", [JSON.stringify({ id: 1, key: "a", t: startMs + 100 })])
  await s.advance("3s")
  s.feed("events", [JSON.stringify({ id: 2, key: "a", t: startMs + 900 })])
  await s.advance("2s")
  const key: [Date, string] = [new Date(startMs), "a"]
  assert.is(await totals.get(key, startMs), startMs + 100)
  assert.is(await totals.get(key), startMs + 900)
  const history = await totals.history(key, startMs)
  assert.equal(
    [...history].map(({ interval, value }) => [interval.from - startMs, (value ?? 0) - startMs]),
    [
      [0, 100],
      [1000, 100],
      [2000, 100],
      [3000, 900],
      [4000, 900],
    ],
  )
  const changes = await totals.changes(startMs + 1000, startMs + 4000).collect()
  assert.equal(changes, [{ key, before: startMs + 100, after: startMs + 900, delta: 800 }])
  await s.close()
})

test.run()
