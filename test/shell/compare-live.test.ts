/** What a run is compared with goes on, and has forgotten its beginning: it is read from where it reaches. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"
import { type IntervalLine, linesOf } from "../../shell/cli/interval-lines.js"

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

test.run()
