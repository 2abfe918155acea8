/**
 * `rivulet submit --from archive` with real processes: history first, then live, while another process sends: each record is there once, in each
 * interval what plain arrays give, though a worker dies in the middle of the history.
 */

import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"
import type { InputDStream } from "../../engine/fluent/types.js"
import { moduleArguments, root } from "../../scripts/places.js"
import { rivulet } from "../shell/checks-kit.js"

const test = suite("a program with a past, by real processes")

const intervalMs = 100
const window = 5
/** So many intervals lie behind when the program comes, at least, and come after it has caught up. */
const before = 40
const after = 10
const perInterval = 20
const keys = 7

const directory = mkdtempSync(join(tmpdir(), "rivulet-from-"))
let cluster: Embedded
let session: ClientSession
test.before(async () => {
  cluster = await startEmbedded({ workers: 2, cores: 1, memoryBytes: 64 * 2 ** 20 })
  session = await connect(cluster.address, { user: "ann", program: "ann" })
})
test.after(async () => {
  await session.close()
  await cluster.stop()
  rmSync(directory, { recursive: true, force: true })
})

const env = () => ({ USER: "ann", RIVULET_MASTER: cluster.address })

/** A process that sends what it is told; `end` gives its code when all is acked. */
function sender(stream: string) {
  const child = spawn(process.execPath, [...moduleArguments("shell/cli/main"), "send", stream], {
    ...{ cwd: root, env: { ...process.env, ...env() }, stdio: ["pipe", "ignore", "pipe"] },
  })
  let said = ""
  child.stderr!.on("data", chunk => {
    said += String(chunk)
  })
  const ended = new Promise<number | null>(resolve => child.once("close", resolve))
  return {
    write: (lines: readonly string[]) => child.stdin!.write(lines.map(line => `${line}\n`).join("")),
    async end() {
      child.stdin!.end()
      assert.is(await ended, 0, said)
    },
  }
}

/** With each interval that the input has finished another batch is sent, until it is stopped. */
async function sendWith(views: unknown, send: () => void) {
  let finished = 0
  let wanted = { at: Number.POSITIVE_INFINITY, resolve: () => {} }
  const subscription = await session.onCompleted(views, () => {
    send()
    finished += 1
    if (finished >= wanted.at) wanted.resolve()
  })
  return {
    more: (intervals: number) =>
      new Promise<void>(resolve => {
        wanted = { at: finished + intervals, resolve }
      }),
    stop: () => subscription.stop(),
  }
}

type Counts = Map<string, number>
const countOf = (records: readonly string[], times = 1): Counts => {
  const counts: Counts = new Map()
  for (const record of records) {
    const key = record.split(" ")[0]!
    counts.set(key, (counts.get(key) ?? 0) + times)
  }
  return counts
}
const sorted = (counts: Iterable<readonly [string, number]>) => [...counts].sort(([a], [b]) => (a < b ? -1 : 1))

const program = (stream: string, times: number) => `import { readStream } from "rivulet"
const views = readStream("${stream}", "${intervalMs}ms")
const pairs = views.map(v => [v.split(" ")[0]!, ${times}])
export const counts = pairs.runningReduce((a, b) => a + b)
export const recent = pairs.reduceByWindow("${window * intervalMs}ms", (a, b) => a + b)
`

test("history, then live, though a worker is killed in the middle of the history; then made anew with another function, in its place", async () => {
  const stream = "views"
  const name = "late"
  const views = session.readStream(stream, `${intervalMs}ms`, { remember: "2s", archive: join(directory, "archive") })
  session.name(views, stream)
  await session.flush()
  const sending = sender(stream)
  const sent: string[] = []
  const send = () => {
    const lines = Array.from({ length: perInterval }, (_, i) => `k${(sent.length + i) % keys} ${sent.length + i}`)
    sent.push(...lines)
    sending.write(lines)
  }
  const goingOn = await sendWith(views, send)
  await goingOn.more(before)

  const file = join(directory, `${name}.ts`)
  writeFileSync(file, program(stream, 1))
  const defined = new Promise<void>(resolve => {
    session.calls.onPush(push => {
      if (push.kind === "event" && push.event.kind === "defined" && push.event.stream === `${name}/counts`) resolve()
    })
  })
  const submitted = rivulet(["submit", file, "--from", "archive"], { env: env() })
  await defined
  await cluster.kill("w2")
  const { code, err } = await submitted
  assert.is(code, 0, err)
  assert.match(err, new RegExp(`${name} runs: 2 added · 1 unchanged\\n`))
  // Both have caught up, and go on with what comes.
  await until(views, async () => (await session.streams({ program: name })).every(({ state }) => state !== "catching up"))
  await goingOn.more(after)
  await goingOn.stop()
  await sending.end()

  const counts = session.state<string, number>(`${name}/counts`)
  const recent = session.state<string, number>(`${name}/recent`)
  await until(views, async () => {
    const there = await total(counts)
    assert.ok(there <= sent.length, `${there} of ${sent.length} records`)
    return there === sent.length
  })
  await compare(views, { counts, recent }, sent)

  // Submitted again, with another function: made anew beside, and in its place when it has come as far.
  writeFileSync(file, program(stream, 2))
  const again = await rivulet(["submit", file, "--from", "archive", "--yes"], { env: env() })
  assert.is(again.code, 0, again.err)
  const states = async () => (await session.streams({ program: name })).filter(({ kind }) => kind === "state")
  await until(views, async () => (await states()).length === 2)
  // The same handle: what it was of has another in its place.
  assert.equal(sorted(await counts.latest().collect()), sorted(countOf(sent, 2)))
})

/** Looks with each interval that the input has finished. */
async function until(views: InputDStream<string>, isSo: () => Promise<boolean>): Promise<void> {
  let looking = false
  let end: (error?: unknown) => void = () => {}
  const ended = new Promise<void>((resolve, reject) => {
    end = error => (error === undefined ? resolve() : reject(error))
  })
  const subscription = await session.onCompleted(views, () => {
    if (looking) return
    looking = true
    isSo().then(
      so => {
        looking = false
        if (so) end()
      },
      error => end(error),
    )
  })
  await ended
  await subscription.stop()
}

/** Records that are in the state. */
const total = (counts: ReturnType<ClientSession["state"]>): Promise<number> =>
  counts.latest().aggregate(
    0,
    (n, [, one]) => n + (one as number),
    (a, b) => a + b,
  )

async function compare(
  views: InputDStream<string>,
  { counts, recent }: Record<"counts" | "recent", ReturnType<typeof session.state<string, number>>>,
  sent: readonly string[],
): Promise<void> {
  const { since, reaches } = await counts.info()
  assert.is(reaches, since)
  const { stamp } = await counts.latest().count().stamped()
  const to = stamp.asOf
  const { value: rows, stamp: read } = await views
    .mapPartitions((values, { interval }) => [...values].map(v => [interval.from, v] as [number, string]))
    .slice(since, to)
    .collect()
    .stamped()
  assert.ok(read.from.includes("archive"), `the history was read from ${read.from}`)
  assert.equal(rows.map(([, record]) => record).sort(), [...sent].sort(), "each record once")
  const intervals: string[][] = Array.from({ length: (to - since) / intervalMs }, () => [])
  for (const [at, record] of rows) intervals[(at - since) / intervalMs]!.push(record)
  const versions = {
    counts: await counts.slice(since, to).top(keys),
    recent: await recent.slice(since, to).top(keys),
  }
  const all: string[] = []
  for (const [i, records] of intervals.entries()) {
    all.push(...records)
    const last = intervals.slice(Math.max(0, i - window + 1), i + 1).flat()
    assert.equal(sorted(versions.counts.values()[i] ?? []), sorted(countOf(all)), `counts of interval ${i}`)
    assert.equal(sorted(versions.recent.values()[i] ?? []), sorted(countOf(last)), `recent of interval ${i}`)
  }
}

test.run()
