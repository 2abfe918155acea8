/**
 * `node --import ./scripts/register.mjs scripts/bench/streams.ts [--streams 1,10,100] [--rate 100000] [--seconds 10] [--interval 1s] [--dist dist]`
 *
 * What further streams over one input cost: so many running counts of lines that have a word each, other words, at a steady rate. A master,
 * two workers of one core and a sender, each a process of the built program; ns of CPU a record of master and workers, after as many seconds
 * in which nothing counts.
 */

import { parseArgs } from "node:util"
import type { Duration } from "../../engine/time.js"
import { buildAt } from "./build-at.js"
import { built } from "./built.js"
import { cpuSeconds } from "./cpu.js"

const { values } = parseArgs({
  options: {
    streams: { type: "string", default: "1,10,100" },
    rate: { type: "string", default: "100000" },
    seconds: { type: "string", default: "10" },
    interval: { type: "string", default: "1s" },
    dist: { type: "string", default: "dist" },
  },
})
const { startEmbedded, connect, send } = await built(buildAt(values.dist))
const [rate, seconds] = [Number(values.rate), Number(values.seconds)]
const rows: Record<string, Record<string, number>> = {}
for (const streams of values.streams.split(",").map(Number)) rows[`${streams} streams`] = await measure(streams)
console.table(rows)
process.exit(0)

async function measure(streams: number): Promise<Record<string, number>> {
  const cluster = await startEmbedded({ workers: 2, cores: 1, memoryBytes: 1024 * 2 ** 20 })
  try {
    const session = await connect(cluster.address, { user: "bench", program: "bench", tz: "UTC" })
    const lines = session.readStream("lines", values.interval as Duration)
    session.name(lines, "lines")
    for (let i = 0; i < streams; i++) {
      const word = `needle${i === 0 ? "" : i}`
      const found = lines
        .filter((line: string) => line.includes(word))
        .map((): [string, number] => ["found", 1])
        .runningReduce((a, b) => a + b)
      session.name(found, `found${i}`)
    }
    await session.flush()
    const sent = send(cluster.address, 2 * seconds, rate)
    await new Promise(resolve => setTimeout(resolve, (1 + seconds) * 1_000))
    const before = new Map([...cluster.processes()].map(([name, pid]) => [name, cpuSeconds([pid])]))
    await new Promise(resolve => setTimeout(resolve, (seconds - 2) * 1_000))
    const ns = [...cluster.processes()].map(([name, pid]): [string, number] => [
      name,
      Math.round(((cpuSeconds([pid]) - before.get(name)!) * 1e9) / (rate * (seconds - 2))),
    ])
    await sent
    await session.close()
    return { ...Object.fromEntries(ns), all: ns.reduce((sum, [, one]) => sum + one, 0) }
  } finally {
    await cluster.stop()
  }
}
