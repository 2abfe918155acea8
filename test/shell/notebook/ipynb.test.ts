/** Pages into Jupyter's format and back, to the byte; and what other people's notebooks are as a page. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import glob from "fast-glob"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { Random } from "../../../cluster/testing/random.js"
import { root } from "../../../scripts/places.js"
import { type Cell, parseNotebook } from "../../../shell/notebook/document.js"
import { fromIpynb, toIpynb, withOutputs } from "../../../shell/notebook/ipynb.js"

const back = (page: string) => fromIpynb(toIpynb(page, "x.md"), "x.ipynb").text
const cellsOf = (page: string) => parseNotebook(page, "x.md").parts.filter((part): part is Cell => part.kind === "cell")

test("there and back, the project's own pages are the same", async () => {
  const pages = await glob(["*.md", "docs/**/*.md", "notebooks/*.md"], { cwd: root })
  assert.ok(pages.length > 10)
  for (const page of pages) {
    const text = readFileSync(join(root, page), "utf8")
    assert.is(back(text), text, page)
    assert.is(toIpynb(text, "x.md"), toIpynb(text, "x.md"))
  }
})

const fence = "```"
/** What pages are made of, some of it only just what it is. */
const bits = [
  "text",
  "",
  "",
  "# Head",
  `${fence}ts\n1 + 1\n${fence}`,
  `${fence}ts\n1\n${fence}\n${fence}output\n2\n${fence}`,
  `${fence}ts throws\nthrow 1\n${fence}\n\n${fence}output\n1\n${fence}`,
  "~~~ts\n`a`\n~~~",
  `${fence}\`ts table\nx\n${fence}\`\n\n| a |\n|---|\n| 1 |`,
  `${fence}ts plot=x.svg\ns\n${fence}\n\n![cap](x.svg)`,
  `${fence}ts\n${fence}`,
  `${fence}ts  \n 1\n\n${fence}`,
  `   ${fence}ts\n   1\n   ${fence}`,
  `${fence}ts skip\nx\n${fence}`,
  `${fence}output\norphan\n${fence}`,
  `${fence}python\nx = 1\n${fence}`,
  `${fence}raw\nraw\n${fence}`,
  `- a\n- b\n\n  ${fence}ts\n  nested()\n  ${fence}`,
  "<!-- cell -->",
  "    indented",
  "---",
  "> quote",
  "<div>\nhtml\n</div>",
  "| a | b |\n|---|---|\n| 1 | 2 |",
  "two  \nlines",
  "![i](x.svg)",
  "[ref]: http://a.b",
  "1. one\n2. two",
]

test("there and back, random pages are the same", () => {
  const random = new Random(8)
  let pages = 0
  for (let i = 0; i < 400; i++) {
    const front = random.chance(0.2) ? "---\nrivulet: { workers: 3 }\ntitle: a\n---\n" : ""
    const parts = Array.from({ length: random.integer(1, 9) }, () => random.pick(bits))
    const page = front + parts.join(random.pick(["\n\n", "\n", "\n\n\n"])) + random.pick(["\n", "", "\n\n"])
    try {
      parseNotebook(page, "x.md")
    } catch {
      continue
    }
    pages += 1
    // As Windows writes it, as nobody does, and marked as UTF-8.
    const written = random.chance(0.2) ? page.replaceAll("\n", "\r\n") : random.chance(0.1) ? page.replace("\n", "\r\n") : page
    const marked = `${random.chance(0.2) ? "\ufeff" : ""}${written}`
    const text = back(marked)
    assert.is(text, marked, `${JSON.stringify(marked)}\n${JSON.stringify(text)}`)
  }
  assert.ok(pages > 300)
})

const jupyter = (cells: object[], metadata: object = {}) => JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 })
const code = (source: unknown, outputs: object[] = []) => ({ cell_type: "code", source, metadata: {}, outputs, execution_count: 1 })
const prose = (source: unknown) => ({ cell_type: "markdown", source, metadata: {} })

test("a notebook of another language is shown and not run; what has no place is told", () => {
  const python = jupyter(
    [
      prose(["# T\n", "\n", `${fence}ts\n1 + 1\n${fence}`]),
      code(["x = 1\n", "x"], [{ output_type: "execute_result", data: { "text/plain": ["\u001b[31m1\u001b[0m"] } }]),
      code("plot()", [{ output_type: "display_data", data: { "image/png": "AAAA", "text/plain": "<Figure>" } }]),
      { cell_type: "raw", source: "\\latex", metadata: {} },
    ],
    { kernelspec: { name: "python3", language: "python", display_name: "Python 3" } },
  )
  const { text, notes } = fromIpynb(python, "x.ipynb")
  assert.equal(cellsOf(text), [])
  assert.ok(
    text.startsWith(`# T\n\n${fence}ts skip\n1 + 1\n${fence}\n\n${fence}python\nx = 1\nx\n${fence}\n${fence}output\n1\n${fence}\n`),
    text,
  )
  assert.ok(text.endsWith(`${fence}raw\n\\latex\n${fence}\n`), text)
  assert.equal(notes, ["2 cells of python: they are shown, not run", "1 picture that a cell drew is left out"])
  assert.is(back(text), text)
})

test("cells stay apart, and none becomes what stands under another", () => {
  const cells = [prose("one"), prose("two"), code("1 + 1"), prose(`${fence}output\n3\n${fence}`), prose(`${fence}\nopen`), code("2", [])]
  const { text } = fromIpynb(jupyter(cells), "x.ipynb")
  assert.equal(
    cellsOf(text).map(({ code, output }) => [code, output]),
    [
      ["1 + 1", null],
      ["2", null],
    ],
  )
  const again = JSON.parse(toIpynb(text, "x.md")) as { cells: { cell_type: string; source: string[] }[] }
  assert.equal(
    again.cells.map(({ cell_type, source }) => [cell_type, source.join("")]),
    cells.map(({ cell_type, source }) => [cell_type, source === `${fence}\nopen` ? `${fence}\nopen\n${fence}` : source]),
  )
})

test("a page in another way of writing is edited in Jupyter: what was not edited is as it was, as far as its lines' ends", () => {
  const page = `\ufeffA\r\n\r\n${fence}ts\r\n1\r\n${fence}`
  const edited = toIpynb(page, "x.md").replace('"1"', '"2"')
  assert.is(fromIpynb(edited, "x.ipynb").text, `${page.replace("1", "2")}\r\n`)
  assert.is(fromIpynb(toIpynb(page, "x.md"), "x.ipynb").text, page)
})

test("cells that were moved and edited since are what they are now", () => {
  const there = JSON.parse(toIpynb(`Text\n\n\n~~~ts\n1\n~~~\nMore\n${fence}ts\n2\n${fence}\n`, "x.md"))
  const [first, one, more, two] = there.cells
  const moved = jupyter([two, first, { ...one, source: ["3"] }, more], there.metadata)
  const { text } = fromIpynb(moved, "x.ipynb")
  assert.equal(
    cellsOf(text).map(cell => cell.code),
    ["2", "3"],
  )
})

test("outputs are renewed in the file, and nothing else of it", () => {
  const file = jupyter(
    [
      { ...prose("# T"), attachments: { "a.png": {} } },
      { ...code("1 + 1"), id: "a", metadata: { collapsed: true } },
    ],
    { authors: ["me"] },
  )
  const [cell] = cellsOf(fromIpynb(file, "x.ipynb").text)
  const renewed = JSON.parse(withOutputs(file, [{ ...cell!, output: "2" }]))
  assert.equal(renewed.cells[1].outputs[0].data, { "text/plain": ["2"] })
  renewed.cells[1].outputs = []
  assert.equal(renewed, JSON.parse(file))
})

test("what is no notebook is refused by what is wrong with it", () => {
  const cases: [text: string, message: RegExp][] = [
    ["", /x\.ipynb is no notebook: Unexpected end/],
    ["{}", /no notebook of format 4/],
    ["[]", /no notebook of format 4/],
    ['{"nbformat":3,"worksheets":[]}', /no notebook of format 4/],
    [jupyter([prose("a"), { cell_type: "heading", source: "x" }]), /cell 2 is of no kind that there is: heading/],
    ['{"nbformat":4,"cells":[null]}', /cell 1 is no cell/],
    [jupyter([code(5)]), /cell 1 has no source/],
    [jupyter([{ ...code("1"), outputs: [3] }]), /cell 1 has outputs that are none/],
    [jupyter([{ ...code("1"), metadata: { tags: "a" } }]), /cell 1 has tags/],
  ]
  for (const [text, message] of cases) assert.throws(() => fromIpynb(text, "x.ipynb"), message, text)
})

test.run()
