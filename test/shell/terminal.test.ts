/**
 * `rivulet start` as a person meets it, in processes of its own: numbers move before anything is typed, keys work, and however it
 * ends the terminal is given back and nothing is left behind. Pipes stand in for the terminal.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import xterm from "@xterm/headless"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { moduleArguments, root } from "../../scripts/places.js"

const test = suite("rivulet start")

interface Opened {
  readonly child: ChildProcess
  readonly lines: () => string[]
  readonly written: () => string
  readonly err: () => string
  /** Resolves when the screen (and what scrolled off it) satisfies it; the file's time limit is the only one. */
  until(what: (lines: readonly string[]) => boolean): Promise<void>
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
}

function start(): Opened {
  const terminal = new xterm.Terminal({ cols: 100, rows: 30, scrollback: 1000, allowProposedApi: true, convertEol: true })
  const args = ["--import", "./scripts/fake-terminal.mjs", ...moduleArguments("shell/cli/main"), "start"]
  const env = { ...process.env, RIVULET_TERMINAL: "100x30", XDG_STATE_HOME: tmpdir(), TERM: "xterm-256color" }
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ["pipe", "pipe", "pipe"] })
  let written = ""
  let err = ""
  const waiting = new Set<() => void>()
  const lines = () => {
    const buffer = terminal.buffer.active
    return Array.from({ length: buffer.length }, (_, i) => buffer.getLine(i)!.translateToString(true))
  }
  child.stdout.on("data", chunk => {
    written += String(chunk)
    terminal.write(String(chunk), () => {
      for (const check of waiting) check()
    })
  })
  child.stderr.on("data", chunk => {
    err += String(chunk)
  })
  child.stdin.on("error", () => {})
  const ended = new Promise<{ code: number | null; signal: string | null }>(resolve =>
    child.once("close", (code, signal) => resolve({ code, signal })),
  )
  return {
    child,
    lines,
    written: () => written,
    err: () => err,
    ended,
    until: what =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (!what(lines())) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        void ended.then(({ code }) => reject(new Error(`ended with ${code}: ${err}\n${lines().join("\n")}`)))
        check()
      }),
  }
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

function assertTerminalIsBack(on: Opened): void {
  const written = on.written()
  assert.ok(written.lastIndexOf("\x1b[?2004l") > written.lastIndexOf("\x1b[?2004h"), "bracketed paste is off")
  assert.ok(written.lastIndexOf("\x1b[?25h") >= written.lastIndexOf("\x1b[?25l"), "the cursor is shown")
  assert.ok(on.err().lastIndexOf("<cooked>") > on.err().lastIndexOf("<raw>"), "echo and line mode are back")
}

test("numbers move without typing; questions are answered with their stamp; a loop is interrupted; Ctrl-D twice leaves", async () => {
  const on = start()
  await on.until(showsPanel)
  const below = descendants(on.child.pid!)
  on.child.stdin!.write('const c = counts.get("/")\r')
  await on.until(lines => lines.some(line => /^c {3}[\d ]+$/.test(line)))
  on.child.stdin!.write('const n = views.last("2s").count()\r')
  await on.until(lines => lines.some(line => /^n {3}[\d ]+$/.test(line)))
  assert.ok(on.lines().some(line => /\d+ of \d+ partitions · memory/.test(line)))
  on.child.stdin!.write("for (;;) {}\r")
  await on.until(lines => lines.some(line => line.includes("Ctrl-C cancels")))
  on.child.stdin!.write("\x03")
  await on.until(lines => lines.some(line => line === "interrupted"))
  on.child.stdin!.write("n > 0\r")
  await on.until(lines => lines.some(line => line === "  true"))
  on.child.stdin!.write("\x04")
  await on.until(lines => lines.some(line => line.includes("Ctrl-D again to leave")))
  on.child.stdin!.write("\x04")
  assert.equal(await on.ended, { code: 0, signal: null })
  assertTerminalIsBack(on)
  await gone(below)
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

test.run()
