/** A screen in a process of its own: Ctrl-Z, an error that nobody caught, a kill. Pipes stand in for the terminal. */
import { spawn } from "node:child_process"
import xterm from "@xterm/headless"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { moduleArguments, root } from "../../scripts/places.js"

const test = suite("a screen's process")

/** Alone in a session of its own, so that the system does not stop it: there is no shell that would continue it. */
function open() {
  const terminal = new xterm.Terminal({ cols: 80, rows: 24, allowProposedApi: true, convertEol: true })
  const args = ["--import", "./scripts/fake-terminal.mjs", ...moduleArguments("test/shell/children/screen")]
  const env = { ...process.env, RIVULET_TERMINAL: "80x24", TERM: "xterm-256color" }
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: "pipe", detached: true })
  let written = ""
  let err = ""
  const waiting = new Set<() => void>()
  const look = () => {
    for (const check of waiting) check()
  }
  child.stdout.on("data", chunk => {
    written += String(chunk)
    terminal.write(String(chunk), look)
  })
  child.stderr.on("data", chunk => {
    err += String(chunk)
    look()
  })
  child.stdin.on("error", () => {})
  const lines = () => Array.from({ length: 24 }, (_, i) => terminal.buffer.active.getLine(i)!.translateToString(true))
  const ended = new Promise<number | null>(resolve => child.once("close", code => resolve(code)))
  return {
    child,
    terminal,
    ended,
    lines,
    written: () => written,
    err: () => err,
    until: (what: () => boolean) =>
      new Promise<void>((resolve, reject) => {
        const check = () => {
          if (!what()) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        void ended.then(code => reject(new Error(`ended with ${code}: ${err}\n${lines().join("\n")}`)))
        check()
      }),
  }
}

const has = (on: ReturnType<typeof open>, text: string) => () => on.lines().some(line => line.includes(text))

test("Ctrl-Z where nobody could continue it changes nothing", async () => {
  const on = open()
  await on.until(has(on, "test>"))
  on.child.stdin!.write("half\x1a")
  await on.until(() => on.err().endsWith("<cooked><raw>"))
  on.child.stdin!.write("way\r")
  await on.until(has(on, "ran halfway"))
  on.child.kill("SIGKILL")
  await on.ended
})

test("an error that nobody caught: the terminal is given back, the error stands below what was printed", async () => {
  const on = open()
  await on.until(has(on, "test>"))
  on.child.stdin!.write("fail()\r")
  assert.is(await on.ended, 1)
  assert.ok(on.err().includes("<cooked>"))
  assert.match(on.err(), /not caught/)
  assert.ok(on.written().lastIndexOf("\x1b[?2004l") > on.written().lastIndexOf("\x1b[?2004h"))
  assert.ok(on.written().lastIndexOf("\x1b[?25h") > on.written().lastIndexOf("\x1b[?25l"))
})

test("the terminal's own cursor stands where the next key goes, so that even a kill leaves it shown", async () => {
  const on = open()
  await on.until(has(on, "test>"))
  on.child.stdin!.write("a日本")
  await on.until(() => on.terminal.buffer.active.cursorX === "test> ".length + 5)
  assert.match(on.lines()[on.terminal.buffer.active.cursorY]!, /^test> a日本/)
  on.child.stdin!.write("\x1b[D")
  await on.until(() => on.terminal.buffer.active.cursorX === "test> ".length + 3)
  on.child.kill("SIGKILL")
  await on.ended
  assert.ok(on.written().lastIndexOf("\x1b[?25h") > on.written().lastIndexOf("\x1b[?25l"))
})

test.run()
