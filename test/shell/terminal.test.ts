/**
 * `rivulet start` as a person meets it, in processes of its own: numbers move before anything is typed, keys work, and however it
 * ends the terminal is given back and nothing is left behind. Pipes stand in for the terminal.
 */
import { readdirSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type HeadlessTerminal, openTerminal } from "../../scripts/headless-terminal.js"
import { moduleArguments } from "../../scripts/places.js"

const test = suite("rivulet start")

const command = [...moduleArguments("shell/cli/main"), "start"]

function start(args: readonly string[] = command): HeadlessTerminal {
  return openTerminal({ args, columns: 100, rows: 30, env: { XDG_STATE_HOME: tmpdir() } })
}

/** Processes below this one, by /proc; elsewhere none are seen. */
function descendants(pid: number): number[] {
  try {
    const children = readdirSync("/proc")
      .filter(name => /^\d+$/.test(name))
      .map(Number)
      .filter(id => {
        try {
          return Number(/^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${id}/stat`, "utf8"))?.[1]) === pid
        } catch {
          return false
        }
      })
    return children.flatMap(id => [id, ...descendants(id)])
  } catch {
    return []
  }
}

function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}

const showsPanel = (lines: readonly string[]) =>
  lines.some(line => /^╭ counts\.top\(5\).*live/.test(line)) && lines.some(line => /^│ \/ +\d/.test(line))

async function gone(pids: readonly number[]): Promise<void> {
  while (pids.some(lives)) await new Promise(resolve => setImmediate(resolve))
}

function assertTerminalIsBack(on: HeadlessTerminal): void {
  const written = on.written()
  assert.ok(written.lastIndexOf("\x1b[?2004l") > written.lastIndexOf("\x1b[?2004h"), "bracketed paste is off")
  assert.ok(written.lastIndexOf("\x1b[?25h") >= written.lastIndexOf("\x1b[?25l"), "the cursor is shown")
  assert.ok(on.err().lastIndexOf("<cooked>") > on.err().lastIndexOf("<raw>"), "echo and line mode are back")
}

test("numbers move without typing; questions are answered with their stamp; a loop is interrupted; another terminal attaches and leaves; Ctrl-D twice leaves", async () => {
  const on = start()
  await on.until(showsPanel)
  const below = descendants(on.child.pid!)
  const address = /npx rivulet -m (\S+)/.exec(on.lines().join("\n"))![1]!
  on.type('const c = counts.get("/")\r')
  await on.until(lines => lines.some(line => /^c {3}[\d ]+$/.test(line)))
  on.type('const n = views.last("2s").count()\r')
  await on.until(lines => lines.some(line => /^n {3}[\d ]+$/.test(line)))
  assert.ok(on.lines().some(line => /\d+ of \d+ partitions · memory/.test(line)))
  on.type("views.map(v => v.staus)\r")
  await on.until(lines => lines.some(line => line.includes("^ staus is not a field of views: status?")))
  // The warning waits for nobody, the answer may still be coming: what is typed now would stand in line behind it.
  await on.until(lines => lines.some(line => line.includes("Out[1]")))
  on.type("views.map\x1b[Z")
  await on.until(lines => lines.some(line => line.includes("map(f: (value: AccessLog) => U): DStream<U>")))
  on.type("\x15for (;;) {}\r")
  await on.until(lines => lines.some(line => line.includes("Ctrl-C cancels")))
  on.type("\x03")
  await on.until(lines => lines.some(line => line === "interrupted"))
  on.type("n > 0\r")
  await on.until(lines => lines.some(line => line === "  true"))
  const attached = start([...moduleArguments("shell/cli/main"), "shell", "-m", address])
  await attached.until(lines => lines.some(line => line.includes("Ctrl-D detaches")))
  attached.type("\x04")
  assert.equal(await attached.ended, { code: 0, signal: null })
  assert.ok(attached.lines().some(line => line.startsWith("left tcp://")))
  assertTerminalIsBack(attached)
  const left = start([...moduleArguments("shell/cli/main"), "shell", "-m", address])
  await left.until(lines => lines.some(line => line.includes("Ctrl-D detaches")))
  on.type("\x04")
  await on.until(lines => lines.some(line => line.includes("Ctrl-D again to leave")))
  on.type("\x04")
  assert.equal(await on.ended, { code: 0, signal: null })
  assert.is(on.lines().filter(line => line.includes("Ctrl-D again to leave")).length, 1)
  assertTerminalIsBack(on)
  await gone(below)
  // Whoever is attached to what has ended is told, and leaves as from any other.
  await left.until(lines => lines.some(line => line.includes("the cluster has ended")))
  await left.until(lines => lines.some(line => / no answer from the master for \d+ s; the cluster has ended/.test(line)))
  left.type(".exit\r")
  assert.equal(await left.ended, { code: 0, signal: null })
})

for (const [signal, code] of [
  ["SIGTERM", 143],
  ["SIGHUP", 129],
  ["SIGINT", 130],
] as const)
  test(`${signal}: exit ${code}, the terminal as it was, no process left`, async () => {
    const on = start()
    await on.until(showsPanel)
    const below = descendants(on.child.pid!)
    on.child.kill(signal)
    assert.equal(await on.ended, { code, signal: null })
    assertTerminalIsBack(on)
    await gone(below)
  })

test("SIGKILL of the shell: master, workers and traffic end too", async () => {
  const on = start()
  await on.until(showsPanel)
  const below = descendants(on.child.pid!)
  if (process.platform === "linux") assert.ok(below.length >= 4)
  on.child.kill("SIGKILL")
  await on.ended
  await gone(below)
})

test("SIGKILL of the npm that runs it: it ends as if its terminal were closed, which is given back", async () => {
  const args = JSON.stringify(["--import", "./scripts/fake-terminal.mjs", ...command])
  const options = `{ stdio: "inherit", env: { ...process.env, npm_lifecycle_event: "start" } }`
  const on = start(["-e", `require("node:child_process").spawn(process.execPath, ${args}, ${options})`])
  await on.until(showsPanel)
  const below = descendants(on.child.pid!)
  on.child.kill("SIGKILL")
  await on.ended
  assertTerminalIsBack(on)
  await gone(below)
})

test.run()
