/** What is called otherwise here, and what is not there: an error that says what to type in its place. */

import { RivuletError } from "../errors.js"

/** Spark's and the paper's names → ours. */
const elsewhere: Readonly<Record<string, string>> = {
  reduceByKeyAndWindow: "reduceByWindow(window, f, inverse?)",
  groupByKeyAndWindow: "window(length, slide) and then groupByKey()",
  countByValueAndWindow: "map(v => [v, 1]) and then reduceByWindow(window, sum)",
  mapWithState: "track(initialize, update, timeout)",
  stateSnapshots: "the stream itself: each interval holds a whole version",
  topK: "top(n)",
  getTop: "top(n)",
  sortByKey: "sortBy(([key]) => key)",
  show: "type the handle, or take(n)",
  head: "take(n)",
  limit: "take(n)",
  select: "map(v => ({ … }))",
  where: "filter(v => …)",
  withColumn: "map(v => ({ ...v, … }))",
  orderBy: "sortBy(f) of an RDD, or top(n, f)",
  agg: "aggregate(zero, add, merge), or reduceByKey(f)",
  printSchema: "schema()",
  describe: "schema() and info(), in the shell its name with ? behind it; stats() of numbers",
  toDebugString: "lineage()",
  foreach: "foreachRDD(f) on a stream; on an RDD collect() or take(n)",
  foreachPartition: "foreachRDD(f) on a stream; on an RDD mapPartitions(f)",
  saveAsTextFiles: "save(directory)",
  saveAsTextFile: "save(directory)",
  pprint: "print(n)",
  cache: "persist()",
  start: "nothing: streams start when they are defined",
  awaitTermination: "await stopped()",
  textFileStream: 'readStream("file:dir/", interval), for the files that come; readHistory for old ones',
  socketTextStream: 'readStream("tcp://host:port", interval)',
  mapPairs: "map(v => [key, value])",
  mapToPair: "map(v => [key, value])",
  mapPartitionsWithIndex: "mapPartitions((values, partition) => …)",
  mapPartitionsToPair: "mapPartitions(f)",
  flatMapToPair: "flatMap(f)",
  countByKeyAndWindow: "map(([key]) => [key, 1]) and then reduceByWindow(window, sum)",
  checkpointFile: "nothing: state is copied to a second worker at each interval",
  treeReduce: "reduce(f)",
  treeAggregate: "aggregate(zero, add, merge)",
  max: "top(1), or reduce(max)",
  min: "takeOrdered(1, v => v), or reduce(min)",
  sum: "reduce(sum)",
  mean: "stats()",
  stdev: "stats()",
  variance: "stats()",
  foreachBatch: "foreachRDD(f)",
  reduceByKeyLocally: "reduceByKey(f) and then collectAsMap()",
  groupWith: "cogroup(other)",
  zipPartitions: "zip(other)",
  zipWithUniqueId: "zipWithIndex()",
  repartitionAndSortWithinPartitions: "partitionBy(n) and then mapPartitions(values => [...values].sort(…))",
  sampleByKey: "filter(([key]) => …) and then sample(fraction), for each kind of key",
  sampleByKeyExact: "filter(([key]) => …) and then takeSample(n), for each kind of key",
  countApproxDistinctByKey: "distinct() and then countByKey()",
  toLocalIterator: "collect() or take(n)",
  getNumPartitions: "glom().count()",
  collectAsync: "collect(): an answer is a promise, and can be cancelled",
  countAsync: "count(): an answer is a promise, and can be cancelled",
  takeAsync: "take(n): an answer is a promise, and can be cancelled",
  sumApprox: "partial({ within }).reduce(sum)",
  meanApprox: "sample(fraction) and then stats()",
  pipe: "map(f), or save(directory) and a command over its files",
  saveAsObjectFile: 'save(directory, { format: "arrow" })',
  saveAsObjectFiles: 'save(directory, { format: "arrow" })',
  saveAsHadoopFile: "save(directory)",
  saveAsHadoopFiles: "save(directory)",
  filterByRange: "filter(([key]) => key >= from && key <= to)",
  combineByKeyWithClassTag: "combineByKey(create, merge, combine)",
  countByKeyApprox: "countByKey(); or partial({ within }).count(), of all",
  countByValueApprox: "countByValue(); or countApproxDistinct()",
  foreachAsync: "foreachRDD(f) on a stream; on an RDD collect() or take(n)",
  foreachPartitionAsync: "foreachRDD(f) on a stream; on an RDD mapPartitions(f)",
  sampleStdev: "stats(), whose stdev is of the population",
  sampleVariance: "stats(), whose stdev is of the population",
  popStdev: "stats()",
  popVariance: "stats()",
  localCheckpoint: "persist()",
  setName: "named(name) of a stream",
  saveAsNewAPIHadoopFile: "save(directory)",
  saveAsNewAPIHadoopFiles: "save(directory)",
  saveAsSequenceFile: "save(directory)",
  transformWithRDD: "transformWith(other, (a, b) => …)",
  context: "nothing: a session's methods are global",
}

/** Flink's, Kafka Streams', and those of arrays and tables → ours. */
const fromOthers: Readonly<Record<string, string>> = {
  size: "count()",
  forEach: "foreachRDD(f) on a stream; on an RDD collect() or take(n)",
  find: "filter(f), and then take(1) of a part of it",
  some: "filter(f), and then count()",
  every: "filter(v => !f(v)), and then count()",
  unique: "distinct()",
  concat: "union(other)",
  merge: "union(other)",
  sort: "sortBy(f) of an RDD, or top(n, f)",
  avg: "stats()",
  average: "stats()",
  between: "slice(from, to) of a stream",
  since: "slice(from, to) of a stream, or last(span)",
  tail: "last(span) of a stream, or top(n)",
  clear: 'replace(definition, { state: "reset" }) of a state stream',
  tumble: "window(length, slide), or reduceByWindow(length, f)",
  windowedBy: "window(length, slide), or reduceByWindow(length, f)",
  process: "map(f), or track(initialize, update, timeout) with a state for each key",
  peek: "print(n)",
  addSink: "save(directory), or foreachRDD(f)",
  sinkTo: "save(directory), or foreachRDD(f)",
  toTable: "runningReduce(f), whose every version holds all keys",
  toStream: "changes(from, to) of a state stream",
}

const onlyStreams = ["print", "foreachRDD", "slice", "at", "latest", "last"]
const unbounded = [
  "collect",
  "first",
  "lookup",
  "collectAsMap",
  "countByKey",
  "stats",
  "histogram",
  "aggregate",
  "fold",
  "isEmpty",
  "takeOrdered",
  "takeSample",
]
/** Operators of RDDs that a stream has by way of `transform`. */
const byTransform = [
  "sortBy",
  "sample",
  "keyBy",
  "groupBy",
  "keys",
  "values",
  "glom",
  "intersection",
  "subtract",
  "subtractByKey",
  "coalesce",
]
/** Operators of records; of versions an RDD's stand for them. */
const ofOneVersion = ["distinct", "mapPartitions", "repartition", "flatMapValues", "combineByKey"]
/** What makes versions of records: of what holds versions already there is nothing to add up. */
const makesVersions = ["runningReduce", "track", "updateStateByKey", "reduceByWindow", "reduceByEventTime", "window", "countByWindow"]
const ofSnapshots: Readonly<Record<string, string>> = {
  mapValues: "map(([key, value]) => [key, f(value)])",
  countByValue: "map(v => [v, 1]) and then reduceByKey(sum)",
  rightOuterJoin: "other.leftOuterJoin(this)",
  fullOuterJoin: "join(other) or leftOuterJoin(other); of one interval at(time).fullOuterJoin(other.at(time))",
  cogroup: "join(other) or leftOuterJoin(other); of one interval at(time).cogroup(other.at(time))",
  union: "of one interval at(time).union(other.at(time))",
  take: "latest().take(n), or at(time).take(n)",
  last: "top(n) or take(n) of latest(); slice(from, to) for the versions of a while",
}
/** Of the versions of a range: an action gives one result a version. */
const ofVersions: Readonly<Record<string, string>> = {
  collect: "last(), first() or union() is an RDD: last().collect()",
  take: "last(), first() or union() is an RDD: last().take(n)",
  isEmpty: "count(), a number a version",
  foreach: "for (const { interval, value } of await count()), or of top(n)",
  get: "get(key, at) or history(key, from, to) of the stream",
  history: "history(key, from, to) of the stream",
  changes: "changes(from, to) of the stream",
}
/** Operators of RDDs that each of those versions has by way of `transform`. */
const ofEachVersion = ["flatMap", "mapValues", "reduceByKey", "groupByKey", "distinct", "join", "leftOuterJoin", "sortBy", "keys", "values"]
/** What only state streams have: of one dataset there is no other time, and no other version. */
const ofState: Readonly<Record<string, string>> = {
  get: "lookup(key); of a state stream get(key, time)",
  getAll: "filter(([key]) => keys.includes(key)); of a state stream getAll(keys, time)",
  history: "history(key, from, to) of a state stream",
  changes: "changes(from, to) of a state stream, or diff(before, after) of two datasets",
}
/** What a session has, or none needs, typed on `ssc` or `sc`. */
const ofSession: Readonly<Record<string, string>> = {
  start: elsewhere.start!,
  awaitTermination: elsewhere.awaitTermination!,
  awaitTerminationOrTimeout: elsewhere.awaitTermination!,
  textFileStream: elsewhere.textFileStream!,
  socketTextStream: elsewhere.socketTextStream!,
  fileStream: elsewhere.textFileStream!,
  binaryRecordsStream: elsewhere.textFileStream!,
  queueStream: "readStream(name, interval), and `rivulet send name`",
  receiverStream: "readStream(name, interval), and `rivulet send name`",
  rawSocketStream: elsewhere.socketTextStream!,
  socketStream: elsewhere.socketTextStream!,
  transform: "a.transformWith(b, (a, b) => …)",
  emptyRDD: "parallelize([])",
  wholeTextFiles: "textFile(paths)",
  makeRDD: "parallelize(values)",
  range: "parallelize(values)",
  checkpoint: "nothing: state is copied to a second worker at each interval",
  remember: "remember(span) of a stream",
  broadcast: "nothing: a function takes what it captures along",
  accumulator: "count() or aggregate(…) of a stream",
  stop: "close() of the session, stop() of a stream",
}

/** Adds methods that throw the hint. They are not enumerable and never hide a method that exists. */
export function addHints(prototype: object, what: "stream" | "snapshot" | "versions" | "rdd" | "session"): void {
  if (what === "session") {
    for (const [name, use] of Object.entries(ofSession)) add(prototype, name, () => `${name} is not here: ${use}`)
    return
  }
  if (what === "versions") {
    for (const [name, use] of Object.entries(ofVersions)) add(prototype, name, () => `these are versions, ${name} is not here: ${use}`)
    for (const name of ofEachVersion)
      add(prototype, name, () => `these are versions, ${name} is not here: transform(rdd => rdd.${name}(…))`)
    for (const name of ["topK", "getTop"]) add(prototype, name, () => `${name} is not here: ${elsewhere[name]}`)
    return
  }
  if (what !== "rdd") add(prototype, "sortByKey", self => `${self}.sortByKey is not here: transform(rdd => rdd.sortBy(([key]) => key))`)
  for (const [name, use] of Object.entries({ ...elsewhere, ...fromOthers }))
    add(prototype, name, self => `${self}.${name} is not here: ${use}`)
  if (what === "snapshot") {
    for (const name of ofOneVersion) add(prototype, name, self => `${self}.${name} is not here: transform(rdd => rdd.${name}(…))`)
    for (const [name, use] of Object.entries(ofSnapshots)) add(prototype, name, self => `${self}.${name} is not here: ${use}`)
    for (const name of makesVersions)
      add(
        prototype,
        name,
        self => `${self} holds a whole version each interval: ${name} is for records`,
        `${name} of the records that it is made of; or reduceByKey(f) within each version`,
      )
  }
  if (what === "rdd") {
    for (const [name, use] of Object.entries(ofState)) add(prototype, name, () => `an RDD is one dataset, ${name} is not here: ${use}`)
    for (const name of onlyStreams)
      add(prototype, name, self => `${self} is an RDD, one dataset: ${name} is for streams`, "take(n), collect() or top(n)")
  } else {
    for (const name of byTransform) add(prototype, name, self => `${self}.${name} is not here: transform(rdd => rdd.${name}(…))`)
    for (const name of unbounded)
      add(
        prototype,
        name,
        self => `${self}.${name} is not here: a stream has no end`,
        `ask for a part of it: slice(from, to), last(span), at(time) or latest(), then .${name}`,
      )
  }
}

const hints = new WeakSet<object>()

/** Whether a method only says what to type in its place. */
export function isHint(value: object): boolean {
  return hints.has(value)
}

function add(prototype: object, name: string, message: (self: string) => string, attempt?: string): void {
  if (name in prototype) return
  const value = function (this: { readonly name?: string }): never {
    throw new RivuletError(message(called(this.name ?? "rdd")), { code: 2, try: attempt })
  }
  hints.add(value)
  Object.defineProperty(prototype, name, { value, configurable: true })
}

/** A stream without a name is called by its operator and where that stands, `map@cell:6:1`: who has just typed it knows it as `map(…)`. */
function called(name: string): string {
  const at = name.indexOf("@")
  return at < 0 ? name : `${name.slice(0, at)}(…)`
}

/** For a method of the API that has no implementation: names it and what to use. */
export function notThere(method: string, use: string): never {
  throw new RivuletError(`${method} is not there yet`, { code: 2, try: use })
}
