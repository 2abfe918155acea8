/** A host that defines into a list and remembers questions: for tests of what handles build. */

import { builtinOf } from "../../engine/builtins.js"
import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { answerOf } from "../../engine/fluent/answer.js"
import type { Host, RawAnswer, StreamDraft } from "../../engine/fluent/host.js"
import { openHandle } from "../../engine/fluent/open.js"
import { RecordsHandle } from "../../engine/fluent/records.js"
import type { Stamp, StreamInfo } from "../../engine/fluent/shapes.js"
import type { DStream } from "../../engine/fluent/types.js"
import type { FunctionLink } from "../../engine/function-ref.js"
import type { RddNode } from "../../engine/rdd.js"
import { parseDuration, parseTime } from "../../engine/time.js"

export const nowMs = Date.UTC(2026, 10, 21, 21, 10)

/** A function's text as a hash that can be read, however the compiler sets its spaces. */
export function textOf(source: string): string {
  return source.replace(/\s+/g, "").replace(/^\((\w+)\)=>/, "$1=>")
}

export class FakeHost implements Host {
  readonly partitions = 4
  collectMax?: number
  readonly definitions = new Map<StreamId, StreamDefinition>()
  readonly asked: RddNode[] = []
  readonly unpersisted: string[] = []
  private ids = 0
  readonly linked: { name: string; operator: string; driver: boolean }[] = []
  /** What the next question is answered with. */
  rows: unknown[] = []
  intervals = { from: 0, to: 0 }

  input(name: string, intervalMs = 1000): RecordsHandle {
    const node = {
      kind: "input",
      source: { kind: "receiver", name },
      format: { kind: "text" },
      timestamp: null,
      disorderMs: 0,
      onBadRecord: "setAside",
    } as const
    return new RecordsHandle(this, this.define({ operator: "readStream", kind: "input", intervalMs, node, name }).id)
  }
  typed<T>(name: string, intervalMs?: number): DStream<T> {
    return this.input(name, intervalMs) as unknown as DStream<T>
  }

  link(f: (...args: never[]) => unknown, operator: string, options: { readonly driver?: boolean } = {}): FunctionLink {
    const builtin = builtinOf(f)
    if (builtin) return { kind: "builtin", name: builtin }
    this.linked.push({ name: f.name, operator, driver: options.driver === true })
    return { kind: "function", hash: textOf(f.toString()) }
  }
  functionOf(): null {
    return null
  }

  define(draft: StreamDraft): StreamDefinition {
    const { operator, from = "earliest", name = operator, rememberMs = null, ...rest } = draft
    const id = `s.${this.definitions.size + 1}`
    const common = { version: 1, program: "p", named: draft.name !== undefined, owner: "me", persist: false, source: "" }
    const definition = { ...common, ...rest, id, name, from, rememberMs }
    this.definitions.set(id, definition)
    return definition
  }
  definition(id: StreamId): StreamDefinition {
    return this.definitions.get(id)!
  }
  amend(id: StreamId, change: { readonly name?: string; readonly persist?: boolean; readonly rememberMs?: number }): void {
    this.definitions.set(id, { ...this.definition(id), ...change })
  }
  open(id: StreamId, keyed: boolean) {
    return openHandle(this, this.definition(id), keyed)
  }
  time(time: string | number | Date): number {
    if (time === "now") return Number.POSITIVE_INFINITY
    if (typeof time === "string" && /^-\w+$/.test(time)) return -parseDuration(time.slice(1))
    return this.instant(time)
  }
  instant(time: string | number | Date): number {
    return parseTime(time, { nowMs, tz: "UTC" })
  }
  query<T>(node: RddNode, decode: (answer: RawAnswer) => T) {
    this.asked.push(node)
    const stamp: Stamp = {
      intervals: this.intervals,
      asOf: this.intervals.to,
      ageMs: 0,
      partitions: [1, 1],
      recomputed: 0,
      from: [],
      bytesMoved: 0,
      ms: 1,
    }
    const rows = this.rows
    return answerOf(Promise.resolve({ value: decode({ stamp, blocks: [], rows: () => rows }), stamp }), () => {})
  }
  partial(): never {
    throw new Error("not asked")
  }
  lineage(): never {
    throw new Error("not asked")
  }
  newId(letter: string): string {
    return `s.${letter}${++this.ids}`
  }
  unpersist(id: string): void {
    this.unpersisted.push(id)
  }
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
