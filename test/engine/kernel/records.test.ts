/** Compiled chains over records give, bit for bit, what their functions give, on whatever lines. */

import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { Block, encodeRows } from "../../../engine/block/block.js"
import { max, min, sum } from "../../../engine/builtins.js"
import type { AccessLog as Log } from "../../../engine/fluent/values.js"
import { ByteTable } from "../../../engine/kernel/byte-table.js"
import type { FormatSpec } from "../../../engine/rdd.js"
import { lines, plainLog } from "./hostile-lines.js"
import { type F, outputs, type Program, planOf } from "./programs.js"

type Row = { [name: string]: string }
// biome-ignore lint/suspicious/noExplicitAny: a value of JSON is whatever the line says
type Json = any

const combined: FormatSpec = { kind: "combined" }
const csv: FormatSpec = { kind: "csv", header: ["name", "n", "café"] }
const bare: FormatSpec = { kind: "csv" }
const json: FormatSpec = { kind: "json" }
const bot = /bot|crawl(er)?/i
const isError = (status: number) => status >= 400
const pathOf = (url: string) => {
  const [path] = url.split("?")
  return path
}
function sizeOf(bytes: number) {
  if (bytes === 0) return "none"
  const kib = bytes / 1024
  if (kib < 1) return "small"
  else return kib < 100 ? "large" : "huge"
}

const programs: readonly Program[] = [
  { name: "by url and status", format: combined, steps: [["map", (r: Log) => [[r.url, r.status], 1]]] },
  { name: "by url and status as text", format: combined, steps: [["map", (r: Log) => [`${r.url} ${r.status}`, 1]]] },
  {
    name: "errors by minute",
    format: combined,
    steps: [
      ["filter", (r: Log) => r.status >= 500],
      ["map", (r: Log) => [Math.floor(r.time.getTime() / 60_000), 1]],
    ],
  },
  {
    name: "errors by minute as text",
    format: combined,
    steps: [
      ["filter", (r: Log) => isError(r.status)],
      ["map", (r: Log) => [r.time.toISOString().slice(0, 16), 1]],
    ],
  },
  {
    name: "by date",
    format: combined,
    steps: [["map", ({ time, bytes }: Log) => [new Date(Math.floor(+time / 3_600_000) * 3_600_000), bytes]]],
    merge: max as F,
  },
  {
    name: "parts of a time",
    format: combined,
    steps: [["map", (r: Log) => [[r.time.getUTCHours(), r.time.getUTCDay(), r.time.getUTCSeconds(), r.time.getUTCFullYear()], 1]]],
  },
  {
    name: "bytes by path",
    format: combined,
    steps: [
      ["keyBy", (r: Log) => pathOf(r.url)],
      ["mapValues", (r: Log) => r.bytes],
    ],
    merge: sum as F,
  },
  { name: "least by size", format: combined, steps: [["map", (r: Log) => [sizeOf(r.bytes), -r.bytes]]], merge: min as F },
  {
    name: "what may be null",
    format: combined,
    steps: [
      ["filter", (r: Log) => r.user === null || r.user !== "x"],
      ["map", (r: Log) => [[r.user, r.referrer ?? "-", r.agent || "none"], 1]],
    ],
  },
  {
    name: "agents",
    format: combined,
    steps: [
      ["filter", (r: Log) => bot.test(r.agent!)],
      ["map", (r: Log) => [r.agent, 1]],
    ],
  },
  {
    name: "hosts of referrers",
    format: combined,
    steps: [
      ["filter", (r: Log) => r.referrer !== null && r.referrer.startsWith("http")],
      ["map", (r: Log) => [r.referrer!.split("/")[2], 1]],
    ],
  },
  {
    name: "methods of text",
    format: combined,
    steps: [
      ["filter", (r: Log) => !/\.(png|css)$/.test(r.url) && r.method !== "HEAD"],
      [
        "map",
        (r: Log) => [
          [r.method.toLowerCase(), r.url.indexOf("?"), r.url.substring(1, 4), r.url.slice(-3).trim(), r.ip[0], r.url.length],
          r.status,
        ],
      ],
    ],
  },
  {
    name: "an object between",
    format: combined,
    steps: [
      ["map", (r: Log) => ({ url: r.url, ok: r.status < 400 })],
      ["filter", (r: { url: string; ok: boolean }) => r.ok],
      ["map", (r: { url: string; ok: boolean }) => [[r.url, r.ok, null], 1]],
    ],
  },
  {
    name: "parts of a url",
    format: combined,
    steps: [["flatMap", (r: Log) => r.url.split("/").map(part => [part.toUpperCase(), r.bytes / 10])]],
  },
  { name: "a column", format: csv, steps: [["map", (r: Row) => [r.name, Number(r.n)]]] },
  {
    name: "columns",
    format: csv,
    steps: [
      ["filter", (r: Row) => r.n !== "" && r.café !== r.name],
      ["map", (r: Row) => [[r.café, r.name!.trim()], Number.parseInt(r.n!, 10)]],
    ],
    merge: max as F,
  },
  { name: "columns without names", format: bare, steps: [["map", (r: Row) => [r._2, parseFloat(r._1!) + 0.5]]] },
  { name: "numbers of texts", format: bare, steps: [["map", (r: Row) => [+r._1!, parseInt(r._1!) || 1]]] },
  { name: "a name", format: json, steps: [["map", (r: Json) => [r.name, 1]]] },
  {
    name: "a name and a number",
    format: json,
    steps: [
      ["filter", (r: Json) => r.n > 1 && r.name !== "b"],
      ["map", (r: Json) => [[r.name, r.n], r.n * 2]],
    ],
  },
  { name: "names within", format: json, steps: [["map", (r: Json) => [r.of.name, r.of.n]]] },
  {
    name: "kinds",
    format: json,
    steps: [
      ["filter", (r: Json) => r.n === null || r.n === true || r.n == null || r.n === 1.5 || !r.name],
      ["map", (r: Json) => [[r.n], 1]],
    ],
  },
  {
    name: "text of JSON",
    format: json,
    steps: [
      ["filter", (r: Json) => r.name.includes("a")],
      ["map", (r: Json) => [r.name.toLowerCase(), Number(r.n)]],
    ],
  },
  { name: "by position of text", steps: [["map", (l: string) => [l.split(" ")[1], l.split(" ").length]]] },
  {
    name: "statements",
    steps: [
      [
        "map",
        (l: string) => {
          const [first, second] = l.split(" ")
          if (first!.includes("a")) return [`${first}-${second}`, 1.25]
          const size = l.length
          return [first + "!" + size, size > 3 && size < 10 ? size : -size]
        },
      ],
    ],
  },
  {
    name: "numbers as text",
    steps: [["map", (l: string) => [String(Number(l) / 3) + (Number(l) * 1e21).toString() + Number(l).toFixed(2), (l.length | 0) >>> 1]]],
  },
  {
    name: "truth",
    steps: [
      ["filter", (l: string) => !!l && (l.length > 2 || !l.includes("a")) && Boolean(l.charCodeAt(1))],
      ["map", (l: string) => [l.endsWith(l.slice(-1)), 1]],
    ],
  },
]

const outcome = (program: Program, rows: readonly unknown[][], compile: boolean) => {
  try {
    return outputs(program, rows, 3, compile)
  } catch (error) {
    return String(error)
  }
}

/** What is counted. */
const counts: readonly Program[] = [
  { name: "all lines", format: combined, steps: [] },
  { name: "errors", format: combined, steps: [["filter", (r: Log) => r.status >= 500 && r.url.toLowerCase() !== "/a"]] },
  { name: "parts", steps: [["flatMap", (l: string) => l.split(" ").filter(part => part.trim().length > 1)]] },
  { name: "lines with a text", steps: [["filter", (l: string) => l.includes("/") && l.length > 3]] },
  {
    name: "names",
    format: json,
    steps: [
      ["map", (r: Json) => r.of.name],
      ["filter", (name: string) => name !== "a"],
    ],
  },
]

for (const program of [...programs, ...counts.map(one => ({ ...one, counted: true as const }))]) {
  test(`${program.name}: compiled as by its functions`, () => {
    const plan = program.counted ? null : planOf(program)
    if (plan !== null) assert.ok("kernel" in plan, "refusal" in plan ? plan.refusal.why : "")
    const line = lines[program.format?.kind ?? "text"]!
    fc.assert(
      fc.property(fc.array(fc.array(line, { maxLength: 25 }), { minLength: 1, maxLength: 2 }), rows => {
        const [fast, slow] = [outcome(program, rows, true), outcome(program, rows, false)]
        if (typeof fast === "string" || typeof slow === "string") {
          assert.is(fast, slow)
          return
        }
        assert.equal(fast.outputs[0]!.sectionRows, slow.outputs[0]!.sectionRows)
        assert.is(Buffer.compare(fast.outputs[0]!.bytes, slow.outputs[0]!.bytes), 0)
        assert.equal({ ...fast, outputs: [] }, { ...slow, outputs: [] })
      }),
      { numRuns: 40 },
    )
  })
}

test("lines of many slices of memory, and lines that none holds", () => {
  const same = (program: Program, rows: readonly (readonly string[])[]) => {
    const [fast, slow] = [true, false].map(compile => {
      const found = outcome(
        program,
        rows.map(group => [...group]),
        compile,
      )
      return typeof found === "string" ? found : Buffer.from(found.outputs[0]!.bytes).toString("base64")
    })
    assert.ok(fast === slow, program.name)
  }
  const many = fc.sample(fc.oneof({ weight: 9, arbitrary: plainLog }, lines.combined!), { seed: 2, numRuns: 1_500 })
  many.splice(700, 0, `${many[0]!.slice(0, -1)}${"x".repeat(70_000)}"`, "y".repeat(70_000))
  for (const program of programs.filter(({ format }) => format === combined)) same(program, [many, many.slice(0, 900)])
  same({ name: "long keys", steps: [["map", (l: string) => [l.slice(1), l.length / 3]]] }, [many])
  const numbers = Array.from({ length: 12_000 }, (_, i) => String((i * 7) % 9_001))
  same({ name: "many keys", steps: [["map", (l: string) => [`${l} of many`, l.length / 3]]] }, [numbers, numbers])
})

test("plain rows are not left to the functions", () => {
  const plain: Readonly<Record<string, readonly string[]>> = {
    combined: fc.sample(plainLog, { seed: 1, numRuns: 50 }),
    csv: ["a,1,x", "b b,2.5,/y", '"c, d",-3,z'],
    json: ['{"name":"a","n":2,"of":{"name":"b","n":-1.5}}', ' { "of" : {"n":1,"name":"c"} , "name":"bb", "n" : 3e0, "x":["\\u00e9"] } '],
    text: ["a bb ccc", "12 34", "a  b"],
  }
  let lastRow = ""
  for (const program of programs) {
    const plan = planOf(program)
    if (!("kernel" in plan)) throw new Error(program.name)
    const rows = plain[program.format?.kind ?? "text"]!
    const block = Block.of(encodeRows(rows))
    plan.kernel.run(block.textBytes(), block.offsets(), block.rows, new ByteTable(), false, row => {
      lastRow = `${program.name}: ${rows[row]}`
    })
    assert.is(lastRow, "")
  }
})

test.run()
