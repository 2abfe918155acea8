/** What is known for certain of one stream, and how its parts change. The ledger alone changes them. */

import type { StreamDefinition } from "../../engine/definition.js"
import type { GraphVersion } from "../../engine/graph.js"
import type { OutputId } from "../../engine/rdd.js"
import type { TaskFailure } from "../../engine/task.js"
import { archivedSeal, isArchived } from "./archive-seals.js"
import type { SourceFile } from "./file-order.js"
import { watches } from "./input-kinds.js"
import type { AcceptedDefinition, ForgottenStream, JournalRecord, LeftOut, SealRecord } from "./records.js"

/** Mutable, by the ledger. Times are epoch ms; intervals are named by their start. */
export interface StreamRecord {
  definition: StreamDefinition
  /** The first interval's start. */
  readonly since: number
  readonly definedMs: number
  stoppedMs: number | null
  /** The name that it had before it was given another, and when that was. */
  formerly?: { readonly name: string; readonly wallMs: number }
  /** Stopped, but may be called back. */
  leaving: { readonly by: string; readonly wallMs: number } | null
  /** The sessions with which it ends; none: it stays until it is stopped. */
  readonly leases: string[]
  /** Of inputs, ascending, without what is forgotten. */
  readonly seals: SealRecord[]
  /** Of inputs: end of the newest sealed interval. */
  sealedThrough: number
  read: NonNullable<SealRecord["read"]> | null
  /** Of a pushed input: lines that its senders set aside. */
  asideRows?: number
  files: InputFiles | null
  /** Of running streams: end of the newest finished interval. */
  through: number
  held: { readonly interval: number; readonly failure: TaskFailure } | null
  /** Intervals that end at or before it are gone. */
  forgottenBefore: number
  /** Ascending. */
  readonly leftOut: LeftOut[]
  /** Of a replaced definition: all that count for some retained interval, oldest first. Empty: it never was. */
  readonly versions: GraphVersion[]
  /** What `versions()` tells: the newest of them. */
  readonly history: VersionNote[]
  /** Of an input with an archive: what ends at or before it can be read from there only. */
  archivedBefore?: number
  /** Of a state: by partition, the base with which its chain begins, if more was there and is forgotten. */
  roots?: Map<number, number>
  /** Stored results of finished intervals: in which partitions there is anything. Ascending. */
  readonly made: MadeOutput[]
}

/** The files of a `file:` input. Of a directory, into which more come, only names are kept of those that are wholly in seals. */
export interface InputFiles {
  /** How many came before those of `list`. */
  readonly first: number
  readonly list: readonly SourceFile[]
  readonly read: readonly string[]
}

/** One version of a replaced definition, for people: from which interval on, by whom, and its text. */
export interface VersionNote {
  readonly version: number
  readonly from: number
  readonly by: string
  readonly source: string
}

/** A stored result of a finished interval: in which of its `of` partitions there is anything. */
export interface MadeOutput {
  readonly interval: number
  readonly output: OutputId
  readonly of: number
  readonly partitions: readonly number[]
}

/** As it is accepted: nothing of it is sealed or finished. `definedMs`: the master's clock. */
export function freshStream({ definition, since }: AcceptedDefinition, definedMs: number): StreamRecord {
  return {
    definition,
    since,
    definedMs,
    stoppedMs: null,
    leaving: null,
    leases: [],
    seals: [],
    sealedThrough: since,
    read: null,
    files: null,
    through: since,
    held: null,
    forgottenBefore: since,
    leftOut: [],
    versions: [],
    history: [],
    made: [],
  }
}

const versionsTold = 50

/** Adds what `versions()` tells of a replacement. */
export function note({ history, definition: old, since }: StreamRecord, { definition, from }: GraphVersion, by: string): void {
  if (history.length === 0) history.push({ version: old.version, from: since, by: old.owner, source: old.source })
  // What was to begin no earlier never came into force.
  while (history.length > 1 && (history.at(-1) as VersionNote).from >= from) history.pop()
  history.push({ version: definition.version, from, by, source: definition.source })
  if (history.length > versionsTold) history.shift()
}

/** More files were found; `gone` are on the disk no more. */
export function withFiles(files: InputFiles | null, { files: more, gone = [] }: Extract<JournalRecord, { kind: "files" }>): InputFiles {
  const { first, list, read } = files ?? { first: 0, list: [], read: [] }
  return { first, list: [...list, ...more], read: gone.length === 0 ? read : read.filter(path => !gone.includes(path)) }
}

/** Of a directory: what is wholly in seals is never read again. */
export function letGoOfRead(stream: StreamRecord): void {
  const { definition, files, read } = stream
  if (files === null || read?.begun === undefined || !watches(definition)) return
  const before = Math.min(read.begun, ...(read.positions ?? []).map(({ file }) => file))
  if (before <= files.first) return
  const over = files.list.slice(0, before - files.first)
  stream.files = { first: before, list: files.list.slice(over.length), read: [...files.read, ...over.map(({ path }) => path)] }
}

/** Adds what is left out of the stream's results; what borders on the last one becomes part of it. */
export function leaveOut({ leftOut }: StreamRecord, one: LeftOut): void {
  const last = leftOut.at(-1)
  if (last !== undefined && last.what === one.what && last.to === one.from) leftOut[leftOut.length - 1] = { ...last, to: one.to }
  else leftOut.push(one)
}

/** Versions whose last interval ends before this. */
export function dropVersions(versions: GraphVersion[], before: number): void {
  while (versions[1] !== undefined && versions[1].from <= before) versions.shift()
}

/** Removes from the list's start what is gone, up to the first that is not. */
export function cut<T>(list: T[], gone: (item: T) => boolean): void {
  let n = 0
  while (n < list.length && gone(list[n] as T)) n += 1
  if (n > 0) list.splice(0, n)
}

/** The seal that holds the interval which starts at `from`; null when it is not sealed or forgotten. */
export function sealAt(seals: readonly SealRecord[], from: number): SealRecord | null {
  const seal = seals[firstAfter(seals, from)]
  return seal !== undefined && seal.from <= from ? seal : null
}

/** Seals of archived intervals that are known by themselves. A master with more forgets the oldest: their files are an input of their own. */
const archivedSeals = 200_000

/** Seals of intervals that end at or before `before` name the archive's files from now on, where they named blocks. */
export function toArchive(of: StreamRecord, before: number, { directory, from }: NonNullable<ForgottenStream["archive"]>): void {
  const done = of.archivedBefore ?? Number.NEGATIVE_INFINITY
  for (let i = firstAfter(of.seals, before) - 1; i >= 0; i--) {
    const seal = of.seals[i] as SealRecord
    if (seal.to <= done || seal.from < from) break
    of.seals[i] = archivedSeal(seal, directory)
  }
  of.archivedBefore = Math.max(done, before)
}

/** From when on the stream can be read, archive included: `from`, or later where there are too many seals to keep. */
export function reachOfArchive(of: StreamRecord, from: number): number {
  const extra = of.seals.length - archivedSeals
  return extra > 0 ? Math.min(of.archivedBefore ?? from, Math.max(from, (of.seals[extra - 1] as SealRecord).to)) : from
}

/** The index of the first seal that ends after the time. */
function firstAfter(seals: readonly SealRecord[], time: number): number {
  let low = 0
  let high = seals.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((seals[middle] as SealRecord).to <= time) low = middle + 1
    else high = middle
  }
  return low
}

/** Whether the interval's records can be read again from where they came from. */
export function isReplayable({ definition: { node } }: StreamRecord, seal: SealRecord): boolean {
  return isArchived(seal) || (node.kind === "input" && node.source.kind === "file")
}
