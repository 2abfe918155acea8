/** The paper's three workloads (§6.2) as a user writes them, and how each result is checked against what was sent. */

import type { ClientSession } from "../../cluster/client/session.js"
import type { InputDStream, StateDStream } from "../../engine/fluent/types.js"
import type { SentAll } from "./ingest.js"

export interface Workload {
  readonly name: string
  /** Defines the streams; answers the one whose completion counts. */
  define(session: ClientSession, lines: InputDStream<string>): StateDStream<string, number>
  /** Asked after each interval, if the workload has a question. */
  readonly ask?: (result: StateDStream<string, number>) => Promise<unknown>
  /** What is wrong with the final result, or null. */
  check(result: StateDStream<string, number>, sent: SentAll): Promise<string | null>
}

const count = (session: ClientSession, lines: InputDStream<string>) => {
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
    define(session, lines) {
      const matches = lines
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
  { name: "wordcount", define: count, check: checkWords },
  { name: "topk", define: count, ask: result => result.latest().top(10), check: checkWords },
]
