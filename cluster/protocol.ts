/**
 * Every message between nodes, as plain data. The codec adds the envelope (protocol version, channel numbers, sender) and
 * checks shapes on arrival (`codec.ts`); payload frames (blocks) travel beside the message, never inside it.
 *
 * Delivery: `Channel` gives each ordered pair of living nodes exactly-once, in-order delivery over a transport that may
 * lose, duplicate and reorder. What a channel cannot give (a peer that died) each exchange below answers by itself:
 * requests are asked again, batches resent, reports repeated. Messages marked (datagram) bypass the channel.
 */

import type { StreamDefinition, StreamId } from "../engine/definition.js"
import type { FileFormat } from "../engine/file-format.js"
import type { ListedFile, Unpacked } from "../engine/file-split.js"
import type { Asset } from "../engine/function-ref.js"
import type { HeavyKey } from "../engine/heavy-keys.js"
import type { InputRef, OutputId, RddNode, StateMigration } from "../engine/rdd.js"
import type { CapturedLog, StageSpec, TaskFailure } from "../engine/task.js"
import type { NodeId } from "./node-id.js"

export const protocolVersion = 1
/** Larger frames are dropped and counted. */
export const maxFrameBytes = 64 * 1024 * 1024

export type Message =
  // ── anyone → master ──
  | {
      readonly kind: "hello"
      readonly role: "worker" | "client"
      readonly user: string
      readonly version: string
      readonly runtime: string
      /** A client's: all that it has open. */
      readonly sessions?: readonly string[]
    }
  | {
      readonly kind: "welcome"
      readonly epoch: number
      readonly cluster: string
      readonly wallMs: number
      readonly startedMs: number
      readonly workers: readonly Peer[]
      /** What is acked and checkpointed must be on disk; names the cluster, so that what is on disk is taken for no other's. */
      readonly durable?: string
    }
  | { readonly kind: "refused"; readonly reason: string; readonly try: string }
  // ── worker → master ──
  | {
      readonly kind: "register"
      readonly name: string
      readonly address: string
      readonly host: string
      readonly cores: number
      readonly capBytes: number
      readonly held: readonly HeldBlock[]
      /** Names of the other workers, as this one was told last: a master that was started again knows by it who is to come back. Left out by a worker that was told of none yet. */
      readonly peers?: readonly string[]
    }
  /** (datagram) every `heartbeatMs`. `load` is executors' busy share, 0–1. */
  | {
      readonly kind: "heartbeat"
      readonly sentMs: number
      readonly load: number
      readonly usedBytes: number
      readonly queued: number
      readonly blocks: number
      /** Malformed or refused messages since the start. */
      readonly dropped?: number
      /** Blocks on the worker's disk; absent: it has none to use. */
      readonly spilledBytes?: number
      /** Nothing more can be written there: what is not needed must go. */
      readonly diskFull?: boolean
    }
  /** Received blocks not yet sealed: repeated until each is settled. `through`: nothing that arrived before it is missing here. */
  | { readonly kind: "report"; readonly through: number; readonly blocks: readonly ReceivedBlock[] }
  | { readonly kind: "tasksDone"; readonly done: readonly TaskDone[] }
  | { readonly kind: "assetRequest"; readonly hashes: readonly string[] }
  /** The blocks now lie at `holder` too (from their first holder, when it was told that they are stored); `error`: they could not be copied there. */
  | { readonly kind: "copied"; readonly blocks: readonly string[]; readonly holder: NodeId; readonly error?: string }
  | {
      readonly kind: "filesListed"
      readonly request: string
      readonly files: readonly ListedFile[]
      readonly error?: string
    }
  | {
      readonly kind: "log"
      readonly stream: StreamId | null
      readonly interval: number | null
      readonly partition: number | null
      readonly lines: readonly CapturedLog[]
    }
  // ── master → worker ──
  /** (datagram) answer to a heartbeat: the master's clock at sending, for the offset. */
  | { readonly kind: "heartbeatAck"; readonly sentMs: number; readonly wallMs: number }
  | { readonly kind: "peers"; readonly workers: readonly Peer[]; readonly minReplicas: number; readonly replicas: number }
  /** Inputs and the grid on which workers must report: the greatest common divisor of live intervals. */
  | { readonly kind: "inputs"; readonly inputs: readonly InputInfo[]; readonly reportMs: number }
  /** These batches are in a seal (kept), or were admitted from another copy (drop). */
  | { readonly kind: "settled"; readonly kept: readonly SettledBlock[]; readonly dropped: readonly string[] }
  | { readonly kind: "launch"; readonly stages: readonly StageSpec[]; readonly tasks: readonly LaunchTask[] }
  | { readonly kind: "cancel"; readonly tasks: readonly string[] }
  | { readonly kind: "asset"; readonly assets: readonly Asset[] }
  | { readonly kind: "copy"; readonly blocks: readonly string[]; readonly to: readonly NodeId[] }
  /**
   * Drop these blocks; and all of the streams' intervals that end at or before the time, which lies on the stream's own
   * grid. A state's chain goes by `blocks`, but for the versions that executors cache.
   */
  | {
      readonly kind: "forget"
      readonly blocks: readonly string[]
      readonly streams: readonly { readonly stream: StreamId; readonly before: number }[]
    }
  /**
   * What will be read again, for a worker whose memory is short: of a stream, the intervals from `neededFrom`; and if `againAfterMs` is
   * there, each of its panes so long after the pane's start. All else is kept for questions only. Replaces what was said before.
   */
  | { readonly kind: "uses"; readonly streams: readonly StreamUse[] }
  | { readonly kind: "listFiles"; readonly request: string; readonly paths: readonly string[] }
  /** Run a `foreachRDD` body on a driver thread; answered in `tasksDone` (no outputs). At least once, never speculated. */
  | {
      readonly kind: "drive"
      readonly task: string
      /** The function's hash. */
      readonly asset: string
      readonly stream: StreamId
      readonly interval: { readonly from: number; readonly to: number }
      /** The stream whose RDD of the interval the body gets. */
      readonly parent: StreamId
      /** A body that has not ended by then is ended with its thread. */
      readonly timeoutMs: number
    }
  // ── client → master ──
  | { readonly kind: "request"; readonly id: number; readonly body: Request }
  | { readonly kind: "response"; readonly id: number; readonly body: Response }
  /** Pushed to subscribers. */
  | { readonly kind: "completed"; readonly stream: StreamId; readonly through: number }
  | { readonly kind: "event"; readonly event: ClusterEvent }
  // ── client ↔ worker: ingest and results ──
  /** payload: one block (`engine/block.ts`), validated on arrival. */
  | { readonly kind: "batch"; readonly session: string; readonly stream: string; readonly seq: number; readonly lowestUnacked: number }
  | { readonly kind: "batchAck"; readonly session: string; readonly stream: string; readonly seq: number; readonly copies: number }
  /** `reason` starts with `unknown` (nobody defines the input yet: wait), `full` (memory: wait) or `bad` (the block itself: give up). */
  | { readonly kind: "batchRefused"; readonly session: string; readonly stream: string; readonly seq: number; readonly reason: string }
  /** The sender may have this many bytes unacked at this worker. */
  | { readonly kind: "credit"; readonly bytes: number }
  // ── worker ↔ worker, client → worker ──
  /**
   * payload: the block. `of` null: a batch not yet sealed, reported by both holders. Else a copy of something finished: of a
   * computed block its owner, of a sealed input block `output` is the block's own id, `stream` and `interval` where it was sealed.
   */
  | ({ readonly kind: "replica" } & Replica)
  | { readonly kind: "replicaStored"; readonly block: string }
  /** Several small ones, a frame each; the answer names those that are stored, each other one is refused by itself. */
  | { readonly kind: "replicas"; readonly replicas: readonly Replica[] }
  | { readonly kind: "replicasStored"; readonly blocks: readonly string[] }
  | { readonly kind: "replicaRefused"; readonly block: string; readonly reason: string }
  | { readonly kind: "fetch"; readonly request: number; readonly blocks: readonly { readonly block: string; readonly section?: number }[] }
  /** payload: a frame for each block found, in the order asked; `missing` are the indexes not found. `disk`: some were read from there. */
  | { readonly kind: "fetched"; readonly request: number; readonly missing: readonly number[]; readonly disk?: boolean }
  | { readonly kind: "bye" }

/** A block's description, as its second holder gets it. */
export interface Replica {
  readonly block: string
  readonly batch: BatchKey | null
  readonly rows: number
  readonly arrivedMs: number
  readonly of: BlockOwner | null
}

export interface Peer {
  readonly node: NodeId
  readonly name: string
  readonly address: string
  readonly host: string
  readonly load: number
  readonly freeBytes: number
}

export interface BatchKey {
  readonly session: string
  readonly stream: string
  readonly seq: number
}

export interface ReceivedBlock {
  readonly block: string
  readonly batch: BatchKey
  readonly rows: number
  readonly bytes: number
  /** By the worker's estimate of the master's clock. */
  readonly arrivedMs: number
  readonly copies: number
}

export interface SettledBlock {
  readonly block: string
  readonly stream: StreamId
  readonly interval: number
}

/** What a stored block is, so that a restarted master can place it again. */
export interface BlockOwner {
  readonly output: OutputId
  readonly partition: number
  readonly stream: StreamId | null
  readonly interval: number | null
  readonly sectionRows?: readonly number[]
  readonly base?: boolean
  readonly keys?: number
}

export interface HeldBlock {
  readonly block: string
  readonly rows: number
  readonly bytes: number
  readonly owner: BlockOwner | null
  readonly batch: BatchKey | null
  readonly arrivedMs: number
}

export interface InputInfo {
  readonly stream: StreamId
  /** The receiver's name that senders use. */
  readonly receiver: string
  readonly intervalMs: number
  /** Its lines are read as they are: nobody has said a format. */
  readonly plain?: true
  /** The worker reads it itself, as a session of its own. */
  readonly read?: { readonly url: string; readonly session: string }
}

export interface StreamUse {
  readonly stream: StreamId
  readonly neededFrom: number
  readonly againAfterMs?: number
}

export interface LaunchTask {
  /** `<output>/<partition>.<attempt>`: unique. */
  readonly task: string
  /** Index into the message's `stages`. */
  readonly stage: number
  readonly partition: number
  readonly attempt: number
  readonly pool: "stream" | "query"
  readonly timeoutMs: number
  /** Of keyed state and its followers: tasks of one affinity run on one executor, which caches the state. */
  readonly affinity: number | null
  readonly inputs: readonly LaunchInput[]
}

export interface LaunchInput {
  readonly ref: InputRef
  readonly parts: readonly {
    readonly block: string
    readonly section?: number
    readonly holders: readonly NodeId[]
    readonly interval?: number
    readonly base?: boolean
  }[]
}

export interface TaskDone {
  readonly task: string
  readonly ms: number
  readonly failure?: TaskFailure
  readonly outputs: readonly {
    readonly block: string
    readonly bytes: number
    readonly rows: number
    readonly sectionRows?: readonly number[]
    readonly heavy?: readonly HeavyKey[]
    readonly base?: boolean
    readonly keys?: number
    readonly interval?: number
    readonly newest?: number
    /** Why these records are set aside; with an interval they are late for it. */
    readonly aside?: string
  }[]
  readonly aside: number
  /** Of them, records at which a function threw. */
  readonly threw?: number
  readonly rowsIn: number
  /** The file that a `save` task has written. */
  readonly wrote?: { readonly path: string; readonly rows: number }
  /** Of what it read, so much came from some worker's disk. */
  readonly diskBytes?: number
  readonly unpacked?: Unpacked
}

// ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────────────

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
      readonly assets: readonly Asset[]
    }
  | { readonly kind: "rename"; readonly stream: StreamId; readonly name: string }
  | { readonly kind: "remember"; readonly stream: string; readonly rememberMs: number; readonly by: string; readonly force: boolean }
  /** A held stream goes on. `skip`: without the records at which its function throws, or without the whole interval. */
  | {
      readonly kind: "resume"
      readonly stream: string
      readonly skip: "record" | "interval" | null
      readonly by: string
      readonly force: boolean
    }
  /** `next` takes the stream's place; `definitions` are what it is made of and the master does not have. Null `from`: where it failed if it did, else next. */
  | {
      readonly kind: "replace"
      readonly session: string
      readonly stream: string
      readonly next: StreamDefinition
      readonly definitions: readonly StreamDefinition[]
      readonly assets: readonly Asset[]
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
      readonly dryRun: boolean
      readonly by: string
      readonly force: boolean
    }
  | { readonly kind: "versions"; readonly stream: string }
  /** Calls back what a `stop` ended, for as long as that is possible. */
  | { readonly kind: "undo"; readonly streams: readonly string[]; readonly by: string; readonly force: boolean }
  /** Scratch becomes permanent. */
  | { readonly kind: "keep"; readonly streams: readonly string[]; readonly by: string; readonly force: boolean }
  | { readonly kind: "stop"; readonly streams: readonly string[]; readonly cascade: boolean; readonly by: string; readonly force: boolean }
  | {
      readonly kind: "query"
      readonly query: string
      readonly session: string
      readonly rdd: RddNode
      readonly definitions: readonly StreamDefinition[]
      readonly assets: readonly Asset[]
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
  | { readonly kind: "cancelQuery"; readonly query: string }
  | { readonly kind: "releaseQuery"; readonly query: string }
  /** What questions kept of a persisted RDD is no longer wanted. */
  | { readonly kind: "unpersist"; readonly id: string }
  | { readonly kind: "catalog" }
  | { readonly kind: "status" }
  | { readonly kind: "workers" }
  | { readonly kind: "jobs"; readonly stream: string | null; readonly lastMs: number }
  /** Causes of a stream's being held, late or slow, by its name or id. */
  | { readonly kind: "why"; readonly stream: string }
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
  readonly stop: { readonly stopped: readonly StreamId[] }
  readonly undo: { readonly undone: readonly StreamId[] }
  readonly keep: { readonly kept: readonly StreamId[] }
  readonly resume: { readonly leftOut: readonly { readonly from: number; readonly to: number }[] }
  readonly replace: { readonly plan: ReplacePlan; readonly definition: StreamDefinition }
  readonly submit: {
    readonly plan: ReplacePlan
    /** None in a dry run. */
    readonly accepted: readonly { readonly asked: StreamId; readonly definition: StreamDefinition; readonly since: number }[]
  }
  readonly versions: readonly { readonly version: number; readonly from: number; readonly by: string; readonly source: string }[]
  readonly query: QueryAnswer
  readonly lineage: LineageNode
  readonly catalog: readonly CatalogEntry[]
  readonly status: ClusterStatus
  readonly workers: readonly WorkerStatus[]
  readonly jobs: readonly JobStatus[]
  readonly why: WhyReport
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
}

/** One interval of one running stream: newest first in `jobs`. */
export interface JobStatus {
  readonly stream: string
  readonly interval: { readonly from: number; readonly to: number }
  readonly state: "waiting" | "running" | "done" | "failed"
  /** From the interval's end to the job's start, and from there to its end (so far). */
  readonly delayMs: number
  readonly ms: number
  readonly stages: readonly {
    readonly name: string
    readonly tasks: number
    readonly done: number
    readonly ms: number
    /** Its longest task, running ones too; the worker's name. Null while none has begun. */
    readonly slowest: { readonly worker: string; readonly ms: number } | null
  }[]
}

/** The greatest cause first, shares of all that was found. */
export interface WhyReport {
  readonly state: CatalogEntry["state"]
  readonly lagMs: number
  readonly findings: readonly {
    readonly what: string
    readonly evidence: string
    readonly since: number
    readonly share: number
    readonly try: readonly string[]
  }[]
}

export interface LogEntry {
  readonly wallMs: number
  readonly worker: string
  readonly stream: string | null
  readonly interval: number | null
  readonly partition: number | null
  readonly line: CapturedLog
}

export type Response =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string; readonly code: number; readonly try?: string; readonly failure?: TaskFailure }

/** The value of a `query` response: the client fetches the parts from the workers, in order. */
export interface QueryAnswer {
  readonly parts: readonly {
    readonly block: string
    readonly holder: NodeId
    readonly address: string
    readonly rows: number
    readonly bytes: number
  }[]
  readonly rows: number
  readonly stamp: AnswerStamp
  /** Partitions that were not there when `withinMs` was over: the question goes on until it is released. */
  readonly missing?: readonly { readonly partition: number; readonly why: string }[]
  /** What `save` wrote, in order of partition. */
  readonly files?: readonly string[]
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
}

export interface CatalogEntry {
  readonly definition: StreamDefinition
  readonly state: "running" | "on demand" | "catching up" | "held" | "stopped"
  readonly sinceMs: number
  /** Earliest retained interval's start. */
  readonly reachesMs: number
  /** End of the newest finished interval. */
  readonly throughMs: number
  readonly lagMs: number
  readonly keys?: number
  readonly bytes: number
  readonly perSecond: number
  readonly aside: number
  /** Of a bounded input, once its files are known: how much of them has been read. */
  readonly read?: { readonly doneBytes: number; readonly bytes: number }
  readonly held?: {
    readonly interval: number
    readonly failure: TaskFailure
    /** Input kept for it alone, and how much may be kept for all that are held. */
    readonly keptBytes: number
    readonly boundBytes: number
    /** Of the records that wait, so many were looked at, and so many of these would fail. */
    readonly lookedAhead?: { readonly records: number; readonly failing: number }
    /** It goes on by itself then: a machine was at fault, not the program. */
    readonly retry?: HeldRetry
    /** Intervals whose input is kept no longer. */
    readonly gaveUp?: readonly { readonly from: number; readonly to: number }[]
  }
  /** The held stream that this one waits for. */
  readonly heldBy?: string
  /** The name it had until somebody gave it another, less than a day ago. */
  readonly formerly?: string
  /** Scratch: it ends so long after nobody has its session open any more. `endsMs`: when that is; null while somebody has. */
  readonly lease?: { readonly ttlMs: number; readonly endsMs: number | null }
}

/** A held stream that goes on by itself: how often it has, of how many times, and when (epoch ms) it will next. */
export interface HeldRetry {
  readonly tries: number
  readonly of: number
  readonly atMs: number
}

export interface ClusterStatus {
  readonly cluster: string
  readonly address: string
  readonly startedMs: number
  readonly wallMs: number
  readonly workers: readonly WorkerStatus[]
  readonly streams: number
  readonly held: readonly {
    readonly stream: string
    readonly interval: number
    readonly failure: TaskFailure
    readonly retry?: HeldRetry
  }[]
  readonly behind: readonly { readonly stream: string; readonly lagMs: number }[]
  readonly recordsPerSecond: number
  /** Of the newest twelve intervals, oldest first. */
  readonly rates: readonly number[]
  readonly newest: { readonly throughMs: number; readonly tookMs: number } | null
  readonly minReplicas: number
  readonly warnings: readonly string[]
}

export interface WorkerStatus {
  readonly node: NodeId
  readonly name: string
  readonly address: string
  readonly host: string
  readonly state: "up" | "slow" | "lost"
  readonly cores: number
  readonly load: number
  readonly blocks: number
  readonly bytes: number
  readonly cap: number
  /** Bytes of blocks on its disk. */
  readonly spilled: number
  /** Spent in tasks; the median of the newest ones; how many of its tasks were copied elsewhere because they were slow. */
  readonly taskMs: number
  readonly medianMs: number
  readonly speculated: number
  /** Of one that is slow at its tasks: how many times as long they take elsewhere, since when. */
  readonly slow?: { readonly times: number; readonly sinceMs: number }
  readonly running: number
  readonly dropped: number
}

export type ClusterEvent =
  | { readonly kind: "workerLost"; readonly name: string; readonly why: string; readonly partitions: number }
  | { readonly kind: "workerJoined"; readonly name: string }
  | { readonly kind: "recovered"; readonly name: string; readonly ms: number; readonly partitions: number }
  | { readonly kind: "held"; readonly stream: string; readonly interval: number; readonly failure: TaskFailure }
  | { readonly kind: "defined"; readonly stream: string; readonly by: string }
  | { readonly kind: "stopped"; readonly stream: string; readonly by: string }
  /** `stream` by its name. */
  | {
      readonly kind: "log"
      readonly stream: string | null
      readonly interval: number | null
      readonly partition: number | null
      readonly worker: string
      readonly lines: readonly CapturedLog[]
    }
  | { readonly kind: "warning"; readonly text: string }
