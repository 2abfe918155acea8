/** How things stand, as clients are told: streams, jobs, workers, causes, logs, events. */

import type { StreamDefinition } from "../../engine/definition.js"
import type { CapturedLog, TaskFailure } from "../../engine/task.js"
import type { NodeId } from "../node-id.js"

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
  /** Records set aside in all, and a second of late. */
  readonly aside: number
  readonly asidePerSecond: number
  /** Of a bounded input, once its files are known: how much of them has been read. */
  readonly read?: { readonly doneBytes: number; readonly bytes: number }
  readonly held?: {
    readonly interval: number
    readonly failure: TaskFailure
    /** Input kept for it alone, and how much may be kept for all that are held. */
    readonly keptBytes: number
    readonly boundBytes: number
    readonly lookedAhead?: LookedAhead
    /** It goes on by itself then: a machine was at fault, not the program. */
    readonly retry?: HeldRetry
    /** Intervals whose input is kept no longer. */
    readonly gaveUp?: readonly { readonly from: number; readonly to: number }[]
  }
  /** The held stream that this one waits for. */
  readonly heldBy?: string
  /** A range of another stream that it is joined with and that is not there yet: it makes nothing before. Epoch ms; null: to its end. */
  readonly waitsFor?: { readonly stream: string; readonly untilMs: number | null }
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
    /** From the job's start; less than 0 of what another job had begun. */
    readonly startMs: number
    /** Stages that it reads, by their places in this list, whose first makes the interval. */
    readonly reads: readonly number[]
    /** Its longest task, running ones too; the worker's name. Null while none has begun. */
    readonly slowest: { readonly worker: string; readonly ms: number; readonly partition: number } | null
  }[]
}

/** Why a stream is in its state: the greatest cause first, shares of all that was found. What it means in words: `cluster/client/why-words`. */
export interface WhyReport {
  readonly state: CatalogEntry["state"]
  readonly lagMs: number
  readonly findings: readonly { readonly cause: WhyCause; readonly since: number; readonly share: number }[]
}

export type WhyCause =
  | { readonly kind: "held"; readonly stream: string; readonly failure: TaskFailure; readonly lookedAhead?: LookedAhead }
  /** It waits for a stream that is held. */
  | { readonly kind: "heldBy"; readonly stream: string }
  /** It is joined with a range of a stream that has not come so far. Epoch ms; null: to its end. */
  | { readonly kind: "waitsFor"; readonly stream: string; readonly untilMs: number | null }
  /** Of the input that it archives: it is held, so nothing more is archived. */
  | { readonly kind: "archiveHeld"; readonly stream: string }
  /** The journal cannot be written: nothing new is decided. */
  | { readonly kind: "journal"; readonly error: string }
  /** A worker can put nothing more on its disk. */
  | { readonly kind: "fullDisk"; readonly worker: string; readonly error: string }
  | { readonly kind: "lateInput"; readonly input: string; readonly lagMs: number }
  /** `rows` of a shuffle's `ofRows`, an interval: all go to one task. */
  | { readonly kind: "heavyKey"; readonly key: string; readonly rows: number; readonly ofRows: number; readonly task: LongTask }
  /** `copied`: of its tasks that were given a second copy elsewhere. `getsLess`: it is sent fewer tasks than others. */
  | {
      readonly kind: "slowWorker"
      readonly worker: string
      readonly times: number
      readonly ownMs: number
      readonly othersMs: number
      readonly copied: number
      readonly getsLess: boolean
    }
  | { readonly kind: "unevenPartition"; readonly task: LongTask }
  /** It has run for so long and has not ended. */
  | { readonly kind: "longTask"; readonly task: RunningTask }
  /**
   * `intervals` are still to be computed, `perSecond` of them are (null: none has ended of late), and as time goes on `comingPerSecond` are added.
   * `leftMs`: until it has caught up at that pace; null: it does not get nearer, or cannot be said.
   */
  | {
      readonly kind: "catchingUp"
      readonly stream: string
      readonly intervals: number
      readonly perSecond: number | null
      readonly comingPerSecond: number
      readonly leftMs: number | null
    }
  /** `busy` of so many `cores`, by all streams; `workMs` an interval of this one. */
  | {
      readonly kind: "capacity"
      readonly busy: number
      readonly cores: number
      readonly workMs: number
      readonly intervalMs: number
    }

/** The last of a stage's tasks to end, and how long its ordinary ones take. */
export interface LongTask {
  readonly stage: string
  readonly partition: number
  readonly ms: number
  readonly othersMs: number
}

/** A task that runs, for `ms` now; of a `foreachRDD` its body, which has no partition. `othersMs`: median of such tasks; null: none has ended. */
export interface RunningTask {
  readonly stream: string
  readonly interval: number
  readonly partition: number | null
  readonly stage: string
  readonly worker: string
  readonly ms: number
  readonly othersMs: number | null
  /** It is ended then. */
  readonly timeoutMs: number
  /** What has been begun elsewhere as well, because it takes so long. */
  readonly second: string | null
}

/** Of the records that wait, so many were looked at, and so many of these would fail. */
export interface LookedAhead {
  readonly records: number
  readonly failing: number
}

export interface LogEntry {
  readonly wallMs: number
  readonly worker: string
  readonly stream: string | null
  readonly interval: number | null
  readonly partition: number | null
  readonly line: CapturedLog
}

/** Of a cluster whose masters share a store: who leads, and who would take over. Times are epoch ms. */
export interface MastersStatus {
  /** Goes up by one whenever a master takes over. */
  readonly epoch: number
  readonly host: string
  readonly address: string
  readonly sinceMs: number
  /** By their addresses. */
  readonly standbys: readonly { readonly host: string; readonly address: string; readonly sinceMs: number }[]
}

export interface ClusterStatus {
  readonly cluster: string
  readonly address: string
  readonly startedMs: number
  readonly masters?: MastersStatus
  readonly wallMs: number
  readonly workers: readonly WorkerStatus[]
  readonly streams: number
  readonly held: readonly {
    readonly stream: string
    readonly interval: number
    readonly failure: TaskFailure
    readonly retry?: HeldRetry
    /** Of its input: what is kept no longer, and will be left out. */
    readonly gaveUp?: readonly { readonly from: number; readonly to: number }[]
  }[]
  readonly behind: readonly { readonly stream: string; readonly lagMs: number }[]
  /** Where records were set aside in the last minute: in all, and a second of late. */
  readonly aside: readonly { readonly stream: string; readonly records: number; readonly perSecond: number }[]
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
  /** Of each of the newest seconds, oldest first. */
  readonly loads: readonly number[]
  readonly blocks: number
  readonly bytes: number
  readonly capBytes: number
  /** Bytes of blocks on its disk. */
  readonly spilledBytes: number
  /** Spent in tasks; the median of the newest ones; how many of its tasks were copied elsewhere because they were slow. */
  readonly taskMs: number
  readonly medianMs: number
  readonly speculated: number
  /** Of one that is slow at its tasks: how many times as long they take elsewhere, since when. */
  readonly slow?: { readonly times: number; readonly sinceMs: number }
  readonly running: number
  readonly dropped: number
  /** It is being drained: `left` of its blocks have no copy elsewhere that would do without it. */
  readonly draining?: { readonly sinceMs: number; readonly left: number }
}

export type ClusterEvent =
  | { readonly kind: "workerLost"; readonly name: string; readonly why: string; readonly partitions: number }
  | { readonly kind: "workerJoined"; readonly name: string }
  /** It gets nothing new; `blocks` of its are to be copied. */
  | { readonly kind: "draining"; readonly name: string; readonly by: string; readonly blocks: number }
  /** It is not drained after all. */
  | { readonly kind: "staying"; readonly name: string; readonly by: string }
  /** It has left, and nothing is missing. */
  | { readonly kind: "drained"; readonly name: string }
  /** A master began to stand by, or is not there any more to take over; `left` still are. */
  | { readonly kind: "standsBy"; readonly host: string; readonly address: string }
  | { readonly kind: "standbyLost"; readonly host: string; readonly address: string; readonly left: number }
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
  /** The master's last word. `startedBy`: whose process this cluster is part of and ends with; null: the master alone was told to stop. */
  | { readonly kind: "ending"; readonly startedBy: string | null }

/** What the master remembers of what happened, for who asks. Streams by their names; `from`, `to`, `through` are starts and ends of intervals. */
export type PastEvent =
  | Exclude<ClusterEvent, { readonly kind: "log" | "ending" }>
  /** `host` and `address`: of one of several. */
  | { readonly kind: "masterStarted"; readonly epoch: number; readonly host?: string; readonly address?: string }
  | { readonly kind: "submitted"; readonly program: string; readonly by: string }
  | { readonly kind: "returned"; readonly stream: string }
  | { readonly kind: "kept"; readonly stream: string }
  | { readonly kind: "renamed"; readonly stream: string; readonly to: string }
  | { readonly kind: "replaced"; readonly stream: string; readonly version: number; readonly from: number; readonly by: string }
  | { readonly kind: "resumed"; readonly stream: string; readonly without: "record" | "interval" | null }
  /** Input of a held stream that is kept no longer. */
  | { readonly kind: "gaveUp"; readonly stream: string; readonly from: number; readonly to: number }
  | {
      readonly kind: "sealed"
      readonly stream: string
      readonly from: number
      readonly to: number
      readonly rows: number
      readonly blocks: number
    }
  /** Of what is stored of it, all that ends by then is held by as many workers as it should be: lineage before it is not needed. */
  | { readonly kind: "checkpointed"; readonly stream: string; readonly through: number }
  /** A task failed there and is tried once more. */
  | {
      readonly kind: "retried"
      readonly stream: string | null
      readonly stage: string
      readonly partition: number
      readonly worker: string
      readonly why: string
    }
  /** A task that takes much longer than its stage's others is begun on another worker as well. */
  | {
      readonly kind: "speculated"
      readonly stream: string | null
      readonly stage: string
      readonly partition: number
      readonly worker: string
      readonly second: string
    }

/** `sequence`: ascending, also over masters. `owner`: the stream's, if it is there. */
export interface EventEntry {
  readonly sequence: number
  readonly wallMs: number
  readonly owner: string | null
  readonly event: PastEvent
}
