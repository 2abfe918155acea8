/**
 * Any sizes one after the other, in the middle of whatever is typed, printed and shown live: when the size stands, the screen shows one
 * prompt and one frame, and above it stands what was printed, once and in order, and nothing of earlier frames.
 */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { PanelView } from "../../shell/session.js"
import { frameOf } from "../../shell/view/frame.js"
import { cellWidth } from "../../shell/view/width.js"
import { openTerminal } from "./screen-kit.js"

const asked = process.env.RIVULET_RESIZES
const runs = Number(asked ?? 60)
const settings = { includeErrorInReport: true, numRuns: runs, ...(asked === undefined && { seed: 20_261_122 }) }

type Move =
  | { readonly type: string }
  | { readonly print: number }
  | { readonly panel: readonly string[] }
  /** Sizes that come faster than the program hears of them: it hears of the last. */
  | { readonly sizes: readonly { readonly columns: number; readonly rows: number }[]; readonly painted: boolean }

const words = fc.constantFrom("a", "cell ", "日本", "é", "x".repeat(30), "views.map(v => v.url) ", "日".repeat(21))
const size = fc.record({ columns: fc.integer({ min: 40, max: 300 }), rows: fc.integer({ min: 12, max: 100 }) })
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: fc.oneof(words, fc.constantFrom("c\r", "\x1b[D", "\x01", "\x05", "\x15", "\x1b\r")).map(type => ({ type })) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 4 }).map(print => ({ print })) },
  { weight: 2, arbitrary: fc.array(words, { maxLength: 12 }).map(panel => ({ panel })) },
  { weight: 3, arbitrary: fc.record({ sizes: fc.array(size, { minLength: 1, maxLength: 3 }), painted: fc.boolean() }) },
)

const panelOf = (lines: readonly string[], n: number): PanelView => ({ name: "p", title: "live", lines, note: `live · ${n}`, live: true })

/** Lines as they were before the terminal wrapped them. */
function logical(terminal: ReturnType<typeof openTerminal>["terminal"]): string[] {
  const buffer = terminal.buffer.active
  const lines: string[] = []
  for (let i = 0; i < buffer.length; i++) {
    const line = buffer.getLine(i)!
    const text = line.translateToString(true)
    if (line.isWrapped && lines.length > 0) lines[lines.length - 1] += text
    else lines.push(text)
  }
  return lines
}

export async function check(first: { columns: number; rows: number }, moves: readonly Move[]): Promise<void> {
  const on = openTerminal(first.columns, first.rows)
  let printed = 0
  let n = 0
  let room = true
  await on.settled()
  for (const one of moves) {
    if ("type" in one) on.send(one.type)
    else if ("print" in one) on.host.answer(...Array.from({ length: one.print }, () => `#${++printed}.`))
    else if ("panel" in one)
      on.host.emit({ kind: "panels", panels: one.panel.length === 0 ? [] : [panelOf(one.panel, ++n)], timeline: null })
    else {
      const texts = frameOf(on.state()).rows.map(row => row.replace(/\x1b\[[\d;]*m/g, ""))
      for (const { columns, rows } of one.sizes) {
        // What does not fit the screen any more goes into the scrollback, which nobody can take back.
        room &&= texts.reduce((high, text) => high + Math.ceil(cellWidth(text) / (columns - 1)), 2) <= rows
        on.sized(columns, rows)
      }
      if (one.painted) on.send("k")
      await on.soon()
      on.heard()
    }
    await on.soon()
  }
  // What comes by itself is painted with the next key.
  await on.stands()
  await on.type("z")
  const { terminal } = on
  const all = logical(terminal)
  const frame = frameOf(on.state()).rows.map(row => row.replace(/\x1b\[[\d;]*m/g, "").trimEnd())
  const shown = on.lines()
  const last = shown.findLastIndex(line => line !== "") + 1
  const where = shown.slice(0, Math.max(last, 0)).slice(-frame.length)
  assert.equal(
    where.map(line => line.trimEnd()),
    frame,
    "the frame stands at the end",
  )
  const finished = all.slice(0, all.findLastIndex(line => line !== "") + 1 - frame.length)
  const torn = finished.filter(line => /[╭╰│]/.test(line))
  if (room) assert.equal(torn, [], "no torn panel")
  assert.equal(
    finished.join("\n").match(/#\d+\./g) ?? [],
    Array.from({ length: printed }, (_, i) => `#${i + 1}.`),
    "what was printed, once",
  )
  if (room) assert.is(finished.filter(line => line.startsWith("local>")).length, on.host.ran.length, "no prompt but those of cells")
  on.screen.close()
  await on.screen.ended
}

test("the screen holds through any sizes", async () => {
  await fc.assert(fc.asyncProperty(size, fc.array(move, { maxLength: 14 }), check), settings)
})

test.run()
