/**
 * What handles of all kinds of streams share: identity, naming, the making of a new stream out of this one. A handle holds
 * its host and an id, nothing else: what the stream is now (a name may change) is the host's to say.
 */

import type { StateStreamNode, StreamDefinition, StreamId, StreamNode } from "../definition.js"
import { RivuletError } from "../errors.js"
import { isTable } from "../output/table.js"
import type { QueryTime, RddNode } from "../rdd.js"
import { type Duration, formatDuration, parseDuration, type TimeLike } from "../time.js"
import type { SaveOptions } from "./answer-types.js"
import { inputsOf, lateIn, runningIn } from "./aside.js"
import { type HandleData, handleBrand } from "./brand.js"
import { explainStream } from "./explain.js"
import type { Host, StreamDraft, UserFunction } from "./host.js"
import { later } from "./internals.js"
import * as nodes from "./nodes.js"
import { checkOptions } from "./options.js"
import { RddHandle } from "./rdd.js"
import { savedAs } from "./save.js"
import { schemaOf, schemaRows } from "./schema.js"
import type { Definition, Explain, Field, Lineage, Plan, StreamInfo, Why } from "./shapes.js"
import type { DStream, Handle, Output } from "./stream-types.js"

/** Lines that `print` writes of each interval unless it is told. */
const printedRows = 10

export class StreamHandle implements Record<keyof Handle, unknown> {
  protected readonly host: Host
  readonly id: StreamId
  /** Whether each version holds one value a key. */
  readonly keyed: boolean

  constructor(host: Host, id: StreamId, keyed = false) {
    this.host = host
    this.id = id
    this.keyed = keyed
  }

  get [handleBrand](): HandleData {
    return { kind: "stream", id: this.id, keyed: this.keyed }
  }
  get definition(): StreamDefinition {
    return this.host.definition(this.id)
  }
  get name(): string {
    return this.definition.name
  }
  get program(): string {
    return this.definition.program
  }
  get interval(): number {
    return this.definition.intervalMs
  }
  /** Of all inputs and running streams that the stream is made of, interval by interval of the inputs'. */
  get aside(): DStream<unknown> {
    const { ids, intervalMs } = inputsOf(this.host, this.id)
    const asides = ids.map((_, i): RddNode => ({ kind: "aside", parent: nodes.hole(i) }))
    const parents = [...ids]
    for (const id of lateIn(this.host, this.id)) {
      asides.push({ kind: "aside", parent: nodes.hole(parents.length), operator: "reduceByEventTime" })
      parents.push(id)
    }
    for (const id of runningIn(this.host, this.id)) {
      asides.push({ kind: "threw", index: parents.length })
      parents.push(id)
    }
    const node: StreamNode = { kind: "lift", parents, rdd: asides.length === 1 ? asides[0]! : nodes.union(asides) }
    return this.make({ operator: "aside", kind: "records", intervalMs, node }) as unknown as DStream<unknown>
  }

  named(name: string): this {
    this.host.amend(this.id, { name })
    return this
  }
  remember(span: Duration): this {
    this.host.amend(this.id, { rememberMs: parseDuration(span) })
    return this
  }
  checkpoint(every: Duration): this {
    this.host.amend(this.id, { checkpointMs: multipleOf(this.interval, every, "a checkpoint") })
    return this
  }
  persist(): this {
    this.host.amend(this.id, { persist: true })
    return this
  }
  keep(): this {
    this.host.keep(this.id)
    return this
  }
  stop(options: { readonly cascade?: boolean } = {}): Promise<void> {
    checkOptions(options, { of: "stop", names: ["cascade"] })
    return this.host.stop(this.id, { cascade: options.cascade === true })
  }
  /** A held stream goes on: as it is, or without the records of the failed interval at which its function throws, or without that interval. */
  resume(options: { readonly skip?: "record" | "interval" } = {}): Promise<void> {
    checkOptions(options, { of: "resume", names: ["skip"] })
    const { skip } = options
    if (skip !== undefined && skip !== "record" && skip !== "interval")
      throw new RivuletError(`skip: ${JSON.stringify(skip)} is nothing that can be skipped`, { code: 2, try: '"record" or "interval"' })
    return this.host.resume(this.id, { skip: skip ?? null })
  }
  replace(
    next: Handle,
    options: {
      readonly from?: TimeLike | "failed" | "next"
      readonly state?: "keep" | "reset" | ((old: never) => unknown)
      readonly dryRun?: boolean
    } = {},
  ): Promise<Plan> {
    const { from = null, state = "keep", dryRun = false } = options
    if (!((next as unknown) instanceof StreamHandle))
      throw new RivuletError(`${this.name}.replace takes a stream`, { code: 2, try: `${this.name}.replace(views.map(…))` })
    if (typeof state !== "function" && state !== "keep" && state !== "reset")
      throw new RivuletError(`state: ${JSON.stringify(state)} is none`, { code: 2, try: '"keep", "reset" or a function of the old state' })
    return this.host.replace(this.id, (next as unknown as StreamHandle).id, { from, state, dryRun })
  }
  versions(): Promise<Definition[]> {
    return this.host.versions(this.id)
  }
  info(): Promise<StreamInfo> {
    return this.host.info(this.id)
  }
  why(): Promise<Why> {
    return this.host.why(this.id)
  }
  async source(): Promise<string> {
    return this.definition.source
  }

  // ── look ──
  async explain(): Promise<Explain> {
    return explainStream(this.host, this.id)
  }
  /** Of the interval that holds `at`; the newest finished one unless it is given. */
  async lineage(at: TimeLike = "now"): Promise<Lineage> {
    const { node } = this.definition
    if ("parent" in node && this.definition.kind === "output") return this.host.open(node.parent, false).lineage(at)
    return this.host.lineage(Object.freeze({ kind: "version", stream: this.id, at: this.host.time(at) }))
  }
  /** Of the newest retained records, or of the newest version. */
  async schema(): Promise<Field[]> {
    const { node } = this.definition
    if ("parent" in node && this.definition.kind === "output") return this.host.open(node.parent, false).schema()
    const all = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }
    const rdd: RddNode = this.#isSnapshot
      ? { kind: "version", stream: this.id, at: Number.POSITIVE_INFINITY }
      : { kind: "slice", stream: this.id, ...all }
    return this.host.query(nodes.act(rdd, { kind: "take", n: schemaRows, newest: true }), raw => schemaOf(raw.rows()))
  }

  // ── outputs ──
  foreachRDD(f: UserFunction, options: { readonly name?: string; readonly from?: TimeLike } = {}): Output {
    checkOptions(options, { of: "foreachRDD", names: ["name", "from"] })
    return this.#body("foreachRDD", f, options)
  }
  print(n: number = printedRows): Output {
    const rows = nodes.countOf(n, "print")
    const f = async (rdd: RddHandle) => {
      for (const row of await rdd.take(rows)) console.log(row)
    }
    return this.#body("print", f as UserFunction, {})
  }
  #body(operator: string, f: UserFunction, options: { readonly name?: string; readonly from?: TimeLike }): Output {
    const node: StreamNode = { kind: "foreachRDD", parent: this.id, f: this.host.link(f, operator, { driver: true }) }
    return this.#output(operator, node, options)
  }
  save(to: string, options: SaveOptions<never> = {}): Output {
    return this.#save(to, options)
  }
  #save(to: string, options: SaveOptions<never>, keyed = false): Output {
    const { every, onError } = options
    const { format, key } = savedAs(to, options)
    if (key !== null) {
      // A row of a table needs its key.
      const last = isTable(to) ? nodes.lastByKey : nodes.lastOfKey
      const rdd = last(nodes.hole(0), this.host.link(key, "save"), this.host.link(later, "save"), this.host.partitions)
      const lifted = this.lift("save", this.#isSnapshot ? "snapshot" : "records", rdd)
      return (lifted as unknown as StreamHandle).#save(to, { ...options, key: undefined }, isTable(to))
    }
    const everyMs = every === undefined ? this.interval : multipleOf(this.interval, every, "every")
    if (everyMs !== this.interval && !this.#isSnapshot) {
      const node: StreamNode = { kind: "window", parent: this.id, lengthMs: everyMs, slideMs: everyMs }
      const whole = this.make({ operator: "save", kind: "snapshot", intervalMs: everyMs, node })
      return (whole as unknown as StreamHandle).#save(to, { ...options, every: undefined }, keyed)
    }
    const node: StreamNode = { kind: "save", parent: this.id, to, format, ...asideOf(onError), ...(keyed && { keyed }) }
    return this.#output("save", node, options, everyMs)
  }

  // ── for the kinds of streams ──
  /** A new stream whose RDD of each interval is `rdd`, in which hole i stands for parent i (this stream and then `others`). */
  protected lift(
    operator: string,
    kind: "records" | "snapshot",
    rdd: RddNode,
    others: readonly StreamHandle[] = [],
    keyed = false,
  ): Handle {
    const parents = [this.id, ...others.map(other => other.id)]
    return this.make({ operator, kind, intervalMs: this.interval, node: { kind: "lift", parents, rdd: Object.freeze(rdd) } }, keyed)
  }
  /** The stream, as the handle of its kind. */
  protected make(draft: StreamDraft, keyed = false): Handle {
    return this.host.open(this.host.define(draft).id, keyed)
  }
  protected makeState(op: StateStreamNode["op"], intervalMs: number, options: StateSettings = {}): Handle {
    checkSettings(options, op.kind)
    const initial = options.initial === undefined ? null : initialNode(options.initial)
    const partitions = nodes.atLeastOne(options.partitions ?? this.host.partitions, "partitions")
    const node: StreamNode = { kind: "state", parent: this.id, op, partitions, initial, ...asideOf(options.onError) }
    return this.make({ operator: op.kind, kind: "state", intervalMs, node, from: this.start(options.from) }, true)
  }
  /** Where a stream starts. */
  protected start(from: TimeLike | "earliest" | "next" | undefined): StreamDraft["from"] {
    if (from === undefined || from === "earliest") return "earliest"
    return from === "next" ? "next" : this.host.instant(from)
  }
  /** What the user calls this stream in messages. */
  protected get label(): string {
    return this.definition.named ? this.name : this.name.replace(/@.*/, "")
  }

  get #isSnapshot(): boolean {
    const { kind } = this.definition
    return kind === "snapshot" || kind === "state"
  }
  #output(
    operator: string,
    node: StreamNode,
    options: { readonly name?: string; readonly from?: TimeLike },
    intervalMs = this.interval,
  ): Output {
    const draft: StreamDraft = {
      operator,
      kind: "output",
      intervalMs,
      node,
      from: this.start(options.from),
      name: options.name,
    }
    return this.make(draft) as unknown as Output
  }
}

/** `[from, to)`. Throws (code 2) when it ends before it begins, as far as that can be told before it is asked. */
export function rangeOf(host: Host, from: TimeLike, to: TimeLike): [from: QueryTime, to: QueryTime] {
  const range: [QueryTime, QueryTime] = [host.time(from), host.time(to)]
  const bothRelative = range.every(time => time < 0)
  const bothFixed = range.every(time => time >= 0 && time !== Number.POSITIVE_INFINITY)
  if ((bothRelative || bothFixed) && range[0] > range[1]) {
    if (isClock(from) && isClock(to) && clockOf(to) > clockOf(from))
      throw new RivuletError(`a range from ${from} to ${to}: ${to} is still to come, and means yesterday's`, {
        code: 2,
        try: `from ${from} to "now"`,
      })
    throw new RivuletError(`a range from ${String(from)} to ${String(to)} ends before it begins`, {
      code: 2,
      try: "the earlier time first",
    })
  }
  return range
}

const isClock = (time: TimeLike): time is string => typeof time === "string" && /^\s*\d{1,2}:\d\d/.test(time)
/** `9:05` as `09:05`, so that text compares as time does. */
const clockOf = (time: string): string => time.trim().replace(/^(\d):/, "0$1:")

export interface StateSettings {
  readonly initial?: unknown
  readonly from?: TimeLike | "earliest" | "next"
  readonly partitions?: number
  readonly onError?: "hold" | "setAside"
}

/** In ms: a whole number of the stream's intervals, or an error that names both. */
export function multipleOf(intervalMs: number, text: Duration, what: string): number {
  const ms = parseDuration(text)
  if (ms > 0 && ms % intervalMs === 0) return ms
  const lower = Math.floor(ms / intervalMs) * intervalMs
  const near = [lower, lower + intervalMs].filter(n => n > 0).map(n => `"${formatDuration(n)}"`)
  throw new RivuletError(`${what} of ${text} is not a multiple of the stream's interval, ${formatDuration(intervalMs)}`, {
    code: 2,
    try: near.join(" or "),
  })
}

/** Spark takes a number of partitions or an initial RDD in the place of the options. */
function checkSettings(options: StateSettings, operator: string): void {
  const given: unknown = options
  if (given instanceof RddHandle) {
    throw new RivuletError(`${operator}: an initial RDD goes into the options`, { code: 2, try: `${operator}(…, { initial: rdd })` })
  }
  if (typeof given !== "object" || given === null) {
    throw new RivuletError(`${operator}: ${String(given)} are no options`, { code: 2, try: `${operator}(…, { partitions: 8 })` })
  }
  const own = operator === "reduceByEventTime" ? ["timestamp", "correctFor", "keepFor"] : []
  checkOptions(options, { of: operator, names: [...own, "initial", "from", "partitions", "onError"] })
  if (operator === "reduceByWindow" && options.initial !== undefined) {
    throw new RivuletError("reduceByWindow has no initial state: a window holds what came in its time", {
      code: 2,
      try: "runningReduce(f, { initial }), or from: to begin earlier",
    })
  }
}

function initialNode(initial: unknown): RddNode {
  if (initial instanceof RddHandle) return initial.node
  throw new RivuletError("initial is not an RDD of pairs [key, state]", {
    code: 2,
    try: "initial: stream.at(time), textFile(…).map(…) or parallelize([…])",
  })
}

/** `onError: "hold"` is what happens without it. */
function asideOf(onError: "hold" | "setAside" | undefined): { readonly onError?: "setAside" } {
  if (onError === undefined || onError === "hold") return {}
  if (onError === "setAside") return { onError }
  throw new RivuletError(`onError: ${JSON.stringify(onError)} is none`, { code: 2, try: '"hold" or "setAside"' })
}
