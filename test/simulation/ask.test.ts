/** What handles tell about themselves, answers that do not wait, files and logs: on the simulated cluster. */

import { tableFromIPC } from "apache-arrow"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"
import { sum } from "../../engine/builtins.js"
import type { Explain, Lineage, LogLine } from "../../engine/fluent/types.js"
import { fileBytes } from "../../engine/output/file-write.js"
import { stampLine } from "../../shell/view/stamp.js"

const test = suite("ask")

const start = Date.UTC(2026, 0, 1)

test("schema: names, types and a sample, of records and of versions", async () => {
  const s = await simulate({ workers: 2 })
  const views = s.readStream<{ url: string; ms: number; user?: string | null }>("views", "1s", { format: "json" })
  const counts = views.map(v => [v.url, 1]).runningReduce(sum)
  assert.equal(await views.schema(), [])
  s.feed("views", ['{"url":"/a","ms":5}', '{"url":"/b","ms":7,"user":null}'])
  await s.advance("1s")
  assert.equal(await views.schema(), [
    { name: "url", type: "string", nullable: false, sample: "/b" },
    { name: "ms", type: "number", nullable: false, sample: 7 },
    { name: "user", type: "null", nullable: true, sample: undefined },
  ])
  assert.equal(
    (await counts.schema()).map(({ name, type }) => `${name}: ${type}`),
    ["_1: string", "_2: number"],
  )
  const nested = s.parallelize([
    { tags: ["a", "b"], at: new Date(0), n: 1n },
    { tags: [], at: new Date(1), n: 2n, more: [1, "x"] },
  ])
  assert.equal(
    (await nested.schema()).map(({ name, type, nullable }) => `${name}${nullable ? "?" : ""}: ${type}`),
    ["tags: string[]", "at: Date", "n: bigint", "more?: [number, string]"],
  )
  assert.equal(await s.parallelize([1, 2]).schema(), [{ name: "value", type: "number", nullable: false, sample: 2 }])
  await s.close()
})

test("a range before the first interval: nothing, and the stamp says from when there is something", async () => {
  const s = await simulate({ workers: 1 })
  const words = s.readStream("words", "1s")
  const counts = words.map(w => [w, 1]).runningReduce(sum)
  s.feed("words", ["a"])
  await s.advance("2s")
  const { value: first } = await words.slice("2025-12-30", "2026-01-02").count().stamped()
  assert.is(first, 1)
  const answers = [
    words.slice("2025-12-30", "2025-12-31").count().stamped(),
    words
      .filter(w => w !== "")
      .slice("2025-12-30", "2025-12-31")
      .count()
      .stamped(),
    counts.slice("2025-12-30", "2025-12-31").count().stamped(),
    counts.at("2025-12-30").count().stamped(),
  ]
  for (const { stamp } of await Promise.all(answers)) {
    assert.equal([stamp.intervals, stamp.asOf, stamp.from], [{ from: start, to: start }, Number.NaN, []])
    const line = stampLine(stamp, { tz: "UTC", nowMs: start + 2_000 })
    assert.match(line, /^of no interval (from|at) 2025-12-30 00:00:00( to 2025-12-31 00:00:00)?, the first begins 00:00:00 · /)
  }
  await s.close()
})

test("an error in a program of one's own says the line, the record and the interval; what cannot be all shown is in its failure", async () => {
  const s = await simulate({ workers: 1 })
  const words = s.readStream("words", "1s")
  s.feed("words", [`{"n":${"1".repeat(500)}`])
  await s.advance("2s")
  const lengths = words.map(line => JSON.parse(line).n.length)
  const error = await lengths
    .slice("2026-01-01", "2026-01-02")
    .count()
    .then(
      () => null,
      (thrown: Error & { failure: { record: string } }) => thrown,
    )
  assert.match(
    error!.message,
    /^[^\n]+\n {2}line +\S*ask.test.ts:\d+:\d+ {2}const lengths = words.map\(.*\n {2}record +"\{\\"n\\":1{200}1*…\n {2}where +map · 2026-01-01T00:00:00.000Z$/,
  )
  assert.ok(error!.failure.record.length > 500)
  assert.match(error!.stack!, /record +/)
  await s.close()
})

test("explain: stages and operators from the definitions alone", async () => {
  const s = await simulate({ workers: 1 })
  const limit = 1
  const counts = s
    .readStream("views", "1s")
    .map(v => [v, 1])
    .filter(([, n]) => n >= limit)
    .runningReduce(sum)
  const { stages } = await counts.top(3).explain()
  assert.equal(
    stages.map(({ operators }) => operators.map(({ name, path }) => `${name} ${path}`)),
    [
      ["readStream views (text) compiled", "map compiled", "filter compiled", "to the keys' partitions compiled"],
      ["runningReduce compiled"],
      ["state runningReduce@ask.test.ts:99 compiled"],
      ["top compiled"],
    ],
  )
  const why = async (stream: { explain(): Promise<Explain> }) =>
    (await stream.explain()).stages[0]!.operators.slice(1).map(
      ({ name, path, why }) => `${name} ${path}${why === undefined ? "" : `: ${why}`}`,
    )
  const views = s.readStream("views", "1s")
  assert.equal(await why(views.map(v => [v.normalize(), 1]).reduceByKey(sum)), ["map closure: calls normalize of text"])
  assert.equal(await why(views.filter(v => v.match(/a/) !== null).countByValue()), [
    "filter closure: uses a regular expression",
    "keyBy closure: is called for each record, because filter uses a regular expression",
    "mapValues closure: is called for each record, because filter uses a regular expression",
  ])
  assert.equal(await why(views.map(v => [v, v]).reduceByKey((a, b) => a + b)), [
    "map closure: is called for each record, because the reduction reduces text",
  ])
  assert.equal(await why(views.map(v => v)), ["map closure: a function of yours, called for each record"])
  const windowed = views.map(v => [v, 1] as [string, number])
  const stepOf = async (inverse: (a: number, b: number) => number) =>
    (await windowed.reduceByWindow("3s", (a, b) => a + b, inverse).explain()).stages[1]!.operators.map(({ path }) => path)
  assert.equal(await stepOf((a, b) => a - b), ["compiled"])
  assert.equal(await stepOf((a, b) => Math.hypot(a - b, 0)), ["closure"])
  const log = s.readStream("log", "1s", { format: "combined" })
  const errors = log.filter(v => v.status >= 500).map(v => [[v.url, v.status], 1] as [[string, number], number])
  const { stages: ofLog } = await errors
    .reduceByWindow(
      "3s",
      (a, b) => a + b,
      (a, b) => a - b,
    )
    .explain()
  assert.equal(
    ofLog.slice(0, 2).map(({ operators }) => operators.map(({ path }) => path)),
    [["compiled", "compiled", "compiled", "compiled"], ["closure"]],
  )
  assert.equal(ofLog[1]!.operators[0]!.why, "its keys are no text")
  const joined = s.parallelize([["a", 1]] as [string, number][]).join(counts.latest().mapValues(n => n))
  assert.equal(
    (await joined.explain()).stages.at(-1)!.operators.map(({ name }) => name),
    ["join"],
  )
  await s.close()
})

const flat = (lineage: Lineage): Lineage[] => [lineage, ...lineage.parents.flatMap(flat)]

test("lineage: sealed input, states back to what two workers hold", async () => {
  const s = await simulate({ workers: 3 })
  const views = s.readStream("views", "1s").named("views")
  const counts = views
    .map(v => [v, 1])
    .runningReduce(sum)
    .named("counts")
  s.feed("views", ["/a", "/b"])
  await s.advance("1s")
  s.feed("views", ["/a"])
  await s.advance("2s")
  const input = flat(await views.map(v => v).lineage(start))
  assert.equal(
    input.map(({ rdd }) => rdd),
    ["map", "test/views 2026-01-01T00:00:00.000Z: 2 records"],
  )
  assert.match(input[1]!.worker!, /^w\d, w\d$/)
  const version = await counts.filter(([, n]) => n > 0).lineage()
  const state = flat(version).find(({ rdd }) => rdd.includes("counts"))!
  assert.match(state.rdd, /^test\/counts as of 2026-01-01T00:00:01\.000Z/)
  assert.ok(state.checkpoint, "two workers hold it")
  assert.equal(state.parents, [])
  await s.close()

  const alone = await simulate({ workers: 1 })
  const single = alone
    .readStream("views", "1s")
    .map(v => [v, 1])
    .runningReduce(sum)
    .named("counts")
  alone.feed("views", ["/a"])
  await alone.advance("1s")
  const steps = flat(await single.lineage())
  assert.ok(steps.every(({ checkpoint }) => !checkpoint))
  assert.ok(
    steps.some(({ rdd }) => /views .*1 records/.test(rdd)),
    "back to the sealed input",
  )
  await alone.close()
})

test("partial answers with what is there, and then with everything", async () => {
  const s = await simulate({ workers: 2 })
  const numbers = Array.from({ length: 80 }, (_, i) => i)
  const rdd = s.parallelize(numbers, 8)
  const whole = await rdd.partial({ within: "1s" }).count()
  assert.equal([whole.value, whole.complete, whole.missing, await whole.final], [80, true, [], 80])

  // 100 ms: before the other worker is given a copy of what is slow (`scheduler/speculation.ts`).
  s.slow("w2", 5_000)
  const part = await rdd
    .map(n => n)
    .partial({ within: "100ms" })
    .count()
  assert.not(part.complete)
  assert.ok(part.missing.length >= 1 && part.missing.length < 8, `${part.missing.length} missing`)
  assert.is(part.value, 80 - 10 * part.missing.length)
  for (const { why } of part.missing) assert.match(why, /^(runs on w2 for \d+ ms|waits for a free executor)$/)
  assert.is(await part.final, 80)

  const top = await rdd.partial({ within: "100ms" }).top(2, n => n)
  assert.equal(await top.final, [79, 78])
  assert.is(await (await rdd.partial({ within: "1ms" }).reduce((a, b) => a + b)).final, 3160)
  assert.equal(await (await rdd.partial({ within: "1ms" }).take(3)).final, [0, 1, 2])
  await s.close()
})

test("countApprox extrapolates, and says between which numbers it is", async () => {
  const s = await simulate({ workers: 2 })
  const rdd = s.parallelize(
    Array.from({ length: 800 }, (_, i) => i),
    8,
  )
  const exact = await rdd.countApprox("1s")
  assert.equal([exact.value, exact.low, exact.high, exact.complete], [800, 800, 800, true])
  // 100 ms: before the other worker is given a copy of what is slow (`scheduler/speculation.ts`).
  s.slow("w2", 5_000)
  const approx = await rdd.map(n => n).countApprox("100ms", 0.99)
  assert.not(approx.complete)
  assert.is(approx.value, 800)
  assert.ok(approx.low < 800 && approx.high > 800 && approx.low >= 100 * (8 - approx.missing.length))
  assert.is(await approx.final, 800)
  assert.throws(() => rdd.countApprox("1s", 2), /2 is not a confidence/)
  await s.close()
})

test("save of an RDD: a file a partition, named in the answer", async () => {
  const s = await simulate({ workers: 2 })
  const pairs = s.parallelize(
    [
      ["a", 1],
      ["b", 2],
      ["a", 3],
    ] as [string, number][],
    3,
  )
  const { files, rows } = await pairs.save("/out/pairs")
  assert.equal(files, ["/out/pairs/0000.ndjson", "/out/pairs/0001.ndjson", "/out/pairs/0002.ndjson"])
  assert.is(rows, 3)
  const last = await pairs.save("/out/last", { format: "csv", key: ([k]) => k })
  assert.is(last.rows, 2)
  assert.ok(last.files.every(file => file.endsWith(".csv")))
  assert.throws(() => pairs.save("/x", { every: "1s" }), /an RDD has no every/)
  assert.throws(() => pairs.save("/x", { format: "xml" as "csv" }), /xml is no format/)
  assert.is((await pairs.save("/out/arrow", { format: "arrow" })).rows, 3)
  const { files: parquet } = await pairs.save("/out/parquet", { format: "parquet" })
  assert.equal(parquet, ["/out/parquet/0000.parquet", "/out/parquet/0001.parquet", "/out/parquet/0002.parquet"])
  const back = s.parquetFile<{ _1: string; _2: number }>("/out/parquet")
  assert.equal(await back.map(({ _1, _2 }) => [_1, _2]).collect(), await pairs.collect())
  assert.is((await back.lineage()).rdd, "parquetFile /out/parquet/0000.parquet, /out/parquet/0001.parquet, /out/parquet/0002.parquet")
  await s
    .parquetFile("/out/last")
    .count()
    .then(
      () => assert.unreachable(),
      error => assert.match(error.message, /\.csv cannot be read as Parquet/),
    )
  await s.close()
})

test("save of a stream by key, and every so often, read back", async () => {
  const s = await simulate({ workers: 2 })
  const pages = s.readStream("pages", "1s")
  const counts = pages.map(p => [p, 1]).runningReduce(sum)
  pages.save("/out/last", { key: p => p[0]! })
  pages.save("/out/pages", { every: "2s" })
  counts.save("/out/counts", { every: "2s", format: "csv" })
  assert.throws(() => pages.save("/x", { every: "1500ms" }), /not a multiple/)
  await s.flush()
  for (const records of [["a1", "a2", "b1"], ["a3"], [], ["b2"], ["c1"]]) {
    s.feed("pages", records)
    await s.advance("1s")
  }
  await s.advance("1s")
  const linesOf = async (directory: string) => {
    const { files } = await s.host.request({ kind: "files", paths: [directory] })
    const byTime = new Map<string, string[]>()
    for (const { path } of files) {
      const time = /T00-00-(\d\d)/.exec(path)![1]!
      byTime.set(time, [...(byTime.get(time) ?? []), ...(await s.textFile(path).collect())])
    }
    return [...byTime].map(([time, lines]) => `${time}: ${lines.sort().join(" ")}`)
  }
  assert.equal(await linesOf("/out/last"), ['00: "a2" "b1"', '01: "a3"', '03: "b2"', '04: "c1"'])
  assert.equal(await linesOf("/out/pages"), ['00: "a1" "a2" "a3" "b1"', '02: "b2"', '04: "c1"'])
  assert.equal(await linesOf("/out/counts"), [
    "00: a1,1 a2,1 a3,1 b1,1",
    "02: a1,1 a2,1 a3,1 b1,1 b2,1",
    "04: a1,1 a2,1 a3,1 b1,1 b2,1 c1,1",
  ])
  await s.close()
})

test("an Arrow file holds the rows", () => {
  const table = tableFromIPC(
    fileBytes(
      [
        { url: "/a", n: 1 },
        { url: "/b", n: 2 },
      ],
      "arrow",
    ),
  )
  assert.equal(
    [...table].map(row => row.toJSON()),
    [
      { url: "/a", n: 1 },
      { url: "/b", n: 2 },
    ],
  )
  assert.is(fileBytes([], "arrow").length, 0)
})

async function linesOf(logs: AsyncIterable<LogLine>): Promise<LogLine[]> {
  const lines: LogLine[] = []
  for await (const line of logs) lines.push(line)
  return lines
}

test("logs: of a stream that is held, what its function printed before it threw", async () => {
  const s = await simulate({ workers: 2 })
  const words = s.readStream("words", "1s")
  const picky = words
    .map(v => {
      console.log("saw", v)
      if (v === "no") throw new Error(v)
      return v
    })
    .named("picky")
    .persist()
  s.feed("words", ["yes", "no", "never"])
  await s.advance("2s")
  assert.is((await picky.info()).state, "held")
  const lines = await linesOf(s.logs({ stream: "picky" }))
  // It was tried twice.
  assert.equal(
    lines.map(({ text, repeated }) => [text, repeated]),
    [
      ["saw yes", 2],
      ["saw no", 2],
    ],
  )
  assert.ok(lines.every(({ interval, partition }) => interval !== undefined && partition === 0))
  await s.close()
})

test("logs: tagged, folded, limited, followed", async () => {
  const s = await simulate({ workers: 2 })
  const views = s.readStream("views", "1s")
  views
    .map(v => {
      console.log(v.startsWith("n") ? v : "same")
      return [v, 1]
    })
    .runningReduce(sum)
    .named("loud")
  await s.flush()
  const followed: LogLine[] = []
  const following = (async () => {
    for await (const line of s.logs({ stream: "loud", follow: true })) followed.push(line)
  })()
  s.feed("views", ["a", "b", "c", "n0"])
  await s.advance("1s")
  const [same, n0, ...rest] = await linesOf(s.logs({ stream: "loud" }))
  assert.equal(rest, [])
  assert.equal([same!.text, same!.repeated, n0!.text, n0!.repeated], ["same", 3, "n0", 1])
  assert.equal(same!.interval, { from: start, to: start + 1000 })
  assert.equal([same!.level, same!.stream, same!.partition], ["log", "test/loud", 0])
  assert.match(same!.worker, /^w\d$/)
  s.feed(
    "views",
    Array.from({ length: 150 }, (_, i) => `n${i}`),
  )
  await s.advance("1s")
  s.feed("views", ["a"])
  await s.advance("2s")
  const all = await linesOf(s.logs({ stream: "loud" }))
  assert.is(all.length, 2 + 100 + 1 + 1)
  assert.match(all.at(-2)!.text, /and 50 more lines: 100 a second/)
  await s.close()
  await following
  assert.is(followed.length, 2 + 100 + 1)
})

test("a question that takes long tells how far it is; one that does not, nothing", async () => {
  const s = await simulate({ workers: 2 })
  const told: { done: number; of: number; elapsedMs: number }[] = []
  s.calls.onPush(push => {
    if (push.kind === "progress") told.push(push)
  })
  const numbers = s.parallelize([1, 2, 3, 4, 5, 6, 7, 8], 8)
  assert.is(await numbers.count(), 8)
  assert.equal(told, [])
  for (const worker of ["w1", "w2"]) s.slow(worker, 1500)
  assert.is(await numbers.map(n => n + 1).reduce(sum), 44)
  assert.ok(told.length >= 2, `${told.length} times`)
  for (const [i, { done, of, elapsedMs }] of told.entries()) {
    assert.ok(done < of && of >= 8 && elapsedMs >= 2000, JSON.stringify(told[i]))
    if (i > 0) assert.ok(done >= told[i - 1]!.done && elapsedMs >= told[i - 1]!.elapsedMs + 1000)
  }
  assert.ok(told.at(-1)!.done > told[0]!.done)
  await s.close()
})

test("a stamp of times of which nothing is kept names no place, and says from when something is; of no stream at all it is the files'", async () => {
  const s = await simulate({ workers: 1 })
  const views = s.readStream("views", "1s")
  await s.flush()
  await s.advance("2s")
  const { value, stamp } = await views.slice("1999-01-01", "1999-01-02").count().stamped()
  assert.equal([value, stamp.from, stamp.intervals], [0, [], { from: start, to: start }])
  assert.equal((await s.parallelize([1]).count().stamped()).stamp.from, ["files"])
  await s.close()
})

test.run()
