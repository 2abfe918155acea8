/** Formats: lines of a real log, the odd ones included, and lines that are none. */
import { readFileSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { RivuletError } from "../../../engine/errors.js"
import { parseCombined } from "../../../engine/format/combined.js"
import { csv, splitCsv } from "../../../engine/format/csv.js"
import { openFormat } from "../../../engine/format/index.js"

const log = readFileSync(new URL("./fixtures/access.log", import.meta.url), "utf8")
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

test.run()
