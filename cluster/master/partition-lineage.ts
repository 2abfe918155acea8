/**
 * What one partition of an interval is made of (the paper's §2.1), step by step, for people: who holds it, what it reads, back to
 * where two workers hold all of it or to sealed input. Nothing is computed for it.
 */

import type { InputRef } from "../../engine/rdd.js"
import type { StageSpec } from "../../engine/task.js"
import { nodeName } from "../node-id.js"
import type { NodeId } from "../ports.js"
import type { PartitionLineage, PartitionStep } from "../protocol.js"
import { nameOf } from "./catalog.js"
import type { JobFacts } from "./job-facts.js"
import type { Parts } from "./parts.js"
import { makes } from "./recipe.js"
import { type SealedBlocks, type SealedIn, sealedBlocks } from "./sealed-blocks.js"
import { stageTimes } from "./stage-times.js"
import { lossesOf } from "./worker-loss.js"

export interface AskedPartition {
  readonly stream: string
  /** A time in the interval; null: the newest in which there was something to make. */
  readonly at: number | null
  /** Null: only what the loss of each worker would cost. */
  readonly partition: number | null
}

type StateRef = Extract<InputRef, { kind: "state" }>

/** Throws a RivuletError: of code 2 for what cannot be asked, of 5 for what is not held any more. */
export function partitionLineageOf(parts: Parts, asked: AskedPartition, facts: JobFacts): PartitionLineage {
  const { id, name, interval, spec } = makes(parts, asked)
  const { partition } = asked
  const sealed = sealedBlocks(parts.ledger)
  const all = partition === null ? Array.from({ length: spec.partitions }, (_, p) => p) : [partition]
  return {
    ...{ stream: name, ...interval, partitions: spec.partitions },
    step: partition === null ? null : new Steps(parts, sealed).of(spec, interval.from, partition, name),
    losses: lossesOf(parts, spec, all, { times: stageTimes(facts, id), sealed }),
  }
}

/** More of them would not be read. */
const mostSteps = 200

class Steps {
  readonly #parts: Parts
  readonly #sealed: SealedBlocks
  #steps = 0

  constructor(parts: Parts, sealed: SealedBlocks) {
    this.#parts = parts
    this.#sealed = sealed
  }

  of(spec: StageSpec, at: number, partition: number, stream: string): PartitionStep {
    const { tracker } = this.#parts
    const part = tracker.part(spec.output, partition)
    const { workers, bytes } = this.#held(part?.block == null ? [] : [part.block])
    const isState = spec.write.kind === "state"
    return {
      ...{ stream, at, partition, of: spec.partitions, what: spec.label, rows: part?.rows ?? 0, checkpoint: false, workers, bytes },
      ...(isState && part?.keys !== undefined && { keys: part.keys }),
      ...(isState && part !== undefined && { deltas: part.base === true ? 0 : 1 }),
      parents: this.#reads(spec, [partition]),
    }
  }

  /** What these partitions of a stage read, each kind of it once. */
  #reads(spec: StageSpec, partitions: readonly number[]): PartitionStep[] {
    if (++this.#steps > mostSteps) return [leaf("… and so on")]
    const reads = this.#parts.planner.reads(spec)
    const refs = partitions.flatMap(partition => reads(partition))
    const made = this.#parts.planner.dependencies(spec)
    const blocks = refs.flatMap(ref => (ref.kind === "block" ? [ref.block] : []))
    const files = new Set(refs.flatMap(ref => (ref.kind === "file" ? [ref.split.path] : [])))
    const states = new Map<string, StateRef>()
    for (const ref of refs) if (ref.kind === "state") states.set(`${ref.stream} ${ref.partition}`, ref)
    const outputs = new Map<string, Set<number>>()
    for (const ref of refs) {
      if (ref.kind !== "shuffle" && ref.kind !== "output") continue
      const which = outputs.get(ref.output) ?? new Set<number>()
      outputs.set(ref.output, which)
      const from = made.find(one => one.output === ref.output)
      if (ref.kind === "output") which.add(ref.partition)
      else for (let map = 0; map < (from?.partitions ?? 0); map++) which.add(map)
    }
    return [
      ...[...states.values()].map(ref => this.#version(ref)),
      ...[...outputs].flatMap(([output, which]) => {
        const from = made.find(one => one.output === output)
        return from === undefined ? [] : [this.#stage(from, [...which])]
      }),
      ...this.#inputs(blocks),
      ...[...files].map(path => leaf(`file ${path}`)),
    ]
  }

  /** Map tasks, whose regions are kept as long as somebody waits for them. */
  #stage(spec: StageSpec, partitions: readonly number[]): PartitionStep {
    const { tracker } = this.#parts
    const there = partitions.flatMap(partition => tracker.part(spec.output, partition) ?? [])
    const held = there.length < partitions.length ? { workers: [], bytes: 0 } : this.#held(there.flatMap(({ block }) => block ?? []))
    const [only] = partitions
    return {
      ...{ stream: this.#name(spec.stream), at: spec.interval?.from ?? null, of: partitions.length, what: spec.label },
      ...{ partition: partitions.length === 1 ? (only ?? null) : null, checkpoint: false },
      ...{ rows: there.reduce((sum, { rows }) => sum + rows, 0), workers: held.workers, bytes: held.bytes },
      parents: this.#reads(spec, partitions),
    }
  }

  /** A version of a state: its newest link, and below it the newest that two workers hold with all beneath it. */
  #version({ stream, partition, at }: StateRef): PartitionStep {
    const { chains, tracker } = this.#parts
    const { links, missing } = chains.resolve(stream, partition, at)
    const about = { stream: this.#name(stream), partition, of: chains.partitions(stream) }
    const nothing = { workers: [], rows: 0, bytes: 0, checkpoint: false, parents: [] }
    if (links === null) return { ...about, at: missing[0]?.interval ?? at, what: `${missing.length} versions to be made`, ...nothing }
    const [newest] = links.slice(-1)
    if (newest === undefined) return { ...about, at, what: "no keys yet", ...nothing }
    const safe = links.findIndex(({ part }) => part.block !== null && tracker.holders(part.block).length < 2)
    const through = safe < 0 ? links.length : safe
    const upTo = (count: number): PartitionStep => {
      const { workers, bytes } = this.#held(links.slice(0, count).flatMap(({ part }) => part.block ?? []))
      const { interval } = links[count - 1] as (typeof links)[number]
      const keys = chains.keys(stream, partition, interval)
      const whole = count <= through
      return {
        ...{ ...about, at: interval, what: "state", rows: 0, deltas: count - 1, checkpoint: whole, workers, bytes },
        ...(keys !== undefined && { keys }),
        parents: whole || through === 0 ? [] : [upTo(through)],
      }
    }
    return upTo(links.length)
  }

  /** Sealed input, by stream and interval. */
  #inputs(blocks: readonly string[]): PartitionStep[] {
    const groups = new Map<string, SealedIn[]>()
    let others = 0
    for (const block of new Set(blocks)) {
      const sealed = this.#sealed.get(block)
      if (sealed === undefined) {
        others++
        continue
      }
      const key = `${sealed.from} ${sealed.record.definition.id}`
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [sealed])
      else group.push(sealed)
    }
    const found = [...groups.values()].map((here): PartitionStep => {
      const { record, from } = here[0] as SealedIn
      const { least, ...held } = this.#held(here.map(({ block }) => block.block))
      const again = here.some(({ block }) => block.replay !== undefined) ? ", read again from its files when lost" : ""
      return {
        ...{ stream: nameOf(record), at: from, partition: null, of: here.length, what: `input${again}`, ...held },
        ...{ rows: here.reduce((sum, { block }) => sum + block.rows, 0), checkpoint: least >= 2, parents: [] },
      }
    })
    return others === 0 ? found : [...found, leaf(`${others} stored blocks`)]
  }

  #held(blocks: readonly string[]): { readonly workers: string[]; readonly bytes: number; readonly least: number } {
    const { tracker } = this.#parts
    const holders = new Set<NodeId>()
    let bytes = 0
    let least = Number.POSITIVE_INFINITY
    for (const block of blocks) {
      const current = tracker.current(block)
      const held = tracker.holders(current)
      for (const holder of held) holders.add(holder)
      least = Math.min(least, held.length)
      bytes += tracker.bytes(current)
    }
    return { workers: [...holders].map(nodeName).sort(), bytes, least }
  }

  #name(stream: string | null): string | null {
    const record = stream === null ? undefined : this.#parts.ledger.streams.get(stream)
    return record === undefined ? null : nameOf(record)
  }
}

const leaf = (what: string): PartitionStep => ({
  ...{ stream: null, at: null, partition: null, of: 1, what, workers: [], rows: 0, bytes: 0, checkpoint: false, parents: [] },
})
