/** Batch mode by real processes: a program over an old log gives what a loop over its lines gives; what is wrong is said, with its exit code. */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { RivuletError } from "../../engine/errors.js"
import { moduleArguments, root } from "../../scripts/places.js"
import { diff } from "../../shell/cli/diff.js"
import { replay } from "../../shell/cli/replay.js"
import { run } from "../../shell/cli/run.js"
import { watch } from "../../shell/cli/watch.js"

const test = suite("batch mode")
const directory = mkdtempSync(join(tmpdir(), "rivulet-batch-"))
const program = join(directory, "views.ts")
const log = join(directory, "access.log")
const urls = ["/a", "/b", "/c", "/d", "/e"]
const hits = Array.from({ length: 600 }, (_, i) => ({ at: 1431857100 + ((i * 37) % 300), url: urls[(i * 7) % 5]! })).sort(
  (a, b) => a.at - b.at,
)

test.before(() => {
  writeFileSync(
    program,
    `import { readStream } from "rivulet"
export const views = readStream("views", "1m", { format: "combined" })
export const counts = views.map(v => [v.url, 1]).runningReduce((a, b) => a + b)
`,
  )
  writeFileSync(
    join(directory, "boom.ts"),
    `import { readStream } from "rivulet"\nexport const x = readStream("x", "1s")\nthrow new Error("boom at load")\n`,
  )
  writeFileSync(log, hits.map(lineOf).join(""))
})
test.after(() => rmSync(directory, { recursive: true, force: true }))

function lineOf({ at, url }: { readonly at: number; readonly url: string }): string {
  const [, day, time] = /^\w+, (\d+) \w+ \d+ ([\d:]+)/.exec(new Date(at * 1000).toUTCString())!
  return `192.0.2.1 - - [${day}/May/2015:${time} +0000] "GET ${url} HTTP/1.1" 200 10 "-" "test"\n`
}

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function rivulet(args: readonly string[]): Promise<Ran> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [...moduleArguments("shell/cli/main"), ...args], { cwd: root })
    let out = ""
    let err = ""
    child.stdout.on("data", chunk => (out += chunk))
    child.stderr.on("data", chunk => (err += chunk))
    child.on("close", code => resolve({ code, out, err }))
  })
}

test("a replay's intervals are those of the log's time stamps, and its totals a plain loop's", async () => {
  const ran = await rivulet(["replay", program, "--input", `views=${log}`, "--timestamp", "time", "-o", "ndjson"])
  assert.is(ran.code, 0, ran.err)
  const lines = ran.out
    .trim()
    .split("\n")
    .map(line => JSON.parse(line) as { stream: string; interval: [string, string]; rows: unknown[] })
  const counts = new Map<string, number>()
  const expected = new Map<string, [string, number][]>()
  const records = new Map<string, number>()
  for (const { at, url } of hits) {
    const interval = new Date(Math.floor(at / 60) * 60_000).toISOString()
    counts.set(url, (counts.get(url) ?? 0) + 1)
    expected.set(interval, [...counts])
    records.set(interval, (records.get(interval) ?? 0) + 1)
  }
  const bySort = (a: [string, number], b: [string, number]) => (a[0] < b[0] ? -1 : 1)
  const states = lines.filter(line => line.stream === "counts")
  assert.equal(
    states.map(line => [line.interval[0], (line.rows as [string, number][]).sort(bySort)]),
    [...expected].map(([interval, rows]) => [interval, rows.sort(bySort)]),
  )
  const views = lines.filter(line => line.stream === "views")
  assert.equal(
    views.map(line => [line.interval[0], line.rows.length]),
    [...records],
  )
  assert.equal(
    lines.map(line => line.interval[0]),
    lines.map(line => line.interval[0]).sort(),
  )
})

test("two machines' logs of the same time, one of them gzipped: merged by time, none is late for another's sake", async () => {
  const [a, b] = [join(directory, "a-access.log.gz"), join(directory, "b-access.log")]
  writeFileSync(
    a,
    gzipSync(
      hits
        .filter((_, i) => i % 3 > 0)
        .map(lineOf)
        .join(""),
    ),
  )
  writeFileSync(
    b,
    hits
      .filter((_, i) => i % 3 === 0)
      .map(lineOf)
      .join(""),
  )
  const replayed = (input: string) =>
    rivulet(["replay", program, "--input", `views=${input}`, "--timestamp", "time", "--disorder", "1s", "-o", "ndjson"])
  const [one, two] = [await replayed(log), await replayed(join(directory, "*-access.log*"))]
  assert.is(two.code, 0, two.err)
  assert.match(two.err, /2 files, merged by time · gzip cannot be split: 1 of 2 workers can unpack at a time/)
  const rows = ({ out }: Ran) =>
    out
      .trim()
      .split("\n")
      .map(line => JSON.parse(line) as { stream: string; interval: string[]; rows: unknown[] })
      .map(({ stream, interval, rows }) => [stream, interval[0], rows.map(row => JSON.stringify(row)).sort()])
  assert.equal(rows(two), rows(one))
})

test("a program that throws as it is loaded: exit 1, with the user's line", async () => {
  const ran = await rivulet(["replay", join(directory, "boom.ts"), "--input", `x=${log}`])
  assert.equal([ran.code, ran.out], [1, ""])
  assert.match(ran.err, /boom at load\n {2}3 │ throw new Error\("boom at load"\)\n {4}│ +\^\n$/)
})

test("files that cannot be read are refused before anything is started", async () => {
  const cases: readonly [input: string, message: RegExp][] = [
    [`views=${join(directory, "nowhere.log")}`, /--input views=.*nowhere\.log: no such file/],
    [`views=${directory}`, /--input views=.*: a directory/],
    ["views", /--input views: not name=files/],
  ]
  for (const [input, message] of cases) {
    try {
      await replay(program, { input: [input], disorder: "1m", workers: "1" })
      assert.unreachable(input)
    } catch (error) {
      assert.is((error as RivuletError).code, 2)
      assert.match((error as RivuletError).message, message)
    }
  }
})

test("a format that is no lines is refused, not ignored", async () => {
  for (const o of ["csv", "arrow", "parquet"]) {
    const asked = [
      () => replay(program, { input: [`views=${log}`], disorder: "1m", workers: "1", o }),
      () => run([program], { kill: [], o }),
      () => diff(directory, directory, { o }),
      () => watch("views", { o }),
    ]
    for (const ask of asked)
      try {
        await ask()
        assert.unreachable(`${o}: ${ask}`)
      } catch (error) {
        assert.is((error as Error).message, `-o ${o}: here the output is lines`)
        assert.is((error as RivuletError).code, 2)
      }
  }
})

test.run()
