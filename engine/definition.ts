/**
 * A D-Stream's definition: frozen, `kind`-tagged plain data that crosses the wire and the journal unchanged
 * (the paper's §3.2). The three members of a D-Stream (its interval, its parents, the RDD of an interval) derive from it
 * in `dstream.ts`.
 */

import type { FunctionLink } from "./function-ref.js"
import type { FileFormat } from "./output/file-format.js"
import type { FormatSpec, RddNode } from "./rdd.js"
import type { StateOp } from "./state/op.js"
import type { StreamId } from "./stream-id.js"

export type { StreamId }

export type StreamKind = "input" | "records" | "snapshot" | "state" | "output"

export interface StreamDefinition {
  readonly id: StreamId
  readonly version: number
  readonly program: string
  /** Unique within the program. Unnamed steps are `map@page-views.ts:4`. */
  readonly name: string
  readonly named: boolean
  readonly owner: string
  readonly kind: StreamKind
  readonly intervalMs: number
  /** Where it starts: resolved by the master to an interval's start when the definition is accepted. */
  readonly from: "earliest" | "next" | number
  readonly node: StreamNode
  readonly rememberMs: number | null
  /** Batch mode: kept until whoever reads it has said so, and no longer. */
  readonly untilRead?: true
  readonly persist: boolean
  /** How often what is stored of it is copied to other workers; absent: whenever something is made. */
  readonly checkpointMs?: number
  /**
   * What `Math.random()` goes by in its functions, beside interval and partition: its name when it was defined, so that the same program over
   * the same records draws the same in every session. Absent: its id.
   */
  readonly seed?: string
  /** How many partitions shuffles of its program have that do not say it: whoever defines more of the program, or replays it, takes as many. */
  readonly partitions?: number
  /** It is made anew beside this stream, and takes its place when it has caught up (`succeeding.ts`). */
  readonly succeeds?: StreamId
  /** The user's text of the defining expression, shown by `.source`. */
  readonly source: string
}

export type StreamNode =
  | InputNode
  /** Any RDD operators over the parents' RDDs of the same interval: `rdd` has `hole` leaves, one a parent. */
  | { readonly kind: "lift"; readonly parents: readonly StreamId[]; readonly rdd: RddNode }
  | { readonly kind: "window"; readonly parent: StreamId; readonly lengthMs: number; readonly slideMs: number }
  | StateStreamNode
  /** Of an input: the raw records of its sealed intervals, as files below `to` (`archive.ts`). */
  | { readonly kind: "archive"; readonly parent: StreamId; readonly to: string }
  /** `holds`: the RDDs that the function captured, in the order of its heap, and the newest version of each stream that it did. */
  | { readonly kind: "foreachRDD"; readonly parent: StreamId; readonly f: FunctionLink; readonly holds?: readonly RddNode[] }
  /** Of a snapshot stream the interval may be a multiple of the parent's: then every so often a version. */
  | SaveNode

/** `to`: a directory, or a table (`engine/output/table.ts`); `keyed`: the records are pairs, each is the row of its key. */
export interface SaveNode {
  readonly kind: "save"
  readonly parent: StreamId
  readonly to: string
  readonly format: FileFormat
  readonly onError?: OnError
  readonly keyed?: true
}

/** Records at which a function throws on their way to this stream are set aside: the stream is not held. */
export type OnError = "setAside"

export interface InputNode {
  readonly kind: "input"
  readonly source: SourceSpec
  readonly format: FormatSpec
  /** Event time of a record. */
  readonly timestamp: FunctionLink | null
  /**
   * How late a record may be and still enter its interval: of files behind the newest time read before it, of what is pushed
   * behind the clock (the paper's slack).
   */
  readonly disorderMs: number
  readonly onBadRecord: "setAside" | "hold"
}

export type SourceSpec =
  /** Pushed by clients (`rivulet send`), acked after two copies. */
  | { readonly kind: "receiver"; readonly name: string /** Read by a worker, of the master's choice. */; readonly url?: string }
  /** Read by workers; replayable, bounded. */
  | { readonly kind: "file"; readonly paths: readonly string[] }
  /** What arrived at another input, by the records' own time (made by the master of a receiver with a `timestamp`). */
  | { readonly kind: "arrivals"; readonly stream: StreamId; readonly name: string }
  /** The intervals of an archived stream (`archive.ts`) that begin in [from, to): its directory on the workers. */
  | { readonly kind: "archive"; readonly directory: string; readonly from?: number; readonly to?: number }

export interface StateStreamNode {
  readonly kind: "state"
  readonly parent: StreamId
  readonly op: StateOp
  readonly partitions: number
  readonly initial: RddNode | null
  readonly onError?: OnError
}
