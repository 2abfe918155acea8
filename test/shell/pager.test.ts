/** The pager: its reducer, its rows at several sizes, and the terminal as it was when it is left. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { KeptAnswers, pageOf } from "../../shell/host/kept-answers.js"
import { openPager, type PagerEffect, type PagerState, pagerKey } from "../../shell/pager/pager.js"
import { pagerFrame } from "../../shell/view/pager.js"
import { cellWidth } from "../../shell/view/width.js"
import { eventsOf } from "./keys-kit.js"
import { openTerminal, shows } from "./screen-kit.js"

const plain = (text: string) => text.replace(/\x1b\[\d*m/g, "")
const rows = Array.from({ length: 100 }, (_, i) => ({
  url: `/page/${i % 7}/${i}`,
  n: (i * 37) % 100,
  agent: `Agent ${"x".repeat(i % 20)}`,
}))

function paged(value: readonly unknown[]) {
  const kept = new KeptAnswers()
  kept.keep(value, value, undefined)
  return pageOf(kept.find(""), "", time => time.toISOString())!
}

function play(keys: string, size = { columns: 80, rows: 24 }, from = openPager(paged(rows))) {
  let pager: PagerState | null = from
  const effects: PagerEffect[] = []
  for (const event of eventsOf(keys)) {
    if (pager === null) break
    const step = pagerKey(pager, event, size)
    pager = step.pager
    effects.push(...step.effects)
  }
  return { pager, effects, screen: pager ? pagerFrame(pager, size).rows.map(plain) : [] }
}

test("a page of the answer under its columns' names, with where one is; the chosen row stays on the page", () => {
  const { screen } = play("")
  assert.match(screen[0]!, /^ url +n {2}agent +rows 1–22 of 100$/)
  assert.match(screen[1]!, /^ \/page\/0\/0 +0 {2}Agent/)
  assert.match(play("G").screen[0]!, /rows 79–100 of 100$/)
  assert.match(play("G").screen[22]!, /^ \/page\/1\/99 /)
  assert.match(play(" ").screen.join("\n"), /\/page\/1\/22 /)
  assert.match(play("Ggjjk").screen[2]!, /^ \/page\/1\/1 /)
})

test("sorted by the chosen column: greatest first, least first, as it was; numbers as numbers", () => {
  const column = (screen: readonly string[]) => screen.slice(1, 5).map(line => Number(/ (\d+) {2}Agent/.exec(line)?.[1]))
  assert.equal(column(play("\x1b[Cs").screen), [99, 98, 97, 96])
  assert.equal(column(play("\x1b[Css").screen), [0, 1, 2, 3])
  assert.equal(column(play("\x1b[Csss").screen), [0, 37, 74, 11])
  const mixed = openPager(
    paged([
      ["a", 10],
      ["b", Number.NaN],
      ["c", 9],
    ]),
  )
  assert.equal(play("\x1b[Cs", undefined, mixed).pager?.order, [0, 2, 1])
  assert.equal(play("\x1b[Css", undefined, mixed).pager?.order, [2, 0, 1])
})

test("/ finds what is in any column, the row itself first; n and N go on and round", () => {
  const at = (keys: string) => play(keys).pager?.row
  assert.is(at("//3/\r"), 3)
  assert.is(at("//3/\rn"), 10)
  assert.is(at("//3/\rnN"), 3)
  assert.is(at("//3/\rNN"), 87)
  assert.is(at("//page/0/0\rn"), 0)
  assert.is(at("/agent xxx\r"), 3)
  assert.is(at("/AGENT\r"), 0)
  assert.is(play("/AGENT\r").pager?.note, "not found: AGENT")
})

test("w writes in the order of the screen, y copies the row, Y all; Escape leaves a question", () => {
  const { effects } = play("\x1b[Cswout.csv\ry")
  assert.is(effects[0]!.kind === "write" && effects[0]!.path, "out.csv")
  assert.equal(effects[0]!.kind === "write" && effects[0]!.order.slice(0, 2).map(at => rows[at]!.n), [99, 98])
  assert.match(effects[1]!.kind === "copy" ? effects[1]!.text : "", /^\/page\/\d\/\d+\t99\tAgent/)
  const all = play("Y").effects[0]!
  assert.is(all.kind === "copy" && all.text.split("\n").length, 101)
  assert.is(play("wout.csv\x1b").pager?.asking, null)
})

test("q, Ctrl-C and Ctrl-O close it; Escape goes back from one record to the table", () => {
  assert.is(play("q").pager, null)
  assert.is(play("\x03").pager, null)
  assert.is(play("\x0f").pager, null)
  assert.is(play("x\x1b").pager?.record, null)
  assert.match(play("jx").screen.join("\n"), /record 2 of 100\n url +\/page\/1\/1/)
})

for (const [columns, height] of [
  [80, 24],
  [40, 12],
  [10, 4],
  [1, 1],
] as const)
  test(`${columns} × ${height}: no row is wider, none too many; the chosen column is seen`, () => {
    const wide = openPager(paged(rows.map(row => ({ ...row, 名前: "日本語".repeat(20), extra: 1 }))))
    for (const keys of ["", "x", "\x1b[C\x1b[C\x1b[C", "\x1b[C\x1b[C\x1b[C\x1b[C", "/lookfor", "G"]) {
      const { screen } = play(keys, { columns, rows: height }, wide)
      if (columns > 1) for (const line of screen) assert.ok(cellWidth(line) <= columns, `${keys}: ${line}`)
      assert.ok(screen.length <= Math.max(3, height))
    }
    if (columns >= 40) assert.match(play("\x1b[C\x1b[C\x1b[C\x1b[C", { columns, rows: height }, wide).screen[0]!, /extra/)
  })

test("Ctrl-O opens it on a screen of its own; what is printed meanwhile stands there when it is left", async () => {
  const on = openTerminal(60, 16)
  on.host.paged = paged(rows)
  on.host.emit({ kind: "print", lines: [{ text: "before" }] })
  await on.type("half\x0f")
  await shows(on, "rows 1–14 of 100")
  assert.is(on.terminal.buffer.active.type, "alternate")
  on.host.emit({ kind: "print", lines: [{ text: "meanwhile" }] })
  await on.type("j")
  assert.not.ok(on.lines().some(line => line.includes("meanwhile")))
  await on.resize(50, 10)
  await on.type("k")
  await shows(on, "rows 1–8 of 100")
  await on.type("wout.csv\r")
  await shows(on, "100 rows in out.csv")
  await on.type("q")
  await shows(on, "meanwhile")
  assert.is(on.terminal.buffer.active.type, "normal")
  const lines = on.lines()
  assert.is(lines.filter(line => line === "before").length, 1)
  assert.is(lines.filter(line => line.startsWith("local> half")).length, 1)
  on.screen.close()
  await on.screen.ended
})

test("left from the pager, the terminal shows its first screen", async () => {
  const on = openTerminal(60, 16)
  on.host.paged = paged(rows)
  await on.type("\x0f")
  await shows(on, "of 100")
  on.screen.close()
  await on.screen.ended
  await on.settled()
  assert.is(on.terminal.buffer.active.type, "normal")
  assert.is(on.raw.at(-1), false)
})

test.run()
