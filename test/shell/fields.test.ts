/** Completion of a record's fields, lineage and plans as text, tables on narrow terminals. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { stampOf } from "../../cluster/client/inspection.js"
import { arePairs, fieldAt, fieldItems, withoutPairOperators } from "../../shell/host/fields.js"
import { explainLines, lineageLines } from "../../shell/host/lineage-view.js"
import { workerRows } from "../../shell/host/worker-lines.js"
import { stampLine } from "../../shell/view/stamp.js"
import { table } from "../../shell/view/table.js"

const places: readonly [before: string, root: string | null, prefix?: string][] = [
  ["views.filter(v => v.", "views", ""],
  ["views.filter(v => v.st", "views", "st"],
  ["const errors = views.filter((v) => v.status >= 500 && v.u", "views", "u"],
  ['views.last("5m").filter(v => v.', "views", ""],
  ['views.slice("20:59", "21:04").map(r => [r.', "views", ""],
  ["views.filter(v => v.status > 1).map(w => w.", "views", ""],
  ["views.map(v => [v.url, 1]).filter(p => p.", null],
  ["views.filter(v => other.", null],
  ["views.", null],
  ["v.", null],
  ["a.b.filter(v => v.", null],
]
for (const [before, root, prefix] of places)
  test(`fields at ${before}`, () => assert.equal(fieldAt(before), root === null ? null : { root, prefix }))

test("a field with its type and a value; a tuple's places are no fields", () => {
  const fields = [
    { name: "status", type: "number", nullable: false, sample: 200 },
    { name: "url", type: "string", nullable: false, sample: "/a\n" },
    { name: "user-agent", type: "string", nullable: true, sample: null },
  ]
  assert.equal(fieldItems(fields, ""), [
    { text: "status", detail: "number  200" },
    { text: "url", detail: 'string  "/a\\n"' },
  ])
  assert.equal(
    fieldItems(fields, "u").map(item => item.text),
    ["url"],
  )
  const pair = ["_1", "_2"].map(name => ({ name, type: "string", nullable: false, sample: "x" }))
  assert.equal(fieldItems(pair, ""), [])
  assert.equal([arePairs(pair), arePairs(fields), arePairs([])], [true, false, undefined])
  assert.equal(
    withoutPairOperators(["map", "reduceByKey", "filter", "join"].map(text => ({ text, detail: "" }))).map(item => item.text),
    ["map", "filter"],
  )
})

test("lineage is a tree, a plan a line a stage", () => {
  const leaf = (rdd: string, checkpoint = false) => ({ rdd, worker: "w1", checkpoint, parents: [] })
  assert.equal(
    lineageLines({
      rdd: "counts",
      worker: "w2",
      checkpoint: false,
      parents: [leaf("base", true), { ...leaf("ones"), parents: [leaf("views")] }],
    }),
    ["  counts   w2", "  ├─ base   CHECKPOINT: lineage ends here · w1", "  └─ ones   w1", "     └─ views   w1"],
  )
  assert.equal(
    explainLines({
      stages: [
        {
          operators: [
            { name: "text", path: "closure" },
            { name: "map", path: "closure", why: "calls f" },
          ],
        },
        { operators: [{ name: "reduceByKey", path: "compiled" }] },
      ],
    }),
    ["  1  text → map", "     map: calls f", "  2  reduceByKey (compiled)"],
  )
})

test("a table that would have unreadable columns shows each record by itself", () => {
  const rows = [1, 2].map(n => ({ name: `worker-${n}`, address: `tcp://127.0.0.1:4026${n}`, state: "running", memory: "37 MB of 537 MB" }))
  assert.is(table(rows, { width: 100, maxRows: 10 }).lines.length, 3)
  const narrow = table(rows, { width: 40, maxRows: 10 }).lines
  assert.equal(narrow.slice(0, 5), [
    "  name     worker-1",
    "  address  tcp://127.0.0.1:40261",
    "  state    running",
    "  memory   37 MB of 537 MB",
    "  –",
  ])
  assert.ok(narrow.every(line => line.length <= 40))
  assert.is(table([["/a", 1]], { width: 12, maxRows: 10 }).lines.length, 2, "pairs stay pairs")
})

test("a worker's load is drawn beside its number: five seconds, from nothing to all its cores", () => {
  const worker = {
    name: "w1",
    address: "",
    state: "up",
    cores: 2,
    running: 1,
    blocks: 0,
    bytes: 0,
    cap: 1,
    spilled: 0,
    taskMs: 0,
    median: 1,
    speculated: 0,
  } as const
  const load = (load: number, loads: number[]) => workerRows([{ ...worker, load, loads }])[0]!.load
  assert.is(load(0.61, [1, 1, 0, 0.25, 0.5, 0.75, 1]), "▁▃▅▆█ 61 %")
  assert.is(load(1, []), "      100 %")
})

test("an interval is shown by its two ends; where times are not shown as text, as it is", () => {
  const rows = [
    { record: "x", interval: { from: 1_000, to: 2_000 } },
    { record: "y", interval: { from: 1, of: 2 } },
  ]
  const formatTime = (time: Date) => `${time.getTime() / 1_000} s`
  assert.match(table(rows, { width: 80, maxRows: 5, formatTime }).lines.join("\n"), /x +1 s–2 s\n.*y +\{ from: 1, of: 2 \}/)
  assert.match(table(rows, { width: 80, maxRows: 5 }).lines.join("\n"), /x +\{ from: 1000, to: 2000 \}/)
})

test("a stamp of files alone has no interval and no age", () => {
  const stamp = { intervals: { from: 0, to: 0 }, asOf: 0, partitions: [2, 2], recomputed: 0, from: ["files"], bytesMoved: 0 } as const
  const made = stampOf(stamp, 1_000_000, 5)
  assert.equal([JSON.stringify(made.asOf), JSON.stringify(made.ageMs)], ["null", "null"])
  assert.is(stampLine(made, { tz: "UTC", nowMs: 1_000_000 }), "of the files, of no interval · 2 of 2 partitions · files · 5 ms")
  const none = { ...made, from: [], intervals: { from: 86_400_000, to: 86_400_000 } }
  const asked = { from: 75_600_000, to: 75_900_000 }
  assert.match(
    stampLine({ ...none, asked }, { tz: "UTC", nowMs: 90_000_000 }),
    /^of no interval from 1970-01-01 21:00:00 to 1970-01-01 21:05:00, the first begins 00:00:00 · /,
  )
  const timed = { ...made, intervals: { from: 0, to: 1000 }, held: ["counts", "tops"] }
  assert.match(stampLine(timed, { tz: "UTC", nowMs: 1_000 }), / · counts, tops are held · 2 of 2 partitions/)
  assert.is(stampLine({ ...made, from: [] }, { tz: "UTC", nowMs: 1_000_000 }), "of no interval · 2 of 2 partitions · 5 ms")
})

test.run()
