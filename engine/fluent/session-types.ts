/** The session: what a user's program starts from. Types only. */

import type { Duration, TimeLike } from "../time.js"
import type { RDD } from "./rdd-types.js"
import type { JobInfo, LogLine, Plan, ProgramInfo, StreamInfo, StreamState, WorkerInfo } from "./shapes.js"
import type { DStream, Handle, InputDStream, StateDStream } from "./stream-types.js"
import type { Formats, Value } from "./values.js"

/** How an input's lines become records of intervals (the paper's §3.1). */
export interface InputOptions<T> {
  /** The time that a record says it happened; without it a record counts when it arrives. */
  timestamp?: (value: T) => TimeLike
  /** How long an interval waits for records whose timestamp is behind (0 unless given); what comes later is set aside as late. */
  slack?: Duration
  /** How long intervals are kept for questions: 10 m unless given. */
  remember?: Duration
  /** A directory on the workers in which every sealed interval is kept for ever. */
  archive?: string
  /** A line that the format cannot read: set aside and counted, unless the stream is to be held. */
  onBadRecord?: "setAside" | "hold"
  /** Of csv: the names of the columns, or `true`: those of the files' first line. A line that repeats them is no record. Without it they are `_1`, `_2` … */
  header?: readonly string[] | true
}

/** How old logs become records of intervals. */
export interface HistoryOptions<T> {
  /** The time that a record says it happened: it decides the interval. */
  timestamp: (value: T) => TimeLike
  /**
   * How far a record's time may be behind the newest seen before it in its file (0 unless given). What is further behind is set aside as late, unless
   * both lie in the same piece of the file (4 MB).
   */
  disorder?: Duration
  /** Of csv: the names of the columns, or `true`: those of the files' first line. */
  header?: readonly string[] | true
}

/** What asks again at each finished interval, until it is stopped. */
export interface Watch {
  /** Under which it is shown and stopped. */
  readonly name: string
  /** Ends the watch. */
  stop(): Promise<void>
}

/** A user's connection to a cluster. Methods that define take effect with the next question, or at the end of a cell or program. */
export interface Session {
  /**
   * An input (§3.1): a receiver's name that clients send to, or what the workers read: `file:<glob>`, `file:<directory>/`, `tcp://`, `http(s)://`.
   * The same source with the same settings attaches to the stream that is there; with others it is an error of code 4.
   */
  readStream<F extends keyof Formats = "text">(
    source: string,
    interval: Duration,
    options?: InputOptions<Formats[F]> & { format?: F },
  ): InputDStream<Formats[F]>
  /** The same with records of a type of its own. A function is called for each line; where it throws the line is set aside. */
  readStream<T>(
    source: string,
    interval: Duration,
    options: InputOptions<T> & { format: "json" | "csv" | ((line: string) => T) },
  ): InputDStream<T>
  /** Old logs by their own time stamps, on a clock of their own: `paths` is a glob on the workers (`local:` before it: on this machine, where all workers are on it, too); `drained()` says when all is read. */
  readHistory<F extends keyof Formats = "text">(
    paths: string,
    interval: Duration,
    options: HistoryOptions<Formats[F]> & { format?: F },
  ): DStream<Formats[F]>
  /** The same with records of a type of its own. */
  readHistory<T>(
    paths: string,
    interval: Duration,
    options: HistoryOptions<T> & { format: "json" | "csv" | ((line: string) => T) },
  ): DStream<T>
  /** An existing stream: "views", or "page-views/views" where several programs have one. Code 2 when there is none, or more than one. */
  stream<T = unknown>(name: string): DStream<T>
  /** An existing state stream, with `get`, `history`, `changes`. Types are the caller's to say. Code 2 when it is no state. */
  state<K = unknown, S = unknown>(name: string): StateDStream<K, S>
  /** Lines of files on the workers' machines (a glob; `local:` before it: this one's, up to 256 MB, sent along), in at least `minPartitions` partitions. Read again when needed. */
  textFile(paths: string, options?: { minPartitions?: number }): RDD<string>
  /** Rows of Parquet files on the workers' machines (a glob; `local:` before it: this one's), as objects by column, a partition a file of at most 256 MB. 64-bit integers are bigints. */
  parquetFile<T>(paths: string): RDD<T>
  /** Values of this process, cut in order into so many partitions. */
  parallelize<T extends Value>(values: Iterable<T>, partitions?: number): RDD<T>
  /** The records of all, which have one interval. */
  union<T>(...streams: DStream<T>[]): DStream<T>
  /** Asks again at each finished interval (or at those that end on a multiple of `every`), until stopped or until `until` holds; each answer is printed. */
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
  /** Resolves when all input of sources that have an end (files) has been read and computed. */
  drained(): Promise<void>
  /** Resolves when the session is closed or the cluster ends. */
  stopped(): Promise<void>
  /** Waits for what has been sent, and leaves; streams stay. Idempotent. */
  close(): Promise<void>
}
