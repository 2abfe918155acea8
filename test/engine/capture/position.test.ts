import { suite } from "uvu"
import * as assert from "uvu/assert"
import { captureFunction } from "../../../engine/capture/capture.js"
import { compileFunction } from "../../../engine/capture/compile.js"
import { callSite, positionOf } from "../../../engine/capture/position.js"
import type { Origin } from "../../../engine/function-ref.js"

const test = suite("positions")
const env = { intervalStart: 0, seed: "", log: () => {} }

/** A cell's text, the function in it made from that text, and where the error is to be shown. */
function errorIn(cell: string, source: string, origin: Omit<Origin, "text">, args: unknown[], scope: Record<string, unknown> = {}) {
  const f = new Function(...Object.keys(scope), `return (${source})`)(...Object.values(scope)) as Function
  const ref = captureFunction(f, { operator: "map", origin: { ...origin, text: cell } })
  try {
    ;(compileFunction(ref, env) as (...args: unknown[]) => unknown)(...args)
  } catch (error) {
    return { position: positionOf(error, ref), message: (error as Error).message }
  }
  throw new Error("nothing was thrown")
}

const inLine = `views.last("1m").map(v => [v.referrer.split("/")[2], 1]).reduceByKey(sum).top(5)`
const inLines = `const hot = views\n  .map(v => {\n    const parts = v.url\n    return parts.split("/")\n  })`
const twice = "a.map(v => v.x.y); b.map(v => v.x.y)"

const table: [
  name: string,
  cell: string,
  source: string,
  at: [line: number, column: number],
  expected: [line: number, column: number, text: string],
][] = [
  ["one line", inLine, `v => [v.referrer.split("/")[2], 1]`, [1, 1], [1, inLine.indexOf("split") + 1, inLine]],
  [
    "several lines",
    inLines,
    `v => {\n    const parts = v.url\n    return parts.split("/")\n  }`,
    [1, 1],
    [4, 18, `    return parts.split("/")`],
  ],
  ["the nearest of two equal ones", twice, "v => v.x.y", [1, 20], [1, twice.lastIndexOf("y") + 1, twice]],
  ["a text that a compiler wrote anew", "views.map((v: View) => v.a.b)", "v=>v.a.b", [1, 7], [1, 7, "views.map((v: View) => v.a.b)"]],
]
for (const [name, cell, source, [line, column], [atLine, atColumn, text]] of table) {
  test(name, () => {
    const { position } = errorIn(cell, source, { file: "cell:1", line, column }, [{ referrer: null, url: null }])
    assert.equal(position, { file: "cell:1", line: atLine, column: atColumn, text })
  })
}

test("an error in a helper is shown where the operator's function calls it", () => {
  const cell = "views.map(v => 1 + helper(v))"
  const { position } = errorIn(cell, "v => 1 + helper(v)", { file: "c", line: 1, column: 1 }, [null], { helper: (v: { x: number }) => v.x })
  assert.equal(position, { file: "c", line: 1, column: cell.indexOf("helper") + 1, text: cell })
})

test("errors of other code have no position", () => {
  const ref = captureFunction((v: number) => v, { operator: "map" })
  assert.is(positionOf(new Error("x"), ref), null)
  assert.is(positionOf("text", ref), null)
})

test("the call site is the first frame that is not Rivulet's", () => {
  const here = callSite(file => `text of ${file.split("/").at(-1)}`)!
  assert.match(here.file, /test\/engine\/capture\/position\.test\.ts$/)
  assert.is(here.text, "text of position.test.ts")
  assert.ok(here.line > 50 && here.column > 0)
})

test.run()
