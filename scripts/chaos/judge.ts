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

/** Judges as time goes by: what it has compared may be forgotten by the cluster. */
export class Judge {
  /** Where each line was found, by sender and number: the interval's start. */
  readonly #found = new Map<string, number[]>()
  readonly #seen = new Map<string, number>()
  readonly #running = new Map<string, number>()
  readonly #window: (Map<string, number> | null)[] = []
  readonly #differing: string[] = []
  readonly #output: string
  /** An interval whose lines cannot be had is one finding: what follows from it cannot be judged. */
  #known = true
  #nextMs = Number.NaN
  #intervals = 0
  #lines = 0

  /** `output`: where `perInterval` is saved. */
  constructor(output: string) {
    this.#output = output
  }

  /** Compares the intervals that end by `throughMs`, which are finished in all streams, from where it stopped before. */
  async compare(session: ClientSession, throughMs: number): Promise<void> {
    const handles = await session.bindAll()
    const lines = handles.get("lines") as unknown as DStream<string>
    const counts = handles.get("counts") as unknown as StateDStream<string, number>
    const recent = handles.get("recent") as unknown as StateDStream<string, number>
    const perInterval = handles.get("perInterval") as unknown as DStream<[string, number]>
    if (Number.isNaN(this.#nextMs)) {
      const sinceMs = (await session.streams()).find(({ name }) => name === "lines")!.reaches
      this.#nextMs = Math.ceil(sinceMs / stepMs) * stepMs
    }
    const saved = readdirSync(this.#output)
    for (; this.#nextMs + stepMs <= throughMs; this.#nextMs += stepMs) {
      const at = this.#nextMs
      this.#intervals += 1
      const time = new Date(at).toISOString()
      const found = await this.#asked(`lines ${time}`, () => lines.at(at).collect())
      const own = this.#count(found ?? [], at)
      this.#known &&= found !== null
      for (const [word, n] of own) this.#running.set(word, (this.#running.get(word) ?? 0) + n)
      this.#window.push(found === null ? null : own)
      if (this.#window.length > windowSteps) this.#window.shift()
      if (this.#known) this.#match("counts", time, await this.#asked(`counts ${time}`, () => counts.at(at).collect()), this.#running)
      if (!this.#window.includes(null))
        this.#match("recent", time, await this.#asked(`recent ${time}`, () => recent.at(at).collect()), this.#inWindow())
      if (found === null) continue
      this.#match("perInterval", time, await this.#asked(`perInterval ${time}`, () => perInterval.at(at).collect()), own)
      this.#match("saved", time, savedPairs(this.#output, saved, time), own)
    }
  }

  /** After the last comparison: whether what was acked is there, and nothing else. */
  verdict(senders: readonly Sent[]): Verdict {
    for (const { sender, sent, acked, whole } of senders) {
      const there = this.#seen.get(sender) ?? 0
      const least = whole ? sent : acked
      if (there < least || there > sent) this.#differing.push(`${sender}: ${there} lines are there of ${least} acked and ${sent} sent`)
    }
    return { intervals: this.#intervals, lines: this.#lines, differing: this.#differing }
  }

  get differing(): number {
    return this.#differing.length
  }

  /** What was found so far. */
  get findings(): readonly string[] {
    return this.#differing
  }

  async #asked<T>(what: string, question: () => PromiseLike<T>): Promise<T | null> {
    try {
      return await question()
    } catch (error) {
      this.#differing.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
      return null
    }
  }

  /** The interval's words; a line that nobody sent, or that was there before, is a finding. */
  #count(rows: readonly string[], at: number): Map<string, number> {
    const own = new Map<string, number>()
    this.#lines += rows.length
    for (const line of rows) {
      const [sender, number, ...words] = line.split(" ") as [string, string, ...string[]]
      const n = Number(number)
      const places = this.#found.get(sender) ?? []
      this.#found.set(sender, places)
      const before = places[n]
      if (before !== undefined)
        this.#differing.push(`line ${sender} ${n} is in ${new Date(before).toISOString()} and in ${new Date(at).toISOString()}`)
      else if (line !== lineOf(sender, n)) this.#differing.push(`lines ${new Date(at).toISOString()}: nobody sent ${JSON.stringify(line)}`)
      places[n] = at
      this.#seen.set(sender, (this.#seen.get(sender) ?? 0) + 1)
      for (const word of words) own.set(word, (own.get(word) ?? 0) + 1)
    }
    return own
  }

  #inWindow(): Map<string, number> {
    const inWindow = new Map<string, number>()
    for (const one of this.#window) for (const [word, n] of one ?? []) inWindow.set(word, (inWindow.get(word) ?? 0) + n)
    return inWindow
  }

  #match(stream: string, time: string, is: Iterable<readonly [string, number]> | null, should: ReadonlyMap<string, number>): void {
    const why = is === null ? null : difference(is, should)
    if (why !== null) this.#differing.push(`${stream} ${time}: ${why}`)
  }
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

function savedPairs(output: string, names: readonly string[], time: string): [string, number][] {
  const prefix = `${time.replaceAll(":", "-")}-`
  return names
    .filter(name => name.startsWith(prefix))
    .flatMap(name => readFileSync(join(output, name), "utf8").split("\n"))
    .filter(line => line !== "")
    .map(line => JSON.parse(line) as [string, number])
}
