/**
 * Masters that share a journal and a lease in NATS JetStream: one leads, another takes over. With a real server; skipped where none is
 * installed (nats-server), or the packages of its client are not.
 */

import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { openNatsStore, type StoreOptions } from "../../cluster/adapters/nats-store.js"
import type { SharedJournal } from "../../cluster/adapters/shared-journal.js"
import { openSender } from "../../cluster/client/send.js"
import { connect } from "../../cluster/client/session.js"
import type { CandidateOptions } from "../../cluster/master/candidate.js"
import type { WorkerProcessOptions } from "../../cluster/worker/main.js"
import type { RivuletError } from "../../engine/errors.js"
import { freePort } from "../../scripts/free-port.js"
import { modulePath } from "../../scripts/places.js"

const test = suite<{ directory: string }>("a second master")

/** Debian keeps it where not everybody's PATH leads. */
const program = ["nats-server", "/usr/sbin/nats-server"].find(name => {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
})
const can = (() => {
  try {
    for (const name of ["transport-node", "jetstream", "kv"]) import.meta.resolve(`@nats-io/${name}`)
    return program !== undefined
  } catch {
    return false
  }
})()
if (!can) console.log("skipped: nats-server or its client's packages are not installed here")
const installed = can ? test : test.skip

/** Whatever a failed test leaves behind. */
const children: ChildProcess[] = []

test.before.each(context => {
  context.directory = mkdtempSync(join(tmpdir(), "rivulet-nats-"))
})
test.after.each(({ directory }) => {
  for (const child of children.splice(0)) child.kill("SIGKILL")
  rmSync(directory, { recursive: true, force: true })
})

async function startServer(...more: readonly string[]) {
  const port = await freePort()
  const server = spawn(program!, ["-a", "127.0.0.1", "-p", String(port), ...more], { stdio: ["ignore", "ignore", "pipe"] })
  children.push(server)
  const ended = once(server, "exit")
  await new Promise<void>((resolve, reject) => {
    let words = ""
    server.stderr.on("data", chunk => {
      words += String(chunk)
      if (words.includes("Server is ready")) resolve()
    })
    server.once("exit", () => reject(new Error(words)))
  })
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    async stop() {
      server.kill("SIGTERM")
      await ended
    },
  }
}

const open = (url: string, more: Partial<StoreOptions> = {}) =>
  openNatsStore({ url, cluster: "rivulet", begin: false, timeoutMs: 2_000, ...more })

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => "",
    ({ code, message, try: attempt }: RivuletError) => `${code} ${message}; try: ${attempt}`,
  )

async function contents(journal: SharedJournal): Promise<[number, string][]> {
  const all: [number, string][] = []
  for await (const { sequence, record } of journal.read()) all.push([sequence, Buffer.from(record).toString()])
  return all
}

installed("a store that cannot be used says why, and shows no password", async () => {
  const nobody = await freePort()
  assert.match(
    await refusal(open(`nats://me:secret@127.0.0.1:${nobody}`)),
    /^3 the store nats:\/\/127\.0\.0\.1:\d+ cannot be used: .*refused.*nats-server/,
  )
  for (const wrong of ["http://a:1", "nats://a:b:c", "nats://a:99999"])
    assert.match(await refusal(open(wrong)), /^2 --store .*nats:\/\/127/)
  assert.not.match(await refusal(open("nats://me:secret@a b")), /secret/)
  const plain = await startServer("--user", "me", "--pass", "secret")
  assert.match(await refusal(open(plain.url)), /^3 .*does not admit this master.*NATS_CREDS/)
  assert.match(await refusal(open(plain.url.replace("//", "//me:secret@"))), /^2 .*without JetStream; try: nats-server --jetstream/)
  await plain.stop()
})

installed(
  "the journal in a real store: large records, two writers, compaction; two clusters are two, and a wrong name is said",
  async ({ directory }) => {
    const server = await startServer("-js", "-sd", directory)
    const store = await open(server.url)
    assert.is(store.replicas, 1)
    const journal = store.journal()
    assert.equal(await contents(journal), [])
    const large = "x".repeat(3_000_000)
    const outcomes = await Promise.all([1, 2, 3].map(n => journal.append(n, Buffer.from(n === 2 ? large : `r${n}`))))
    assert.equal(outcomes, ["appended", "appended", "appended"])
    const second = await open(server.url)
    const other = second.journal()
    const read = await contents(other)
    assert.equal([read.map(([sequence]) => sequence), read[1]![1].length, read[2]], [[1, 2, 3], large.length, [3, "r3"]])
    assert.is(await other.append(4, Buffer.from("other's")), "appended")
    assert.is(await journal.append(4, Buffer.from("mine")), "conflict")
    for (let n = 5; n <= 300; n++) await other.append(n, Buffer.from(`r${n}`))
    assert.is((await contents(store.journal())).length, 300)
    await other.compact(300)
    assert.equal(await contents(store.journal()), [[300, "r300"]])
    const lease = { holder: "a", address: "tcp://a:1", leaseMs: 1_000, durable: false }
    assert.is(await store.lease.look(), null)
    const revision = (await store.lease.put(lease, 0)) as number
    assert.is(await second.lease.put({ ...lease, holder: "b" }, 0), "conflict")
    assert.equal(await second.lease.look(), { lease, revision })
    assert.type(await second.lease.put({ ...lease, holder: "b" }, revision), "number")
    assert.is(await store.lease.put(lease, revision), "conflict")

    assert.match(
      await refusal(open(server.url, { cluster: "rivulett" })),
      /^2 the store .* has no cluster "rivulett", but rivulet; try: --name rivulet, or --begin/,
    )
    assert.match(await refusal(open(server.url, { cluster: "a.b" })), /^2 --name a\.b.*try: --name a-b/)
    assert.match(await refusal(open(server.url, { cluster: "three", begin: true, replicas: 3 })), /^3 .*replicas > 1 not supported/)
    const two = await open(server.url, { cluster: "two", begin: true })
    assert.equal(await contents(two.journal()), [])
    assert.is(await two.lease.look(), null)
    for (const each of [store, second, two]) await each.close()
    await server.stop()
  },
)

function start(role: "candidate" | "worker", options: CandidateOptions | WorkerProcessOptions) {
  const child = fork(modulePath(`test/cluster/children/${role}`), [JSON.stringify(options)], { stdio: ["ignore", "ignore", "pipe", "ipc"] })
  children.push(child)
  let words = ""
  child.stderr!.on("data", chunk => {
    words += String(chunk)
  })
  const said = (what: RegExp) =>
    new Promise<void>((resolve, reject) => {
      child.once("close", code => reject(new Error(`${role} ended with ${code}: ${words}`)))
      const look = () => {
        if (what.test(words)) resolve()
      }
      child.stderr!.on("data", look)
      look()
    })
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, words }))
  return { child, said, ended }
}

installed(
  "the leading master is killed, then stopped and continued: every line counts once, and who asked is answered",
  async ({ directory }) => {
    const server = await startServer("-js", "-sd", join(directory, "nats"))
    const ports = [await freePort(), await freePort()]
    const addresses = ports.map(port => `tcp://127.0.0.1:${port}`)
    const master = addresses.join(",")
    const candidate = (i: number) => start("candidate", { bind: addresses[i]!, store: server.url, leaseMs: 2_000 })
    const a = candidate(0)
    await a.said(/master of rivulet at .*epoch 1,/)
    const b = candidate(1)
    await b.said(/standing by: tcp:\/\/127\.0\.0\.1:\d+ leads rivulet/)
    for (const name of ["w1", "w2"]) start("worker", { name, master, cores: 1, memoryBytes: 32 * 2 ** 20 })
    const session = await connect(master, { user: "me", program: "p", timeoutMs: 20_000 })
    const lines = session.readStream("lines", "250ms").named("lines")
    const counts = lines
      .map((line): [string, number] => [line.split(" ")[0]!, 1])
      .runningReduce((x, y) => x + y)
      .named("counts")
    const out = join(directory, "out")
    lines.save(out).named("saved")
    await session.flush()
    const sender = await openSender(session, "lines")
    let sent = 0
    const send = async (count: number) => {
      await sender.write(Buffer.from(Array.from({ length: count }, () => `k${sent % 7} ${sent++}\n`).join("")))
    }
    const total = async () => (await counts.latest().collect()).reduce((sum, [, n]) => sum + n, 0)
    /** Asked again and again: some of the questions are under way when the master ends. */
    const untilCounted = async () => {
      await sender.flush()
      while ((await total()) < sent);
    }
    await send(100)
    await untilCounted()

    const asked = total()
    a.child.kill("SIGKILL")
    await send(100)
    assert.ok((await asked) >= 100)
    await b.said(/master of rivulet at .*epoch 2,/)
    await send(100)
    await untilCounted()

    const again = candidate(0)
    await again.said(/standing by/)
    b.child.kill("SIGSTOP")
    await send(100)
    await again.said(/master of rivulet at .*epoch 3,/)
    await untilCounted()
    b.child.kill("SIGCONT")
    const { code, words } = await b.ended
    assert.is(code, 4)
    assert.match(words, /leads no more: |another master has appended to the journal/)
    await send(100)
    await untilCounted()
    await sender.close()

    assert.is(await total(), 500)
    const kept = (await lines.last("1h").collect()).map(line => Number(line.split(" ")[1])).sort((x, y) => x - y)
    assert.equal(kept, [...Array(500).keys()])
    const saved = () =>
      readdirSync(out)
        .filter(name => !name.startsWith("."))
        .flatMap(name => readFileSync(join(out, name), "utf8").split("\n").filter(Boolean))
        .map(row => Number(JSON.parse(row).split(" ")[1]))
    while (saved().length < sent) await total()
    assert.equal(
      saved().sort((x, y) => x - y),
      kept,
      "and saved once",
    )
    await session.close()
    again.child.kill("SIGTERM")
    assert.is((await again.ended).code, 143)
    await server.stop()
  },
)

installed("who leads, who stands by, and that one took over can be asked for", async ({ directory }) => {
  const server = await startServer("-js", "-sd", join(directory, "nats"))
  const addresses = [await freePort(), await freePort(), await freePort()].map(port => `tcp://127.0.0.1:${port}`)
  const [first, second, third] = addresses as [string, string, string]
  const candidate = (bind: string) => start("candidate", { bind, store: server.url, leaseMs: 1_500 })
  const a = candidate(first)
  await a.said(/epoch 1,/)
  const session = await connect(addresses.join(","), { user: "me", program: "p", timeoutMs: 20_000 })
  const told = async (...kinds: readonly string[]) =>
    (await session.events({ after: 0, sinceMs: 0, kinds, stream: null })).map(({ event }) => event)
  /** Who leads, then who stands by, by their ports. */
  const untilMasters = async (...wanted: readonly string[]) => {
    for (;;) {
      const { masters } = await session.status()
      if (masters === undefined) continue
      assert.is(masters.host, hostname())
      if ([masters.address, ...masters.standbys.map(({ address }) => address)].join() === [wanted[0], ...wanted.slice(1).sort()].join())
        return masters
    }
  }
  await untilMasters(first)
  const b = candidate(second)
  const c = candidate(third)
  const all = await untilMasters(first, second, third)
  assert.ok(all.sinceMs <= all.standbys[0]!.sinceMs)

  c.child.kill("SIGKILL")
  await untilMasters(first, second)
  const again = candidate(third)
  await untilMasters(first, second, third)
  again.child.kill("SIGTERM")
  await untilMasters(first, second)
  const kinds = (await told("standsBy", "standbyLost")).map(({ kind }) => kind)
  assert.equal(kinds.slice(-4), ["standsBy", "standbyLost", "standsBy", "standbyLost"])

  a.child.kill("SIGKILL")
  const taken = await untilMasters(second)
  assert.equal([all.epoch, taken.epoch], [1, 2])
  assert.equal(
    await told("masterStarted"),
    [first, second].map((address, i) => ({ kind: "masterStarted", epoch: i + 1, host: hostname(), address })),
  )
  await session.close()
  b.child.kill("SIGTERM")
  await b.ended
  await server.stop()
})

test.run()
