/** Colours of a cell as it is typed. */
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cut, spansOf } from "../../shell/view/highlight.js"
import { inputLines } from "../../shell/view/input.js"
import { printedText } from "../../shell/view/printed.js"

const test = suite("shell/highlight")

const letters = { plain: ".", keyword: "k", text: "t", number: "n", comment: "c", command: "d" } as const
/** A letter for each character that is not blank, by its colour. */
const colours = (cell: string) =>
  spansOf(cell)
    .map(line => line.map(({ text, kind }) => text.replace(/\S/g, letters[kind])).join(""))
    .join("\n")

test("a chain, its texts and numbers", () => {
  assert.is(colours("const n = 1"), "kkkkk . . n")
  assert.is(colours('views.map(v => ["/a b", 1e3])'), "........... .. .ttt tt. nnn..")
  assert.is(colours("views.last('5m').take(3)"), "...........tttt.......n.")
  assert.is(colours("v => v.status >= 500 // of late"), ". .. ........ .. nnn cc cc cccc")
  assert.is(colours("/* a\nb */ 1"), "cc c\nc cc n")
})

test("a property is none of the language's words; nor is a name that is one only before a name", () => {
  assert.is(colours("rows.of.default.return"), "......................")
  assert.is(colours("from + type"), ".... . ....")
  assert.is(colours("type A = 1"), "kkkk . . n")
  assert.is(colours("for (const a of b) {}"), "kkk .kkkkk . kk .. ..")
  assert.is(colours("x?.new; ...new"), "....... ...kkk")
})

test("templates nest; a slash divides a value and begins a pattern elsewhere", () => {
  assert.is(colours("`a $\u007bn + `b` } c` + 1"), "tt tt. . ttt t tt . n")
  assert.is(colours("a / b / c"), ". . . . .")
  assert.is(colours("s.split(/[/ ]x/g)"), "........ttt tttt.")
  assert.is(colours("(1) / 2 / 3"), ".n. . n . n")
})

test("what is unfinished has its colour to the end of its line, a template to the end of the cell", () => {
  assert.is(colours('"abc\n1'), "tttt\nn")
  assert.is(colours("`abc\n1"), "tttt\nt")
  assert.is(colours('.watch counts.top(5) as "x'), "dddddd ...........n. kk tt")
  assert.is(colours(".top(3)"), ".....n.")
})

test("the cell being typed has its colours on both sides of the cursor, and so has the one that went up", () => {
  const state = { prompt: "local> ", color: null, lostForS: null, ghost: "", columns: 80 }
  const typed = (text: string, cursor: number) => inputLines({ ...state, buffer: { text, cursor, killed: "", undo: [] } } as never, 5)
  const magenta = (text: string) => (process.env.NO_COLOR ? text : `\x1b[35m${text}\x1b[39m`)
  const cyan = (text: string) => (process.env.NO_COLOR ? text : `\x1b[36m${text}\x1b[39m`)
  const lead = "\x1b[2mlocal> \x1b[22m"
  assert.is(typed("const n = 12", 3).rows[0], `${lead}${magenta("con")}${magenta("st")} n = ${cyan("12")}`)
  assert.equal(typed("const n = 12", 3).cursor, { row: 0, column: 10 })
  assert.equal(typed("const n\n = 12", 9).cursor, { row: 1, column: 8 })
  assert.is(
    printedText([{ text: "local> const n = 12", style: "input", spans: spansOf("const n = 12")[0]! }], 80),
    `local> ${magenta("const")} n = ${cyan("12")}\n`,
  )
})

test("whatever is typed: the parts are the cell, line by line, and any two cuts of a line are the line", () => {
  const typed = fc.array(
    fc.oneof(
      fc.constantFrom("`", "${", "}", '"', "'", "/", "//", "/*", "*/", "\\", "\n", ".", "const ", "n", "1.", "é", "👨‍👩‍👧", "\t"),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(typed, fc.nat(60), (parts, at) => {
      const cell = parts.join("")
      const lines = spansOf(cell)
      assert.is(lines.map(line => line.map(({ text }) => text).join("")).join("\n"), cell)
      for (const line of lines)
        assert.is([...cut(line, 0, at), ...cut(line, at)].map(({ text }) => text).join(""), line.map(({ text }) => text).join(""))
    }),
    { numRuns: 2_000 },
  )
})

test.run()
