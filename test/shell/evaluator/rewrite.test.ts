import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cellsOf, completeness, isContinuation, isDotCommand } from "../../../shell/evaluator/complete-cell.js"
import { positionAt } from "../../../shell/evaluator/javascript.js"
import { rewriteCell, writtenOut } from "../../../shell/evaluator/rewrite.js"
import { CellSyntaxError, stripTypes } from "../../../shell/evaluator/strip-types.js"

const test = suite("cells as text")

const s = (site: number, text: string) => `(__rivulet.settle(${site},(${text}))?await __rivulet.settled:__rivulet.settled)`
/** Where `await` is written already. */
const w = (site: number, text: string) => `await (__rivulet.settle(${site},(${text})),__rivulet.settled)`

const table: [cell: string, code: string, declared: string][] = [
  ["1 + 1", ";__rivulet.value((1 + 1));", ""],
  ["views", `;__rivulet.value((${s(0, "views")}));`, ""],
  ["const n = views.count()", `let   n = ${s(0, "views.count()")}`, "const n"],
  ["let a = f(), b = 2", `let a = ${s(0, "f()")}, b = 2`, "let a, let b"],
  ["var a = 1, b; var a = 2", "let a,b; a = 1, b;  a = 2", "var a, var b"],
  ["const f = v => v", "let   f = v => v", "const f"],
  ["const { a, b: [c] } = await g()", `let   { a, b: [c] } = ${w(0, "g()")}`, "const a, const c"],
  ["f(); g()", `;(${s(0, "f()")});  ;__rivulet.value((${s(1, "g()")}));`, ""],
  ["x = f()", `;__rivulet.value((x = ${s(0, "f()")}));`, ""],
  ["h(); function h() { return 1 }", `let h=function h() { return 1 };;(${s(0, "h()")}); `, "function h"],
  ["class A {}\nnew A()", `let A=class A {};\n;__rivulet.value((${s(0, "new A()")}));`, "class A"],
  ["export const a = 1", "let   a = 1", "const a"],
  ['import fs, { join as j } from "x"', 'let {"default":fs,"join":j}=await __rivulet.load("x");', "import fs, import j"],
  ['import * as all from "x"', 'let all=await __rivulet.load("x");', "import all"],
  ['const m = await import("x")', `let   m = ${w(0, '__rivulet.load("x")')}`, "const m"],
  ['const m = import("x")', `let   m = ${s(0, '__rivulet.load("x")')}`, "const m"],
  [".top(3)", `;__rivulet.value((${s(0, "__rivulet.last.top(3)")}));`, ""],
  ["\n  .filter(v => v)\n  .top(3)", `;__rivulet.value((${s(0, "__rivulet.last\n  .filter(v => v)\n  .top(3)")}));`, ""],
  ["{ a: 1 }", ";__rivulet.value(({ a: 1 }));\n", ""],
  ["if (x) { y() }", "if (x) { y() }", ""],
  ["(f)() // note", `;__rivulet.value((${s(0, "(f)()")})); // note`, ""],
  ["(a, b)", `;__rivulet.value((${s(0, "a, b")}));`, ""],
  ["const x: number = f<string>(1)!", `let   x         = ${s(0, "f        (1)")} `, "const x"],
  ['readStream<View>("a", "1s")', `;__rivulet.value((${s(0, 'readStream      ("a", "1s")')}));`, ""],
  ["type A = { b: 1 }\ninterface B { c: string }\n1", `${" ".repeat(17)}\n${" ".repeat(25)}\n;__rivulet.value((1));`, ""],
]

for (const [cell, code, declared] of table) {
  test(cell, () => {
    const rewritten = rewriteCell(cell)
    assert.is(rewritten.code.replace(/^\(?/, "").trimEnd(), code.replace(/^\(?/, "").trimEnd())
    assert.is(rewritten.declared.map(one => `${one.kind} ${one.name}`).join(", "), declared)
  })
}

const typed: [text: string, stripped: string][] = [
  ["(a: number, b?: string): void => {}", "(a        , b         )       => {}"],
  [
    "function f<T extends U>(this: X, a: T = 1 as T): T[] { return [a!] }",
    "function f             (         a    = 1     )      { return [a ] }",
  ],
  [
    "class A<T> extends B<T> implements C { private readonly a?: T = 1; abstract b(): void; declare c: T; override d(): T { return this.a } [k: string]: T }",
    "class A    extends B               {                  a     = 1;                                         d()    { return this.a }                }",
  ],
  ["<T,>(a: T) => a satisfies T", "    (a   ) => a            "],
  ["let x!: Map<string, () => void> | null", "let x                                 "],
  [
    "function over(a: string): void\nfunction over(a: unknown) { return <any>a }",
    "                              \nfunction over(a         ) { return      a }",
  ],
  ["const a = b as unknown as { c: (d: e) => f }, g = 1", "const a = b                                 , g = 1"],
  ["import type { A } from 'a'\nimport { type B, c } from 'b'", "                          \nimport {         c } from 'b'"],
  ["new Map<string, number[]>()", "new Map                  ()"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a cell's text
  ["`${a as string}` + tag<T>`x`", "`${a          }` + tag   `x`"],
]
for (const [text, stripped] of typed) {
  test(`types: ${text}`, () => {
    const found = stripTypes(text)!
    assert.is(found.length, text.length)
    assert.is(found.replace(/ +/g, " "), stripped.replace(/ +/g, " "))
  })
}

test("enums and parameter properties are transformed, with places kept by line", () => {
  const cell = "enum Colour { Red, Green }\nclass P { constructor(readonly x: number) {} }\nnew P(Colour.Green).x"
  const { code, toText, hasValue } = rewriteCell(cell)
  assert.ok(hasValue)
  assert.match(code, /this\.x/)
  assert.is(positionAt(cell, toText(code.indexOf("new P"))).line, 3)
})

const whole: [cell: string, expected: "complete" | "incomplete" | "error"][] = [
  ["", "complete"],
  ["1 + 1", "complete"],
  ["1 +", "incomplete"],
  ["views.map(v => {", "incomplete"],
  ["views.map(v => {\n  return v\n})", "complete"],
  ["views.", "incomplete"],
  ["const a =", "incomplete"],
  ["`a", "incomplete"],
  ["`a ${b", "incomplete"],
  ["/* a", "incomplete"],
  ["'a", "error"],
  ["a b", "error"],
  ["views.map(v => v))", "error"],
  ["const x: number =", "incomplete"],
  ["function f(a: number): string {", "incomplete"],
  ["class A { private x: number", "incomplete"],
  ["interface A {", "incomplete"],
  [".streams", "complete"],
  [".watch counts.top(5) as hottest", "complete"],
  [".filter(v => v.status >= 500)", "complete"],
  [".filter(v =>", "incomplete"],
  ["[1, 2", "incomplete"],
  ["if (x) {", "incomplete"],
  ["const {", "incomplete"],
]
for (const [cell, expected] of whole) {
  test(`complete? ${cell}`, () => {
    const found = completeness(cell)
    assert.is(typeof found === "string" ? found : "error", expected)
  })
}

test("dot-commands and continuations", () => {
  for (const cell of [".filter(v => v)", " .map (v)", "\n.top(3)", ".map<A>(v => v)"])
    assert.ok(isContinuation(cell) && !isDotCommand(cell), cell)
  for (const cell of [".streams", ".watch counts.top(5)", ".why sessions", ".error full"])
    assert.ok(isDotCommand(cell) && !isContinuation(cell), cell)
  for (const cell of ["views", "...a", ".5", "1 .toString()"]) assert.not(isDotCommand(cell) || isContinuation(cell), cell)
})

test("a file as cells", () => {
  const text = "// first\nconst a = 1\n\nconst b = a\n  .toFixed()\n.streams\nfunction f() {\n  return 1\n}\nb\n"
  assert.equal(cellsOf(text), ["// first\nconst a = 1", "const b = a\n  .toFixed()", ".streams", "function f() {\n  return 1\n}", "b"])
  assert.equal(cellsOf("const a = ;"), ["const a = ;"])
  assert.equal(cellsOf(" \n"), [])
})

const places: [cell: string, wanted: string][] = [
  ["const n = views.count()", "count"],
  ["a(); b(); oops()", "oops"],
  [".map(oops)", "oops"],
  ["one()\nfunction two() { oops }\nthree()", "oops"],
  ["const x: Map<string, number> = make(oops)", "oops"],
]
for (const [cell, wanted] of places) {
  test(`places: ${cell}`, () => {
    const { code, toText } = rewriteCell(cell)
    const at = toText(code.indexOf(wanted))
    assert.is(cell.slice(at, at + wanted.length), wanted)
  })
}

const written: [cell: string, awaited: number[], text: string][] = [
  ["const n = views.count()", [0], "const n = await views.count()"],
  ["const n = views.count()", [], "const n = views.count()"],
  ["const n = await views.count()", [0], "const n = await views.count()"],
  ["const n: number = a ?? b", [0], "const n: number = await (a ?? b)"],
  [".top(3)", [0], "await _.top(3)"],
  ["a(); const b = c()", [0, 1], "await a(); const b = await c()"],
]
for (const [cell, awaited, text] of written) {
  test(`written out: ${text}`, () => {
    assert.is(writtenOut(cell, rewriteCell(cell), new Set(awaited)), text)
  })
}

const refused: [cell: string, constants: string[], message: RegExp, place: [line: number, column: number]][] = [
  ["const a = 1; a = 2", [], /^a is a const/, [1, 14]],
  ["b()\nb++", ["b"], /^b is a const/, [2, 1]],
  ["const a = (1", [], /./, [1, 13]],
  ["x y", [], /./, [1, 3]],
  ["import.meta.url", [], /import\.meta is for files/, [1, 1]],
  ["let z: number = = 1", [], /./, [1, 17]],
  ["let", [], /^The keyword 'let' is reserved$/, [1, 1]],
]
for (const [cell, constants, message, [line, column]] of refused) {
  test(`refused: ${cell}`, () => {
    try {
      rewriteCell(cell, new Set(constants))
    } catch (error) {
      assert.instance(error, CellSyntaxError)
      assert.match((error as Error).message, message)
      const place = positionAt(cell, (error as CellSyntaxError).at)
      assert.equal([place.line, place.column], [line, column])
      return
    }
    assert.unreachable("it was accepted")
  })
}

test("a const may be declared anew as a let", () => {
  rewriteCell("let a = 1; a = 2", new Set(["a"]))
  rewriteCell("const f = a => { a = 1 }", new Set(["a"]))
})

test.run()
