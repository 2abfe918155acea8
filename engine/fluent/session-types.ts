/** The session: what a user's program starts from. Types only. */

import type { Duration, TimeLike } from "../time.js"
import type { RDD } from "./rdd-types.js"
import type { JobInfo, LogLine, Plan, ProgramInfo, StreamInfo, StreamState, WorkerInfo } from "./shapes.js"
import type { DStream, Handle, InputDStream, StateDStream } from "./stream-types.js"
import type { Formats, Value } from "./values.js"

/** `slack`: how long an interval waits for records whose timestamp is behind. `remember`: how long intervals are kept, 10 m. */
export interface InputOptions<T> {
  /** The time that a record says it happened. */
  timestamp?: (value: T) => TimeLike
  slack?: Duration
  remember?: Duration
  archive?: string
  onBadRecord?: "setAside" | "hold"
  /** Of csv: the names of the columns; a line that repeats them is no record. Without it they are `_1`, `_2` … */
  header?: readonly string[]
}

/** `disorder`: how far a record's time may be behind the newest seen before it. */
export interface HistoryOptions<T> {
  /** The time that a record says it happened. */
  timestamp: (value: T) => TimeLike
  disorder?: Duration
  header?: readonly string[]
}

/** What asks again at each finished interval, until it is stopped. */
export interface Watch {
  readonly name: string
  /** Ends the watch. */
  stop(): Promise<void>
}

/** A user's connection to a cluster. Methods that define take effect with the next question, or at the end of a cell or program. */
export interface Session {
  /** A receiver's name, or `file:<glob>` read by the workers. The same name with the same settings attaches; with others it is an error. */
  readStream<F extends keyof Formats = "text">(
    source: string,
    interval: Duration,
    options?: InputOptions<Formats[F]> & { format?: F },
  ): InputDStream<Formats[F]>
  /** A receiver's name, or files read by the workers. */
  readStream<T>(
    source: string,
    interval: Duration,
    options: InputOptions<T> & { format: "json" | "csv" | ((line: string) => T) },
  ): InputDStream<T>
  /** Old logs by their own time stamps. */
  readHistory<F extends keyof Formats = "text">(
    paths: string,
    interval: Duration,
    options: HistoryOptions<Formats[F]> & { format?: F },
  ): DStream<Formats[F]>
  /** Old logs by their own time stamps. */
  readHistory<T>(
    paths: string,
    interval: Duration,
    options: HistoryOptions<T> & { format: "json" | "csv" | ((line: string) => T) },
  ): DStream<T>
  /** An existing stream: "views", "page-views/views". */
  stream<T = unknown>(name: string): DStream<T>
  /** An existing state stream, with `get`, `history`, `changes`. Types are the caller's to say. */
  state<K = unknown, S = unknown>(name: string): StateDStream<K, S>
  /** Lines of files on the workers' machines. */
  textFile(paths: string, options?: { minPartitions?: number }): RDD<string>
  /** Rows of Parquet files. */
  parquetFile<T>(paths: string): RDD<T>
  /** Values of this process, cut in order into so many partitions. */
  parallelize<T extends Value>(values: Iterable<T>, partitions?: number): RDD<T>
  /** The records of all, which have one interval. */
  union<T>(...streams: DStream<T>[]): DStream<T>
  /** Asks again at each finished interval. */
  watch<T>(what: Handle | (() => Promise<T>), options?: { name?: string; every?: Duration; until?: (value: T) => boolean }): Watch
  /** What the cluster has, with state, lag and size. */
  streams(filter?: { program?: string; state?: StreamState }): Promise<StreamInfo[]>
  /** Programs with their streams and owners. */
  programs(): Promise<ProgramInfo[]>
  /** Workers with load (0 to 1), memory in bytes, and task times in ms. */
  workers(): Promise<WorkerInfo[]>
  /** Intervals at work or done lately (a minute unless `last` is given), newest first, with their stages and times in ms. */
  jobs(filter?: { stream?: string; last?: Duration }): Promise<JobInfo[]>
  /** What functions printed, oldest first, of the last hour unless `last` is given; with `follow` it goes on with what comes, until the session ends. */
  logs(filter?: { stream?: string; last?: Duration; follow?: boolean }): AsyncIterable<LogLine>
  /** Runs a program's exports as streams; with `dryRun` only the plan is given. */
  submit(program: string, options?: { name?: string; dryRun?: boolean }): Promise<Plan>
  /** `advance` works on a simulated clock only. */
  clock: {
    /** Epoch ms. */
    now(): number
    /** Lets so much time pass, on a simulated clock. */
    advance(by: Duration): Promise<void>
  }
  /** Resolves when all admitted input of bounded sources is processed. */
  drained(): Promise<void>
  /** Resolves when the session is closed or the cluster ends. */
  stopped(): Promise<void>
  /** Waits for what has been sent, and leaves; streams stay. Idempotent. */
  close(): Promise<void>
}
