/** Intervals that have piled up go several in a job (`engine/stretch.ts`): nobody can tell, whoever dies. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/simulate.js"
import type { Simulation } from "../../cluster/testing/simulation.js"

const test = suite("stretches")

const startMs = Date.UTC(2026, 0, 1)
const seconds = 40
const wordsOf = (second: number): string[] => (second % 5 === 3 ? [] : ["all", `w${second % 7}`, second === 15 ? "once" : "all"])

/** What the state holds at the end of each second. */
function versions(): [number, Record<string, number>][] {
  const counts: Record<string, number> = {}
  const all: [number, Record<string, number>][] = []
  for (let second = 0; second < seconds; second++) {
    for (const word of wordsOf(second)) counts[word] = (counts[word] ?? 0) + 1
    all.push([second, { ...counts }])
  }
  return all
}

/** Seconds of words that have all been sealed before anybody counts them. */
async function past(workers: number): Promise<Simulation> {
  const s = await simulate({ workers })
  s.name(s.readStream("words", "1s"), "words")
  await s.flush()
  for (let second = 0; second < seconds; second++) {
    s.feed("words", wordsOf(second))
    await s.advance("1s")
  }
  return s
}

/** Many of its intervals have gone in one job. */
async function catchesUp(s: Simulation, stream: string): Promise<void> {
  await s.flush()
  await s.advance("2s")
  const seconds = (await s.host.request({ kind: "jobs", stream, lastMs: 600_000 })).map(({ interval: { from, to } }) => (to - from) / 1000)
  assert.ok(Math.max(...seconds) > 10, seconds.join())
}

async function assertVersions(counts: { at(time: number): { collect(): PromiseLike<unknown> } }): Promise<void> {
  for (const [second, expected] of versions())
    assert.equal(
      Object.fromEntries((await counts.at(startMs + second * 1000 + 999).collect()) as [string, number][]),
      expected,
      `${second}`,
    )
}

test("what functions print is the stream's where intervals go several in a job, each line its interval's", async () => {
  const s = await past(2)
  const counts = s
    .stream<string>("words")
    .map((word: string): [string, number] => {
      if (word === "once" || word === "w0") console.log("saw", word)
      return [word, 1]
    })
    .runningReduce((a, b) => {
      if (a <= 50 && a + b > 50) console.log("fifty")
      return a + b
    })
  s.name(counts, "counts")
  await catchesUp(s, "counts")
  const lines: [string, number][] = []
  for await (const { text, interval } of s.logs({ stream: "counts", last: "1h" })) lines.push([text, (interval!.from - startMs) / 1000])
  const expected = versions().flatMap(([second]) =>
    wordsOf(second).flatMap(word => (word === "once" || word === "w0" ? [[`saw ${word}`, second]] : [])),
  )
  const saw = lines.filter(([text]) => text.startsWith("saw")).sort(([, a], [, b]) => a - b)
  assert.equal(saw, expected)
  const fifty = versions().find(([, { all = 0 }]) => all > 50)![0]
  assert.equal(
    lines.filter(([text]) => text === "fifty"),
    [["fifty", fifty]],
  )
})

test("a state defined late catches up by few jobs, and each version is there", async () => {
  const s = await past(3)
  const words = s.stream<string>("words")
  const counts = words.map((word: string): [string, number] => [word, 1]).runningReduce((a, b) => a + b)
  s.name(counts, "counts")
  await catchesUp(s, "counts")
  await assertVersions(counts)
  // What only the dead one held is computed again, interval by interval.
  s.kill("w2")
  await s.advance("5s")
  s.restart("w2")
  s.kill("w1")
  await s.advance("5s")
  await assertVersions(counts)
  s.kill("master")
  s.restart("master")
  await s.advance("5s")
  await assertVersions(counts)
  await s.close()
})

test("a worker dies, the master too, while it catches up", async () => {
  for (const node of ["w1", "w2", "w3", "master"]) {
    const s = await past(3)
    const counts = s
      .stream<string>("words")
      .map((word: string): [string, number] => [word, 1])
      .runningReduce((a, b) => a + b)
    s.name(counts, "counts")
    for (const worker of ["w1", "w2", "w3"]) s.slow(worker, 50)
    await s.flush()
    await s.advance("200ms")
    s.kill(node)
    await s.advance("1s")
    s.restart(node)
    await s.advance("30s")
    await assertVersions(counts)
    await s.close()
  }
})

test("a record that a function throws at holds the stream at its own interval", async () => {
  const s = await past(2)
  s.feed("words", ["fine"])
  await s.advance("1s")
  const counts = s
    .stream<string>("words")
    .map((word: string): [string, number] => {
      if (word === "once") throw new Error("once only")
      return [word, 1]
    })
    .runningReduce((a, b) => a + b)
  s.name(counts, "counts")
  await s.flush()
  await s.advance("3s")
  const [held] = (await s.status()).held
  assert.is(held?.interval, startMs + 15_000)
  assert.match(held?.failure.message ?? "", /once only/)
  const at = async (time: number) => Object.fromEntries((await counts.at(time).collect()) as [string, number][])
  assert.equal(await at(startMs + 14_999), versions()[14]![1])
  await counts.resume({ skip: "record" })
  await s.advance("5s")
  const { once: _, ...rest } = versions().at(-1)![1]
  assert.equal(await at(startMs + seconds * 1000 + 999), { ...rest, fine: 1 })
  await s.close()
})

test.run()
