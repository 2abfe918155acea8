/** What batch mode makes is kept until it has been read, and goes then; a reader that lags keeps files from being read on. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { MasterConfig } from "../../cluster/master/config.js"
import type { StreamPosition } from "../../cluster/master/readings.js"
import type { TaskDone } from "../../cluster/protocol.js"
import type { StreamDefinition } from "../../engine/definition.js"
import { counts, definition, fileInput, Harness, type Launched } from "./harness.js"

const test = suite("readings")

/** A split a second, with a record in each. */
function reading(splits: number, definitions: StreamDefinition[], streams: StreamPosition[], config: Partial<MasterConfig> = {}): Harness {
  const h = new Harness({ splitBytes: 10, ...config })
  const usual = h.answer
  h.answer = (one: Launched): TaskDone | null => {
    const { write } = one.stage
    if (write.kind !== "read") return usual(one)
    const s = (write.split?.from ?? 0) / 10
    const outputs = [{ block: `r${s}`, bytes: 1, rows: 1, interval: s * 1000, newest: s * 1000 + 999 }]
    return { task: one.task.task, ms: 1, outputs, aside: 0, rowsIn: 1 }
  }
  h.join(1)
  h.join(2)
  h.define(definition("log", fileInput(true), { untilRead: true }), ...definitions)
  if (streams.length > 0) h.ask({ kind: "reading", streams })
  h.advance(100)
  const [listing] = h.messages("listFiles")
  const files = [{ path: "/log", sizeBytes: splits * 10, modifiedMs: 1 }]
  h.from("w1#1", { kind: "filesListed", request: listing?.message.request ?? "", files })
  h.advance(3000)
  return h
}

const countsOfLog = definition("counts", counts("log"), { untilRead: true })
const lines = definition("lines", { kind: "lift", parents: ["log"], rdd: { kind: "hole", index: 0 } }, { untilRead: true })
const slides = (seconds: number, more: Partial<StreamDefinition> = {}) => {
  const ms = seconds * 1000
  return definition("slides", { kind: "window", parent: "log", lengthMs: ms, slideMs: ms }, { intervalMs: ms, untilRead: true, ...more })
}

const running = (splits: number) => reading(splits, [countsOfLog, lines], [])

const forgotten = (h: Harness, stream: string) =>
  Math.max(0, ...h.records("forgotten").flatMap(({ streams }) => streams.filter(one => one.stream === stream).map(({ before }) => before)))

test("nothing is forgotten before a reader says where it is; then what lies before it, of inputs what recipes over them need", () => {
  const h = running(20)
  h.advance(5000)
  assert.equal([forgotten(h, "log"), forgotten(h, "counts")], [0, 0])
  h.ask({
    kind: "reading",
    streams: [
      { stream: "counts", from: 12_000 },
      { stream: "lines", from: 6000 },
    ],
  })
  h.advance(5000)
  assert.equal([forgotten(h, "log"), forgotten(h, "counts")], [6000, 12_000])
  h.restart()
  h.join(1)
  h.join(2)
  h.advance(5000)
  assert.equal([forgotten(h, "log"), forgotten(h, "counts")], [6000, 12_000])
})

test("which intervals had records is known until everything made of them has been read; their bytes go before", () => {
  const h = running(20)
  h.ask({
    kind: "reading",
    streams: [
      { stream: "counts", from: 3000 },
      { stream: "lines", from: 16_000 },
    ],
  })
  h.advance(5000)
  assert.equal([forgotten(h, "log"), forgotten(h, "counts")], [3000, 3000])
  const gone = h.messages("forget").flatMap(({ message }) => message.blocks)
  assert.equal([gone.includes("r5"), gone.includes("r18")], [true, false])
  const changed = (after: number) => h.ask({ kind: "changed", stream: "counts", after, limit: 100 })
  // What it has confirmed it is not given again, whatever it asks for.
  assert.equal((changed(0) as { value: number[] }).value[0], 3000)
})

test("where one worker is not to be the end of it, it stays known how to make all again, and only bytes go", () => {
  for (const [keepsLineage, kept] of [
    [false, 12_000],
    [true, 0],
  ] as const) {
    const h = reading(20, [countsOfLog], [], { keepsLineage })
    h.ask({ kind: "reading", streams: [{ stream: "counts", from: 12_000 }] })
    h.advance(5000)
    assert.equal([keepsLineage, forgotten(h, "log")], [keepsLineage, kept])
    const gone = h.messages("forget").flatMap(({ message }) => message.blocks)
    assert.equal([keepsLineage, gone.includes("r5"), gone.includes("r18")], [keepsLineage, true, true])
  }
})

test("who has read nothing yet is kept all that its recipe is made of, whatever others have read", () => {
  const h = running(20)
  h.ask({
    kind: "reading",
    streams: [
      { stream: "counts", from: 12_000 },
      { stream: "lines", from: Number.MIN_SAFE_INTEGER },
    ],
  })
  h.advance(5000)
  assert.is(forgotten(h, "counts"), 12_000)
  assert.equal(
    h.messages("forget").flatMap(({ message }) => message.blocks.filter(block => block.startsWith("r"))),
    [],
  )
})

test("a client that is gone keeps nothing and lets nothing go", () => {
  const h = running(20)
  h.ask({
    kind: "reading",
    streams: [
      { stream: "counts", from: 4000 },
      { stream: "lines", from: 4000 },
    ],
  })
  h.advance(1000)
  const before = forgotten(h, "counts")
  assert.is(before, 4000)
  h.from("c1#1", { kind: "bye" })
  h.advance(5000)
  assert.is(forgotten(h, "counts"), before)
})

test("a slow reader holds the reading of files, and a faster one lets it go on", () => {
  const h = reading(700, [lines], [{ stream: "lines", from: 0 }])
  h.advance(6000)
  const held = h.records("seal").length
  h.advance(1000)
  assert.is(h.records("seal").length, held)
  assert.ok(held > 300 && held < 600, `${held}`)
  h.ask({ kind: "reading", streams: [{ stream: "lines", from: held * 1000 }] })
  h.advance(3000)
  assert.ok(h.records("seal").length > 690)
})

const through = (h: Harness, stream: string) =>
  Math.max(0, ...h.records("progress").flatMap(record => record.through.filter(one => one.stream === stream).map(one => one.through)))
const sealed = (h: Harness) => h.records("seal").at(-1)!.to

test("files are read on until a step that is longer than the read-ahead is whole", () => {
  const h = reading(100, [slides(30, { persist: true })], [], { readAheadIntervals: 5 })
  h.advance(10_000)
  assert.equal([sealed(h), through(h, "slides")], [100_000, 90_000])
})

test("a reader of steps that are longer than the read-ahead gets the next one, and holds the reading of files after it", () => {
  const h = reading(200, [slides(30)], [{ stream: "slides", from: 0 }], { readAheadIntervals: 5 })
  for (const from of [0, 30_000, 60_000]) {
    // It says where the last one begins that it has read: the next one ends two of them later.
    h.ask({ kind: "reading", streams: [{ stream: "slides", from }] })
    h.advance(10_000)
    assert.ok(sealed(h) >= from + 60_000 && sealed(h) < from + 90_000, `${from}: ${sealed(h)}`)
  }
})

test("a reader that goes no further in one stream before there is more of another gets that", () => {
  const streams = [
    { stream: "lines", from: 0 },
    { stream: "slides", from: 0 },
  ]
  const h = reading(200, [lines, slides(30)], streams, { readAheadIntervals: 5 })
  h.advance(10_000)
  assert.ok(sealed(h) >= 60_000 && sealed(h) < 90_000, `${sealed(h)}`)
})

test.run()
