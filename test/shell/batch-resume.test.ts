/** A batch run that was killed in its middle goes on from what it had finished, and leaves the bytes that an unbroken one leaves. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, watch, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { RivuletError } from "../../engine/errors.js"
import { moduleArguments, root } from "../../scripts/places.js"
import { SavedRun } from "../../shell/cli/batch-resume.js"
import { SavedLines } from "../../shell/cli/batch-sinks.js"
import { lineOf } from "../../shell/cli/interval-lines.js"
import { replay } from "../../shell/cli/replay.js"

const test = suite("batch mode/resume")
const directory = mkdtempSync(join(tmpdir(), "rivulet-resume-"))
const program = join(directory, "visits.mjs")
const log = join(directory, "visits.ndjson")
const base = Date.UTC(2015, 4, 17)
const seconds = 300

test.before(() => {
  // Versions come and go: keys are born again, intervals have no record, one stream has no row for long.
  writeFileSync(
    program,
    `import { readStream, sum } from "rivulet"
export const visits = readStream("visits", "1s", { format: "json" })
export const counts = visits.map(v => [v.user, 1]).runningReduce(sum)
export const sessions = visits.map(v => [v.user, v.at]).track((user, at) => [at, 1], (user, [since, n], at) => [since, n + 1], "20s")
export const late = visits.filter(v => v.at > ${base + (seconds - 50) * 1000}).map(v => v.user)
`,
  )
  const lines: string[] = []
  for (let second = 0; second < seconds; second++) {
    if (second % 7 === 3) continue
    const user = `u${Math.floor(second / 25) % 6}`
    lines.push(JSON.stringify({ at: base + second * 1000 + 5, user: "all" }), JSON.stringify({ at: base + second * 1000 + 9, user }))
  }
  writeFileSync(log, `${lines.join("\n")}\n`)
})
test.after(() => rmSync(directory, { recursive: true, force: true }))

/** A run of its own, with a cluster of its own, in this process. Gives the intervals that it made of each stream. */
async function run(save: string, resume: boolean): Promise<Map<string, number>> {
  let out = ""
  const { write } = process.stdout
  process.stdout.write = ((text: string, done?: () => void) => {
    out += text
    done?.()
    return true
  }) as typeof write
  try {
    const input = [`visits=${log}`]
    await replay(program, {
      input,
      timestamp: "at",
      disorder: "1s",
      workers: "2",
      memory: "1G",
      save,
      o: "table",
      ...(resume ? { resume } : {}),
    })
  } finally {
    process.stdout.write = write
  }
  return new Map(
    [...out.matchAll(/^(\w+) +([\d ]+?) (?:more )?intervals/gm)].map(([, name, n]) => [name!, Number(n!.replaceAll(/\D/g, ""))]),
  )
}

test("killed -9 in its middle and resumed: the files of an unbroken run, and only the rest was made", async () => {
  const [whole, broken] = [join(directory, "whole"), join(directory, "broken")]
  const files = [
    ".rivulet.json",
    "aside/.rivulet.json",
    ...["aside/visits", "counts", "late", "sessions", "visits"].map(name => `${name}.ndjson`),
  ]
  mkdirSync(broken)
  const args = ["replay", program, "--input", `visits=${log}`, "--timestamp", "at", "--disorder", "1s", "--save", broken, "-o", "table"]
  const killed = spawn(process.execPath, [...moduleArguments("shell/cli/main"), ...args], { cwd: root })
  const ended = once(killed, "exit")
  const sessions = join(broken, "sessions.ndjson")
  // The slowest of the streams has come to something, and the run still has to hear what it came to after it.
  const watching = watch(broken, () => {
    if (existsSync(sessions) && statSync(sessions).size > 0) killed.kill("SIGKILL")
  })
  assert.equal(await ended, [null, "SIGKILL"])
  watching.close()
  assert.throws(
    () => SavedRun.resume(broken, 3),
    (error: RivuletError) => error.code === 2 && /had 2 workers, not 3/.test(error.message),
  )
  // Its processes may not have heard yet that it is gone.
  const made = await run(broken, true)
  const left = readdirSync(broken, { recursive: true }).filter(file => file !== "aside")
  assert.equal(left.sort(), files)
  const all = await run(whole, false)
  for (const file of files)
    assert.ok(readFileSync(join(broken, file)).equals(readFileSync(join(whole, file))), `${file} differs from the unbroken run's`)
  assert.ok(made.get("sessions")! < all.get("sessions")!, `${made.get("sessions")} of ${all.get("sessions")} intervals`)
})

test("of files that were being written the last whole line counts, and what follows it is cut off", async () => {
  const files = join(directory, "files")
  mkdirSync(files)
  const line = (second: number, rows: string) => lineOf("a", { from: second * 1000, to: second * 1000 + 1000 }, [rows])
  const cases: readonly [text: string, kept: number, after: number | undefined][] = [
    ["", 0, undefined],
    ['{"stream":"a","inter', 0, undefined],
    [line(1, "1"), line(1, "1").length, 1000],
    [line(1, "1") + line(2, "x".repeat(600_000)), line(1, "1").length + line(2, "x".repeat(600_000)).length, 2000],
    [line(1, "1") + line(2, "x".repeat(600_000)).slice(0, 500_000), line(1, "1").length, 1000],
  ]
  for (const [text, kept, after] of cases) {
    writeFileSync(join(files, "a.ndjson"), text)
    const saved = await SavedLines.open(files, ["a"], true)
    await saved.line("a", { from: 3000, line: "more\n", rows: 1 })
    await saved.close()
    assert.is(saved.after.get("a"), after)
    assert.is(readFileSync(join(files, "a.ndjson"), "utf8"), `${text.slice(0, kept)}more\n`)
  }
})

test.run()
