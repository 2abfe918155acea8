/**
 * `npm run build && npm run bench:recovery -- [--kills 5] [--workers 4] [--rate 20000] [--only worker,master,end,slow]
 * [--window 30s] [--checkpoint 10s] [--json]`
 *
 * How long a death shows (the paper's §6.3): real processes of this machine under a steady load of lines, running counts of words
 * every second, or of a window; checkpoints as they are made by themselves, or so often. A worker is killed (SIGKILL), told to end (SIGTERM: `end`), or the master is killed, and started again at once.
 *
 *   noticed   until the master says that the worker is lost (for the master: until clients are connected to the next one)
 *   complete  until every interval that has ended by then is finished again, of all that was acked
 *   worst     how late the latest interval's result was, after its end; `usual` is the median before
 *
 * With `slow` a worker is made four times as slow for ten seconds (the paper's §5.2): `median` and `worst` of the intervals meanwhile.
 *
 * At the end all words are counted once more against what was sent.
 */
import { performance } from "node:perf_hooks"
import { parseArgs } from "node:util"
import type { ClientSession } from "../../cluster/client/session.js"
import { type Duration, parseDuration } from "../../engine/time.js"

const dist = (path: string) => new URL(`../../dist/${path}`, import.meta.url).href
const { connect } = (await import(dist("cluster/client/session.js"))) as typeof import("../../cluster/client/session.js")
const { openSender } = (await import(dist("cluster/client/send.js"))) as typeof import("../../cluster/client/send.js")
const { startEmbedded } = (await import(dist("cluster/embedded.js"))) as typeof import("../../cluster/embedded.js")

type Attack = "worker" | "master" | "end" | "slow"

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "5" },
    workers: { type: "string", default: "4" },
    rate: { type: "string", default: "20000" },
    only: { type: "string", default: "worker,end,master,slow" },
    window: { type: "string" },
    checkpoint: { type: "string" },
    json: { type: "boolean", default: false },
  },
})
const workers = Number(values.workers)
const intervalMs = 1_000
const settleMs = 6_000
const patienceMs = 60_000
const slowTimes = 4
const slowIntervals = 10
const say = (text: string) => process.stderr.write(`${text}\n`)
const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

interface Row {
  readonly attack: Attack
  readonly noticedMs?: number
  readonly completeMs?: number
  readonly medianMs?: number
  readonly worstMs: number
  readonly usualMs: number
}

const cluster = await startEmbedded({ workers, cores: 1, memoryBytes: 256 * 2 ** 20 })
const session = await connect(cluster.address, { user: "bench", partitions: workers * 2 })
const lines = session.readStream("lines", "1s")
session.name(lines, "lines")
const words = lines.flatMap(line => line.split(" ")).map((word): [string, number] => [word, 1])
const add = (a: number, b: number) => a + b
const subtract = (a: number, b: number) => a - b
const counts = values.window === undefined ? words.runningReduce(add) : words.reduceByWindow(values.window as Duration, add, subtract, "1s")
if (values.checkpoint !== undefined) counts.checkpoint(values.checkpoint as Duration)
session.name(counts, "counts")
await session.flush()

/** When each interval's end was first known to be finished. */
const finished: { readonly through: number; readonly atMs: number }[] = []
const happened: { readonly kind: string; readonly atMs: number }[] = []
let wake = () => {}
session.calls.onPush(push => {
  if (push.kind === "event") happened.push({ kind: push.event.kind, atMs: Date.now() })
  if (push.kind === "connection" && push.connected) happened.push({ kind: "connected", atMs: Date.now() })
  wake()
})
await session.onCompleted(counts, through => {
  finished.push({ through, atMs: Date.now() })
  wake()
})

const beganMs = Date.now() - intervalMs
const load = startLoad(session, Number(values.rate))
const rows: Row[] = []
for (const attack of values.only.split(",") as Attack[]) {
  for (let i = 0; i < Number(values.kills); i++) rows.push(await (attack === "slow" ? slowed : measure)(attack, `w${1 + (i % workers)}`))
}
const sent = await load.end()
const wrong = await check(sent)
await session.close()
await cluster.stop()
if (values.json) console.log(JSON.stringify({ node: process.version, workers, rate: Number(values.rate), rows, wrong }))
else {
  console.table(rows)
  console.log(wrong ?? "every word counted once")
}
process.exit(wrong === null ? 0 : 1)

/** How late intervals usually are. What comes after is noted anew. */
async function settled(): Promise<number> {
  await until(() => finished.at(-1))
  await pause(settleMs + Math.random() * intervalMs)
  const usualMs = median(finished.slice(-4).map(({ through, atMs }) => atMs - through))
  finished.length = 0
  happened.length = 0
  return usualMs
}

async function slowed(attack: Attack, worker: string): Promise<Row> {
  const usualMs = await settled()
  cluster.slow(worker, slowTimes)
  await until(() => finished[slowIntervals])
  cluster.slow(worker, 1)
  const late = finished.map(({ through, atMs }) => atMs - through)
  const row = { attack, medianMs: median(late), worstMs: Math.max(...late), usualMs }
  say(JSON.stringify(row))
  return row
}

async function measure(attack: Attack, worker: string): Promise<Row> {
  const usualMs = await settled()
  const atMs = Date.now()
  if (attack === "master") await cluster.kill("master")
  else if (attack === "worker") await cluster.kill(worker)
  else process.kill(cluster.processes().get(worker)!, "SIGTERM")
  const sign = attack === "master" ? "connected" : "workerLost"
  const noticed = await until(() => happened.find(({ kind }) => kind === sign))
  // Every interval that has ended is finished: the one in question ended after the death, and is the newest that there is.
  const complete = await until(() => finished.find(one => one.through > atMs && one.atMs - one.through < usualMs + intervalMs))
  const worstMs = Math.max(...finished.map(one => one.atMs - one.through))
  const row = { attack, noticedMs: noticed.atMs - atMs, completeMs: complete.atMs - atMs, worstMs, usualMs }
  say(JSON.stringify(row))
  return row
}

async function until<T>(look: () => T | undefined): Promise<T> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`not within ${patienceMs / 1000} s`)
    await Promise.race([new Promise<void>(resolve => (wake = resolve)), pause(1_000)])
  }
}

function startLoad(of: ClientSession, rate: number): { end(): Promise<number> } {
  let ending = false
  let sent = 0
  const run = (async () => {
    const sender = await openSender(of, "lines")
    const everyMs = 50
    const several = Math.max(1, Math.round((rate * everyMs) / 1_000))
    while (!ending) {
      let text = ""
      for (let i = 0; i < several; i++, sent++) text += `all k${Math.imul(sent, 2654435761) % 1_000} w${sent % 7}\n`
      await sender.write(Buffer.from(text))
      await pause(everyMs)
    }
    await sender.close()
    return sent
  })()
  return {
    end() {
      ending = true
      return run
    },
  }
}

/** Null, or what is wrong with the final counts. */
async function check(sent: number): Promise<string | null> {
  if (values.window !== undefined) return checkWindows(sent, parseDuration(values.window as Duration))
  // After a crash a batch may be admitted some intervals late.
  for (let i = 0, all = -1; ; i++) {
    const next = finished.length
    await until(() => finished[next])
    all = (await counts.get("all")) ?? 0
    if (all === sent) return null
    if (i === 15) return `${all} lines counted of ${sent} sent`
  }
}

/** Each word is in as many windows as one has seconds, also the last one, once they all have passed. */
async function checkWindows(sent: number, lengthMs: number): Promise<string | null> {
  const to = Date.now() + lengthMs + patienceMs / 4
  say(`waiting ${(to - Date.now()) / 1_000} s until the last window has passed`)
  for (let from = finished.length; finished.at(-1)!.through < to; from = finished.length) await until(() => finished[from])
  const all = await counts
    .slice(beganMs, to)
    .filter(([word]) => word === "all")
    .map(([, n]) => n)
    .reduce(add)
  let total = 0
  for (const { value } of all) total += value ?? 0
  const counted = total / (lengthMs / intervalMs)
  return counted === sent ? null : `${counted} lines counted of ${sent} sent`
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
}
