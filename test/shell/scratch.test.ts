/** What a command defines and how it ends, by real processes: replace and keep; scratch that says so before it goes. */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"
import { moduleArguments, root } from "../../scripts/places.js"
import { leave } from "../../shell/host/attach-screen.js"

const test = suite("rivulet keep, replace")
let cluster: Embedded
let session: ClientSession

function rivulet(...args: readonly string[]): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const env = { ...process.env, RIVULET_MASTER: cluster.address, RIVULET_SCRATCH_TTL: "4s", USER: "ann" }
  const child = spawn(process.execPath, [...moduleArguments("shell/cli/main"), ...args], {
    ...{ cwd: root, env, stdio: ["ignore", "pipe", "pipe"] },
  })
  let [out, err] = ["", ""]
  child.stdout?.on("data", chunk => {
    out += String(chunk)
  })
  child.stderr?.on("data", chunk => {
    err += String(chunk)
  })
  return new Promise(resolve => child.once("close", code => resolve({ code, out, err })))
}

test.before(async () => {
  cluster = await startEmbedded({ workers: 1, cores: 1 })
  session = await connect(cluster.address, { user: "looker" })
})
test.after(async () => {
  await session.close()
  await cluster.stop()
})

const names = async () => (await session.streams()).map(({ program, name }) => `${program}/${name}`)

test("scratch ends its time after the process that made it, and says so before; what was kept stays", async () => {
  const heard: string[] = []
  const ended = new Promise<void>(resolve => {
    session.calls.onPush(push => {
      if (push.kind !== "event") return
      const { event } = push
      if (event.kind === "warning") heard.push(event.text)
      if (event.kind === "stopped") heard.push(`stopped ${event.stream}`)
      if (event.kind === "stopped" && event.stream === "ann/lengths") resolve()
    })
  })
  const made = await rivulet(
    "query",
    'const views = readStream("views", "1s"); const lengths = views.map(v => [v.length, 1]).runningReduce(sum)',
  )
  assert.is(made.code, 0, made.err)
  await session.streams()
  session
    .stream("ann/views")
    .map(v => [v, 1])
    .runningReduce((a, b) => a + b)
    .named("counts")
    .keep()
  await session.flush()
  await ended
  assert.ok(
    heard.some(text => /^ann\/lengths ends at \S+Z, .* rivulet keep ann\/lengths keeps it$/.test(text)),
    heard.join("\n"),
  )
  assert.ok(heard.findIndex(text => text.startsWith("ann/lengths ends")) < heard.indexOf("stopped ann/lengths"))
  const left = await names()
  assert.ok(left.includes("ann/views") && left.includes("looker/counts"), "what something that stays is made of stays")
  assert.not(left.includes("ann/lengths"))
})

test("old logs and archives that one question opened end with it; what was made of one stays, and a named one", async () => {
  const directory = mkdtempSync(join(tmpdir(), "rivulet-scratch-"))
  const log = join(directory, "old.log")
  writeFileSync(log, "2026-01-01T00:00:00Z a\n2026-01-01T00:00:01Z b\n")
  const history = `readHistory(${JSON.stringify(log)}, "1s", { timestamp: l => l.slice(0, 20) })`
  const range = '.slice("2026-01-01", "2026-01-02")'
  const before = await names()
  const asked = await rivulet("query", `${history}${range}.count()`)
  assert.equal([asked.code, asked.out], [0, "2\n"], asked.err)
  assert.equal(await names(), before)
  const threw = await rivulet("query", `${history}${range}.map(l => l.nothing.at).count()`)
  assert.is(threw.code, 1, threw.out)
  assert.equal(await names(), before)
  const made = await rivulet("query", `const old = ${history}.map(l => [l, 1]).runningReduce(sum); 1 + 1`)
  assert.equal([made.code, made.out], [0, "2\n"], made.err)
  const now = await names()
  assert.ok(now.includes("ann/old") && now.length > before.length + 1, now.join())
  rmSync(directory, { recursive: true })
})

test("replace shows its plan, needs a yes, and puts another function in place; keep keeps", async () => {
  const next = 'stream("ann/views").map(v => [v, 10]).runningReduce((a, b) => a + b)'
  const dry = await rivulet("replace", "looker/counts", next, "--dry-run", "--force")
  assert.equal([dry.code, dry.err], [0, ""])
  assert.match(dry.out, /^~ looker\/counts {2}v1 .* → v2 .* keeps its state\n$/)
  const refused = await rivulet("replace", "looker/counts", next, "--force")
  assert.equal([refused.code, /needs a yes\ntry: --yes/.test(refused.err)], [4, true])
  assert.is((await rivulet("replace", "looker/counts", next, "--yes")).code, 4, "another's")
  const done = await rivulet("replace", "looker/counts", next, "--yes", "--force")
  assert.equal([done.code, /runs as v2 .* from \S+Z/.test(done.err)], [0, true], done.err)
  assert.is((await session.host.catalog()).find(({ definition }) => definition.name === "counts")?.definition.version, 2)
  const kept = await rivulet("keep", "ann/views")
  assert.equal([kept.code, kept.err], [0, "ann/views stays until it is stopped\n"])
  assert.is((await rivulet("keep", "nothing")).code, 2)
})

test("keep and rename say what they would do, refuse another's, and rename with --force", async () => {
  const dryKeep = await rivulet("keep", "ann/views", "--dry-run", "--yes")
  assert.equal([dryKeep.code, dryKeep.out], [0, "would keep ann/views\n"])
  assert.is((await rivulet("keep", "looker/counts", "--dry-run")).code, 4, "another's")
  const others = await rivulet("rename", "looker/counts", "totals")
  assert.equal([others.code, /not yours: looker\/counts \(looker\)\ntry: --force/.test(others.err)], [4, true], others.err)
  assert.is((await rivulet("rename", "looker/counts", "totals", "--dry-run")).code, 4)
  const dry = await rivulet("rename", "looker/counts", "totals", "--dry-run", "--force")
  assert.equal([dry.code, dry.out], [0, "would rename looker/counts to totals\n"])
  assert.ok((await names()).includes("looker/counts"), "nothing was done")
  const done = await rivulet("rename", "looker/counts", "totals", "--force", "--yes")
  assert.equal([done.code, done.err], [0, "looker/counts is now totals\n"])
  assert.ok((await names()).includes("looker/totals"))
  assert.is((await rivulet("rename", "looker/totals", "a/b", "--force")).code, 2)
})

test("Ctrl-D says what goes on, and until when", () => {
  const row = (name: string, lease?: { ttlMs: number }) => ({
    ...{ definition: { owner: "sre", program: "sre", named: true, name }, state: "running", ...(lease && { lease }) },
  })
  const nowMs = Date.UTC(2026, 10, 21, 21, 7)
  const about = { embedded: false, address: "tcp://m:7077", tz: "UTC", nowMs }
  assert.equal(
    leave([row("hot", { ttlMs: 86_400_000 }), row("counts")], about).lines.map(({ text }) => text),
    ["left tcp://m:7077. Still running: counts. Still running until 2026-11-22 21:07:00: hot. rivulet keep sre/hot to keep it."],
  )
  assert.match(leave([], about).lines[0]!.text, /Everything keeps running/)
  assert.match(leave(null, about).lines[0]!.text, /whose master does not answer/)
  assert.is(leave([row("hot")], { ...about, embedded: true }).ask, true)
})

test.run()
