/**
 * What has happened, for who asks later: of each kind the newest. What is journaled is told by its records, so that a master that was
 * started again knows what came before it; the rest (workers, tasks) by those who saw it.
 */

import type { StreamId } from "../../engine/definition.js"
import type { ClusterEvent, EventEntry, PastEvent } from "../protocol.js"
import { nameOf } from "./catalog.js"
import type { Ledger } from "./ledger.js"
import { blocksOf, eachRecord, isEmpty, type JournalRecord } from "./records.js"

const keptOfAKind = 500
/** Of one epoch: those of the next come after them. */
const epochSpan = 1e9

/** Told as they happen to all who are attached, and in the journal for the next master. */
const told: ReadonlySet<PastEvent["kind"]> = new Set(["defined", "stopped", "held"])

export class Events {
  readonly #ledger: Pick<Ledger, "streams" | "epoch">
  readonly #kept = new Map<PastEvent["kind"], EventEntry[]>()
  #count = 0

  constructor(ledger: Pick<Ledger, "streams" | "epoch">) {
    this.#ledger = ledger
  }

  note(event: ClusterEvent | PastEvent, wallMs: number): void {
    // Of what functions print there is a log; after an end nobody asks this master.
    if (event.kind === "log" || event.kind === "ending") return
    const kept = this.#kept.get(event.kind)
    const entry = { sequence: this.#ledger.epoch * epochSpan + ++this.#count, wallMs, owner: null, event }
    if (kept === undefined) this.#kept.set(event.kind, [entry])
    else {
      kept.push(entry)
      if (kept.length > keptOfAKind * 2) kept.splice(0, keptOfAKind)
    }
  }

  /** The record is on disk. */
  journaled(record: JournalRecord, wallMs: number): void {
    for (const event of this.#eventsOf(record)) if (!told.has(event.kind)) this.note(event, wallMs)
  }

  /** The journal of masters before. */
  replay(records: readonly { readonly record: JournalRecord }[]): void {
    let wallMs = 0
    for (const record of records.flatMap(({ record }) => eachRecord(record))) {
      if ("wallMs" in record && typeof record.wallMs === "number") wallMs = record.wallMs
      else if (record.kind === "seal") wallMs = Math.max(wallMs, record.to)
      for (const event of this.#eventsOf(record)) this.note(event, wallMs)
    }
  }

  /** In order. `after`: those before it are known. `kinds` null: all. `stream`: by its name, or null. */
  since(after: number, sinceMs: number, kinds: readonly string[] | null, stream: string | null): EventEntry[] {
    const found: EventEntry[] = []
    const owners = new Map([...this.#ledger.streams.values()].map(record => [nameOf(record), record.definition.owner]))
    for (const [kind, entries] of this.#kept) {
      if (kinds !== null && !kinds.includes(kind)) continue
      for (const entry of entries.slice(-keptOfAKind)) {
        if (entry.sequence <= after || entry.wallMs < sinceMs) continue
        const about = aboutOf(entry.event)
        if (stream !== null && about !== stream) continue
        found.push({ ...entry, owner: (about === null ? undefined : owners.get(about)) ?? null })
      }
    }
    return found.sort((a, b) => a.sequence - b.sequence)
  }

  /** By which a stream was known until it was renamed at that time; of renamings before its last one the present name. */
  #formerName(id: StreamId, wallMs: number): string {
    const stream = this.#ledger.streams.get(id)
    if (stream === undefined) return id
    const { definition, formerly } = stream
    return nameOf(formerly?.wallMs === wallMs ? { definition: { ...definition, name: formerly.name } } : stream)
  }

  #eventsOf(record: JournalRecord): PastEvent[] {
    const name = (id: StreamId) => {
      const stream = this.#ledger.streams.get(id)
      return stream === undefined ? id : nameOf(stream)
    }
    switch (record.kind) {
      case "epoch": {
        const { epoch, host, address } = record
        return [{ kind: "masterStarted", epoch, ...(host !== undefined && { host }), ...(address !== undefined && { address }) }]
      }
      case "define":
        return record.definitions.flatMap(({ definition }) =>
          definition.named ? [{ kind: "defined" as const, stream: nameOf({ definition }), by: definition.owner }] : [],
        )
      case "program":
        return [{ kind: "submitted", program: record.program, by: record.by }]
      case "leaving":
        return record.streams.map(id => ({ kind: "stopped", stream: name(id), by: record.by }))
      case "returned":
        return record.streams.map(id => ({ kind: "returned", stream: name(id) }))
      case "kept":
        return record.streams.map(id => ({ kind: "kept", stream: name(id) }))
      case "rename":
        return record.wallMs === undefined
          ? []
          : [{ kind: "renamed", stream: this.#formerName(record.stream, record.wallMs), to: record.name }]
      case "replaced": {
        const [first] = record.versions
        if (record.told === null || first === undefined) return []
        const { definition, from } = first
        return [{ kind: "replaced", stream: name(definition.id), version: definition.version, from, by: record.told.by }]
      }
      case "held":
        return [{ kind: "held", stream: name(record.stream), interval: record.interval, failure: record.failure as never }]
      case "resumed":
        return [{ kind: "resumed", stream: name(record.stream), without: record.leftOut?.what ?? null }]
      case "gaveUp":
        return record.streams.map(id => ({ kind: "gaveUp", stream: name(id), from: record.from, to: record.to }))
      case "seal": {
        if (isEmpty(record)) return []
        const blocks = blocksOf(record)
        const rows = blocks.reduce((sum, block) => sum + block.rows, 0)
        return [{ kind: "sealed", stream: name(record.stream), from: record.from, to: record.to, rows, blocks: blocks.length }]
      }
      default:
        return []
    }
  }
}

/** The stream by the name that it has by then; null: it is about none. */
function aboutOf(event: EventEntry["event"]): string | null {
  if (!("stream" in event)) return null
  return event.kind === "renamed" ? event.stream.slice(0, event.stream.lastIndexOf("/") + 1) + event.to : event.stream
}
