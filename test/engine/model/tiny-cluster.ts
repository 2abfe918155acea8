/**
 * Master and worker in one memory, as far as the model needs them: definitions in, intervals in, RDDs out. Every task is run
 * twice, by a runner that keeps its caches and by one that has none, and must give the same bytes.
 */

import { Block, encodeRows } from "../../../engine/block/block.js"
import { builtinOf } from "../../../engine/builtins.js"
import { captureFunction } from "../../../engine/capture/capture.js"
import { encodeFunction } from "../../../engine/capture/codec.js"
import type { StreamDefinition, StreamId, StreamKind, StreamNode } from "../../../engine/definition.js"
import { expandQuery, nextChange, parentsOf, type StreamGraph, targetOf, throughOf } from "../../../engine/dstream.js"
import type { FunctionLink } from "../../../engine/function-ref.js"
import { readsOf, resultStage, stageAssets, stageDependencies, stageOf, trimStage } from "../../../engine/plan.js"
import type { FormatSpec, InputBlock, InputRef, RddNode } from "../../../engine/rdd.js"
import { sectionOf } from "../../../engine/shuffle-region.js"
import { Stretch } from "../../../engine/stretch.js"
import type { InputPart, StageSpec, TaskInput, TaskOutput } from "../../../engine/task.js"
import { TaskRunner } from "../../../engine/task-runner.js"
import type { Interval } from "../../../engine/time.js"

interface Stored extends TaskOutput {
  readonly offset: number
}

export class TinyCluster implements StreamGraph {
  readonly memory = new SharedArrayBuffer(32 << 20)
  readonly streams = new Map<StreamId, { definition: StreamDefinition; since: number }>()
  readonly stages: StageSpec[] = []
  tasks = 0
  private readonly seals = new Map<StreamId, Map<number, InputBlock[][]>>()
  private readonly outputs = new Map<string, (Stored | null)[]>()
  private readonly chains = new Map<string, { interval: number; base: boolean; part: Stored }[]>()
  private readonly blocks = new Map<string, Stored>()
  private readonly done = new Map<StreamId, number>()
  private readonly assets = new Map<string, Uint8Array>()
  private readonly files = new Map<string, string>()
  private warm = new TaskRunner(this.memory)
  private used = 0
  private queries = 0
  readonly partitions = 3

  constructor(
    readonly intervalMs = 1000,
    readonly start = 0,
  ) {}

  // ── definitions ──

  fn(f: (...args: never[]) => unknown): FunctionLink {
    const builtin = builtinOf(f)
    if (builtin) return { kind: "builtin", name: builtin }
    const ref = captureFunction(f, { operator: "test" })
    const bytes = encodeFunction(ref)
    this.assets.set(ref.hash, bytes)
    this.warm.addAsset(ref.hash, bytes)
    return { kind: "function", hash: ref.hash }
  }

  define(name: string, kind: StreamKind, node: StreamNode, change: Partial<StreamDefinition> = {}): StreamId {
    const intervalMs = change.intervalMs ?? this.intervalMs
    const definition: StreamDefinition = {
      id: name,
      version: 1,
      program: "test",
      name,
      named: true,
      owner: "test",
      kind,
      intervalMs,
      from: "earliest",
      node,
      rememberMs: null,
      persist: false,
      source: name,
      ...change,
    }
    const parents = node.kind === "input" ? [] : node.kind === "lift" ? node.parents : [node.parent]
    const earliest = Math.max(this.start, ...parents.map(parent => this.definition(parent).since))
    const from = typeof definition.from === "number" ? definition.from : earliest
    this.streams.set(name, { definition, since: Math.floor(from / intervalMs) * intervalMs })
    if (node.kind === "input") this.seals.set(name, new Map())
    return name
  }

  input(name: string, format: FormatSpec = { kind: "values" }): StreamId {
    return this.define(name, "input", {
      kind: "input",
      source: { kind: "receiver", name },
      format,
      timestamp: null,
      disorderMs: 0,
      onBadRecord: "setAside",
    })
  }

  lift(name: string, parents: StreamId[], rdd: RddNode, kind: StreamKind = "records", change: Partial<StreamDefinition> = {}): StreamId {
    return this.define(name, kind, { kind: "lift", parents, rdd }, change)
  }

  // ── intervals ──

  /** Seals the next interval of an input; each group is a map task. */
  seal(input: StreamId, groups: readonly (readonly unknown[])[], interval = this.through(input)!): void {
    const sealed = groups
      .filter(rows => rows.length > 0)
      .map((rows, g): InputBlock[] => {
        const block = `${input}/${interval}/${g}`
        const stored = this.put({ bytes: encodeRows(rows), rows: rows.length })
        this.blocks.set(block, stored)
        return [{ block, rows: rows.length, bytes: stored.bytes.length }]
      })
    if (sealed.length > 0) this.seals.get(input)!.set(interval, sealed)
    this.done.set(input, interval + this.intervalMs)
  }

  /** Seals a run of empty intervals. */
  silence(input: StreamId, until: number): void {
    this.done.set(input, until)
  }

  /** As many intervals as fit together in one job (`engine/stretch.ts`). */
  stretches = false

  /** Works off all running streams as far as their parents are; returns the intervals in which each had a job. */
  work(): Map<StreamId, number[]> {
    const jobs = new Map<StreamId, number[]>()
    for (const [stream, { definition, since }] of this.streams) {
      if (definition.node.kind === "input" || this.through(stream) === null) continue
      const through = Math.min(...parentsOf(this, stream).map(parent => throughOf(this, parent)))
      let after = (this.done.get(stream) ?? since) - definition.intervalMs
      const intervals: number[] = []
      let stretch = null as Stretch | null
      for (let next = nextChange(this, stream, after, through); next !== null; next = nextChange(this, stream, after, through)) {
        intervals.push(next)
        const target = targetOf(this, stream, next)
        if (this.stretches && target !== null) {
          if (stretch?.add(target) !== true) {
            if (stretch !== null) this.need(stretch.stage())
            stretch = Stretch.from(target)
            if (stretch === null) this.need(target)
          }
        } else if (target) this.need(target)
        if (target?.write.kind === "file") this.keepFiles(target)
        after = next
      }
      if (stretch !== null) this.need(stretch.stage())
      this.done.set(stream, Math.max(since, Math.floor(through / definition.intervalMs) * definition.intervalMs))
      jobs.set(stream, intervals)
    }
    return jobs
  }

  ask(rdd: RddNode): unknown[] {
    return this.question(rdd).rows
  }

  /** The answer's rows, and what it was read from. */
  question(rdd: RddNode): { rows: unknown[]; interval: Interval | null } {
    const query = `q${this.queries++}`
    const { rdd: expanded, interval } = expandQuery(this, rdd, query)
    this.need(resultStage(expanded, query))
    return { rows: (this.outputs.get(query) ?? []).flatMap(output => (output ? Block.of(output.bytes).toArray() : [])), interval }
  }

  /** Text of the files written, by output and partition. */
  get written(): ReadonlyMap<string, string> {
    return this.files
  }

  /** An executor that has lost its caches. */
  restart(): void {
    this.warm = this.fresh()
  }

  /** All blocks of the state chains, oldest first. */
  chain(stream: StreamId): { partition: number; interval: number; base: boolean; rows: unknown[] }[] {
    return [...this.chains]
      .filter(([key]) => key.startsWith(`${stream} `))
      .flatMap(([key, parts]) =>
        parts.map(({ interval, base, part }) => ({
          partition: Number(key.split(" ")[1]),
          interval,
          base,
          rows: Block.of(part.bytes).toArray(),
        })),
      )
  }

  /** Drops a state's chain and everything made since, so that it is computed again from `from` on. */
  lose(stream: StreamId, from: number): void {
    for (const [key, parts] of this.chains)
      if (key.startsWith(`${stream} `))
        this.chains.set(
          key,
          parts.filter(part => part.interval < from),
        )
    for (const id of [...this.outputs.keys()]) if (id.startsWith(`${stream}~`)) this.outputs.delete(id)
    this.done.set(stream, from)
  }

  // ── the graph ──

  definition(stream: StreamId) {
    const found = this.streams.get(stream)
    if (!found) throw new Error(`no stream ${stream}`)
    return found
  }

  sealed(input: StreamId, interval: number) {
    return interval < this.through(input)! ? (this.seals.get(input)!.get(interval) ?? []) : null
  }

  nextInput(input: StreamId, from: number, before: number): number | null {
    for (const interval of this.seals.get(input)!.keys()) if (interval >= from && interval < before) return interval
    return null
  }

  earliest(stream: StreamId): number | null {
    return this.through(stream) === null ? null : this.definition(stream).since
  }

  through(stream: StreamId): number | null {
    const { definition, since } = this.definition(stream)
    const { kind } = definition.node
    return kind === "input" || kind === "state" || kind === "save" || definition.persist ? (this.done.get(stream) ?? since) : null
  }

  // ── tasks ──

  need(full: StageSpec): void {
    if (this.outputs.has(full.output)) return
    for (const dependency of stageDependencies(full.root)) this.need(stageOf(dependency))
    this.stages.push(full)
    const stage = trimStage(full)
    this.outputs.set(
      full.output,
      Array.from({ length: stage.partitions }, (_, partition) => this.runTask(stage, readsOf(full.root, partition), partition)),
    )
  }

  private runTask(stage: StageSpec, reads: InputRef[], partition: number): Stored | null {
    const inputs = reads.map((ref): TaskInput => ({ ref, parts: this.partsOf(ref) }))
    const made = (input: TaskInput) => input.ref.kind === "shuffle" || input.ref.kind === "output"
    if (stage.quietWhenEmpty && inputs.filter(made).every(input => input.parts.every(part => part.length === 0))) return null
    this.tasks++
    const [warm, cold] = [this.warm, this.fresh()].map(runner => {
      const missing = runner.missingAssets(stage)
      if (missing.length > 0) throw new Error(`missing ${missing.join(", ")} of ${stageAssets(stage).join(", ")}`)
      return runner.run({ stage, partition, attempt: 0, inputs }).outputs
    })
    if (warm!.length !== cold!.length) throw new Error(`${stage.output}: ${warm!.length} outputs, without caches ${cold!.length}`)
    for (const [i, output] of warm!.entries()) this.same(stage, partition, output, cold![i]!)
    if (stage.root.kind === "stretch") {
      for (const output of warm!) this.link(stage.root.first.stream, partition, output.interval!, this.put(output))
      return null
    }
    const stored = this.put(warm![0]!)
    if (stage.write.kind === "state" && stage.root.kind === "state" && stored.rows > 0)
      this.link(stage.root.stream, partition, stage.root.interval, stored)
    return stored
  }

  private same(stage: StageSpec, partition: number, warm: TaskOutput, cold: TaskOutput): void {
    if (Buffer.compare(warm.bytes, cold.bytes) !== 0) throw new Error(`${stage.output} partition ${partition}: other bytes without caches`)
    if (warm.keys !== cold.keys || warm.base !== cold.base)
      throw new Error(`${stage.output}: ${warm.keys} keys, without caches ${cold.keys}`)
  }

  private link(stream: StreamId, partition: number, interval: number, part: Stored): void {
    const key = `${stream} ${partition}`
    if (part.rows > 0) this.chains.set(key, [...(this.chains.get(key) ?? []), { interval, base: part.base ?? false, part }])
  }

  private fresh(): TaskRunner {
    const runner = new TaskRunner(this.memory)
    for (const [hash, bytes] of this.assets) runner.addAsset(hash, bytes)
    return runner
  }

  private partsOf(ref: InputRef): InputPart[] {
    switch (ref.kind) {
      case "block":
        return [this.blocks.get(ref.block)!].map(({ offset, bytes }) => ({ offset, length: bytes.length }))
      case "shuffle":
        return this.outputs
          .get(ref.output)!
          .filter(map => map !== null)
          .map(map => {
            const { offset, length } = sectionOf(map.bytes, ref.partition)
            return { offset: map.offset + offset, length }
          })
      case "output": {
        const stored = this.outputs.get(ref.output)![ref.partition]
        return stored && stored.rows > 0 ? [{ offset: stored.offset, length: stored.bytes.length }] : []
      }
      case "state": {
        const chain = (this.chains.get(`${ref.stream} ${ref.partition}`) ?? []).filter(part => part.interval <= ref.at)
        const base = chain.findLastIndex(part => part.base && part.interval <= (ref.since ?? ref.at))
        return chain
          .slice(Math.max(0, base))
          .map(({ interval, base: isBase, part }) => ({ offset: part.offset, length: part.bytes.length, interval, base: isBase }))
      }
      case "asset":
        return [{ offset: 0, length: 0, bytes: this.assets.get(ref.hash)! }]
      case "file":
        throw new Error("no files here")
    }
  }

  addAsset(hash: string, bytes: Uint8Array): void {
    this.assets.set(hash, bytes)
    this.warm.addAsset(hash, bytes)
  }

  private keepFiles(stage: StageSpec): void {
    for (const [partition, output] of this.outputs.get(stage.output)!.entries()) {
      if (output) this.files.set(`${stage.output}/${partition}`, Buffer.from(output.bytes).toString())
    }
  }

  private put(output: TaskOutput): Stored {
    const offset = this.used
    this.used += Math.ceil(output.bytes.length / 64) * 64
    new Uint8Array(this.memory, offset, output.bytes.length).set(output.bytes)
    return { ...output, offset }
  }
}
