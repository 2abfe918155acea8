/** A notebook's text in its parts and back, and into Jupyter's format and back. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { differences } from "../../../shell/notebook/compare.js"
import { type Cell, parseKill, parseNotebook, renderNotebook } from "../../../shell/notebook/document.js"
import { fromIpynb, toIpynb } from "../../../shell/notebook/ipynb.js"
import { annotationLines, junit, problemLines } from "../../../shell/notebook/report.js"

const fence = "```"
const text = `---
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

const cellsOf = (notebook: string) => parseNotebook(notebook, "x.md").parts.filter((part): part is Cell => part.kind === "cell")

test("cells, where they stand, and what stands under them", () => {
  const { settings } = parseNotebook(text, "x.md")
  assert.equal(settings, { clock: "simulated", tz: "Europe/Berlin", workers: 3, seed: 1 })
  assert.equal(
    cellsOf(text).map(({ code, line, throws, output }) => ({ code, line, throws, output })),
    [
      { code: "const a = 1\na + 1", line: 7, throws: false, output: "2" },
      { code: 'throw new Error("no")', line: 21, throws: true, output: "no" },
      { code: "a", line: 28, throws: false, output: null },
    ],
  )
})

test("rendered with new outputs, and the same once more", () => {
  const once = renderNotebook(parseNotebook(text, "x.md"), ["3", null, "1\n```"])
  assert.ok(once.includes("```output\n3\n```\n\nBetween"))
  assert.ok(once.endsWith("```ts\na\n```\n````output\n1\n```\n````\n"))
  assert.not(once.includes("output\nno"))
  const outputs = cellsOf(once).map(cell => cell.output)
  assert.equal(outputs, ["3", null, "1\n```"])
  assert.is(renderNotebook(parseNotebook(once, "x.md"), outputs), once)
})

test("what is neither cell nor output is kept to the byte", () => {
  for (const prose of ["", "\n", "one\n\n\n  two  \n", "- a\n\n  ```ts\n  nested()\n  ```\n", "~~~\nts\n~~~\n", "text"])
    assert.is(renderNotebook(parseNotebook(prose, "x.md"), []), prose, JSON.stringify(prose))
})

test("front matter that cannot be is refused by name", () => {
  const cases: [front: string, message: RegExp][] = [
    ["rivulet: { clock: fast }", /clock: fast/],
    ["rivulet: { workers: 99 }", /workers: 99/],
    ["rivulet: { worker: 2 }", /no setting worker/],
    ["rivulet: [", /no YAML/],
  ]
  for (const [front, message] of cases) assert.throws(() => parseNotebook(`---\n${front}\n---\n`, "x.md"), message, front)
})

test("Jupyter's format and back", () => {
  const there = toIpynb(text, "x.md")
  assert.is(there, toIpynb(text, "x.md"))
  const back = fromIpynb(there, "x.ipynb")
  const shape = (notebook: string) => cellsOf(notebook).map(({ code, throws, output }) => ({ code, throws, output }))
  assert.equal(shape(back), shape(text))
  assert.equal(parseNotebook(back, "x.md").settings, parseNotebook(text, "x.md").settings)
  assert.throws(() => fromIpynb("{}", "x.ipynb"), /no notebook/)
  assert.throws(() => fromIpynb("no", "x.ipynb"), /no notebook/)
})

test("differences", () => {
  assert.equal(differences("a\nb\nc", "a\nx\nc"), ["- b", "+ x"])
  assert.equal(differences("", "a"), ["+ a"])
  assert.equal(differences("a", "a"), [])
})

test("what is told of a failed cell", () => {
  const report = { file: "x.md", ms: 5, cells: [{ cell: 2, line: 7, ms: 3, problem: ["output differs", "- <1>", "+ 2"] }] }
  assert.equal(problemLines(report), ["x.md  cell 2 (line 7)  output differs", "  - <1>", "  + 2"])
  assert.equal(annotationLines(report), ["::error file=x.md,line=7::output differs%0A- <1>%0A+ 2"])
  assert.match(junit([report]), /<failure message="output differs">output differs\n- &#60;1&#62;/)
})

test("--kill", () => {
  assert.equal(parseKill("w2@3s"), { node: "w2", atMs: 3000 })
  assert.throws(() => parseKill("w2"), /not understood/)
})

test.run()
