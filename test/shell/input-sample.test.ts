/** What is wrong with an old log is said from its first lines, before a cluster reads all of it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { RivuletError } from "../../engine/errors.js"
import type { FormatSpec } from "../../engine/rdd.js"
import { progressText } from "../../shell/cli/batch-progress.js"
import { csvHeader } from "../../shell/cli/csv-header.js"
import { checkSample } from "../../shell/cli/input-sample.js"

const test = suite("input sample")
const log = `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 10 "-" "test"\n`
const rows = '{"at":"2015-05-17T10:05:03Z","n":1}\n{"at":"2015-05-17T10:05:04Z","n":2}\n'

const cases: readonly [
  what: string,
  text: string,
  kind: FormatSpec["kind"],
  field: string | undefined,
  error: RegExp | null,
  advice?: string,
][] = [
  ["a log by its time", log, "combined", "time", null],
  ["nothing at all", "", "combined", "tiem", null],
  ["one bad line among good ones", `gibberish\n${log}`, "combined", "time", null],
  [
    "a field that is not there",
    log,
    "combined",
    "tiem",
    /--timestamp tiem: .* no such field \(they have ip, user, time,/,
    "--timestamp time",
  ],
  ["a field that is no time", log, "combined", "url", /--timestamp url: "\/a" is no time/, "--timestamp time"],
  ["another format", log, "json", "time", /none of the first 1 lines of f is json: not JSON/, "--format combined"],
  ["JSON taken for a log", rows, "combined", "at", /none of the first 2 lines of f is combined/, "--format json"],
  ["JSON", rows, "json", "at", null],
  ["columns without names", "a,b\n", "csv", "time", /they have _1, _2/],
  ["bytes", "a\u0000b\n", "text", undefined, /f is binary, not lines of text/],
  ["a compressed log", "\u00fd7zXZ\u0000abc", "combined", "time", /f is binary/, "unpack it first: gzip and zstd are read as they are"],
  ["a line that is cut at the sample's end", `${log}192.0.2.1 - - [17/M`, "combined", "time", null],
]

for (const [what, text, kind, field, error, advice] of cases)
  test(what, () => {
    const check = () =>
      checkSample(Buffer.from(text, what === "a compressed log" ? "latin1" : "utf8"), "f", {
        what: "--input v=f",
        format: { kind } as FormatSpec,
        ...(field === undefined ? {} : { field }),
      })
    if (error === null) return check()
    try {
      check()
    } catch (thrown) {
      assert.instance(thrown, RivuletError)
      const { message, code, try: proposed } = thrown as RivuletError
      assert.is(code, 2)
      assert.match(message, error)
      if (advice !== undefined) assert.is(proposed, advice)
      return
    }
    assert.unreachable("it was let through")
  })

test("the names of csv columns are the first line's if it names the time's, and every file must begin so", () => {
  const directory = mkdtempSync(join(tmpdir(), "rivulet-csv-"))
  const file = (name: string, text: string | Uint8Array) => {
    const path = join(directory, name)
    writeFileSync(path, text)
    return path
  }
  try {
    const a = file("a.csv", '"at",url\r\n1,/a\r\n')
    const b = file("b.csv.gz", gzipSync('"at",url\r\n2,/b\r\n'))
    const none = file("none.csv", "")
    assert.equal(csvHeader([none, a, b], "at", "--input v=*"), ["at", "url"])
    assert.is(csvHeader([a], "time", "--input v=*"), null)
    assert.is(csvHeader([none], "at", "--input v=*"), null)
    assert.is(csvHeader([file("json", '{"at":"x"}\n')], "at", "--input v=*"), null)
    assert.throws(
      () => csvHeader([a, file("c.csv", "url,at\n")], "at", "--input v=*"),
      /c\.csv does not begin with the names that .*a\.csv begins with/,
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test("progress: the part of all inputs that is read, and how far the slowest stream is", () => {
  const entry = (id: string, kind: string, throughMs: number, read?: object) => ({
    definition: { id, kind, node: { kind, ...(kind !== "input" && { parent: "a", initial: null }) } },
    state: "running",
    throughMs,
    aside: 0,
    read,
  })
  const entries = [
    entry("a", "input", 3000, { doneBytes: 512, bytes: 1024 }),
    entry("b", "input", 9000, { doneBytes: 1024, bytes: 1024 }),
    entry("c", "state", 2000),
  ] as unknown as Parameters<typeof progressText>[0]
  assert.is(progressText(entries, false), "75 % of 2.0 KB · at 1970-01-01T00:00:02Z")
  assert.is(progressText(entries, true), `${"█".repeat(18)}${"░".repeat(6)} 75 % of 2.0 KB · at 1970-01-01T00:00:02Z`)
  assert.is(progressText(entries.slice(2), true), null)
})

test.run()
