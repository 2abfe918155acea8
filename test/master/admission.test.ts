import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { MasterClock } from "../../cluster/clock.js"
import { Admission } from "../../cluster/master/admission.js"
import { groupBlocks } from "../../cluster/master/groups.js"
import { Ledger } from "../../cluster/master/ledger.js"
import type { SealedBlock } from "../../cluster/master/records.js"
import { dueIntervals } from "../../cluster/master/seal.js"
import { type SeqRange, SeqSet } from "../../cluster/master/seq-set.js"
import { BlockTracker } from "../../cluster/scheduler/block-tracker.js"
import { definition, input } from "./harness.js"

const test = suite("admission and seals")

/** Reports as `seq[block]@arrival by worker`, then what the interval that ends at `to` takes. */
class Bench {
  readonly ledger = new Ledger()
  readonly tracker = new BlockTracker()
  readonly admission = new Admission(this.ledger, this.tracker, 100)
  #sealed = 0

  constructor() {
    this.ledger.apply({
      kind: "define",
      session: "s",
      definitions: [{ definition: definition("v", input()), since: 0 }],
      assets: [],
      wallMs: 0,
    })
  }

  report(worker: string, seq: number, arrivedMs: number, options: { block?: string; session?: string; nowMs?: number } = {}) {
    const { block = `b${seq}`, session = "s", nowMs = 0 } = options
    const one = { block, batch: { session, stream: "v", seq }, rows: 1, bytes: 1, arrivedMs, copies: 2 }
    return this.admission.report(worker, "v", one, nowMs)
  }

  seal(to: number, nowMs = 0): string[] {
    const { admitted } = this.admission.take("v", to, nowMs)
    const blocks: SealedBlock[] = admitted.map(({ block, batch }) => ({ block, batch, rows: 1, bytes: 1 }))
    this.ledger.apply({ kind: "seal", stream: "v", from: this.#sealed, to, groups: blocks.length > 0 ? [blocks] : [] })
    this.admission.sealed("v", this.#sealed, blocks)
    this.#sealed = to
    return admitted.map(({ block }) => block)
  }
}

test("both holders report: admitted once", () => {
  const bench = new Bench()
  bench.report("w1", 1, 5)
  bench.report("w2", 1, 5)
  assert.equal(bench.seal(10), ["b1"])
  assert.equal(bench.seal(20), [])
  assert.equal([...bench.tracker.holders("b1")], ["w1", "w2"])
})

test("a batch resent as another block counts once, whenever the other comes", () => {
  const bench = new Bench()
  bench.report("w1", 1, 5)
  bench.report("w3", 1, 6, { block: "again" })
  const { admitted } = bench.admission.take("v", 10, 0)
  assert.equal(
    admitted.map(({ block, others }) => [block, others]),
    [["b1", ["again"]]],
  )
  const late = new Bench()
  late.report("w1", 1, 5)
  late.seal(10)
  assert.equal(late.report("w3", 1, 12, { block: "again" }), { dropped: true })
  assert.equal(late.report("w2", 1, 5), { kept: { stream: "v", interval: 0 } })
  assert.equal(late.seal(20), [])
})

test("if the first copies' holders are gone, the resent one counts", () => {
  const bench = new Bench()
  bench.report("w1", 1, 5)
  bench.report("w3", 1, 6, { block: "again" })
  bench.tracker.dropWorker("w1")
  assert.equal(bench.seal(10), ["again"])
})

test("in order of seq within a session, whatever order the reports come in", () => {
  const bench = new Bench()
  for (const seq of [3, 1, 2]) bench.report("w1", seq, seq)
  bench.report("w1", 1, 2, { block: "x1", session: "t" })
  assert.equal(bench.seal(10), ["b1", "b2", "b3", "x1"])
})

test("a gap holds back what follows, but not for ever", () => {
  const bench = new Bench()
  bench.report("w1", 1, 1)
  bench.report("w1", 3, 3, { nowMs: 3 })
  assert.equal(bench.seal(10, 10), ["b1"])
  bench.report("w1", 2, 12)
  assert.equal(bench.seal(20, 20), ["b2", "b3"])
  bench.report("w1", 5, 21, { nowMs: 21 })
  assert.equal(bench.seal(30, 30), [])
  assert.equal(bench.seal(130, 130), ["b5"])
  bench.report("w1", 4, 131)
  assert.equal(bench.seal(140, 140), ["b4"])
})

test("what arrived late enters the interval that is open; what is early waits", () => {
  const bench = new Bench()
  bench.seal(10)
  bench.report("w1", 1, 5)
  bench.report("w1", 2, 25)
  assert.equal(bench.seal(20), ["b1"])
  assert.equal(bench.seal(30), ["b2"])
})

test("which intervals are due", () => {
  const due = (...args: Parameters<typeof dueIntervals>) => dueIntervals(...args).map(({ from, to }) => `${from}-${to}`)
  const none = Number.POSITIVE_INFINITY
  assert.equal(due(0, 10, 9, none, 99), [])
  assert.equal(due(0, 10, 10, none, 99), ["0-10"])
  assert.equal(due(0, 10, 1_000_005, none, 99), ["0-1000000"], "an empty run is one")
  assert.equal(due(0, 10, 45, 23, 99), ["0-20", "20-30", "30-40"])
  assert.equal(due(20, 10, 45, 3, 99), ["20-30", "30-40"], "what came late enters the first open one")
  assert.equal(due(0, 10, 1000, 0, 3), ["0-10", "10-20", "20-30"], "so many at a time")
  assert.equal(due(0, 10, Number.NEGATIVE_INFINITY, none, 99), [], "no worker has reported")
})

test("groups are runs in order, of blocks that one worker holds", () => {
  const kb = 1024
  const holders: Record<string, string[]> = { a: ["w1", "w2"], b: ["w1", "w3"], c: ["w2", "w3"], d: ["w3"] }
  const blocks = (bytes: number) => ["a", "b", "c", "d"].map(block => ({ block, rows: 1, bytes, batch: null }))
  const groups = (bytes: number, executors: number) =>
    groupBlocks(blocks(bytes), block => holders[block] ?? [], executors, 256 * 1024).map(group => group.map(({ block }) => block).join(""))
  assert.equal(groups(10 * kb, 8), ["abcd"], "little is one task")
  assert.equal(groups(1024 * kb, 4), ["a", "b", "c", "d"], "much is a task an executor")
  assert.equal(groups(1024 * kb, 2), ["ab", "cd"])
  assert.equal(groups(1024 * kb, 1), ["ab", "cd"], "cut where no worker has both")
})

test("a gap is waited for once: a stream that was defined when its sender had sent a while has every batch in its interval", () => {
  const bench = new Bench()
  bench.report("w1", 501, 5)
  assert.equal(bench.seal(10, 50), [])
  assert.equal(bench.seal(20, 150), ["b501"])
  bench.report("w1", 502, 25, { nowMs: 160 })
  bench.report("w1", 503, 26, { nowMs: 160 })
  bench.report("w1", 505, 27, { nowMs: 160 })
  assert.equal(bench.seal(30, 170), ["b502", "b503"])
  bench.report("w1", 504, 35, { nowMs: 180 })
  assert.equal(bench.seal(40, 190), ["b504", "b505"])
  assert.equal(bench.ledger.snapshot().admitted, [["s", [["v", { watermark: 0, above: [[501, 505]] }]]]])
})

test("a set of numbers in any order is the same set, in few words", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 40 })), seqs => {
      const set = new SeqSet()
      for (const seq of seqs) set.add(seq)
      for (const seq of seqs.slice(0, 3)) set.add(seq)
      const { watermark, above } = set.toJSON()
      const restored = new SeqSet(watermark, above)
      for (let seq = 1; seq <= 41; seq++) {
        assert.is(set.has(seq), seqs.includes(seq))
        assert.is(restored.has(seq), seqs.includes(seq))
      }
      assert.ok(above.every((range, i) => i === 0 || first(range) > last(above[i - 1]!) + 1))
      assert.is(set.has(watermark + 1), false)
      assert.equal(restored.toJSON(), { watermark, above })
      // As journals from before say it.
      const alone = seqs.filter(seq => seq > watermark)
      assert.equal(new SeqSet(watermark, alone).toJSON(), { watermark, above })
    }),
  )
})

const first = (range: SeqRange) => (typeof range === "number" ? range : range[0])
const last = (range: SeqRange) => (typeof range === "number" ? range : range[1])

test("a set of numbers is a watermark and what lies above", () => {
  const set = new SeqSet()
  for (const seq of [2, 3, 5]) set.add(seq)
  assert.equal(set.toJSON(), { watermark: 0, above: [[2, 3], 5] })
  set.add(1)
  assert.equal(set.toJSON(), { watermark: 3, above: [5] })
  assert.equal(
    [1, 3, 4, 5, 6].map(seq => set.has(seq)),
    [true, true, false, true, false],
  )
})

test("the ledger is the fold of its records: a snapshot of it is as good", () => {
  const bench = new Bench()
  for (const seq of [1, 2, 4]) bench.report("w1", seq, seq)
  bench.seal(10, 1000)
  bench.ledger.apply({ kind: "session", session: "s1", user: "ann", program: "p" })
  bench.ledger.apply({ kind: "progress", through: [{ stream: "v", through: 10 }] })
  const copy = new Ledger()
  copy.apply({ kind: "snapshot", state: structuredClone(bench.ledger.snapshot()) })
  assert.equal(copy.snapshot(), bench.ledger.snapshot())
  assert.ok(copy.wasAdmitted("s", "v", 4))
  assert.not(copy.wasAdmitted("s", "v", 3))
})

const clocks: { name: string; steps: [monotonicMs: number, wallMs: number][]; times: number[] }[] = [
  {
    name: "the clocks agree",
    steps: [
      [0, 1000],
      [100, 1100],
    ],
    times: [1000, 1100],
  },
  {
    name: "the wall clock jumps ahead: adopted",
    steps: [
      [0, 1000],
      [100, 901_100],
    ],
    times: [1000, 901_100],
  },
  {
    name: "it jumps back: time goes on, a tenth slower",
    steps: [
      [0, 10_000],
      [100, 5000],
      [1100, 6000],
    ],
    times: [10_000, 10_090, 10_990],
  },
  {
    name: "it stands still: no time before is given again",
    steps: [
      [0, 1000],
      [0, 999],
      [0, 400],
    ],
    times: [1000, 1000, 1000],
  },
]
for (const { name, steps, times } of clocks) {
  test(`clock: ${name}`, () => {
    const clock = new MasterClock()
    assert.equal(
      steps.map(([monotonicMs, wallMs]) => clock.read({ monotonicMs, wallMs })),
      times,
    )
  })
}
test("clock: never before what is sealed", () => {
  assert.is(new MasterClock(5000).read({ monotonicMs: 0, wallMs: 1000 }), 5000)
})

test.run()
