/**
 * Whatever is typed, pasted, resized and answered in whatever order: the shell does not fail, its frame fits its terminal, and the
 * terminal is given back as it was. A few hundred sequences here; `RIVULET_KEYSTROKES=10000` runs as many others.
 */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { decode, decodeRest, freshDecoder } from "../../shell/editor/decode.js"
import type { PagedAnswer } from "../../shell/pager/paged.js"
import {
  accept,
  type Effect,
  historyEnd,
  initialShell,
  newLine,
  type PanelView,
  reduce,
  type ShellEvent,
  type ShellState,
  type Step,
} from "../../shell/session.js"
import { frameOf } from "../../shell/view/frame.js"
import { cellWidth } from "../../shell/view/width.js"
import { openTerminal } from "./screen-kit.js"

const asked = process.env.RIVULET_KEYSTROKES
const runs = Number(asked ?? 300)
/** The same each time, unless more are asked for: then others each time, and a failure prints its seed. */
const sequences = { includeErrorInReport: true, ...(asked === undefined && { seed: 20_261_121 }) }
const screens = Math.max(10, Math.floor(runs / 20))

const plain = (text: string) => text.replace(/\x1b\[\d*m/g, "")
const keys = [
  ..."abc [](){}.,'`/?<>19qxyswnNgGYjkhl",
  ..."é日😀\u200d\u0301\u0600\ufff9\u202e",
  "🇩🇪",
  ...Array.from({ length: 32 }, (_, i) => String.fromCharCode(i)),
  ...["[A", "[B", "[C", "[D", "[H", "[F", "[3~", "[5~", "[6~", "[Z", "[1;5C", "[1;5D", "OQ", "[13;2u", "[999;9R", "[", "O"].map(
    one => `\x1b${one}`,
  ),
  ...["b", "f", "d", "w", "\x7f", "\r"].map(one => `\x1b${one}`),
  "\x7f",
  "",
  "\x1b[200~two\r\nlines\t\x1b[201~",
  "\x1b[200~",
  "\x1b[201~",
  "views.map(v => v.url)",
  ".watch counts.top(5)",
]

const paged: PagedAnswer = {
  name: "Out[1]",
  rows: 30,
  stamp: "",
  columns: [
    { title: "key", right: false, cells: Array.from({ length: 30 }, (_, i) => `/日本/${i}`) },
    {
      title: "value",
      right: true,
      cells: Array.from({ length: 30 }, (_, i) => String(i)),
      numbers: Array.from({ length: 30 }, (_, i) => i),
    },
  ],
}
const panel = (name: string): PanelView => ({
  name,
  title: name,
  lines: ["/ 1", "日本 2", "x".repeat(200)],
  note: "live · 21:06:12",
  live: true,
})
const timeline = { from: "21:00:00", at: "21:00:30", to: "21:01:00", share: 0.5 }

/** What comes by itself, and answers that may be to nothing that was asked. */
const messages: readonly ShellEvent[] = [
  { kind: "print", lines: [{ text: "日本 ".repeat(40) }, { text: "" }] },
  { kind: "done" },
  { kind: "ghost", for: "", text: "counts.top(5)" },
  {
    kind: "completed",
    for: "a",
    list: {
      items: [
        { text: "abc", detail: "" },
        { text: "abd", detail: "日本" },
      ],
      selected: 0,
      from: 0,
      to: 1,
    },
  },
  { kind: "completed", for: "", list: { items: [], selected: 0, from: 0, to: 0 } },
  {
    kind: "inspected",
    for: "",
    inspection: { brief: ["日本 ".repeat(30), "a sentence"], all: Array.from({ length: 30 }, (_, i) => `line\t${i}`) },
  },
  { kind: "inspected", for: "a", inspection: null },
  { kind: "found", query: "", matches: ["one", "two\nlines"] },
  { kind: "history", text: "older\ncell", index: 3 },
  { kind: "panels", panels: [panel("a"), panel("b")], timeline: null },
  { kind: "panels", panels: [panel("a")], timeline },
  { kind: "panels", panels: [], timeline: null },
  { kind: "connection", lostForS: 3 },
  { kind: "connection", lostForS: null },
  { kind: "mustConfirm" },
  { kind: "paged", answer: paged },
  { kind: "paged", answer: { ...paged, rows: 0, columns: [] } },
  { kind: "pagerNote", note: "written" },
]

type Move = { readonly type: string } | { readonly message: ShellEvent } | { readonly columns: number; readonly rows: number }
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...keys).map(type => ({ type })) },
  { weight: 3, arbitrary: fc.constantFrom(...messages).map(message => ({ message })) },
  { weight: 1, arbitrary: fc.record({ columns: fc.integer({ min: 1, max: 120 }), rows: fc.integer({ min: 1, max: 40 }) }) },
)
const moves = fc.array(move, { maxLength: 60 })

/** The reducer with what the runtime answers at once. */
function settle(step: Step, complete: boolean): ShellState {
  let { state } = step
  const effects: Effect[] = [...step.effects]
  for (let effect = effects.shift(); effect !== undefined; effect = effects.shift()) {
    const next =
      effect.kind === "submit"
        ? complete
          ? accept(state)
          : newLine(state)
        : effect.kind === "historyFind" && effect.direction === 1
          ? historyEnd(state)
          : null
    if (next === null) continue
    state = next.state
    effects.push(...next.effects)
  }
  return state
}

function check(state: ShellState): void {
  const { buffer, columns, rows } = state
  assert.ok(buffer.cursor >= 0 && buffer.cursor <= buffer.text.length)
  assert.ok(state.focus === null || state.focus < state.panels.length)
  const frame = frameOf(state)
  if (columns >= 12) for (const row of frame.rows) assert.ok(cellWidth(plain(row)) <= columns, `${columns}: ${plain(row)}`)
  if (rows >= 6) assert.ok(frame.rows.length <= rows, `${frame.rows.length} rows of ${rows}`)
  for (const row of frame.rows) assert.not.match(plain(row), /[\u0000-\u001f\u007f]/)
  if (frame.cursor) {
    assert.ok(frame.cursor.row >= 0 && frame.cursor.row < frame.rows.length)
    assert.ok(frame.cursor.column >= 0 && frame.cursor.column < Math.max(columns, 12))
  }
}

test(`${runs} sequences: no failure, and a frame that fits its terminal`, () => {
  fc.assert(
    fc.property(moves, fc.boolean(), (sequence, complete) => {
      let state = initialShell("local> ", 80, 24)
      let decoder = freshDecoder
      for (const one of sequence) {
        if ("type" in one) {
          // Nothing typed stands for the time that passes.
          const decoded = one.type === "" ? decodeRest(decoder) : decode(decoder, one.type)
          decoder = decoded.state
          for (const event of decoded.events) state = settle(reduce(state, { kind: "input", event }), complete)
        } else if ("message" in one) state = settle(reduce(state, one.message), complete)
        else state = settle(reduce(state, { kind: "resized", ...one }), complete)
        check(state)
      }
    }),
    { ...sequences, numRuns: runs },
  )
})

test(`${screens} sequences in a terminal: it is given back as it was, with the first screen, cursor and line mode`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 25 }), async sequence => {
      const on = openTerminal(60, 16)
      on.host.paged = paged
      let left = false
      void on.screen.ended.then(() => {
        left = true
      })
      for (const one of sequence) {
        if (left) break
        // Suspending stops this very process.
        if ("type" in one) on.send(one.type.replace(/\x1a/g, ""))
        else if ("message" in one) on.screen.dispatch(one.message)
        else await on.resize(Math.max(8, one.columns), Math.max(4, one.rows))
        await on.soon()
      }
      on.screen.close()
      await on.screen.ended
      await on.settled()
      const written = on.written.join("")
      assert.is(on.terminal.buffer.active.type, "normal")
      assert.ok(written.lastIndexOf("\x1b[?2004l") > written.lastIndexOf("\x1b[?2004h"), "bracketed paste is off")
      assert.ok(written.lastIndexOf("\x1b[?25h") > written.lastIndexOf("\x1b[?25l"), "the cursor is shown")
      assert.ok(!written.includes("\x1b[3J"), "the scrollback stays")
      assert.is(on.raw.at(-1), false)
    }),
    { ...sequences, numRuns: screens },
  )
})

test.run()
