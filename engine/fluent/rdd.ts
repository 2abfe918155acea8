/**
 * The handle of an RDD: an operator wraps the node in another, an action is one query. Users see it as `RDD<T>`
 * (rdd-types.ts), which has the types of the records; here they are unknown.
 */

import type { Action } from "../actions/action.js"
import { isMoreThan, tooMany } from "../actions/collect.js"
import { RivuletError } from "../errors.js"
import type { FunctionLink } from "../function-ref.js"
import { KeyMap } from "../keys/key.js"
import { isTable } from "../output/table.js"
import type { CogroupNode, RddNode } from "../rdd.js"
import type { Duration } from "../time.js"
import { answerOf, chainAnswer, elseAnswer, mapAnswer } from "./answer.js"
import type { Answer, ApproximateCount, Partial, SaveOptions } from "./answer-types.js"
import { type HandleData, handleBrand, handleData, handleKind } from "./brand.js"
import { explainRdd } from "./explain.js"
import { addHints } from "./hints.js"
import { type Bucket, bucketOf, bucketsOf, checkBuckets, checkEdges, evenBucketOf, evenBuckets, extentOfPartition } from "./histogram.js"
import type { Host, RawAnswer, UserFunction } from "./host.js"
import { changeOf, later, leftOfBoth, leftsAlone, numberFrom, pairsAlone, sizeOfPartition, wholePartition } from "./internals.js"
import { maxCollectRows } from "./limits.js"
import * as nodes from "./nodes.js"
import { checkOptions } from "./options.js"
import { PartialHandle } from "./partial.js"
import type { RDD } from "./rdd-types.js"
import { savedAs } from "./save.js"
import { schemaOf, schemaRows } from "./schema.js"
import type { Explain, Field, Lineage, Stats } from "./shapes.js"

/** Who asks for too much waits so long for the number. */
const countingFor = "500ms"
/** The seed of `sample` unless it is given: asking twice gives the same records. */
const defaultSeed = 1

export class RddHandle implements Record<keyof RDD<unknown>, unknown> {
  readonly #host: Host
  readonly node: RddNode

  constructor(host: Host, node: RddNode) {
    this.#host = host
    this.node = node
  }

  get [handleBrand](): HandleData {
    return { kind: "rdd", node: this.node }
  }

  // ── narrow ──
  map(f: UserFunction): RddHandle {
    return this.#rdd(nodes.narrow("map", this.node, this.#link(f, "map")))
  }
  flatMap(f: UserFunction): RddHandle {
    return this.#rdd(nodes.narrow("flatMap", this.node, this.#link(f, "flatMap")))
  }
  filter(f: UserFunction): RddHandle {
    return this.#rdd(nodes.narrow("filter", this.node, this.#link(f, "filter")))
  }
  mapPartitions(f: UserFunction): RddHandle {
    return this.#rdd(nodes.narrow("mapPartitions", this.node, this.#link(f, "mapPartitions")))
  }
  mapValues(f: UserFunction): RddHandle {
    return this.#rdd(nodes.narrow("mapValues", this.node, this.#link(f, "mapValues")))
  }
  flatMapValues(f: UserFunction): RddHandle {
    return this.#rdd(nodes.narrow("flatMapValues", this.node, this.#link(f, "flatMapValues")))
  }
  keyBy(f: UserFunction): RddHandle {
    return this.#rdd(nodes.narrow("keyBy", this.node, this.#link(f, "keyBy")))
  }
  keys(): RddHandle {
    return this.#rdd(nodes.narrow("map", this.node, nodes.first))
  }
  values(): RddHandle {
    return this.#rdd(nodes.narrow("map", this.node, nodes.second))
  }
  glom(): RddHandle {
    return this.#rdd(nodes.narrow("mapPartitions", this.node, this.#link(wholePartition, "glom")))
  }
  union(other: unknown): RddHandle {
    return this.#rdd(nodes.union([this.node, rddNode(other, "union")]))
  }
  coalesce(partitions: number): RddHandle {
    return this.#rdd(nodes.coalesce(this.node, partitions))
  }
  sample(fraction: number, seed: number = defaultSeed): RddHandle {
    return this.#rdd(nodes.sample(this.node, fraction, seed))
  }
  /** Disjoint parts that are together everything, in proportion to the weights. */
  randomSplit(weights: readonly number[], seed: number = defaultSeed): RddHandle[] {
    return nodes.split(this.node, weights, seed).map(node => this.#rdd(node))
  }
  zip(other: unknown): RddHandle {
    return this.#rdd(nodes.zip(this.node, rddNode(other, "zip")))
  }
  cartesian(other: unknown): RddHandle {
    return this.#rdd(nodes.cartesian(this.node, rddNode(other, "cartesian")))
  }

  /** Kept in the workers' memory by the first question that computes it, with what it is made from, until unpersist or the session's end. */
  persist(): RddHandle {
    return this.node.kind === "persist" ? this : this.#rdd(nodes.persist(this.node, this.#host.newId("k")))
  }
  /** The same records; what was kept goes. */
  unpersist(): RddHandle {
    if (this.node.kind !== "persist") return this
    this.#host.unpersist(this.node.id)
    return this.#rdd(this.node.parent)
  }

  // ── wide ──
  distinct(): RddHandle {
    return this.#rdd(nodes.distinct(this.node, this.#host.partitions))
  }
  repartition(partitions: number): RddHandle {
    return this.#rdd(nodes.repartition(this.node, partitions))
  }
  reduceByKey(f: UserFunction, partitions = this.#host.partitions): RddHandle {
    return this.#rdd(nodes.reduceByKey(this.node, this.#link(f, "reduceByKey"), partitions))
  }
  groupByKey(partitions = this.#host.partitions): RddHandle {
    return this.#rdd(nodes.groupByKey(this.node, partitions))
  }
  groupBy(f: UserFunction, partitions = this.#host.partitions): RddHandle {
    return this.keyBy(f).groupByKey(partitions)
  }
  /** Pairs to their key's partition: joins and reductions into as many partitions then move nothing. */
  partitionBy(partitions: number): RddHandle {
    return this.#rdd(nodes.narrow("flatMapValues", nodes.groupByKey(this.node, partitions), nodes.identity))
  }
  zipWithIndex(): RddHandle {
    return this.#broadcast(this.#ofPartitions(sizeOfPartition, "zipWithIndex"), numberFrom, "zipWithIndex")
  }
  combineByKey(create: UserFunction, merge: UserFunction, combine: UserFunction, partitions = this.#host.partitions): RddHandle {
    const [a, b, c] = [create, merge, combine].map(f => this.#link(f, "combineByKey")) as [FunctionLink, FunctionLink, FunctionLink]
    return this.#rdd(nodes.combineByKey(this.node, a, b, c, partitions))
  }
  aggregateByKey(zero: unknown, add: (c: unknown, v: unknown) => unknown, combine: UserFunction): RddHandle {
    // Each key begins with a zero of its own: `add` may change what it is given.
    return this.combineByKey((value: unknown) => add(structuredClone(zero), value), add as UserFunction, combine)
  }
  foldByKey(zero: unknown, f: (a: unknown, b: unknown) => unknown): RddHandle {
    return this.aggregateByKey(zero, f, f as UserFunction)
  }
  cogroup(other: unknown): RddHandle {
    return this.#cogroup(other, "cogroup", "cogroup")
  }
  join(other: unknown): RddHandle {
    return this.#cogroup(other, "inner", "join")
  }
  leftOuterJoin(other: unknown): RddHandle {
    return this.#cogroup(other, "left", "leftOuterJoin")
  }
  rightOuterJoin(other: unknown): RddHandle {
    return this.#cogroup(other, "right", "rightOuterJoin")
  }
  fullOuterJoin(other: unknown): RddHandle {
    return this.#cogroup(other, "full", "fullOuterJoin")
  }
  subtractByKey(other: unknown): RddHandle {
    const pairs = this.#cogroup(other, "cogroup", "subtractByKey")
    return this.#rdd(nodes.narrow("flatMap", pairs.node, this.#link(pairsAlone, "subtractByKey")))
  }
  subtract(other: unknown): RddHandle {
    const pairs = this.#byValue().#cogroup(this.#rdd(rddNode(other, "subtract")).#byValue(), "cogroup", "subtract")
    return this.#rdd(nodes.narrow("flatMap", pairs.node, this.#link(leftsAlone, "subtract")))
  }
  intersection(other: unknown): RddHandle {
    const pairs = this.#byValue().#cogroup(this.#rdd(rddNode(other, "intersection")).#byValue(), "cogroup", "intersection")
    return this.#rdd(nodes.narrow("flatMap", pairs.node, this.#link(leftOfBoth, "intersection")))
  }
  /** Keys whose value differs in the other, or that one side lacks: `Change` records. Of several values of a key the first counts. */
  diffTo(other: unknown): RddHandle {
    const both = this.#cogroup(other, "cogroup", "diff")
    return this.#rdd(nodes.narrow("flatMap", both.node, this.#link(changeOf, "diff")))
  }
  /** In one partition: sorting ends in one task, so it is for results, not for raw data. */
  sortBy(by: UserFunction, order: "asc" | "desc" = "asc"): RddHandle {
    return this.#rdd(nodes.act(this.node, { kind: "sort", by: this.#link(by, "sortBy"), order: nodes.orderOf(order) }))
  }

  // ── actions ──
  get #mostRows(): number {
    return this.#host.collectMax ?? maxCollectRows
  }

  collect(options: { readonly max?: number } = {}): Answer<unknown[]> {
    checkOptions(options, { of: "collect", names: ["max"] })
    const max = nodes.countOf(options.max ?? this.#mostRows, "collect")
    return this.#upTo(max, this.#rows({ kind: "collect", max }))
  }
  count(): Answer<number> {
    return this.#value({ kind: "count" }) as Answer<number>
  }
  take(n: number): Answer<unknown[]> {
    return this.#rows({ kind: "take", n: nodes.countOf(n, "take") })
  }
  first(): Answer<unknown> {
    return this.#value({ kind: "first" })
  }
  top(n: number, by?: UserFunction): Answer<unknown[]> {
    return this.#rows({ kind: "top", n: nodes.countOf(n, "top"), by: by ? this.#link(by, "top") : null, order: "desc" })
  }
  takeOrdered(n: number, by: UserFunction): Answer<unknown[]> {
    return this.#rows({ kind: "top", n: nodes.countOf(n, "takeOrdered"), by: this.#link(by, "takeOrdered"), order: "asc" })
  }
  reduce(f: UserFunction): Answer<unknown> {
    return this.#value({ kind: "reduce", f: this.#link(f, "reduce") })
  }
  fold(zero: unknown, f: UserFunction): Answer<unknown> {
    return this.#value({ kind: "fold", zero, f: this.#link(f, "fold") })
  }
  aggregate(zero: unknown, add: UserFunction, merge: UserFunction): Answer<unknown> {
    return this.#value({ kind: "aggregate", zero, add: this.#link(add, "aggregate"), merge: this.#link(merge, "aggregate") })
  }
  countByValue(): Answer<Map<unknown, number>> {
    return this.#map({ kind: "countByValue" }) as Answer<Map<unknown, number>>
  }
  countByKey(): Answer<Map<unknown, number>> {
    return this.#map({ kind: "countByKey" }) as Answer<Map<unknown, number>>
  }
  lookup(key: unknown): Answer<unknown[]> {
    return this.#rows({ kind: "lookup", key })
  }
  /** Of several values of a key the last one in partition order. */
  collectAsMap(): Answer<Map<unknown, unknown>> {
    const pairs = this.#ask(nodes.act(this.node, { kind: "collect", max: this.#mostRows }), raw => {
      const byValue = new KeyMap<unknown>()
      for (const row of raw.rows()) byValue.set(...nodes.pairOf(row, "collectAsMap"))
      return new Map(byValue.entries())
    })
    return this.#upTo(this.#mostRows, pairs)
  }
  stats(): Answer<Stats> {
    return this.#value({ kind: "stats" }) as Answer<Stats>
  }
  histogram(buckets: number | readonly number[] = 10): Answer<Bucket[]> {
    if (typeof buckets !== "number") {
      const edges = checkEdges(buckets)
      return mapAnswer(this.flatMap(bucketOf(edges)).countByValue(), counts => bucketsOf(edges, counts))
    }
    const even = this.#broadcast(this.#ofPartitions(extentOfPartition, "histogram"), evenBucketOf(checkBuckets(buckets)), "histogram")
    return this.#ask(nodes.act(even.node, { kind: "countByValue" }), raw => evenBuckets(buckets, raw.rows() as never))
  }
  takeSample(...args: nodes.SampleArguments): Answer<unknown[]> {
    return this.#rows(nodes.takenSample(args, defaultSeed))
  }
  /** Within about `relativeError` (standard error) of how many different records there are. */
  countApproxDistinct(relativeError = 0.02): Answer<number> {
    return this.#value({ kind: "countApproxDistinct", precision: nodes.precisionOf(relativeError) }) as Answer<number>
  }
  isEmpty(): Answer<boolean> {
    return mapAnswer(this.take(1), rows => rows.length === 0)
  }
  toArrow(): Answer<unknown> {
    const answer = this.#ask(this.node, raw => raw.blocks)
    return chainAnswer(answer, blocks => {
      const table = import("../block/arrow.js").then(async ({ toArrowTable }) => ({
        value: toArrowTable(blocks) as unknown,
        stamp: (await answer.stamped()).stamp,
      }))
      return answerOf(table, () => {})
    })
  }

  countApprox(within: Duration, confidence = 0.95): Answer<ApproximateCount> {
    return this.#partial(within).countApprox(confidence)
  }
  partial(options: { readonly within: Duration }): PartialHandle {
    return this.#partial(options.within)
  }
  save(to: string, options: SaveOptions<never> = {}): Answer<{ files: string[]; rows: number }> {
    const { format, key } = savedAs(to, options)
    if (isTable(to)) throw new RivuletError("save: an RDD goes to files, not to a table", { code: 2, try: `stream.save("${to}")` })
    for (const name of ["every", "from"] as const) {
      if (options[name] !== undefined)
        throw new RivuletError(`save: an RDD has no ${name}`, { code: 2, try: `stream.save(to, { ${name} })` })
    }
    const host = this.#host
    const node = key === null ? this.node : nodes.lastOfKey(this.node, this.#link(key, "save"), this.#link(later, "save"), host.partitions)
    askable(node)
    return host.query(node, ({ saved }) => ({ files: [...(saved?.files ?? [])], rows: saved?.rows ?? 0 }), { save: { to, format } })
  }

  // ── look ──
  async explain(): Promise<Explain> {
    return explainRdd(this.#host, this.node)
  }
  async lineage(): Promise<Lineage> {
    askable(this.node)
    return this.#host.lineage(this.node)
  }
  async schema(): Promise<Field[]> {
    return schemaOf(await this.take(schemaRows))
  }

  // ── made of these ──
  #rdd(node: RddNode): RddHandle {
    return new RddHandle(this.#host, node)
  }
  #link(f: UserFunction, operator: string): FunctionLink {
    return this.#host.link(f, operator)
  }
  #byValue(): RddHandle {
    return this.#rdd(nodes.narrow("keyBy", this.node, nodes.identity))
  }
  /** It is refused as soon as there are more; how many there are is counted then, if that takes no time. */
  #upTo<T>(max: number, answer: Answer<T>): Answer<T> {
    return elseAnswer<T, Partial<number>>(answer, error => {
      if (!isMoreThan(error, max)) return null
      const tell = ({ value, complete, final }: Partial<number>) => {
        final.catch(() => {})
        return complete ? tooMany(value, max) : (error as Error)
      }
      return { ask: this.#partial(countingFor).count(), tell }
    })
  }
  /** What `f` makes of each partition, gathered in one. */
  #ofPartitions(f: UserFunction, operator: string): RddNode {
    const rows = nodes.narrow("mapPartitions", this.node, this.#link(f, operator))
    return nodes.act(rows, { kind: "collect", max: Number.MAX_SAFE_INTEGER })
  }
  #broadcast(side: RddNode, f: UserFunction, operator: string): RddHandle {
    return this.#rdd(nodes.broadcast(this.node, side, this.#link(f, operator)))
  }
  #cogroup(other: unknown, join: CogroupNode["join"], operator: string): RddHandle {
    return this.#rdd(nodes.cogroup([this.node, rddNode(other, operator)], join, this.#host.partitions))
  }
  #partial(within: Duration): PartialHandle {
    askable(this.node)
    return new PartialHandle(this.#host, this.node, within)
  }
  #ask<T>(node: RddNode, decode: (raw: RawAnswer) => T): Answer<T> {
    askable(node)
    return this.#host.query(node, decode)
  }
  #rows(action: Action): Answer<unknown[]> {
    return this.#ask(nodes.act(this.node, action), raw => raw.rows())
  }
  #value(action: Action): Answer<unknown> {
    return this.#ask(nodes.act(this.node, action), raw => raw.rows()[0])
  }
  #map(action: Action): Answer<Map<unknown, unknown>> {
    return this.#ask(nodes.act(this.node, action), raw => new Map(raw.rows() as [unknown, unknown][]))
  }
}

function askable(node: RddNode): void {
  if (!nodes.hasHole(node)) return
  throw new RivuletError("this RDD stands for those of all intervals: it cannot be asked", {
    code: 2,
    try: "in transform build an RDD with operators; to ask each interval, foreachRDD",
  })
}

/** The node of an RDD handle, or an error that says what was given. */
export function rddNode(value: unknown, operator: string): RddNode {
  if (value instanceof RddHandle) return value.node
  const kind = handleKind(value)
  const ofVersions = kind !== undefined && handleData(value)?.kind === "snapshots"
  throw new RivuletError(`${operator} takes another RDD, not ${kind ?? (value === null ? "null" : typeof value)}`, {
    code: 2,
    try: ofVersions ? "its first(), last() or union()" : "of a stream take slice(from, to), at(time) or latest()",
  })
}

addHints(RddHandle.prototype, "rdd")
