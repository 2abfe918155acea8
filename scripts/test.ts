/**
 * Runs the tests: every `*.test.ts` under test/, in a process of its own (a hung or crashed file cannot hide the others), each with
 * a time limit; one more at a time than there are cores, since those with real processes wait now and then. The longest come first.
 * A file that runs no case has failed. The last line is `N passed, N failed`.
 *
 *   npm test                     all
 *   npm test -- engine shell     files whose path contains one of the words
 *   npm test -- --again          a file that failed is run once more, alone, and called UNSTEADY if it passes then: to be mended,
 *                                but no reason to refuse a change on a machine that was busy
 *
 * They run compiled (scripts/build-tests.mjs); one file also runs from its source: node --import ./scripts/register.mjs test/x.test.ts
 */
import { spawn } from "node:child_process"
import { availableParallelism } from "node:os"
import glob from "fast-glob"
import { buildTests } from "./build-tests.mjs"
import { root } from "./places.js"

const fileLimitMs = 180_000
/** After its last case: a process or a socket that a failed case has left keeps it from ending. */
const endLimitMs = 30_000

/** What takes long, longest first: the last file to end decides when the run ends. One that is missing here only starts later. */
const longest = [
  "docs/guides",
  "shell/batch",
  "shell/cli",
  "shell/terminal",
  "docs/readme",
  "shell/notebook/set",
  "shell/checks-command",
  "cluster/poison",
  "shell/send",
  "shell/scratch",
  "cluster/whole-cluster",
  "shell/notebook/run",
  "cluster/embedded",
  "simulation/sweep",
  "cluster/outputs",
  "docs/pages",
].map(name => `test/${name}.test.ts`)

interface Outcome {
  readonly file: string
  readonly passed: number
  readonly skipped: number
  readonly failed: number
  readonly ms: number
  readonly output: string
}

/** Test files that run, each the leader of a group of its own. */
const groups = new Set<number | undefined>()

function count(output: string, label: string): number {
  const match = new RegExp(`^\\s*${label}:\\s+(\\d+)`, "m").exec(output)
  return match ? Number(match[1]) : 0
}

function run(file: string): Promise<Outcome> {
  const started = performance.now()
  return new Promise(resolve => {
    const child = spawn(process.execPath, ["./scripts/run-test.mjs", `.tests/${file.replace(/\.ts$/, ".js")}`], {
      cwd: root,
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    })
    groups.add(child.pid)
    let output = ""
    let note = ""
    const stopAfter = (ms: number, what: string) =>
      setTimeout(() => {
        note = `\n${file} did not end within ${ms / 1000} s${what}`
        stopGroup(child.pid)
      }, ms)
    const limit = stopAfter(fileLimitMs, "")
    let endLimit: NodeJS.Timeout | undefined
    const keep = (chunk: Buffer) => {
      output += chunk.toString()
      if (/^ {2}Duration: /m.test(output)) endLimit ??= stopAfter(endLimitMs, " of its last case")
    }
    child.stdout.on("data", keep)
    child.stderr.on("data", keep)
    child.on("close", code => {
      clearTimeout(limit)
      clearTimeout(endLimit)
      stopGroup(child.pid)
      // uvu prints ANSI-free totals under NO_COLOR; sum over the suites of a file is printed once at its end.
      const total = count(output, "Total")
      const passed = count(output, "Passed")
      // What needs a program that is not installed here says so, and is skipped.
      const skipped = count(output, "Skipped")
      const idle = total === 0 && skipped === 0
      const broken = idle || note !== "" || (code !== 0 && passed === total)
      if (idle && note === "") note = `\n${file} executed no test (exit ${code})`
      resolve({ file, passed, skipped, failed: total - passed + (broken ? 1 : 0), ms: performance.now() - started, output: output + note })
    })
  })
}

/** Whatever a test file left running ends with it. */
function stopGroup(pid: number | undefined): void {
  groups.delete(pid)
  if (pid === undefined) return
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // the group has ended already
  }
}

// A run that is called off leaves nothing behind.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    for (const pid of [...groups]) stopGroup(pid)
    process.exit(130)
  })

const words = process.argv.slice(2).filter(word => !word.startsWith("-"))
const files = (await glob("test/**/*.test.ts", { cwd: root }))
  .sort()
  .filter(file => words.length === 0 || words.some(word => file.includes(word)))

buildTests(root)
const outcomes: Outcome[] = []
const rank = (file: string) => (longest.includes(file) ? longest.indexOf(file) : longest.length)
const queue = [...files].sort((a, b) => rank(a) - rank(b))
async function lane(): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const outcome = await run(file)
    outcomes.push(outcome)
    const mark = outcome.failed === 0 ? "ok  " : "FAIL"
    console.log(
      `${mark} ${file}  ${outcome.passed} passed${outcome.skipped ? `, ${outcome.skipped} skipped` : ""}${outcome.failed ? `, ${outcome.failed} failed` : ""}  ${(outcome.ms / 1000).toFixed(1)} s`,
    )
    if (outcome.failed > 0) console.log(outcome.output.trimEnd().replace(/^/gm, "     │ "))
  }
}
await Promise.all(Array.from({ length: availableParallelism() + 1 }, lane))

if (process.argv.includes("--again")) {
  for (const [i, before] of outcomes.entries()) {
    if (before.failed === 0) continue
    const outcome = await run(before.file)
    console.log(`${outcome.failed === 0 ? "UNSTEADY" : "FAIL AGAIN"} ${before.file}`)
    if (outcome.failed > 0) console.log(outcome.output.trimEnd().replace(/^/gm, "     │ "))
    outcomes[i] = outcome
  }
}

const passed = outcomes.reduce((n, o) => n + o.passed, 0)
const failed = outcomes.reduce((n, o) => n + o.failed, 0)
if (files.length === 0) console.log(`no test file matches ${words.join(" ") || "test/**/*.test.ts"}`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 || passed === 0 ? 1 : 0)
