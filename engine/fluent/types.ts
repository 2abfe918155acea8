/** The names that a user's program meets, in one place (types only). */

export type { Duration, Interval, TimeLike } from "../time.js"
export type { Answer, ApproximateCount, Partial, PartialRDD, Plot, SaveOptions, Series } from "./answer-types.js"
export type { RDD, Snapshots } from "./rdd-types.js"
export type { HistoryOptions, InputOptions, Session, Watch } from "./session-types.js"
export type {
  Aside,
  Definition,
  Explain,
  Field,
  JobInfo,
  Lineage,
  LogLine,
  Plan,
  ProgramInfo,
  Stamp,
  Stats,
  StreamInfo,
  StreamState,
  Why,
  WorkerInfo,
} from "./shapes.js"
export type { DStream, Handle, InputDStream, Output, Pairs, SnapshotDStream, StateDStream, StateOptions } from "./stream-types.js"
export type { AccessLog, By, Change, Formats, Plain, Tuple, Value } from "./values.js"
