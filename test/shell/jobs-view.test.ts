/** What `.jobs` shows, from jobs as the cluster tells of them. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { JobInfo } from "../../engine/fluent/types.js"
import { parsePartitionName } from "../../shell/host/partition-name.js"
import { expressionOf, sourceOf } from "../../shell/host/stream-source.js"
import { barOf, jobBars, jobTree } from "../../shell/view/jobs.js"

const context = { tz: "UTC", nowMs: Date.UTC(2026, 0, 1, 0, 1), columns: 100, most: 20 }
const none = { worker: "", ms: 0 }

function job(second: number, change: Partial<JobInfo> = {}): JobInfo {
  const from = Date.UTC(2026, 0, 1) + second * 1000
  const stages = [
    { name: "reduceByKey", tasks: 4, done: 4, ms: 200, startMs: 200, reads: [1], slowest: { worker: "w1", ms: 60, partition: 2 } },
    { name: "input.map", tasks: 4, done: 4, ms: 200, startMs: 0, reads: [], slowest: { worker: "w2", ms: 50, partition: 0 } },
  ]
  return { stream: "ann/counts", interval: { from, to: from + 1000 }, state: "done", stages, delayMs: 0, ms: 400, ...change }
}

test("a bar: what waits, what is before it, its own tasks; on the scale of all", () => {
  assert.is(barOf(job(0), 400, 8), "▒▒▒▒████")
  assert.is(barOf(job(0, { delayMs: 400 }), 800, 8), "░░░░▒▒██")
  assert.is(barOf(job(0), 1600, 8), "▒█")
  assert.is(barOf(job(0, { stages: [] }), 400, 4), "░░░░")
})

test("a stream's jobs: newest first, the slow one's longest task, the median and how many were late", () => {
  const slow = job(2, { ms: 1920 })
  slow.stages[0] = { ...slow.stages[0]!, ms: 1700, slowest: { worker: "w3", ms: 1650, partition: 3 } }
  const lines = jobBars([job(3), slow, job(1), job(0)], 1000, context).map(({ text }) => text)
  assert.match(lines[0]!, /^ann\/counts · 1\.00 s intervals · newest first/)
  assert.match(lines[1]!, /^ 00:00:03\S* {3}0\.40 s {2}▒+█+ +8 of 8$/)
  assert.match(lines[2]!, /8 of 8 {2}partition 3 on w3: 1\.65 s$/)
  assert.match(lines.at(-2)!, /0 +┊ +1\.92 s {3}┊ = interval$/)
  assert.is(lines.at(-1), " last 4: median 0.40 s · p95 1.92 s · worst 1.92 s · 1 late")
  const waiting = jobBars([job(0, { state: "waiting", ms: 2000 })], 1000, context).at(-1)
  assert.is(waiting?.text, " last 1: none is done · 1 late")
  assert.equal(jobBars([], 1000, context), [{ text: "  (none of late)", style: "dim" }])
})

test("one job while it runs: its stages as a tree, each once", () => {
  const running = job(0, {
    state: "running",
    stages: [
      { name: "join", tasks: 4, done: 0, ms: 0, startMs: 400, reads: [1, 2], slowest: none },
      { name: "reduceByKey", tasks: 4, done: 2, ms: 200, startMs: 200, reads: [2], slowest: { worker: "w1", ms: 150, partition: 3 } },
      { name: "input.map", tasks: 8, done: 8, ms: 190, startMs: 0, reads: [], slowest: { worker: "w2", ms: 50, partition: 7 } },
    ],
  })
  assert.equal(
    jobTree(running, context).map(({ text }) => text.replace(/ +/g, " ")),
    [
      "ann/counts[00:00:00] · running · 0.40 s so far",
      " join ░░░░░░░░ 0 of 4 waits",
      " ├─ reduceByKey ████░░░░ 2 of 4 from 0.20 s, 0.20 s longest 0.15 s on w1 in partition 3",
      " │ └─ input.map ████████ 8 of 8 from 0.00 s, 0.19 s longest 0.05 s on w2 in partition 7",
      " └─ input.map (above)",
    ],
  )
})

const names: readonly [text: string, stream: string, time: string | null, partition: number | null][] = [
  ["counts", "counts", null, null],
  ["shop/counts@21:05:31/3", "shop/counts", "21:05:31", 3],
  ["counts@2026-01-01T00:00:00.200Z/0", "counts", "2026-01-01T00:00:00.200Z", 0],
  ["counts@-5s", "counts", "-5s", null],
  ["counts@/2", "counts", null, 2],
]
for (const [text, stream, time, partition] of names)
  test(`${text} names a partition`, () => assert.equal(parsePartitionName(text), { stream, time, partition }))
test("what names none is refused", () => {
  for (const text of ["", "@21:05", "counts 3"]) assert.throws(() => parsePartitionName(text), /names no partition/)
})

test("a stream's text: of the newest cell that declared it, else of its definition's line", () => {
  assert.is(
    expressionOf("const n = 1\nexport const ones: DStream = views\n  .map(v => [v.url, 1]);", "ones"),
    "views\n  .map(v => [v.url, 1])",
  )
  assert.is(expressionOf("const ones = a", "one"), undefined)
  assert.is(sourceOf("ones", "const ones = old", ["const ones = a", "const ones = b", "ones.count()"]), "b")
  assert.is(sourceOf("ones", "export const ones = old;", []), "old")
  assert.is(sourceOf("ones", ".map(v => 1)", []), ".map(v => 1)")
})

test.run()
