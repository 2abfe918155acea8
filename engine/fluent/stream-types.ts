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
  /** The name under which others find it, unique in its program. */
  readonly name: string
  /** The program that it is of; of scratch the user. */
  readonly program: string
  /** In ms. */
  readonly interval: number
  /** The name under which others find the stream, unique in its program. Another of that name becomes `name~1`. */
  named(name: string): this
  /** The stages in which it is computed, parents first, and whether each operator runs compiled or as a closure. */
  explain(): Promise<Explain>
  /** What the interval that holds `at` (the newest finished one) is made of, back to sealed input or to what two workers hold (§3.3, §5.1). */
  lineage(at?: TimeLike): Promise<Lineage>
  /** The line that defined it, as it was typed. */
  source(): Promise<string>
  /** Names and types of the newest records (up to 1,000), with a sample value each. No records: no fields. */
  schema(): Promise<Field[]>
  /** Name, owner, state, how far back it reaches (epoch ms), lag (ms), bytes in memory, records a second. */
  info(): Promise<StreamInfo>
  /** Why it is in the state that it is in: findings with evidence and what to try. */
  why(): Promise<Why>
  /** Its definitions, oldest first: one, unless it has been replaced. */
  versions(): Promise<Definition[]>
  /** How long intervals are kept for questions; 10 m unless said otherwise. */
  remember(span: Duration): this
  /** It stays when its session has ended. */
  keep(): this
  /**
   * What is stored of it (state, panes of windows) is copied to a second worker so often, a multiple of its interval, instead of whenever
   * something is made (§3.3). Copies are of what changed, so seldom ones save little and make recovery longer.
   */
  checkpoint(every: Duration): this
  /** Another definition takes its place at an interval's boundary, state kept; with `dryRun` only the plan is given. */
  replace(
    next: Handle,
    options?: { from?: TimeLike | "failed" | "next"; state?: "keep" | "reset" | ((old: never) => unknown); dryRun?: boolean },
  ): Promise<Plan>
  /** A held stream goes on: with the record or interval that failed once more, or without it. */
  resume(options?: { skip?: "record" | "interval" }): Promise<void>
  /** Ends the stream, and with `cascade` those that depend on it; without, it is refused (code 4) while there are any. */
  stop(options?: { cascade?: boolean }): Promise<void>
  /** Late and bad records, and those at which its functions threw where that is set aside, with the reason. */
  readonly aside: DStream<Aside>
}

/** Each interval holds its own records. */
export interface DStream<T> extends Handle {
  /** Each record through `f`, which is synchronous and a copy: it travels with what it captures. */
  map<U extends Value>(f: (value: T) => U): DStream<U>
  /** All that `f` gives for each record: none, one or several. What is no iterable is an error of code 1. */
  flatMap<U extends Value>(f: (value: T) => Iterable<U>): DStream<U>
  /** The records for which `f` holds. */
  filter<U extends T>(f: (value: T) => value is U): DStream<U>
  /** The records for which `f` holds. */
  filter(f: (value: T) => boolean): DStream<T>
  /** `f` once a partition, over all of its records. */
  mapPartitions<U extends Value>(f: (values: Iterable<T>, info: { interval: Interval; partition: number }) => Iterable<U>): DStream<U>
  /** Each record once, compared by value. */
  distinct(): DStream<T>
  /** The records of both, which have one interval (else code 2). */
  union(other: DStream<T>): DStream<T>
  /** The same records spread evenly over so many partitions, 1 or more (else code 2). */
  repartition(partitions: number): DStream<T>
  /** Operators of RDDs on each interval's RDD, for instance a join with old data (§3.4). `f` is called once, at definition, to build them; `interval` is each interval in the functions that capture it. */
  transform<U>(f: (rdd: RDD<T>, interval: Interval) => RDD<U>): DStream<U>
  /** The same with the RDDs of two streams of one interval. */
  transformWith<V, U>(other: DStream<V> | SnapshotDStream<V>, f: (a: RDD<T>, b: RDD<V>, interval: Interval) => RDD<U>): DStream<U>
  /** The number of records of each interval. */
  count(): DStream<number>
  /** How often each record comes in each interval: `[record, n]`. */
  countByValue(): DStream<[T, number]>
  /** The records of each interval joined two by two; of none, no record. `f` is associative. */
  reduce(f: (a: T, b: T) => T): DStream<T>
  /** The n greatest of each interval, in order. */
  top<K>(this: DStream<[K, number]>, n: number): DStream<[K, number]>
  /** The n greatest: pairs by their number, anything else by `by`. Ties go to the smaller key. */
  top(n: number, by: By<T>): DStream<T>
  /** At the end of each slide, the records of the last `length`. Both are multiples of the interval (else code 2); `slide` is the interval unless given, and slides are aligned to the epoch. */
  window(length: Duration, slide?: Duration): SnapshotDStream<T>
  /** The number of records of the last `length`, at the end of each slide. */
  countByWindow(length: Duration, slide?: Duration): SnapshotDStream<number>
  /** Computed each interval and kept, as state is. */
  persist(): this
  // pairs [key, value]; keys compare by value
  /** The pairs with their values through `f`; keys and partitions stay. */
  mapValues<K, V, U extends Value>(this: DStream<[K, V]>, f: (value: V) => U): DStream<[K, U]>
  /** A pair for each value that `f` gives, under the same key. */
  flatMapValues<K, V, U extends Value>(this: DStream<[K, V]>, f: (value: V) => Iterable<U>): DStream<[K, U]>
  /** One pair a key: its values joined two by two, where they lie before they are sent (§2.1). `f` is associative. */
  reduceByKey<K, V>(this: DStream<[K, V]>, f: (a: V, b: V) => V, partitions?: number): DStream<[K, V]>
  /** One pair a key: `create` makes a combiner of the first value, `merge` adds a value, `combine` joins two. */
  combineByKey<K, V, C>(this: DStream<[K, V]>, create: (v: V) => C, merge: (c: C, v: V) => C, combine: (a: C, b: C) => C): DStream<[K, C]>
  /** One pair a key: all of its values, in the order of their arrival. */
  groupByKey<K, V>(this: DStream<[K, V]>, partitions?: number): DStream<[K, V[]]>
  /** For each key of either side its values of both: `[key, [left, right]]`. */
  cogroup<K, V, W>(this: DStream<[K, V]>, other: Pairs<K, W>): DStream<[K, [V[], W[]]]>
  /** A pair for each combination of a left and a right value of one key. A side that is a snapshot stream gives its version of the interval (§3.4). */
  join<K, V, W>(this: DStream<[K, V]>, other: Pairs<K, W>): DStream<[K, [V, W]]>
  /** The same; a left value without a right one comes with `undefined`. */
  leftOuterJoin<K, V, W>(this: DStream<[K, V]>, other: Pairs<K, W>): DStream<[K, [V, W | undefined]]>
  /** The same; a right value without a left one comes with `undefined`. */
  rightOuterJoin<K, V, W>(this: DStream<[K, V]>, other: Pairs<K, W>): DStream<[K, [V | undefined, W]]>
  /** The same; a value of either side without one of the other comes with `undefined`. */
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
  /** A state a key, made by its first event, changed by each (null ends it), gone `timeout` after its last: seen last in interval k, in k + ⌈timeout ÷ interval⌉, unless there is an event in that one. */
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
  /** Called each interval for every key that has state or events, silent ones with `[]`; undefined ends the key, null is a state. */
  updateStateByKey<K, V, S extends Value>(
    this: DStream<[K, V]>,
    update: (values: V[], state: S | undefined) => S | undefined,
    options?: StateOptions<K, S>,
  ): StateDStream<K, S>
  // ask
  /** All records of [from, to), of the finished intervals; `to` is now unless given. Before the first there is nothing; what has been forgotten is an error of code 5. */
  slice(from: TimeLike, to?: TimeLike): RDD<T>
  /** The same as `slice("-<span>", "now")`. */
  last(span: Duration): RDD<T>
  /** The one interval that holds `time`. Code 1 when it is not finished yet, 5 when it has been forgotten. */
  at(time: TimeLike): RDD<T>
  /** The newest finished interval, or version. */
  latest(): RDD<T>
  /** The newest n retained records. */
  take(n: number): Answer<T[]>
  // output
  /** Writes the first `n` (10) records of each interval to the stream's log. */
  print(n?: number): Output
  /**
   * Writes each interval's records as files on the workers, one an interval and partition (see SaveOptions), or to a table:
   * `postgres://user@host/database/table`, with `key` a row a key. Exactly once.
   */
  save(to: string, options?: SaveOptions<T>): Output
  /** Calls `f` with each interval's RDD, on a driver thread of a worker: it may be async and ask. At least once an interval; `interval` is what to key effects on (§3.2, output operators). */
  foreachRDD(
    f: (rdd: RDD<T>, interval: Interval) => void | Promise<void>,
    options?: { name?: string; from?: TimeLike | "earliest" | "next" },
  ): Output
}

/** What `readStream` gives: a stream of records from outside. */
export interface InputDStream<T> extends DStream<T> {
  /** Keeps each sealed interval in a directory on the workers, for ever: `stream("archive:<directory>")` reads it again. */
  archive(to: string): this
}

/** What a stream of pairs can be joined with. */
export type Pairs<K, W> = DStream<[K, W]> | SnapshotDStream<[K, W]> | RDD<[K, W]>

/** Of operators that keep state (§3.2). */
export interface StateOptions<K, S> {
  /** States that are there from the first interval on. Of several of one key the last. */
  initial?: RDD<[K, S]>
  /** Where the stream starts: the earliest retained interval unless given. */
  from?: TimeLike | "earliest" | "next"
  /** Into how many its keys are spread, 1 to 4,096 (else code 2); the session's number unless given. */
  partitions?: number
  /** A function that throws holds the stream, unless the records at which it does are to be set aside. */
  onError?: "hold" | "setAside"
}

/** Each interval holds a whole version: state, windows, and what is made of them. */
export interface SnapshotDStream<T> extends Handle {
  /** Each record through `f`, which is synchronous and a copy: it travels with what it captures. */
  map<U extends Value>(f: (value: T) => U): SnapshotDStream<U>
  /** All that `f` gives for each record: none, one or several. */
  flatMap<U extends Value>(f: (value: T) => Iterable<U>): SnapshotDStream<U>
  /** The records for which `f` holds. */
  filter(f: (value: T) => boolean): this
  /** Operators of RDDs on each interval's RDD, for instance a join with old data (§3.4). `f` is called once, at definition, to build them; `interval` is each interval in the functions that capture it. */
  transform<U>(f: (rdd: RDD<T>, interval: Interval) => RDD<U>): SnapshotDStream<U>
  /** How many records each version has. */
  count(): SnapshotDStream<number>
  /** The records of each interval joined two by two; of none, no record. `f` is associative. */
  reduce(f: (a: T, b: T) => T): SnapshotDStream<T>
  /** The n greatest: pairs by their number, anything else by `by`. Ties go to the smaller key. */
  top<K>(this: SnapshotDStream<[K, number]>, n: number): SnapshotDStream<[K, number]>
  /** The n greatest: pairs by their number, anything else by `by`. Ties go to the smaller key. */
  top(n: number, by: By<T>): SnapshotDStream<T>
  /** One pair a key: its values joined two by two, where they lie before they are sent (§2.1). `f` is associative. */
  reduceByKey<K, V>(this: SnapshotDStream<[K, V]>, f: (a: V, b: V) => V): StateDStream<K, V>
  /** One pair a key: all of its values, in the order of their arrival. */
  groupByKey<K, V>(this: SnapshotDStream<[K, V]>): StateDStream<K, V[]>
  /** A pair for each combination of a left and a right value of one key. A side that is a snapshot stream gives its version of the interval (§3.4). */
  join<K, V, W>(this: SnapshotDStream<[K, V]>, other: SnapshotDStream<[K, W]> | RDD<[K, W]>): SnapshotDStream<[K, [V, W]]>
  /** The same; a left value without a right one comes with `undefined`. */
  leftOuterJoin<K, V, W>(
    this: SnapshotDStream<[K, V]>,
    other: SnapshotDStream<[K, W]> | RDD<[K, W]>,
  ): SnapshotDStream<[K, [V, W | undefined]]>
  /** Computed each interval and kept, as state is. */
  persist(): this
  /** The version at the end of the interval that holds `time`. Code 1 when that is not finished yet, 5 when it has been forgotten. */
  at(time: TimeLike): RDD<T>
  /** The newest finished interval, or version. */
  latest(): RDD<T>
  /** The versions of [from, to), in time order; with `every` only those that end on a multiple of it. */
  slice(from: TimeLike, to?: TimeLike, options?: { every?: Duration }): Snapshots<T>
  /** Writes the first `n` (10) records of each interval to the stream's log. */
  print(n?: number): Output
  /**
   * Writes each interval's records as files on the workers, one an interval and partition (see SaveOptions), or to a table:
   * `postgres://user@host/database/table`, with `key` a row a key. Exactly once.
   */
  save(to: string, options?: SaveOptions<T>): Output
  /** Calls `f` with each interval's RDD, on a driver thread of a worker: it may be async and ask. At least once an interval; `interval` is what to key effects on (§3.2, output operators). */
  foreachRDD(
    f: (rdd: RDD<T>, interval: Interval) => void | Promise<void>,
    options?: { name?: string; from?: TimeLike | "earliest" | "next" },
  ): Output
}

/** A snapshot stream with one value a key: runningReduce, track, updateStateByKey, reduceByWindow, reduceByKey of a snapshot. */
export interface StateDStream<K, S> extends SnapshotDStream<[K, S]> {
  /** The pairs with their values through `f`; keys and partitions stay. */
  mapValues<U extends Value>(f: (state: S) => U): StateDStream<K, U>
  /** The key's state as of `at` (the newest finished interval): one partition is asked. Undefined: it has none. */
  get(key: K, at?: TimeLike): Answer<S | undefined>
  /** The states of these keys as of `at`, in the order asked; keys without state are left out. */
  getAll(keys: Iterable<K>, at?: TimeLike): Answer<[K, S][]>
  /** One key's state in each interval of [from, to), from the few rows in which it changed. */
  history(key: K, from: TimeLike, to?: TimeLike): Answer<Series<S | undefined>>
  /** Keys whose state differs between the instants `from` and `to`: at each, as of the newest interval that ends by then. Costs what changed. */
  changes(from: TimeLike, to?: TimeLike): RDD<Change<K, S>>
}

/** What a stream does to the world: it runs each interval. */
export interface Output extends Handle {}
