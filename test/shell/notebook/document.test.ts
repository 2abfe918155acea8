/** A notebook's text in its parts and back, and into Jupyter's format and back. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { differences } from "../../../shell/notebook/compare.js"
import { type Cell, parseNotebook, renderNotebook } from "../../../shell/notebook/document.js"
import { annotationLines, junit, problemLines } from "../../../shell/notebook/report.js"
import { parseKill } from "../../../shell/notebook/settings.js"

const fence = "```"
const page = `---
rivulet: { clock: simulated, tz: Europe/Berlin, workers: 3 }
---
# Title

${fence}ts
const a = 1
a + 1
${fence}
${fence}output
2
${fence}

Between, and a block that is no cell:

${fence}js
not()
${fence}

${fence}ts throws
throw new Error("no")
${fence}

${fence}output
no
${fence}
${fence}ts
a
${fence}
`

const text = (output: string | null) => ({ output, shown: null })
const cellsOf = (notebook: string) => parseNotebook(notebook, "x.md").parts.filter((part): part is Cell => part.kind === "cell")

test("cells, where they stand, and what stands under them", () => {
  const { settings } = parseNotebook(page, "x.md")
  assert.equal(settings, { clock: "simulated", tz: "Europe/Berlin", workers: 3, seed: 1 })
  assert.equal(
    cellsOf(page).map(({ code, line, throws, output }) => ({ code, line, throws, output })),
    [
      { code: "const a = 1\na + 1", line: 7, throws: false, output: "2" },
      { code: 'throw new Error("no")', line: 21, throws: true, output: "no" },
      { code: "a", line: 28, throws: false, output: null },
    ],
  )
})

test("rendered with new outputs, and the same once more", () => {
  const once = renderNotebook(parseNotebook(page, "x.md"), [text("3"), text(null), text("1\n```")])
  assert.ok(once.includes("```output\n3\n```\n\nBetween"))
  assert.ok(once.endsWith("```ts\na\n```\n````output\n1\n```\n````\n"))
  assert.not(once.includes("output\nno"))
  assert.equal(
    cellsOf(once).map(cell => cell.output),
    ["3", null, "1\n```"],
  )
  assert.is(renderNotebook(parseNotebook(once, "x.md"), cellsOf(once)), once)
})

const viewed = `${fence}ts table
rows
${fence}
${fence}output
said
${fence}

| key | value |
|-----|------:|
| a   |     1 |

After.
${fence}ts plot=below/a.svg
series
${fence}

![How many](below/a.svg)
![no](other.svg)

${fence}ts plot=b.svg
series
${fence}

Nothing yet.
`

test("below a cell stands what it is marked to show: a table, an image of its file, and no other", () => {
  const cells = cellsOf(viewed)
  assert.equal(
    cells.map(({ view, output, shown }) => ({ view, output, shown })),
    [
      { view: { kind: "table" }, output: "said", shown: "| key | value |\n|-----|------:|\n| a   |     1 |" },
      { view: { kind: "plot", file: "below/a.svg" }, output: null, shown: null },
      { view: { kind: "plot", file: "b.svg" }, output: null, shown: null },
    ],
  )
  const alone = viewed.replace("![no](other.svg)\n", "")
  assert.is(cellsOf(alone)[1]!.shown, "![How many](below/a.svg)")
  assert.is(renderNotebook(parseNotebook(alone, "x.md"), cellsOf(alone)), alone)
  const filled = renderNotebook(
    parseNotebook(alone, "x.md"),
    cellsOf(alone).map(cell => ({ output: null, shown: cell.shown ?? "![b](b.svg)" })),
  )
  assert.ok(filled.includes("rows\n```\n\n| key"), filled)
  assert.ok(filled.endsWith("series\n```\n\n![b](b.svg)\n\nNothing yet.\n"), filled)
  for (const word of ["plot", "plot=", "plot=/etc/a.svg", "plot=../a.svg", "plot=a.png"])
    assert.throws(() => cellsOf(`${fence}ts ${word}\n1\n${fence}\n`), /x\.md:1: plot.* names no picture/, word)
})

test("what is neither cell nor output is kept to the byte", () => {
  for (const prose of [
    "",
    "\n",
    "one\n\n\n  two  \n",
    "- a\n\n  ```ts\n  nested()\n  ```\n",
    "~~~\nts\n~~~\n",
    "text",
    "a\n\nb\n\n|a|\n|-|\n|1|",
    "|a|\n|-|\n\n\nb\n",
  ])
    assert.is(renderNotebook(parseNotebook(prose, "x.md"), []), prose, JSON.stringify(prose))
})

test("front matter that cannot be is refused by name", () => {
  const cases: [front: string, message: RegExp][] = [
    ["rivulet: { clock: fast }", /clock: fast/],
    ["rivulet: { workers: 99 }", /workers: 99/],
    ["rivulet: { worker: 2 }", /no setting worker/],
    ["rivulet: [", /no YAML/],
    ["rivulet: [2]", /no settings/],
    ["rivulet: { tz: Mars/Base }", /tz: Mars\/Base/],
  ]
  for (const [front, message] of cases) assert.throws(() => parseNotebook(`---\n${front}\n---\n`, "x.md"), message, front)
})

test("a file that Windows wrote is written as Windows writes", () => {
  const page = `\ufeff# T\r\n\r\n${fence}ts\r\n1\r\n2\r\n${fence}\r\n${fence}output\r\n2\r\n${fence}\r\n`
  const notebook = parseNotebook(page, "x.md")
  assert.equal(
    cellsOf(page).map(({ code, output }) => ({ code, output })),
    [{ code: "1\n2", output: "2" }],
  )
  assert.is(renderNotebook(notebook, cellsOf(page)), page)
})

test("a block without end is refused, for what follows it would be neither run nor kept", () => {
  const output = `${fence}output\n1\n`
  const cases: [page: string, message: RegExp | null][] = [
    [`${fence}ts\n1\n`, /x\.md:1: the block of ts does not end/],
    [`a\n\n${fence}ts\n1\n${fence}\n${output}`, /x\.md:6: the block of output does not end/],
    [`${fence}ts\n1\n${fence}\n${output}\nText.\n\n${fence}ts\n2\n${fence}\n`, /x\.md:4: the block of output does not end/],
    [`${fence}ts\n1\n\n${fence}ts\n2\n${fence}\n`, /x\.md:1: the block of ts does not end/],
    [`${fence}\`ts\n1\n${fence}sh\n${fence}\`\n`, null],
    [`${fence}ts\n${fence}\n`, null],
  ]
  for (const [page, message] of cases)
    if (message === null) assert.is(cellsOf(page).length, 1, page)
    else assert.throws(() => parseNotebook(page, "x.md"), message, page)
})

test("differences", () => {
  assert.equal(differences("a\nb\nc", "a\nx\nc"), ["- b", "+ x"])
  assert.equal(differences("", "a"), ["+ a"])
  assert.equal(differences("a", "a"), [])
})

test("what is told of a failed cell", () => {
  const report = { file: "x.md", ms: 5, cells: [{ cell: 2, line: 7, ms: 3, problem: ["output differs", "- <1>", "+ 2"], skipped: false }] }
  assert.equal(problemLines(report), ["x.md  cell 2 (line 7)  output differs", "  - <1>", "  + 2"])
  assert.equal(annotationLines(report), ["::error file=x.md,line=7::output differs%0A- <1>%0A+ 2"])
  const elsewhere = { ...report, file: "a,b:c.ipynb", cells: [{ ...report.cells[0]!, line: null }] }
  assert.equal(problemLines(elsewhere)[0], "a,b:c.ipynb  cell 2  output differs")
  assert.equal(annotationLines(elsewhere), ["::error file=a%2Cb%3Ac.ipynb,title=cell 2::output differs%0A- <1>%0A+ 2"])
  assert.match(junit([report]), /<failure message="output differs">output differs\n- &#60;1&#62;/)
  const odd = { ...report, cells: [{ ...report.cells[0]!, problem: ["a\u0001b\ud800c\uffffd😀"] }] }
  assert.match(junit([odd]), /<failure message="a\ufffdb\ufffdc\ufffdd😀">/)
})

test("--kill", () => {
  assert.equal(parseKill("w2@3s"), { node: "w2", atMs: 3000 })
  assert.throws(() => parseKill("w2"), /not understood/)
})

test.run()
