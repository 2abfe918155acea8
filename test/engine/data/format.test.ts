/** Formats: lines of a real log, the odd ones included, and lines that are none. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { RivuletError } from "../../../engine/errors.js"
import { parseCombined } from "../../../engine/format/combined.js"
import { csv, splitCsv } from "../../../engine/format/csv.js"
import { guessFormat } from "../../../engine/format/guess.js"
import { openFormat } from "../../../engine/format/index.js"
import { root } from "../../../scripts/places.js"

const log = readFileSync(join(root, "test/engine/data/fixtures/access.log"), "utf8")
  .split("\n")
  .filter(line => line !== "")
const start = `1.2.3.4 - - [17/May/2015:10:05:03 +0000]`

test("every line of the excerpt is a record, as a regular expression reads it", () => {
  const pattern = /^(\S+) \S+ (\S+) \[(\d+)\/(\w+)\/(\d+):(\S+) \+0000\] "(\S+) (\S+) [^"]+" (\d+) (\S+) "([^"]*)" "([^"]*)/
  assert.ok(log.length >= 20)
  for (const line of log) {
    const [, ip, user, day, month, year, clock, method, url, status, bytes, referrer, agent] = pattern.exec(line)!
    assert.equal(parseCombined(line), {
      ip,
      user: user === "-" ? null : user,
      time: new Date(`${day} ${month} ${year} ${clock} UTC`),
      method,
      url,
      status: Number(status),
      bytes: bytes === "-" ? 0 : Number(bytes),
      referrer: referrer === "-" ? null : referrer,
      agent: agent === "-" ? null : agent,
    })
  }
})

const whole = {
  ip: "1.2.3.4",
  user: null,
  time: new Date("2015-05-17T10:05:03Z"),
  method: "GET",
  url: "/a",
  status: 200,
  bytes: 12,
  referrer: "r",
  agent: "x y",
}
const records: readonly [line: string, expected: Partial<typeof whole> | Record<string, unknown>][] = [
  [`${start} "GET /a HTTP/1.1" 200 12 "r" "x y"`, {}],
  [`${start} "GET /a HTTP/1.1" 200 - "r" "x y"`, { bytes: 0 }],
  [`${start} "GET /a HTTP/1.1" 200 12 "-" "-"`, { referrer: null, agent: null }],
  [`${start} "GET /a HTTP/1.1" 200 12 "" ""`, { referrer: "", agent: "" }],
  // the common format, and what is cut off
  [`${start} "GET /a HTTP/1.1" 200 12`, { referrer: null, agent: null }],
  [`${start} "GET /a HTTP/1.1" 200 12 `, { referrer: null, agent: null }],
  [`${start} "GET /a HTTP/1.1" 200 12 "r`, { agent: null }],
  [`${start} "GET /a HTTP/1.1" 200 12 "r"`, { agent: null }],
  [`${start} "GET /a HTTP/1.1" 200 12 "r" "x`, { agent: "x" }],
  [`${start} "GET /a HTTP/1.1" 200 12 "r" "x y" more "fields"`, {}],
  // quotes and spaces where they should not be
  [`${start} "GET /a\\"b c HTTP/1.1" 200 12 "r\\\\" "x \\"y\\""`, { url: '/a\\"b c', referrer: "r\\\\", agent: 'x \\"y\\"' }],
  [`${start} "GET /a" 200 12 "r" "x y"`, { url: "/a" }],
  [`${start} "-" 408 0 "-" "-"`, { method: "", url: "-", status: 408, bytes: 0, referrer: null, agent: null }],
  [`${start} "\\x16\\x03" 400 12 "r" "x y"`, { method: "", url: "\\x16\\x03", status: 400 }],
  [`${start} "" 400 12 "r" "x y"`, { method: "", url: "", status: 400 }],
  [`${start.replace("- -", "- frank")} "GET /a HTTP/1.1" 200 12 "r" "x y"`, { user: "frank" }],
  [`${start.replace("- -", "- Frank N. Stein")} "GET /a HTTP/1.1" 200 12 "r" "x y"`, { user: "Frank N. Stein" }],
  [`${start.replace("1.2.3.4", "2001:db8::1")} "GET /a HTTP/1.1" 200 12 "r" "x y"`, { ip: "2001:db8::1" }],
  [`${start.replace("+0000", "+0530")} "GET /a HTTP/1.1" 200 12 "r" "x y"`, { time: new Date("2015-05-17T04:35:03Z") }],
  [`${start.replace("+0000", "-0700")} "GET /a HTTP/1.1" 200 12 "r" "x y"`, { time: new Date("2015-05-17T17:05:03Z") }],
  [`${start.replace("17/May/2015", "29/Feb/2016")} "GET /a HTTP/1.1" 200 12 "r" "x y"`, { time: new Date("2016-02-29T10:05:03Z") }],
]
for (const [line, expected] of records) test(`record: ${line}`, () => assert.equal(parseCombined(line), { ...whole, ...expected }))

const bad: readonly [line: string, why: RegExp][] = [
  ["", /address/],
  ["1.2.3.4", /address/],
  ["1.2.3.4 - -", /time in brackets/],
  ["hello world this is text", /time in brackets/],
  [`${start.replace("May", "Mai")} "GET /a HTTP/1.1" 200 12`, /time like/],
  [`${start.replace("17/May/2015", "29/Feb/2015")} "GET /a HTTP/1.1" 200 12`, /time like/],
  [`${start.replace("10:05:03", "25:05:03")} "GET /a HTTP/1.1" 200 12`, /time like/],
  [`${start.slice(0, 30)}`, /time like/],
  [start, /request in quotes/],
  [`${start} GET /a HTTP/1.1 200 12`, /request in quotes/],
  [`${start} "GET /a HTTP/1.1`, /end of the request/],
  [`${start} "GET /a HTTP/1.1"`, /status/],
  [`${start} "GET /a HTTP/1.1" abc 12`, /status/],
  [`${start} "GET /a HTTP/1.1" 200`, /number of bytes/],
  [`${start} "GET /a HTTP/1.1" 200 `, /number of bytes/],
  [`${start} "GET /a HTTP/1.1" 200 12x`, /number of bytes/],
  [`${start} "GET /a HTTP/1.1" 2000 12`, /number of bytes/],
  [`${start} "GET /a HTTP/1.1" 200 12 r`, /referrer/],
]
for (const [line, why] of bad) test(`no record: ${line}`, () => assert.throws(() => parseCombined(line), why))

test("any cut of a line is a record or an error that says so", () => {
  const line = log[0]!
  let records = 0
  for (let i = 0; i <= line.length; i++)
    try {
      parseCombined(line.slice(0, i))
      records++
    } catch (error) {
      assert.instance(error, RivuletError)
    }
  assert.ok(records > 100)
})

test("csv: quotes as in RFC 4180", () => {
  const table: [string, string[]][] = [
    ["", [""]],
    ["a", ["a"]],
    ["a,b", ["a", "b"]],
    ["a,", ["a", ""]],
    [",", ["", ""]],
    ['"a,b",c', ["a,b", "c"]],
    ['"a ""b""",""', ['a "b"', ""]],
    ['"",x', ["", "x"]],
    ['""""', ['"']],
    ['a"b,c', ['a"b', "c"]],
    [' "a",b', [' "a"', "b"]],
    ["Zürich, 1", ["Zürich", " 1"]],
  ]
  for (const [line, fields] of table) assert.equal(splitCsv(line), fields, line)
  assert.throws(() => splitCsv('"a'), /not closed/)
  assert.throws(() => splitCsv('"a"b'), /follows/)
})

test("csv: records by the header's names", () => {
  const { parse } = openFormat({ kind: "csv", header: ["id", "name"] })
  assert.equal(parse('7,"x, y"'), { id: "7", name: "x, y" })
  assert.throws(() => parse("7"), /1 fields, the header has 2/)
  assert.throws(() => parse("id,name"), /header line/)
  assert.equal(openFormat({ kind: "csv" }).parse("a,b"), { _1: "a", _2: "b" })
  assert.throws(() => csv(["a", "a"]), /"a" twice/)
})

test("text, json, functions", () => {
  assert.is(openFormat({ kind: "text" }).parse("a\tb "), "a\tb ")
  assert.equal(openFormat({ kind: "json" }).parse('{"a":[1,null]}'), { a: [1, null] })
  assert.throws(() => openFormat({ kind: "json" }).parse("{a}"), /not JSON/)
  assert.throws(() => openFormat({ kind: "json" }).parse(""), /empty line/)
  const f = { kind: "function", f: { kind: "builtin", name: "identity" } } as const
  assert.equal(openFormat(f, line => line.length).parse("abc"), 3)
  assert.throws(() => openFormat(f), /none was given/)
  assert.throws(() => openFormat({ kind: "values" }), /no lines/)
})

/** Text that breaks parsers: quotes, separators, escapes, controls, halves of characters, and plain letters. */
const hostile = fc.string({
  unit: fc.constantFrom(
    '"',
    ",",
    "\\",
    "\n",
    "\r",
    "\t",
    "\u0000",
    "{",
    "}",
    "[",
    "]",
    ":",
    "-",
    " ",
    "a",
    "1",
    "é",
    "😀",
    "\ud800",
    "\udc00",
    "__proto__",
  ),
  maxLength: 24,
})

test("hostile lines: each format gives a record or an error of ours, and never anything else", () => {
  const formats = [
    openFormat({ kind: "text" }),
    openFormat({ kind: "json" }),
    openFormat({ kind: "csv" }),
    openFormat({ kind: "csv", header: ["a", "b"] }),
    openFormat({ kind: "combined" }),
  ]
  fc.assert(
    fc.property(hostile, hostile, (one, two) => {
      for (const line of [one, `${one},${two}`, `{"${one}":"${two}"}`, `${start} "${one}" 200 1 "${two}" "${one}"`, `${start} ${one}`]) {
        for (const format of formats) {
          try {
            format.parse(line)
          } catch (error) {
            assert.instance(error, RivuletError)
            assert.ok((error as Error).message.length > 5)
          }
        }
      }
    }),
    { numRuns: 500 },
  )
})

test("csv: whatever the fields hold, what is quoted is read back; what is cut is an error or other fields", () => {
  const field = hostile.map(text => text.replaceAll("\n", " "))
  const quoted = (text: string) => (/[",]/.test(text) || text.startsWith('"') ? `"${text.replaceAll('"', '""')}"` : text)
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 6 }), fields => {
      assert.equal(splitCsv(fields.map(quoted).join(",")), fields)
      const header = fields.map((_, i) => `c${i}`)
      const record = openFormat({ kind: "csv", header }).parse(fields.map(quoted).join(","))
      assert.equal(Object.values(record as object), fields)
    }),
    { numRuns: 500 },
  )
})

test("json: values come back as they are; a key that means something to objects is a key", () => {
  const { parse } = openFormat({ kind: "json" })
  fc.assert(fc.property(fc.jsonValue(), value => assert.equal(JSON.stringify(parse(JSON.stringify(value))), JSON.stringify(value))))
  const odd = parse('{"__proto__":{"polluted":1},"constructor":2}') as Record<string, unknown>
  assert.is(({} as Record<string, unknown>).polluted, undefined)
  assert.equal(Object.keys(odd), ["__proto__", "constructor"])
  assert.throws(() => parse('{"a":1} trailing'), /not JSON: .*after JSON|not JSON/)
})

test("what is wrong is named", () => {
  const three = openFormat({ kind: "csv", header: ["id", "name", "city"] })
  const wrong: [() => unknown, RegExp][] = [
    [() => three.parse("1,Ada"), /2 fields, the header has 3: city missing/],
    [() => three.parse("1,Ada,Bath,x"), /4 fields, the header has 3: after city comes "x"/],
    [() => three.parse('1,"Ada'), /the quoted field 2 is not closed/],
    [() => three.parse('1,"Ada"x,Bath'), /"x" follows the quoted field 2/],
    [() => parseCombined("1.2.3.4 - -"), /it has no time in brackets/],
  ]
  for (const [act, says] of wrong) assert.throws(act, says)
})

test("what lines look like", () => {
  const lines: [string[], string | null][] = [
    [log.slice(0, 5), "combined"],
    [['{"a":1}', "[1]"], "json"],
    [["1", "2"], null],
    [['{"a":1}', "plain"], null],
    [[...log.slice(0, 2), ""], null],
    [[], null],
  ]
  for (const [given, guess] of lines) assert.is(guessFormat(given), guess)
})

test.run()
