/** What a master can be told; all but its version and runtime have defaults. */

export interface MasterConfig {
  /** Nodes of another version are refused; workers of another runtime too (they would compute other bytes). */
  readonly version: string
  readonly runtime: string
  /** Copies of a received batch, when there are enough workers. */
  readonly replicas: number
  /** Acks wait for so many copies. */
  readonly minReplicas: number
  /** What is acked and checkpointed is on its holders' disks: the whole cluster can be started again. */
  readonly durable: boolean
  /** A worker without a heartbeat for so long is lost. */
  readonly lostAfterMs: number
  /** A worker whose connection broke has so long to register again. */
  readonly suspectForMs: number
  /** Input of which no copy is left is waited for so long: a worker taken for dead may come back with it. */
  readonly strandedMs: number
  /** A worker that was lost may come back, or another in its place: for so long what has one copy does not count as safe because there is nobody for a second. */
  readonly awaitedMs: number
  /** A client whose connection broke has so long to say hello again. */
  readonly clientSuspectForMs: number
  /** A client that says nothing for so long is gone; its questions end. */
  readonly clientLostAfterMs: number
  /** A gap in a session's numbers holds back what follows for so long. */
  readonly holdBackMs: number
  readonly taskTimeoutMs: number
  /** A task of a question may be at one record for so long. */
  readonly questionStallMs: number
  /** Tasks that take much longer than their stage's others are begun on another worker as well (the paper's §5.2). */
  readonly speculation: boolean
  /** Tasks wait so long at most for others, when there are many. */
  readonly gatherMs: number
  /** A `foreachRDD` body may wait for other systems, but not for ever. */
  readonly driverTimeoutMs: number
  /** Jobs under way a stream. */
  readonly jobsAhead: number
  /** How long input and versions are kept for questions, where the definition does not say. */
  readonly rememberMs: number
  /** After a restart workers have so long to come back before their blocks count as lost. */
  readonly takeoverMs: number
  /** The same of a durable cluster, whose workers may have been started again themselves: unless all of them are back before. */
  readonly durableTakeoverMs: number
  /** As `strandedMs`, where what a dead worker held is on its disk. */
  readonly durableStrandedMs: number
  /** Of a received interval: less than this is not worth a map task of its own. */
  readonly leastGroupBytes: number
  /** Bytes of a file that one task reads. */
  readonly splitBytes: number
  /** In batch mode: of input, of a task that takes several intervals; less than half of it, and than a split, is not worth a map task of its own. */
  readonly batchBytes: number
  /**
   * It stays known how all that was made could be computed again: of one worker, which has nobody to copy to, a death then takes time alone. Of what is not
   * needed any more only the bytes go. For inputs that can be read again. Default false.
   */
  readonly keepsLineage: boolean
  /** Of files no more is read while a stream or a reader has so many intervals with records before it, and two of its own (`read-ahead.ts`). */
  readonly readAheadIntervals: number
  /** Share of a worker's block memory above which the oldest input goes. */
  readonly memoryHigh: number
  /** Share of all block memory that may hold input which only held streams still need. */
  readonly heldShare: number
  /** After so many records the journal is replaced by a snapshot of what it comes to. */
  readonly snapshotEvery: number
  /** What was stopped may be called back for so long. */
  readonly undoMs: number
  /** What a session defines stays for so long when nobody has it open, unless it says otherwise. */
  readonly scratchMs: number
  /** Answers that nobody released are kept for so long. */
  readonly answerKeptMs: number
  /** An exception while handling an event goes to the caller instead of the log (tests, the simulation). */
  readonly rethrow: boolean
}

export const defaultMasterConfig: Omit<MasterConfig, "version" | "runtime"> = {
  replicas: 2,
  minReplicas: 1,
  durable: false,
  lostAfterMs: 1_000,
  suspectForMs: 500,
  strandedMs: 10_000,
  awaitedMs: 30_000,
  clientSuspectForMs: 400,
  clientLostAfterMs: 10_000,
  holdBackMs: 1_000,
  taskTimeoutMs: 30_000,
  questionStallMs: 10_000,
  speculation: true,
  gatherMs: 2,
  driverTimeoutMs: 60_000,
  jobsAhead: 32,
  rememberMs: 600_000,
  takeoverMs: 2_000,
  durableTakeoverMs: 60_000,
  durableStrandedMs: 600_000,
  leastGroupBytes: 256 * 1024,
  splitBytes: 4 * 1024 * 1024,
  batchBytes: 8 * 1024 * 1024,
  readAheadIntervals: 400,
  keepsLineage: false,
  memoryHigh: 0.7,
  heldShare: 0.5,
  snapshotEvery: 20_000,
  undoMs: 600_000,
  scratchMs: 86_400_000,
  answerKeptMs: 120_000,
  rethrow: false,
}
