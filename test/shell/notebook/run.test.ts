/** Notebooks run in their threads on simulated clusters: exit codes, what is said, and that nobody's death changes an output. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../../cluster/testing/index.js"
import { ShellHost } from "../../../shell/host/host.js"
import { type NotebookOptions, runNotebooks } from "../../../shell/notebook/run.js"

const directory = mkdtempSync(join(tmpdir(), "rivulet-notebook-"))
test.after(() => rmSync(directory, { recursive: true, force: true }))
writeFileSync(join(directory, "words.txt"), "a b\nb\nc b a\n")

function notebook(name: string, ...cells: [info: string, code: string, output?: string][]): string {
  const file = join(directory, name)
  writeFileSync(
    file,
    cells
      .map(([info, code, output]) => `\`\`\`${info}\n${code}\n\`\`\`\n${output === undefined ? "" : `\`\`\`output\n${output}\n\`\`\`\n`}`)
      .join("\n"),
  )
  return file
}

async function run(files: string[], options: Partial<NotebookOptions> = {}): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""]
  const code = await runNotebooks(files, {
    check: false,
    update: false,
    settings: {},
    kills: [],
    annotate: false,
    write: text => {
      out += text
    },
    warn: text => {
      err += text
    },
    ...options,
  })
  return { code, out, err }
}

const words: [string, string, string?][] = [
  [
    "ts",
    'const lines = readStream("file:words.txt", "1s")\nconst counts = lines.flatMap(l => l.split(" ")).map(w => [w, 1]).runningReduce(sum)\nawait drained()',
  ],
  ["ts", "counts.latest().top(2)", "b   3\na   2"],
  ["ts", 'assert(await counts.get("c") === 1)\nconsole.log("said")', "said"],
  ["ts throws", "lines.map(async l => l)", "an operator's function cannot be async: join with an RDD, or do it in foreachRDD"],
]

test("outputs as they stand: 0, with any workers, seed and death", async () => {
  const file = notebook("words.md", ...words)
  // Who is not there cannot die, and that is told.
  const plain = await run([file], { check: true, kills: [{ node: "w9", atMs: 500 }] })
  assert.is(plain.code, 0, plain.err)
  assert.match(plain.err, /words\.md {2}there is no w9 to end: 2 workers\n/)
  const hurt = await run([file], { check: true, settings: { workers: 4, seed: 77 }, kills: [{ node: "w2", atMs: 500 }] })
  assert.is(hurt.code, 0, hurt.err)
  assert.not.match(hurt.err, /had ended before/)
})

test("an output that differs: 1 and a diff; --update makes it 0", async () => {
  const file = notebook("other.md", ["ts", "6 * 7", "43"], ["ts", '"new"'])
  const { code, err } = await run([file], { check: true })
  assert.is(code, 1)
  assert.match(err, /other\.md {2}cell 1 \(line 2\) {2}output differs\n {2}- 43\n {2}\+ 42\n/)
  assert.match(err, /cell 2 \(line 9\) {2}output differs\n {2}\+ "new"\n/)
  assert.match(err, /1 of 1 notebook failed · 2 cells/)
  assert.is((await run([file], { update: true })).code, 0)
  assert.is((await run([file], { check: true })).code, 0)
  assert.match(readFileSync(file, "utf8"), /```output\n42\n```\n/)
})

test("what a cell is marked to show as: a table and a picture, compared as text, the same whoever dies", async () => {
  const cells: [string, string][] = [
    ["ts", words[0]![1]],
    ["ts table", 'console.log("said")\ncounts.latest().top(3).then(rows => rows.map(([word, n]) => ({ word: word + "|*", n })))'],
    ["ts plot=below/words.svg", "counts.latest().top(3)"],
  ]
  const file = notebook("shown.md", ...cells)
  const before = await run([file], { check: true, kills: [{ node: "w2", atMs: 3_600_000 }] })
  assert.is(before.code, 1)
  // A death that would come too late tests nothing, and is told.
  assert.match(before.err, /shown\.md {2}had ended before w2 was to end, at 1h of its clock\n/)
  assert.match(before.err, /\+ \| word {2}\| {3}n \|/)
  assert.match(before.err, /there is no below\/words\.svg/)
  assert.is((await run([file], { update: true })).code, 0)
  const page = readFileSync(file, "utf8")
  assert.ok(page.includes("```output\nsaid\n```\n\n| word  |   n |\n|-------|----:|\n| b\\|\\* |   3 |\n"), page)
  assert.ok(page.includes("![words](below/words.svg)\n"), page)
  const hurt = await run([file], { check: true, settings: { workers: 3, seed: 5 }, kills: [{ node: "w2", atMs: 100 }] })
  assert.is(hurt.code, 0, hurt.err)
  const plain = await run([file])
  assert.match(plain.out, /^said\nword {3}n\nb\|\* {4}3\n/)
  assert.match(plain.out, /\n {2}b {2}3 {2}█+\n/)
  // The caption is its author's, and the picture's title; a picture that is another is told.
  writeFileSync(file, page.replace("![words]", "![How many words]"))
  const retitled = await run([file], { check: true })
  assert.is(retitled.code, 1)
  assert.match(retitled.err, /words\.svg differs/)
  assert.match(retitled.err, /\+ <text .*>How many words</)
})

test("a file of Jupyter's: its outputs are renewed, and nothing else of it", async () => {
  const file = join(directory, "a.ipynb")
  const cell = { cell_type: "code", source: ["6 * 7"], metadata: { collapsed: true }, outputs: [], execution_count: 7, id: "a" }
  const text = {
    cells: [{ cell_type: "markdown", source: "# T", metadata: {} }, cell],
    metadata: { authors: ["me"] },
    nbformat: 4,
    nbformat_minor: 5,
  }
  writeFileSync(file, JSON.stringify(text))
  const { code, err, out } = await run([file], { check: true, annotate: true })
  assert.is(code, 1)
  assert.match(err, /a\.ipynb {2}cell 1 {2}output differs\n {2}\+ 42\n/)
  assert.match(out, /^::error file=.*a\.ipynb,title=cell 1::output differs%0A\+ 42\n$/)
  assert.is((await run([file], { update: true })).code, 0)
  assert.is((await run([file], { check: true })).code, 0)
  const renewed = JSON.parse(readFileSync(file, "utf8"))
  assert.equal(renewed.cells[1].outputs[0].data, { "text/plain": ["42"] })
  renewed.cells[1].outputs = []
  assert.equal(renewed, text)
})

test("what cannot be read or written is refused before anything runs", async () => {
  const good = notebook("fine.md", ["ts", "console.log(1)"])
  const python = join(directory, "python.ipynb")
  writeFileSync(python, JSON.stringify({ cells: [], metadata: { kernelspec: { language: "python" } }, nbformat: 4 }))
  const cases: [files: string[], options: Partial<NotebookOptions>, message: RegExp][] = [
    [[good, join(directory, "gone.md")], {}, /no such file: .*gone\.md/],
    [[good, directory], {}, /cannot read/],
    [[good, python], {}, /is a notebook of python/],
    [[good], { junit: join(directory, "gone", "out.xml") }, /--report junit=.*out\.xml/],
  ]
  for (const [files, options, message] of cases) {
    let out = ""
    const refused = await run(files, { ...options, write: text => (out += text) }).then(
      () => null,
      (error: Error & { code: number }) => error,
    )
    assert.match(refused?.message ?? "nothing", message)
    assert.is(refused?.code, 2)
    assert.is(out, "")
  }
})

test("a cell that fails says what to try: by an error of ours, or the name that is near", async () => {
  const { err } = await run([
    notebook("bad.md", ["ts", 'parallelize([1]).take("x")']),
    notebook("near.md", ["ts", "const pairs = parallelize([1])"], ["ts", "piars.count()"]),
  ])
  assert.match(err, /bad\.md {2}cell 1 \(line 2\)[\s\S]*? {2}try {8}\S/)
  assert.match(err, /near\.md {2}cell 2 \(line 6\) {2}ReferenceError: piars is not defined[\s\S]*? {2}try {8}pairs\.count\(\)/)
})

test("a cell cannot end the process; what a timer throws is its cell's", async () => {
  const { err } = await run(
    [
      notebook("exit.md", ["ts", "process.exit(0)"]),
      notebook("thrown.md", ["ts", 'setTimeout(() => { throw new Error("late") }, 10)\nawait clock.advance("1s")'], ["ts", "1", "1"]),
    ],
    { check: true },
  )
  assert.match(err, /exit\.md {2}cell 1 \(line 2\) {2}a notebook's cell cannot end the process/)
  assert.match(err, /thrown\.md {2}cell 1 \(line 2\) {2}output differs\n {2}\+ Uncaught Error: late\n/)
  assert.match(err, /2 of 2 notebooks failed/)
})

test("what a shell saves is a page that shows the same", async () => {
  const session = await simulate({ workers: 2 })
  const host = new ShellHost({ session, tz: "UTC", columns: 100, embedded: false, emit: () => {} })
  host.start()
  const file = join(directory, "saved.md")
  for (const cell of [
    'const pairs = parallelize([["/a", 2], ["/", 1]])',
    "pairs.top(2)",
    'console.log("  said")\npairs.count()',
    "const n = pairs.count()",
    "const twice = pairs.map(([url, n]) => [url, 2 * n])\ntwice",
    "6 * 7",
    "_ + Out[3]",
    "nope.x",
    '"`\\n```"',
    `.save ${file}`,
  ])
    await host.runCell(cell)
  await host.close()
  await session.close()
  const { code, err } = await run([file], { check: true })
  assert.is(code, 0, `${err}\n${readFileSync(file, "utf8")}`)
  assert.match(readFileSync(file, "utf8"), /```output\n\/a {3}2\n\/ {4}1\n```\n/)
})

test("a plot of what is no chart fails its cell", async () => {
  const { code, err } = await run([notebook("nochart.md", ["ts plot=x.svg", '"text"'])])
  assert.is(code, 1)
  assert.match(err, /neither numbers nor pairs with a number/)
})

test("a cell that fails ends its notebook, not the others; one that should throw and does not fails", async () => {
  const [bad, mild, good] = [
    notebook("bad.md", ["ts", "const a = 1\nnope.x"], ["ts", "2"]),
    notebook("mild.md", ["ts throws", "1"]),
    notebook("good.md", ["ts", "typeof a"]),
  ]
  const report = join(directory, "report.xml")
  const { code, out, err } = await run([bad, mild, good], { junit: report })
  assert.is(code, 1)
  assert.match(err, /bad\.md {2}cell 1 \(line 2\) {2}ReferenceError: nope is not defined\n.*2 │ nope\.x/s)
  assert.match(err, /mild\.md {2}cell 1 \(line 2\) {2}it did not throw/)
  // A name of one notebook is not known in another.
  assert.is(out, '1\n"undefined"\n')
  assert.match(err, /2 of 3 notebooks failed · 3 of 4 cells, /)
  const xml = readFileSync(report, "utf8")
  assert.match(
    xml,
    /bad\.md" tests="2" failures="1" skipped="1" [^>]*>\n +<testcase [^>]*>\n +<failure [\s\S]*?<\/testcase>\n.*cell 2 \(line 7\)" time="0">\n +<skipped /,
  )
  assert.match(xml, /good\.md" tests="1" failures="0" skipped="0" [^>]*>\n +<testcase [^>]*\/>\n/)
})

test("timers run on the simulated clock: an hour is a moment, and the earlier comes first", async () => {
  const code = `const began = clock.now()
const order = []
setTimeout(() => order.push("late"), 7_200_000)
clearTimeout(setTimeout(() => order.push("never"), 1))
setTimeout(name => order.push(name), 3_600_000, "early")
await new Promise(resolve => setTimeout(resolve, 7_200_001))
console.log(order.join(" "), (clock.now() - began) / 3_600_000 >= 2)`
  const { code: exit, err } = await run([notebook("timers.md", ["ts", code, "early late true"])], { check: true })
  assert.is(exit, 0, err)
})

test("a cell that never ends: 124", async () => {
  const { code, err } = await run([notebook("loop.md", ["ts", "for (;;) {}"])], { timeoutMs: 200 })
  assert.is(code, 124)
  assert.match(err, /did not end within 0\.2 s/)
})

test("a cell that waits for what never comes is told so", async () => {
  const { code, err } = await run([notebook("wait.md", ["ts", "await new Promise(() => {})"])])
  assert.is(code, 1)
  assert.match(err, /never comes/)
})

test.run()
