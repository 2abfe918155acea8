/** The scheduler's and the job generator's questions to the model, answered from the master's graph. */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { constantOf, nextChange, targetOf } from "../../engine/dstream.js"
import { readsOf, stageDependencies, stageOf } from "../../engine/plan.js"
import type { FileSplit, InputRef, OutputId } from "../../engine/rdd.js"
import type { StageSpec } from "../../engine/task.js"
import type { Planner } from "../scheduler/board.js"
import type { JobSource } from "../scheduler/job-generator.js"
import type { Catalog } from "./catalog.js"
import { parentsOf } from "./definition-rules.js"
import type { Ledger, StreamRecord } from "./ledger.js"
import type { SealRecord } from "./records.js"
import { type MasterGraph, type Progress, runs } from "./stream-graph.js"

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

  reads(spec: StageSpec, partition: number): readonly InputRef[] {
    return spec.write.kind === "read" ? [{ kind: "file", split: spec.write.split }] : readsOf(spec.root, partition)
  }

  state(stream: StreamId, interval: number): StageSpec | null {
    return targetOf(this.graph, stream, interval)
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

  replay(block: string): { readonly spec: StageSpec; readonly blocks: ReadonlyMap<string, number> } | null {
    for (const { definition, seals } of this.ledger.streams.values()) {
      for (const seal of seals) {
        for (const group of seal.groups) {
          for (const sealed of group) {
            if (sealed.block !== block) continue
            if (sealed.replay === undefined) return null
            const { interval: _, ...split } = sealed.replay
            return { spec: readStage(definition, split, `again/${split.from}`), blocks: blocksOf(seals, split) }
          }
        }
      }
    }
    return null
  }

  *running(): Iterable<StreamRecord> {
    for (const stream of this.catalog.live()) if (runs(stream.definition) && stream.held === null) yield stream
  }

  horizon(stream: StreamId, issued: (stream: StreamId) => number | null): number {
    const { definition } = this.ledger.streams.get(stream) as StreamRecord
    const finished = definition.node.kind === "foreachRDD"
    const reach = (id: StreamId): number => {
      const parent = this.ledger.streams.get(id)
      if (parent === undefined) return Number.NEGATIVE_INFINITY
      if (parent.definition.node.kind === "input") return this.progress.sealed.get(id) ?? parent.since
      // A driver's body asks for what can be seen; a task waits for what it reads.
      if (runs(parent.definition)) return (finished ? this.progress.through.get(id) : issued(id)) ?? parent.through
      return Math.min(...parentsOf(parent.definition).map(reach))
    }
    const horizon = Math.min(...parentsOf(definition).map(reach))
    return Math.floor(horizon / definition.intervalMs) * definition.intervalMs
  }

  nextChange(stream: StreamId, after: number, through: number): number | null {
    return nextChange(this.graph, stream, after, through)
  }

  target(stream: StreamId, interval: number): StageSpec | null {
    return targetOf(this.graph, stream, interval)
  }
}

/** The sealed blocks of a split, each with its interval. */
function blocksOf(seals: readonly SealRecord[], { path, from }: FileSplit): Map<string, number> {
  const blocks = new Map<string, number>()
  for (const { groups } of seals) {
    for (const group of groups) {
      for (const { block, replay } of group) if (replay?.from === from && replay.path === path) blocks.set(block, replay.interval)
    }
  }
  return blocks
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
