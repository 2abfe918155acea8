/** More than one process ends at once, on real ones: nothing that was acked is lost, nothing counted twice. */

import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { openSender } from "../../cluster/client/send.js"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { type Embedded, type EmbeddedOptions, startEmbedded } from "../../cluster/embedded.js"
import type { StateDStream } from "../../engine/fluent/types.js"

const test = suite("a whole cluster")

const small = { cores: 1, memoryBytes: 32 * 2 ** 20 }

async function define(session: ClientSession): Promise<StateDStream<string, number>> {
  const lines = session.readStream("lines", "500ms")
  session.name(lines, "lines")
  const counts = lines.map((line): [string, number] => [line, 1]).runningReduce((a, b) => a + b)
  session.name(counts, "counts")
  await session.flush()
  return counts
}

/** Numbered lines, until told to stop: how many were sent, and acked. */
function startLines(session: ClientSession, everyMs = 50, from = 0) {
  let going = true
  let sent = 0
  let acked = () => 0
  const run = (async () => {
    const sender = await openSender(session, "lines")
    acked = () => sender.counters().acked
    while (going) {
      await sender.write(Buffer.from(Array.from({ length: 20 }, () => `n${from + sent++}\n`).join("")))
      await new Promise(resolve => setTimeout(resolve, everyMs))
    }
    return sender
  })()
  const stop = () => {
    going = false
    return run
  }
  return { sent: () => sent, acked: () => acked(), stop }
}

/** Resolves when the condition holds at the end of one of the stream's intervals. */
async function onInterval(session: ClientSession, stream: StateDStream<string, number>, holds: () => boolean | Promise<boolean>) {
  let stop = async () => {}
  await new Promise<void>((resolve, reject) => {
    // One question at a time: on a busy machine intervals come faster than answers.
    let looking = false
    const look = async () => {
      if (looking) return
      looking = true
      if (await holds()) resolve()
      looking = false
    }
    const subscription = session.onCompleted(stream, () => void look().catch(reject))
    subscription.catch(reject)
    stop = async () => (await subscription).stop()
  })
  await stop()
}

const killAll = (cluster: Embedded, names: readonly string[]) => Promise.all(names.map(name => cluster.kill(name, { restart: false })))

/** Every line once, and of those that were acked none is missing. */
function checkCounts(all: readonly (readonly [string, number])[], acked: number, sent: number): void {
  assert.equal(
    all.filter(([, n]) => n !== 1),
    [],
    "counted twice",
  )
  assert.ok(all.length >= acked && all.length <= sent, `${all.length} lines are counted of ${acked} acked and ${sent} sent`)
}

async function withDirectory(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "rivulet-test-"))
  try {
    await run(dir)
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  }
}

test("that is durable: killed as one and started again it has all that was acked, and goes on", () =>
  withDirectory(async dir => {
    const options: EmbeddedOptions = { ...small, workers: 3, dir, durable: true }
    const first = await startEmbedded(options)
    const before = await connect(first.address, { user: "u", program: "p" })
    const defined = await define(before)
    const lines = startLines(before)
    await onInterval(before, defined, async () => (await defined.latest().count()) > 1_000)
    await killAll(first, ["master", ...first.workers])
    const [acked, sent] = [lines.acked(), lines.sent()]
    assert.ok(acked > 1_000, `${acked} lines were acked`)
    void lines.stop().catch(() => {})
    // As if its process had ended, too: closing would wait for what nobody will ack.
    await before.calls.close()
    await first.stop()

    const cluster = await startEmbedded(options)
    const session = await connect(cluster.address, { user: "u", program: "p" })
    const counts = (await session.bindAll()).get("counts") as unknown as StateDStream<string, number>
    await onInterval(session, counts, async () => (await counts.latest().count()) >= acked)
    checkCounts(await counts.latest().collect(), acked, sent)
    const more = startLines(session, 50, sent)
    await onInterval(session, counts, () => more.acked() > 0)
    await (await more.stop()).close()
    await onInterval(session, counts, async () => (await counts.latest().count()) >= acked + more.acked())
    checkCounts(await counts.latest().collect(), acked + more.acked(), sent + more.sent())
    const segments = await readdir(join(dir, "w1", "durable-w1"))
    assert.ok(segments.some(name => name.includes("-input-")) && segments.some(name => name.includes("-results-")), segments.join(" "))
    await session.close()
    await cluster.stop()
  }))

test("--replicas 3, two of four workers killed at once: nothing is lost, and what has too few copies gets others", async () => {
  const cluster = await startEmbedded({ ...small, workers: 4, replicas: 3 })
  const session = await connect(cluster.address, { user: "u", program: "p" })
  const counts = await define(session)
  const lines = startLines(session)
  for (const pair of [
    ["w1", "w2"],
    ["w3", "w4"],
  ]) {
    const before = await counts.latest().count()
    await onInterval(session, counts, async () => (await counts.latest().count()) > before + 1_000)
    await Promise.all(pair.map(name => cluster.kill(name)))
    const acked = lines.acked()
    const complete = async () => {
      if ((await counts.latest().count()) < acked) return false
      const { warnings, workers } = await session.status()
      return workers.filter(({ state }) => state === "up").length === 4 && warnings.length === 0
    }
    await onInterval(session, counts, complete)
  }
  const sender = await lines.stop()
  await sender.close()
  await onInterval(session, counts, async () => (await counts.latest().count()) >= lines.sent())
  checkCounts(await counts.latest().collect(), lines.sent(), lines.sent())
  await session.close()
  await cluster.stop()
})

test.run()
