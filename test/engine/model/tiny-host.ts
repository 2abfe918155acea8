/** The users' handles over a TinyCluster: what a program types, as it is answered. */

import { encodeRows } from "../../../engine/block/block.js"
import type { StreamDefinition, StreamId } from "../../../engine/definition.js"
import { answerOf } from "../../../engine/fluent/answer.js"
import type { Answer, Partial } from "../../../engine/fluent/answer-types.js"
import type { Host, RawAnswer, ReadyRows, StreamDraft, UserFunction } from "../../../engine/fluent/host.js"
import { openHandle } from "../../../engine/fluent/open.js"
import { RddHandle } from "../../../engine/fluent/rdd.js"
import { RecordsHandle } from "../../../engine/fluent/records.js"
import type { Stamp, StreamInfo } from "../../../engine/fluent/shapes.js"
import type { DStream, Handle, RDD } from "../../../engine/fluent/types.js"
import type { FormatSpec, QueryTime, RddNode } from "../../../engine/rdd.js"
import { type Duration, parseDuration, type TimeLike } from "../../../engine/time.js"
import { sorted } from "./programs.js"
import { TinyCluster } from "./tiny-cluster.js"

export class TinyHost implements Host {
  readonly partitions = 3
  readonly cluster: TinyCluster
  private assets = 0
  private streams = 0
  private readonly inputs: StreamId[] = []

  constructor(start = 0) {
    this.cluster = new TinyCluster(1000, start)
  }

  /** An RDD of these records, cut in order into so many partitions. */
  rdd<T>(values: readonly T[], partitions = 2): RDD<T> {
    const cut = (i: number) => Math.floor((i * values.length) / partitions)
    return this.cuts(Array.from({ length: partitions }, (_, i) => values.slice(cut(i), cut(i + 1))))
  }

  /** An RDD of these partitions. */
  cuts<T>(partitions: readonly (readonly T[])[]): RDD<T> {
    const assets = partitions.map(rows => {
      const hash = `asset${this.assets++}`
      this.cluster.addAsset(hash, encodeRows(rows))
      return hash
    })
    const node: RddNode = { kind: "parallelize", id: assets[0] ?? "none", assets }
    return new RddHandle(this, node) as unknown as RDD<T>
  }

  /** An input with these records in each interval from `start` on, in map tasks of two records. */
  input<T>(name: string, intervals: readonly (readonly T[])[], format: FormatSpec = { kind: "values" }): DStream<T> {
    this.cluster.input(name, format)
    this.inputs.push(name)
    for (const [i, rows] of intervals.entries()) {
      const groups = Array.from({ length: Math.ceil(rows.length / 2) }, (_, g) => rows.slice(2 * g, 2 * g + 2))
      this.cluster.seal(name, groups, this.cluster.start + i * this.cluster.intervalMs)
    }
    return new RecordsHandle(this, name) as unknown as DStream<T>
  }

  /** The records or versions of each interval, once all is worked off; sorted unless said otherwise. */
  intervalsOf(handle: Handle, options: { readonly inOrder?: boolean } = {}): unknown[][] {
    this.cluster.work()
    const { id, definition } = handle as unknown as { id: StreamId; definition: StreamDefinition }
    const end = Math.max(...this.inputs.map(input => this.cluster.through(input)!))
    const { since } = this.cluster.definition(id)
    const starts: number[] = []
    for (let at = since; at + definition.intervalMs <= end; at += definition.intervalMs) starts.push(at)
    const rows = starts.map(at => this.cluster.ask({ kind: "version", stream: id, at }))
    return options.inOrder ? rows : rows.map(sorted)
  }

  link(f: UserFunction) {
    return this.cluster.fn(f)
  }
  functionOf(): null {
    return null
  }

  define({ operator, kind, node, name, intervalMs, ...rest }: StreamDraft): StreamDefinition {
    const id = name ?? `${operator}.${++this.streams}`
    const from = rest.from ?? "earliest"
    this.cluster.define(id, kind, node, { intervalMs, from, rememberMs: rest.rememberMs ?? null, named: name !== undefined })
    return this.definition(id)
  }
  definition(id: StreamId): StreamDefinition {
    return this.cluster.definition(id).definition
  }
  amend(id: StreamId, change: { readonly name?: string; readonly persist?: boolean; readonly rememberMs?: number }): void {
    const stream = this.cluster.definition(id)
    this.cluster.streams.set(id, { ...stream, definition: { ...stream.definition, ...change } })
  }
  open(id: StreamId, keyed: boolean): Handle {
    return openHandle(this, this.definition(id), keyed)
  }
  time(time: TimeLike): QueryTime {
    if (time === "now") return Number.POSITIVE_INFINITY
    return typeof time === "string" ? -parseDuration(time.slice(1) as Duration) : Number(time)
  }
  instant(time: TimeLike): number {
    return Number(time)
  }
  query<T>(node: RddNode, decode: (answer: RawAnswer) => T) {
    const run = async () => {
      this.cluster.work()
      const { rows, interval } = this.cluster.question(node)
      const intervals = interval ?? { from: 0, to: 0 }
      const stamp: Stamp = {
        intervals,
        asOf: intervals.to,
        ageMs: 0,
        partitions: [1, 1],
        recomputed: 0,
        from: ["memory"],
        bytesMoved: 0,
        ms: 0,
      }
      return { value: decode({ stamp, blocks: [], rows: () => rows }), stamp }
    }
    return answerOf(run(), () => {})
  }
  /** Nothing takes time here. */
  partial<T>(node: RddNode, _withinMs: number, decode: (ready: ReadyRows) => T): Answer<Partial<T>> {
    return this.query(node, raw => {
      const value = decode({ rows: raw.rows(), ready: 1, of: 1 })
      return { value, complete: true, missing: [], final: Promise.resolve(value) }
    })
  }
  lineage(): never {
    throw new Error("not asked")
  }
  newId(letter: string): string {
    return `${letter}${++this.streams}`
  }
  unpersist(): void {}
  async stop(): Promise<void> {}
  keep(): void {}
  resume(): never {
    throw new Error("not asked")
  }
  replace(): never {
    throw new Error("not asked")
  }
  versions(): never {
    throw new Error("not asked")
  }
  why(): never {
    throw new Error("not asked")
  }
  async info(): Promise<StreamInfo> {
    throw new Error("not asked")
  }
}
