/**
 * What is kept, and what goes.
 *
 * An input's interval is kept for questions (`remember`), for running questions (leases), and for what would have to be
 * computed from it: intervals that are not finished, and state that two workers do not hold yet. A state's version goes
 * the same way; its chain then begins at the newest base that the oldest version needs. What is needed is in `still-needed`, what goes when
 * memory runs short in `memory-relief`.
 */

import type { StreamId } from "../../engine/definition.js"
import { archiveDirectory } from "../../engine/input/archive.js"
import type { StreamUse } from "../protocol.js"
import type { PartitionStep } from "../scheduler/state-chains.js"
import { isArchived } from "./archive-seals.js"
import type { Checkpointer } from "./checkpointer.js"
import type { HeldInput } from "./held-input.js"
import { MemoryRelief } from "./memory-relief.js"
import { append, forgetBlock, type Parts, type Times } from "./parts.js"
import type { Queries } from "./queries.js"
import { blocksOf, type ForgottenStream, type SealRecord } from "./records.js"
import type { Sources } from "./sources.js"
import { type Needs, StillNeeded } from "./still-needed.js"
import { runs } from "./stream-graph.js"
import { isReplayable, type StreamRecord } from "./stream-record.js"
import { unreadInputs } from "./unread.js"

export class Retention {
  readonly #parts: Parts
  readonly #queries: Queries
  readonly #sources: Sources
  readonly #held: HeldInput
  readonly #needed: StillNeeded
  readonly memory: MemoryRelief

  constructor(parts: Parts, queries: Queries, checkpointer: Checkpointer, sources: Sources, held: HeldInput) {
    this.#parts = parts
    this.#queries = queries
    this.#sources = sources
    this.#held = held
    this.#needed = new StillNeeded(parts, { queries, checkpointer, sources })
    this.memory = new MemoryRelief(parts, inputs => this.#forgetInputs(inputs))
  }

  sweep(times: Times): void {
    for (const output of this.#queries.takeUnwanted()) this.#dropOutput(output)
    const waiting = this.#held.waiting()
    const { needs, free } = this.#needed.of(
      waiting.map(({ stream }) => stream),
      times,
    )
    this.#held.sweep(waiting, free, times)
    const forgotten: ForgottenStream[] = []
    const effects: (() => void)[] = []
    const unread = unreadInputs(this.#parts.catalog, this.#sources.readings)
    const { keepsLineage } = this.#parts.config
    for (const record of this.#parts.catalog.kept()) {
      const { definition } = record
      const isInput = definition.node.kind === "input"
      if (!isInput && !runs(definition)) continue
      const unneeded = this.#before(record, needs.get(definition.id) ?? Number.POSITIVE_INFINITY, times)
      const unreadFrom = (definition.untilRead === true ? unread.get(definition.id) : undefined) ?? Number.POSITIVE_INFINITY
      const before = keepsLineage
        ? record.since
        : Math.min(unneeded, Math.floor(unreadFrom / definition.intervalMs) * definition.intervalMs)
      if (unneeded > before) {
        if (isInput) this.#dropBytes(record, unneeded)
        else if (keepsLineage) this.#dropStored(record, unneeded, this.#parts.chains.unread(definition.id, unneeded))
      }
      if (!(before > Math.max(record.forgottenBefore, record.archivedBefore ?? record.forgottenBefore))) continue
      if (isInput) {
        forgotten.push(this.#forgotten(record, before))
        effects.push(this.#forgetInput(record, before))
        continue
      }
      const gone = this.#forgetStored(record, before)
      const { effect, ...steps } = gone
      forgotten.push({ stream: definition.id, before, ...steps })
      effects.push(effect)
    }
    if (forgotten.length > 0) append(this.#parts, { kind: "forgotten", streams: forgotten }, () => runAll(effects))
    this.memory.relieve(needs)
    this.#tellUses(needs)
  }

  /** Workers learn what will be read again: what else there is goes to disk first when memory is short. */
  #tellUses(needs: Needs): void {
    const { catalog, registry, outbox } = this.#parts
    const streams: StreamUse[] = []
    for (const { definition, through, sealedThrough } of catalog.kept()) {
      const { id, node } = definition
      const isInput = node.kind === "input"
      if (!isInput && !runs(definition)) continue
      const neededFrom = Math.min(needs.get(id) ?? Number.POSITIVE_INFINITY, isInput ? sealedThrough : through)
      const againAfterMs = node.kind === "state" && node.op.kind === "reduceByWindow" ? node.op.lengthMs : undefined
      streams.push({ stream: id, neededFrom, ...(againAfterMs !== undefined && { againAfterMs }) })
    }
    for (const { node } of registry.live) outbox.send(node, { kind: "uses", streams })
  }

  /** Intervals that end at or before it may go. */
  #before(record: StreamRecord, need: number, times: Times): number {
    const { definition } = record
    const newest = definition.node.kind === "input" ? record.sealedThrough : record.through
    const before = Math.min(this.#needed.rememberedFrom(record, times), need, newest - definition.intervalMs)
    return Math.floor(before / definition.intervalMs) * definition.intervalMs
  }

  /** Of intervals that are known for their readers' sake alone, or because all may have to be made again from them, the bytes go. */
  #dropBytes(record: StreamRecord, before: number): void {
    for (const seal of record.seals) {
      if (seal.to > before) return
      if (!isReplayable(record, seal)) continue
      for (const { block } of blocksOf(seal)) forgetBlock(this.#parts, this.#parts.tracker.current(block))
    }
  }

  /** An input's intervals that have been archived can still be read. (What is not archived yet is needed, so it is not forgotten.) */
  #forgotten({ definition, since }: StreamRecord, before: number): ForgottenStream {
    for (const child of this.#parts.catalog.children(definition.id)) {
      const { node } = child.definition
      if (node.kind !== "archive" || definition.node.kind !== "input") continue
      const directory = archiveDirectory(node.to, { intervalMs: definition.intervalMs, format: definition.node.format.kind })
      return { stream: definition.id, before, archive: { directory, from: Math.max(since, child.since) } }
    }
    return { stream: definition.id, before }
  }

  #forgetInputs(inputs: ReadonlyMap<StreamId, number>): void {
    const records = [...inputs].map(([stream, before]) => ({ record: this.#parts.ledger.streams.get(stream) as StreamRecord, before }))
    const effects = records.map(({ record, before }) => this.#forgetInput(record, before))
    const gone = records.map(({ record, before }) => this.#forgotten(record, before))
    append(this.#parts, { kind: "forgotten", streams: gone }, () => runAll(effects))
  }

  #forgetInput(record: StreamRecord, before: number): () => void {
    const stream = record.definition.id
    const { tracker } = this.#parts
    // Of the archived ones those that a question has read back into memory.
    const gone = record.seals.filter(
      seal => seal.to <= before && (!isArchived(seal) || blocksOf(seal).some(({ block }) => tracker.current(block) !== block)),
    )
    return () => {
      this.#dropSeals(gone)
      this.#parts.outbox.forgetBefore(this.#parts.registry.live, stream, before)
    }
  }

  /** Workers drop what is filed under the stream by themselves. */
  #dropSeals(seals: readonly SealRecord[]): void {
    const { tracker, admission } = this.#parts
    for (const seal of seals) {
      const blocks = blocksOf(seal)
      admission.forget(blocks)
      for (const { block } of blocks) tracker.forget(block)
    }
  }

  #forgetStored(record: StreamRecord, before: number): Pick<ForgottenStream, "stepsBefore" | "roots"> & { readonly effect: () => void } {
    const { definition } = record
    const stream = definition.id
    const { chains } = this.#parts
    if (definition.node.kind !== "state") return { effect: () => this.#dropStored(record, before, []) }
    const steps = chains.trim(stream, before)
    const roots = [...new Set(steps.map(({ partition }) => partition))].map(p => [p, chains.roots(stream).get(p) as number] as const)
    let oldest = before
    for (let p = 0; p < chains.partitions(stream); p++) oldest = Math.min(oldest, chains.steps(stream, p)[0]?.interval ?? before)
    return {
      stepsBefore: Math.min(oldest, panesBefore(record, before)),
      ...(roots.length > 0 && { roots }),
      effect: () => this.#dropStored(record, before, steps),
    }
  }

  /** The bytes of what was made of intervals before `before`: of a state, of those `steps`. */
  #dropStored(record: StreamRecord, before: number, steps: readonly PartitionStep[]): void {
    const { made } = record
    const { id, node } = record.definition
    const { outbox, registry } = this.#parts
    if (node.kind !== "state") return this.#dropOutputs(made.filter(({ interval }) => interval < before))
    this.#dropSteps(steps)
    const panes = panesBefore(record, before)
    this.#dropOutputs(made.filter(({ interval, output }) => interval < panes && output.includes("/pane@")))
    // Executors drop their cached versions, workers what is filed under the stream: of panes only those.
    outbox.forgetBefore(registry.live, id, panes)
  }

  #dropSteps(steps: readonly PartitionStep[]): void {
    const { tracker, outbox } = this.#parts
    for (const { partition, step } of steps) {
      const removed = tracker.removePart(step.output, partition)
      if (removed !== null) for (const holder of removed.holders) outbox.forget(holder, removed.block)
    }
  }

  #dropOutputs(gone: readonly { readonly output: string }[]): void {
    for (const { output } of gone) this.#dropOutput(output)
  }

  #dropOutput(output: string): void {
    for (const { block, holders } of this.#parts.tracker.remove(output)) {
      for (const holder of holders) this.#parts.outbox.forget(holder, block)
    }
  }

  /** What a stream may have begun to make of intervals from `from` on is not to count. */
  abandon(stream: StreamId, from: number): void {
    this.#dropSteps(this.#parts.chains.cutFrom(stream, from))
  }

  /** A stream is to be stopped: nothing of it is kept. Gives what lets it go, for when that is journaled. */
  stop(stream: StreamId): () => void {
    const record = this.#parts.ledger.streams.get(stream)
    if (record === undefined) return () => {}
    const [made, seals] = [[...record.made], [...record.seals]]
    return () => this.#stopped(stream, made, seals)
  }

  #stopped(stream: StreamId, made: StreamRecord["made"], seals: readonly SealRecord[]): void {
    const { chains, outbox, registry, scheduler } = this.#parts
    this.#dropSteps(chains.remove(stream))
    for (const { output } of made) this.#dropOutput(output)
    this.#dropSeals(seals)
    scheduler.forgetKept()
    outbox.forgetBefore(registry.live, stream, Number.MAX_SAFE_INTEGER)
  }
}

function runAll(effects: readonly (() => void)[]): void {
  for (const effect of effects) effect()
}

/** Panes are read again when they leave the window. */
function panesBefore({ definition: { node } }: StreamRecord, before: number): number {
  return node.kind === "state" && node.op.kind === "reduceByWindow" ? before - node.op.lengthMs : before
}
