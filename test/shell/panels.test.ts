/** Live panels: one time for all of them, keys that are theirs only while they have the focus, rows no wider than the screen. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { ClientSession } from "../../cluster/client/session.js"
import { handleBrand } from "../../engine/fluent/brand.js"
import type { SnapshotDStream } from "../../engine/fluent/types.js"
import { isPanelWatch, panelWatch } from "../../shell/host/panel-watch.js"
import { Panels } from "../../shell/host/panels.js"
import { type Effect, initialShell, type PanelView, reduce, type ShellState, type Timeline } from "../../shell/session.js"
import { frameOf } from "../../shell/view/frame.js"
import { cellWidth } from "../../shell/view/width.js"
import { eventsOf } from "./keys-kit.js"

const plain = (text: string) => text.replace(/\x1b\[\d*m/g, "")
const start = Date.parse("2026-11-21T21:00:00Z")

/** A stream whose version at the end of interval n is `[["k", n]]`. An answer waits for `answer()`. */
function streamOf(intervalMs: number, now: () => number, rows = (n: number): unknown[] => [["k", n]]) {
  const waiting: (() => void)[] = []
  const asked: number[] = []
  const versionAt = (end: number) => ({
    take: () => ({
      stamped: () =>
        new Promise((resolve, reject) => {
          asked.push((end - start) / 1000)
          waiting.push(() => {
            if (end <= start) reject(new Error("not kept"))
            else resolve({ value: rows((end - start) / intervalMs), stamp: { asOf: end, ageMs: 0 } })
          })
        }),
    }),
  })
  const newest = () => Math.floor(now() / intervalMs) * intervalMs
  const stream = {
    interval: intervalMs,
    latest: () => versionAt(newest()),
    at: (time: number) => versionAt(Math.floor(time / intervalMs) * intervalMs + intervalMs),
    info: async () => ({ reaches: start }),
  }
  const answer = () => {
    for (const one of waiting.splice(0)) one()
  }
  return { stream: stream as unknown as SnapshotDStream<unknown>, asked, answer }
}

async function opened(rows?: (n: number) => unknown[]) {
  let nowMs = start + 60_000
  const callbacks: ((through: number) => unknown)[] = []
  const seen: { panels: readonly PanelView[]; timeline: Timeline | null } = { panels: [], timeline: null }
  const session = {
    clock: { now: () => nowMs },
    host: { questions: { watching: (ask: () => unknown) => ask() } },
    onCompleted: async (_: unknown, callback: (through: number) => unknown) => {
      callbacks.push(callback)
      // As a stream that has finished intervals does: before anybody has the subscription.
      void callback(Math.floor(nowMs / 1000) * 1000)
      return { stop: async () => {} }
    },
  }
  const panels = new Panels({
    session: session as unknown as ClientSession,
    tz: () => "UTC",
    changed: (all, timeline) => Object.assign(seen, { panels: all, timeline }),
  })
  const streams = [streamOf(1000, () => nowMs, rows), streamOf(10_000, () => nowMs)]
  await panels.open("a", "a", streams[0]!.stream)
  await panels.open("b", "b", streams[1]!.stream)
  const settle = async () => {
    for (let i = 0; i < 10; i++) {
      for (const { answer } of streams) answer()
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  const goOn = async (ms: number) => {
    nowMs += ms
    callbacks[0]!(nowMs)
    callbacks[1]!(Math.floor(nowMs / 10_000) * 10_000)
    await settle()
  }
  await goOn(0)
  return {
    panels,
    seen,
    streams,
    settle,
    goOn,
    /** Nothing comes. */
    wait: (ms: number) => {
      nowMs += ms
    },
    shown: () => seen.panels.map(({ lines, note }) => `${lines[0]!.replace(/ +/g, " ")} | ${note}`),
  }
}

test("they step together by the shortest interval; the longer one shows what had ended by then; past the newest they are live", async () => {
  const on = await opened()
  assert.equal(on.shown(), ["k 60 | live · 21:01:00 · 0.0 s old", "k 6 | live · 21:01:00 · 0.0 s old"])
  const order = async (kind: Parameters<Panels["order"]>[0]) => {
    const done = on.panels.order(kind)
    await on.settle()
    await done
  }
  await order({ kind: "step", by: -1 })
  assert.equal(on.shown(), ["k 59 | 21:00:59 · fixed", "k 5 | 21:00:50 · fixed"])
  await order({ kind: "step", by: -10 })
  assert.equal(on.shown(), ["k 49 | 21:00:49 · fixed", "k 4 | 21:00:40 · fixed"])
  assert.equal(on.seen.timeline, { from: "21:00:00", at: "21:00:49", to: "21:01:00", share: 49 / 60 })
  await on.goOn(5000)
  assert.equal(on.shown(), ["k 49 | 21:00:49 · fixed", "k 4 | 21:00:40 · fixed"], "what comes meanwhile does not move them")
  assert.is(on.seen.timeline?.to, "21:01:05")
  await order({ kind: "oldest" })
  assert.match(on.shown()[0]!, /^k 1 \| 21:00:01 · fixed/)
  await order({ kind: "step", by: -10 })
  assert.match(on.shown()[0]!, /^k 1 \| /, "no further back than is kept")
  await order({ kind: "step", by: 100 })
  assert.match(on.shown()[0]!, /^k 65 .*live/)
  await order({ kind: "hold" })
  assert.match(on.shown()[0]!, /^k 65 \| 21:01:05 · fixed/)
  await order({ kind: "hold" })
  assert.match(on.shown()[0]!, /live/)
  on.panels.close("")
  assert.is(on.seen.timeline, null)
})

test("what no newer answer replaces grows old before one's eyes; what is held does not", async () => {
  const on = await opened()
  on.wait(1_500)
  on.panels.age()
  assert.match(on.shown()[0]!, /live · 21:01:00 · 0\.0 s old/, "the next one is not late yet")
  on.wait(3_000)
  on.panels.age()
  assert.equal(on.shown(), ["k 60 | live · 21:01:00 · 4.5 s old", "k 6 | live · 21:01:00 · 0.0 s old"])
  await on.goOn(500)
  assert.match(on.shown()[0]!, /^k 65 .*live · 21:01:05 · 0\.0 s old/)
  void on.panels.order({ kind: "hold" })
  await on.settle()
  on.wait(60_000)
  on.panels.age()
  assert.match(on.shown()[0]!, /21:01:05 · fixed/)
})

test("after it was held a row's bars go on: what came meanwhile is a gap, not one great bar", async () => {
  const on = await opened()
  const first = () => on.seen.panels[0]!.lines[0]!
  for (let i = 0; i < 3; i++) await on.goOn(1000)
  assert.is(first(), "k   63  +1   ▃▃▃")
  void on.panels.order({ kind: "hold" })
  await on.settle()
  await on.goOn(40_000)
  void on.panels.order({ kind: "live" })
  await on.settle()
  assert.is(first(), "k   103     ▃▃▃")
  await on.goOn(1000)
  assert.is(first(), "k   104  +1   ▃▃▃ ▃")
  await on.goOn(2000)
  assert.is(first(), "k   106  +2   ▃▃▃ ▃▃", "two intervals at once are no greater a step")
})

test("a stream of one number an interval has the change and the bars of that number, and no heading", async () => {
  const on = await opened(n => [n % 2 === 0 ? 2_000 : 1_800])
  for (let i = 0; i < 3; i++) await on.goOn(1000)
  assert.equal(on.seen.panels[0]!.lines, ["1 800  -200   █▁█▁"])
  void on.panels.order({ kind: "hold" })
  await on.settle()
  assert.equal(on.seen.panels[0]!.lines, ["1 800"])
})

test("what is far from now is not called live", async () => {
  const on = await opened()
  on.wait(120_000)
  on.panels.age()
  assert.equal(on.shown()[0], "k 60 | late · 21:01:00 · 2 min old")
})

test("watch(stream) in a cell opens a panel of its text; what has a rhythm of its own is the session's", async () => {
  const opened: unknown[] = []
  const closed: string[] = []
  const elsewhere: unknown[] = []
  const session = { flush: async () => [], watch: (...args: unknown[]) => elsewhere.push(args) }
  const panels = { open: async (...args: unknown[]) => opened.push(args.slice(0, 2)), close: (name: string) => closed.push(name) }
  const unseen = { before: new Set<string>(), shows: () => {} }
  const failed = (error: unknown) => assert.unreachable(String(error))
  const watch = panelWatch(session as unknown as ClientSession, panels as unknown as Panels, unseen, failed)
  const stream = (source: string) =>
    ({ [handleBrand]: { kind: "stream", id: "s", keyed: true }, name: "top@cell:1:1", definition: { source } }) as never
  const one = watch(stream("watch(counts.top(5))"))
  await watch(stream('const w = watch(counts.top(5), { name: "hottest" })'), { name: "hottest" }).stop()
  watch(stream("watch(counts.top(5), { every: '5s' })"), { every: "5s" })
  watch(async () => 1)
  await one.stop()
  assert.equal(opened, [
    ["counts.top(5)", "counts.top(5)"],
    ["hottest", "counts.top(5)"],
  ])
  assert.equal(closed, ["hottest", "counts.top(5)"])
  assert.is(elsewhere.length, 2)
  assert.equal([isPanelWatch(one), isPanelWatch({}), isPanelWatch(undefined)], [true, false, false])
})

test("steps faster than answers: each panel asks once at a time, and shows the last that was asked for", async () => {
  const on = await opened()
  const before = on.streams[0]!.asked.length
  const all = Array.from({ length: 20 }, () => on.panels.order({ kind: "step", by: -1 }))
  await new Promise(resolve => setImmediate(resolve))
  await on.settle()
  await Promise.all(all)
  assert.match(on.shown()[0]!, /^k 40 \| 21:00:40 · fixed/)
  assert.ok(on.streams[0]!.asked.length - before <= 3, String(on.streams[0]!.asked))
})

const view = (name: string, lines = 3): PanelView => ({
  name,
  title: `${name}.top(5)`,
  lines: Array.from({ length: lines }, (_, i) => `row ${i}`),
  note: "live · 21:01:00",
  live: true,
})

function play(keys: string, columns = 80, rows = 24, panels = [view("a"), view("b")]): { state: ShellState; effects: Effect[] } {
  const timeline = { from: "21:00:00", at: "21:00:49", to: "21:01:00", share: 0.8 }
  let state = reduce(initialShell("local> ", columns, rows), { kind: "panels", panels, timeline }).state
  const effects: Effect[] = []
  for (const event of eventsOf(keys)) {
    const step = reduce(state, { kind: "input", event })
    state = step.state
    effects.push(...step.effects)
  }
  return { state, effects }
}
const orders = (keys: string) => play(keys).effects.flatMap(effect => (effect.kind === "panels" ? [effect.order] : []))

test("keys are the input's until F2 or Alt-W; then the panels', until Escape", () => {
  assert.is(play("[x y]").state.buffer.text, "[x y]")
  assert.equal(orders("[x y]"), [])
  assert.equal(orders("\x1bOQ[ ]"), [{ kind: "step", by: -1 }, { kind: "hold" }, { kind: "step", by: 1 }])
  assert.is(play("\x1bw[").state.buffer.text, "")
  assert.is(play("\x1bw[\x03ab").state.buffer.text, "ab")
  assert.equal(orders("\x1bw2x"), [{ kind: "close", name: "b" }])
  const copied = play("\x1bw\ty").effects.at(-1)!
  assert.is(copied.kind === "copy" && copied.text, "b.top(5) · live · 21:01:00\nrow 0\nrow 1\nrow 2")
  assert.match(play("\x1bw", 80, 24, []).state.printed.at(-1)![0]!.text, /no panel is open/)
})

test("four panels in a third of 42 rows show a row each, and say in the border how many are below it", () => {
  const frame = frameOf(
    play(
      "",
      80,
      42,
      ["a", "b", "c", "d"].map(name => view(name, 5)),
    ).state,
  ).rows.map(plain)
  for (const name of ["a", "b", "c", "d"]) {
    const at = frame.findIndex(row => row.startsWith(`╭ ${name}.`))
    assert.ok(at >= 0, frame.join("\n"))
    const below = frame.slice(at + 1, at + 6)
    const bottom = below.findIndex(row => row.startsWith("╰"))
    assert.ok(bottom >= 1, frame.join("\n"))
    assert.match(below[0]!, /^│ row 0 +│$/)
    assert.match(below[bottom]!, new RegExp(`^╰─ … ${5 - bottom} more ─+╯$`))
    assert.is(cellWidth(below[bottom]!), 80)
  }
})

test("when the last panel is closed the keys go back to the input", () => {
  const focused = play("\x1bw").state
  const step = reduce(focused, { kind: "panels", panels: [], timeline: null })
  assert.is(step.state.focus, null)
})

for (const [columns, rows] of [
  [80, 24],
  [40, 12],
  [20, 6],
] as const)
  test(`${columns} × ${rows}: panels and scrubber keep to a third of the rows, and the one with the keys is seen`, () => {
    for (const keys of ["", "\x1bw", "\x1bw2", "\x1bw3"]) {
      const { state } = play(keys, columns, rows, [view("a", 9), view("b", 9), view("c", 9)])
      const frame = frameOf(state).rows.map(plain)
      for (const row of frame) assert.ok(cellWidth(row) <= columns, row)
      assert.ok(frame.length < rows, frame.join("\n"))
      if (rows > 9 && keys !== "")
        assert.ok(
          frame.some(row => row.startsWith(`╭ ${"abc"[state.focus!]}.`)),
          frame.join("\n"),
        )
    }
    if (columns === 80)
      assert.ok(
        frameOf(play("").state)
          .rows.map(plain)
          .some(row => /^ 21:00:00 ├─+●─+┤ 21:01:00 · at 21:00:49$/.test(row)),
      )
  })

test.run()
