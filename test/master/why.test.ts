/** `.why`: facts of intervals in, ranked causes out. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { causeInWords } from "../../cluster/client/why-words.js"
import type { IntervalFacts } from "../../cluster/master/job-facts.js"
import { Slowness } from "../../cluster/master/slowness.js"
import { type StageFacts, TaskTimes } from "../../cluster/master/stage-facts.js"
import { type WhyFacts, whyOf } from "../../cluster/master/why.js"
import { heavyKeys, SpaceSaving } from "../../engine/keys/heavy-keys.js"

const test = suite("why")

/** A stage of a task a partition, in turn on w1 and w2; `heavy`: the key's partition and its part of 1,000 rows. */
function stage(ms: readonly number[], heavy?: readonly [partition: number, rows: number]): StageFacts {
  const reads: StageFacts[] = []
  if (heavy) {
    const [partition, rows] = heavy
    reads.push({
      label: "input.map",
      tasks: new TaskTimes(),
      heavy: new Map([['"-"', { key: '"-"', partition, rows }]]),
      firstMs: 0,
      lastMs: 0,
      rows: 1000,
      reads: [],
    })
  }
  const tasks = new TaskTimes()
  for (const [partition, tookMs] of ms.entries()) tasks.add(partition, `w${(partition % 2) + 1}#1`, tookMs)
  return { label: "groupByKey", tasks, heavy: new Map(), firstMs: 0, lastMs: 0, rows: 10, reads }
}

function facts(stages: readonly StageFacts[], change: Partial<WhyFacts> = {}): WhyFacts {
  const intervals: IntervalFacts[] = stages.map((one, i) => ({
    from: 1000 * i,
    to: 1000 * (i + 1),
    endedMs: 1000 * (i + 1),
    delayMs: 0,
    ms: Math.max(...[...one.tasks].map(({ ms }) => ms)),
    stages: [one],
  }))
  const entry = {
    definition: { id: "s", name: "s", kind: "records", intervalMs: 1000, node: { kind: "map" } },
    state: "running",
    lagMs: 0,
  } as unknown as WhyFacts["entry"]
  return {
    entry,
    intervals,
    executors: 2,
    load: 0.2,
    slow: new Map(),
    inputs: [],
    running: null,
    timeMs: 1000 * stages.length,
    ...well,
    ...change,
  }
}

const well = { journal: null, disks: [], archive: null }

const slow = { worker: "w2#1", name: "w2", times: 4, ownMs: 80, othersMs: 20, since: 5, copied: 0, getsLess: false }
const utc = { tz: "UTC", nowMs: 60_000 }
const what = (of: WhyFacts) =>
  whyOf(of).findings.map(finding => `${Math.round(finding.share * 100)} % ${causeInWords(finding.cause, utc).what}`)
const ten = (make: () => StageFacts) => Array.from({ length: 10 }, make)

const cases: readonly [says: string, of: WhyFacts, found: readonly RegExp[]][] = [
  ["even tasks: nothing", facts(ten(() => stage([20, 21, 20, 20]))), []],
  ["one slow task once is a pause", facts([stage([20, 20, 20, 900]), ...ten(() => stage([20, 20, 20, 20]))]), []],
  ["a heavy key", facts(ten(() => stage([20, 200, 20, 20], [1, 380]))), [/^100 % one key holds 38 % of the shuffle: "-"$/]],
  [
    "a key that is heavy elsewhere is not to blame",
    facts(ten(() => stage([20, 200, 20, 20], [2, 380]))),
    [/^100 % partition 1 of groupByKey/],
  ],
  [
    "a slow worker",
    facts(
      ten(() => stage([20, 80, 20, 80])),
      { slow: new Map([["w2#1", slow]]) },
    ),
    [/^100 % w2 is slow: tasks take 4.0 ×/],
  ],
  [
    "a heavy key, and a slow worker",
    facts([...ten(() => stage([200, 80, 20, 80], [0, 380])), ...ten(() => stage([20, 80, 20, 80], [0, 380]))], {
      slow: new Map([["w2#1", slow]]),
    }),
    [/^75 % one key holds 38 %/, /^25 % w2 is slow/],
  ],
  [
    "too little capacity",
    facts(
      ten(() => stage([500, 500, 500, 500])),
      { load: 1.9 },
    ),
    [/^100 % capacity: streams keep 1.9 of 2 cores busy/],
  ],
  [
    "a disk that is full, though nothing is slow yet",
    facts(
      ten(() => stage([20, 20])),
      { disks: [{ worker: "w1", error: "cannot write /d/1.blocks: the disk is full" }] },
    ),
    [/^100 % w1 can put nothing more on its disk: cannot write \/d\/1\.blocks: the disk is full$/],
  ],
  [
    "a journal that cannot be written stops all",
    facts(
      ten(() => stage([20, 80, 20, 80])),
      { slow: new Map([["w2#1", slow]]), journal: "no space left on device" },
    ),
    [/^100 % the master's journal cannot be written: no space left on device$/, /w2 is slow/],
  ],
  [
    "what is not archived",
    facts(
      ten(() => stage([20, 20])),
      { archive: "p/views.archive" },
    ),
    [/^100 % it is not archived: p\/views\.archive is held$/],
  ],
]
const input = (source: string, read?: object) =>
  ({
    definition: { id: "i", name: "i", kind: "records", intervalMs: 1000, node: { kind: "input", source: { kind: source } } },
    lagMs: 0,
    read,
  }) as never
const behind = (lagMs: number, change: Partial<WhyFacts>, state = "catching up") => {
  const of = facts(
    ten(() => stage([20, 20])),
    change,
  )
  return { ...of, entry: { ...of.entry, state, lagMs } as WhyFacts["entry"] }
}
const running = (ms: number, othersMs: number | null): Partial<WhyFacts> => ({
  running: { stream: "p/s", interval: 7_000, partition: 3, stage: "map", worker: "w2", ms, othersMs, timeoutMs: 30_000, second: null },
})
/** The ten intervals ended in a second, a tenth of one each. */
const quick = behind(0, {}).intervals.map((one, i) => ({ ...one, endedMs: 9_000 + 100 * (i + 1) }))
const late: typeof cases = [
  [
    "a task that runs and does not end",
    facts([stage([20, 20])], running(12_000, 40)),
    [/^100 % a task of p\/s@00:00:07\/3 has run for 12.00 s on w2 \(others took 40 ms\)$/],
  ],
  ["one that takes as long as others do", facts([stage([20, 20])], running(12_000, 4_000)), []],
  ["one that takes long for its kind, but not long", facts([stage([20, 20])], running(900, 40)), []],
  ["the first of its kind, begun just now", facts([stage([20, 20])], running(2_000, null)), []],
  [
    "the first of its kind",
    facts([stage([20, 20])], running(4_000, null)),
    [/^100 % a task of .* has run for 4.00 s on w2 \(none before it has ended\)$/],
  ],
  ["what waits for a task is not catching up", behind(9_000, running(9_000, 40)), [/^100 % a task of/]],
  [
    "catching up: nine intervals in 900 ms, and one a second comes",
    behind(90_000, { intervals: quick, timeMs: 10_000, inputs: [input("receiver")] }),
    [/^100 % catching up: 90 intervals behind, 10 a second, in about 10 s$/],
  ],
  [
    "a file that has been read: no more comes",
    behind(90_000, { intervals: quick, timeMs: 10_000, inputs: [input("file", { doneBytes: 9, bytes: 9 })] }),
    [/^100 % catching up: 90 intervals behind, 10 a second, in about 9 s$/],
  ],
  [
    "a file that is being read: nobody knows",
    behind(90_000, { intervals: quick, timeMs: 10_000, inputs: [input("file", { doneBytes: 1, bytes: 9 })] }),
    [/^100 % catching up: 90 intervals behind, 10 a second$/],
  ],
  [
    "as fast as time goes: another cause comes first",
    behind(8_000, { intervals: behind(0, {}).intervals, timeMs: 10_000, inputs: [input("receiver")], load: 1.9 }),
    [/^\d+ % capacity/, /^\d+ % catching up: 8 intervals behind, 1 a second$/],
  ],
  [
    "nothing has ended",
    behind(8_000, { intervals: [], inputs: [input("receiver")] }),
    [/^100 % catching up: 8 intervals behind, none ended of late$/],
  ],
  ["behind by what is ordinary", behind(2_000, {}, "running"), []],
]
for (const [says, of, found] of [...cases, ...late])
  test(says, () => {
    const shown = what(of)
    assert.is(shown.length, found.length, shown.join("\n"))
    for (const [i, one] of found.entries()) assert.match(shown[i]!, one)
  })

test("held: the record comes before all that was slow", () => {
  const held = { interval: 7, failure: { kind: "user", message: "no", record: "{ a: 1 }" }, keptBytes: 0, boundBytes: 1 }
  const of = facts(ten(() => stage([20, 200, 20, 20], [1, 380])))
  const [first] = whyOf({ ...of, entry: { ...of.entry, held } as unknown as WhyFacts["entry"] }).findings
  assert.match(causeInWords(first!.cause, utc).what, /^a record at which a function throws: no$/)
  assert.is(first!.since, 7)
})

test("a worker is slow when most of its tasks are, and not for a few long ones", () => {
  const often = new Slowness()
  const seldom = new Slowness()
  for (let i = 0; i < 40; i++) {
    often.add(stage([10, 40, 10, 40]), new Set(), i)
    seldom.add(stage([10, i % 8 === 0 ? 400 : 10, 10, 10]), new Set(), i)
  }
  assert.is(Math.round(often.of("w2#1")!.times), 4)
  assert.is(often.of("w2#1")!.since, 15)
  assert.is(often.of("w1#1"), null)
  assert.is(seldom.of("w2#1"), null)
})

test("a heavy key's partition says nothing of its worker", () => {
  const slowness = new Slowness()
  for (let i = 0; i < 40; i++) slowness.add(stage([10, 400, 10, 10], [1, 500]), new Set([1]), i)
  assert.is(slowness.of("w2#1"), null)
})

test("heavy keys: those of a twentieth of the rows or more, where they go, with a lower bound of how many", () => {
  const sections: unknown[][] = [[], [], []]
  for (let i = 0; i < 30_000; i++) {
    if (i % 10 < 4) sections[1]!.push(["-", i])
    else if (i % 10 === 4) sections[2]!.push([["a", 1], i])
    else sections[i % 3]!.push([`k${i % 9_973}`, i])
  }
  const found = heavyKeys(sections)
  assert.equal(
    found.map(({ key, partition }) => [key, partition]),
    [
      ['"-"', 1],
      ['["a", 1]', 2],
    ],
  )
  assert.ok(found[0]!.rows > 11_000 && found[0]!.rows <= 12_100, String(found[0]!.rows))
  assert.ok(found[1]!.rows > 2_500 && found[1]!.rows <= 3_100, String(found[1]!.rows))
})

test("few rows have no heavy key", () => assert.equal(heavyKeys([[["a", 1]], []]), []))

test("space saving never counts a key more often than it came, and finds each of more than its part", () => {
  const sketch = new SpaceSaving(8)
  const counts = new Map<unknown, number>()
  let seed = 7
  for (let i = 0; i < 5_000; i++) {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    const key = seed % 5 === 0 ? 0 : seed % 400
    counts.set(key, (counts.get(key) ?? 0) + 1)
    sketch.add(key)
  }
  for (const { key, count } of sketch.keys()) assert.ok(count <= counts.get(key)!)
  assert.is(sketch.keys()[0]!.key, 0)
})

test.run()
