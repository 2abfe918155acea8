/** Records at which functions throw are in `aside`: each once, in its interval, whoever dies and however often it is computed. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { runIntervals, simulate } from "../../cluster/testing/index.js"
import { intervalsOf } from "../../cluster/testing/run-intervals.js"
import { sum } from "../../engine/builtins.js"
import type { Aside, DStream, Handle } from "../../engine/fluent/types.js"

const test = suite("records that are set aside")

const startMs = Date.UTC(2026, 0, 1)
const fed = [["a:1", "b:2", "bad", "a:-5"], ["a:3", "d:1"], ["bad", "b:4", "b:-6", "d:-2", "bad"], ["c:7", "c:-5"], ["a:-9"], []]

type Lines = DStream<string>
type Pairs = DStream<[string, number]>
type Expected = readonly (readonly string[])[]

const setAside = { onError: "setAside" } as const
/** Throws on what has no colon. */
const pair = (line: string): [string, number] => [line.split(":")[0]!, Number(line.split(":")[1]!.trim())]
const good = (lines: Lines): Pairs => lines.filter(line => line.includes(":")).map(pair)
const checked = (n: number): number => {
  if (n < 0) throw new Error(`${n} is negative`)
  return n
}
const add = (a: number, b: number): number => a + checked(b)
const none: Expected = [[], [], [], [], [], []]
const at = (given: Readonly<Record<number, readonly string[]>>): Expected => none.map((_, i) => given[i] ?? [])

const bad = (operator: string) => at({ 0: [`${operator} "bad"`], 2: [`${operator} "bad"`, `${operator} "bad"`] })
const negative = (operator: string, show: (key: string, n: number) => string = (_, n) => `${n}`) =>
  at({
    0: [`${operator} ${show("a", -5)}`],
    2: [`${operator} ${show("b", -6)}`, `${operator} ${show("d", -2)}`],
    3: [`${operator} ${show("c", -5)}`],
    4: [`${operator} ${show("a", -9)}`],
  })

const table: readonly (readonly [name: string, program: (lines: Lines) => Handle, expected: Expected])[] = [
  ["map", lines => lines.map(pair).runningReduce(sum, setAside), bad("map")],
  ["flatMap", lines => lines.flatMap(line => [pair(line)]).runningReduce(sum, setAside), bad("flatMap")],
  [
    "flatMap, half way",
    lines =>
      lines
        .flatMap(function* (line): Generator<[string, number]> {
          yield ["begun", 1]
          yield pair(line)
        })
        .runningReduce(sum, setAside),
    bad("flatMap"),
  ],
  [
    "filter",
    lines =>
      lines
        .filter(line => pair(line)[1] > 0)
        .map(line => [line, 1])
        .runningReduce(sum, setAside),
    bad("filter"),
  ],
  ["mapValues", lines => good(lines).mapValues(checked).runningReduce(sum, setAside), negative("mapValues")],
  [
    "flatMapValues",
    lines =>
      good(lines)
        .flatMapValues(n => [checked(n)])
        .runningReduce(sum, setAside),
    negative("flatMapValues"),
  ],
  [
    "reduceByKey, where it is sent from",
    lines => good(lines).reduceByKey(add).runningReduce(sum, setAside),
    at({ 0: ["reduceByKey 1, -5"], 2: ["reduceByKey 4, -6"], 3: ["reduceByKey 7, -5"] }),
  ],
  [
    "groupByKey, then a function where it came to",
    lines =>
      good(lines)
        .groupByKey()
        .mapValues(values => values.map(checked).length)
        .runningReduce(sum, setAside),
    at({ 0: ["mapValues [1, -5]"], 2: ["mapValues [4, -6]", "mapValues [-2]"], 3: ["mapValues [7, -5]"], 4: ["mapValues [-9]"] }),
  ],
  [
    "runningReduce",
    lines => good(lines).runningReduce(add, setAside),
    at({
      0: ["reduceByKey 1, -5"],
      2: ["reduceByKey 4, -6", "runningReduce 1, -2"],
      3: ["reduceByKey 7, -5"],
      4: ["runningReduce 4, -9"],
    }),
  ],
  [
    "track",
    lines =>
      good(lines).track(
        (_key, n) => n,
        (_key, state, n) => add(state, n),
        "1h",
        setAside,
      ),
    at({
      0: ['track "a", 1, -5'],
      2: ['track "b", 6, -6', 'track "d", 1, -2'],
      3: ['track "c", 7, -5'],
      4: ['track "a", 4, -9'],
    }),
  ],
  [
    "updateStateByKey",
    lines => good(lines).updateStateByKey((values: number[], state: number | undefined) => values.reduce(add, state ?? 0), setAside),
    at({
      0: ["updateStateByKey [1, -5], undefined"],
      2: ["updateStateByKey [-2], 1", "updateStateByKey [4, -6], 2"],
      3: ["updateStateByKey [7, -5], undefined"],
      4: ["updateStateByKey [-9], 3"],
    }),
  ],
  [
    "reduceByWindow",
    lines => good(lines).reduceByWindow("2s", add, undefined, undefined, setAside),
    at({ 0: ["reduceByKey 1, -5"], 2: ["reduceByKey 4, -6", "reduceByWindow 1, -2"], 3: ["reduceByKey 7, -5"] }),
  ],
  [
    "reduceByWindow with an inverse",
    lines => good(lines).reduceByWindow("2s", add, (a, b) => a - b, undefined, setAside),
    at({ 0: ["reduceByKey 1, -5"], 2: ["reduceByKey 4, -6", "reduceByWindow 1, -2"], 3: ["reduceByKey 7, -5"] }),
  ],
  [
    "reduceByWindow that slides by more than an interval: with the slide's last one",
    lines => good(lines).reduceByWindow("2s", add, undefined, "2s", setAside),
    at({ 1: ["reduceByKey 1, -5"], 3: ["reduceByKey 4, -6", "reduceByKey 7, -5"] }),
  ],
  [
    "join",
    lines =>
      good(lines)
        .join(good(lines).filter(([key]) => key === "c"))
        .map(([key, [a, b]]): [string, number] => [key, checked(a) + checked(b)])
        .runningReduce(sum, setAside),
    at({ 3: ['map ["c", [-5, -5]]', 'map ["c", [-5, 7]]', 'map ["c", [7, -5]]'] }),
  ],
  [
    "a snapshot's functions: in each version",
    lines =>
      good(lines)
        .window("2s")
        .map(([key, n]): [string, number] => [key, key === "d" ? checked(n) : n])
        .save("/out", setAside),
    at({ 2: ['map ["d", -2]'], 3: ['map ["d", -2]'] }),
  ],
  ["save", lines => lines.map(pair).save("/saved", setAside), bad("map")],
  ["a stream made of it", lines => lines.map(pair).runningReduce(sum, setAside).count(), bad("map")],
  [
    "two that run, one made of the other: each its own",
    lines =>
      lines
        .map(pair)
        .runningReduce(sum, setAside)
        .map(([key, n]): [string, number] => [key, checked(n)])
        .reduceByKey(sum)
        .save("/both", setAside),
    at({
      0: ['map "bad"', 'map ["a", -4]'],
      1: ['map ["a", -1]'],
      2: ['map "bad"', 'map "bad"', 'map ["a", -1]', 'map ["d", -1]'],
      3: ['map ["a", -1]', 'map ["d", -1]'],
      4: ['map ["a", -10]', 'map ["d", -1]'],
    }),
  ],
  ["nothing throws", lines => good(lines).runningReduce(sum, setAside), none],
  ["and none is set aside of a stream that would be held", lines => good(lines).runningReduce(sum), none],
]

/** What each interval has set aside: operator and record, in a fixed order. */
function shown(intervals: readonly (readonly unknown[])[]): string[][] {
  return intervals.map((rows, i) =>
    (rows as Aside[])
      .map(({ record, reason, error, operator, interval }) => {
        assert.is(reason, "threw")
        assert.match(error ?? "", /^Cannot read properties of undefined|^-\d+ is negative$/)
        assert.ok(interval.to === startMs + (i + 1) * 1000, `${record} of ${interval.from}`)
        return `${operator} ${record}`
      })
      .sort(),
  )
}

for (const fault of [undefined, "w1", "w2", "master"]) {
  test(`live, in every operator: ${fault ?? "nobody"} is killed`, async () => {
    const faults = fault === undefined ? {} : { faults: [{ kill: fault, at: "2500ms", for: "1s" } as const] }
    const results = await runIntervals({
      interval: "1s",
      inputs: { lines: fed },
      ...faults,
      program: (_, { lines }) => Object.fromEntries(table.map(([name, program]) => [name, program(lines as Lines).aside])),
    })
    for (const [name, , expected] of table)
      assert.equal(
        shown(results[name]!),
        expected.map(one => [...one].sort()),
        name,
      )
  })
}

test("a stream made of it runs, and what it made is not made twice", async () => {
  const { kinds } = await runIntervals({
    interval: "1s",
    inputs: { lines: fed },
    faults: [{ kill: "w1", at: "3500ms", for: "1s" }],
    program: (_, { lines }) => ({
      kinds: (lines as Lines)
        .map(pair)
        .runningReduce(sum, setAside)
        .aside.map(one => [one.operator, 1])
        .runningReduce(sum),
    }),
  })
  assert.equal(
    kinds,
    [1, 1, 3, 3, 3, 3].map(n => [["map", n]]),
  )
})

test("skipped records are there, too, and from when on they are skipped", async () => {
  const s = await simulate({ workers: 2 })
  const counts = s.readStream("lines", "1s").map(pair).runningReduce(sum).named("counts")
  await s.flush()
  for (const lines of [["a:1"], ["bad", "a:2"], ["a:3"]]) {
    s.feed("lines", lines)
    await s.advance("1s")
  }
  assert.is((await counts.info()).state, "held")
  assert.equal(await counts.aside.take(9), [])
  await counts.resume({ skip: "record" })
  await s.advance("3s")
  assert.is(await counts.get("a"), 6)
  const [one, ...others] = await counts.aside.take(9)
  assert.equal([one!.record, one!.reason, one!.operator, one!.interval.from - startMs], ['"bad"', "threw", "map", 1000])
  assert.equal(others, [])
  await s.close()
})

test("the same in a replay, and after all caches are gone", async () => {
  const events = fed.flatMap((lines, i) => lines.map((line, n) => JSON.stringify({ t: startMs + i * 1000 + n, line })))
  const last = JSON.stringify({ t: startMs + 6000, line: "a:0" })
  const program = (s: Awaited<ReturnType<typeof simulate>>, source: string) => {
    const input = s.readStream<{ t: number; line: string }>(source, "1s", { format: "json", timestamp: e => e.t })
    s.name(input, "lines")
    return table.map(([, make]) => make(input.map(e => e.line)).aside)
  }
  const replay = async (workers: number, kill: string | null) => {
    const s = await simulate({ workers, partitions: 3 })
    s.files.set("/logs/lines.ndjson", Buffer.from([...events, last].join("\n")))
    const asides = program(s, "file:/logs/lines.ndjson")
    await s.flush()
    if (kill !== null) {
      await s.advance("1ms")
      s.kill(kill)
      await s.advance("1s")
      s.restart(kill)
    }
    await s.drained()
    const rows = []
    for (const aside of asides) rows.push(await intervalsOf(s, aside, startMs, 6000))
    await s.close()
    return rows
  }
  const live = await simulate({ workers: 2, partitions: 3 })
  const asides = program(live, "lines")
  await live.flush()
  for (const [i, lines] of fed.entries()) {
    live.feed("lines", events.splice(0, lines.length))
    await live.advance(i === 5 ? "10s" : "1s")
  }
  const rows = []
  for (const aside of asides) rows.push(await intervalsOf(live, aside, startMs, 6000))
  for (const [n, [name, , expected]] of table.entries())
    assert.equal(
      shown(rows[n]!),
      expected.map(one => [...one].sort()),
      name,
    )
  live.kill("w1")
  live.restart("w1")
  await live.advance("10s")
  for (const [n, aside] of asides.entries())
    assert.equal(await intervalsOf(live, aside, startMs, 6000), rows[n], `${table[n]![0]}: asked again`)
  await live.close()
  events.push(...fed.flatMap((lines, i) => lines.map((line, n) => JSON.stringify({ t: startMs + i * 1000 + n, line }))))
  for (const [workers, kill] of [
    [1, null],
    [3, "w2"],
  ] as const) {
    const again = await replay(workers, kill)
    for (const [n, [name]] of table.entries()) assert.equal(again[n], rows[n], `${name}, replayed by ${workers}`)
  }
})

test("what is set aside counts once, though its tasks run again after a death, and however often it is asked for", async () => {
  const cluster = await simulate({ workers: 2 })
  const records = cluster.readStream<{ key: string }>("records", "1s", { format: "json" })
  const counts = records.map(({ key }) => [key, 1]).runningReduce(sum)
  counts.named("counts")
  await cluster.flush()
  const aside = async () => {
    const entries = await cluster.host.request({ kind: "catalog" })
    return entries.find(({ definition }) => definition.name === "counts")?.aside
  }
  for (let i = 0; i < 3; i++) {
    cluster.feed("records", ['{"key":"a"}', "no json", '{"key":"b"}', "nor this"])
    await cluster.advance("1s")
  }
  await cluster.advance("1s")
  assert.is(await aside(), 6)
  // What the question makes again is of the state's own tasks.
  for (const node of ["w1", "w2"]) {
    cluster.kill(node)
    cluster.restart(node)
    cluster.feed("records", ['{"key":"a"}', "no json"])
    await cluster.advance("1s")
    assert.is(await counts.get("b"), 3)
  }
  await cluster.advance("5s")
  assert.is(await aside(), 8)
  await cluster.close()
})

test.run()
