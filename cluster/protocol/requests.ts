/** What clients ask of the master, and its answers by the request's kind. */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import type { Asset } from "../../engine/function-ref.js"
import type { ListedFile } from "../../engine/input/file-split.js"
import type { FileFormat } from "../../engine/output/file-format.js"
import type { RddNode, StateMigration } from "../../engine/rdd.js"
import type { TaskFailure } from "../../engine/task.js"
import type { NodeId } from "../node-id.js"
import type { Peer } from "./membership.js"
import type { PartitionLineage } from "./partition-lineage.js"
import type { Recipe } from "./recipe.js"
import type { CatalogEntry, ClusterEvent, ClusterStatus, EventEntry, JobStatus, LogEntry, WhyReport, WorkerStatus } from "./status.js"

export type RequestMessage =
  // ── client → master ──
  | { readonly kind: "request"; readonly id: number; readonly body: Request }
  // ── master → client ──
  | { readonly kind: "response"; readonly id: number; readonly body: Response }
  /** Pushed to subscribers. */
  | { readonly kind: "completed"; readonly stream: StreamId; readonly through: number }
  | { readonly kind: "event"; readonly event: ClusterEvent }

export type Request =
  /**
   * `as`: a name that the client made up and nobody else has: it need not wait for an answer before it uses it. `scratchMs`: how
   * long what it defines stays when nobody has it open any more.
   */
  | {
      readonly kind: "openSession"
      readonly user: string
      readonly program: string
      readonly resume?: string
      readonly as?: string
      readonly scratchMs?: number
    }
  /** The sender's last batch; dedupe state is dropped when all up to it is sealed. */
  | { readonly kind: "closeSession"; readonly session: string; readonly lastSeq: Readonly<Record<string, number>> }
  | {
      readonly kind: "define"
      readonly session: string
      readonly definitions: readonly StreamDefinition[]
      /** Functions and data that it names. `kept`: those that the master was sent before. Where it has let go of some, it says which (`lacking`). */
      readonly assets: readonly Asset[]
      readonly kept?: readonly string[]
    }
  /**
   * `takes`: its first name, which is taken from who has it, as a definition does that is sent with a name. `dryRun` here and below: whatever
   * would refuse it refuses, and nothing is changed.
   */
  | {
      readonly kind: "rename"
      readonly stream: StreamId
      readonly name: string
      readonly takes?: boolean
      readonly by: string
      readonly force: boolean
      readonly dryRun?: boolean
    }
  | { readonly kind: "remember"; readonly stream: string; readonly rememberMs: number; readonly by: string; readonly force: boolean }
  /** A held stream goes on. `skip`: without the records at which its function throws, or without the whole interval. */
  | {
      readonly kind: "resume"
      readonly stream: string
      readonly skip: "record" | "interval" | null
      readonly by: string
      readonly force: boolean
      readonly dryRun?: boolean
    }
  /** `next` takes the stream's place; `definitions` are what it is made of and the master does not have. Null `from`: where it failed if it did, else next. */
  | {
      readonly kind: "replace"
      readonly session: string
      readonly stream: string
      readonly next: StreamDefinition
      readonly definitions: readonly StreamDefinition[]
      readonly assets: readonly Asset[]
      readonly kept?: readonly string[]
      readonly from: "failed" | "next" | number | null
      readonly state: { readonly kind: "keep" } | StateMigration
      readonly dryRun: boolean
      readonly by: string
      readonly force: boolean
    }
  /** A whole program, in place of what it was: see `ReplacePlan`. */
  | {
      readonly kind: "submit"
      readonly session: string
      readonly program: string
      readonly definitions: readonly StreamDefinition[]
      readonly assets: readonly Asset[]
      readonly kept?: readonly string[]
      /** What changes is made anew from where the definitions say, beside what runs, and takes its place when it has caught up. */
      readonly anew?: true
      readonly dryRun: boolean
      readonly by: string
      readonly force: boolean
    }
  | { readonly kind: "versions"; readonly stream: string }
  /** Calls back what a `stop` ended, for as long as that is possible. */
  | { readonly kind: "undo"; readonly streams: readonly string[]; readonly by: string; readonly force: boolean }
  /** Scratch becomes permanent. */
  | { readonly kind: "keep"; readonly streams: readonly string[]; readonly by: string; readonly force: boolean; readonly dryRun?: boolean }
  | {
      readonly kind: "stop"
      readonly streams: readonly string[]
      readonly cascade: boolean
      readonly by: string
      readonly force: boolean
      readonly dryRun?: boolean
      /** Of a session that ends: what another open one has defined, too, stays. */
      readonly leaving?: string
    }
  | {
      readonly kind: "query"
      readonly query: string
      readonly session: string
      readonly rdd: RddNode
      readonly definitions: readonly StreamDefinition[]
      readonly assets: readonly Asset[]
      readonly kept?: readonly string[]
      readonly timeoutMs: number | null
      /** Answered at the latest so many ms after it began, with the parts that are there. The same question asked again without it waits for all. */
      readonly withinMs?: number
      /** The RDD's partitions are written to files; the answer has no parts. */
      readonly save?: { readonly to: string; readonly format: FileFormat }
    }
  /** What the RDD is made of, as it is now: places and checkpoints of each step (`LineageNode`). */
  | {
      readonly kind: "lineage"
      readonly session: string
      readonly rdd: RddNode
      readonly definitions: readonly StreamDefinition[]
    }
  /** What a partition is made of in the interval that holds `at` (null: the newest), and what the loss of a worker would cost; null: of all partitions that alone. */
  | { readonly kind: "partitionLineage"; readonly stream: string; readonly at: number | null; readonly partition: number | null }
  /**
   * How one partition is made of the interval that holds `at` (null: the newest that is finished), and the blocks for it: for who makes it
   * once more. Answered as a question is, with the recipe.
   */
  | { readonly kind: "recipe"; readonly query: string; readonly stream: string; readonly at: number | null; readonly partition: number }
  | { readonly kind: "cancelQuery"; readonly query: string }
  /** How far a question is that takes long. */
  | { readonly kind: "progress"; readonly query: string }
  | { readonly kind: "releaseQuery"; readonly query: string }
  /** What questions kept of a persisted RDD is no longer wanted. */
  | { readonly kind: "unpersist"; readonly id: string }
  | { readonly kind: "catalog" }
  | { readonly kind: "status" }
  | { readonly kind: "workers" }
  /** The worker gets nothing new, what only it has is copied to others, then it ends; `undo`: it stays. */
  | { readonly kind: "drain"; readonly worker: string; readonly undo: boolean; readonly by: string }
  | { readonly kind: "jobs"; readonly stream: string | null; readonly lastMs: number }
  /** Causes of a stream's being held, late or slow, by its name or id. */
  | { readonly kind: "why"; readonly stream: string }
  /** What has happened, oldest first: what comes after a sequence, or since a time. `kinds`: of these alone; `stream`: about it alone, by its name. */
  | {
      readonly kind: "events"
      readonly after: number
      readonly sinceMs: number
      readonly kinds: readonly string[] | null
      readonly stream: string | null
    }
  | { readonly kind: "logs"; readonly stream: string | null; readonly sinceMs: number }
  | { readonly kind: "subscribe"; readonly stream: StreamId }
  | { readonly kind: "unsubscribe"; readonly stream: StreamId }
  /** Sizes of files on a worker's machine; for `textFile` and `file:` sources. */
  | { readonly kind: "files"; readonly paths: readonly string[] }
  /** Answered when all bounded inputs (of these streams, or all) have been read, sealed and worked off. */
  | { readonly kind: "drained"; readonly streams: readonly StreamId[] }
  /** Starts of the first `limit` finished intervals after `after` (null: from the first) in which the stream may have changed. */
  | { readonly kind: "changed"; readonly stream: StreamId; readonly after: number | null; readonly limit: number }
  /** The client reads these streams to their end: intervals that begin before `from` it has read. In place of what it said before. */
  | { readonly kind: "reading"; readonly streams: readonly { readonly stream: StreamId; readonly from: number }[] }
  /** Where senders may go, and the receiver's stream if it is defined. */
  | { readonly kind: "receivers"; readonly receiver: string }
  | { readonly kind: "shutdown" }

/** What an `ok` response's `value` is, by the request's kind. Requests that are not here answer `null`. */
export interface ResponseValues {
  readonly openSession: { readonly session: string }
  /** In the order asked. A definition of an input that exists already gives the one that exists: its id stands in for the asked one. */
  readonly define: {
    readonly accepted: readonly { readonly asked: StreamId; readonly definition: StreamDefinition; readonly since: number }[]
  }
  /** `names`: theirs, with their programs'. */
  readonly stop: { readonly stopped: readonly StreamId[]; readonly names: readonly string[] }
  readonly undo: { readonly undone: readonly StreamId[] }
  readonly keep: { readonly kept: readonly StreamId[] }
  /** `from`: the interval that it failed in. */
  /** `what`: of these intervals, the records that fail, or all. */
  readonly resume: {
    readonly from: number
    readonly leftOut: readonly { readonly from: number; readonly to: number; readonly what: "record" | "interval" }[]
  }
  readonly replace: { readonly plan: ReplacePlan; readonly definition: StreamDefinition }
  readonly submit: {
    readonly plan: ReplacePlan
    /** None in a dry run. */
    readonly accepted: readonly { readonly asked: StreamId; readonly definition: StreamDefinition; readonly since: number }[]
  }
  readonly versions: readonly { readonly version: number; readonly from: number; readonly by: string; readonly source: string }[]
  readonly query: QueryAnswer
  readonly recipe: QueryAnswer
  /** Tasks, of those that are known by now; none when there is no such question. Of those that run, the one that has run longest. */
  readonly progress: {
    readonly done: number
    readonly of: number
    readonly longest: { readonly worker: string; readonly ms: number } | null
  }
  readonly lineage: LineageNode
  readonly partitionLineage: PartitionLineage
  readonly catalog: readonly CatalogEntry[]
  readonly status: ClusterStatus
  readonly workers: readonly WorkerStatus[]
  /** Blocks to be copied, and the names of the workers that go on. */
  readonly drain: { readonly blocks: number; readonly to: readonly string[] }
  readonly jobs: readonly JobStatus[]
  readonly why: WhyReport
  readonly events: readonly EventEntry[]
  readonly logs: readonly LogEntry[]
  /** `completed` and `event` messages follow. */
  readonly subscribe: { readonly through: number }
  readonly files: {
    readonly files: readonly ListedFile[]
  }
  readonly changed: readonly number[]
  /** `stream` is null as long as nobody has defined it. */
  readonly receivers: { readonly stream: StreamId | null; readonly workers: readonly Peer[] }
}

export type Response =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false
      readonly message: string
      readonly code: number
      readonly try?: string
      readonly failure?: TaskFailure
      /** Hashes of functions and data that the request names, which the master does not have: it is to be asked again with them. */
      readonly lacking?: readonly string[]
    }

/** What a change would do, or did; `from` is where it takes effect. */
export interface ReplacePlan {
  readonly add: readonly string[]
  readonly change: readonly {
    readonly name: string
    readonly from: string
    readonly to: string
    readonly state: "kept" | "mapped" | "reset" | "none"
  }[]
  readonly stop: readonly string[]
  readonly unchanged: readonly string[]
  readonly applied: boolean
  readonly at: number | null
  /** Of a submit: the first intervals' starts of what is added or made anew, of what has one of its own. */
  readonly begins?: readonly { readonly name: string; readonly from: number }[]
  /** Of the unchanged those that are held, and go on with it. */
  readonly resumes?: readonly string[]
}

/** The value of a `query` response: the client fetches the parts from the workers, in order, but for those that came with it. */
export interface QueryAnswer {
  readonly parts: readonly {
    readonly block: string
    readonly holder: NodeId
    readonly address: string
    readonly rows: number
    readonly bytes: number
    readonly inline?: Uint8Array
  }[]
  readonly rows: number
  readonly stamp: AnswerStamp
  /** Partitions that were not there when `withinMs` was over: the question goes on until it is released. */
  readonly missing?: readonly { readonly partition: number; readonly why: string }[]
  /** What `save` wrote, in order of partition. */
  readonly files?: readonly string[]
  readonly recipe?: Recipe
}

/** `worker`: who holds it, several by commas. */
export interface LineageNode {
  readonly rdd: string
  readonly worker?: string
  readonly checkpoint: boolean
  readonly parents: readonly LineageNode[]
}

/** An answer's stamp, as the master knows it; the client adds `ms` and `ageMs`. */
export interface AnswerStamp {
  readonly intervals: { readonly from: number; readonly to: number }
  /** End of the newest interval the answer takes in. */
  readonly asOf: number
  readonly partitions: readonly [ready: number, of: number]
  readonly recomputed: number
  readonly from: readonly ("memory" | "disk" | "archive" | "files")[]
  readonly bytesMoved: number
  /** Starts of intervals within those answered from which on a definition was another one; left out when there is none. */
  readonly definitionChanged?: readonly number[]
  /** Intervals that would count in it and were left out by the streams; left out when there are none. */
  readonly leftOut?: readonly { readonly from: number; readonly to: number }[]
  /** Streams of which it takes in the newest and which are held, or wait for a held one; left out when there are none. */
  readonly held?: readonly string[]
  /** The times asked for, when they hold no interval. */
  readonly asked?: { readonly from: number; readonly to: number }
}
