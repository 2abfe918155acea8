/** The Ink screen painted into a terminal without a screen: what a person would see, at several sizes. */
import fc from "fast-check"
import stringWidth from "string-width"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { PanelView } from "../../shell/session.js"
import { cellWidth, head, isNarrow, measurable } from "../../shell/view/width.js"
import { openTerminal as open, shows } from "./screen-kit.js"

const panel = (n: number): PanelView => ({
  name: "counts",
  title: "counts.top(20)",
  lines: Array.from({ length: 20 }, (_, i) => `/page/${i}   ${n + i}   +1`),
  note: `live · ${n}`,
  live: true,
})
const count = (lines: readonly string[], text: string) => lines.filter(line => line.includes(text)).length
const clearsScrollback = "\x1b[3J"

for (const [columns, rows] of [
  [40, 12],
  [80, 24],
  [300, 100],
] as const) {
  test(`${columns}×${rows}: typing beside a live panel; finished output once; nothing taller than the screen`, async () => {
    const on = open(columns, rows)
    await shows(on, "local>")
    for (let n = 0; n < 5; n++) {
      on.host.emit({ kind: "panels", panels: [panel(n)], timeline: null })
      await on.type(`cell${n}`)
      assert.ok(
        on.lines().some(line => line.includes(`cell${n}`)),
        "a key is painted at once",
      )
      await on.type("\r")
      assert.equal(on.host.ran.at(-1), `cell${n}`)
      on.host.answer(`  answer ${n} first`, `  answer ${n} second`)
      await on.settled()
    }
    await shows(on, "live · 4")
    const lines = on.lines()
    for (let n = 0; n < 5; n++) {
      assert.is(count(lines, `answer ${n} first`), 1, `answer ${n} stands once`)
      assert.is(count(lines, `local> cell${n}`), 1, `cell ${n} stands once`)
    }
    assert.is(count(lines, "╭"), 1, "one panel")
    assert.ok(count(lines, "│ /page") <= Math.floor(rows / 3), "at most a third of the rows")
    assert.not.ok(
      on.written.some(text => text.includes(clearsScrollback)),
      "the scrollback is never cleared",
    )
    assert.ok(lines.every(line => line.length <= columns))
    on.screen.close()
    await on.screen.ended
  })
}

test("a terminal that shrinks and grows keeps one panel and one prompt on its screen", async () => {
  const on = open(80, 24)
  on.host.emit({ kind: "panels", panels: [panel(1)], timeline: null })
  await shows(on, "live · 1")
  await on.resize(50, 24)
  await on.type("abc")
  await shows(on, "local> abc")
  await on.resize(100, 30)
  on.host.emit({ kind: "panels", panels: [panel(2)], timeline: null })
  await shows(on, "live · 2")
  const shown = on.lines().slice(-30)
  assert.is(count(shown, "local> abc"), 1)
  assert.is(count(shown, "live · 2"), 1)
  on.screen.close()
  await on.screen.ended
})

test("from 40×12 to 300×100 and back in the middle of a panel: one panel, one prompt, never more than the screen has", async () => {
  const on = open(100, 30)
  let n = 0
  for (const [columns, rows] of [
    [300, 100],
    [40, 12],
    [300, 12],
    [40, 100],
  ] as const) {
    on.host.emit({ kind: "panels", panels: [panel(++n)], timeline: null })
    await on.resize(columns, rows)
    await on.type("x")
    await shows(on, `live · ${n}`)
    const shown = on.lines().slice(-rows)
    assert.is(count(shown, "╭"), 1, `one panel at ${columns}×${rows}`)
    assert.is(count(shown, `local> ${"x".repeat(n)}`), 1, `one prompt at ${columns}×${rows}`)
    assert.ok(count(shown, "│ /page") <= Math.floor(rows / 3))
  }
  on.screen.close()
  await on.screen.ended
})

test("a second of fifty keys under a full live panel that changes ten times writes at most 20 KB", async () => {
  const on = open(100, 30)
  const full = (n: number): PanelView => ({
    ...panel(n),
    lines: Array.from({ length: 20 }, (_, i) => `/page/${i}   ${n * 1000 + i}   +${n}   ${"▁▂▃▄▅▆▇█".repeat(3).slice(0, 18)}`),
  })
  on.host.emit({ kind: "panels", panels: [full(0)], timeline: null })
  await shows(on, "live · 0")
  on.written.length = 0
  for (let n = 1; n <= 10; n++) {
    on.host.emit({ kind: "panels", panels: [full(n)], timeline: null })
    for (let key = 0; key < 5; key++) await on.type("x")
    await shows(on, `live · ${n}`)
  }
  const bytes = Buffer.byteLength(on.written.join(""))
  assert.ok(bytes <= 20_000, `${bytes} bytes`)
  on.screen.close()
  await on.screen.ended
})

test("what fits is printed in one write with the frame; what is wider is wrapped at words, and all of it in order", async () => {
  const on = open(40, 20)
  await shows(on, "local>")
  on.written.length = 0
  on.host.answer("  fits")
  assert.is(on.written.filter(text => text.includes("fits")).length, 1)
  assert.ok(on.written.some(text => text.includes("fits") && text.includes("local>")))
  const words = "every word of this line stays whole where it is wrapped".split(" ")
  on.host.answer(words.join(" "), "below")
  on.host.answer("last")
  await shows(on, "last")
  const lines = on.lines()
  const at = (text: string) => lines.findIndex(line => line.includes(text))
  assert.ok(at("every") < at("wrapped") && at("wrapped") < at("below") && at("below") < at("last"), lines.join("\n"))
  for (const word of words) assert.ok(at(word) >= 0, word)
  on.screen.close()
  await on.screen.ended
})

test("a narrower terminal wraps the frame that stands there: nothing of it is left above the next one", async () => {
  const on = open(100, 30)
  for (let n = 0; n < 3; n++) on.host.answer(`  answer ${n}`)
  on.host.emit({ kind: "panels", panels: [panel(1)], timeline: null })
  await shows(on, "live · 1")
  await on.type("abc")
  for (const columns of [70, 41, 33]) {
    await on.resize(columns, 30)
    await shows(on, "local> abc")
    const lines = on.lines()
    assert.is(count(lines, "╭"), 1, `one panel at ${columns}`)
    assert.is(count(lines, "local> abc"), 1, `one prompt at ${columns}`)
    for (let n = 0; n < 3; n++) assert.is(count(lines, `answer ${n}`), 1, `answer ${n} at ${columns}`)
  }
  on.screen.close()
  await on.screen.ended
})

test("a screen lower than its frame clears no scrollback; Ctrl-L leaves the prompt and the panel", async () => {
  const on = open(80, 40)
  on.host.answer("  first answer")
  on.host.emit({ kind: "panels", panels: [panel(1)], timeline: null })
  await shows(on, "live · 1")
  await on.resize(80, 8)
  await on.type("abc")
  await shows(on, "local> abc")
  await on.resize(80, 30)
  await on.type("\x0c")
  await shows(on, "local> abc")
  assert.is(count(on.lines().slice(-30), "╭"), 1)
  assert.not.ok(on.written.some(text => text.includes(clearsScrollback)))
  on.screen.close()
  await on.screen.ended
})

test("a key writes its own row and nothing else, in one piece", async () => {
  const on = open(100, 30)
  on.host.emit({ kind: "panels", panels: [panel(1)], timeline: null })
  await shows(on, "live · 1")
  on.written.length = 0
  await on.type("x")
  assert.is(on.written.length, 1)
  assert.not.ok(on.written[0]!.includes("╭"))
  on.screen.close()
  await on.screen.ended
})

test("widths taken from a list are those of the tables of graphemes", () => {
  for (let code = 0x20; code < 0x3000; code++) {
    const character = String.fromCodePoint(code)
    if (isNarrow(character)) assert.is(stringWidth(character), 1, code.toString(16))
  }
})

test("a text's width is that of its graphemes, and its head is as many of them as fit", () => {
  const letters = [
    "a",
    "é",
    "e\u0301",
    "Ж",
    "日",
    "か\u3099",
    "한",
    "\u11a8",
    "😀",
    "👩‍💻",
    "1️⃣",
    "🇩🇪",
    "\u0301",
    "\u200d",
    "ﾞ",
    "\u0600",
    "│",
  ]
  const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" })
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...letters), { maxLength: 20 }), fc.nat({ max: 25 }), (parts, cells) => {
      const text = measurable(parts.join(""))
      assert.is(cellWidth(text), stringWidth(text))
      const graphemes = [...segmenter.segment(text)].map(({ segment }) => segment)
      let [length, taken] = [0, 0]
      for (const one of graphemes) {
        if (taken + stringWidth(one) > cells) break
        taken += stringWidth(one)
        length += one.length
      }
      assert.equal(head(text, cells), { length, cells: taken }, JSON.stringify(text))
    }),
    { numRuns: 3000 },
  )
})

test("every character has a width, as typed and as printed", async () => {
  for (let code = 0x20; code < 0x110000; code++) {
    const character = String.fromCodePoint(code)
    if (/\p{Cf}/u.test(character)) assert.ok(cellWidth(character) >= 0, code.toString(16))
  }
  const odd = "\u0600 \ufff9 \u{13430} \u202e x"
  const on = open(40, 12)
  await on.type(`${odd}\r`)
  on.host.answer(odd, odd.repeat(9))
  await on.type("still here")
  await shows(on, "local> still here")
  assert.not.match(on.lines().join(""), /[\u0600\ufff9]/)
  on.screen.close()
  await on.screen.ended
})

test("at the end only finished output stays; the terminal's mode is given back", async () => {
  const on = open(80, 24)
  on.host.emit({ kind: "panels", panels: [panel(1)], timeline: null })
  await shows(on, "live · 1")
  assert.equal(on.raw, [true])
  await on.type("\x04")
  await on.screen.ended
  await on.settled()
  const lines = on.lines()
  assert.is(count(lines, "left"), 1)
  assert.is(count(lines, "live · 1"), 0)
  assert.is(count(lines, "local>"), 0)
  assert.is(on.raw.at(-1), false)
  assert.ok(on.written.join("").lastIndexOf("\x1b[?2004l") > on.written.join("").lastIndexOf("\x1b[?2004h"), "bracketed paste is off")
  assert.ok(on.written.join("").lastIndexOf("\x1b[?25h") > on.written.join("").lastIndexOf("\x1b[?25l"), "the cursor is back")
  assert.is(on.host.closed, 1)
})

test("keys: a multi-line cell, cancel, completion, the tour's grey text", async () => {
  const on = open(80, 24, ["counts.top(5)"])
  await shows(on, "counts.top(5)")
  await on.type("\x1b[C\r")
  assert.equal(on.host.ran, ["counts.top(5)"])
  await on.type("\x03")
  assert.is(on.host.cancelled, 1)
  on.host.answer("cancelled")
  await on.type("views.map(\r")
  await on.type("v => v)\r")
  assert.is(on.host.ran.at(-1), "views.map(\nv => v)")
  on.host.answer("ok")
  await on.type("c\t")
  await shows(on, "▸ count")
  await on.type("\x1b[200~views\n  .count()\x1b[201~")
  assert.is(on.host.ran.length, 2, "a paste does not run by itself")
  on.screen.close()
  await on.screen.ended
})

test("what other shells take for leaving leaves, unless it asks: that Ctrl-D does; as part of a cell it is a cell", async () => {
  for (const text of [".exit", ".detach", ".quit", "exit", "quit;", "\\q"]) {
    const on = open(60, 12)
    on.leaveAsks()
    await on.type("exit + 1\r")
    assert.equal(on.host.ran, ["exit + 1"])
    on.host.answer("2")
    await on.type("\x04")
    assert.is(on.host.closed, 0)
    await on.type(`${text}\r`)
    await on.screen.ended
    assert.equal([text, on.host.ran, on.host.closed], [text, ["exit + 1"], 1])
  }
})

test("wide and combined characters keep the panel's border in place", async () => {
  const on = open(60, 20)
  on.host.emit({
    kind: "panels",
    panels: [{ name: "p", title: "日本", lines: ["日本語 1", "e\u0301te\u0301 2", "plain 3"], note: "live", live: true }],
    timeline: null,
  })
  await shows(on, "plain 3")
  const borders = on.lines().filter(line => /^[│╭╰]/.test(line))
  assert.is(borders.length, 5)
  on.screen.close()
  await on.screen.ended
})

test("completion with types and a sentence; Shift-Tab below the input, all of it at the second press, gone at Escape", async () => {
  const on = open(100, 20)
  on.host.complete = async () => ({
    items: [
      { text: "map", detail: "(f: (value: AccessLog) => U): DStream<U>", doc: "Each record through `f`." },
      { text: "max", detail: "number" },
    ],
    selected: 0,
    from: 6,
    to: 7,
  })
  await on.type("views.m\t")
  await shows(on, "▸ map  (f: (value: AccessLog) => U): DStream<U>  Each record through `f`.")
  await on.type("\x1b[Z\r")
  await shows(on, "local> views.max")
  on.host.inspected = {
    brief: ["views: InputDStream<AccessLog>", "What people ask of a web server."],
    all: [
      "views: InputDStream<AccessLog>",
      "What people ask of a web server.",
      ...Array.from({ length: 9 }, (_, i) => `  field${i}: string`),
    ],
  }
  await on.type("\x1b[Z")
  await shows(on, "What people ask of a web server.")
  await shows(on, "Shift-Tab: all of it")
  await on.type("\x1b[Z")
  await shows(on, "field3: string")
  assert.is(count(on.lines(), "… "), 1, "no more than there is room for")
  await on.type("\x1b")
  await on.settled()
  on.screen.dispatch({ kind: "print", lines: [{ text: "after" }] })
  await shows(on, "after")
  on.screen.close()
})

test.run()
