/** Every retained interval of every stream against plain computation over the lines that were sent. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { ClientSession } from "../../cluster/client/session.js"
import type { DStream, StateDStream } from "../../engine/fluent/types.js"
import { lineOf, type Sent } from "./load.js"

const stepMs = 1_000
const windowSteps = 5

export interface Verdict {
  readonly intervals: number
  readonly lines: number
  /** One for each (stream, interval) that is not as it should be, and for each sender whose lines are not. */
  readonly differing: readonly string[]
}

/** `throughMs`: intervals that end by then are finished in all streams. `output`: where `perInterval` is saved. */
export async function judge(session: ClientSession, senders: readonly Sent[], throughMs: number, output: string): Promise<Verdict> {
  const handles = await session.bindAll()
  const lines = handles.get("lines") as unknown as DStream<string>
  const counts = handles.get("counts") as unknown as StateDStream<string, number>
  const recent = handles.get("recent") as unknown as StateDStream<string, number>
  const perInterval = handles.get("perInterval") as unknown as DStream<[string, number]>
  const differing: string[] = []
  const asked = async <T>(what: string, question: () => PromiseLike<T>): Promise<T | null> => {
    try {
      return await question()
    } catch (error) {
      differing.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
      return null
    }
  }

  const sinceMs = (await session.streams()).find(({ name }) => name === "lines")!.reaches
  const times = new Map<string, number>()
  const seen = new Map<string, number>()
  const running = new Map<string, number>()
  const window: (Map<string, number> | null)[] = []
  // An interval whose lines cannot be had is one finding: what follows from it cannot be judged.
  let known = true
  let intervals = 0
  let total = 0
  for (let at = Math.ceil(sinceMs / stepMs) * stepMs; at + stepMs <= throughMs; at += stepMs) {
    intervals += 1
    const time = new Date(at).toISOString()
    const found = await asked(`lines ${time}`, () => lines.at(at).collect())
    const rows = found ?? []
    known &&= found !== null
    total += rows.length
    const own = new Map<string, number>()
    for (const line of rows) {
      const [sender, n, ...words] = line.split(" ")
      const before = times.get(`${sender} ${n}`)
      if (before !== undefined) differing.push(`line ${sender} ${n} is in ${new Date(before).toISOString()} and in ${time}`)
      else if (line !== lineOf(sender!, Number(n))) differing.push(`lines ${time}: nobody sent ${JSON.stringify(line)}`)
      times.set(`${sender} ${n}`, at)
      seen.set(sender!, (seen.get(sender!) ?? 0) + 1)
      for (const word of words) own.set(word, (own.get(word) ?? 0) + 1)
    }
    for (const [word, n] of own) running.set(word, (running.get(word) ?? 0) + n)
    window.push(found === null ? null : own)
    if (window.length > windowSteps) window.shift()
    const inWindow = new Map<string, number>()
    for (const one of window) for (const [word, n] of one ?? []) inWindow.set(word, (inWindow.get(word) ?? 0) + n)

    const compare = (stream: string, is: Iterable<readonly [string, number]> | null, should: ReadonlyMap<string, number>) => {
      if (is === null) return
      const why = difference(is, should)
      if (why !== null) differing.push(`${stream} ${time}: ${why}`)
    }
    if (known) compare("counts", await asked(`counts ${time}`, () => counts.at(at).collect()), running)
    if (!window.includes(null)) compare("recent", await asked(`recent ${time}`, () => recent.at(at).collect()), inWindow)
    if (found === null) continue
    compare("perInterval", await asked(`perInterval ${time}`, () => perInterval.at(at).collect()), own)
    compare("saved", savedPairs(output, time), own)
  }
  for (const { sender, sent, acked, whole } of senders) {
    const there = seen.get(sender) ?? 0
    const least = whole ? sent : acked
    if (there < least || there > sent) differing.push(`${sender}: ${there} lines are there of ${least} acked and ${sent} sent`)
  }
  return { intervals, lines: total, differing }
}

function difference(is: Iterable<readonly [string, number]>, should: ReadonlyMap<string, number>): string | null {
  const left = new Map(should)
  for (const [key, value] of is) {
    if (left.get(key) !== value) return `${key} is ${value}, should be ${left.get(key) ?? "absent"}`
    left.delete(key)
  }
  for (const [key, value] of left) return `${key} is absent, should be ${value} (${left.size} are)`
  return null
}

function savedPairs(output: string, time: string): [string, number][] {
  const prefix = `${time.replaceAll(":", "-")}-`
  return readdirSync(output)
    .filter(name => name.startsWith(prefix))
    .flatMap(name => readFileSync(join(output, name), "utf8").split("\n"))
    .filter(line => line !== "")
    .map(line => JSON.parse(line) as [string, number])
}
