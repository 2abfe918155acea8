/** `.save`: a program of what the definitions need, or a notebook of what was asked. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import * as library from "../../cluster/client/index.js"
import type { ClientSession } from "../../cluster/client/session.js"
import { sessionGlobals } from "../../shell/host/globals.js"
import { neededCells, notebookOf, programOf, type RunCell, saveCells } from "../../shell/host/saved-cells.js"
import { parseNotebook } from "../../shell/notebook/document.js"

const cell = (text: string, more: Partial<RunCell> = {}): RunCell => ({
  text,
  written: text,
  declared: [...text.matchAll(/(?:const|let|function) (\w+)/g)].map(match => match[1]!),
  defines: false,
  output: "",
  ...more,
})
const streams = { defines: true }

const cells = [
  cell('const views = readStream("views", "1s")', streams),
  cell("views.count()", { output: "  20" }),
  cell("const limit = 5"),
  cell("const unused = 7"),
  cell("const ones = views.map(v => [v, 0])", streams),
  cell("const ones = views.filter(v => v.length > limit).map(v => [v, 1])", streams),
  cell("const n = views.count()", { written: "const n = await views.count()" }),
  cell("const counts = ones.runningReduce(sum)", streams),
  cell('counts.save("out")', streams),
]

test("a program is what the streams are made of, in order; of a name declared twice the last; no questions", () => {
  assert.equal(
    programOf(neededCells(cells)),
    `import { readStream, sum } from "rivulet"

export const views = readStream("views", "1s")
export const limit = 5
export const ones = views.filter(v => v.length > limit).map(v => [v, 1])
export const counts = ones.runningReduce(sum)
counts.save("out")
`,
  )
})

test("what a definition needs of a question is kept, with its await", () => {
  const asked = [...cells.slice(0, 1), cell("const n = views.count()", { written: "const n = await views.count()" })]
  const program = programOf(neededCells([...asked, cell("const big = views.filter(v => v.length > n)", streams)]))
  assert.match(program, /export const n = await views\.count\(\)\nexport const big/)
})

test("what others have on the cluster is found by its name, with its type; an own name goes before it", () => {
  const others = [
    { name: "views", whole: "shop/views", type: "Rivulet.InputDStream<Rivulet.AccessLog>" },
    { name: "counts", whole: "shop/counts", type: "Rivulet.StateDStream<([string, number])[0], ([string, number])[1]>" },
    { name: "top", whole: "shop/top", type: "Rivulet.SnapshotDStream<[string, number]>" },
    { name: "raw", whole: "shop/raw", type: undefined },
  ]
  assert.equal(
    programOf([cell("const all = union(views, raw)", streams), cell("const n = counts.join(top)", streams)], others),
    `import { stream, state, union, type AccessLog, type SnapshotDStream } from "rivulet"

const views = stream<AccessLog>("shop/views")
const counts = state<([string, number])[0], ([string, number])[1]>("shop/counts")
const top = stream("shop/top") as unknown as SnapshotDStream<[string, number]>
const raw = stream<unknown>("shop/raw")
export const all = union(views, raw)
export const n = counts.join(top)
`,
  )
})

test("a notebook holds every cell with what stood under it, and is one", () => {
  const text = notebookOf([...cells, cell("`\n```\n`", { output: "```" })])
  const { parts } = parseNotebook(text, "x.md")
  const code = parts.flatMap(part => (part.kind === "cell" ? [part.code] : []))
  assert.equal(code, [...cells.map(({ text }) => text), "`\n```\n`"])
  assert.match(text, /```ts\nviews\.count\(\)\n```\n```output\n {2}20\n```\n/)
})

test("a file that is there is left alone; another kind of file is refused", async () => {
  const save = (path: string, saved = cells) => saveCells(path, saved, { adopted: () => undefined, others: async () => [] })
  const directory = mkdtempSync(join(tmpdir(), "rivulet-save-"))
  try {
    const path = join(directory, "x.ts")
    assert.match(await save(path), /^5 of 9 cells in/)
    assert.match(await save(path).catch(String), /is there already/)
    assert.match(await save(join(directory, "x.js")).catch(String), /neither \.ts nor \.md/)
    assert.match(await save(join(directory, "y.ts"), [cell("1 + 1")]).catch(String), /no stream was defined/)
    assert.match(await save(join(directory, "x.md")), /^9 cells with outputs/)
    assert.ok(readFileSync(path, "utf8").startsWith("import { readStream, sum }"))
  } finally {
    rmSync(directory, { recursive: true })
  }
})

/** Of a process that has no session yet. */
const ofPrograms = ["RivuletError", "connect", "openSender"]

test("what a program imports, a cell finds under the same name; a saved program imports it", () => {
  const session = new Proxy({}, { get: () => () => {} }) as ClientSession
  const found = sessionGlobals(session)
  assert.equal(
    Object.keys(library).filter(name => !(name in found) && !ofPrograms.includes(name)),
    [],
  )
  for (const name of ["readStream", "readHistory", "textFile", "parquetFile", "parallelize", "union"])
    assert.match(programOf([cell(`const made = ${name}("a")`, streams)]), `import { ${name} } from "rivulet"`)
})

test.run()
