/** The command line's contract, by real processes against a real cluster: exit codes, what goes to stdout and what to stderr, formats. */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { tableFromIPC } from "apache-arrow"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"
import { parquetRows } from "../../engine/block/parquet-rows.js"
import { freePort } from "../../scripts/free-port.js"
import { moduleArguments, root } from "../../scripts/places.js"

const test = suite("rivulet")
const directory = mkdtempSync(join(tmpdir(), "rivulet-cli-"))
const lines = ["/a", "/b", "/a", "/c", "/a"].map(
  (url, i) => `192.0.2.${i} - - [17/May/2015:10:05:0${i} +0000] "GET ${url} HTTP/1.1" 200 10 "-" "test"`,
)
let cluster: Embedded

interface Ran {
  readonly code: number | null
  readonly signal: string | null
  readonly out: Buffer
  readonly err: string
}

/** `input` goes to stdin; `said` hears what is printed; `head` closes the reading end of stdout after its first bytes, as `head -1` does. */
function rivulet(
  args: readonly string[],
  { input = "", head = false, master = "", said = (_text: string, _child: ReturnType<typeof spawn>) => {} } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [...moduleArguments("shell/cli/main"), ...args], {
    cwd: root,
    env: { ...process.env, RIVULET_MASTER: master || cluster.address, HOME: directory, XDG_STATE_HOME: directory },
    stdio: ["pipe", "pipe", "pipe"],
  })
  const out: Buffer[] = []
  let err = ""
  child.stdout.on("data", (chunk: Buffer) => {
    out.push(chunk)
    said(String(chunk), child)
    if (head) child.stdout.destroy()
  })
  child.stderr.on("data", chunk => {
    err += String(chunk)
    said(String(chunk), child)
  })
  child.stdin.on("error", () => {})
  child.stdin.end(input)
  return new Promise(resolve => child.once("close", (code, signal) => resolve({ code, signal, out: Buffer.concat(out), err })))
}

test.before(async () => {
  cluster = await startEmbedded({ workers: 2, cores: 1 })
})
test.after(async () => {
  await cluster.stop()
  rmSync(directory, { recursive: true, force: true })
})

test("a definition is echoed on stderr and stays; what is sent to it is asked by other processes", async () => {
  const views = await rivulet(["query", 'const views = readStream("views", "1s", { format: "combined" })'])
  assert.equal([views.code, views.out.length], [0, 0])
  assert.match(views.err, /^views {3}input · 1s/)
  const counts = await rivulet(["query", "const counts = views.map(v => [v.url, 1]).runningReduce((a, b) => a + b)"])
  assert.equal([counts.code, counts.out.length], [0, 0])
  const file = join(directory, "access.log")
  writeFileSync(file, `${lines.slice(0, 3).join("\n")}\n`)
  const sent = await rivulet(["send", "views", file])
  assert.equal([sent.code, sent.out.length], [0, 0])
  assert.match(sent.err, /3 lines acked of 3 sent to views/)
  const piped = await rivulet(["send", "views"], { input: `${lines.slice(3).join("\n")}\n` })
  assert.match(piped.err, /2 lines acked of 2/)
  const until = await rivulet(["watch", "counts.top(1)", "--until", "rows => rows.length > 0 && rows[0][1] === 3", "--for", "30s"])
  assert.is(until.code, 0)
  assert.equal(JSON.parse(until.out.toString().trim().split("\n").at(-1)!).rows, [["/a", 3]])
})

test("formats: each is read back as the same rows; the stamp goes to stderr", async () => {
  const ask = (format: string, ...more: string[]) => rivulet(["query", "counts.latest().top(3)", "-o", format, ...more])
  const ndjson = await ask("ndjson", "--stamp")
  const rows = ndjson.out
    .toString()
    .trim()
    .split("\n")
    .map(line => JSON.parse(line) as [string, number])
  assert.equal(rows[0], ["/a", 3])
  assert.is(rows.length, 3)
  assert.match(ndjson.err, /1 of 1 partitions|\d+ of \d+ partitions/)
  const json = JSON.parse((await ask("json")).out.toString())
  assert.equal(json.rows, rows)
  assert.match(json.stamp.intervals[0], /Z$/)
  assert.is((await ask("csv")).out.toString().split("\r\n")[1], "/a,3")
  const table = tableFromIPC((await ask("arrow")).out)
  assert.is(table.numRows, 3)
  assert.equal([...parquetRows("stdout", (await ask("parquet")).out)][0], { _1: "/a", _2: 3 })
  assert.match((await ask("table")).out.toString(), /^key +value\n\/a +3\n/)
  assert.not.match((await ask("table")).out.toString(), /\x1b/, "no colour in a pipe")
})

test("a bare recipe answers its newest interval", async () => {
  const ran = await rivulet(["query", "views.count()"])
  assert.is(ran.code, 0)
  assert.match(ran.out.toString(), /^\d+\n$/)
})

test("a misspelt field is a warning on stderr; the answer, all the same, is on stdout", async () => {
  const ran = await rivulet(["query", 'views.last("1h").map(v => v.urll ?? 7).first()'])
  assert.equal([ran.code, ran.out.toString()], [0, "7\n"])
  assert.match(ran.err, /│ +\^ urll is not a field of views: url\?\n$/)
})

test("a reader that has gone away is no error", async () => {
  const ran = await rivulet(["query", "Array.from({ length: 200000 }, (_, i) => i)"], { head: true })
  assert.equal([ran.code, ran.err], [0, ""])
})

const refusals: readonly [what: string, args: readonly string[], code: number, says: RegExp][] = [
  ["a cell that throws", ["query", "views.nope()"], 1, /views\.nope is not a function\n {2}1 │ views\.nope\(\)\n/],
  ["a record that fails", ["query", 'views.last("5m").map(v => v.nope.length).collect()'], 1, /reading 'length'[\s\S]*record +\{ ip:/],
  ["syntax", ["query", "1 +"], 2, /SyntaxError/],
  ["an async function", ["query", "views.map(async v => v)"], 2, /cannot be async[\s\S]*\ntry: /],
  ["a window that is no multiple", ["query", 'views.window("1500ms").count()'], 2, /1500ms is not a multiple[\s\S]*\ntry: "1s" or "2s"/],
  ["an assigned capture", ["query", "let s = 0; views.map(v => { s += 1; return s })"], 2, /s is assigned to/],
  ["a captured socket", ["query", 'const k = new (await import("node:net")).Socket(); views.map(v => k.readable)'], 2, /k is a Socket/],
  [
    "a stream defined again with another interval",
    ["query", 'readStream("views", "2s", { format: "combined" })'],
    4,
    /views[\s\S]*1s[\s\S]*2s/,
  ],
  [
    "too much",
    ["query", "parallelize(Array.from({ length: 100001 }, (_, i) => i)).collect()"],
    1,
    /(?:100,001|more than 100,000) rows: the limit is 100,000/,
  ],
  ["an unknown format", ["query", "1", "-o", "xml"], 2, /no such format\ntry: /],
  ["an unknown option", ["query", "1", "--nope"], 2, /unknown option/],
  ["a command that is nearly one", ["qeury", "x"], 2, /qeury is not a command, and no file of cells\ntry: rivulet query/],
  ["a command that is none", ["frobnicate"], 2, /frobnicate is not a command, and no file of cells\ntry: rivulet --help/],
  ["a program that runs nowhere", ["streams", "--program", "nope"], 2, /no program nope\ntry: /],
  ["a stream that is not there", ["why", "nope"], 2, /no stream nope\ntry: rivulet streams/],
  ["a run that is nowhere", ["diff", ".", "nope"], 2, /nope: no directory, no master's address and no cluster's name\ntry: /],
  ["lines for a state", ["send", "counts"], 2, /nothing can be sent to counts: it is made of others \(state\)\ntry: an input: .*views/],
  ["a missing file", ["send", "views", "no-such-file"], 2, /no such file: no-such-file\ntry: /],
  ["a stream that nobody defined", ["send", "nobody", "--no-wait"], 5, /nobody has defined nobody\ntry: /],
  ["stopping without a yes", ["stop", "counts"], 4, /needs a yes\ntry: --yes/],
  ["a loop that has a time limit", ["query", "for (;;) {}", "--timeout", "1s"], 124, /no answer within 1s/],
  ["a program that is not there", ["submit", "no-such.ts"], 2, /no such file: no-such\.ts\ntry: /],
]
for (const [what, args, code, says] of refusals)
  test(`${what}: exit ${code}, and says what to do`, async () => {
    const ran = await rivulet(args)
    assert.match(ran.err, says)
    assert.match(ran.err, /^rivulet: /)
    assert.not.match(ran.err, /\/shell\/|\/engine\/|\/cluster\//, "no frame of ours")
    assert.equal([ran.code, ran.out.toString()], [code, ""])
  })

for (const [command, begun] of [
  ["query", 'await null; console.log("begun"); await new Promise(() => {})'],
  [
    "run",
    'import { readStream } from "rivulet"\nconsole.log("begun")\nexport const lines = readStream("file:/dev/null", "1s")\nawait new Promise(() => {})\n',
  ],
] as const)
  test(`SIGTERM, SIGINT or SIGHUP to ${command}: its processes end, and the exit code tells`, async () => {
    const program = join(directory, "waits.mjs")
    writeFileSync(program, begun)
    const ended = (signal: NodeJS.Signals) => {
      let done = false
      return rivulet([command, command === "query" ? begun : program], {
        said: (text, child) => {
          if (done || !text.includes("begun")) return
          done = true
          child.kill(signal)
        },
      })
    }
    const ran = await Promise.all((["SIGTERM", "SIGINT", "SIGHUP"] as const).map(ended))
    assert.equal(
      ran.map(({ code }) => code),
      [143, 130, 129],
      ran.map(({ err }) => err).join(),
    )
  })

test("a program that runs there is not run beside itself: exit 4, and what runs keeps its name", async () => {
  const program = join(directory, "hits.ts")
  writeFileSync(
    program,
    `import { readStream } from "rivulet"
export const hits = readStream("hits", "1s")
export const perLine = hits.map(l => [l, 1] as [string, number]).runningReduce((a, b) => a + b)
`,
  )
  assert.is((await rivulet(["submit", program])).code, 0)
  const ran = await rivulet(["run", program, "-m", cluster.address, "--timeout", "20s"])
  assert.equal([ran.code, ran.err.split("\n")[0]], [4, "rivulet: hits runs there already: perLine"])
  const names = JSON.parse((await rivulet(["streams", "--program", "hits", "-o", "json"])).out.toString()) as { rows: { name: string }[] }
  assert.ok(names.rows.some(({ name }) => name === "perLine") && !names.rows.some(({ name }) => name.includes("~")))
})

test("a watch that ended has left nothing behind, however it ended", async () => {
  const names = async () => (await rivulet(["streams", "-o", "csv"])).out.toString().split("\n").sort()
  const before = (await names()).map(line => line.split(",")[0])
  const watching = (...args: string[]) => rivulet(["watch", "counts.mapValues(n => n + 1).top(1)", ...args])
  const interrupted = rivulet(["watch", "counts.top(2)"], { said: (text, child) => text.includes("rows") && child.kill("SIGINT") })
  const [held, never, thrown, by] = await Promise.all([
    watching("--until", "rows => true"),
    watching("--until", "rows => false", "--for", "100ms"),
    watching("--until", "rows => rows.nope.nope"),
    interrupted,
  ])
  assert.equal([held.code, never.code, thrown.code, by.code], [0, 124, 1, 130])
  assert.match(never.err, /^rivulet: --until rows => false did not hold within 100ms\ntry: /)
  assert.match(thrown.err, /^rivulet: --until rows => rows\.nope\.nope: TypeError: .*\ntry: .*\n$/)
  assert.equal(
    (await names()).map(line => line.split(",")[0]),
    before,
  )
})

test("a watched stream that is stopped: exit 5", async () => {
  await rivulet(["query", "const doomed = views.map(v => [v.ip, 1]).runningReduce((a, b) => a + b)"])
  let stopped: Promise<Ran> | null = null
  const ran = await rivulet(["watch", "doomed"], {
    said: text => {
      if (text.includes("interval")) stopped ??= rivulet(["stop", "doomed", "--yes"])
    },
  })
  assert.equal([ran.code, ran.err], [5, "rivulet: doomed was stopped\ntry: rivulet streams shows those that run\n"])
  assert.is((await stopped!).code, 0)
})

test("an unknown master, or none: exit 3 with what to try, never a cluster of its own", async () => {
  const port = await freePort()
  for (const args of [["query", "1"], ["shell"], ["status"]]) {
    const ran = await rivulet(args, { master: `tcp://127.0.0.1:${port}`, input: "1 + 1\n" })
    assert.equal([args[0], ran.code, ran.out.toString()], [args[0], 3, ""])
    assert.match(ran.err, /no master answers at tcp:\/\/127\.0\.0\.1:\d+\ntry: rivulet up/)
  }
})

test("a port in use: exit 2, and another is proposed", async () => {
  const ran = await rivulet(["master", "--bind", cluster.address, "--dir", join(directory, "second")])
  assert.is(ran.code, 2)
  assert.match(ran.err, /is in use by another process\ntry: /)
})

test("a script of cells: values to stdout, stamps and errors to stderr; the first failure ends it with 1", async () => {
  const loop = 'for (let i = 0; i < 12; i++) await counts.get("/a")'
  const good = await rivulet(["shell"], { input: `const n = 40\nn + 2\n${loop}\ncounts.get("/a")\n` })
  assert.not.match(good.err, /Warning/, "what a cell has asked is let go")
  assert.is(good.code, 0)
  assert.match(good.out.toString(), / {2}42\n {2}3\n/)
  assert.match(good.err, /partitions · memory/)
  const bad = await rivulet(["shell"], { input: "nope()\n1 + 1\n" })
  assert.equal([bad.code, bad.out.toString()], [1, ""])
  const going = await rivulet(["shell", "--keep-going"], { input: "nope()\n1 + 1\n" })
  assert.equal([going.code, going.out.toString()], [1, "  2\n"])
  const left = await rivulet(["shell"], { input: "1 + 1\n.exit\n2 + 2\n" })
  assert.equal([left.code, left.out.toString()], [0, "  2\n"])
  const paged = await rivulet(["shell"], { input: "1 + 1\n.pager\n" })
  assert.is(paged.code, 1)
  assert.match(paged.err, /\.pager is for a terminal/)
})

test("-o json has errors as JSON", async () => {
  const ran = await rivulet(["query", "views.map(async v => v)", "-o", "json"])
  assert.is(JSON.parse(ran.err).code, 2)
})

test("status, streams, workers as data", async () => {
  const workers = JSON.parse((await rivulet(["workers", "-o", "json"])).out.toString())
  assert.equal(workers.rows.map((row: { name: string }) => row.name).sort(), ["w1", "w2"])
  const streams = (await rivulet(["streams"])).out.toString()
  assert.match(streams, /counts +state +1s +running/)
  assert.is((await rivulet(["status", "--check"])).code, 0)
})

test.run()
