/**
 * The two questions of exactness: is every acked record in exactly one interval, and does every interval of every
 * stream hold what plain arrays give over the sealed input?
 */

import type { JournalRecord, SealRecord } from "../../master/records.js"
import type { PlainStream, Row, SealedInput } from "./plain.js"

/** What a client sent: lines of a batch, and whether it was told that they are safe. */
export interface SentBatch {
  readonly session: string
  readonly input: string
  readonly seq: number
  readonly lines: readonly string[]
  /** The cluster's clock when it was given to the client. */
  readonly sentMs: number
  acked: boolean
}

/** Something that must not be. The message says what was expected and what is there. */
export class Wrong extends Error {}

/** From a client to a worker in calm weather, and by how much a worker may mistake the time. */
const hopMs = 50

const keyOf = (session: string, input: string, seq: number) => `${session} ${input} ${seq}`

/** The seals of the journal as input for plain arrays. `streams`: the input's name by its stream's id. */
export class Seals implements SealedInput {
  readonly #groups = new Map<string, Map<number, string[][]>>()
  readonly #through = new Map<string, number>()

  /**
   * Reads the journal's seals. Throws `Wrong` if an interval is sealed twice or left out, a batch is sealed twice, its number of
   * records differs from what was sent, batches of a session are out of order, or a batch that was acked is nowhere.
   */
  constructor(history: readonly JournalRecord[], sent: readonly SentBatch[], streams: ReadonlyMap<string, string>, calm: boolean) {
    const batches = new Map(sent.map(batch => [keyOf(batch.session, batch.input, batch.seq), batch]))
    const sealedAt = new Map<string, number>()
    const lastSeq = new Map<string, number>()
    for (const record of history) {
      if (record.kind !== "seal") continue
      const input = streams.get(record.stream)
      if (input === undefined) continue
      this.#continues(record, input)
      const groups: string[][] = []
      for (const group of record.groups) {
        const lines: string[] = []
        for (const { batch, rows, block } of group) {
          if (batch === null) throw new Wrong(`seal of ${input} at ${record.from}: block ${block} is of no batch`)
          const key = keyOf(batch.session, input, batch.seq)
          const known = batches.get(key)
          if (known === undefined) throw new Wrong(`seal of ${input} at ${record.from} holds batch ${key}, which nobody sent`)
          if (sealedAt.has(key))
            throw new Wrong(`batch ${key} is in the intervals at ${sealedAt.get(key)} and ${record.from}: counted twice`)
          if (rows !== known.lines.length) throw new Wrong(`batch ${key} has ${known.lines.length} records, its seal says ${rows}`)
          const session = `${batch.session} ${input}`
          if (calm && batch.seq <= (lastSeq.get(session) ?? 0)) throw new Wrong(`batch ${key} is sealed after ${lastSeq.get(session)}`)
          if (calm && (record.to <= known.sentMs - hopMs || record.from > known.sentMs + hopMs))
            throw new Wrong(`batch ${key}, sent at ${known.sentMs}, is in the interval from ${record.from} to ${record.to}`)
          lastSeq.set(session, batch.seq)
          sealedAt.set(key, record.from)
          lines.push(...known.lines)
        }
        groups.push(lines)
      }
      const of = this.#groups.get(input) ?? new Map<number, string[][]>()
      this.#groups.set(input, of)
      if (groups.length > 0) of.set(record.from, groups)
    }
    for (const [key, batch] of batches)
      if (batch.acked && !sealedAt.has(key)) throw new Wrong(`batch ${key} was acked and is in no interval: lost`)
  }

  groups(input: string, start: number): readonly (readonly string[])[] {
    return this.#groups.get(input)?.get(start) ?? []
  }

  #continues(record: SealRecord, input: string): void {
    const through = this.#through.get(input)
    if (through !== undefined && record.from !== through)
      throw new Wrong(`${input}: a seal from ${record.from} follows one through ${through}`)
    if (record.to <= record.from) throw new Wrong(`${input}: a seal of [${record.from}, ${record.to})`)
    this.#through.set(input, record.to)
  }
}

/** Compares what a stream holds at an interval, by partition, with plain arrays. `places` remembers where keys were. */
export function compare(
  stream: { readonly text: string; readonly plain: PlainStream },
  start: number,
  partitions: readonly (readonly Row[])[],
  places: Map<string, number>,
): void {
  const { plain, text } = stream
  const expected = plain.rows(start)
  const got = partitions.flat()
  const where = `${text} at ${start}`
  if (plain.order === "defined") {
    differ(where, got, expected)
    return
  }
  differ(where, sorted(got), sorted(expected))
  if (plain.order !== "byKey") return
  for (const [at, rows] of partitions.entries()) {
    for (const row of rows) {
      const key = String((row as [string, unknown])[0])
      const known = places.get(key)
      if (known !== undefined && known !== at)
        throw new Wrong(`${where}: key ${JSON.stringify(key)} is in partition ${at}, before in ${known}`)
      places.set(key, at)
    }
  }
}

function differ(where: string, got: readonly Row[], expected: readonly Row[]): void {
  const a = got.map(show)
  const b = expected.map(show)
  const at = b.findIndex((row, i) => row !== a[i])
  if (at < 0 && a.length === b.length) return
  const i = at < 0 ? b.length : at
  throw new Wrong(`${where}: row ${i} is ${a[i] ?? "missing"}, must be ${b[i] ?? "absent"}\n  is      ${clip(a)}\n  must be ${clip(b)}`)
}

function sorted(rows: readonly Row[]): Row[] {
  return [...rows]
    .map(row => [show(row), row] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, row]) => row)
}

function show(row: Row): string {
  return JSON.stringify(row) ?? String(row)
}

function clip(rows: readonly string[]): string {
  const text = rows.join(" ")
  return `${rows.length} rows: ${text.length > 600 ? `${text.slice(0, 600)}…` : text}`
}
