/** What a shell says to a wrong name, and to what is typed at other prompts. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { RivuletError } from "../../engine/errors.js"
import { CellCheck } from "../../shell/host/cell-check.js"
import { dotCommand, runDotCommand } from "../../shell/host/commands/index.js"
import { adviceOn } from "../../shell/host/error-text.js"
import { errorLines, notSaidBy } from "../../shell/host/error-view.js"
import { fromElsewhere } from "../../shell/host/foreign.js"
import { addMeant } from "../../shell/host/meant.js"

const test = suite("shell/meant")

const values: Record<string, unknown> = { counts: { top() {}, latest() {} }, views: { filter() {}, reduceByKey() {} }, n: 3 }
// In two programs: which one is meant nobody can tell.
const streams = (name: string) => (name === "totals" ? ["shop/totals", "till/totals"] : [])
const known = { names: () => Object.keys(values), peek: async (name: string) => values[name] }

// What a cell threw, and the line that is offered.
const wrongs: [cell: string, error: Error, offered: string | undefined][] = [
  ["cuonts.top(3)", new ReferenceError("cuonts is not defined"), "counts.top(3)"],
  ["cuonts.join(cuonts)", new ReferenceError("cuonts is not defined"), "counts.join(counts)"],
  ["views.map(v => v.cuonts + cuonts)", new ReferenceError("cuonts is not defined"), "views.map(v => v.cuonts + counts)"],
  ["cuonts\n  .top(3)", new ReferenceError("cuonts is not defined"), "counts"],
  ["somethingElse", new ReferenceError("somethingElse is not defined"), undefined],
  ["counts.topp(3)", new TypeError("counts.topp is not a function"), "counts.top(3)"],
  // Whatever it is that has no name: a method of some handle's.
  ["counts.latest().takee(3)", new TypeError("counts.latest(...).takee is not a function"), "counts.latest().take(3)"],
  // What only says that it is not here is not what was meant.
  ["counts.latest().shw()", new TypeError("counts.latest(...).shw is not a function"), undefined],
  // Another kind of handle has it: the very line that has failed is no advice.
  ["counts.latest().takeOrdered(3)", new TypeError("counts.latest(...).takeOrdered is not a function"), undefined],
  ["n.toFixd(2)", new TypeError("n.toFixd is not a function"), "n.toFixed(2)"],
  [
    "spark.read",
    new ReferenceError("spark is not defined"),
    "readStream, stream, textFile and parallelize are names of their own here · .help",
  ],
  ["totals.top(3)", new ReferenceError("totals is not defined"), 'stream("shop/totals") or stream("till/totals")'],
  ["quit()", new ReferenceError("quit is not defined"), "Ctrl-D, or .exit"],
]
for (const [cell, error, offered] of wrongs)
  test(cell.replace(/\s+/g, " "), async () => {
    await addMeant(error, cell, known, streams)
    assert.is(adviceOn(error), offered)
  })

// Of another prompt: the command of ours, or what to type.
const foreign: [typed: string, ours: string | RegExp][] = [
  ["help", ".help"],
  ["?", ".help"],
  ["\\?", ".help"],
  [":help", ".help"],
  ["help(counts.slice)", "counts.slice?"],
  ["\\d", ".streams"],
  ["show tables;", ".streams"],
  ["\\d counts", ".info counts"],
  [".tables", ".streams"],
  ["show databases", ".programs"],
  ["DROP STREAM counts;", ".stop counts"],
  [".read cells.ts", ".load cells.ts"],
  [".timer on", /how long it took/],
  ["FROM views", /TypeScript, not SQL/],
  ["use shop", /TypeScript, not SQL/],
  ["describe views", ".schema views"],
  ["\\watch 2", ".watch"],
  ["%timeit counts", /how long it took/],
  ["\\copy x", /no \\ commands/],
  ["!ls -l", /Ctrl-Z/],
  ["SELECT url, count(*) FROM views GROUP BY url;", /TypeScript, not SQL/],
]
for (const [typed, ours] of foreign)
  test(`at other prompts: ${typed}`, () => {
    if (typeof ours === "string") assert.is(fromElsewhere(typed, known.names), ours)
    else assert.throws(() => fromElsewhere(typed, known.names), ours)
  })

const clauses: readonly [typed: string, ours: string][] = [
  ["views limit 5", "views.take(5)"],
  ["views LIMIT 5;", "views.take(5)"],
  ["counts top 3", "counts.top(3)"],
  ["views | head", "views.take(10)"],
  ["counts | head -3", "counts.take(3)"],
  ["counts |head -n 3", "counts.take(3)"],
  ["counts | sort", "counts.top(10)"],
  ["views | wc -l", "views.count()"],
  ["views | grep -i cart", 'views.filter(v => JSON.stringify(v).includes("cart"))'],
  ["views | less", "views, then Ctrl-O"],
  ["views where status >= 500", "views.filter(v => v.status >= 500)"],
  ["views where status = 500", "views.filter(v => v.status === 500)"],
  ["views order by status desc limit 5", "views.top(5, v => …)"],
  ["views group by url", "views. and Tab: filter, map, reduceByKey, join"],
]
for (const [typed, ours] of clauses)
  test(`behind a name: ${typed}`, () => {
    try {
      fromElsewhere(typed, known.names)
    } catch (error) {
      assert.is((error as RivuletError).try, ours)
      return
    }
    assert.unreachable("left alone")
  })

test("what is TypeScript is left alone, and so is a name of this session", () => {
  for (const cell of [
    "!done",
    "!!n",
    "n % 2",
    "help.me",
    "select",
    "({ a: 1 })",
    "`x`",
    "with_(1)",
    "counts.top(3)",
    ".streams",
    "n | n",
    "n | 5",
    "n in counts",
    "n || 5",
    "views",
  ])
    assert.is(fromElsewhere(cell, known.names), undefined, cell)
  assert.is(
    fromElsewhere("help", () => ["help"]),
    undefined,
  )
})

const at = (cell: string, text: string, message: string) => ({ at: cell.indexOf(text), end: cell.indexOf(text) + text.length, message })

async function failed(cell: string, error: Error, column: number, findings: readonly ReturnType<typeof at>[]): Promise<string[]> {
  Object.assign(error, { position: { line: 1, column, text: cell } })
  const said: unknown[] = []
  await new CellCheck(
    cell,
    async () => findings,
    late => said.push(late),
  ).failed(error)
  assert.equal(said, [])
  return errorLines(error).map(({ text }) => text)
}

test("what types say of the place where a cell failed stands at its caret, of others under it: one excerpt", async () => {
  const topp = "counts.topp(3)"
  assert.equal(
    await failed(topp, new TypeError("counts.topp is not a function"), 8, [at(topp, "topp", "topp is not an operator of counts: top?")]),
    ["TypeError: counts.topp is not a function", "  1 │ counts.topp(3)", "    │        ^ topp is not an operator of counts: top?"],
  )
  const join = "counts.join(errs)"
  assert.equal(
    await failed(join, new RivuletError("join: counts holds versions, errs records", { code: 2, try: "errs.join(counts)" }), 8, [
      at(join, "join", "said already"),
      at(join, "errs", "join takes pairs"),
    ]),
    [
      "join: counts holds versions, errs records",
      "  1 │ counts.join(errs)",
      "    │        ^",
      "    │             ^ join takes pairs",
      "  try        errs.join(counts)",
    ],
  )
})

test("types that come late are said when they come", async () => {
  let tell: (findings: readonly ReturnType<typeof at>[]) => void = () => {}
  const said: (readonly unknown[])[] = []
  const check = new CellCheck(
    "x.y",
    () =>
      new Promise(resolve => {
        tell = resolve
      }),
    late => said.push(late),
  )
  const error = new Error("no")
  const alive = setInterval(() => {}, 1_000)
  await check.failed(error)
  clearInterval(alive)
  assert.equal(
    errorLines(error).map(({ text }) => text),
    ["no"],
  )
  tell([at("x.y", "y", "y is no field")])
  await check.begin()
  await null
  assert.is(said.length, 1)
})

test("types that come after an error in words of ours do not say the same place once more", async () => {
  const cell = "views.show(fve)"
  const late = [at(cell, "show", "show is not an operator of views"), at(cell, "fve", "there is no fve")]
  for (const [error, messages] of [
    [new RivuletError("views.show is not here: type the handle", { code: 2 }), ["there is no fve"]],
    [new TypeError("views.show is not a function"), ["show is not an operator of views", "there is no fve"]],
  ] as const) {
    Object.assign(error, { position: { line: 1, column: 7, text: cell } })
    assert.equal(
      notSaidBy(error, { cell, findings: late }).map(({ message }) => message),
      messages,
    )
  }
})

test(".help fits the terminal, each text below itself; .stream is nearly .streams", async () => {
  const host = (columns: number) => ({ columns }) as never
  for (const columns of [60, 80, 100, 140]) {
    const lines = (await runDotCommand(host(columns), "help", "")).map(({ text }) => text)
    assert.equal(
      lines.filter(text => text.length > columns),
      [],
    )
    assert.ok(lines.some(text => /^ {2}look +\.streams \[program\] +what runs/.test(text)) === columns >= 90)
  }
  assert.ok(dotCommand("help"))
  const advice = await runDotCommand(host(80), "stream", "").catch(adviceOn)
  assert.is(advice, ".streams")
  assert.is(await runDotCommand(host(80), "pgaer", "").catch(adviceOn), ".pager")
})

test.run()
