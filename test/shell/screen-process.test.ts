/** A screen in a process of its own: Ctrl-Z, an error that nobody caught, a kill. Pipes stand in for the terminal. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { openTerminal } from "../../scripts/headless-terminal.js"
import { moduleArguments } from "../../scripts/places.js"

const test = suite("a screen's process")

/** Alone in a session of its own, so that the system does not stop it: there is no shell that would continue it. */
function open() {
  const args = moduleArguments("test/shell/children/screen")
  return openTerminal({ args, columns: 80, rows: 24, detached: true })
}

const has = (on: ReturnType<typeof open>, text: string) => () => on.lines().some(line => line.includes(text))

test("Ctrl-Z where nobody could continue it changes nothing", async () => {
  const on = open()
  await on.until(has(on, "test>"))
  on.type("half\x1a")
  await on.until(() => on.err().endsWith("<cooked><raw>"))
  on.type("way\r")
  await on.until(has(on, "ran halfway"))
  on.child.kill("SIGKILL")
  await on.ended
})

test("an error that nobody caught: the terminal is given back, the error stands below what was printed", async () => {
  const on = open()
  await on.until(has(on, "test>"))
  on.type("fail()\r")
  assert.is((await on.ended).code, 1)
  assert.ok(on.err().includes("<cooked>"))
  assert.match(on.err(), /not caught/)
  assert.ok(on.written().lastIndexOf("\x1b[?2004l") > on.written().lastIndexOf("\x1b[?2004h"))
  assert.ok(on.written().lastIndexOf("\x1b[?25h") > on.written().lastIndexOf("\x1b[?25l"))
})

test("the terminal's own cursor stands where the next key goes, so that even a kill leaves it shown", async () => {
  const on = open()
  await on.until(has(on, "test>"))
  on.type("a日本")
  await on.until(() => on.terminal.buffer.active.cursorX === "test> ".length + 5)
  assert.match(on.lines()[on.terminal.buffer.active.cursorY]!, /^test> a日本/)
  on.type("\x1b[D")
  await on.until(() => on.terminal.buffer.active.cursorX === "test> ".length + 3)
  on.child.kill("SIGKILL")
  await on.ended
  assert.ok(on.written().lastIndexOf("\x1b[?25h") > on.written().lastIndexOf("\x1b[?25l"))
})

test.run()
