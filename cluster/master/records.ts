/**
 * What the master journals. Its state is the fold of these records; everything else it knows can be asked of the
 * workers again. A record is appended before anything it says takes effect.
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import type { Asset } from "../../engine/function-ref.js"
import type { GraphVersion } from "../../engine/graph.js"
import type { Lanes } from "../../engine/lanes.js"
import type { AsideBlock, InputBlock, OutputId } from "../../engine/rdd.js"
import type { BatchKey } from "../protocol.js"
import type { FilePosition, SourceFile } from "./file-order.js"

export type JournalRecord =
  /** A master took over: the first record of each epoch. `host` and `address`: of one of several. */
  | {
      readonly kind: "epoch"
      readonly epoch: number
      readonly cluster: string
      readonly wallMs: number
      readonly host?: string
      readonly address?: string
    }
  /** Of a durable cluster: the workers on whose disks there may be what nobody else has. */
  | { readonly kind: "workers"; readonly names: readonly string[] }
  /** `scratchMs`: how long what it defines stays when nobody has it open any more. */
  | { readonly kind: "session"; readonly session: string; readonly user: string; readonly program: string; readonly scratchMs?: number }
  | { readonly kind: "sessionClosed"; readonly session: string; readonly lastSeq: Readonly<Record<string, number>> }
  | {
      readonly kind: "define"
      readonly session: string
      readonly definitions: readonly AcceptedDefinition[]
      readonly assets: readonly Asset[]
      readonly wallMs: number
      /** They live with the session (`leases.ts`); else until they are stopped. */
      readonly scratch?: true
    }
  /** The session uses these too, as they are there already. */
  | { readonly kind: "leased"; readonly session: string; readonly streams: readonly StreamId[] }
  /** Since when nobody has the session open; null: somebody has again. */
  | { readonly kind: "left"; readonly session: string; readonly wallMs: number | null }
  /** Scratch no more: they live until they are stopped. */
  | { readonly kind: "kept"; readonly streams: readonly StreamId[] }
  /** `wallMs`: when somebody gave it the name; without it the old one was taken by another stream. */
  | { readonly kind: "rename"; readonly stream: StreamId; readonly name: string; readonly wallMs?: number }
  /** How long its intervals are kept for questions, from now on. */
  | { readonly kind: "remember"; readonly stream: StreamId; readonly rememberMs: number }
  /** Stopped by somebody who may call them back (`endings.ts`). */
  | { readonly kind: "leaving"; readonly streams: readonly StreamId[]; readonly by: string; readonly wallMs: number }
  | { readonly kind: "returned"; readonly streams: readonly StreamId[] }
  | { readonly kind: "stop"; readonly streams: readonly StreamId[]; readonly wallMs: number }
  | SealRecord
  /** A `file:` input: more of its files, as pinned, in order. `gone`: names of a directory that need not be remembered any more. */
  | { readonly kind: "files"; readonly stream: StreamId; readonly files: readonly SourceFile[]; readonly gone?: readonly string[] }
  /** Streams have finished all intervals that end at or before the time. */
  | {
      readonly kind: "progress"
      readonly through: readonly { readonly stream: StreamId; readonly through: number }[]
      /** Stored results of those intervals, and in which of their `of` partitions there is anything (others hold nothing: they are not lost). */
      readonly made?: readonly {
        readonly stream: StreamId
        readonly interval: number
        readonly output: OutputId
        readonly of: number
        readonly partitions: readonly number[]
      }[]
    }
  | { readonly kind: "held"; readonly stream: StreamId; readonly interval: number; readonly failure: unknown }
  /** A held stream goes on, with or without what it failed on. */
  | { readonly kind: "resumed"; readonly stream: StreamId; readonly leftOut: LeftOut | null }
  /** Input of held streams and of those behind them that is kept no longer: these intervals are left out when they go on. */
  | { readonly kind: "gaveUp"; readonly streams: readonly StreamId[]; readonly from: number; readonly to: number }
  /**
   * From `from` on other definitions count, under the same ids. The first is the user's; the others are of streams behind it,
   * the same but for the version: what they make from there on has names of its own. `resumes`: held streams that go on by
   * it; `keepFrom`: versions of before go. `told`: for `versions()`.
   */
  | {
      readonly kind: "replaced"
      readonly versions: readonly GraphVersion[]
      readonly resumes: readonly StreamId[]
      readonly keepFrom: number
      readonly assets: readonly Asset[]
      readonly told: { readonly by: string } | null
    }
  /** A program was submitted: its streams live until they are stopped. */
  | { readonly kind: "program"; readonly program: string; readonly by: string; readonly wallMs: number }
  /** `stepsBefore`: a state's chain may reach further back than its oldest readable version. */
  | {
      readonly kind: "forgotten"
      readonly streams: readonly ForgottenStream[]
    }
  /** What one request came to: all of it is there, or nothing. */
  | { readonly kind: "together"; readonly records: readonly JournalRecord[] }
  /** A whole state, in place of all records before it. */
  | { readonly kind: "snapshot"; readonly state: unknown }

const kinds: Readonly<Record<JournalRecord["kind"], true>> = {
  ...{ epoch: true, workers: true, session: true, sessionClosed: true, define: true, leased: true, left: true, kept: true, rename: true },
  ...{ remember: true, leaving: true, returned: true, stop: true, seal: true, files: true, progress: true, held: true, resumed: true },
  ...{ gaveUp: true, replaced: true, program: true, forgotten: true, together: true, snapshot: true },
}

/** The first of the record's kinds that no master of this version has written. */
export function unknownKind(record: JournalRecord): string | undefined {
  return eachRecord(record).find(({ kind }) => !Object.hasOwn(kinds, kind))?.kind
}

/** The record, or those that were written together as it. */
export function eachRecord(record: JournalRecord): readonly JournalRecord[] {
  return record.kind === "together" ? record.records.flatMap(eachRecord) : [record]
}

/** Intervals of a running stream, by their starts in [from, to), out of which the records at which a function throws are left, or all. */
export interface LeftOut {
  readonly from: number
  readonly to: number
  readonly what: "record" | "interval"
}

/** What a stream no longer keeps in the cluster's memory or on its workers' own disks: intervals that end at or before the time. */
export interface ForgottenStream {
  readonly stream: StreamId
  readonly before: number
  readonly stepsBefore?: number
  /** Of a state: partitions whose chain begins with another base now, and the interval of that. */
  readonly roots?: readonly (readonly [partition: number, interval: number])[]
  /** Of an input: those that begin at or after `from` lie in this directory (`engine/input/archive.ts`) and can still be read. */
  readonly archive?: { readonly directory: string; readonly from: number }
}

/** A definition with what the master decided about it. */
export interface AcceptedDefinition {
  readonly definition: StreamDefinition
  /** The first interval's start. */
  readonly since: number
}

/**
 * The interval itself: which blocks count, in which order and grouping. Covers `[from, to)` of one input: one interval,
 * or a run of empty ones (then `groups` is empty). `read`: of a replayable source, how far it has been read; what lies from
 * `resume`, or of files from their `positions`, on holds records that are in no seal yet, so a restarted master reads it again.
 */
export interface SealRecord {
  readonly kind: "seal"
  readonly stream: StreamId
  readonly from: number
  readonly to: number
  readonly groups: readonly (readonly SealedBlock[])[]
  /** The same blocks in other groups, for some readers. */
  readonly lanes?: Lanes
  /** Records that came while this interval was the first one open, and entered none. */
  readonly aside?: readonly SealedAside[]
  readonly read?: {
    readonly splitsDone: number
    readonly resume: number
    readonly newest: number
    /** Records set aside so far: late ones, and such as had no time. */
    readonly late: number
    readonly ended: boolean
    /** Of files: so many have been begun; those of them that are not wholly in seals; bytes read, of the files as they are. */
    readonly begun?: number
    readonly positions?: readonly FilePosition[]
    readonly doneBytes?: number
  }
}

export interface SealedBlock extends InputBlock {
  readonly batch: BatchKey | null
}

export interface SealedAside extends AsideBlock {
  readonly batch: BatchKey | null
}

/** All blocks of a seal, in order. */
export function blocksOf({ groups, aside }: SealRecord): readonly SealedBlock[] {
  return aside === undefined ? groups.flat() : [...groups.flat(), ...aside]
}

/** Whether nothing came in the interval. */
export function isEmpty({ groups, aside }: SealRecord): boolean {
  return groups.length === 0 && aside === undefined
}
