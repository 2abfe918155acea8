/**
 * The user's view of an RDD (the paper's §3.1 and §5.1): an immutable, partitioned dataset. Everything but an action is lazy.
 * Keys compare by value: `1` is not `"1"`, `-0` is `0`, arrays and objects by what they hold. Types only.
 */

import type { Duration, Interval } from "../time.js"
import type { Answer, ApproximateCount, PartialRDD, SaveOptions, Series } from "./answer-types.js"
import type { Explain, Field, Lineage, Stats } from "./shapes.js"
import type { By, Value } from "./values.js"

export interface RDD<T> {
  map<U extends Value>(f: (value: T) => U): RDD<U>
  flatMap<U extends Value>(f: (value: T) => Iterable<U>): RDD<U>
  filter(f: (value: T) => boolean): RDD<T>
  /** `f` is called once a partition. */
  mapPartitions<U extends Value>(f: (values: Iterable<T>, partition: number) => Iterable<U>): RDD<U>
  distinct(): RDD<T>
  union(other: RDD<T>): RDD<T>
  /** Records in both, each once. */
  intersection(other: RDD<T>): RDD<T>
  /** Records that are not in `other`; duplicates stay. */
  subtract(other: RDD<T>): RDD<T>
  /** Each record with probability `fraction`, 0–1; the same `seed` takes the same records. */
  sample(fraction: number, seed?: number): RDD<T>
  sortBy(by: By<T>, order?: "asc" | "desc"): RDD<T>
  keyBy<K extends Value>(f: (value: T) => K): RDD<[K, T]>
  groupBy<K extends Value>(f: (value: T) => K): RDD<[K, T[]]>
  /** Shuffles into so many partitions of equal size. 0 is an error. */
  repartition(partitions: number): RDD<T>
  /** Fewer partitions without a shuffle. */
  coalesce(partitions: number): RDD<T>
  /** Kept in the workers' memory by the first question that computes it, with what it is made from, until unpersist or the session's end. */
  persist(): RDD<T>
  /** The same records; what was kept goes. */
  unpersist(): RDD<T>
  /** Each partition as one array. */
  glom(): RDD<T[]>
  /** The n-th record of each: both must have as many partitions, and as many records in each. */
  zip<U>(other: RDD<U>): RDD<[T, U]>
  /** Each record with its place in partition order, from 0. */
  zipWithIndex(): RDD<[T, number]>
  /** Every record with every record of the other. */
  cartesian<U>(other: RDD<U>): RDD<[T, U]>
  /** Disjoint parts that are together everything, in proportion to the weights. */
  randomSplit(weights: readonly number[], seed?: number): RDD<T>[]
  // pairs [key, value]
  mapValues<K, V, U extends Value>(this: RDD<[K, V]>, f: (value: V) => U): RDD<[K, U]>
  flatMapValues<K, V, U extends Value>(this: RDD<[K, V]>, f: (value: V) => Iterable<U>): RDD<[K, U]>
  reduceByKey<K, V>(this: RDD<[K, V]>, f: (a: V, b: V) => V): RDD<[K, V]>
  groupByKey<K, V>(this: RDD<[K, V]>): RDD<[K, V[]]>
  /** `create` makes the combiner of a key's first value, `merge` adds a value to it, `combine` joins two. */
  combineByKey<K, V, C>(this: RDD<[K, V]>, create: (v: V) => C, merge: (c: C, v: V) => C, combine: (a: C, b: C) => C): RDD<[K, C]>
  aggregateByKey<K, V, C>(this: RDD<[K, V]>, zero: C, add: (c: C, v: V) => C, combine: (a: C, b: C) => C): RDD<[K, C]>
  foldByKey<K, V>(this: RDD<[K, V]>, zero: V, f: (a: V, b: V) => V): RDD<[K, V]>
  /** Pairs to their key's partition: joins and reductions into as many partitions then move nothing. */
  partitionBy<K, V>(this: RDD<[K, V]>, partitions: number): RDD<[K, V]>
  cogroup<K, V, W>(this: RDD<[K, V]>, other: RDD<[K, W]>): RDD<[K, [V[], W[]]]>
  join<K, V, W>(this: RDD<[K, V]>, other: RDD<[K, W]>): RDD<[K, [V, W]]>
  leftOuterJoin<K, V, W>(this: RDD<[K, V]>, other: RDD<[K, W]>): RDD<[K, [V, W | undefined]]>
  rightOuterJoin<K, V, W>(this: RDD<[K, V]>, other: RDD<[K, W]>): RDD<[K, [V | undefined, W]]>
  fullOuterJoin<K, V, W>(this: RDD<[K, V]>, other: RDD<[K, W]>): RDD<[K, [V | undefined, W | undefined]]>
  subtractByKey<K, V, W>(this: RDD<[K, V]>, other: RDD<[K, W]>): RDD<[K, V]>
  keys<K, V>(this: RDD<[K, V]>): RDD<K>
  values<K, V>(this: RDD<[K, V]>): RDD<V>
  // actions
  /** All records, in partition order. Over `max` (100,000 rows): an error with the true size. */
  collect(options?: { max?: number }): Answer<T[]>
  count(): Answer<number>
  /** When `within` is over: a count from the partitions that are ready, and between which numbers the count is (confidence 0.95). */
  countApprox(within: Duration, confidence?: number): Answer<ApproximateCount>
  take(n: number): Answer<T[]>
  first(): Answer<T | undefined>
  /** The n greatest: pairs with a number by the number (ties: the smaller key first), numbers by themselves, else `by`. */
  top<K>(this: RDD<[K, number]>, n: number): Answer<[K, number][]>
  top(this: RDD<number>, n: number): Answer<number[]>
  top(n: number, by: By<T>): Answer<T[]>
  /** The n smallest. */
  takeOrdered(n: number, by: By<T>): Answer<T[]>
  reduce(f: (a: T, b: T) => T): Answer<T | undefined>
  fold(zero: T, f: (a: T, b: T) => T): Answer<T>
  aggregate<A>(zero: A, add: (a: A, v: T) => A, merge: (a: A, b: A) => A): Answer<A>
  countByValue(): Answer<Map<T, number>>
  countByKey<K, V>(this: RDD<[K, V]>): Answer<Map<K, number>>
  lookup<K, V>(this: RDD<[K, V]>, key: K): Answer<V[]>
  collectAsMap<K, V>(this: RDD<[K, V]>): Answer<Map<K, V>>
  /** Exact for up to 65,536 numbers; over that the percentiles are within 0.5 % of the value at that rank. */
  stats(this: RDD<number>): Answer<Stats>
  histogram(this: RDD<number>, buckets?: number | number[]): Answer<[from: number, to: number, n: number][]>
  /** n records in random order, each with the same chance; the same `seed` takes the same. */
  takeSample(n: number, seed?: number): Answer<T[]>
  /** How many different records there are, within about `relativeError` (0.005–1, standard error; 0.02 unless given). */
  countApproxDistinct(relativeError?: number): Answer<number>
  isEmpty(): Answer<boolean>
  /** Answers with what is there when `within` is over. */
  partial(options: { within: Duration }): PartialRDD<T>
  /** An apache-arrow Table. */
  toArrow(): Answer<unknown>
  save(to: string, options?: SaveOptions<T>): Answer<{ files: string[]; rows: number }>
  explain(): Promise<Explain>
  lineage(): Promise<Lineage>
  schema(): Promise<Field[]>
}

/** The versions of [from, to), in time order: an action gives one result a version. */
export interface Snapshots<T> {
  map<U extends Value>(f: (value: T) => U): Snapshots<U>
  filter(f: (value: T) => boolean): Snapshots<T>
  transform<U>(f: (rdd: RDD<T>, interval: Interval) => RDD<U>): Snapshots<U>
  count(): Answer<Series<number>>
  reduce(f: (a: T, b: T) => T): Answer<Series<T | undefined>>
  top<K>(this: Snapshots<[K, number]>, n: number): Answer<Series<[K, number][]>>
  top(n: number, by: By<T>): Answer<Series<T[]>>
  first(): RDD<T>
  last(): RDD<T>
  /** Every version's records together, on purpose. */
  union(): RDD<T>
}
