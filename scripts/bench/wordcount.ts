/** The paper's three workloads (§6.2) and two over an access log, as a user writes them, and how each result is checked against what was sent. */

import type { ClientSession } from "../../cluster/client/session.js"
import type { InputDStream, StateDStream } from "../../engine/fluent/types.js"
import type { AccessLog } from "../../engine/fluent/values.js"
import type { Duration } from "../../engine/time.js"
import type { SentAll } from "./ingest.js"

export interface Workload {
  readonly name: string
  readonly input: "words" | "log"
  /** Defines the stream `lines` (kept so long for questions) and those made of it; answers the one whose completion counts. */
  define(session: ClientSession, remember?: Duration): StateDStream<string, number>
  /** Asked after each interval, if the workload has a question. */
  readonly ask?: (result: StateDStream<string, number>) => Promise<unknown>
  /** What is wrong with the final result, or null. */
  check(result: StateDStream<string, number>, sent: SentAll): Promise<string | null>
}

const text = (session: ClientSession, remember?: Duration): InputDStream<string> => {
  const lines = session.readStream("lines", "1s")
  session.name(lines, "lines")
  if (remember !== undefined) lines.remember(remember)
  return lines
}

const log = (session: ClientSession, remember?: Duration): InputDStream<AccessLog> => {
  const lines = session.readStream("lines", "1s", { format: "combined" })
  session.name(lines, "lines")
  if (remember !== undefined) lines.remember(remember)
  return lines
}

/** Of all versions so far. */
const total = (result: StateDStream<string, number>, sent: SentAll): PromiseLike<number> =>
  result.at(sent.ackedMs + 1_000).aggregate(
    0,
    (sum, [, n]) => sum + n,
    (a, b) => a + b,
  )

/** The windowed count of words. */
export const countWords = (session: ClientSession, lines: InputDStream<string>): StateDStream<string, number> => {
  const words = lines.flatMap(line => line.split(" ")).map((word): [string, number] => [word, 1])
  const counts = words.reduceByWindow(
    "30s",
    (a, b) => a + b,
    (a, b) => a - b,
    "1s",
  )
  session.name(counts, "counts")
  return counts
}

/** All that was sent lies within the window of the interval of the last ack, as long as the run is shorter than it. */
const checkWords = async (result: StateDStream<string, number>, sent: SentAll) => {
  if (sent.ackedMs - sent.firstMs > 27_000) return null
  const total = await result.at(sent.ackedMs).aggregate(
    0,
    (sum, [, n]) => sum + n,
    (a, b) => a + b,
  )
  return total === sent.words ? null : `${total} words counted, ${sent.words} sent`
}

export const workloads: readonly Workload[] = [
  {
    name: "grep",
    input: "words",
    define(session, remember) {
      const matches = text(session, remember)
        .filter(line => line.includes("needle"))
        .map((): [string, number] => ["matches", 1])
        .runningReduce((a, b) => a + b)
      session.name(matches, "matches")
      return matches
    },
    async check(result, sent) {
      const total = (await result.get("matches")) ?? 0
      return total === sent.matches ? null : `${total} lines found, ${sent.matches} sent`
    },
  },
  { name: "wordcount", input: "words", define: (session, remember) => countWords(session, text(session, remember)), check: checkWords },
  {
    name: "topk",
    input: "words",
    define: (session, remember) => countWords(session, text(session, remember)),
    ask: result => result.latest().top(10),
    check: checkWords,
  },
  {
    // What understands its functions reads two or three fields of a line.
    name: "combined",
    input: "log",
    define(session, remember) {
      const views = log(session, remember)
      const errors = views
        .filter(v => v.status >= 500)
        .map((v): [number, number] => [Math.floor(v.time.getTime() / 60_000), 1])
        .runningReduce((a, b) => a + b)
      session.name(errors, "errors")
      const counts = views.map((v): [string, number] => [`${v.url} ${v.status}`, 1]).runningReduce((a, b) => a + b)
      session.name(counts, "counts")
      return counts
    },
    async check(result, sent) {
      const n = await total(result, sent)
      return n === sent.records ? null : `${n} lines counted, ${sent.records} sent`
    },
  },
  {
    // A loop is beyond what is understood: the function is called for each record.
    name: "closure",
    input: "log",
    define(session, remember) {
      const counts = log(session, remember)
        .map((v): [string, number] => {
          let depth = 0
          const parts = v.url.split("/")
          for (const part of parts) if (part !== "") depth++
          return [`${parts[1]} ${depth} ${v.status}`, 1]
        })
        .runningReduce((a, b) => a + b)
      session.name(counts, "counts")
      return counts
    },
    async check(result, sent) {
      const n = await total(result, sent)
      return n === sent.records ? null : `${n} lines counted, ${sent.records} sent`
    },
  },
]
