/**
 * The sending process of a benchmark: `ingest <URL of the build> <master> <receiver> <seconds> <lines a second, 0: as fast as credit allows> <words | log>`.
 * Tells its parent when the first line left, and at the end what it has sent, all acked.
 */

import { type Usage, usageOf } from "./cpu.js"
import { makeLines, lineBytes as wordBytes } from "./lines.js"
import { errorsIn, logLineBytes, logLines } from "./log-lines.js"

export interface SentAll {
  readonly kind: "sent"
  readonly firstMs: number
  readonly ackedMs: number
  readonly records: number
  /** At a rate: when each piece was given to the sender, and how many records had been with it. */
  readonly pieces: readonly (readonly [ms: number, records: number])[]
  readonly matches: number
  readonly words: number
  /** Of a log: server errors. */
  readonly errors: number
  /** Of this process while it sent. */
  readonly cpuSeconds: number
  readonly usage: Usage
}

const [, , dist, master, receiver, secondsText, rateText, what] = process.argv
const { openSender }: typeof import("../../cluster/client/send.js") = await import(`${dist}cluster/client/send.js`)
const { connect }: typeof import("../../cluster/client/session.js") = await import(`${dist}cluster/client/session.js`)
const seconds = Number(secondsText)
const rate = Number(rateText)
process.on("disconnect", () => process.exit(0))

const session = await connect(master!, { user: "bench", program: "bench-sender", tz: "UTC" })
const sender = await openSender(session, receiver!, { wait: true })
/** Cycled through; large enough not to lie in a cache. */
const input = what === "log" ? makeLog(200_000) : { ...makeLines(400_000), errors: 0 }
const lineBytes = what === "log" ? logLineBytes : wordBytes
const pieces: [number, number][] = []
const chunkLines = rate === 0 ? 10_000 : Math.max(1, Math.round(rate / 50))

const startCpu = process.cpuUsage()
const { faults } = usageOf(process.pid)
const firstMs = Date.now()
const endMs = firstMs + seconds * 1_000
let records = 0
let rounds = 0
let at = 0
while (Date.now() < endMs) {
  const lines = Math.min(chunkLines, input.lines - at)
  if (rate > 0) pieces.push([Date.now(), records + lines])
  await sender.write(input.bytes.subarray(at * lineBytes, (at + lines) * lineBytes))
  if (rate > 0) {
    await sender.flush()
    const aheadMs = firstMs + ((records + lines) / rate) * 1_000 - Date.now()
    if (aheadMs > 0) await new Promise(resolve => setTimeout(resolve, aheadMs))
  }
  records += lines
  at += lines
  if (at === input.lines) {
    at = 0
    rounds++
  }
}
await sender.flush()
await sender.close()
const { user, system } = process.cpuUsage(startCpu)
const rest = countOf(input.bytes.subarray(0, at * lineBytes))
const sent: SentAll = {
  kind: "sent",
  firstMs,
  ackedMs: Date.now(),
  records,
  pieces,
  matches: rounds * input.matches + rest.matches,
  words: rounds * input.words + rest.words,
  errors: rounds * input.errors + rest.errors,
  cpuSeconds: (user + system) / 1e6,
  usage: { userSeconds: user / 1e6, systemSeconds: system / 1e6, faults: usageOf(process.pid).faults - faults },
}
await session.close()
process.send!(sent, () => process.exit(0))

function makeLog(lines: number) {
  const all = logLines(lines)
  return { bytes: Buffer.from(`${all.join("\n")}\n`, "latin1"), lines, matches: 0, words: 0, errors: errorsIn(all) }
}

function countOf(bytes: Buffer): { matches: number; words: number; errors: number } {
  let matches = 0
  let words = 0
  if (what === "log") return { matches, words, errors: errorsIn(bytes.toString("latin1").split("\n")) }
  for (const line of bytes.toString("latin1").split("\n")) {
    if (line === "") continue
    if (line.includes("needle")) matches++
    words += line.split(" ").length
  }
  return { matches, words, errors: 0 }
}
