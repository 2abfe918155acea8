/**
 * `npm run build && npm run tour [-- --check]`: the picture in README.md, recorded from the real shell. `rivulet start` runs on a headless
 * terminal, and the tour that it offers is taken as a person takes it: → and Enter, six times. Writes docs/tour.svg, and its last
 * screen into README.md. Each line must be offered and be answered by what stands beside it here, or the recording fails; `--check` does that
 * alone and writes nothing.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { parseArgs } from "node:util"
import { demoTour } from "../shell/demo/tour.js"
import { openTerminal } from "./headless-terminal.js"
import { root } from "./places.js"
import { filmOf, rowsOf, type Screen } from "./tour/svg.js"

const [columns, rows] = [100, 32]
const picture = join(root, "docs/tour.svg")
const readme = join(root, "README.md")
/** Below the picture, for who reads the page as text. */
const lastScreen = /(\(docs\/tour\.svg\)[\s\S]*?```text\n)[\s\S]*?(?=```)/

/** Of what is written after Enter: the line has been answered; and how long one looks at that, while the panel moves on. */
const answers: Readonly<Record<string, readonly [shows: RegExp, lookMs: number]>> = {
  'counts.get("/")': [/1 of 1 partitions/, 4_000],
  'counts.slice("-20s").count()': [/\d+ versions/, 5_000],
  'counts.changes("-20s").top(3, c => c.delta)': [/3 of \d+/, 6_000],
  'views.last("20s").filter(v => v.status >= 500).map(v => [v.url, 1]).reduceByKey(sum).top(3)': [/3 of \d+/, 7_000],
  ".chaos kill w2": [/w2 joined/, 8_000],
  ".workers": [/w2 +up/, 6_000],
}
/** The panel has some history by then, and what is asked about the last twenty seconds began before them. */
const firstLookMs = 14_000
/** Between two frames while one looks. */
const frameMs = 1_000
const keyMs = 600

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } })
const home = mkdtempSync(join(tmpdir(), "rivulet-tour-"))
const shell = openTerminal({
  args: ["dist/shell/cli/main.js", "start"],
  columns,
  rows,
  env: { XDG_STATE_HOME: home, COLORTERM: "truecolor" },
})
const screens: Screen[] = []
const keep = (ms: number) => screens.push({ rows: rowsOf(shell.terminal), ms })
const look = async (ms: number) => {
  for (let passedMs = 0; passedMs < ms; passedMs += frameMs) {
    keep(frameMs)
    if (!values.check) await pause(frameMs)
  }
}
const limit = setTimeout(() => {
  process.stderr.write(`tour: not within two minutes\n${shell.lines().join("\n")}\n`)
  shell.child.kill("SIGKILL")
  process.exit(1)
}, 120_000)

try {
  await shell.until(lines => lines.some(line => /counts\.top\(5\).*live/.test(line)))
  await look(firstLookMs)
  for (const line of demoTour) {
    const [shows, lookMs] = answers[line] ?? []
    if (shows === undefined || lookMs === undefined) throw new Error(`scripts/tour.ts says nothing of what answers ${line}`)
    // The grey text; → makes it the line's own.
    await shell.until(lines => lines.some(text => text.startsWith(`local> ${line.slice(0, columns - 8)}`)))
    keep(frameMs)
    const grey = JSON.stringify(rowsOf(shell.terminal))
    shell.type("\x1b[C")
    await shell.until(() => JSON.stringify(rowsOf(shell.terminal)) !== grey)
    keep(keyMs)
    const before = shell.written().length
    shell.type("\r")
    await shell.until(() => shows.test(plain(shell.written().slice(before))))
    await look(lookMs)
  }
  if (!values.check) {
    writeFileSync(picture, filmOf(screens, { columns, rows, title: "One minute with a live stream, in Rivulet's shell" }))
    const lines = shell.lines().slice(-rows).join("\n").trimEnd()
    const text = `${lines.slice(lines.indexOf("local> "))}\n`
    writeFileSync(
      readme,
      readFileSync(readme, "utf8").replace(lastScreen, (_, before: string) => before + text),
    )
  }
  process.stdout.write(values.check ? `tour: ${demoTour.length} lines, each answered\n` : `${picture}: ${screens.length} screens\n`)
} finally {
  clearTimeout(limit)
  shell.child.kill("SIGTERM")
  await shell.ended
  rmSync(home, { recursive: true, force: true })
}

/** Without colours and movements of the cursor. */
function plain(written: string): string {
  return written.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "")
}
