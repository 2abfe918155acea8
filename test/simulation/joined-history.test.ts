/** Streams joined with ranges of others: no interval is made before the whole range is there, so that none differs by how far it had come. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"
import { sum } from "../../engine/builtins.js"
import type { Session } from "../../engine/fluent/session-types.js"

const test = suite("joined with history")
const startMs = Date.UTC(2026, 0, 1)
const oldMs = Date.UTC(2025, 0, 1)
const minutes = 240

/** A line each second of the minute's name, in files that take a while to be read. */
function logs(files: Map<string, Uint8Array>): void {
  for (const half of [0, 1]) {
    const lines: string[] = []
    for (let minute = half * (minutes / 2); minute < (half + 1) * (minutes / 2); minute++)
      for (let second = 0; second < 60; second += 10) lines.push(`${oldMs + minute * 60_000 + second * 1000} /${minute % 3}`)
    files.set(`/old/${half}.log`, Buffer.from(`${lines.join("\n")}\n`))
  }
}

const readOld = (s: Session) =>
  s.readHistory("/old", "1m", {
    format: (line: string) => ({ at: Number(line.split(" ")[0]), url: line.split(" ")[1]! }),
    timestamp: v => v.at,
  })

const endMs = oldMs + minutes * 60_000
/** Of the first `n` minutes. */
const countsOf = (n: number, url: number) => Math.ceil((n - url) / 3) * 6

async function fed() {
  const s = await simulate({ workers: 2, seed: 7, pace: "random", start: startMs })
  logs(s.files)
  return s
}

const ranges: readonly (readonly [string, (s: Session) => ReturnType<ReturnType<typeof readOld>["slice"]>, number])[] = [
  ["a range of times", s => readOld(s).slice(oldMs, oldMs + 180 * 60_000), 180],
  ["all that there is", s => readOld(s).slice(oldMs), minutes],
  ["an end after the last record", s => readOld(s).slice(oldMs, endMs + 86_400_000), minutes],
  ["the last hour", s => readOld(s).slice("-60m", "now"), 60],
]

for (const [name, range, n] of ranges)
  for (const kind of ["runs", "is asked for"] as const)
    test(`a join that ${kind}, with ${name}: each interval has all of it`, async () => {
      const s = await fed()
      const views = s.readStream("views", "1s")
      const feed = async () => {
        for (let i = 0; i < 4; i++) {
          s.feed("views", ["/0", "/1"])
          await s.advance("1s")
        }
        await s.advance("5s")
      }
      await s.flush()
      // What is asked for is asked while the logs are being read.
      if (kind === "is asked for") await feed()
      const was = range(s)
        .map(v => [v.url, 1] as [string, number])
        .reduceByKey(sum)
      const joined = views
        .map(url => [url, 1] as [string, number])
        .reduceByKey(sum)
        .leftOuterJoin(was)
      const of = kind === "runs" ? joined.persist() : joined
      s.name(of, "joined")
      if (kind === "runs") {
        await s.flush()
        await feed()
        await s.advance("20s")
      }
      const first = n === 60 ? minutes - 60 : 0
      for (let i = 0; i < 4; i++) {
        const rows = (await of.at(startMs + i * 1000).collect()).sort()
        const wanted = [0, 1].map(url => [`/${url}`, [1, countsOf(first + n, url) - countsOf(first, url)]])
        assert.equal(rows, wanted, `interval ${i}`)
      }
      await s.close()
    })

test("a state that begins with what old logs count", async () => {
  const s = await fed()
  const views = s.readStream("views", "1s")
  await s.flush()
  s.feed("views", ["/0"])
  await s.advance("5s")
  const was = readOld(s)
    .slice(oldMs, endMs)
    .map(v => [v.url, 1] as [string, number])
    .reduceByKey(sum)
  const counts = views
    .map(url => [url, 1] as [string, number])
    .updateStateByKey((news: readonly number[], old: number | undefined) => news.reduce((a, b) => a + b, old ?? 0), { initial: was })
  s.name(counts, "counts")
  await s.flush()
  await s.advance("30s")
  assert.equal((await counts.at(startMs).collect()).sort(), [
    ["/0", 481],
    ["/1", 480],
    ["/2", 480],
  ])
  await s.close()
})

test("with a version of what runs over old logs, and with a range of a live stream that is still to come", async () => {
  const s = await fed()
  const ever = readOld(s)
    .map(v => [v.url, 1] as [string, number])
    .runningReduce(sum)
  const views = s.readStream("views", "1s")
  const ones = views.map(url => [url, 1] as [string, number]).reduceByKey(sum)
  const withEver = ones.leftOuterJoin(ever.at(endMs - 1)).persist()
  const soon = views
    .slice(startMs + 1000, startMs + 4000)
    .map(url => [url, 1] as [string, number])
    .reduceByKey(sum)
  const withSoon = ones.leftOuterJoin(soon).persist()
  for (const [of, name] of [
    [withEver, "withEver"],
    [withSoon, "withSoon"],
  ] as const)
    s.name(of, name)
  await s.flush()
  for (let i = 0; i < 6; i++) {
    s.feed("views", ["/0"])
    await s.advance("1s")
  }
  await s.advance("20s")
  for (let i = 0; i < 6; i++) {
    assert.equal(await withEver.at(startMs + i * 1000).collect(), [["/0", [1, 480]]], `version, interval ${i}`)
    assert.equal(await withSoon.at(startMs + i * 1000).collect(), [["/0", [1, 3]]], `range, interval ${i}`)
  }
  await s.close()
})

test("old logs joined with themselves are read to the end of the range, however far that is ahead", async () => {
  const s = await fed()
  const old = readOld(s)
  const pairs = (of: { url: string }) => [of.url, 1] as [string, number]
  const was = old.slice(oldMs, endMs).map(pairs).reduceByKey(sum)
  const joined = old.map(pairs).reduceByKey(sum).leftOuterJoin(was).persist()
  const totals = joined.map(([url, [n]]) => [url, n] as [string, number]).runningReduce(sum)
  s.name(totals, "totals")
  await s.flush()
  await s.drained()
  assert.equal(await joined.at(oldMs).collect(), [["/0", [6, 480]]])
  assert.equal((await totals.latest().collect()).sort(), [
    ["/0", 480],
    ["/1", 480],
    ["/2", 480],
  ])
  await s.close()
})

test("what a stream is joined with is not stopped without it, and a range that can never come is refused", async () => {
  const s = await fed()
  const old = readOld(s)
  s.name(old, "old")
  const views = s.readStream("views", "1s")
  const joined = views
    .map(url => [url, 1] as [string, number])
    .leftOuterJoin(old.slice(oldMs, endMs).map(v => [v.url, 1] as [string, number]))
    .persist()
  s.name(joined, "joined")
  await s.flush()
  let message = ""
  await old.stop().catch(error => {
    message = error.message
  })
  assert.match(message, /old is used by .*joined/)
  await s.close()
})

test.run()
