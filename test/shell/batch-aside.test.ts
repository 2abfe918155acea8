/** What a saved run's inputs and functions set aside lies beside its results: each line, each record once, with why, also of a run that was killed and went on. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, watch, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Aside } from "../../engine/fluent/types.js"
import { moduleArguments, root } from "../../scripts/places.js"

const test = suite("batch mode/aside")
const directory = mkdtempSync(join(tmpdir(), "rivulet-aside-"))
const program = join(directory, "visits.mjs")
const log = join(directory, "visits.ndjson")
const base = Date.UTC(2015, 4, 17)
const seconds = 300
/** Of users without a name, whose length nobody can say. */
const nameless: number[] = []
const expected: [interval: number | null, record: string, reason: string][] = []

test.before(() => {
  writeFileSync(
    program,
    `import { readStream, sum } from "rivulet"
const visits = readStream("visits", "1s", { format: "json" })
export const counts = visits.map(v => [v.user, 1]).runningReduce(sum)
export const lengths = visits.map(v => [v.user.length, 1]).runningReduce(sum, { onError: "setAside" })
`,
  )
  // Lines are late for what came in the pieces of 4 MB before theirs.
  const pad = "x".repeat(4_000)
  const lines: string[] = []
  const aside = (interval: number | null, reason: string, record: string) => {
    expected.push([interval, record, reason])
    lines.push(record)
  }
  for (let second = 0; second < seconds; second++)
    for (let i = 0; i < 10; i++) {
      lines.push(JSON.stringify({ at: base + second * 1000 + i, user: `u${(second + i) % 7}`, pad }))
      if (second % 60 === 3 && i === 2) {
        nameless.push(base + second * 1000)
        lines.push(JSON.stringify({ at: base + second * 1000 + i, user: null }))
      }
      // Of a line that cannot be read the time is that of the line before it.
      if (second % 40 === 7 && i % 5 === 3) aside(base + second * 1000, "parse", `no JSON ${second} ${i}`)
      if (second % 100 === 50 && second > 100 && i < 2)
        aside(base + (second - 140) * 1000, "late", JSON.stringify({ at: base + (second - 140) * 1000, user: `late ${i}` }))
      if (second === 200 && i === 5) aside(null, "parse", JSON.stringify({ user: "without a time" }))
    }
  writeFileSync(log, `${lines.join("\n")}\n`)
})
test.after(() => rmSync(directory, { recursive: true, force: true }))

const arguments_ = (save: string) => [
  ...moduleArguments("shell/cli/main"),
  ...["replay", program, "--input", `visits=${log}`, "--timestamp", "at", "--disorder", "1m", "--save", save, "-o", "table"],
]

async function rivulet(args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, args, { cwd: root })
  let [out, err] = ["", ""]
  child.stdout.on("data", chunk => (out += chunk))
  child.stderr.on("data", chunk => (err += chunk))
  const [code] = (await once(child, "close")) as [number]
  return { code, out, err }
}

function asides(save: string, name = "visits"): { readonly interval: [string, string]; readonly rows: readonly Aside[] }[] {
  const text = readFileSync(join(save, "aside", `${name}.ndjson`), "utf8")
  return text
    .trimEnd()
    .split("\n")
    .map(line => JSON.parse(line))
}

const told = /17 lines not "json" · 4 later than 1m · 5 records set aside by lengths: all in \S+aside/

test("each line is there once, with why, in the interval for which it was or in which it was read", async () => {
  const save = join(directory, "whole")
  const { code, out, err } = await rivulet(arguments_(save))
  assert.is(code, 0, err)
  assert.match(err, told)
  assert.not.match(out, /aside/)
  const found = asides(save)
  const starts = found.map(({ interval }) => interval[0])
  assert.equal(starts, [...new Set(starts)].sort())
  const rows = found.flatMap(line => line.rows)
  const known = (record: string) => expected.find(one => one[1] === record)![0]
  assert.equal(
    rows
      .map(({ record, reason, interval }) => [
        known(record) === null ? null : Date.parse(String(interval.from ?? (interval as unknown as string[])[0])),
        record,
        reason,
      ])
      .sort(),
    [...expected].sort(),
  )
})

test("each record at which a function threw is there once, in its interval", () => {
  const found = asides(join(directory, "whole"), "lengths")
  assert.equal(
    found.map(({ interval }) => Date.parse(interval[0])),
    nameless,
  )
  for (const { rows } of found) {
    assert.equal(
      rows.map(({ reason, operator }) => [reason, operator]),
      [["threw", "map"]],
    )
    assert.match(rows[0]!.record, /user: null/)
  }
})

test("killed -9 in its middle and resumed: none is there twice, none is lost; all are counted, and both runs' are the same", async () => {
  const save = join(directory, "broken")
  mkdirSync(join(save, "aside"), { recursive: true })
  const file = join(save, "aside", "visits.ndjson")
  const killed = spawn(process.execPath, arguments_(save), { cwd: root })
  const ended = once(killed, "exit")
  const watching = watch(join(save, "aside"), () => {
    if (existsSync(file) && statSync(file).size > 0) killed.kill("SIGKILL")
  })
  assert.equal(await ended, [null, "SIGKILL"])
  watching.close()
  const before = statSync(file).size
  const { code, err } = await rivulet([...arguments_(save), "--resume"])
  assert.is(code, 0, err)
  assert.match(err, told)
  const whole = readFileSync(join(directory, "whole", "aside", "visits.ndjson"))
  assert.ok(before < whole.length, `${before} of ${whole.length} bytes were there before`)
  assert.ok(readFileSync(file).equals(whole))
  const same = await rivulet([
    ...moduleArguments("shell/cli/main"),
    "diff",
    join(directory, "whole", "aside"),
    join(save, "aside"),
    "-o",
    "table",
  ])
  assert.equal(
    [same.code, same.out],
    [0, `lengths   ${asides(save, "lengths").length} intervals   0 differ\nvisits   ${asides(save).length} intervals   0 differ\n`],
    same.err,
  )
})

test.run()
