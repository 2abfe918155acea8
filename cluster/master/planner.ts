/** The scheduler's and the job generator's questions to the model, answered from the master's graph. */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { constantOf, keptAloneIn, nextChange, targetOf, throughParents } from "../../engine/dstream.js"
import { RivuletError } from "../../engine/errors.js"
import { partName } from "../../engine/input/replay.js"
import { readerOf, stageDependencies, stageOf } from "../../engine/plan.js"
import type { Arrived, FileSplit, InputRef, OutputId, Replay } from "../../engine/rdd.js"
import type { StageSpec } from "../../engine/task.js"
import type { Planner } from "../scheduler/board.js"
import type { JobSource } from "../scheduler/job-generator.js"
import { archivedSource } from "./archive-seals.js"
import type { Catalog } from "./catalog.js"
import { parentsOf } from "./definition-rules.js"
import type { Ledger } from "./ledger.js"
import { blocksOf, type SealRecord } from "./records.js"
import { type MasterGraph, type Progress, runs } from "./stream-graph.js"
import { type StreamRecord, sealAt } from "./stream-record.js"

export class MasterPlanner implements Planner, JobSource {
  #kept = new Set<StreamId>()
  #keptAt = -1

  constructor(
    private readonly ledger: Ledger,
    private readonly catalog: Catalog,
    private readonly graph: MasterGraph,
    private readonly progress: Progress,
  ) {}

  dependencies(spec: StageSpec): readonly StageSpec[] {
    return spec.write.kind === "read" ? [] : stageDependencies(spec.root).map(stageOf)
  }

  reads({ root, write }: StageSpec): (partition: number) => readonly InputRef[] {
    if (write.kind !== "read") return readerOf(root)
    const { split, arrived } = write
    const reads: InputRef[] =
      split !== null ? [{ kind: "file", split }] : (arrived?.blocks ?? []).map(({ block }) => ({ kind: "block", block }))
    return () => reads
  }

  /** Throws RivuletError (code 5): it was lost, and what it would be made from has been forgotten. */
  state(stream: StreamId, interval: number): StageSpec | null {
    try {
      return targetOf(this.graph, stream, interval)
    } catch (error) {
      if (!(error instanceof RivuletError) || error.code !== 5) throw error
      throw this.#lost(stream, interval, error.message)
    }
  }

  forgotten(stream: StreamId, interval: number): RivuletError {
    return this.#lost(stream, interval, "what it was made of is forgotten")
  }

  #lost(stream: StreamId, interval: number, why: string): RivuletError {
    const name = this.ledger.streams.get(stream)?.definition.name ?? stream
    return new RivuletError(`${name} of ${new Date(interval).toISOString()} is lost: no worker has a copy, and ${why}`, {
      code: 5,
      try: "ask for other times; more copies (--replicas), or checkpoints on disk (--durable), outlive more workers at once",
    })
  }

  /** What a running stream is joined with in every interval, however far up. */
  keeps(output: OutputId): boolean {
    const owner = constantOf(output)
    if (owner === null) return false
    if (this.#keptAt !== this.ledger.definitionChanges) {
      this.#keptAt = this.ledger.definitionChanges
      this.#kept = this.#streamsRead()
    }
    return this.#kept.has(owner)
  }

  /** Streams whose RDDs running ones are made of. */
  #streamsRead(): Set<StreamId> {
    const read = new Set<StreamId>()
    const visit = (stream: StreamId): void => {
      if (read.has(stream)) return
      read.add(stream)
      const record = this.ledger.streams.get(stream)
      if (record !== undefined) for (const parent of parentsOf(record.definition)) visit(parent)
    }
    for (const { definition } of this.catalog.live()) if (runs(definition)) visit(definition.id)
    return read
  }

  replay(block: string): { readonly spec: StageSpec; readonly blocks: ReadonlyMap<string, string> } | null {
    const archived = archivedSource(block)
    if (archived !== null) {
      const { definition } = this.ledger.streams.get(archived.stream) as StreamRecord
      const spec = readStage(definition, archived.split, "again")
      return { spec, blocks: new Map([[block, partName({ ...archived.split, interval: archived.interval })]]) }
    }
    for (const { definition, seals } of this.ledger.streams.values()) {
      for (const seal of seals) {
        for (const sealed of blocksOf(seal)) {
          if (sealed.block !== block) continue
          return sealed.replay === undefined ? null : this.#again(definition, seals, sealed.replay)
        }
      }
    }
    return null
  }

  recordsIn(block: string): string | null {
    const alone = keptAloneIn(block)
    if (alone !== null) {
      const name = this.ledger.streams.get(alone.stream)?.definition.name ?? alone.stream
      return `records of ${name} of ${new Date(alone.interval).toISOString()}, kept longer than what they were made of,`
    }
    for (const { definition, seals } of this.ledger.streams.values()) {
      const seal = seals.find(one => blocksOf(one).some(sealed => sealed.block === block))
      if (seal === undefined) continue
      const [from, to] = [seal.from, seal.to].map(ms => new Date(ms).toISOString())
      return `records of ${definition.name} of ${from} to ${to}`
    }
    return null
  }

  #again(definition: StreamDefinition, seals: readonly SealRecord[], { interval: _, aside: __, ...source }: Replay) {
    const blocks = new Map<string, string>()
    for (const seal of seals) {
      for (const { block, replay } of blocksOf(seal))
        if (replay !== undefined && sameSource(replay, source)) blocks.set(block, partName(replay))
    }
    if ("path" in source) return { spec: readStage(definition, source, `again/${source.from}`), blocks }
    const spec = arrivedStage(this.ledger, definition, source, "again")
    return spec === null ? null : { spec, blocks }
  }

  running(): readonly StreamRecord[] {
    return this.catalog.running()
  }

  readers(stream: StreamId): readonly StreamId[] {
    return this.catalog.readers(stream)
  }

  horizon(stream: StreamId, issued: (stream: StreamId) => number | null): number {
    const { definition } = this.ledger.streams.get(stream) as StreamRecord
    const finished = definition.node.kind === "foreachRDD"
    const reach = (id: StreamId): number => {
      const parent = this.ledger.streams.get(id)
      if (parent === undefined) return Number.NEGATIVE_INFINITY
      if (parent.definition.node.kind === "input") return this.progress.sealed(id) ?? parent.since
      // A driver's body asks for what can be seen; a task waits for what it reads.
      if (runs(parent.definition)) return (finished ? this.progress.through(id) : issued(id)) ?? parent.through
      return throughParents(this.graph, id, reach)
    }
    const horizon = throughParents(this.graph, stream, reach)
    return Math.floor(horizon / definition.intervalMs) * definition.intervalMs
  }

  leftOut(stream: StreamId, interval: number): boolean {
    return this.graph.leftOut(stream, interval) === "interval"
  }

  nextChange(stream: StreamId, after: number, through: number): number | null {
    return nextChange(this.graph, stream, after, through)
  }

  target(stream: StreamId, interval: number): StageSpec | null {
    return targetOf(this.graph, stream, interval)
  }
}

function sameSource(a: FileSplit | Arrived, b: FileSplit | Arrived): boolean {
  if ("path" in a) return "path" in b && a.from === b.from && a.path === b.path
  return !("path" in b) && a.input === b.input && a.at === b.at && a.group === b.group
}

/** The first interval's start of an input whose records have their own time that is open while `at` arrives (the paper's slack). */
export function openFrom({ intervalMs, node }: StreamDefinition, at: number): number {
  const slackMs = node.kind === "input" ? node.disorderMs : 0
  return Math.floor((at - slackMs) / intervalMs) * intervalMs
}

/** A record that would wait for longer has a wrong time: it must not keep what came with it for ever. */
const farAheadMs = 86_400_000

/** The stage that puts a group of what arrived into the intervals of its records' own time; null when that has been forgotten. */
export function arrivedStage(ledger: Ledger, definition: StreamDefinition, { input, at, group }: Arrived, name: string): StageSpec | null {
  const seal = sealAt(ledger.streams.get(input)?.seals ?? [], at)
  const blocks = seal?.groups[group]
  if (definition.node.kind !== "input" || blocks === undefined) return null
  const { format, timestamp } = definition.node
  const arrived = {
    blocks: blocks.map(({ block, rows, bytes }) => ({ block, rows, bytes })),
    openFrom: openFrom(definition, at),
    openTo: at + farAheadMs,
  }
  return {
    output: `${definition.id}~${definition.version}/arrived/${at}.${group}/${name}`,
    root: { kind: "empty" },
    partitions: 1,
    write: { kind: "read", split: null, arrived, format, timestamp, intervalMs: definition.intervalMs },
    interval: null,
    stream: definition.id,
    label: "by time",
  }
}

/** The stage that reads a split of a file. */
export function readStage(definition: StreamDefinition, split: FileSplit, name: string): StageSpec {
  if (definition.node.kind !== "input") throw new Error(`${definition.name} is no input`)
  const { format, timestamp } = definition.node
  return {
    output: `${definition.id}~${definition.version}/read/${split.path}/${name}`,
    root: { kind: "empty" },
    partitions: 1,
    write: { kind: "read", split, format, timestamp, intervalMs: definition.intervalMs },
    interval: null,
    stream: definition.id,
    label: `read ${split.path}`,
  }
}
