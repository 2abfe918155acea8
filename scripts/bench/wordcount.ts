/** The paper's three workloads (§6.2) and two over an access log, as a user writes them, and how each result is checked against what was sent. */

import type { ClientSession } from "../../cluster/client/session.js"
import type { InputDStream, StateDStream } from "../../engine/fluent/types.js"
import type { AccessLog } from "../../engine/fluent/values.js"
import { type Duration, parseDuration } from "../../engine/time.js"
import type { SentAll } from "./ingest.js"

export interface Workload {
  readonly name: string
  readonly input: "words" | "log"
  /** Defines the stream `lines` and those made of it; answers the one whose completion counts. */
  define(session: ClientSession, times: Times): StateDStream<string, number>
  /** Asked after each interval, if the workload has a question. */
  readonly ask?: (result: StateDStream<string, number>) => Promise<unknown>
  /** What is wrong with the final result, or null. `passed`: resolves when all intervals are complete that end at or before a time. */
  check(result: StateDStream<string, number>, sent: SentAll, times: Times, passed: (ms: number) => Promise<void>): Promise<string | null>
}

export interface Times {
  readonly interval: Duration
  /** Of the word count; it slides by an interval. */
  readonly window: Duration
  /** How long lines are kept for questions; null: as by default. */
  readonly remember: Duration | null
}

const text = (session: ClientSession, { interval, remember }: Times): InputDStream<string> => {
  const lines = session.readStream("lines", interval)
  session.name(lines, "lines")
  if (remember !== null) lines.remember(remember)
  return lines
}

const log = (session: ClientSession, { interval, remember }: Times): InputDStream<AccessLog> => {
  const lines = session.readStream("lines", interval, { format: "combined" })
  session.name(lines, "lines")
  if (remember !== null) lines.remember(remember)
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
export const countWords = (
  session: ClientSession,
  lines: InputDStream<string>,
  { window, interval }: Pick<Times, "window" | "interval"> = { window: "30s", interval: "1s" },
): StateDStream<string, number> => {
  const words = lines.flatMap(line => line.split(" ")).map((word): [string, number] => [word, 1])
  const counts = words.reduceByWindow(
    window,
    (a, b) => a + b,
    (a, b) => a - b,
    interval,
  )
  session.name(counts, "counts")
  return counts
}

/** Each word is in as many versions as the window has intervals; those of a run that is shorter than it are all in the last. */
const checkWords: Workload["check"] = async (result, sent, { window, interval }, passed) => {
  const lengthMs = parseDuration(window)
  let total = 0
  if (sent.ackedMs - sent.firstMs < lengthMs - 3_000)
    total = await result.at(sent.ackedMs).aggregate(
      0,
      (sum, [, n]) => sum + n,
      (a, b) => a + b,
    )
  else {
    const ms = parseDuration(interval)
    const to = (Math.floor(sent.ackedMs / ms) + 1) * ms + lengthMs
    await passed(to)
    const versions = result.slice(Math.floor(sent.firstMs / ms) * ms, to)
    const counted = await versions.map(([, n]) => n).reduce((a, b) => a + b)
    for (const { value } of counted) total += (value ?? 0) * (ms / lengthMs)
  }
  return Math.round(total) === sent.words ? null : `${total} words counted, ${sent.words} sent`
}

export const workloads: readonly Workload[] = [
  {
    name: "grep",
    input: "words",
    define(session, times) {
      const matches = text(session, times)
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
  { name: "wordcount", input: "words", define: (session, times) => countWords(session, text(session, times), times), check: checkWords },
  {
    name: "topk",
    input: "words",
    define: (session, times) => countWords(session, text(session, times), times),
    ask: result => result.latest().top(10),
    check: checkWords,
  },
  {
    // What understands its functions reads two or three fields of a line.
    name: "combined",
    input: "log",
    define(session, times) {
      const views = log(session, times)
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
    define(session, times) {
      const counts = log(session, times)
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
