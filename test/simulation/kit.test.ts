import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type IntervalFault, runIntervals, simulate } from "../../cluster/testing/index.js"
import { sum } from "../../engine/builtins.js"
import type { DStream, Handle, Session } from "../../engine/fluent/types.js"

const test = suite("test kit")

const sorted = (rows: unknown[][]) => rows.map(row => [...row].sort((a, b) => (String(a) < String(b) ? -1 : 1)))

test("intervals in, intervals out", async () => {
  const { counts, running, total } = await runIntervals({
    interval: "1s",
    inputs: { words: [["a", "b", "a"], [], ["b"]] },
    intervals: 4,
    program: (_, { words }) => {
      const ones = words!.map((w: string) => [w, 1])
      return { counts: ones.reduceByKey(sum), running: ones.runningReduce(sum), total: words!.count() }
    },
  })
  assert.equal(sorted(counts), [
    [
      ["a", 2],
      ["b", 1],
    ],
    [],
    [["b", 1]],
    [],
  ])
  assert.equal(sorted(running), [
    [
      ["a", 2],
      ["b", 1],
    ],
    [
      ["a", 2],
      ["b", 1],
    ],
    [
      ["a", 2],
      ["b", 2],
    ],
    [
      ["a", 2],
      ["b", 2],
    ],
  ])
  assert.equal(total, [[3], [0], [1], [0]])
})

test("windows, and values of any type, play out", async () => {
  const { windowed } = await runIntervals({
    interval: "500ms",
    inputs: { events: [[{ k: "x", n: 1n }], [{ k: "x", n: 2n }], [{ k: "y", n: 4n }]] },
    intervals: 5,
    program: (_, { events }) => ({
      windowed: events!.map((e: { k: string; n: bigint }) => [e.k, e.n]).reduceByWindow("1s", (a: bigint, b: bigint) => a + b),
    }),
  })
  assert.equal(sorted(windowed), [
    [["x", 1n]],
    [["x", 3n]],
    [
      ["x", 2n],
      ["y", 4n],
    ],
    [["y", 4n]],
    [],
  ])
})

test("the death of any node changes nothing", async () => {
  const inputs = { words: Array.from({ length: 8 }, (_, i) => [`k${i % 3}`, "all"]) }
  const run = (faults: readonly IntervalFault[]) =>
    runIntervals({
      interval: "1s",
      inputs,
      faults,
      program: (_, { words }) => ({ running: words!.map((w: string) => [w, 1]).runningReduce(sum) }),
    })
  const calm = await run([])
  for (const kill of ["w1", "w2", "w3", "master"]) {
    const hit = await run([
      { kill, at: "2500ms", for: "1s" },
      { kill, at: "5s", for: "200ms" },
    ])
    assert.equal(sorted(hit.running), sorted(calm.running), `${kill} died`)
  }
})

test("a cluster held in hand: feed, advance, ask, break", async () => {
  const s = await simulate({ workers: 2, seed: 7 })
  const views = s.readStream("views", "1s")
  const counts = views.map(v => [v, 1]).runningReduce(sum)
  assert.is(s.clock.now(), Date.UTC(2026, 0, 1))
  s.feed("views", ["/a", "/b", "/a"])
  await s.advance("1s")
  assert.is(await counts.get("/a"), 2)
  s.kill("w1")
  s.feed("views", ["/a"])
  await s.advance("3s")
  s.restart("w1")
  s.feed("views", ["/a"])
  await s.advance("1s")
  assert.is(await counts.get("/a"), 4)
  assert.is(await counts.get("/a", s.clock.now() - 5_000), 2)
  assert.is(s.clock.now(), Date.UTC(2026, 0, 1) + 5_000)
  await s.close()
})

test("errors of users name what was wrong", async () => {
  const s = await simulate({ workers: 1 })
  assert.throws(() => s.kill("w9"), /no node w9/)
  await s.close()
})

test("a record that is no line, for an input that parses lines, is refused when it is fed", async () => {
  const s = await simulate({ workers: 1 })
  for (const [name, format] of [
    ["views", "json"],
    ["fields", "csv"],
  ] as const) {
    s.name(s.readStream(name, "1s", { format }), name)
    assert.throws(() => s.feed(name, ["{}", { status: 200 }]), new RegExp(`${name} reads lines: \\{ status: 200 \\} is none`))
  }
  s.name(s.readStream("anything", "1s"), "anything")
  s.feed("anything", [{ status: 200 }])
  await s.advance("1s")
  await s.close()
})

test("what is fed to a stream that the program does not have is refused when time passes, with those that it has; what is defined until then is not", async () => {
  const s = await simulate({ workers: 2 })
  s.feed("views", ["/a"])
  const said = (error: { code: number; message: string; try?: string }) => [error.code, error.message, error.try]
  assert.equal(await s.advance("1s").catch(said), [2, "views is fed, and the program reads no such stream", 'readStream("views", "1s")'])
  s.feed("views", ["/b"])
  const views = s.readStream("views", "1s")
  s.readStream("clicks", "1s")
  await s.advance("1s")
  assert.equal(await views.last("1s").collect(), ["/b"])
  s.feed("veiws", ["/c"])
  assert.equal(await s.advance("1s").catch(said), [2, "veiws is fed, and the program reads no such stream", "feed one of views, clicks"])
  await s.advance("1s")
  await s.close()
})

test("a renamed stream's old name says the new one at once; a range whose end is still to come says so", async () => {
  const s = await simulate({ workers: 1, start: "2026-03-04 21:03" })
  const counts = s
    .readStream("views", "1s")
    .map(v => [v, 1])
    .runningReduce(sum)
    .named("counts")
  await s.advance("1s")
  counts.named("totals")
  assert.throws(() => s.stream("counts"), /counts is called test\/totals now/)
  await s.advance("1s")
  await s.streams()
  assert.throws(() => s.stream("counts"), /counts is called test\/totals now/)
  assert.throws(() => counts.slice("21:03", "21:05"), /21:05 is still to come, and means yesterday's/)
  assert.throws(() => counts.changes("21:03", "21:05"), /21:05 is still to come, and means yesterday's/)
  assert.throws(() => counts.history("a", "21:03", "21:05"), /21:05 is still to come, and means yesterday's/)
  assert.throws(() => counts.slice("21:02", "21:01"), /ends before it begins/)
  await s.close()
})

test("a question that nobody can answer fails", async () => {
  const s = await simulate({ workers: 1 })
  const views = s.readStream("views", "1s")
  await s.advance("1s")
  s.kill("master")
  try {
    await views.latest().count()
    assert.unreachable("answered")
  } catch (error) {
    assert.match((error as Error).message, /not answered within 60 s/)
  }
  s.restart("master")
  await s.advance("2s")
  assert.is(await views.latest().count(), 0)
  await s.close()
})

test("a stream that is held in the end has no table: an error says which, when, on what and why", async () => {
  const run = (program: (words: DStream<string>) => Handle) =>
    runIntervals({
      interval: "1s",
      inputs: { words: [["a"], ["a", "b"]] },
      workers: 2,
      program: (_, { words }) => ({ o: program(words!) }),
    })
  const throws = (words: DStream<string>) =>
    words
      .map(w => [w, 1])
      .runningReduce((a, b) => {
        if (a + b > 1) throw new Error("more than one")
        return a + b
      })
  for (const [program, says, code] of [
    [
      throws,
      /^runningReduce@.* is held at 2026-01-01T00:00:01.000Z: more than one\n {2}line +\S*kit.test.ts:\d+:\d+ {2}.*\n {2}record +1, 1\n {2}where +\S.*$/,
      1,
    ],
    [(words: DStream<string>) => throws(words).count(), /is held at .*more than one/, 1],
    [(words: DStream<string>) => (words as never as DStream<[string, number]>).runningReduce(sum), /held at .*: not a pair .*: "?a/, 1],
    [(words: DStream<string>) => words.flatMap(() => 5 as never), /the function gives 5, which is no array/, 1],
  ] as const) {
    try {
      await run(program)
      assert.unreachable("a table")
    } catch (error) {
      assert.match((error as Error).message, says)
      assert.is((error as { code: number }).code, code)
    }
  }
})

test("a node that comes back after the last interval has its share in the results", async () => {
  const { counts } = await runIntervals({
    interval: "1s",
    inputs: { words: [["a"], ["b"]] },
    faults: [{ kill: "master", at: "1500ms", for: "2s" }],
    program: (_, { words }) => ({ counts: words!.count() }),
  })
  assert.equal(counts, [[1], [1]])
})

test("a master that comes back just after others looked for it: they find it at once, and what is fed belongs to its moment", async () => {
  for (const awayMs of [1_501, 2_003, 3_105, 4_100]) {
    const s = await simulate({ workers: 2 })
    const words = s.readStream("words", "1s")
    const start = s.clock.now()
    await s.flush()
    await s.advance("801ms")
    s.kill("master")
    await s.advance(`${awayMs}ms`)
    s.restart("master")
    const next = Math.ceil((801 + awayMs) / 1_000) * 1_000
    await s.advance(`${next - 801 - awayMs}ms`)
    s.feed("words", ["a"])
    await s.advance("5s")
    assert.equal(await words.slice(start + next, start + next + 1_000).collect(), ["a"], `away for ${awayMs} ms`)
    await s.close()
  }
})

test("a master that was away for long: what is fed after it came back belongs to its own moment", async () => {
  const { n } = await runIntervals({
    interval: "1s",
    inputs: { a: [[], [1, 2], [3], [4], [5]], b: [[1]] },
    intervals: 6,
    workers: 2,
    faults: [{ kill: "master", at: "560ms", for: "1592ms" }],
    program: (_, { a }) => ({ n: a!.count() }),
  })
  assert.equal(n, [[0], [2], [1], [1], [1], [0]])
})

test("a record with a time of its own that is fed for the first time while the master is away is late only by when it was fed", async () => {
  const s = await simulate({ workers: 2 })
  const start = s.clock.now()
  const events = s.readStream<{ t: number }>("events", "1s", { format: "json", timestamp: e => e.t, slack: "2500ms" })
  await s.advance("1s")
  s.kill("master")
  await s.advance("1s")
  s.feed("events", [JSON.stringify({ t: start + 999 })])
  await s.advance("800ms")
  s.restart("master")
  await s.advance("9s")
  assert.equal(await events.at(start).collect(), [{ t: start + 999 }])
  assert.is(await events.aside.slice(start - 3000, "now").count(), 0)
  await s.close()
})

test("a function that never ends is stopped and told, not waited for", async () => {
  const s = await simulate({ workers: 2, taskTimeout: "100ms" })
  const words = s.readStream("words", "1s")
  s.feed("words", ["a", "b"])
  await s.advance("1s")
  const asked = words.last("1s").map((w: string) => {
    for (;;) if (w === "") return w
  })
  const error = await asked.count().then(
    () => null,
    (error: Error) => error,
  )
  assert.match(String(error?.message), /did not end within 0\.1 s and was stopped/)
  assert.match(String(error?.message), /kit\.test\.ts:\d+/)
  // The thread that is there again works as before.
  assert.is(
    await words
      .last("1s")
      .map((w: string) => `${w}!`)
      .count(),
    2,
  )
  await s.close()
})

test("a foreachRDD whose body never ends is held, and what stands beside it goes on", async () => {
  const s = await simulate({ workers: 2, taskTimeout: "50ms" })
  const words = s.readStream("words", "1s")
  const counts = words
    .map((w: string): [string, number] => [w, 1])
    .runningReduce(sum)
    .named("counts")
  words.named("words").foreachRDD(
    () => {
      for (;;) {}
    },
    { name: "endless" },
  )
  s.feed("words", ["a", "b"])
  await s.advance("3s")
  const endless = (await s.streams()).find(({ name }) => name.endsWith("endless"))
  assert.is(endless?.state, "held")
  assert.match(String(endless?.held?.message), /did not end within 0\.1 s and was stopped/)
  assert.is(await counts.latest().count(), 2)
  await s.close()
})

test("a stream whose function never ends is held, and a table of it fails", async () => {
  const run = runIntervals({
    interval: "1s",
    inputs: { words: [["a"], ["b"]] },
    taskTimeout: "100ms",
    program: (_, { words }) => ({
      loops: words!
        .map((w: string) => {
          while (w === "b") {}
          return [w, 1]
        })
        .runningReduce(sum),
    }),
  })
  const error = await run.then(
    () => null,
    (error: Error & { try?: string }) => error,
  )
  assert.match(String(error?.message), /is held at 2026-01-01T00:00:01\.000Z: did not end within 0\.1 s and was stopped/)
  assert.match(String(error?.try), /a function that ends/)
})

test("an option that is not there is refused by its name, with the one that may be meant", async () => {
  const s = await simulate({ workers: 1 })
  const words = s.readStream("words", "1s")
  const pairs = words.map((word: string): [string, number] => [word, 1])
  const counts = pairs.runningReduce(sum)
  const bare = { interval: "1s", inputs: {}, program: () => ({}) } as const
  const table: readonly (readonly [string, () => unknown, string])[] = [
    ["an input has no option fromat", () => s.readStream("x", "1s", { fromat: "json" } as never), "format ("],
    ["an input has no option separator", () => s.readStream("x", "1s", { format: "csv", separator: ";" } as never), "csv has commas"],
    ["an input has no option disroder", () => s.readHistory("/x", "1s", { timestamp: () => 0, disroder: "1m" } as never), "one of format"],
    ["runningReduce has no option initail", () => pairs.runningReduce(sum, { initail: 1 } as never), "initial ("],
    [
      "reduceByWindow has no option partitons",
      () => pairs.reduceByWindow("2s", sum, undefined, undefined, { partitons: 2 } as never),
      "partitions (",
    ],
    [
      "track has no option onerror",
      () =>
        pairs.track(
          () => 1,
          () => 1,
          "1s",
          { onerror: "hold" } as never,
        ),
      "onError (",
    ],
    [
      "reduceByEventTime has no option keepfor",
      () => pairs.reduceByEventTime("1m", sum, { timestamp: () => 0, correctFor: "1m", keepfor: "1d" } as never),
      "keepFor (",
    ],
    ["save has no option fromat", () => words.save("/out", { fromat: "csv" } as never), "format ("],
    ["save has no option append", () => words.latest().save("/out", { append: true } as never), "one of format"],
    ["foreachRDD has no option form", () => words.foreachRDD(async () => {}, { form: "next" } as never), "from ("],
    ["collect has no option maximum", () => words.latest().collect({ maximum: 1 } as never), "max"],
    ["slice has no option evry", () => counts.slice("-1m", "now", { evry: "5s" } as never), "every"],
    ["resume has no option without", () => counts.resume({ without: "record" } as never), "skip"],
    ["textFile has no option partitions", () => s.textFile("/x", { partitions: 2 } as never), "minPartitions"],
    ["simulate has no option worker", () => simulate({ worker: 1 } as never), "workers ("],
    ["runIntervals has no option interals", () => runIntervals({ ...bare, interals: 3 } as never), "intervals ("],
  ]
  for (const [message, call, hint] of table) {
    const error = await (async () => call())().then(
      () => null,
      (error: Error & { try?: string }) => error,
    )
    assert.is(error?.message, message)
    assert.ok(error?.try?.startsWith(hint), `${message}: ${error?.try}`)
  }
  await s.close()
})

test("old logs of a table are its own files; a path of this machine is told from them", async () => {
  const at = Date.UTC(2026, 0, 1)
  const table = {
    interval: "1s",
    inputs: { words: [["a", "b"]] },
    program: (s: Session, { words }: Record<string, DStream<string>>) => {
      const old = s.readHistory("/logs/old.log", "1m", { timestamp: line => Number(line.split(" ")[1]) })
      const before = old.slice(at - 60_000, at).map((line): [string, string] => [line.split(" ")[0]!, line])
      return { joined: words!.map((w): [string, number] => [w, 1]).leftOuterJoin(before) }
    },
  } as const
  const line = `a ${at - 5_000}`
  assert.equal(sorted((await runIntervals({ ...table, files: { "/logs/old.log": `${line}\n` } })).joined), [
    [
      ["a", [1, line]],
      ["b", [1, undefined]],
    ],
  ])
  const error = await runIntervals(table).then(
    () => null,
    (error: Error) => error,
  )
  assert.match(String(error?.message), /no such file: \/logs\/old\.log; a simulated cluster has files of its own: files\.set/)
})

test.run()
