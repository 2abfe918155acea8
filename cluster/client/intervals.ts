/**
 * A stream's intervals, read back in order (the paper's §3.4): what batch mode prints and saves.
 *
 * The problem: a version of a keyed state holds every key, and 5,000 versions of it 5,000 times as much, though an interval
 * changes a few keys. The solution: the first version is read whole, of each later one its changes, and the versions are put
 * together here. They are partition after partition, keys in order of birth, as the state itself is read.
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import { canonicalKey } from "../../engine/keys/key-text.js"
import { partitionOf } from "../../engine/partition.js"
import type { RddNode } from "../../engine/rdd.js"
import type { Interval } from "../../engine/time.js"
import type { ClientSession } from "./client-session.js"

export interface IntervalParts<T> {
  readonly interval: Interval
  /** The rows, each as rendered, in order. A part that is as it was in the interval before is the same array. */
  readonly parts: readonly (readonly T[])[]
}

/** While a stream still grows: nothing more will come of intervals that begin before this time. */
export interface ReadThrough {
  readonly through: number
}

/** How a stream that still grows is followed to its end. */
export interface Following {
  /** The end of the stream's newest finished interval, as far as it is known here. */
  through(): number
  /** Nothing is finished any more that is not finished now. */
  ended(): boolean
  /** Resolves when there may be more. Rejects when there never will be. */
  more(): Promise<void>
  /** Intervals that begin before it need not be kept for this reader. */
  read(from: number): void
}

/** Intervals asked for in one question at most: of what is read whole, and of what is read as changes. */
const wholeAtOnce = 256
const changesAtOnce = 1_024
/** So many intervals are asked for at first; from then on as many as give about so many rows. */
const firstAtOnce = 16
const rowsAtOnce = 20_000
/** Where none has been seen for long (what was set aside), the next may still have many. */
const emptyAtOnce = 64

/**
 * Every finished interval of the stream in which it may have changed, oldest first; `after`: from the one that follows this one's start. `render` is
 * called once for each row that is read.
 */
export async function* intervalsOf<T>(
  session: ClientSession,
  handle: unknown,
  render: (row: unknown) => T,
  after: number | null = null,
): AsyncGenerator<IntervalParts<T>, undefined> {
  const still: Following = { through: () => Number.NEGATIVE_INFINITY, ended: () => true, more: async () => {}, read: () => {} }
  for await (const one of followIntervals(session, handle, render, still, after)) if ("parts" in one) yield one
  return undefined
}

/**
 * The same of a stream that still grows, to its end; `after`: from the interval that follows this one's start. While some are
 * worked on, the next are asked for.
 */
export async function* followIntervals<T>(
  session: ClientSession,
  handle: unknown,
  render: (row: unknown) => T,
  following: Following,
  after: number | null,
): AsyncGenerator<IntervalParts<T> | ReadThrough, undefined> {
  const data = handleData(handle)
  if (data?.kind !== "stream") throw new RivuletError("only a stream has intervals", { code: 2 })
  const { definitions } = session.host
  const definition = definitions.get(data.id)
  const isState = definition.node.kind === "state"
  const versions = isState ? new Versions(session, data.id, definition, render) : null
  const read = versions?.read ?? wholeReader(session, data.id, definition, render)
  let limit = firstAtOnce
  let last = after
  const next = async () => {
    const ended = following.ended()
    const through = following.through()
    const starts: readonly number[] = await session.host.request({ kind: "changed", stream: definitions.idOf(data.id), after: last, limit })
    last = starts.at(-1) ?? last
    const { parts, rows } = starts.length === 0 ? { parts: [], rows: 0 } : await read(starts)
    if (rows > 0)
      limit = Math.max(1, Math.min(isState ? changesAtOnce : wholeAtOnce, Math.ceil((starts.length * rowsAtOnce) / rows), limit * 2))
    else if (starts.length === limit) limit = Math.max(limit, Math.min(emptyAtOnce, limit * 2))
    return { starts, parts, ended, through }
  }
  let passed = Number.NEGATIVE_INFINITY
  for (let some = await next(); ; ) {
    if (some.starts.length === 0) {
      if (some.ended) return undefined
      if (some.through > passed) {
        passed = some.through
        yield { through: passed }
        const from = passed - definition.intervalMs
        // What is read next is compared with the version that is known, whose name may be a later one by now.
        versions?.unchangedTo(from)
        // Before its first interval a stream is asked for by its beginning: only the master knows where old records begin.
        if (last !== null) last = Math.max(last, from)
        following.read(from)
      }
      await following.more()
      some = await next()
      continue
    }
    const ahead = next()
    // Whoever stops reading does not hear of its failure.
    ahead.catch(() => {})
    for (const [i, parts] of some.parts.entries()) {
      const from = some.starts[i]!
      yield { interval: { from, to: from + definition.intervalMs }, parts }
    }
    following.read(some.starts.at(-1)!)
    some = await ahead
  }
}

/** Of each start the interval's rows; `rows`: how many were read for them. */
type Read<T> = (starts: readonly number[]) => Promise<{ readonly parts: readonly (readonly (readonly T[])[])[]; readonly rows: number }>

/** One question for all the versions; gives each one's rows. */
async function ask(session: ClientSession, versions: readonly RddNode[]): Promise<unknown[][]> {
  const action = { kind: "collect", max: Number.MAX_SAFE_INTEGER } as const
  const parent: RddNode = { kind: "eachVersion", versions }
  const node: RddNode = { kind: "finished", parent: { kind: "partial", parent, action, series: true }, action, series: true }
  const answered = await session.host.query(node, answer => answer.rows() as [version: number, row: unknown][])
  const rows = versions.map((): unknown[] => [])
  for (const [version, row] of answered) rows[version]!.push(row)
  return rows
}

function wholeReader<T>(
  session: ClientSession,
  id: StreamId,
  { kind, intervalMs }: StreamDefinition,
  render: (row: unknown) => T,
): Read<T> {
  const snapshot = kind === "snapshot"
  const versionOf = (from: number): RddNode =>
    snapshot
      ? { kind: "version", stream: id, at: from, read: { kind: "rows" } }
      : { kind: "slice", stream: id, from, to: from + intervalMs }
  return async starts => {
    const answers = await ask(session, starts.map(versionOf))
    return { parts: answers.map(rows => [rows.map(render)]), rows: count(answers) }
  }
}

const count = (answers: readonly (readonly unknown[])[]): number => answers.reduce((sum, rows) => sum + rows.length, 0)

interface Partition<T> {
  /** In order of birth. */
  readonly rows: Map<unknown, T>
  /** As it was given last; null when it has changed since. */
  list: readonly T[] | null
}

interface Change {
  readonly key: unknown
  readonly after: unknown
}

/** Versions of a keyed state, put together from its changes. */
class Versions<T> {
  readonly #partitions: Partition<T>[]
  readonly #intervalMs: number
  readonly #removes: boolean
  /** The newest version that is here. */
  #at: number | null = null

  constructor(
    private readonly session: ClientSession,
    private readonly id: StreamId,
    definition: StreamDefinition,
    private readonly render: (row: unknown) => T,
  ) {
    if (definition.node.kind !== "state") throw new Error(`${definition.name} is no state`)
    this.#partitions = Array.from({ length: definition.node.partitions }, () => ({ rows: new Map(), list: [] }))
    this.#intervalMs = definition.intervalMs
    this.#removes = definition.node.op.kind !== "runningReduce"
  }

  readonly read: Read<T> = async starts => {
    const before = this.#at
    const [answers, counts] = await Promise.all([ask(this.session, this.#nodes(starts)), this.#counts(starts)])
    const versions: (readonly (readonly T[])[])[] = []
    for (const [i, rows] of answers.entries()) {
      if (before === null && i === 0) this.#takeAll(rows)
      else for (const change of rows as Change[]) this.#take(change)
      // A key whose state is undefined looks as if it were gone: then there are too few, and all are read.
      if (counts !== null && this.#size !== counts[i]) this.#takeAll((await ask(this.session, [this.#whole(starts[i]!)]))[0]!)
      versions.push(this.#parts())
    }
    this.#at = starts.at(-1)!
    return { parts: versions, rows: count(answers) }
  }

  /** No version up to the interval's is another than the one that is here. */
  unchangedTo(start: number): void {
    if (this.#at !== null) this.#at = Math.max(this.#at, start)
  }

  #nodes(starts: readonly number[]): RddNode[] {
    let before = this.#at
    return starts.map((start): RddNode => {
      const since = before
      before = start
      if (since === null) return this.#whole(start)
      const read = { kind: "changes", since: since + this.#intervalMs } as const
      return { kind: "version", stream: this.id, at: start + this.#intervalMs, read }
    })
  }

  #whole(start: number): RddNode {
    return { kind: "version", stream: this.id, at: start, read: { kind: "rows" } }
  }

  /** How many keys each version has; null where none is ever removed. */
  async #counts(starts: readonly number[]): Promise<number[] | null> {
    if (!this.#removes) return null
    const [rows] = await ask(this.session, [
      { kind: "version", stream: this.id, at: starts.at(-1)!, read: { kind: "counts", ats: starts } },
    ])
    const counts = starts.map(() => 0)
    for (const [index, count] of rows as [number, number][]) counts[index]! += count
    return counts
  }

  get #size(): number {
    return this.#partitions.reduce((sum, { rows }) => sum + rows.size, 0)
  }

  #takeAll(rows: readonly unknown[]): void {
    for (const partition of this.#partitions) {
      partition.rows.clear()
      partition.list = null
    }
    for (const row of rows as [unknown, unknown][]) this.#set(row[0], row)
  }

  #take({ key, after }: Change): void {
    if (after !== undefined || !this.#removes) return this.#set(key, [key, after])
    const partition = this.#partitionOf(key)
    partition.rows.delete(nameOf(key))
    partition.list = null
  }

  #set(key: unknown, row: readonly [unknown, unknown]): void {
    const partition = this.#partitionOf(key)
    partition.rows.set(nameOf(key), this.render(row))
    partition.list = null
  }

  #partitionOf(key: unknown): Partition<T> {
    return this.#partitions[partitionOf(key, this.#partitions.length)]!
  }

  #parts(): (readonly T[])[] {
    return this.#partitions.map(partition => (partition.list ??= [...partition.rows.values()]))
  }
}

/** What keeps keys apart in a Map as the state keeps them apart: by value. */
function nameOf(key: unknown): unknown {
  if (typeof key === "string") return `s${key}`
  return typeof key === "object" && key !== null ? `o${canonicalKey(key)}` : key
}
