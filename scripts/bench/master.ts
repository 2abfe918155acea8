/**
 * `node --import ./scripts/register.mjs scripts/bench/master.ts [--shapes 100x10000x100] [--maps 2] [--intervals 8] [--codec] [--json]`:
 * what an interval costs the master, by workers × state partitions × streams (each a running count over an input of its own), in ms of
 * CPU. The master's machine is the production one; workers answer at once and compute nothing. `--codec`: what its messages and journal
 * records cost to encode and decode, too.
 */
import { parseArgs } from "node:util"
import { encode } from "msgpackr"
import { decodeMessage, encodeMessage } from "../../cluster/codec.js"
import { type Codec, FakeCluster } from "./fake-workers.js"

const { values } = parseArgs({
  options: {
    shapes: { type: "string", default: "10x100x10,10x1000x10,100x1000x10,100x10000x100,1000x10000x100" },
    maps: { type: "string", default: "2" },
    interval: { type: "string", default: "500" },
    intervals: { type: "string", default: "8" },
    warm: { type: "string", default: "14" },
    codec: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
})
const intervalMs = Number(values.interval)
const intervals = Number(values.intervals)
const codec: Codec = values.codec
  ? {
      encode: message => encodeMessage(message, []).message,
      decode: decodeMessage,
      record: record => encode(record).byteLength,
    }
  : null

const rows = values.shapes.split(",").map(shape => {
  const [nodes, partitions, streams] = shape.split("x").map(Number) as [number, number, number]
  const cluster = new FakeCluster({ nodes, partitions, streams, maps: Number(values.maps), intervalMs }, codec)
  // Until intervals are forgotten, too.
  cluster.run(Number(values.warm) * intervalMs)
  const before = { ...cluster.counts }
  cluster.run(intervals * intervalMs)
  const per = (name: keyof typeof before) => (cluster.counts[name] - before[name]) / intervals
  return {
    workers: nodes,
    partitions,
    streams,
    "ms an interval": Number(per("masterMs").toFixed(1)),
    "share of a core": `${((100 * per("masterMs")) / intervalMs).toFixed(1)} %`,
    ...(codec && { "codec ms": Number(per("codecMs").toFixed(1)), "journal KB": Math.round(per("recordBytes") / 1000) }),
    events: Math.round(per("events")),
    tasks: Math.round(per("tasks")),
    sent: Math.round(per("sent")),
    records: Number(per("records").toFixed(1)),
    finished: per("finished"),
  }
})
if (values.json) console.log(JSON.stringify({ node: process.version, intervalMs, rows }))
else console.table(rows)
