/** What the language service says of cells: completion, warnings, what stands under the cursor, what cells leave behind. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { examples } from "../../../shell/language/examples.js"
import { Language } from "../../../shell/language/language.js"
import { typescript } from "../../../shell/typescript.js"

const test = suite("language service")
const language = new Language(typescript())
language.setLive({
  views: "Rivulet.InputDStream<Rivulet.AccessLog>",
  counts: "Rivulet.StateDStream<string, number>",
  orders: "Rivulet.DStream<{ id: number; items: { name: string }[]; note?: string }>",
  hot: "Rivulet.SnapshotDStream<[string, number]>",
  'stream "shop/orders"': "Rivulet.DStream<{ id: number }>",
  'state "counts"': "Rivulet.StateDStream<string, number>",
})
language.declare({ text: "const ones = views.map(v => [v.url, 1])", present: ["ones"] })

/** `|` is the cursor; without one it stands at the end. */
function cursorOf(marked: string): readonly [text: string, cursor: number] {
  const at = marked.indexOf("|")
  return at < 0 ? [marked, marked.length] : [marked.slice(0, at) + marked.slice(at + 1), at]
}
const names = (marked: string) => language.complete(...cursorOf(marked))?.items.map(({ text }) => text) ?? []
const item = (marked: string, name: string) => {
  const { type = "", doc = "" } = language.complete(...cursorOf(marked))?.items.find(({ text }) => text === name) ?? {}
  return `${type} · ${doc}`
}
const says = (cell: string) => language.check(cell).map(({ at, message }) => `${at} ${message}`)

const log = ["ip", "user", "time", "method", "url", "status", "bytes", "referrer", "agent"]
const completions: readonly [marked: string, expected: readonly string[]][] = [
  ["views.map(v => v.", log],
  ["views.map(v => v.s", ["status"]],
  ["views.filter(v => v.status > 1).map(w => w.u", ["user", "url"]],
  ["views.map(v => ({ u: v.url, n: 1 })).filter(x => x.", ["u", "n"]],
  ["views.map(v => v.|).count()", log],
  ["orders.flatMap(o => o.items).map(i => i.", ["name"]],
  ["const first = orders.take(1)\nfirst[0].", ["id", "items", "note"]],
  ["views.map(view => vi", ["views", "view"]],
  ["cou", ["counts"]],
  ['readStream("x", "1s", { format: "', ["text", "combined", "json", "csv"]],
  ['readStream("x", "1s", { for', ["format"]],
  ['stream("shop/orders").map(o => o.i', ["id"]],
  ['state("counts").ge', ["get", "getAll"]],
]
for (const [marked, expected] of completions) test(`completes ${marked}`, () => assert.equal(names(marked), expected))

const members: readonly [marked: string, has: readonly string[], hasNot: readonly string[]][] = [
  ["views.", ["map", "window", "archive", "slice"], ["get", "collect", "reduceByKey", "runningReduce"]],
  ["ones.", ["reduceByKey", "runningReduce", "top", "join"], ["get", "archive", "collect"]],
  ["counts.", ["get", "changes", "history", "mapValues", "at"], ["window", "runningReduce", "collect"]],
  ["hot.", ["at", "top", "reduceByKey"], ["get", "window"]],
  ['views.last("5m").', ["collect", "sortBy", "zipWithIndex"], ["window", "get", "lookup", "stats"]],
  ['views.last("5m").map(v => v.bytes).', ["stats", "histogram"], ["lookup"]],
  ['counts.slice("-5m").', ["count", "first", "union"], ["collect", "get"]],
]
for (const [marked, has, hasNot] of members)
  test(`members of ${marked}`, () => {
    const found = names(marked)
    assert.equal(
      has.filter(one => !found.includes(one)),
      [],
    )
    assert.equal(
      hasNot.filter(one => found.includes(one)),
      [],
    )
  })

test("what a handle says of itself comes after what can be made of it", () => {
  for (const handle of ["views.", "counts.", 'views.last("5m").']) assert.is(names(handle)[0], "map", handle)
  assert.ok(names("counts.").indexOf("name") > names("counts.").indexOf("get"))
})

test("beside a name stands its type, beside a method its signature, with the records' types, and a sentence", () => {
  assert.is(item("views.map(v => v.s", "status"), "number · Of the answer: 200 …")
  assert.is(
    item("ones.red", "reduceByKey"),
    "(f: (a: number, b: number) => number, partitions?: number): DStream<[string, number]> · One pair a key: its values joined two by two, where they lie before they are sent (§2.1).",
  )
  assert.is(
    item("counts.gro", "groupByKey"),
    "(): StateDStream<string, number[]> · One pair a key: all of its values, in the order of their arrival.",
  )
  assert.is(item("cou", "counts"), "StateDStream<string, number> · ")
})

const findings: readonly [cell: string, ...expected: string[]][] = [
  ["views.map(v => v.staus).count()", "17 staus is not a field of views: status?"],
  ["views.map(v => v.status).count()"],
  ["views.map(v => [v.url, 1]).reduceByKey(sum).top(3)"],
  ["views\n  .filter(v => v.statsu >= 500)", "23 statsu is not a field of views: status?"],
  ["views.filter(v => v.nowhere)", "20 nowhere is not a field of views. They have ip, user, time, method, url, status, bytes, referrer"],
  ["views.map(v => ({ u: v.url })).filter(x => x.uu)", "45 uu is not a field of these records: u?"],
  [
    "views.map(v => [v.url, 1] as const).runningReduce((a, b) => a + b)",
    "60 the value can only be 1 by its type, this gives any number: without `as const`, [key, 1] is a pair with a number",
  ],
  ["ones.map(p => p.nope)", "16 nope is not a field of ones: each is [string, number]"],
  ["views.mapp(v => v)", "6 mapp is not an operator of views, a stream of records: map?"],
  ['views.get("/a")', "6 get is of state streams; views is a stream of records"],
  ['counts.window("1m")', "7 window is of streams of records; counts is a state stream"],
  ["views.reduceByKey(sum)", "6 reduceByKey needs pairs [key, value]; views has AccessLog: map(r => [key, value]) makes them"],
  [
    "views.last('5m').reduceByKey(sum)",
    "17 reduceByKey needs pairs [key, value]; views.last('5m') has AccessLog: map(r => [key, value]) makes them",
  ],
  ["views.map(v => v.url).last('1m').stats()", "33 stats needs numbers; views.map(v => v.url).last('1m') has string"],
  ["ones.join(views)", "10 join takes pairs [key, value]; views is a stream of records, with AccessLog"],
  ["views.window(5)", '13 window takes a Duration like "30s" as length, not 5'],
  ["views.window()", "6 window lacks length: window(length, slide?)"],
  ["ones.reduceByWindow('5s')", "5 reduceByWindow lacks f: reduceByWindow(length, f, inverse?, slide?, options?)"],
  ["sum(1)", "0 sum lacks b: sum(a, b)"],
  ["views.count(1)", "12 count takes nothing: count()"],
  ["views.name()", "6 views.name is not a function: it is string"],
  ["views.map(v => v.referrer.split('/'))", "15 v.referrer may be null: v.referrer?.split"],
  ["counts.get(5)", "11 get takes string as key, not 5"],
  ["[1, 2].mapp(x => x)", "7 mapp is not a method of [1, 2] (number[]): map?"],
  ["const a: number = 'x'", "6 Type 'string' is not assignable to type 'number'"],
  ["const k = views.last('1m').count(); k + 1"],
  ["const ones = views.map(v => v.url); ones.map(u => u.length)"],
  ["console.log(1); setTimeout(() => {}, 5); new URL('x:y')"],
  ["import { readFile } from 'node:fs/promises'; const t = await readFile('x'); t.toString()"],
  ["import { readStream, type AccessLog } from 'rivulet'; readStream('x', '1s', { format: 'combined' }).map(v => v.url)"],
  ["undefinedThing.foo()"],
  ["{ a: 1 }"],
  ["class Visit { constructor(readonly url: string) {} }\nviews.map(v => new Visit(v.url).url)"],
]
for (const [cell, ...expected] of findings) test(`says of ${cell}`, () => assert.equal(says(cell), expected))

test("never a wall: of many errors three, each a line", () => {
  const many = language.check(Array.from({ length: 9 }, (_, i) => `views.map(v => v.nope${i})`).join("\n"))
  assert.is(many.length, 3)
  const [wall] = language.check(
    "ones.reduceByEventTime('5m', (a, b) => [a, b, { long: a, longer: b }], { timestamp: r => r, correctFor: 5 })",
  )
  assert.ok(wall && wall.message.length <= 160 && !wall.message.includes("\n"), wall?.message)
})

test("later cells know what earlier ones declared; declared again it is another thing; `_` is the last value", () => {
  const run = (text: string, ...present: string[]) => language.declare({ text, present })
  run('const n = await counts.get("/a")', "n")
  assert.equal(says("n + 1"), [])
  assert.equal(names("n.toFi"), ["toFixed"])
  run("interface Visit { url: string; ms: number }\nfunction slow(v: Visit): boolean { return v.ms > 5 }\nclass Meter { rate = 1 }")
  assert.equal(says("slow({ url: '/a', ms: 'x' })"), ["18 Type 'string' is not assignable to type 'number'"])
  run("const [p, { q }] = [new Meter(), { q: /x/ }]", "p", "q")
  assert.equal([names("p."), names("q.tes")], [["rate"], ["test"]])
  run("const n = views.map(v => v.method).distinct()", "n")
  assert.ok(names("n.").includes("countByWindow"))
  run("await views.last('1m').take(5)")
  assert.equal(names("_[0].st"), ["status"])
  assert.equal(says(".map(v => v.urll)"), ["12 urll is not a field of v (AccessLog): url?"])
  run("const min = 5", "min")
  assert.equal(says("min(1, 2)"), ["0 min is not a function: it is 5"])
  language.restore([{ name: "min", text: "export declare function min(a: number, b: number): number", open: false }])
})

test("the cluster's types are followed, and count for a handle that does not say its own", () => {
  const [lines] = language.declare({ text: 'const lines = readStream("lines", "1s", { format: "json" })', present: ["lines"] })
  assert.is(lines?.open, true)
  assert.equal(names("lines.map(l => l."), [])
  language.setLive({ lines: "Rivulet.InputDStream<{ host: string; load: number }>" })
  assert.equal(names("lines.map(l => l."), ["host", "load"])
  assert.equal(says("lines.map(l => l.cpu)"), ["17 cpu is not a field of lines. They have host, load"])
  language.setLive({ lines: "Rivulet.InputDStream<{ host: string; load: number; cpu: number }>" })
  assert.equal(says("lines.map(l => l.cpu)"), [])
  language.setLive({ lines: null })
  assert.equal(names("lines.map(l => l."), [])
})

const inspections: readonly [marked: string, brief: readonly string[]][] = [
  ["view|s.count()", ["views: InputDStream<AccessLog>"]],
  ["views.map(v => v.st|atus)", ["status: number", "Of the answer: 200 …"]],
  [
    "ones.reduceByKey|(sum)",
    [
      "reduceByKey(f: (a: number, b: number) => number, partitions?: number): DStream<[string, number]>",
      "One pair a key: its values joined two by two, where they lie before they are sent (§2.1).",
      "  views.map(v => [v.url, 1]).reduceByKey(sum)",
    ],
  ],
  [
    "sum",
    [
      "sum(a: number, b: number): number",
      "a + b, for `reduceByKey(sum)` and `runningReduce(sum)`.",
      "  views.map(v => [v.url, 1]).reduceByKey(sum)",
    ],
  ],
]
for (const [marked, brief] of inspections)
  test(`inspects ${marked}`, () => assert.equal(language.inspect(...cursorOf(marked))?.brief, brief))

test("every operator of every handle has an example, and each is well typed", () => {
  const handles: Readonly<Record<string, string>> = {
    InputDStream: "views",
    SnapshotDStream: "hot",
    StateDStream: "counts",
    RDD: "counts.latest()",
    Snapshots: 'counts.slice("-5m")',
  }
  const numbers = [...names("views.map(v => 1).last('5m')."), ...names("ones.")]
  const words = new Set([...Object.values(handles).flatMap(one => names(`${one}.`)), ...numbers])
  assert.equal(
    [...words].filter(word => !(word in examples)),
    [],
  )
  const blocks = Object.values(examples).map(example => `{ ${example} }`)
  assert.equal(says(`;${blocks.join("\n")}`), [])
})

test("all of it: every form, the whole comment, the fields of records; in parentheses what is called", () => {
  const all = (marked: string) => language.inspect(...cursorOf(marked))?.all ?? []
  assert.equal(
    all("views"),
    ["views: InputDStream<AccessLog>", ...["ip: string", "user: string | null", "time: Date"].map(one => `  ${one}`)].concat(
      all("views").slice(4),
    ),
  )
  assert.match(
    all("ones.reduceByWindow(").join("\n"),
    /^reduceByWindow\(length: Duration, .*\n.*With `inverse` each slide costs what enters/,
  )
  assert.is(all("readStream").filter(line => line.startsWith("readStream(")).length, 2)
  assert.is(language.inspect("nothingOfTheKind", 3), null)
  assert.is(language.inspect("1 + 1", 5), null)
})

test.run()
