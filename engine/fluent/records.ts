/** The handle of a records stream: users see it as `DStream<T>` (stream-types.ts), which has the types of the records. */

import type { Action } from "../actions/action.js"
import { sum } from "../builtins.js"
import { RivuletError } from "../errors.js"
import type { CogroupNode, RddNode } from "../rdd.js"
import { type Duration, intervalStart, parseDuration, type TimeLike } from "../time.js"
import type { Answer } from "./answer-types.js"
import { otherSide } from "./binary.js"
import { addHints } from "./hints.js"
import type { UserFunction } from "./host.js"
import * as nodes from "./nodes.js"
import { RddHandle } from "./rdd.js"
import { multipleOf, rangeOf, type StateSettings, StreamHandle } from "./stream.js"
import type { DStream, SnapshotDStream, StateDStream } from "./stream-types.js"
import { transformed } from "./transform.js"

export interface EventTimeSettings extends StateSettings {
  readonly timestamp: UserFunction
  readonly correctFor: Duration
  /** How long a window stays in the newest version after its last correction could come. */
  readonly keepFor?: Duration
}

const defaultKeepFor = "1d"

type AnyStream = DStream<unknown>
type AnySnapshots = SnapshotDStream<unknown>
type AnyState = StateDStream<unknown, unknown>

export class RecordsHandle extends StreamHandle implements Record<keyof DStream<unknown>, unknown> {
  // ── stateless ──
  map(f: UserFunction): AnyStream {
    return this.#lift("map", nodes.narrow("map", nodes.hole(0), this.host.link(f, "map")))
  }
  flatMap(f: UserFunction): AnyStream {
    return this.#lift("flatMap", nodes.narrow("flatMap", nodes.hole(0), this.host.link(f, "flatMap")))
  }
  filter(f: UserFunction): AnyStream {
    return this.#lift("filter", nodes.narrow("filter", nodes.hole(0), this.host.link(f, "filter")))
  }
  mapPartitions(f: UserFunction): AnyStream {
    return this.#lift("mapPartitions", nodes.narrow("mapPartitions", nodes.hole(0), this.host.link(f, "mapPartitions")))
  }
  mapValues(f: UserFunction): AnyStream {
    return this.#lift("mapValues", nodes.narrow("mapValues", nodes.hole(0), this.host.link(f, "mapValues")))
  }
  flatMapValues(f: UserFunction): AnyStream {
    return this.#lift("flatMapValues", nodes.narrow("flatMapValues", nodes.hole(0), this.host.link(f, "flatMapValues")))
  }
  distinct(): AnyStream {
    return this.#lift("distinct", nodes.distinct(nodes.hole(0), this.host.partitions))
  }
  repartition(partitions: number): AnyStream {
    return this.#lift("repartition", nodes.repartition(nodes.hole(0), partitions))
  }
  count(): AnyStream {
    return this.#act("count", { kind: "count" })
  }
  countByValue(): AnyStream {
    return this.#lift("countByValue", nodes.countByValue(nodes.hole(0), this.host.partitions))
  }
  reduce(f: UserFunction): AnyStream {
    return this.#act("reduce", { kind: "reduce", f: this.host.link(f, "reduce") })
  }
  top(n: number, by?: UserFunction): AnyStream {
    return this.#act("top", { kind: "top", n: nodes.countOf(n, "top"), by: by ? this.host.link(by, "top") : null, order: "desc" })
  }
  reduceByKey(f: UserFunction, partitions = this.host.partitions): AnyStream {
    return this.#lift("reduceByKey", nodes.reduceByKey(nodes.hole(0), this.host.link(f, "reduceByKey"), partitions))
  }
  combineByKey(create: UserFunction, merge: UserFunction, combine: UserFunction): AnyStream {
    const link = (f: UserFunction) => this.host.link(f, "combineByKey")
    return this.#lift("combineByKey", nodes.combineByKey(nodes.hole(0), link(create), link(merge), link(combine), this.host.partitions))
  }
  groupByKey(partitions = this.host.partitions): AnyStream {
    return this.#lift("groupByKey", nodes.groupByKey(nodes.hole(0), partitions))
  }

  // ── with another stream, or an RDD ──
  union(other: unknown): AnyStream {
    if (!(other instanceof RecordsHandle)) {
      throw new RivuletError("union takes another stream of records", {
        code: 2,
        try: "of a snapshot stream take slice(…).union(), an RDD",
      })
    }
    const { node, streams } = otherSide(this, other, "union")
    return this.#lift("union", nodes.union([nodes.hole(0), node]), streams)
  }
  cogroup(other: unknown): AnyStream {
    return this.#cogroup(other, "cogroup", "cogroup")
  }
  join(other: unknown): AnyStream {
    return this.#cogroup(other, "inner", "join")
  }
  leftOuterJoin(other: unknown): AnyStream {
    return this.#cogroup(other, "left", "leftOuterJoin")
  }
  rightOuterJoin(other: unknown): AnyStream {
    return this.#cogroup(other, "right", "rightOuterJoin")
  }
  fullOuterJoin(other: unknown): AnyStream {
    return this.#cogroup(other, "full", "fullOuterJoin")
  }

  transform(f: UserFunction): AnyStream {
    return this.#lift("transform", transformed(this.host, f, 1, "transform", this.interval))
  }
  transformWith(other: unknown, f: UserFunction): AnyStream {
    if (!(other instanceof StreamHandle)) {
      throw new RivuletError("transformWith takes another stream", {
        code: 2,
        try: "transform(rdd => …), which may use other RDDs as they are",
      })
    }
    const { streams } = otherSide(this, other, "transformWith")
    return this.#lift("transformWith", transformed(this.host, f, 2, "transformWith", this.interval), streams)
  }

  // ── windows and state: snapshots ──
  window(length: Duration, slide?: Duration): AnySnapshots {
    const lengthMs = multipleOf(this.interval, length, "a window")
    const slideMs = this.#slide(slide)
    const draft = { operator: "window", kind: "snapshot", intervalMs: slideMs } as const
    return this.make({ ...draft, node: { kind: "window", parent: this.id, lengthMs, slideMs } }) as unknown as AnySnapshots
  }
  /** The counts of the intervals, added up over the window. */
  countByWindow(length: Duration, slide?: Duration): AnySnapshots {
    return this.count()
      .window(length, slide)
      .reduce(sum as never)
  }
  runningReduce(f: UserFunction, options?: StateSettings): AnyState {
    return this.#state({ kind: "runningReduce", f: this.host.link(f, "runningReduce") }, this.interval, options)
  }
  reduceByWindow(length: Duration, f: UserFunction, inverse?: UserFunction, slide?: Duration, options?: StateSettings): AnyState {
    if (typeof length === "function") {
      throw new RivuletError("reduceByWindow takes the window first", {
        code: 2,
        try: 'reduceByWindow("5s", f, inverse?, slide?) of pairs',
      })
    }
    // Spark has the slide here where there is no inverse.
    if (typeof inverse === "string") {
      throw new RivuletError(`reduceByWindow takes the inverse function before the slide, not ${JSON.stringify(inverse)}`, {
        code: 2,
        try: `reduceByWindow(${JSON.stringify(length)}, f, undefined, ${JSON.stringify(inverse)}), or with the inverse in its place`,
      })
    }
    const lengthMs = multipleOf(this.interval, length, "a window")
    const slideMs = this.#slide(slide)
    const link = (g: UserFunction) => this.host.link(g, "reduceByWindow")
    return this.#state({ kind: "reduceByWindow", f: link(f), inverse: inverse ? link(inverse) : null, lengthMs, slideMs }, slideMs, options)
  }
  track(initialize: UserFunction, update: UserFunction, timeout: Duration, options?: StateSettings): AnyState {
    const link = (g: UserFunction) => this.host.link(g, "track")
    const timeoutMs = parseDuration(timeout)
    return this.#state({ kind: "track", initialize: link(initialize), update: link(update), timeoutMs }, this.interval, options)
  }
  reduceByEventTime(length: Duration, f: UserFunction, options: EventTimeSettings): AnyState {
    const { timestamp, correctFor, keepFor = defaultKeepFor, ...settings } = options ?? {}
    if (typeof length === "function" || typeof f !== "function" || typeof timestamp !== "function" || correctFor === undefined) {
      throw new RivuletError("reduceByEventTime takes a window's length, a function of two values, and how to tell time", {
        code: 2,
        try: 'reduceByEventTime("1m", (a, b) => a + b, { timestamp: ([key, value]) => value.time, correctFor: "5m" }) of pairs',
      })
    }
    const lengthMs = parseDuration(length)
    if (lengthMs < 1) throw new RivuletError(`a window of ${length} holds nothing`, { code: 2, try: '"1m"' })
    const correctForMs = parseDuration(correctFor)
    const timeoutMs = lengthMs + correctForMs + parseDuration(keepFor)
    const link = (g: UserFunction) => this.host.link(g, "reduceByEventTime")
    const windows: RddNode = { kind: "eventWindow", parent: nodes.hole(0), f: link(timestamp), lengthMs, correctForMs }
    const placed = this.#lift("eventWindow", windows) as unknown as RecordsHandle
    return placed.#state({ kind: "reduceByEventTime", f: link(f), timeoutMs }, this.interval, settings)
  }
  updateStateByKey(update: UserFunction, options?: StateSettings): AnyState {
    return this.#state({ kind: "updateStateByKey", update: this.host.link(update, "updateStateByKey") }, this.interval, options)
  }

  // ── ask ──
  slice(from: TimeLike, to: TimeLike = "now"): RddHandle {
    return this.#slice(...rangeOf(this.host, from, to))
  }
  last(span: Duration): RddHandle {
    if (typeof span === "number")
      throw new RivuletError(`last takes a span of time, as "${span}s"`, { code: 2, try: `latest().take(${span}), of the newest interval` })
    return this.#slice(-parseDuration(span), Number.POSITIVE_INFINITY)
  }
  at(time: TimeLike): RddHandle {
    const t = this.host.time(time)
    if (t === Number.POSITIVE_INFINITY) return this.latest()
    const from = t < 0 ? -Math.ceil(-t / this.interval) * this.interval : intervalStart(t, this.interval)
    const to = from + this.interval
    return this.#slice(from, t < 0 && to >= 0 ? Number.POSITIVE_INFINITY : to, { only: true })
  }
  latest(): RddHandle {
    return this.#slice(-this.interval, Number.POSITIVE_INFINITY)
  }
  take(n: number): Answer<unknown[]> {
    const all = this.#slice(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
    return this.host.query(nodes.act(all.node, { kind: "take", n: nodes.countOf(n, "take"), newest: true }), raw => raw.rows())
  }

  // ── of an input ──
  archive(to: string): this {
    const { node, kind } = this.definition
    if (node.kind !== "input")
      throw new RivuletError(`${this.label} is ${kind === "output" ? "an output" : "made of other streams"}: only an input is archived`, {
        code: 2,
        try: "save(directory) writes its records",
      })
    if (typeof to !== "string" || to.trim() === "")
      throw new RivuletError("archive takes a directory", { code: 2, try: 'archive("/data")' })
    const name = node.source.kind === "receiver" ? node.source.name : this.label
    const archived = { kind: "archive", parent: this.id, to: `${to.replace(/(?<=.)\/+$/, "")}/${name}` } as const
    this.make({ operator: "archive", kind: "output", intervalMs: this.interval, node: archived, name: `${name}.archive` })
    return this
  }

  #lift(operator: string, rdd: RddNode, others: readonly StreamHandle[] = []): AnyStream {
    return this.lift(operator, "records", rdd, others) as unknown as AnyStream
  }
  #act(operator: string, action: Action): AnyStream {
    return this.#lift(operator, nodes.act(nodes.hole(0), action))
  }
  #cogroup(other: unknown, join: CogroupNode["join"], operator: string): AnyStream {
    const { node, streams } = otherSide(this, other, operator)
    return this.#lift(operator, nodes.cogroup([nodes.hole(0), node], join, this.host.partitions), streams)
  }
  #slide(slide: Duration | undefined): number {
    return slide === undefined ? this.interval : multipleOf(this.interval, slide, "a slide")
  }
  #state(op: Parameters<StreamHandle["makeState"]>[0], intervalMs: number, options: StateSettings | undefined): AnyState {
    return this.makeState(op, intervalMs, options) as unknown as AnyState
  }
  #slice(from: number, to: number, how: { readonly only?: true } = {}): RddHandle {
    return new RddHandle(this.host, Object.freeze({ kind: "slice", stream: this.id, from, to, ...how }))
  }
}

addHints(RecordsHandle.prototype, "stream")
