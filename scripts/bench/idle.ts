/**
 * `node --import ./scripts/register.mjs scripts/bench/idle.ts [--interval 100ms] [--streams 5] [--seconds 20] [--dist dist] [--json]`:
 * what an interval costs in which nothing arrives. A master and two workers, each a process of the built program, five running states
 * over one input; the CPU of all three by intervals of time. What the same processes use without any stream is shown beside it.
 */
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import { parseDuration } from "../../engine/time.js"
import { cpuSeconds } from "./cpu.js"

const { values } = parseArgs({
  options: {
    interval: { type: "string", default: "100ms" },
    streams: { type: "string", default: "5" },
    seconds: { type: "string", default: "20" },
    dist: { type: "string", default: "dist" },
    json: { type: "boolean", default: false },
  },
})
const built = (path: string) => import(pathToFileURL(resolve(values.dist, path)).href)
const { startEmbedded } = (await built("cluster/embedded.js")) as typeof import("../../cluster/embedded.js")
const { connect } = (await built("cluster/client/session.js")) as typeof import("../../cluster/client/session.js")
const intervalMs = parseDuration(values.interval as "100ms")
const seconds = Number(values.seconds)

const cluster = await startEmbedded({ workers: 2, cores: 1 })
const measured: Record<string, number> = {}
try {
  // Code is compiled, connections stand.
  await pause(5_000)
  const withoutMs = await cpuOver(seconds)
  const session = await connect(cluster.address, { user: "bench", program: "bench", tz: "UTC" })
  const lines = session.readStream("lines", values.interval as "100ms")
  session.name(lines, "lines")
  for (let i = 0; i < Number(values.streams); i++)
    session.name(
      lines.map((line: string): [string, number] => [line, 1]).runningReduce((a, b) => a + b),
      `counts${i}`,
    )
  await session.flush()
  await session.close()
  await pause(5_000)
  const withMs = await cpuOver(seconds)
  const intervals = (seconds * 1000) / intervalMs
  for (const [name, ms] of withMs) measured[`${name} ms`] = ms / intervals
  measured["all ms"] = sum(withMs) / intervals
  measured["all without streams ms"] = sum(withoutMs) / intervals
} finally {
  await cluster.stop()
}
if (values.json) console.log(JSON.stringify({ node: process.version, interval: values.interval, streams: values.streams, measured }))
else console.table(Object.fromEntries(Object.entries(measured).map(([name, value]) => [name, Number(value.toFixed(3))])))
process.exit(0)

/** CPU of each process in the time to come. */
async function cpuOver(forSeconds: number): Promise<Map<string, number>> {
  const before = new Map([...cluster.processes()].map(([name, pid]) => [name, cpuSeconds([pid]) * 1_000]))
  await pause(forSeconds * 1000)
  return new Map([...cluster.processes()].map(([name, pid]) => [name, cpuSeconds([pid]) * 1_000 - before.get(name)!]))
}

function sum(values: ReadonlyMap<string, number>): number {
  return [...values.values()].reduce((a, b) => a + b, 0)
}

function pause(ms: number): Promise<void> {
  return new Promise(done => setTimeout(done, ms))
}
