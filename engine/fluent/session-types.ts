/** The session: what a user's program starts from. Types only. */

import type { Duration, TimeLike } from "../time.js"
import type { RDD } from "./rdd-types.js"
import type { JobInfo, LogLine, Plan, ProgramInfo, StreamInfo, StreamState, WorkerInfo } from "./shapes.js"
import type { DStream, Handle, InputDStream, StateDStream } from "./stream-types.js"
import type { Formats, Value } from "./values.js"

/** `slack`: how long an interval waits for records whose timestamp is behind. `remember`: how long intervals are kept, 10 m. */
export interface InputOptions<T> {
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
  timestamp: (value: T) => TimeLike
  disorder?: Duration
  header?: readonly string[]
}

export interface Watch {
  readonly name: string
  stop(): Promise<void>
}

export interface Session {
  /** A receiver's name, or `file:<glob>` read by the workers. The same name with the same settings attaches; with others it is an error. */
  readStream<F extends keyof Formats = "text">(
    source: string,
    interval: Duration,
    options?: InputOptions<Formats[F]> & { format?: F },
  ): InputDStream<Formats[F]>
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
  readHistory<T>(
    paths: string,
    interval: Duration,
    options: HistoryOptions<T> & { format: "json" | "csv" | ((line: string) => T) },
  ): DStream<T>
  /** An existing stream: "views", "page-views/views". */
  stream<T = unknown>(name: string): DStream<T>
  state<K = unknown, S = unknown>(name: string): StateDStream<K, S>
  /** Lines of files on the workers' machines. */
  textFile(paths: string, options?: { minPartitions?: number }): RDD<string>
  parquetFile<T>(paths: string): RDD<T>
  parallelize<T extends Value>(values: Iterable<T>, partitions?: number): RDD<T>
  union<T>(...streams: DStream<T>[]): DStream<T>
  /** Asks again at each finished interval. */
  watch<T>(what: Handle | (() => Promise<T>), options?: { name?: string; every?: Duration; until?: (value: T) => boolean }): Watch
  streams(filter?: { program?: string; state?: StreamState }): Promise<StreamInfo[]>
  programs(): Promise<ProgramInfo[]>
  workers(): Promise<WorkerInfo[]>
  jobs(filter?: { stream?: string; last?: Duration }): Promise<JobInfo[]>
  logs(filter?: { stream?: string; last?: Duration; follow?: boolean }): AsyncIterable<LogLine>
  submit(program: string, options?: { name?: string; dryRun?: boolean }): Promise<Plan>
  /** `advance` works on a simulated clock only. */
  clock: { now(): number; advance(by: Duration): Promise<void> }
  /** Resolves when all admitted input of bounded sources is processed. */
  drained(): Promise<void>
  /** Resolves when the session is closed or the cluster ends. */
  stopped(): Promise<void>
  close(): Promise<void>
}
