/**
 * Inputs that are an archive (`engine/input/archive.ts`): which files there are is asked of a worker once, and gives their seals; a
 * file is read when something asks for its interval. Batch mode over them repeats the archived intervals, groups and all.
 */

import type { InputNode, StreamId } from "../../engine/definition.js"
import { archivedPart } from "../../engine/input/archive.js"
import type { TaskFailure } from "../../engine/task.js"
import { type ArchivedFile, sealsOfArchive } from "./archive-seals.js"
import { append, type Parts, type Times } from "./parts.js"
import type { SealRecord } from "./records.js"
import type { Sources } from "./sources.js"
import type { StreamRecord } from "./stream-record.js"

const listAgainMs = 2_000
/** Records a step: a long archive must not keep the master from all else. */
const sealsAStep = 1_000

type ArchiveSpec = Extract<InputNode["source"], { kind: "archive" }>

interface Listing {
  askedMs: number
  /** Null until it is known. */
  seals: readonly SealRecord[] | null
  next: number
}

export class ArchiveSources {
  readonly #parts: Parts
  readonly #sources: Sources
  readonly #fail: (stream: StreamId, failure: TaskFailure) => void
  readonly #warn: (stream: StreamId, text: string) => void
  readonly #listings = new Map<StreamId, Listing>()

  constructor(
    parts: Parts,
    sources: Sources,
    fail: (stream: StreamId, failure: TaskFailure) => void,
    warn: (stream: StreamId, text: string) => void,
  ) {
    this.#parts = parts
    this.#sources = sources
    this.#fail = fail
    this.#warn = warn
  }

  /** True: it stopped at its bound, so that there is more. */
  advance(times: Times): boolean {
    let more = false
    for (const input of this.#parts.catalog.inputsFrom("archive")) {
      const { source } = input.definition.node
      if (source.kind !== "archive") continue
      const record = this.#parts.ledger.streams.get(input.definition.id) as StreamRecord
      if (record.held !== null || record.read?.ended === true) this.#listings.delete(record.definition.id)
      else more = this.#one(record, source, times) || more
    }
    return more
  }

  #one(record: StreamRecord, spec: ArchiveSpec, times: Times): boolean {
    const stream = record.definition.id
    const listing = this.#listings.get(stream) ?? { askedMs: Number.NEGATIVE_INFINITY, seals: null, next: 0 }
    this.#listings.set(stream, listing)
    if (listing.seals !== null) return this.#seal(record, listing, listing.seals)
    // A worker that died with the question does not answer: it is asked again.
    if (times.monotonicMs - listing.askedMs < listAgainMs) return false
    listing.askedMs = times.monotonicMs
    this.#sources.lister.list([`${spec.directory.replace(/\/+$/, "")}/**`], ({ files, error }) => {
      if (this.#listings.get(stream) === listing && listing.seals === null) this.#listed(record, spec, listing, files, error)
    })
    return false
  }

  #listed(record: StreamRecord, spec: ArchiveSpec, listing: Listing, files: readonly ArchivedFile[], error: string | undefined): void {
    const { id, intervalMs } = record.definition
    const fail = (message: string) => this.#fail(id, { kind: "machine", message: `${message} (paths are read on the workers)` })
    if (error !== undefined) return fail(error)
    const found = sealsOfArchive(id, intervalMs, files, spec)
    if (typeof found === "string") return fail(found)
    if (found.seals.length === 0 && !files.some(({ path }) => archivedPart(path) !== null))
      return fail(`${spec.directory} holds no archived interval`)
    if (found.unfinished !== null) this.#warn(id, found.unfinished)
    listing.seals = found.seals
  }

  #seal(record: StreamRecord, listing: Listing, seals: readonly SealRecord[]): boolean {
    const { id: stream } = record.definition
    const read = (ended: boolean) => ({ splitsDone: listing.next, resume: listing.next, newest: record.sealedThrough, late: 0, ended })
    const until = Math.min(seals.length, listing.next + sealsAStep)
    while (listing.next < until) {
      const seal = seals[listing.next++] as SealRecord
      // A master before this one came so far.
      if (seal.to <= record.sealedThrough) continue
      if (seal.from > record.sealedThrough) this.#append({ kind: "seal", stream, from: record.sealedThrough, to: seal.from, groups: [] })
      this.#append({ ...seal, read: read(listing.next === seals.length) })
    }
    if (listing.next < seals.length) return true
    if (record.read?.ended !== true) {
      const from = record.sealedThrough
      this.#append({ kind: "seal", stream, from, to: from + record.definition.intervalMs, groups: [], read: read(true) })
    }
    return false
  }

  #append(record: SealRecord): void {
    const { admission, progress } = this.#parts
    if (record.groups.length > 0) admission.sealed(record.stream, record.from, record.groups.flat())
    append(this.#parts, record, () => progress.sealedTo(record.stream, record.to))
  }
}
