/** What sharing and the command line promise, each by its number (docs/testing.md), by real processes. */
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Welcome } from "../../cluster/client/call.js"
import type { CallAnswer } from "../../cluster/client/calls.js"
import { openCalls } from "../../cluster/client/session.js"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"
import type { Request } from "../../cluster/protocol.js"
import { openTerminal } from "../../scripts/headless-terminal.js"
import { moduleArguments, root } from "../../scripts/places.js"
import { type Feed, openFeed, openShell, rivulet, type TestShell, visit } from "./checks-kit.js"

const test = suite("checks: sharing and the command line")
const directory = mkdtempSync(join(tmpdir(), "rivulet-checks-"))
const program = join(directory, "page-views.ts")
let cluster: Embedded
let ann: TestShell
let feed: Feed
/** As somebody, against the cluster. */
const as = (user: string) => ({
  env: { USER: user, RIVULET_MASTER: cluster.address, XDG_STATE_HOME: directory, XDG_CONFIG_HOME: directory },
})

test.before(async () => {
  cluster = await startEmbedded({ workers: 2, cores: 1, memoryBytes: 64 * 2 ** 20 })
  writeFileSync(
    program,
    `import { readStream } from "rivulet"
export const views = readStream("views", "200ms", { format: "combined", archive: ${JSON.stringify(join(directory, "archive"))} })
export const counts = views.map(v => [v.url, 1]).runningReduce((a, b) => a + b)
`,
  )
  const submitted = await rivulet(["submit", program], as("ann"))
  assert.is(submitted.code, 0, submitted.err)
  ann = await openShell(cluster, "ann")
  feed = await openFeed(cluster, "views")
  await feed.send(["/a", "/b", "/a", "/c", "/a"].map((url, i) => visit(url, i)))
  await ann.until('counts.get("/a")', said => said.startsWith("  3\n"))
})
test.after(async () => {
  await feed?.close()
  await ann?.close()
  await cluster.stop()
  rmSync(directory, { recursive: true, force: true })
})

test("21: a second shell sees the first one's stream by name, with its fields", async () => {
  await ann.run("const slow = views.map(v => ({ page: v.url, ms: v.bytes }))")
  const bob = await rivulet(["shell"], { ...as("bob"), input: 'counts.get("/a")\n.schema slow\n' })
  assert.match(bob.out, /^ {2}3\n/, bob.err)
  assert.match(bob.out, /page +string .*\n +ms +number/)
})

test("a program that an attached shell saves runs: others' streams by their names and types, what was adopted as it is now", async () => {
  await ann.run("const methods = views.map(v => [v.method, 1])")
  await ann.run("const perMethod = methods.runningReduce(sum)")
  await ann.run("const most = counts.top(3)")
  await ann.run(".edit methods views.map(v => [v.method, 2])")
  await ann.run(".adopt methods")
  const saved = join(directory, "saved.ts")
  assert.match(await ann.run(`.save ${saved}`), /; of the cluster's streams page-views\/views, page-views\/counts\n/)
  const text = readFileSync(saved, "utf8")
  assert.match(text, /^const views = stream<AccessLog>\("page-views\/views"\)\nconst counts = state</m)
  assert.match(text, /^export const methods = views\.map\(v => \[v\.method, 2\]\)$/m)
  const submitted = await rivulet(["submit", saved], as("ann"))
  assert.is(submitted.code, 0, submitted.err)
  // Of two streams of a name the shell's own is meant where it has one.
  assert.match(await ann.run(".source methods"), /v\.method, 2/)
})

test("a notebook that runs on a cluster which goes on leaves nothing there, whether its cells fail or not", async () => {
  const names = async () => (await ann.host.session.streams()).map(({ program, name }) => `${program}/${name}`).sort()
  const before = await names()
  const page = join(directory, "page.md")
  const cells = ["const byIp = views.map(v => [v.ip, 1])", "const perIp = byIp.runningReduce(sum)", "(await perIp.info()).program", "nope"]
  writeFileSync(page, cells.map(cell => `\`\`\`ts\n${cell}\n\`\`\`\n`).join("\n"))
  const ran = await rivulet(["run", page, "-m", cluster.address], as("ann"))
  assert.equal([ran.code, ran.out], [1, `"notebook"\n`], ran.err)
  assert.match(ran.err, /nope is not defined/)
  assert.equal(await names(), before)
  writeFileSync(page, "```ts\nconst perAddress = views.map(v => [v.ip, 1]).runningReduce(sum)\n```\n```ts\nperAddress.keep()\n1\n```\n")
  assert.is((await rivulet(["run", page, "-m", cluster.address], as("ann"))).code, 0)
  assert.ok((await names()).includes("notebook/perAddress"), "it said that it stays")
})

test("a panel's stream that is shared has a name on the cluster, by which others watch it", async () => {
  const said = await ann.run(".share counts.top(2) as hottest")
  assert.match(said, /rivulet watch -m tcp:\S+ ann\/hottest\n/)
  assert.match(await ann.run(".share views.map(v => v.url)"), /no name that others could say/)
  const watched = await rivulet(["watch", "ann/hottest", "-o", "ndjson", "--until", "rows => rows.length > 0"], as("bob"))
  assert.is(watched.code, 0, watched.err)
  assert.match(watched.out, /"rows":\[\["\/a",3\]/)
})

test("who may only read watches what needs no definition of its own, and is told when it does", async () => {
  const reads = (...args: string[]) => rivulet([...args, "--read-only"], as("bob"))
  const watched = await reads("watch", "counts.top(1)", "-o", "ndjson", "--until", "rows => rows.length > 0")
  assert.is(watched.code, 0, watched.err)
  assert.match(watched.out, /"rows":\[\["\/a",\d+\]\]/)
  for (const command of ["query", "watch"]) {
    const refused = await reads(command, "views.map(v => [v.url, 1]).runningReduce(sum)")
    assert.is(refused.code, 4, `${command}: ${refused.out}`)
    assert.match(refused.err, /defining streams is not reading/)
  }
})

test("an answer is pinned: others ask for it as it was, also when what it was made of has gone on", async () => {
  await ann.run("const flags = views.map(v => [v.url, 1]).runningReduce(sum)")
  await ann.until('flags.get("/a")', said => said.startsWith("  3\n"))
  await ann.run("flags.latest().top(2)")
  const said = await ann.run(".pin")
  const [, address, id] = /query -m (tcp:\S+) (@[0-9a-f]{6})\n/.exec(said) ?? []
  assert.match(said, /Out\[\d+\], 2 rows, kept as long as .*; \.keep pin-/)
  assert.is(await ann.run(".pin"), said, "the same answer is the same pin")
  assert.match(await ann.run(".pin as flags"), /ann\/flags is there already, and is not this answer/)
  await ann.run("const flags = views.map(v => [v.url, 2]).runningReduce(sum)")
  await ann.until('flags.get("/a")', said => said.startsWith("  6\n"))
  const asked = await rivulet(["query", "-m", address!, id!], as("bob"))
  assert.equal([asked.code, asked.out], [0, '["/a",3]\n["/b",1]\n'], asked.err)
  await ann.run("flags.slice('-1s').count()")
  assert.match(await ann.run(".pin as series"), /'stream\("ann\/series"\)\.latest\(\)'/)
  const series = await rivulet(["query", 'stream("ann/series").latest()'], as("bob"))
  assert.match(series.out, /^\{"interval":.*"value":3\}\n/, `${series.code} ${series.out} ${series.err}`)
  const gone = await rivulet(["query", "@000000"], as("bob"))
  assert.equal([gone.code, gone.err.includes("@000000: no such answer is kept")], [5, true], gone.err)
  await ann.run(".stop flags")
})

test("25: who is attached read-only asks what is understood; the master refuses the rest, and says what of it", async () => {
  const read = (expression: string) => rivulet(["query", "--read-only", "-o", "ndjson", expression], as("bob"))
  const known = await read('views.last("10m").filter(v => v.url === "/a").count()')
  assert.equal([known.code, known.out], [0, "3\n"], known.err)
  const beyond = await read('views.last("10m").filter(v => /a/.test(v.url)).count()')
  assert.is(beyond.code, 4)
  assert.match(beyond.err, /attached read-only: the function v => \/a\/\.test\(v\.url\) uses a regular expression/)
  assert.is((await read("const mine = views.map(v => [v.url, 1]).runningReduce(sum)")).code, 4)
})

test("22: another's stream is not stopped without --force, nor one that others use; those are named before anybody is asked", async () => {
  await ann.run("const kept = views.map(v => [v.status, 1]).runningReduce(sum)")
  await ann.run("const doubled = kept.mapValues(n => n * 2).persist()")
  for (const [more, code, says] of [
    [[], 4, /ann\/kept is used by ann\/doubled\ntry: stop those first; --cascade/],
    [["--dry-run"], 4, /ann\/kept is used by ann\/doubled/],
    [["--cascade"], 4, /stop ann\/kept ann\/doubled: needs a yes\ntry: --yes/],
    [["--cascade", "--dry-run"], 0, /would stop ann\/kept\nwould stop ann\/doubled/],
  ] as const) {
    const asked = await rivulet(["stop", "ann/kept", ...more], as("ann"))
    assert.match(`${asked.err}${asked.out}`, says, more.join(" "))
    assert.is(asked.code, code, more.join(" "))
  }
  assert.is((await rivulet(["stop", "ann/doubled", "--yes"], as("ann"))).code, 0)
  const refused = await rivulet(["stop", "kept", "--yes"], as("bob"))
  assert.is(refused.code, 4)
  assert.match(refused.err, /not yours: ann\/kept \(ann\)\ntry: --force/)
  const inShell = await rivulet(["shell"], { ...as("bob"), input: 'stream("ann/kept").stop()\n' })
  assert.is(inShell.code, 1)
  assert.match(inShell.err, /not yours: ann\/kept \(ann\)/)
  assert.match(await ann.run(".streams"), /kept +state .* running/)
  assert.is((await rivulet(["stop", "kept", "--yes", "--force"], as("bob"))).code, 0)
})

test("24: replace keeps state and what depends on it, at an interval's boundary", async () => {
  await ann.run("const ones = views.map(v => [v.url, 1])")
  await ann.run("const total = ones.runningReduce(sum)")
  const pinned = await ann.run("const big = total.filter(([, n]) => n > 1).persist()")
  assert.match(pinned, /^big {3}snapshot · 200ms · from /m, "it runs")
  await ann.until('total.get("/a")', said => said.startsWith("  3\n"))
  const plan = await ann.run("const plan = await ones.replace(views.map(v => [v.url, 10]))")
  assert.not.match(plan, /rror/)
  const at = Number((await ann.run("plan.at")).replaceAll(/\D/g, ""))
  assert.is(at % 200, 0, "a boundary")
  await feed.send([visit("/a", 10), visit("/d", 11)])
  await ann.until('total.get("/d")', said => said.startsWith("  10\n"))
  assert.match(await ann.run('total.get("/a")'), /^ {2}13\n/, "3 of before, 10 of now")
  await ann.until("big.latest().collect()", said => /\/a +13/.test(said))
})

test(".edit gives the text and tries another; .adopt, .rename, .bg, .mode do as they say; what is hidden or indexed is said", async () => {
  await ann.run("const paths = views\n  .map(v => [v.url, 1])")
  await ann.run("const sums = paths.runningReduce(sum)")
  await ann.until('sums.get("/a")', said => /^ {2}\d/.test(said))
  assert.is(await ann.run(".edit paths"), "  .edit paths\n  views\n    .map(v => [v.url, 1])\n")
  const tried = await ann.run(".edit paths views.map(v => [v.url, v.url === '/a' ? 2 : 1])")
  assert.match(tried, /~ ann\/paths {2}v1 .* → v2 .*\n {2}= ann\/sums {2}unchanged/)
  assert.match(tried, /: its records\n {4}(\d+) the same · (\d+) only before · \2 only after\n {4}- \["\/a", 1\]\n {4}\+ \["\/a", 2\]\n/)
  // What is adopted is what is edited next, though a cell says otherwise; until another cell does.
  await ann.run("const weights = views.map(v => [v.url, 1])")
  await ann.run("const weighed = weights.runningReduce(sum)")
  await ann.run(".edit weights views.map(v => [v.url, 2])")
  await ann.run(".adopt weights")
  assert.is(await ann.run(".edit weights"), "  .edit weights\n  views.map(v => [v.url, 2])\n")
  assert.match(await ann.run(".stop weights cascade"), /stopped weights, weighed · .undo calls them back/)
  await ann.run("const weights = views.map(v => [v.url, 3])")
  assert.is(await ann.run(".edit weights"), "  .edit weights\n  views.map(v => [v.url, 3])\n")
  assert.match(await ann.run(".error weights"), /\.error shows this shell's last error, not one of weights/)
  // Declared again: what was made of the former goes on with it, until it is to be made of the new one.
  const before = Number(/ (\d+)\n/.exec(await ann.run('sums.get("/a")'))![1])
  await ann.run("const paths = views.map(v => [v.url, 5])")
  const adopted = await ann.run(".adopt paths")
  assert.match(adopted, /~ ann\/paths~1 .*\n {2}= ann\/sums {2}unchanged, not touched\n +runs from /)
  await feed.send([visit("/a", 12)])
  await ann.until('sums.get("/a")', said => said.startsWith(`  ${before + 5}\n`))
  assert.match(await ann.run(".adopt sums"), /nothing was tried for sums, and nothing runs on a former sums/)

  const bars = await ann.run(".jobs sums")
  assert.match(bars, /^ann\/sums · 0\.20 s intervals · newest first .*\n( \d\d:\d\d:\d\d\S* +\d+\.\d\d s {2}[░▒█]+ .*\d+ of \d+.*\n)+/)
  assert.match(bars, / last \d+: median \d\.\d\d s · p95 /)
  assert.match(
    await ann.run(".jobs sums now"),
    /^ann\/sums\[\S+\] · done · .*\n {2}reduceByKey\.state +█{8} \d of \d .*\n {2}└─ input\.map +█{8} /,
  )
  const jobs = await rivulet(["jobs", "sums", "--last", "1h", "-o", "ndjson"], as("bob"))
  assert.match(jobs.out, /^\{"stream":"ann\/sums","interval":\["\S+Z","\S+Z"\],"state":"done","stages":\[\{"name":"/, jobs.err)

  assert.is(await ann.run(".rename sums summed"), "  ann/sums is now summed\n")
  await ann.until('summed.get("/a")', said => said.startsWith(`  ${before + 5}\n`))
  assert.match(await ann.run('summed["/a"]'), /summed is no map, and has no property "\/a": summed\.get\("\/a"\) asks/)
  assert.match(await ann.run("const paths = 3"), /paths is no stream here now; ann\/paths goes on: stream\("ann\/paths"\)/)

  assert.match(await ann.run('.bg summed.get("/a")'), /\.bg 1 is under way/)
  await ann.until("1", () =>
    new RegExp(`● \\.bg 1 is there after [\\d.]+ s · summed.get.*\\n {2}${before + 5}\\n.*Out\\[`).test(ann.printed()),
  )
  assert.match(await ann.run(".bg new Promise(() => {})"), /\.bg 2 is under way/)
  assert.match(await ann.run(".bg"), /^ {2}2 {2}[\d.]+ s {2}new Promise/)
  await ann.run(".bg stop 2")
  await ann.until("1", () => /● \.bg 2 stopped after /.test(ann.printed()))
  assert.match(await ann.run(".bg 1 + 1"), /1 \+ 1 is no question/)
  await ann.run(".mode json")
  assert.match(await ann.run("[['/a', 1n]]"), /^ {2}\["\/a",1\]\n/)
  await ann.run(".mode line")
  assert.match(await ann.run("[{ url: '/a', n: 1 }]"), /^ {2}─ 1 ─\n {2}url {2}\/a\n {2}n {4}1\n/)
  await ann.run(".mode table")
})

test("35: a reader that goes away after the first line is no error", async () => {
  const ran = await rivulet(["query", "Array.from({ length: 200000 }, (_, i) => i)"], { ...as("bob"), head: true })
  assert.equal([ran.code, ran.err], [0, ""])
})

test("--partial: what is there when the time is over, exit 5, and how much is not", async () => {
  const slow = "parallelize([1, 2, 3, 4], 4).map(n => { for (let i = 0; n === 4 && i < 1e12; i++); return n }).count()"
  const ran = await rivulet(["query", "--partial", "--timeout", "2s", slow], as("bob"))
  assert.equal([ran.code, /^[0-3]\n$/.test(ran.out)], [5, true], `${ran.out}${ran.err}`)
  assert.match(ran.err, /incomplete: \d of 4 partitions were not ready: /)
  const whole = await rivulet(["query", "--partial", "--timeout", "20s", "parallelize([1, 2, 3], 3).count()"], as("bob"))
  assert.equal([whole.code, whole.out], [0, "3\n"], whole.err)
})

test("36: no colour and no spinner in a pipe", async () => {
  for (const args of [
    ["query", "counts.latest().top(3)", "-o", "table", "--stamp"],
    ["why", "counts"],
    ["streams"],
    ["nothing-of-this-name"],
  ]) {
    const ran = await rivulet(args, as("bob"))
    assert.is(ran.code, args[0] === "nothing-of-this-name" ? 2 : 0, ran.err)
    assert.not.match(ran.out + ran.err, /[\x1b\r]/)
  }
})

test("37: a wrong key is exit 3 with a clear text; one that is admitted to read changes nothing", async () => {
  const home = (name: string) => ({ XDG_CONFIG_HOME: join(directory, name) })
  const owner = await rivulet(["keys", "new", "owner"], { env: home("owner") })
  assert.is(owner.code, 0, owner.err)
  const stranger = await rivulet(["keys", "new"], { env: home("stranger") })
  const args = [...moduleArguments("shell/cli/main"), "master", "--bind", "tcp://127.0.0.1:0", "--key", "owner"]
  const master = spawn(process.execPath, [...args, "--dir", join(directory, "keyed")], {
    cwd: root,
    env: { ...process.env, ...home("owner") },
  })
  const address = await new Promise<string>(resolve => {
    let said = ""
    const hear = (chunk: Buffer) => {
      said += chunk.toString()
      const found = /tcp:\/\/127\.0\.0\.1:\d+(#[\w-]{43})?/.exec(said)
      if (found) resolve(found[0])
    }
    master.stdout.on("data", hear)
    master.stderr.on("data", hear)
  })
  const ended = new Promise(resolve => master.once("exit", resolve))
  try {
    const refused = await rivulet(["query", "1", "-m", address], { env: home("stranger") })
    assert.is(refused.code, 3, refused.err)
    assert.match(refused.err, /allowed keys/)
    assert.ok(refused.err.includes(`try: on its machine: rivulet keys allow ${stranger.out.trim()}`), refused.err)

    // Admitted to read: whatever the client says of itself, and as the list is by now.
    const allow = (...how: string[]) => rivulet(["keys", "allow", stranger.out.trim(), "bob", ...how], { env: home("owner") })
    assert.is((await allow("--read-only")).code, 0)
    const { publicKey, secretKey } = JSON.parse(readFileSync(join(directory, "stranger", "rivulet", "keys", "default.key"), "utf8"))
    const calls = await openCalls(address, { user: "bob", curve: { pair: { publicKey, secretKey }, gate: () => null } })
    const welcome = (await calls.call({ kind: "connect", timeoutMs: 20_000 })).value as Welcome
    assert.is(welcome.readOnly, true)
    const request = (body: Request) => calls.call({ kind: "request", body }).catch((error: Error) => error.message)
    assert.equal(((await request({ kind: "catalog" })) as CallAnswer).value, [])
    const stop: Request = { kind: "stop", streams: ["ann/views"], cascade: false, by: "ann", force: true }
    assert.is(await request(stop), "your key may only read: stop is not reading")
    assert.is((await allow()).code, 0)
    let said: unknown
    do said = await request(stop)
    while (String(said).startsWith("your key"))
    assert.match(String(said), /ann\/views/)
    await calls.close()
  } finally {
    master.kill()
    await ended
  }
})

test("--plain: a line that begins with a dot goes on with the last expression, or is a command, over several lines too; .detach leaves", async () => {
  const args = [...moduleArguments("shell/cli/main"), "shell", "--plain"]
  const on = openTerminal({ args, columns: 100, rows: 30, env: as("bob").env })
  await on.until(lines => lines.some(line => /^\S+> $|^\S+>$/.test(line)))
  const shows = async (text: string, what: RegExp) => {
    on.type(text)
    await on.until(lines => lines.some(line => what.test(line)))
  }
  await shows("counts.latest()\r", /^ {2}.*partitions/)
  await shows(".top(1)\r", /^ {2}\/a +\d+$/)
  on.type(".map(([url, n]) =>\r")
  await shows("  n * 1000)\r", /^ {2}\d[ \u00a0\u202f]?000$/)
  await shows(".streams\r", /counts +state .* running/)
  assert.not.match(on.lines().join("\n"), /Invalid|rror/)
  on.type(".detach\r")
  assert.is((await on.ended).code, 0)
})

test("a bare state shows ten rows, and of how many; what shows all does not say so", async () => {
  await ann.run("const many = views.flatMap(v => Array.from({ length: 12 }, (_, i) => [v.url + i, 1])).runningReduce(sum)")
  await feed.send([visit("/z", 0)])
  await ann.until("many", said => /\n {2}10 of \d\d · \d\d:/.test(said))
  assert.not.match(await ann.run("many.filter(([url]) => url === '/z3')"), / of 1 · \d\d:/)
  assert.match(await ann.run(".stop many"), /stopped many/)
})

test("38: watch --until ends with 0", async () => {
  const ran = await rivulet(["watch", "counts.top(1)", "--changes", "--until", "rows => rows[0]?.[1] >= 3"], as("bob"))
  assert.is(ran.code, 0, ran.err)
  assert.match(ran.out, /^\{"interval":\[[^\]]*\],"changes":\[\{"key":"\/a","after":\d+,"delta":\d+\}\]\}\n/)
})

test("40: a replay from an archive compared with what ran live, whoever was killed meanwhile, and with what was submitted later: 0 differ", async () => {
  await ann.until('counts.get("/d")', said => said.startsWith("  1\n"))
  await cluster.kill("w2")
  await feed.send([visit("/e", 12)])
  await ann.until('counts.get("/e")', said => said.startsWith("  1\n"))
  await cluster.kill("master")
  await feed.send([visit("/e", 13)])
  await ann.until('counts.get("/e")', said => said.startsWith("  2\n"))
  const later = join(directory, "later.ts")
  const again = `const ones = views.map(v => [v.url, 1])
export const again = ones.runningReduce((a, b) => a + b)
export const recent = ones.reduceByWindow("1s", (a, b) => a + b, (a, b) => a - b)
export const seen = ones.track(() => 1, (_, n) => n + 1, "600ms")
export const share = ones.reduceByKey((a, b) => a + b).join(again).mapValues(([now, all]) => now / all)
`
  writeFileSync(later, `import { readStream } from "rivulet"\nconst views = readStream("views", "200ms", { format: "combined" })\n${again}`)
  const submitted = await rivulet(["submit", later, "--from", "archive"], as("ann"))
  assert.is(submitted.code, 0, submitted.err)
  assert.match(submitted.err, /later runs: \d added · 1 unchanged\n/)
  for (const name of ["again", "recent", "seen"]) assert.match(submitted.err, new RegExp(`^  ${name} from \\d{4}-`, "m"))
  await feed.send([visit("/e", 14)])
  await ann.until('state("later/again").get("/e")', said => said.startsWith("  3\n"))
  await ann.until('counts.get("/e")', said => said.startsWith("  3\n"))
  const archive = join(directory, "archive", "views")
  const both = join(directory, "both.ts")
  writeFileSync(both, `${readFileSync(program, "utf8")}${again}`)
  const ran = await rivulet(["replay", both, "--input", `views=archive:${archive}`, "--compare", cluster.address], as("ann"))
  assert.is(ran.code, 0, ran.err)
  const compared = ran.out.split("\n").flatMap(line => (line.includes('"differ":') ? [JSON.parse(line)] : []))
  assert.equal(
    compared.map(({ stream, differ, same }) => [stream, differ, same > 0]).sort(),
    [
      ["again", 0, true],
      ["counts", 0, true],
      ["recent", 0, true],
      ["seen", 0, true],
      ["share", 0, true],
      ["views", 0, true],
    ],
    ran.out,
  )
})

test("a worker is drained: .undo calls it back; else it leaves, nothing is missing, and the last one stays", async () => {
  // One worker alone has nobody to copy to.
  assert.match(await ann.run(".events counts checkpointed"), /page-views\/counts checkpointed through /)
  assert.match(await ann.run(".drain w2"), /^ {2}w2 gets nothing new; .* Undo: \.undo\n$/)
  assert.match(await ann.run(".workers"), /w2 +DRAINING .*\n(.*\n)* {2}w2: being drained since .* It stays: \.undo/)
  assert.match(await ann.run(".undo"), /^ {2}w2 goes on\n$/)
  assert.not.match(await ann.run(".workers"), /DRAINING|being drained/)
  const before = await ann.run("counts.latest().top(10)")
  const drained = await rivulet(["drain", "w2", "--yes"], as("bob"))
  assert.is(drained.code, 0, drained.err)
  assert.match(drained.err, /^w2 gets nothing new; \d+ of its blocks are copied to w1\nw2 has left; nothing is missing\n$/)
  // Its process ends, and is not started again.
  while (cluster.processes().has("w2")) await ann.run("1")
  assert.is(rowsOf(await ann.run("counts.latest().top(10)")), rowsOf(before))
  await feed.send([visit("/e", 15)])
  await ann.until('counts.get("/e")', said => said.startsWith("  4\n"))
  const last = await rivulet(["worker", "drain", "w1", "--yes"], as("bob"))
  assert.is(last.code, 4)
  assert.match(last.err, /w1 cannot be drained: there is no other worker to take its place\ntry: rivulet worker/)
  const told = await rivulet(["events", "--kind", "draining,staying", "--kind", "drained", "-o", "ndjson"], as("bob"))
  assert.equal(
    told.out
      .split("\n")
      .flatMap(text => (text === "" ? [] : [JSON.parse(text)]))
      .map(({ kind, name, by }) => [kind, name, by].join(" ")),
    ["draining w2 ann", "staying w2 ann", "draining w2 bob", "drained w2 "],
    told.err,
  )
})

test("what happened is told by kind and stream, also by a master that was started again", async () => {
  // The master was killed since.
  assert.match(await ann.run(".events submitted masterStarted"), /ann submitted page-views\n(.*\n)*.*the master started \(epoch \d\)/)
  assert.match(await ann.run(".events views sealed"), /page-views\/views sealed \d.*: \d+ rec/)
  assert.not.match(await ann.run(".events"), /sealed|checkpointed/)
  assert.match(await ann.run(".events seeled"), /no stream .*seeled/)
  const wrong = await rivulet(["events", "--kind", "seeled"], as("bob"))
  assert.is(wrong.code, 2)
  assert.match(wrong.err, /seeled is no kind of event\ntry: sealed/)
})

/** Without the stamp. */
const rowsOf = (printed: string): string => printed.split("\n").slice(0, -2).join("\n")

test.run()
