import { suite } from "uvu"
import * as assert from "uvu/assert"
import { captureFunction } from "../../../engine/capture/capture.js"
import { compileFunction } from "../../../engine/capture/compile.js"
import { callSite } from "../../../engine/capture/position.js"
import { Evaluator } from "../../../shell/evaluator/evaluator.js"

const env = { intervalStart: 0, seed: "", log: () => {} }

/** What a session does with an operator's function: takes a copy with its origin, and calls it as a worker would. */
function run(f: Function, ...args: unknown[]): unknown {
  const origin = callSite()
  const ref = captureFunction(f, { operator: "map", ...(origin ? { origin } : {}) })
  return (compileFunction(ref, env) as (...args: unknown[]) => unknown)(...args)
}

/** A handle: lazy, no promise; its action gives an answer. */
class Views {
  map(f: Function): Views {
    run(f, { url: "/" })
    return this
  }
  count(): Promise<number> {
    return Promise.resolve(20)
  }
  get _hidden(): number {
    throw new Error("a getter ran")
  }
}

interface Context {
  evaluator: Evaluator
  printed: [level: string, text: string][]
}
const test = suite<Context>("evaluator", { evaluator: null as never, printed: [] })
test.before.each(context => {
  context.printed = []
  context.evaluator = new Evaluator({
    globals: { views: new Views(), run },
    onConsole: (level, text) => context.printed.push([level, text]),
  })
})
test.after.each(context => context.evaluator.close())

// Cells one after the other; the value of the last one.
const sessions: [name: string, cells: string[], value: unknown][] = [
  ["a const is declared again", ["const a1 = 1", "const a1 = a1x()\nfunction a1x() { return 2 }", "a1"], 2],
  [
    "as anything",
    [
      "const b1 = 1",
      "let b1 = 2",
      "function b1() { return 3 }",
      "class b1 { static n = 4 }",
      "const b2 = b1.n + 1; var b1 = 1",
      "[b1, b2]",
    ],
    [1, 5],
  ],
  ["let then assignment", ["let c1 = 1", "c1 = 5", "c1"], 5],
  ["functions are hoisted", ["const d1 = d1f(2); function d1f(n) { return n * 2 }", "d1"], 4],
  ["top-level await", ["const e1 = await Promise.resolve(7)", "e1"], 7],
  ["initialisers are awaited", ["const f1 = views.count(); f1 * 2", "f1 + 1"], 21],
  ["expressions are awaited", ["views.count()"], 20],
  ["destructuring", ["const { g1, h: [g2 = 3] } = { g1: 1, h: [] }", "[g1, g2]"], [1, 3]],
  ["goes on with the last expression", ["[3, 1, 2]", ".sort()", ".map(v => v * 2)"], [2, 4, 6]],
  ["underscore", ["41", "_ + 1"], 42],
  ["several lines", ["const h1 = [1, 2, 3]\n  .map(v => v + 1)\n  .filter(v => v > 2)\nh1.length"], 2],
  ["classes", ["class I1 { n: number = 1; add(k: number): this { this.n += k; return this } }", "new I1().add(4).n"], 5],
  ["types", ["interface J1 { a: number }\nconst j1: J1 = { a: 1 } as J1", "j1!.a satisfies number"], 1],
  ["enums", ["enum K1 { A, B }", "enum K1 { A = 5 }", "K1.A"], 5],
  ["an object", ["{ a: 1 }"], { a: 1 }],
  ["imports", ['import { join as l1 } from "node:path"', 'l1("a", "b")'], "a/b"],
  ["import()", ['const m1 = await import("node:path")', 'm1.basename("/x/y")'], "y"],
  ["loops and blocks", ["let n1 = 0; for (let i = 0; i < 3; i++) { n1 += i }", "n1"], 3],
  ["for await", ["let o1 = 0\nfor await (const v of [Promise.resolve(1), 2]) o1 += v", "o1"], 3],
  ["names as they are", ["const p1 = v => v", "p1.name"], "p1"],
  ["after a failed cell", ["const q1 = 1; throw 1", "q1"], 1],
  ["after a failed initialiser", ["const r1 = null.x", "const r1 = 2", "r1"], 2],
  ["the language's own types", ["[new Map() instanceof Map, [] instanceof Array]"], [true, true]],
]
for (const [name, cells, value] of sessions) {
  test(name, async ({ evaluator }) => {
    let last: unknown
    for (const cell of cells) {
      last = await evaluator.evaluate(cell).then(
        result => result.value,
        error => {
          if (!name.startsWith("after a failed")) throw error
        },
      )
    }
    assert.equal(last, value)
  })
}

test("declared names have their values and kinds", async ({ evaluator }) => {
  const { declared, hasValue } = await evaluator.evaluate(
    'const s1 = views.count(), s2 = views; class S3 {}; function s4() {}; import { sep as s5 } from "node:path"; let s6',
  )
  assert.is(hasValue, false)
  assert.equal(
    declared.map(({ name, kind, value }) => [name, kind, typeof value]),
    [
      ["s1", "const", "number"],
      ["s2", "const", "object"],
      ["S3", "class", "function"],
      ["s4", "function", "function"],
      ["s5", "import", "string"],
      ["s6", "let", "undefined"],
    ],
  )
  assert.instance(declared[1]!.value, Views)
  assert.equal(
    evaluator.names().filter(name => /^s\d$|^S3$|^views$/.test(name)),
    ["S3", "s1", "s2", "s4", "s5", "s6", "views"],
  )
})

test("the written-out text has the awaits that were done", async ({ evaluator }) => {
  const cell = "const t1 = views.count()"
  assert.is((await evaluator.evaluate(cell)).rewritten, "const t1 = await views.count()")
  assert.is(evaluator.rewritten(cell), "const t1 = await views.count()")
  assert.is((await evaluator.evaluate("const t2 = views.map(v => v)")).rewritten, "const t2 = views.map(v => v)")
})

test("a const is not assigned to", async ({ evaluator }) => {
  await evaluator.evaluate("const u1 = 1")
  await rejected(evaluator.evaluate("u1 = 2"), /^u1 is a const/, [1, 1])
  await evaluator.evaluate("let u1 = 1")
  assert.is((await evaluator.evaluate("u1 = 2")).value, 2)
})

// ── functions in cells ────────────────────────────────────────────────────────────────────
test("a function captures what earlier cells declared", async ({ evaluator }) => {
  await evaluator.evaluate(
    "const limit1 = 5; let words1 = new Set(['a'])\nfunction isBig1(n) { return n > limit1 }\nclass Box1 { constructor(n) { this.n = n } get twice() { return this.n * 2 } }",
  )
  const { value } = await evaluator.evaluate("run((v: number) => [isBig1(v), words1.has('a'), new Box1(v).twice, Math.max(v, limit1)], 7)")
  assert.equal(value, [true, true, 14, 7])
  await evaluator.evaluate("const limit1 = 50")
  assert.equal((await evaluator.evaluate("run(v => isBig1(v), 7)")).value, false)
})

test("variables of the cell itself and of loops are captured", async ({ evaluator }) => {
  const { value } = await evaluator.evaluate(
    "const found1 = []; const k1 = 10; for (let i = 0; i < 2; i++) { const j = i * 2; found1.push(run(v => v + i + j + k1, 100)) }\nfound1",
  )
  assert.equal(value, [110, 113])
})

// ── errors ────────────────────────────────────────────────────────────────────────────────
async function rejected(evaluation: Promise<unknown>, message: RegExp, place: [line: number, column: number] | null): Promise<unknown> {
  try {
    await evaluation
  } catch (error) {
    assert.match((error as Error).message, message)
    const { position } = error as { position?: { line: number; column: number } }
    assert.equal(position ? [position.line, position.column] : null, place)
    return error
  }
  return assert.unreachable("it did not fail")
}

const failing: [cell: string, message: RegExp, place: [line: number, column: number] | null][] = [
  ["const v1 = nothing.x", /nothing is not defined/, [1, 12]],
  ["const v2: number = 1;\nlet v3 = (null as any).x", /Cannot read properties of null/, [2, 24]],
  ["views.map(\n  v => v.a.b.c)", /Cannot read properties of undefined \(reading 'b'\)/, [1, 7]],
  ["1 +* 2", /./, [1, 4]],
  ["throw new RangeError('far')", /far/, [1, 7]],
  ["await Promise.reject(new Error('late'))", /late/, [1, 22]],
  ["const cache1 = new WeakMap(); views.map(v => cache1.get(v))", /cache1 is a WeakMap/, [1, 46]],
  ["views.map(async v => v)", /an operator's function cannot be async/, [1, 11]],
  ["let total1 = 0\nviews.map((v: string) => { total1++ })", /total1 is assigned to/, [2, 28]],
  // Far below the cell's own frame, as a definition's parts are.
  [`const far1 = new Function("n", "f", "return n === 0 ? nope1() : f(n - 1, f)")\nfar1(20, far1)`, /nope1 is not defined/, [2, 1]],
]
for (const [cell, message, place] of failing) {
  test(`error: ${cell}`, async ({ evaluator }) => {
    await rejected(evaluator.evaluate(cell), message, place)
  })
}

test("an error in a function of an earlier cell is shown there", async ({ evaluator }) => {
  await evaluator.evaluate("function w1(v) {\n  return v.a.b\n}")
  const error = await rejected(evaluator.evaluate("w1({})"), /reading 'b'/, [2, 14])
  assert.is((error as { position: { text: string } }).position.text, "  return v.a.b")
})

test("what is thrown comes as it is", async ({ evaluator }) => {
  for (const [cell, thrown] of [
    ["throw 5", 5],
    ["throw 'text'", "text"],
    ["throw null", null],
    ["throw undefined", undefined],
  ] as const) {
    const caught = await evaluator.evaluate(cell).then(
      () => "nothing",
      error => [error],
    )
    assert.equal(caught, [thrown])
  }
})

test("a cell that waits is interrupted, and its names stay", async ({ evaluator }) => {
  const controller = new AbortController()
  const evaluation = evaluator.evaluate("const x1 = 3; const x2 = new Promise(() => {}); const x3 = 4", { signal: controller.signal })
  setImmediate(() => controller.abort(new Error("cancelled")))
  await rejected(evaluation, /cancelled/, null)
  assert.is((await evaluator.evaluate("x1")).value, 3)
  const waiting = evaluator.evaluate("await new Promise(() => {})")
  setImmediate(() => evaluator.interrupt())
  await rejected(waiting, /interrupted/, null)
})

test("the console of cells is the host's", async ({ evaluator, printed }) => {
  await evaluator.evaluate("console.log('a', { b: 1 }); console.error('c %d', 2)")
  assert.equal(printed, [
    ["log", "a { b: 1 }"],
    ["error", "c 2"],
  ])
})

test("closing gives the global names back", ({ evaluator }) => {
  evaluator.close()
  assert.is((globalThis as Record<string, unknown>).views, undefined)
  assert.is(Object.hasOwn(globalThis, "__rivulet"), false)
  assert.match(String(console.log), /native code|function/)
  // The hook after each closes once more: harmless.
})

// ── completion ────────────────────────────────────────────────────────────────────────────
const completions: [text: string, expected: string[], complete?: true][] = [
  ["vie", ["views"], true],
  ["views.co", ["count"], true],
  ["views.", ["map", "count"], true],
  ["views.map(v => v).", []],
  ["const y = [1, 2].le", ["length"], true],
  ["'text'.toUp", ["toUpperCase"], true],
  ["(1).toF", ["toFixed"], true],
  ["y1.inner.", ["deep"], true],
  ["y1?.inn", ["inner"], true],
  ["Math.ma", ["max"], true],
  [".spl", ["splice"], true],
  ["nowhere.x", [], true],
  ["counter1.next.", [], true],
]
for (const [text, expected, complete] of completions) {
  test(`complete ${text}`, async ({ evaluator }) => {
    await evaluator.evaluate(
      "const y1 = { inner: { deep: 1 } }; let calls1 = 0; const counter1 = { get next() { return { n: ++calls1 } } }",
    )
    await evaluator.evaluate("[1]")
    const { items, from, to } = await evaluator.complete(text, text.length)
    const found = items.map(item => item.text)
    if (complete) assert.equal(found, expected)
    assert.is(to, text.length)
    for (const one of expected) assert.ok(one.startsWith(text.slice(from, to)))
    assert.is((await evaluator.evaluate("calls1")).value, 0)
  })
}

test("a handle's completions: what it can do, neither its workings nor what is called otherwise here", async ({ evaluator }) => {
  await evaluator.evaluate("class Handle1 { constructor() { this.host = 1 } lineage() {} explain() {} map() {} }")
  await evaluator.evaluate(
    'Object.defineProperty(Handle1.prototype, "foreach", { value() {}, configurable: true }); const h1 = new Handle1()',
  )
  const { items } = await evaluator.complete("h1.", 3)
  assert.equal(
    items.map(item => item.text),
    ["lineage", "explain", "map"],
  )
  assert.is(await evaluator.peek("h1"), (await evaluator.evaluate("h1")).value)
  assert.is(await evaluator.peek("nothing1"), undefined)
})

test.run()
