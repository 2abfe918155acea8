/**
 * What takes time in the scaling figure. Each constant says how it was measured (`docs/evaluation/README.md` has them as a table). The simulation's records are few
 * and stand for many: what is charged follows from what they stand for.
 */
import { decodeMessage, decodePacket } from "../../cluster/codec.js"
import { type NodeId, nodeName } from "../../cluster/ports.js"
import type { LabCosts } from "./lab.js"

export const constants = {
  /** A line, and the words in it: as of `npm run bench`. */
  lineBytes: 100,
  wordsALine: 16.2,
  /** Zipf: the i-th 1/i as often as the first. */
  vocabulary: 50_000,
  /** CPU a line of a map task, 100,000 lines in it: `scripts/bench/map-task.ts`. */
  mapUs: { grep: 0.034, "word count": 1.1 },
  /** CPU a key of a shuffle's region, where an interval's regions become its pane, and a key of a pane, where the state takes it in: `scripts/bench/window.ts`, by the keys there. */
  regionKeyUs: 0.38,
  paneKeyUs: 0.51,
  /** Bytes of a key in a region: the same. */
  keyBytes: 27,
  /** Any task: a base, and on average so much more. As of the other figures; not measured. */
  taskMs: 2,
  jitterMs: 1,
  /** CPU of a worker's main thread for a MB that it receives, 810 to 930 µs, `docs/performance.md`. */
  receiveMsPerMB: 0.87,
  /** CPU of a worker's main thread for a message, and of the master's for one, its codec included: `scripts/bench/master.ts --codec`, 100 workers. */
  messageMs: 0.06,
  masterMessageMs: 0.06,
  /** 10 Gbit/s in each direction. Assumed. */
  linkBytesPerMs: 1.25e6,
} as const

export type Work = keyof typeof constants.mapUs

export interface Scaled {
  readonly work: Work
  readonly workers: number
  readonly partitions: number
  /** Of an interval, that the simulation's stand for. */
  readonly lines: number
  /** Of the simulation, an interval. */
  readonly simulatedBytes: number
  /** Different words in a simulated map task. */
  readonly simulatedKeys: number
}

/** How many of the words are in so many lines, on average. */
export function keysIn(lines: number): number {
  const { vocabulary, wordsALine } = constants
  let harmonic = 0
  for (let i = 1; i <= vocabulary; i++) harmonic += 1 / i
  let keys = 0
  for (let i = 1; i <= vocabulary; i++) keys += 1 - Math.exp((-lines * wordsALine) / (i * harmonic))
  return keys
}

export function costsOf({ work, workers, partitions, lines, simulatedBytes, simulatedKeys }: Scaled): LabCosts {
  const { lineBytes, mapUs, regionKeyUs, paneKeyUs, linkBytesPerMs, receiveMsPerMB, messageMs, masterMessageMs } = constants
  const linesAByte = lines / simulatedBytes
  const known = new Map<number, number>()
  /** Of one of `maps` tasks that share the interval's lines. */
  const keys = (maps: number) => {
    if (work === "grep") return 1
    const found = known.get(maps) ?? keysIn(lines / maps)
    known.set(maps, found)
    return found
  }
  // A batch stands for more than one of 2 MB, and is waited for longer: what is sent again for that reason costs no more than any message.
  const [sent, heard] = [new WeakSet<Uint8Array>(), new Set<string>()]
  const computed = Math.max(1, keys(workers) / simulatedKeys)
  const sizeBytes = (from: NodeId, frames: readonly Uint8Array[]): number => {
    const control = frames[0]?.byteLength ?? 0
    if (frames.length < 2) return control
    const payload = frames.reduce((bytes, frame) => bytes + frame.byteLength, -control)
    return control + payload * (isInput(from, frames) ? linesAByte * lineBytes : computed)
  }
  return {
    inputMs: ({ ref, parts }) => {
      if (ref.kind === "block") return (parts.reduce((bytes, { length }) => bytes + length, 0) * linesAByte * mapUs[work]) / 1_000
      if (ref.kind === "shuffle") return (parts.length * keys(parts.length) * regionKeyUs) / partitions / 1_000
      if (ref.kind === "output") return (parts.length * keys(1) * paneKeyUs) / partitions / 1_000
      return 0
    },
    workMs: (node, frames) => {
      if (nodeName(node) === client) return 0
      const packet = decodePacket(frames)
      if (!packet.ok || packet.value.body === null) return 0
      if (nodeName(node) === "master") return masterMessageMs
      const { kind, from, fromLink, seq } = packet.value
      const key = `${node} ${from} ${fromLink} ${seq}`
      const again = kind === "data" && heard.has(key)
      if (kind === "data") heard.add(key)
      return messageMs + (sizeBytes(from, again ? frames.slice(0, 1) : frames) / 1e6) * receiveMsPerMB
    },
    // The client stands for all who send: each has a link of its own.
    link: {
      bytesPerMs: linkBytesPerMs,
      sizeBytes: (from, frames) => {
        const again = frames[1] !== undefined && sent.has(frames[1])
        if (frames[1] !== undefined) sent.add(frames[1])
        return sizeBytes(from, again ? frames.slice(0, 1) : frames)
      },
      many: new Set([client]),
    },
  }
}

const client = "c1"

/** Whether the payload is received input, on its way to its first or second worker. */
function isInput(from: NodeId, frames: readonly Uint8Array[]): boolean {
  if (nodeName(from) === client) return true
  const packet = decodePacket(frames)
  if (!packet.ok || packet.value.body === null) return false
  const message = decodeMessage(packet.value.body.message)
  return message.ok && message.value.kind === "replica" && message.value.of === null
}
