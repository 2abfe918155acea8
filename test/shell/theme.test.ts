/** `.theme`: what is painted from then on. */
import { suite } from "uvu"
import * as assert from "uvu/assert"

// Tests run without colours; here they are what it is about.
process.env.NO_COLOR = ""
const { setTheme } = await import("../../shell/view/style.js")
const { openTerminal } = await import("./screen-kit.js")

const test = suite("theme")

test(".theme: other colours from then on, none, and which there are", async () => {
  const terminal = openTerminal(80, 24)
  const painted = async (cell: string) => {
    const before = terminal.written.length
    terminal.screen.enter(cell)
    terminal.screen.dispatch({ kind: "print", lines: [{ text: "beware", style: "warning" }] })
    await terminal.settled()
    return terminal.written.slice(before).join("")
  }
  const coloured = { dark: "\x1b[33mbeware\x1b[39m", light: "\x1b[35mbeware\x1b[39m", plain: "beware" }
  for (const theme of ["light", "plain", "dark"] as const) {
    const said = await painted(`.theme ${theme}`)
    assert.ok(said.includes(coloured[theme]), JSON.stringify(said))
    assert.is(said.includes("\x1b[3"), theme !== "plain", JSON.stringify(said))
  }
  assert.match(await painted(".theme pink"), /\.theme dark, light, plain: which\?/)
  assert.equal(terminal.host.ran, [], "the screen does it")
  terminal.screen.close()
  setTheme("dark")
})

test.run()
