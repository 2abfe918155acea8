/** What a worker can be told; all have defaults. */

import { reusedBytes } from "../../engine/output-memory.js"

export interface WorkerConfig {
  readonly heartbeatMs: number
  /** No answer to heartbeats for so long: the master is away, and is asked for again every `helloMs`. */
  readonly masterTimeoutMs: number
  readonly helloMs: number
  /** A replica that is not confirmed for so long goes to another peer too. */
  readonly replicaTimeoutMs: number
  /**
   * After so long a batch is acked with the copies it has, if they are allowed to be so few. Longer than the master takes to
   * find a dead worker: this is for when it is away itself.
   */
  readonly giveUpReplicaMs: number
  /** The report of an interval's end waits so long for replicas under way. */
  readonly holdReportMs: number
  /** A fetch that is not answered for so long is tried at the next holder. */
  readonly fetchTimeoutMs: number
  /**
   * Where blocks go that memory has no room for; null: nowhere. What is there when the worker starts is an earlier process's, and is
   * cleared away.
   */
  readonly spillDir: string | null
  /** Where blocks are kept that must outlive the process, in a cluster that asks for it; null: nowhere. */
  readonly durableDir: string | null
  /** So much may lie in `spillDir`. */
  readonly diskBytes: number
  /** Shares of block memory: above the first, what only questions want goes to disk until the second is reached. */
  readonly evictAbove: number
  readonly evictTo: number
  /** Share of block memory above which anything goes to disk that no task reads now. */
  readonly evictAllAbove: number
  /** Share of block memory above which all of it goes through the system's page cache, which takes it faster than the disk. */
  readonly evictCachedAbove: number
  /** Share of block memory above which clients get no credit. */
  readonly highWater: number
  /** Share of block memory above which received blocks are refused. The rest is for what tasks make. */
  readonly refuseAbove: number
  /** Share of the memory below the high-water mark that clients together may have under way. */
  readonly creditShare: number
  readonly maxCreditBytes: number
  /** A cancelled task may still run so long before its thread is ended. */
  readonly cancelGraceMs: { readonly stream: number; readonly query: number }
  /** Executor threads for queries, beside those for streams (one a core). */
  readonly queryExecutors: number
  /** Tasks given to an executor at a time. */
  readonly executorDepth: number
  /**
   * A task that runs long while others wait keeps its thread to itself, and they get another one. False: they wait. A thread with the states that
   * tasks cache in it costs some 100 MB.
   */
  readonly setsApart: boolean
  /** Of received blocks: so much of an interval, for one executor, is worth taking in before the interval's end. */
  readonly foldFromBytes: number
  /** The memory of outputs that are no smaller goes back to the executor that made them. */
  readonly reusedBytes: number
  /** Overwrite freed memory (the simulation). */
  readonly poison: boolean
  /** First byte of block memory that blocks may use. */
  readonly memoryFromBytes: number
}

export const defaultWorkerConfig: Omit<WorkerConfig, "queryExecutors"> = {
  heartbeatMs: 200,
  masterTimeoutMs: 3_000,
  helloMs: 1_000,
  replicaTimeoutMs: 500,
  giveUpReplicaMs: 10_000,
  holdReportMs: 250,
  fetchTimeoutMs: 10_000,
  spillDir: null,
  durableDir: null,
  diskBytes: 16 * 1024 ** 3,
  evictAbove: 0.5,
  evictTo: 0.45,
  evictAllAbove: 0.65,
  evictCachedAbove: 0.75,
  highWater: 0.8,
  refuseAbove: 0.9,
  creditShare: 0.5,
  maxCreditBytes: 32 * 1024 * 1024,
  cancelGraceMs: { stream: 1_000, query: 100 },
  executorDepth: 4,
  setsApart: true,
  foldFromBytes: 256 * 1024,
  reusedBytes,
  poison: false,
  memoryFromBytes: 0,
}

/** How many executor threads a worker of so many cores has: `submit` numbers them streams first, then queries. */
export function executorCounts(cores: number, queryExecutors?: number): { readonly stream: number; readonly query: number } {
  const stream = Math.max(1, cores)
  return { stream, query: Math.max(1, queryExecutors ?? Math.ceil(stream / 2)) }
}
