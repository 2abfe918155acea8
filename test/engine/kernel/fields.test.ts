/** Functions that are called get the fields that they can come to, and no others are made for them. */

import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { fieldsRead } from "../../../engine/expression/fields.js"
import { combined, combinedOf } from "../../../engine/format/combined.js"
import { lines } from "./hostile-lines.js"
import { outputs, type Program, planOf } from "./programs.js"

test("which fields a function asks for", () => {
  const known: readonly (readonly [string, readonly string[]])[] = [
    ["v => v.url", ["url"]],
    ["v => { for (const p of v.url.split('/')) if (p) return [p, v.bytes] }", ["url", "bytes"]],
    ["({ url, status }) => [url, status]", ["url", "status"]],
    ["v => { const { ip, user } = v; return [ip + user, 1] }", ["ip", "user"]],
    ["function f(v) { return { v: v.url, [v.ip]: f } }", ["url", "ip"]],
    ["v => other.v(w => w.v + v?.agent)", ["agent"]],
    ["() => 1", []],
  ]
  for (const [source, fields] of known) assert.equal([...(fieldsRead({ source }) ?? ["unknown"])], fields, source)
  const unknown = [
    "v => v",
    "v => ({ ...v })",
    "v => f(v)",
    "v => v[f]",
    "v => v.url()",
    "v => v.tag`x`",
    "v => { v.url = 1; return v.url }",
    "v => { v.bytes++; return v.bytes }",
    "v => { [v.url] = [1]; return v.url }",
    "v => { ({ a: v.url } = b); return v.url }",
    "v => { for (v.url of w) f(); return 1 }",
    "v => delete v.url",
    "function f() { return arguments[0] }",
    "v => eval('v')",
    "({ url, ...rest }) => rest",
    "([url]) => url",
    "(v, w = v) => w",
    "v => ({ v })",
    "v => { for (const name in v) return name }",
  ]
  for (const source of unknown) assert.is(fieldsRead({ source }), null, source)
})

test("a record of some fields has them as the whole one has", () => {
  const names = ["ip", "user", "time", "method", "url", "status", "bytes", "referrer", "agent", "toString"]
  fc.assert(
    fc.property(lines.combined!, fc.subarray(names), (line, some) => {
      const [whole, part] = [combined, combinedOf(new Set(some))].map(({ parse }) => {
        try {
          return parse(line) as Record<string, unknown>
        } catch (error) {
          return String(error)
        }
      })
      const expected =
        typeof whole === "string" ? whole : Object.fromEntries(Object.entries(whole!).filter(([name]) => some.includes(name)))
      assert.equal(part, expected)
    }),
    { numRuns: 2_000 },
  )
})

interface Log {
  url: string
  status: number
  agent: string | null
}

test("chains of functions that are called", () => {
  const called: readonly Program[] = [
    { name: "a loop", steps: [["map", (v: Log) => [v.url.split("").reverse().join(""), v.status]]] },
    {
      name: "a filter before it, which throws now and then",
      steps: [
        ["filter", (v: Log) => v.agent!.normalize().length > 3],
        ["flatMap", (v: Log) => Array.from(v.url, c => [c, 1])],
      ],
    },
    { name: "the whole record", steps: [["map", (v: Log) => [Object.keys(v).join(), Object.values(v).length]]] },
  ]
  for (const one of called) {
    const program: Program = { ...one, format: { kind: "combined" } }
    assert.ok("refusal" in planOf(program))
    fc.assert(
      fc.property(fc.array(lines.combined!, { maxLength: 12 }), rows => {
        const [fast, slow] = [true, false].map(compile => {
          try {
            return outputs(program, [rows], 3, compile)
          } catch (error) {
            return String(error)
          }
        })
        assert.equal(fast, slow)
      }),
      { numRuns: 40 },
    )
  }
})

test.run()
