import { fork } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { ClientPush } from "../../cluster/client/call.js"
import { openSender } from "../../cluster/client/send.js"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { startEmbedded } from "../../cluster/embedded.js"
import type { StateDStream } from "../../engine/fluent/types.js"
import { modulePath } from "../../scripts/places.js"

const test = suite("an embedded cluster")

/** Running counts of words, and a way to wait until they contain all that was acked. */
async function wordCount(session: ClientSession) {
  const lines = session.readStream("lines", "1s")
  session.name(lines, "lines")
  const words = lines.flatMap(line => line.split(" ")).map((word): [string, number] => [word, 1])
  const counts = words.runningReduce((a, b) => a + b)
  session.name(counts, "counts")
  await session.flush()
  return counts
}

/** Resolves when the master knows that the worker has died: before, all seems to be well. */
function lossOf(session: ClientSession, name: string): Promise<void> {
  return new Promise(resolve => {
    session.calls.onPush(push => {
      if (push.kind === "event" && push.event.kind === "workerLost" && push.event.name === name) resolve()
    })
  })
}

/** Resolves when all workers are up and every block has its two holders again: only then may the next one die. */
async function repaired(session: ClientSession): Promise<void> {
  for (;;) {
    const { warnings, workers } = await session.status()
    if (warnings.length === 0 && workers.filter(({ state }) => state === "up").length === 3) return
  }
}

/** The newest version once it has as many lines as were acked: a batch may be admitted after a crash, some intervals late. */
async function settled(session: ClientSession, counts: StateDStream<string, number>, lines: number): Promise<[string, number][]> {
  let intervals = 0
  await new Promise<void>((resolve, reject) => {
    const subscription = session.onCompleted(counts, async () => {
      try {
        const seen = (await counts.get("all")) ?? 0
        if (seen < lines && ++intervals < 60) return
        await (await subscription).stop()
        resolve()
      } catch (error) {
        reject(error)
      }
    })
    subscription.catch(reject)
  })
  const all = await counts.latest().collect()
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** What plain arrays give. */
function countOf(lines: readonly string[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const word of lines.flatMap(line => line.split(" "))) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
}

const someLines = (n: number, from = 0) => Array.from({ length: n }, (_, i) => `all w${(from + i) % 7} ${from + i} ünï`)

test("a worker that is killed while lines come: every acked line is counted once", async () => {
  const cluster = await startEmbedded({ workers: 3, cores: 1, memoryBytes: 64 * 2 ** 20 })
  const session = await connect(cluster.address, { user: "u", program: "p" })
  const counts = await wordCount(session)
  const sender = await openSender(session, "lines")
  const lost = lossOf(session, "w2")
  const all: string[] = []
  for (let round = 0; round < 30; round++) {
    const lines = someLines(200, round * 200)
    all.push(...lines)
    await sender.write(Buffer.from(`${lines.join("\n")}\n`))
    await sender.flush()
    if (round === 10) await cluster.kill("w2")
    if (round !== 20) continue
    await lost
    await repaired(session)
    await cluster.kill("w1", { restart: false })
  }
  await sender.close()
  assert.is(sender.counters().acked, all.length)
  assert.equal(await settled(session, counts, all.length), countOf(all))
  assert.equal([...cluster.processes().keys()].sort(), ["master", "w2", "w3"])
  await session.close()
  await cluster.stop()
})

test("a master that is killed goes on from its journal", async () => {
  const cluster = await startEmbedded({ workers: 2, cores: 1, memoryBytes: 64 * 2 ** 20 })
  const session = await connect(cluster.address, { user: "u", program: "p" })
  const counts = await wordCount(session)
  const sender = await openSender(session, "lines")
  const before = someLines(500)
  await sender.write(Buffer.from(`${before.join("\n")}\n`))
  await sender.flush()
  await cluster.kill("master")
  const after = someLines(500, 500)
  await sender.write(Buffer.from(`${after.join("\n")}\n`))
  await sender.close()
  assert.equal(await settled(session, counts, before.length + after.length), countOf([...before, ...after]))
  await session.close()
  await cluster.stop()
})

test("its processes end with the one that started it, SIGKILL included, and leave no directory", async () => {
  const owner = fork(modulePath("test/cluster/children/owner"))
  const { pids, directory } = await new Promise<{ pids: number[]; directory: string }>(resolve => {
    owner.once("message", message => resolve(message as { pids: number[]; directory: string }))
  })
  assert.ok(pids.every(isAlive))
  owner.kill("SIGKILL")
  // Nobody is left who could tell: look until it is so.
  while (pids.some(isAlive) || existsSync(directory)) await new Promise(resolve => setTimeout(resolve, 20))
})

test("who is attached hears that it ends, and whose it was", async () => {
  const cluster = await startEmbedded({ workers: 1 })
  const session = await connect(cluster.address, { user: "another", program: "p" })
  const heard = new Promise<ClientPush>(resolve => {
    session.calls.onPush(push => {
      if (push.kind === "connection" || (push.kind === "event" && push.event.kind === "ending")) resolve(push)
    })
  })
  await cluster.stop()
  assert.equal(await heard, { kind: "event", event: { kind: "ending", startedBy: process.env.USER ?? userInfo().username } })
  await session.close()
})

test("what keeps it from starting is told", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rivulet-test-"))
  const first = await startEmbedded({ workers: 0, dir: directory })
  await startEmbedded({ workers: 0, dir: directory }).then(
    () => assert.unreachable(),
    error => assert.match(error.message, /another master runs there/),
  )
  await first.stop()
  assert.ok(existsSync(directory))
  await rm(directory, { recursive: true })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test.run()
