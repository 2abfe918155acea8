/** What a shell promises of its answers and first minutes, each by its number (docs/testing.md), against a cluster of real processes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"
import { parseTime } from "../../engine/time.js"
import { stampLine } from "../../shell/view/stamp.js"
import { type Feed, openFeed, openShell, type TestShell, visit } from "./checks-kit.js"

const test = suite("checks: answers")
let cluster: Embedded
let shell: TestShell
let feed: Feed
/** The answer to an expression, without its stamp. */
const ask = async (expression: string) => (await shell.run(expression)).split("\n").slice(0, -2).join("\n")
const json = async (expression: string) =>
  JSON.parse(JSON.parse((await shell.run(`JSON.stringify(await (${expression}))`)).trim().split("\n")[0]!) as string)

const urls = Array.from({ length: 400 }, (_, i) => `/${["a", "b", "c", "search"][(i * i) % 4]}/${i % 13}`)

test.before(async () => {
  cluster = await startEmbedded({ workers: 2, cores: 1, memoryBytes: 64 * 2 ** 20 })
  shell = await openShell(cluster)
  await shell.run('const views = readStream("views", "200ms", { format: "combined" })')
  await shell.run("const counts = views.map(v => [v.url, 1]).runningReduce((a, b) => a + b)")
  feed = await openFeed(cluster, "views")
  for (let i = 0; i < 4; i++)
    await feed.send(urls.slice(i * 100, (i + 1) * 100).map((url, n) => visit(url, n % 60, { status: n % 5 === 0 ? 500 : 200 })))
  await shell.until('views.last("10m").count()', said => said.includes("  400\n"))
  await shell.until("counts.latest().map(([, n]) => n).reduce((a, b) => a + b)", said => said.includes("  400\n"))
})
test.after(async () => {
  await feed.close()
  await shell.close()
  await cluster.stop()
})

const keys = new Set(urls).size

test("1, 3: slice(…).count() of a running count, and of a window, is a series whose last value is the number of keys", async () => {
  assert.match(
    await shell.run('counts.slice("-10s").count()'),
    new RegExp(`^ {2}last ${keys} .*versions: \\d* ?→ ${keys}$|^ {2}last ${keys} `, "m"),
  )
  // By the clock, as people say it: in whole seconds, so up to the next one, when its intervals are finished.
  const toMs = Math.ceil(Date.now() / 1000) * 1000
  const clock = (ms: number) => new Date(ms).toISOString().slice(11, 19)
  await shell.until(`counts.slice("${clock(toMs - 10_000)}", "${clock(toMs)}").count()`, said => said.includes(`  last ${keys} `))
  const windowed = `views.map(v => [v.url, 1]).reduceByWindow("10m", sum).slice("-1s").count()`
  assert.match(await shell.run(windowed), new RegExp(`^ {2}last ${keys} `, "m"))
})

test("a wrong name is answered with the right line, name? with what it is, another prompt's words with ours", async () => {
  for (const [cell, says] of [
    ["cuonts.top(3)", /cuonts is not defined[\s\S]*try +counts\.top\(3\)/],
    ["counts.topp(3)", /try +counts\.top\(3\)/],
    ["counts.latest().topp(3)", /try +counts\.latest\(\)\.top\(3\)/],
    ["counts.last(3)", /counts\.last is not here: top\(n\) or take\(n\)/],
    ["views.last(3)", /span of time[\s\S]*try +latest\(\)\.take\(3\)/],
    ["views?", /views {3}input · 200ms[\s\S]*readStream[\s\S]*status +number/],
    ["counts.slice?", /its versions in time order/],
    ["cuonts?", /nothing is called cuonts[\s\S]*try +counts\?/],
    ["\\d counts", /counts {3}state · 200ms/],
    ["select * from views", /TypeScript, not SQL/],
  ] as const)
    assert.match(await shell.run(cell), says, cell)
})

test("2: on records it is one number", async () => {
  assert.is(await ask('views.slice("-10m").count()'), "  400")
})

test("4: changes equals a diff of two at", async () => {
  const [from, to] = await json("counts.latest().count().stamped().then(({ stamp }) => [stamp.asOf - 60000, stamp.asOf])")
  const changes = await json(`counts.changes(${from}, ${to}).collect()`)
  const [before, after] = [
    await json(`counts.slice(${from - 200}, ${from}).last().collect().catch(() => [])`),
    await json(`counts.at(${to - 1}).collect()`),
  ]
  const old = new Map(before as [string, number][])
  const differ = (after as [string, number][]).filter(([key, n]) => old.get(key) !== n).map(([key, n]) => [key, n])
  const sorted = (rows: unknown[][]) => rows.map(row => JSON.stringify(row)).sort()
  assert.equal(sorted((changes as { key: string; after: number }[]).map(({ key, after }) => [key, after])), sorted(differ))
})

test("6: 21:00 typed at 00:05 is yesterday's, and the stamp says so", () => {
  const nowMs = Date.parse("2026-11-21T00:05:00+01:00")
  const at = parseTime("21:00", { nowMs, tz: "Europe/Berlin" })
  assert.is(new Date(at).toISOString(), "2026-11-20T20:00:00.000Z")
  const stamp = {
    intervals: { from: at, to: at + 1000 },
    asOf: at + 1000,
    ageMs: 0,
    partitions: [1, 1] as [number, number],
    recomputed: 0,
    from: [],
    bytesMoved: 0,
    ms: 1,
  }
  assert.match(stampLine(stamp, { tz: "Europe/Berlin", nowMs }), /20 Nov|11-20/)
})

test("7: tuple keys look up by value", async () => {
  await shell.run("const keyed = views.map(v => [[v.url, v.status], 1]).runningReduce(sum)")
  await shell.until("keyed.latest().count()", said => !/^ {2}0$/m.test(said))
  const [key, n] = (await json("keyed.latest().top(1)"))[0]
  await shell.until(`keyed.get(${JSON.stringify(key)})`, said => said.startsWith(`  ${n}\n`))
})

test("8: top on pairs orders by the value", async () => {
  const top = (await json("counts.latest().top(5)")) as [string, number][]
  assert.equal(
    top.map(([, n]) => n),
    [...top.map(([, n]) => n)].sort((a, b) => b - a),
  )
  const most = Math.max(...[...new Set(urls)].map(url => urls.filter(one => one === url).length))
  assert.is(top[0]![1], most)
})

test("9: a question across two streams takes both at one interval", async () => {
  await shell.run("const total = views.map(v => ['all', 1]).runningReduce(sum)")
  await shell.until('total.get("all")', said => said.startsWith("  400\n"))
  for (let i = 0; i < 5; i++) {
    await feed.send(urls.slice(0, 50).map((url, n) => visit(url, n)))
    const both = "counts.latest().map(([, n]) => ['all', n]).reduceByKey(sum).join(total.latest()).collect()"
    for (const [, [sum, all]] of await json(both)) assert.is(sum, all)
  }
})

test("10: a captured regular expression with g gives the same on 1 and 8 partitions", async () => {
  await shell.run("const a = /a/g")
  // All that was sent is there: none comes between the two questions.
  await shell.until('views.last("10m").count()', said => said.startsWith("  650\n"))
  const of = (partitions: number) => json(`views.last("10m").repartition(${partitions}).filter(v => a.test(v.url)).count()`)
  const one = await of(1)
  assert.ok(one > 0)
  assert.is(await of(8), one)
})

test("a notebook's cells run here, each below its line, until one fails that is not there to", async () => {
  const directory = mkdtempSync(join(tmpdir(), "rivulet-load-"))
  const path = join(directory, "x.md")
  const fence = "```"
  const cell = (code: string, words = "ts") => `${fence}${words}\n${code}\n${fence}\n`
  const cells = ['const letters = views.map(v => v.url[1])\nletters.last("10m").count()', "letters.map(async v => v)", "nope()", "6 * 7"]
  writeFileSync(
    path,
    `# Notes\n\n${cell(cells[0]!)}${fence}output\n1\n${fence}\n${cell(cells[1]!, "ts throws")}${cell(cells[2]!)}${cell(cells[3]!)}`,
  )
  const said = (await shell.run(`.load ${path}`)).replaceAll(path, "x.md")
  assert.match(
    said,
    /^x\.md:4 {2}const letters = views\.map\(v => v\.url\[1\]\) …\n[\s\S]*^ {2}650\n[\s\S]*^x\.md:11 {2}letters\.map\(async v => v\)\n.*async/m,
  )
  assert.match(said, /^x\.md:14 {2}nope\(\)\nReferenceError: nope is not defined/m)
  assert.not.match(said, /6 \* 7|^ {2}42$/m)
  // A page again, and another that declares the same: the name is the newer stream's, though its cell waited before it was named.
  writeFileSync(join(directory, "lines.txt"), "a\nb\n")
  writeFileSync(path, cell('const twice = readStream("file:lines.txt", "1s")\nawait drained()\ntwice.interval'))
  for (let i = 0; i < 2; i++) assert.match(await shell.run(`.load ${path}`), /"1s"/)
  assert.match(await shell.run(".streams"), /twice~1[\s\S]*twice /)
  writeFileSync(path, cell("1", "ts throws"))
  assert.match(await shell.run(`.load ${path}`), /x\.md:2 {2}1: it did not throw/)
  const python = join(directory, "x.ipynb")
  const code = { cell_type: "code", source: "x = 1", metadata: {}, outputs: [] }
  writeFileSync(python, JSON.stringify({ cells: [code], metadata: { kernelspec: { language: "python" } }, nbformat: 4 }))
  assert.match(await shell.run(`.load ${python}`), /x\.ipynb is a notebook of python: no cell of it runs here/)
  rmSync(directory, { recursive: true })
})

test("13: const n = a question; n + 1 is a number", async () => {
  await shell.run('const n = views.slice("-10m").count()')
  assert.match(await shell.run("n + 1"), /^ {2}\d+\n$/)
  assert.match(await shell.run('const all = views.last("10m").count(); all + 1'), /^ {2}\d+\n/m)
})

test("14: take(10) is not empty on a quiet second", async () => {
  await shell.until("views.latest().count()", said => said.startsWith("  0\n"))
  assert.is((await json("views.take(10)")).length, 10)
})

test("an answer is kept by the number under it: looked at, drawn and written without being asked again", async () => {
  const said = await shell.run("counts.latest().top(30)")
  const name = /· (Out\[\d+\])\n$/.exec(said)?.[1]
  assert.ok(name, said)
  const page = shell.host.page("")
  const n = page?.rows ?? 0
  assert.ok(n > 20)
  assert.is(page?.name, name)
  await shell.run("1 + 1")
  assert.is(await shell.run(`${name}.length`), `  ${n}\n`)
  const again = await shell.run(`.last ${name}`)
  assert.is(again.split("\n").length, n + 2)
  assert.ok(again.endsWith(`${name}\n`))
  assert.match(await shell.run(`.plot ${name}`), /^ {2}\/\S+ +\d+ {2}█+/)
  assert.match(await shell.run("views.slice('-10m').map(v => v.status).histogram(3)"), /^ {2}200 – .*█/)
  const directory = mkdtempSync(join(tmpdir(), "rivulet-answers-"))
  try {
    const file = join(directory, "counts.csv")
    assert.match(await shell.run(`.write ${name} ${file}`), new RegExp(`${n} rows in`))
    assert.is(readFileSync(file, "utf8").split("\r\n").length, n + 2)
    assert.match(await shell.run(`.write ${name} ${file}`), /is there already/)
    assert.match(await shell.run(`.plot counts.slice("-10s").count() ${join(directory, "keys.svg")}`), /drawn in/)
    assert.match(readFileSync(join(directory, "keys.svg"), "utf8"), /mark-line/)
    assert.match(await shell.run(".plot 'text'"), /neither numbers nor pairs/)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test("15: a new state stream shows the past at once", async () => {
  await shell.run("const late = views.map(v => [v.method, 1]).runningReduce(sum)")
  const all = await ask('views.last("10m").count()')
  await shell.until('late.get("GET")', said => said.startsWith(`${all}\n`))
})

test.run()
