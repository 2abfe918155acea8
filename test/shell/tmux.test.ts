/**
 * The screen on a terminal that is one (tmux's): what pipes cannot show. Its modes after every kind of death, a paste as a terminal sends it,
 * an editor that has the terminal meanwhile. Where there is no tmux, nothing is tested here.
 */
import { execFile, spawnSync } from "node:child_process"
import { promisify } from "node:util"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { moduleArguments, root } from "../../scripts/places.js"

const test = suite("on a real terminal")
const server = ["-L", `rivulet-test-${process.pid}`, "-f", "/dev/null"]
const there = spawnSync("tmux", ["-V"]).status === 0
const run = promisify(execFile)
const tmux = async (...args: readonly string[]) => (await run("tmux", [...server, ...args])).stdout
const shell = [process.execPath, ...moduleArguments("test/shell/children/screen")].map(part => `'${part}'`).join(" ")

/** A screen in a window of its own; what comes after it is in `after`. */
/** `interactive`: as a job of a shell that can stop it and go on with it. */
async function open(after: string, { columns = 80, rows = 24, before = "", interactive = false } = {}) {
  const size = ["-x", String(columns), "-y", String(rows)]
  const program = interactive ? ["bash", "--norc", "-i"] : ["sh", "-c", `${before} ${shell}; ${after}`]
  const made = await tmux("new-session", "-d", "-P", "-F", "#{session_id}", ...size, "-c", root, ...program)
  const target = made.trim()
  if (interactive) {
    await tmux("send-keys", "-t", target, "-l", `clear; ${shell}`)
    await tmux("send-keys", "-t", target, "Enter")
  }
  const lines = async () => (await tmux("capture-pane", "-p", "-t", target)).split("\n")
  const until = async (what: string | RegExp) => {
    for (;;) {
      const shown = await lines()
      if (shown.some(line => (typeof what === "string" ? line.includes(what) : what.test(line)))) return shown
    }
  }
  await until("test>")
  return {
    lines,
    until,
    keys: (...keys: readonly string[]) => tmux("send-keys", "-t", target, ...keys),
    type: (text: string) => tmux("send-keys", "-t", target, "-l", text),
    paste: async (text: string) => {
      await tmux("set-buffer", text)
      await tmux("paste-buffer", "-p", "-t", target)
    },
    is: async (flag: string) => (await tmux("display-message", "-p", "-t", target, `#{${flag}}`)).trim(),
    resize: (columns: number, rows: number) => tmux("resize-window", "-t", target, "-x", String(columns), "-y", String(rows)),
    /** The scrollback, too; lines that the terminal has wrapped as they were. */
    all: async () => (await tmux("capture-pane", "-p", "-J", "-S", "-", "-t", target)).split("\n"),
    close: () => tmux("kill-session", "-t", target),
  }
}

const count = (lines: readonly string[], text: string) => lines.filter(line => line.includes(text)).length

if (there) {
  // With its last session a server ends, though the next one is asked of it.
  test.before(async () => {
    await tmux("new-session", "-d", "sleep 1000")
  })
  test.after(async () => {
    await tmux("kill-server").catch(() => {})
  })

  test("a pasted chain is one cell; wide characters up to the edge and beyond", async () => {
    const on = await open("", { columns: 40, rows: 12 })
    await on.paste("views\n  .map(v => v)\n  .count()")
    await on.until(".count()")
    await on.keys("Enter")
    const shown = await on.until("ran views")
    assert.is(count(shown, "ran "), 1)
    // A prompt of six and seventeen of two cells are the whole row.
    await on.type("日".repeat(18))
    const rows = await on.until(/^日$/)
    assert.is(rows[rows.indexOf("日") - 1], `test> ${"日".repeat(17)}`)
    await on.keys("C-c")
    await on.until("^C")
    await on.close()
  })

  test("Ctrl-C while an editor has the terminal is the editor's: the shell and the cell are still there", async () => {
    const on = await open("echo over", { before: `EDITOR='echo editing; sleep 1000 #'` })
    await on.type("half")
    await on.keys("C-x", "C-e")
    await on.until("editing")
    await on.keys("C-c")
    await on.until("the cell is as it was")
    await on.type("way")
    await on.until("test> halfway")
    assert.is(count(await on.lines(), "over"), 0)
    await on.close()
  })

  test("Ctrl-C five times leaves the shell as it was; Ctrl-Z gives the terminal back, fg the screen with what was typed", async () => {
    const on = await open("", { rows: 30, interactive: true })
    for (let i = 0; i < 5; i++) await on.keys("C-c")
    await on.type("after()")
    await on.keys("Enter")
    const shown = await on.until("ran after")
    assert.is(count(shown, "Ctrl-D detaches"), 5)
    await on.type("half")
    await on.until("test> half")
    await on.keys("C-z")
    await on.until("Stopped")
    await on.type("stty -a; echo over")
    await on.keys("Enter")
    const said = (await on.until(/^over/)).join(" ")
    for (const mode of ["icanon", "echo", "isig", "opost"]) assert.match(said, new RegExp(` ${mode}\\b`), mode)
    assert.is(await on.is("cursor_flag"), "1")
    await on.type("fg")
    await on.keys("Enter")
    await on.until(/^test> half/)
    await on.type("way")
    await on.keys("Enter")
    await on.until("ran halfway")
    await on.close()
  })

  test("sixty quick sizes: finished output is all there, in order, and one prompt", async () => {
    const on = await open("", { columns: 100, rows: 30 })
    for (let i = 1; i <= 8; i++) {
      await on.type(`n${i}()`)
      await on.keys("Enter")
      await on.until(`ran n${i}()`)
    }
    await on.type("half of a cell that is long enough to be wrapped where it is narrow")
    await on.until("half of")
    for (let i = 0; i < 60; i++) await on.resize(40 + ((i * 67) % 160), 12 + ((i * 29) % 50))
    await on.resize(100, 30)
    await on.type("Z")
    await on.until("narrowZ")
    const all = await on.all()
    assert.equal(
      all.flatMap(line => /ran n(\d)/.exec(line)?.[1] ?? []),
      ["1", "2", "3", "4", "5", "6", "7", "8"],
    )
    assert.is(count(all, "test> half"), 1)
    await on.close()
  })

  for (const death of ["SIGTERM", "SIGHUP", "SIGQUIT", "SIGABRT", "SIGINT", "an error that nobody caught"])
    test(`${death}, with the pager open: echo, lines, the first screen and the cursor are back`, async () => {
      const on = await open("stty -a; echo over; sleep 1000")
      await on.type("pid()")
      await on.keys("Enter")
      const [, pid] = /pid (\d+)/.exec((await on.until(/pid \d+/)).join("\n"))!
      if (!death.startsWith("SIG")) {
        await on.type("later()")
        await on.keys("Enter")
        await on.until("ran later")
      }
      await on.keys("C-o")
      await on.until("row 1")
      assert.is(await on.is("alternate_on"), "1")
      process.kill(Number(pid), death.startsWith("SIG") ? (death as NodeJS.Signals) : "SIGUSR2")
      const said = (await on.until("over")).join(" ")
      for (const mode of ["icanon", "echo", "isig", "opost"]) assert.match(said, new RegExp(` ${mode}\\b`), mode)
      assert.equal([await on.is("alternate_on"), await on.is("cursor_flag")], ["0", "1"])
      await on.close()
    })
} else test.skip("there is no tmux here", () => {})

test.run()
