/**
 * The user's view of D-Streams (the paper's §3.2). `slice` is what happened; `at` is how things stood: in a DStream each
 * interval holds its own records, in a SnapshotDStream a whole version. Types only.
 */

import type { Duration, Interval, TimeLike } from "../time.js"
import type { Answer, SaveOptions, Series } from "./answer-types.js"
import type { RDD, Snapshots } from "./rdd-types.js"
import type { Aside, Definition, Explain, Field, Lineage, Plan, StreamInfo, Why } from "./shapes.js"
import type { By, Change, Value } from "./values.js"

/** What every stream can do. `interval` in ms. */
export interface Handle {
  readonly name: string
  readonly program: string
  readonly interval: number
  named(name: string): this
  explain(): Promise<Explain>
  lineage(at?: TimeLike): Promise<Lineage>
  source(): Promise<string>
  schema(): Promise<Field[]>
  info(): Promise<StreamInfo>
  why(): Promise<Why>
  versions(): Promise<Definition[]>
  /** How long intervals are kept for questions; 10 m unless said otherwise. */
  remember(span: Duration): this
  keep(): this
  checkpoint(every: Duration): this
  replace(
    next: Handle,
    options?: { from?: TimeLike | "failed" | "next"; state?: "keep" | "reset" | ((old: never) => unknown); dryRun?: boolean },
  ): Promise<Plan>
  resume(options?: { skip?: "record" | "interval" }): Promise<void>
  /** Refuses while others depend on the stream, unless `cascade`. */
  stop(options?: { cascade?: boolean }): Promise<void>
  /** Late and bad records, with the reason. */
  readonly aside: DStream<Aside>
}

/** Each interval holds its own records. */
export interface DStream<T> extends Handle {
  map<U extends Value>(f: (value: T) => U): DStream<U>
  flatMap<U extends Value>(f: (value: T) => Iterable<U>): DStream<U>
  filter<U extends T>(f: (value: T) => value is U): DStream<U>
  filter(f: (value: T) => boolean): DStream<T>
  mapPartitions<U extends Value>(f: (values: Iterable<T>, info: { interval: Interval; partition: number }) => Iterable<U>): DStream<U>
  distinct(): DStream<T>
  union(other: DStream<T>): DStream<T>
  repartition(partitions: number): DStream<T>
  transform<U>(f: (rdd: RDD<T>, interval: Interval) => RDD<U>): DStream<U>
  transformWith<V, U>(other: DStream<V> | SnapshotDStream<V>, f: (a: RDD<T>, b: RDD<V>, interval: Interval) => RDD<U>): DStream<U>
  /** The number of records of each interval. */
  count(): DStream<number>
  countByValue(): DStream<[T, number]>
  reduce(f: (a: T, b: T) => T): DStream<T>
  /** The n greatest of each interval, in order. */
  top<K>(this: DStream<[K, number]>, n: number): DStream<[K, number]>
  top(n: number, by: By<T>): DStream<T>
  /** At the end of each slide, the records of the last `length`. Both are multiples of the interval; `slide` is the interval unless given. */
  window(length: Duration, slide?: Duration): SnapshotDStream<T>
  countByWindow(length: Duration, slide?: Duration): SnapshotDStream<number>
  /** Computed each interval and kept, as state is. */
  persist(): this
  // pairs [key, value]; keys compare by value
  mapValues<K, V, U extends Value>(this: DStream<[K, V]>, f: (value: V) => U): DStream<[K, U]>
  flatMapValues<K, V, U extends Value>(this: DStream<[K, V]>, f: (value: V) => Iterable<U>): DStream<[K, U]>
  reduceByKey<K, V>(this: DStream<[K, V]>, f: (a: V, b: V) => V, partitions?: number): DStream<[K, V]>
  combineByKey<K, V, C>(this: DStream<[K, V]>, create: (v: V) => C, merge: (c: C, v: V) => C, combine: (a: C, b: C) => C): DStream<[K, C]>
  groupByKey<K, V>(this: DStream<[K, V]>, partitions?: number): DStream<[K, V[]]>
  cogroup<K, V, W>(this: DStream<[K, V]>, other: Pairs<K, W>): DStream<[K, [V[], W[]]]>
  join<K, V, W>(this: DStream<[K, V]>, other: Pairs<K, W>): DStream<[K, [V, W]]>
  leftOuterJoin<K, V, W>(this: DStream<[K, V]>, other: Pairs<K, W>): DStream<[K, [V, W | undefined]]>
  rightOuterJoin<K, V, W>(this: DStream<[K, V]>, other: Pairs<K, W>): DStream<[K, [V | undefined, W]]>
  fullOuterJoin<K, V, W>(this: DStream<[K, V]>, other: Pairs<K, W>): DStream<[K, [V | undefined, W | undefined]]>
  // state (the paper's §3.2, §5.1)
  /** The reduction of all values of each key since the start. */
  runningReduce<K, V>(this: DStream<[K, V]>, f: (a: V, b: V) => V, options?: StateOptions<K, V>): StateDStream<K, V>
  /** The reduction of each key's values of the last `length`. With `inverse` each slide costs what enters and leaves, not the window. */
  reduceByWindow<K, V>(
    this: DStream<[K, V]>,
    length: Duration,
    f: (a: V, b: V) => V,
    inverse?: (a: V, b: V) => V,
    slide?: Duration,
    options?: Omit<StateOptions<K, V>, "initial">,
  ): StateDStream<K, V>
  /** A state a key, made by its first event, changed by each (null ends it), gone `timeout` after its last. */
  track<K, V, S extends Value>(
    this: DStream<[K, V]>,
    initialize: (key: K, event: V) => S,
    update: (key: K, state: S, event: V) => S | null,
    timeout: Duration,
    options?: StateOptions<K, S>,
  ): StateDStream<K, S>
  /**
   * Late records change a window until `correctFor` after its end; later ones go aside. A window stays `keepFor` longer (a
   * day, unless it is said); each version tells what it was then: `changes`, `history(\[window, key], …)`.
   */
  reduceByEventTime<K, V>(
    this: DStream<[K, V]>,
    length: Duration,
    f: (a: V, b: V) => V,
    options: StateOptions<K, V> & { timestamp: (record: [K, V]) => TimeLike; correctFor: Duration; keepFor?: Duration },
  ): StateDStream<[window: Date, key: K], V>
  /** Called each interval for every key that has state or events; undefined ends the key. */
  updateStateByKey<K, V, S extends Value>(
    this: DStream<[K, V]>,
    update: (values: V[], state: S | undefined) => S | undefined,
    options?: StateOptions<K, S>,
  ): StateDStream<K, S>
  // ask
  /** All records of [from, to); `to` is now unless given. */
  slice(from: TimeLike, to?: TimeLike): RDD<T>
  /** The same as `slice("-<span>", "now")`. */
  last(span: Duration): RDD<T>
  /** The one interval that holds `time`. */
  at(time: TimeLike): RDD<T>
  latest(): RDD<T>
  /** The newest n retained records. */
  take(n: number): Answer<T[]>
  // output
  print(n?: number): Output
  save(to: string, options?: SaveOptions<T>): Output
  foreachRDD(
    f: (rdd: RDD<T>, interval: Interval) => void | Promise<void>,
    options?: { name?: string; from?: TimeLike | "earliest" | "next" },
  ): Output
}

export interface InputDStream<T> extends DStream<T> {
  /** Keeps sealed intervals in a directory on the workers. */
  archive(to: string): this
}

/** What a stream of pairs can be joined with. */
export type Pairs<K, W> = DStream<[K, W]> | SnapshotDStream<[K, W]> | RDD<[K, W]>

/** `initial` is there from the first interval on; `from` is where the stream starts, the earliest retained interval unless given. */
export interface StateOptions<K, S> {
  initial?: RDD<[K, S]>
  from?: TimeLike | "earliest" | "next"
  partitions?: number
  onError?: "hold" | "setAside"
}

/** Each interval holds a whole version: state, windows, and what is made of them. */
export interface SnapshotDStream<T> extends Handle {
  map<U extends Value>(f: (value: T) => U): SnapshotDStream<U>
  flatMap<U extends Value>(f: (value: T) => Iterable<U>): SnapshotDStream<U>
  filter(f: (value: T) => boolean): this
  transform<U>(f: (rdd: RDD<T>, interval: Interval) => RDD<U>): SnapshotDStream<U>
  count(): SnapshotDStream<number>
  reduce(f: (a: T, b: T) => T): SnapshotDStream<T>
  top<K>(this: SnapshotDStream<[K, number]>, n: number): SnapshotDStream<[K, number]>
  top(n: number, by: By<T>): SnapshotDStream<T>
  reduceByKey<K, V>(this: SnapshotDStream<[K, V]>, f: (a: V, b: V) => V): StateDStream<K, V>
  groupByKey<K, V>(this: SnapshotDStream<[K, V]>): StateDStream<K, V[]>
  join<K, V, W>(this: SnapshotDStream<[K, V]>, other: SnapshotDStream<[K, W]> | RDD<[K, W]>): SnapshotDStream<[K, [V, W]]>
  leftOuterJoin<K, V, W>(
    this: SnapshotDStream<[K, V]>,
    other: SnapshotDStream<[K, W]> | RDD<[K, W]>,
  ): SnapshotDStream<[K, [V, W | undefined]]>
  persist(): this
  /** The version at the end of the interval that holds `time`. */
  at(time: TimeLike): RDD<T>
  latest(): RDD<T>
  /** The versions of [from, to), in time order; with `every` only those that end on a multiple of it. */
  slice(from: TimeLike, to?: TimeLike, options?: { every?: Duration }): Snapshots<T>
  print(n?: number): Output
  save(to: string, options?: SaveOptions<T>): Output
  foreachRDD(
    f: (rdd: RDD<T>, interval: Interval) => void | Promise<void>,
    options?: { name?: string; from?: TimeLike | "earliest" | "next" },
  ): Output
}

/** A snapshot stream with one value a key: runningReduce, track, updateStateByKey, reduceByWindow, reduceByKey of a snapshot. */
export interface StateDStream<K, S> extends SnapshotDStream<[K, S]> {
  mapValues<U extends Value>(f: (state: S) => U): StateDStream<K, U>
  /** One key, one partition. */
  get(key: K, at?: TimeLike): Answer<S | undefined>
  getAll(keys: Iterable<K>, at?: TimeLike): Answer<[K, S][]>
  history(key: K, from: TimeLike, to?: TimeLike): Answer<Series<S | undefined>>
  /** Keys whose state differs between the instants `from` and `to`. */
  changes(from: TimeLike, to?: TimeLike): RDD<Change<K, S>>
}

/** What a stream does to the world: it runs each interval. */
export interface Output extends Handle {}
