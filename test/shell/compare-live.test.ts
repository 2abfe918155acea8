/** What a run is compared with goes on, and has forgotten its beginning: it is read from where it reaches. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { CatalogEntry } from "../../cluster/protocol.js"
import { simulate } from "../../cluster/testing/index.js"
import { RivuletError } from "../../engine/errors.js"
import type { Interval } from "../../engine/time.js"
import { compareSides } from "../../shell/cli/interval-diff.js"
import { type IntervalLine, lineOf, linesOf } from "../../shell/cli/interval-lines.js"
import { compareTotals } from "../../shell/cli/interval-totals.js"
import { liveSide, spooled } from "../../shell/cli/live-side.js"

const test = suite("lines of a live stream")

test("of a state whose beginning is forgotten there are the versions that it still has, each as it was", async () => {
  const s = await simulate({ workers: 2 })
  const lines = s.readStream("lines", "1s", { remember: "5s" })
  const counts = lines.map((line): [string, number] => [line, 1]).runningReduce((a, b) => a + b)
  counts.remember("5s").named("counts")
  await s.flush()
  const startMs = s.clock.now()
  for (let second = 0; second < 30; second++) {
    s.feed("lines", [`line${second % 3}`])
    await s.advance("1s")
  }
  const [entry] = (await s.host.catalog()).filter(({ definition }) => definition.name === "counts")
  const { reachesMs, sinceMs } = entry!
  assert.ok(reachesMs > sinceMs && reachesMs < s.clock.now() - 3_000, `${reachesMs - startMs}`)
  const read = async (after: number | null) => {
    const found: IntervalLine[] = []
    for await (const line of linesOf(s, "counts", counts, after)) found.push(line)
    return found
  }
  const found = await read(reachesMs - 1_000)
  assert.is(found[0]!.from, reachesMs)
  assert.is(found.length, (s.clock.now() - reachesMs) / 1_000)
  for (const { from, line } of found) {
    const n = (from - startMs) / 1_000 + 1
    const rows = [0, 1, 2].map(k => [`line${k}`, Math.floor((n - k + 2) / 3)])
    assert.equal([...(JSON.parse(line) as { rows: [string, number][] }).rows].sort(), rows, line)
  }
  const refused = await read(null).catch((error: unknown) => error as { code?: number })
  assert.is((refused as { code?: number }).code, 5, "its beginning is not there")
  await s.close()
})

test("what was there when the comparison began is compared, however slow the other side is and whatever is forgotten meanwhile", async () => {
  const s = await simulate({ workers: 2 })
  const lines = s.readStream("lines", "1s", { remember: "60s" })
  const counts = lines.map((line): [string, number] => [line, 1]).runningReduce((a, b) => a + b)
  counts.remember("60s").named("counts")
  await s.flush()
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      s.feed("lines", ["a"])
      await s.advance("1s")
    }
  }
  await pass(70)
  const entry = async () => (await s.host.catalog()).find(({ definition }) => definition.name === "counts")!
  const side = await liveSide({ session: s, entry, lost: range => assert.unreachable(JSON.stringify(range)) })
  const read = side.lines[Symbol.asyncIterator]()
  const found = [(await read.next()).value!.from]
  await pass(70)
  assert.ok((await entry()).reachesMs > side.to, "all of it is forgotten")
  for (let next = await read.next(); next.done !== true; next = await read.next()) found.push(next.value.from)
  assert.equal(
    found,
    Array.from({ length: (side.to - side.from) / 1_000 }, (_, i) => side.from + 1_000 * i),
  )
  await s.close()
})

const range = (from: number, to: number): Interval => ({ from, to })
const lineAt = (from: number): IntervalLine => ({ from, rows: 1, line: lineOf("counts", range(from, from + 1), [`["a",${from}]`]) })
const gone = () => new RivuletError("counts reaches back to …: … is no longer retained", { code: 5 })

/** Twelve intervals; as a reader comes to one that is in `forgets`, all before its value is gone. */
async function forgetful(forgets: Readonly<Record<number, number>>, without: readonly number[] = []) {
  let reachesMs = 0
  const lost: Interval[] = []
  const entry = async () =>
    ({ definition: { program: "p", name: "counts", intervalMs: 1 }, reachesMs, throughMs: 12 }) as unknown as CatalogEntry
  const read = async function* (after: number) {
    for (let from = after + 1; from < 15; from++) {
      reachesMs = Math.max(reachesMs, forgets[from] ?? 0)
      if (from < reachesMs) throw gone()
      if (!without.includes(from)) yield lineAt(from)
    }
  }
  const session = { stream: () => null } as never
  const side = await liveSide({ session, entry, read, lost: range => lost.push(range) })
  return { side, lost }
}

async function* all(): AsyncGenerator<IntervalLine> {
  for (let from = 0; from < 12; from++) yield lineAt(from)
}

test("what was forgotten before it could be read is left out and told, the rest is compared", async () => {
  const cases: readonly [forgets: Record<number, number>, without: number[], lost: Interval[], same: number, differ: number][] = [
    [{}, [], [], 12, 0],
    [{}, [3], [], 11, 1],
    [{ 3: 6 }, [], [range(3, 6)], 9, 0],
    // It forgets as fast as it is read: from one place to the next, more is passed over.
    [{ 3: 6, 6: 7, 8: 9 }, [], [range(3, 6), range(6, 8), range(8, 11)], 4, 0],
    [{ 5: 12 }, [], [range(5, 12)], 5, 0],
    // Nothing is said of an interval that has gone before it was looked for.
    [{ 4: 4 }, [2, 3], [range(2, 4)], 10, 0],
  ]
  for (const [forgets, without, lost, same, differ] of cases) {
    for (const turned of [false, true]) {
      const one = await forgetful(forgets, without)
      const other = { lines: all(), from: 0, to: 12 }
      const found = await (turned ? compareSides(one.side, other) : compareSides(other, one.side))
      assert.equal([one.lost, found.same, found.differ, found.leftOut], [lost, same, differ, 12 - same - differ], JSON.stringify(forgets))
    }
  }
})

test("by longer intervals: one of which a part is lost is left out, and so is a state until it is told again", async () => {
  const by = async (versions: boolean, without: readonly number[]) => {
    const { side } = await forgetful({ 4: 5 }, without)
    const { same, differ, leftOut } = await compareTotals({ lines: all(), from: 0, to: 12 }, side, { byMs: 3, versions, tolerance: 0 })
    return [same, differ, leftOut]
  }
  assert.equal(await by(false, []), [3, 0, 1])
  assert.equal(await by(true, []), [3, 0, 1])
  assert.equal(await by(true, [5, 6, 7, 8]), [2, 0, 2])
  assert.equal(await by(false, [5, 6, 7, 8]), [2, 1, 1])
})

test("no more waits on disk than is meant to, each line once and in order; a failure comes after what came before it", async () => {
  let given = 0
  let taken = 0
  let most = 0
  const { length } = Buffer.from(lineAt(100).line)
  const source = async function* () {
    for (; given < 200; ) {
      most = Math.max(most, given - taken)
      yield { ...lineAt(100 + given++), rows: given }
    }
    throw gone()
  }
  const seen: number[] = []
  const reading = async () => {
    for await (const { from, line, rows } of spooled(source(), 5 * (length + 16))) {
      assert.equal([line, rows], [lineAt(from).line, from - 99])
      seen.push(from)
      taken++
      if (from % 7 === 0) await new Promise(resolve => setImmediate(resolve))
    }
  }
  const failed = await reading().catch((error: unknown) => error)
  assert.is((failed as RivuletError).code, 5)
  assert.equal(
    seen,
    Array.from({ length: 200 }, (_, i) => 100 + i),
  )
  assert.ok(most > 1 && most <= 6, `${most}`)
})

test.run()
