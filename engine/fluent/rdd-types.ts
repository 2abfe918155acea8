/**
 * The user's view of an RDD (the paper's §3.1 and §5.1): an immutable, partitioned dataset. Everything but an action is lazy.
 * Keys compare by value: `1` is not `"1"`, `-0` is `0`, arrays and objects by what they hold. Types only.
 */

import type { Duration, Interval } from "../time.js"
import type { Answer, ApproximateCount, PartialRDD, SaveOptions, Series } from "./answer-types.js"
import type { Explain, Field, Lineage, Stats } from "./shapes.js"
import type { By, Value } from "./values.js"

/** An immutable dataset in partitions that can be computed again from what it is made of (the paper's §2.1, §3). Operators make others; actions ask. */
export interface RDD<T> {
  /** Each record through `f`. */
  map<U extends Value>(f: (value: T) => U): RDD<U>
  /** All that `f` gives for each record, in order. What is no iterable is an error of code 1. */
  flatMap<U extends Value>(f: (value: T) => Iterable<U>): RDD<U>
  /** The records for which `f` holds. */
  filter(f: (value: T) => boolean): RDD<T>
  /** `f` is called once a partition, with its number from 0; it gives an iterable. */
  mapPartitions<U extends Value>(f: (values: Iterable<T>, partition: number) => Iterable<U>): RDD<U>
  /** Each record once, compared by value. */
  distinct(): RDD<T>
  /** The records of both, partitions of the first before those of the other. */
  union(other: RDD<T>): RDD<T>
  /** Records in both, each once, compared by value. */
  intersection(other: RDD<T>): RDD<T>
  /** Records that are not in `other`, compared by value; duplicates stay. */
  subtract(other: RDD<T>): RDD<T>
  /** Each record with probability `fraction`, 0–1 (else code 2); the same `seed` (1 unless given) takes the same records. */
  sample(fraction: number, seed?: number): RDD<T>
  /** In the order of `by`, equal ones as they came, NaN last either way; in one partition: for results, not for raw data. */
  sortBy(by: By<T>, order?: "asc" | "desc"): RDD<T>
  /** `[f(record), record]`. */
  keyBy<K extends Value>(f: (value: T) => K): RDD<[K, T]>
  /** `[key, records]` for each key that `f` gives. */
  groupBy<K extends Value>(f: (value: T) => K): RDD<[K, T[]]>
  /** Shuffles into so many partitions of equal size. 0 is an error of code 2. */
  repartition(partitions: number): RDD<T>
  /** Neighbouring partitions joined into so many, without a shuffle; never more than there are. 0 is an error of code 2. */
  coalesce(partitions: number): RDD<T>
  /** Kept in the workers' memory by the first question that computes it, with what it is made from, until unpersist or the session's end. */
  persist(): RDD<T>
  /** The same records; what was kept goes. */
  unpersist(): RDD<T>
  /** Each partition as one array. */
  glom(): RDD<T[]>
  /** The n-th record of each with that of the other: both must have as many partitions (else code 2), and as many records in each (else code 1). */
  zip<U>(other: RDD<U>): RDD<[T, U]>
  /** Each record with its place in partition order, from 0. */
  zipWithIndex(): RDD<[T, number]>
  /** Every record with every record of the other: as many as both numbers multiplied. */
  cartesian<U>(other: RDD<U>): RDD<[T, U]>
  /** Disjoint parts that are together everything, in proportion to the weights: numbers of 0 or more, not all 0 (else code 2). The same `seed` (1 unless given) cuts the same. */
  randomSplit(weights: readonly number[], seed?: number): RDD<T>[]
  // pairs [key, value]
  /** The pairs with their values through `f`. */
  mapValues<K, V, U extends Value>(this: RDD<[K, V]>, f: (value: V) => U): RDD<[K, U]>
  /** A pair for each value that `f` gives. */
  flatMapValues<K, V, U extends Value>(this: RDD<[K, V]>, f: (value: V) => Iterable<U>): RDD<[K, U]>
  /** One pair a key: its values joined two by two. `f` is associative. */
  reduceByKey<K, V>(this: RDD<[K, V]>, f: (a: V, b: V) => V): RDD<[K, V]>
  /** One pair a key: all of its values, in partition order. */
  groupByKey<K, V>(this: RDD<[K, V]>): RDD<[K, V[]]>
  /** `create` makes the combiner of a key's first value, `merge` adds a value to it, `combine` joins two. */
  combineByKey<K, V, C>(this: RDD<[K, V]>, create: (v: V) => C, merge: (c: C, v: V) => C, combine: (a: C, b: C) => C): RDD<[K, C]>
  /** One pair a key: its values added to a zero of its own, and those of partitions joined by `combine`. */
  aggregateByKey<K, V, C>(this: RDD<[K, V]>, zero: C, add: (c: C, v: V) => C, combine: (a: C, b: C) => C): RDD<[K, C]>
  /** The same with one function. */
  foldByKey<K, V>(this: RDD<[K, V]>, zero: V, f: (a: V, b: V) => V): RDD<[K, V]>
  /** Pairs to their key's partition of so many, 1 or more (else code 2): joins and reductions into as many partitions then move nothing. */
  partitionBy<K, V>(this: RDD<[K, V]>, partitions: number): RDD<[K, V]>
  /** For each key of either side its values of both, in partition order: `[key, [left, right]]`; a side that lacks the key is `[]`. */
  cogroup<K, V, W>(this: RDD<[K, V]>, other: RDD<[K, W]>): RDD<[K, [V[], W[]]]>
  /** A pair for each combination of a left and a right value of one key. */
  join<K, V, W>(this: RDD<[K, V]>, other: RDD<[K, W]>): RDD<[K, [V, W]]>
  /** The same; a left value without a right one comes with `undefined`. */
  leftOuterJoin<K, V, W>(this: RDD<[K, V]>, other: RDD<[K, W]>): RDD<[K, [V, W | undefined]]>
  /** The same; a right value without a left one comes with `undefined`. */
  rightOuterJoin<K, V, W>(this: RDD<[K, V]>, other: RDD<[K, W]>): RDD<[K, [V | undefined, W]]>
  /** The same; a value of either side without one of the other comes with `undefined`. */
  fullOuterJoin<K, V, W>(this: RDD<[K, V]>, other: RDD<[K, W]>): RDD<[K, [V | undefined, W | undefined]]>
  /** The pairs whose key the other side does not have. */
  subtractByKey<K, V, W>(this: RDD<[K, V]>, other: RDD<[K, W]>): RDD<[K, V]>
  /** The keys of pairs. */
  keys<K, V>(this: RDD<[K, V]>): RDD<K>
  /** The values of pairs. */
  values<K, V>(this: RDD<[K, V]>): RDD<V>
  // actions
  /** All records, in partition order. Over `max` (100,000 rows): an error, at once; it says how many there are where half a second is enough to count them. */
  collect(options?: { max?: number }): Answer<T[]>
  /** How many records there are. */
  count(): Answer<number>
  /** When `within` is over: a count from the partitions that are ready, and between which numbers the count is with `confidence`, 0.95 unless given. */
  countApprox(within: Duration, confidence?: number): Answer<ApproximateCount>
  /** The first `n` records, in partition order. `n` is 0 or more (else code 2). */
  take(n: number): Answer<T[]>
  /** The first record; undefined when there is none. */
  first(): Answer<T | undefined>
  /** The n greatest: pairs with a number by the number (ties: the smaller key first), numbers by themselves, else `by`. */
  top<K>(this: RDD<[K, number]>, n: number): Answer<[K, number][]>
  /** The n greatest numbers, greatest first. */
  top(this: RDD<number>, n: number): Answer<number[]>
  /** The n greatest by `by`, greatest first. */
  top(n: number, by: By<T>): Answer<T[]>
  /** The n smallest by `by`, smallest first. */
  takeOrdered(n: number, by: By<T>): Answer<T[]>
  /** All records joined two by two, in partition order; undefined of none. `f` is associative. */
  reduce(f: (a: T, b: T) => T): Answer<T | undefined>
  /** The same from a zero, which goes in once and first; of nothing the zero. */
  fold(zero: T, f: (a: T, b: T) => T): Answer<T>
  /** Records added to a zero a partition, a copy each, and those joined by `merge` in partition order. */
  aggregate<A>(zero: A, add: (a: A, v: T) => A, merge: (a: A, b: A) => A): Answer<A>
  /** How often each record comes, by value. */
  countByValue(): Answer<Map<T, number>>
  /** How many pairs each key has. */
  countByKey<K, V>(this: RDD<[K, V]>): Answer<Map<K, number>>
  /** All values of the key, in partition order. */
  lookup<K, V>(this: RDD<[K, V]>, key: K): Answer<V[]>
  /** Pairs as a Map; of several values of a key the last. Over 100,000 pairs it is an error. */
  collectAsMap<K, V>(this: RDD<[K, V]>): Answer<Map<K, V>>
  /** Exact for up to 65,536 numbers; over that the percentiles are within 0.5 % of the value at that rank. */
  stats(this: RDD<number>): Answer<Stats>
  /** How many numbers lie in each bucket: so many even ones (10), none of nothing, or between two or more rising edges (else code 2). The last is closed; NaN is in none. Infinity needs edges (else code 1). */
  histogram(this: RDD<number>, buckets?: number | number[]): Answer<[from: number, to: number, n: number][]>
  /** n records in random order, all if there are fewer, each with the same chance; the same `seed` (1 unless given) takes the same. */
  takeSample(n: number, seed?: number): Answer<T[]>
  /** The same as Spark has it; with replacement each of the n is drawn from all records, so one may come several times. */
  takeSample(withReplacement: boolean, n: number, seed?: number): Answer<T[]>
  /** How many different records there are, within about `relativeError`, a standard error from 0.005 to below 1; 0.02 unless given. */
  countApproxDistinct(relativeError?: number): Answer<number>
  /** Whether there is no record. */
  isEmpty(): Answer<boolean>
  /** Answers with what is there when `within` is over. */
  partial(options: { within: Duration }): PartialRDD<T>
  /** All records as an apache-arrow Table. */
  toArrow(): Answer<unknown>
  /** Writes the partitions as files on the workers; gives their paths and the number of records. A second time replaces them. */
  save(to: string, options?: SaveOptions<T>): Answer<{ files: string[]; rows: number }>
  /** The stages in which it is computed, parents first, and how each operator runs. */
  explain(): Promise<Explain>
  /** What it is made of, and who holds what is stored (§2.1). */
  lineage(): Promise<Lineage>
  /** Names and types of its first records (up to 1,000), with a sample value each. */
  schema(): Promise<Field[]>
}

/** The versions of [from, to), in time order, as far as they are retained and finished: an action gives one result a version. */
export interface Snapshots<T> {
  /** Each record through `f`. */
  map<U extends Value>(f: (value: T) => U): Snapshots<U>
  /** The records for which `f` holds. */
  filter(f: (value: T) => boolean): Snapshots<T>
  /** Operators of RDDs on each version. */
  transform<U>(f: (rdd: RDD<T>, interval: Interval) => RDD<U>): Snapshots<U>
  /** How many records each version has. */
  count(): Answer<Series<number>>
  /** Each version's records joined two by two; undefined of none. `f` is associative. */
  reduce(f: (a: T, b: T) => T): Answer<Series<T | undefined>>
  /** The n greatest of each version. */
  top<K>(this: Snapshots<[K, number]>, n: number): Answer<Series<[K, number][]>>
  /** The n greatest of each version. */
  top(n: number, by: By<T>): Answer<Series<T[]>>
  /** The oldest version. */
  first(): RDD<T>
  /** The newest version. */
  last(): RDD<T>
  /** Every version's records together, on purpose. */
  union(): RDD<T>
}
