/** Directories of results as programs of a shell's own cluster: their streams answer as live ones do; what is wrong is said. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { connect } from "../../cluster/client/session.js"
import { startEmbedded } from "../../cluster/embedded.js"
import { moduleArguments } from "../../scripts/places.js"
import { noteSavedRun } from "../../shell/cli/compare.js"
import { lineOf } from "../../shell/cli/interval-lines.js"
import { streamNamesAt } from "../../shell/host/stream-names.js"
import { openFeed } from "./checks-kit.js"

const test = suite("shell on archives")
const directory = mkdtempSync(join(tmpdir(), "rivulet-archives-"))
const base = Date.UTC(2026, 10, 20)
const interval = (second: number) => ({ from: base + second * 1000, to: base + second * 1000 + 1000 })

/** Versions of a state that counts /a each second, /b every fifth, and has /robots until second 30; a line only where it changed. */
function saveRun(name: string, withRobots: boolean): void {
  const path = join(directory, name)
  mkdirSync(join(path, "aside"), { recursive: true })
  const lines = { counts: "", errors: "", empty: "" }
  for (let s = 0; s < 60; s++) {
    // Nothing came.
    if (s % 10 === 9) continue
    const rows = [JSON.stringify(["/a", s]), JSON.stringify(["/b", Math.floor(s / 5)])]
    if (withRobots && s < 30) rows.push(JSON.stringify(["/robots", 100 * s]))
    lines.counts += lineOf("counts", interval(s), rows)
    if (s % 4 === 0) lines.errors += lineOf("errors", interval(s), [JSON.stringify({ status: 500, s })])
  }
  for (const [stream, text] of Object.entries(lines)) writeFileSync(join(path, `${stream}.ndjson`), text)
  writeFileSync(
    join(path, "aside", "views.ndjson"),
    lineOf("views.aside", interval(7), [JSON.stringify({ record: "garbage", reason: "parse" })]),
  )
  noteSavedRun(path, { partitions: 2, versions: ["counts"] })
}

test.before(() => {
  saveRun("nov", true)
  saveRun("nov2", false)
  mkdirSync(join(directory, "none"))
  mkdirSync(join(directory, "other", "nov"), { recursive: true })
  writeFileSync(join(directory, "other", "nov", "counts.ndjson"), lineOf("counts", interval(1), ["1"]))
  mkdirSync(join(directory, "wrong"))
  writeFileSync(join(directory, "wrong", "counts.ndjson"), "a line\n")
  // It was killed as it wrote its last line.
  mkdirSync(join(directory, "broken"))
  writeFileSync(
    join(directory, "broken", "counts.ndjson"),
    lineOf("counts", interval(1), ["1", "2"]) + lineOf("counts", interval(2), ["3"]).slice(0, -4),
  )
})
test.after(() => rmSync(directory, { recursive: true, force: true }))

async function shell(
  args: readonly string[],
  cells: readonly string[],
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const all = [...moduleArguments("shell/cli/main"), "shell", "--plain", "--tz", "UTC", "--keep-going", ...args]
  const child = spawn(process.execPath, all, { cwd: directory })
  let [out, err] = ["", ""]
  child.stdout.on("data", chunk => (out += chunk))
  child.stderr.on("data", chunk => (err += chunk))
  child.stdin.end(`${cells.join("\n")}\n`)
  const [code] = (await once(child, "close")) as [number]
  return { code, out, err }
}

test("two runs: diff of their states at a time, slice, count, what was set aside, names; and what is not there, or not then", async () => {
  const at = (stream: string, second: string) => `state("${stream}").at("2026-11-20 00:00:${second}")`
  const show = (expression: string) => `console.log("##" + JSON.stringify(await ${expression}))`
  const { out, err } = await shell(
    ["--local", "nov/", "nov2/", "broken"],
    [
      show(`diff(${at("nov/counts", "20")}, ${at("nov2/counts", "20")}).top(3, c => -c.delta)`),
      // Second 29 changed nothing: the version is that of 28. At 30 /robots has gone.
      show(`${at("nov/counts", "29")}.map(r => r).collect()`),
      show(`${at("nov/counts", "31")}.collect()`),
      show(`stream("nov/errors").slice("2026-11-20 00:00:00", "2026-11-20 00:00:20").count()`),
      show(`stream("nov2/errors").slice("2026-11-20", "2026-11-20 00:01").map(e => e.s).collect()`),
      show(`state("nov/counts").slice("2026-11-20 00:00:28", "2026-11-20 00:00:32").count().then(counts => counts.values())`),
      show(`stream("nov/views.aside").slice("2026-11-20", "2026-11-20 00:01").map(a => a.record).collect()`),
      show(`stream("broken/counts").slice("2026-11-20", "2026-11-20 00:01").collect()`),
      ".streams",
      `state("nov/nowhere").latest()`,
      `state("nov/errors").latest()`,
      `await state("nov/counts").at("2026-11-19").collect()`,
      `await state("nov/counts").at("2026-11-21").collect()`,
    ],
  )
  const said = out.split("\n").flatMap(line => (line.startsWith("##") ? [JSON.parse(line.slice(2))] : []))
  assert.equal(
    said,
    [
      [{ key: "/robots", before: 2000, delta: -2000 }],
      [
        ["/a", 28],
        ["/b", 5],
        ["/robots", 2800],
      ],
      [
        ["/a", 31],
        ["/b", 6],
      ],
      5,
      [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56],
      [3, 3, 2, 2],
      ["garbage"],
      [1, 2],
    ],
    `${out}${err}`,
  )
  for (const name of ["nov/counts", "nov/errors", "nov/views.aside", "nov2/counts", "nov2/errors", "broken/counts"])
    assert.match(out, new RegExp(`^ *${name} `, "m"))
  assert.match(err, /nov\/empty is empty/)
  assert.match(err, /no stream nov\/nowhere .*\n(.*\n)*.*nov\/counts, nov\/errors/)
  assert.match(err, /nov\/errors is a stream of records, no state/)
  assert.match(err, /^ *of no interval\b/m)
  assert.match(err, /counts ends at 2026-11-20T00:00:59.000Z, as its files do: 2026-11-21T00:00:00.000Z is after it/)
})

test("what is no archive is refused before anything is started", async () => {
  const cases: readonly [args: readonly string[], message: RegExp][] = [
    [["--local", "none/"], /none\/ is no archive/],
    [["--local", "nowhere/"], /nowhere\/: no such directory/],
    [["--local", "2", "nov", "nowhere", "there"], /there: no such directory/],
    [["--local", "wrong"], /counts\.ndjson is not what --save wrote/],
    [["--local", "nov", "other/nov"], /nov and .*other\/nov would both be called nov/],
    [["nov"], /nov is a directory\n.*rivulet shell --local nov/],
  ]
  for (const [args, message] of cases) {
    const { code, err } = await shell(args, [])
    assert.is(code, 2, `${args}: ${err}`)
    assert.match(err, message)
  }
})

test("directories that archive(dir) wrote, one of inputs and one input's own, are streams with all that was sent", async () => {
  const directoryOf = (name: string) => join(directory, "inputs", name)
  const cluster = await startEmbedded({ workers: 1, cores: 1, memoryBytes: 64 * 2 ** 20 })
  const session = await connect(cluster.address, { user: "ann", program: "ann" })
  try {
    session.readStream("lines", "100ms", { archive: directoryOf("") }).named("lines")
    await session.flush()
    const feed = await openFeed(cluster, "lines")
    await feed.send(["a", "b", "c"])
    await feed.close()
    const archived = () =>
      existsSync(directoryOf("lines")) &&
      readdirSync(directoryOf("lines"), { recursive: true }).some(name => String(name).endsWith(".block"))
    while (!archived()) await session.host.catalog()
  } finally {
    await session.close()
    await cluster.stop()
  }
  for (const [given, name] of [
    ["inputs", "inputs/lines"],
    ["inputs/lines", "lines/lines"],
  ]) {
    const { out, err } = await shell(
      ["--local", given!],
      [`console.log("##" + JSON.stringify(await stream("${name}").slice(0, "now").collect()))`],
    )
    assert.match(out, /^##\["a","b","c"\]$/m, `${given}: ${out}${err}`)
  }
})

test("names in the text of stream() and state() are offered: those that fit, in full where one name is two streams'", async () => {
  const of = (name: string, program: string, kind: string) => ({ name, program, kind, state: "on demand" })
  const streams = [
    of("counts", "nov", "snapshot"),
    of("counts", "nov2", "snapshot"),
    of("counts@lines", "nov", "input"),
    of("errors", "nov", "records"),
    of("saved", "nov", "output"),
  ]
  const cases: readonly [text: string, offered: readonly string[] | null][] = [
    ['stream("', ["nov/counts", "nov2/counts", "errors"]],
    ['diff(state("nov/', ["nov/counts"]],
    ['state("', ["nov/counts", "nov2/counts"]],
    ["stream('nov/e", ["nov/errors"]],
    ['state("x', []],
    ['stream("errors").filter(e => e === "', null],
    ['upstream("', null],
  ]
  for (const [text, offered] of cases) {
    const list = await streamNamesAt(text, text.length, { streams: async () => streams })
    assert.equal(list === null ? null : list.items.map(item => item.text), offered, text)
  }
})

test.run()
