/** What an action gives: a promise that can be cancelled, and the shapes some of them resolve to. Types only. */

import type { Duration, Interval, TimeLike } from "../time.js"
import type { Stamp } from "./shapes.js"
import type { By } from "./values.js"

/** What an action gives: a promise of the value. The question is asked at once, awaited or not. */
export interface Answer<T> extends Promise<T> {
  /** Frees the query's tasks; the promise is rejected with code 130. */
  cancel(): void
  /** The value with where and when it comes from. */
  stamped(): Promise<{ value: T; stamp: Stamp }>
}

/** One value a version, in time order. */
export interface Series<T> extends Iterable<{ interval: Interval; value: T }> {
  /** How many versions. */
  readonly length: number
  /** The oldest version's. */
  readonly first: T
  /** The newest version's. */
  readonly last: T
  /** The values alone, in time order. */
  values(): T[]
  /** A picture in text: numbers as a sparkline with their range. */
  plot(): Plot
}

/** A picture in text. */
export interface Plot {
  /** The picture as text. */
  toString(): string
}

/** An answer that did not wait for everything: `missing` names the partitions it lacks, `final` is the whole answer. */
export interface Partial<T> {
  /** Of the partitions that are ready. */
  value: T
  /** Whether these are all. */
  complete: boolean
  /** Which are not, each with the reason. */
  missing: { partition: number; why: string }[]
  /** The whole answer, when it is there. */
  final: Promise<T>
}

/** A count from the partitions that were ready, extrapolated: with the asked confidence it lies between `low` and `high`. */
export interface ApproximateCount extends Partial<number> {
  /** The count is not below it, with the confidence asked for. */
  low: number
  /** Nor above this. */
  high: number
}

/** The actions of `partial({ within })`: each answers when `within` is over with what is there, or earlier with everything. */
export interface PartialRDD<T> {
  /** How many records the partitions that are ready hold. */
  count(): Answer<Partial<number>>
  /** The first `n` records of the partitions that are ready. */
  take(n: number): Answer<Partial<T[]>>
  /** The n greatest of the partitions that are ready. */
  top(n: number, by: By<T>): Answer<Partial<T[]>>
  /** The records of the partitions that are ready, joined two by two. */
  reduce(f: (a: T, b: T) => T): Answer<Partial<T | undefined>>
}

/**
 * How `save` writes: a file an interval and partition with records, `<time>-<partition>.<format>`, written whole by rename; writing
 * it again replaces it. A path is the workers'.
 */
export interface SaveOptions<T> {
  /** `ndjson` unless given; csv with a header for objects; arrow is an IPC file, parquet a file of its own an interval and partition. */
  format?: "ndjson" | "csv" | "parquet" | "arrow"
  /** Of the records with one key only the last is written. */
  key?: By<T>
  /** A file so often: all records of that time, of snapshots the last version of it. A multiple of the stream's interval. */
  every?: Duration
  /** Where a stream's output starts, as far back as is retained unless said otherwise. */
  from?: TimeLike | "earliest" | "next"
  /** Where a function of the records throws: the stream is held, unless such records are to be set aside. */
  onError?: "hold" | "setAside"
}
