/**
 * What handles need of the session that made them. Handles only build nodes; everything that has an effect or a name goes
 * through here, so they are the same in a client, in the shell's evaluator, in a worker's driver thread and in a test.
 */

import type { Block } from "../block/block.js"
import type { StreamDefinition, StreamId, StreamKind, StreamNode } from "../definition.js"
import type { FunctionLink, FunctionRef } from "../function-ref.js"
import type { FileFormat } from "../output/file-format.js"
import type { QueryTime, RddNode } from "../rdd.js"
import type { TimeLike } from "../time.js"
import type { Answer, Partial } from "./answer-types.js"
import type { Definition, Lineage, Plan, Stamp, StreamInfo, Why } from "./shapes.js"
import type { Handle } from "./stream-types.js"

export type UserFunction = (...args: never[]) => unknown

/** A stream as its operator describes it; the host adds identity, name, program and owner. */
export interface StreamDraft {
  /** The method's name: what an unnamed step is called after. */
  readonly operator: string
  readonly kind: StreamKind
  readonly intervalMs: number
  readonly node: StreamNode
  readonly from?: StreamDefinition["from"]
  readonly name?: string
  readonly rememberMs?: number
}

export interface RawAnswer {
  readonly stamp: Stamp
  readonly blocks: readonly Block[]
  /** The records of all blocks, in order. */
  rows(): unknown[]
  /** What `save` wrote. */
  readonly saved?: { readonly files: readonly string[]; readonly rows: number }
}

/** Where the rows of a question go in place of an answer. */
export interface SaveTarget {
  readonly to: string
  readonly format: FileFormat
}

/** The partial rows of those partitions that were ready. */
export interface ReadyRows {
  readonly rows: readonly unknown[]
  readonly ready: number
  readonly of: number
}

/** As `Handle.replace` takes them; null: where it failed if it did, else the next interval. */
export interface ReplaceOptions {
  readonly from: TimeLike | "failed" | "next" | null
  readonly state: "keep" | "reset" | UserFunction
  readonly dryRun: boolean
  /** Also another's. */
  readonly force?: boolean
}

/** What may be said of a stream until its definition is sent; its name later, too. */
export interface Amendment {
  readonly name?: string
  readonly persist?: boolean
  readonly rememberMs?: number
  readonly checkpointMs?: number
}

export interface Host {
  /** How many partitions a shuffle has unless it is told. */
  readonly partitions: number
  /** Takes a copy of the function with what it captures. `driver`: it may be async and hold handles (`foreachRDD`). RivuletError 2 if it cannot travel. */
  link(f: UserFunction, operator: string, options?: { readonly driver?: boolean }): FunctionLink
  /** What was linked, where this session has it: for `explain`. Null: another session's, or one of ours. */
  functionOf(link: FunctionLink): FunctionRef | null
  define(draft: StreamDraft): StreamDefinition
  /** The definition as it is now. RivuletError if the session does not know the stream. */
  definition(id: StreamId): StreamDefinition
  /** Changes what may still be changed. A name always may; the rest only before the definition has been sent. */
  amend(id: StreamId, change: Amendment): void
  /** A handle for a stream that this session knows. `keyed`: with `get`, `history`, `changes`. */
  open(id: StreamId, keyed: boolean): Handle
  /** For questions: "now" and "-5m" stay relative to the newest finished interval. */
  time(time: TimeLike): QueryTime
  /** For definitions: epoch ms by the session's clock. */
  instant(time: TimeLike): number
  query<T>(node: RddNode, decode: (answer: RawAnswer) => T, options?: { readonly save?: SaveTarget }): Answer<T>
  /** Answers when so many ms are over with what is there of `node`, whose partitions hold an action's partial rows. */
  partial<T>(node: RddNode, withinMs: number, decode: (ready: ReadyRows) => T): Answer<Partial<T>>
  /** Over so many rows `collect` is an error, unless it says another number. */
  readonly collectMax?: number
  lineage(node: RddNode): Promise<Lineage>
  /** An id that no other node of any session has. */
  newId(letter: string): string
  /** What questions kept of a persisted RDD goes; from now on it is computed like any other. */
  unpersist(id: string): void
  stop(id: StreamId, options: { readonly cascade: boolean }): Promise<void>
  /** It stays until it is stopped, whoever leaves. */
  keep(id: StreamId): void
  /** A held stream goes on. */
  resume(id: StreamId, options: { readonly skip: "record" | "interval" | null }): Promise<void>
  /** `next` takes the stream's place, or (`dryRun`) would. It is no stream of its own by that. */
  replace(id: StreamId, next: StreamId, options: ReplaceOptions): Promise<Plan>
  versions(id: StreamId): Promise<Definition[]>
  info(id: StreamId): Promise<StreamInfo>
  why(id: StreamId): Promise<Why>
}
