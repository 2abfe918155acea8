/**
 * Eager map: which received blocks executors take into map tasks that are still to come.
 *
 * The problem: what a task reads is known when the interval is sealed, so all map work would begin then, and an executor that had
 * nothing to do until a moment before would make the interval late. The solution: the map stages of an interval are mostly those of the
 * one before. Blocks that this worker receives from senders go to *lanes*, one an executor, by the interval of their arrival; an
 * executor without a task takes its lane's blocks, in order, into what each of those stages would make of them (a *fold*). Reports say of each block
 * in which lane it is and at which place, so that the master seals the lanes as groups for who may read them (`engine/lanes.ts`).
 * The task for a lane comes to the executor that has begun it.
 *
 *   block ──▶ lane ──executor idle──▶ folded ──task launched, same first blocks──▶ the task's
 *                                        └──another grouping, no such task──▶ dropped
 *
 * All of it may be wrong: the task looks itself whether what was folded are its first blocks. A fold that fails ends
 * its lane's folding; the task tells why.
 */

import { type FoldStage, foldStageOf } from "../../engine/kernel/fold-stage.js"
import type { StageSpec, TaskInput } from "../../engine/task.js"
import type { FoldMark, InputInfo } from "../protocol.js"
import type { Region } from "./allocator.js"
import type { BlockStore, StoredBlock } from "./block-store.js"
import type { ClockOffset } from "./clock-offset.js"
import type { WorkerConfig } from "./config.js"
import { KnownStages } from "./known-stages.js"
import { type Begun, type Lane, Lanes } from "./lanes.js"
import type { Outbox } from "./outbox.js"
import { placelessMs } from "./patience.js"

export interface FoldingParts {
  readonly config: WorkerConfig
  readonly clock: ClockOffset
  readonly store: BlockStore
  readonly outbox: Outbox
  /** Executors of streams. */
  readonly executors: number
}

interface Running {
  readonly executor: number
  /** Its thread has been at it for a while: since when. */
  longSinceMs: number | null
  /** The executor has gone on without it. */
  apart: boolean
  killed: boolean
  readonly begun: Begun | null
  readonly pinned: readonly Region[]
}

/** In one go: a task that becomes ready waits for no more. */
const foldBytes = 1024 * 1024
/** Of one executor: an interval that waits for its task keeps its tables. */
const begunMost = 16
const lookEveryMs = 1_000
/** Its own time. A function that takes so long in a fold does so in the task, which then is stopped as its stream says. */
const timeoutMs = 5_000
/** So long by the clock a task waits for a fold that is in its way. */
const patienceMs = 1_000

export class Folding {
  readonly #parts: FoldingParts
  readonly #stages = new KnownStages()
  readonly #lanes: Lanes
  readonly #running = new Map<string, Running>()
  /** Executors that fold now. */
  readonly #busy = new Set<number>()
  /** By name: what executors have that may still be wanted. They are told with their next fold. */
  readonly #begun = new Map<string, Begun>()
  /** Executors that keep something that is wanted no more. */
  readonly #untold = new Set<number>()
  #names = 0
  #folds = 0
  #lookMs = 0

  constructor(parts: FoldingParts) {
    this.#parts = parts
    this.#lanes = new Lanes(parts.executors, parts.config.foldFromBytes)
  }

  /** A block that a sender has sent here. */
  arrived(block: StoredBlock, input: InputInfo): void {
    const { monotonicMs } = this.#parts.clock
    if (this.#stages.of(input.stream, input.intervalMs, monotonicMs).length > 0) this.#lanes.put(block, input, monotonicMs)
  }

  /** Where the block was put; undefined: nowhere. */
  markOf(block: string): FoldMark | undefined {
    return this.#lanes.markOf(block)
  }

  /** A map stage is launched here. Gives what its task may go on with: the executor, and the name of what that has begun. */
  launched(stage: StageSpec, partition: number): { readonly executor: number; readonly name: string } | null {
    const fold = stage.interval === null ? null : foldStageOf(stage, partition)
    if (fold === null) return null
    this.#stages.launched(fold, this.#parts.clock.monotonicMs)
    const lane = this.#lanes.find(fold.input, fold.interval, fold.blocks[0]?.block)
    const begun = lane?.begun.get(fold.key)
    if (lane === undefined || begun === undefined || !this.#begun.has(begun.name)) return null
    begun.stopped = true
    const taken = begun.folded + begun.underway
    const same = taken > 0 && lane.blocks.slice(0, taken).every(({ block }, i) => block === fold.blocks[i]?.block)
    if (!same) this.#drop(begun)
    return same ? begun : null
  }

  /** A task of the stage is done. `folds`: as it said. */
  made(stage: StageSpec, partition: number, folds: boolean): void {
    const fold = stage.interval === null ? null : foldStageOf(stage, partition)
    const known = fold === null ? undefined : this.#stages.get(fold)
    if (known !== undefined) known.folds = folds
  }

  /** The task that was told the name is on its way to the executor. */
  taken(name: string): void {
    const begun = this.#begun.get(name)
    const known = begun === undefined ? undefined : this.#stages.get(begun)
    if (known !== undefined) known.misses = 0
    this.#begun.delete(name)
  }

  /** Executors that are at a fold: others are better for a task that may run anywhere. */
  get busy(): ReadonlySet<number> {
    return this.#busy
  }

  /** The executor has nothing else to do. */
  submit(executor: number): void {
    if (this.#busy.has(executor)) return
    for (const lane of this.#lanes.of(executor)) {
      for (const { fold } of this.#stages.of(lane.input, lane.intervalMs, this.#parts.clock.monotonicMs)) {
        const begun = lane.begun.get(fold.key) ?? this.#begin(lane, fold.key)
        if (begun !== null && !begun.stopped && begun.folded < lane.blocks.length && this.#fold(lane, begun, fold)) return
      }
    }
  }

  #begin(lane: Lane, key: string): Begun | null {
    const { executor, input } = lane
    if (this.#keptBy(executor).length >= begunMost) return null
    const begun: Begun = { name: `begun-${++this.#names}`, input, key, executor, folded: 0, underway: 0, stopped: false }
    this.#begun.set(begun.name, begun)
    lane.begun.set(key, begun)
    return begun
  }

  #fold({ blocks, executor }: Lane, begun: Begun, fold: FoldStage): boolean {
    const { store } = this.#parts
    const taken: Lane["blocks"] = []
    const inputs: TaskInput[] = []
    const pinned: Region[] = []
    let bytes = 0
    for (let i = begun.folded; i < blocks.length && (taken.length === 0 || bytes + blocks[i]!.bytes <= foldBytes); i++) {
      const one = blocks[i]!
      const region = store.get(one.block)?.region ?? null
      if (region === null) break
      store.pin(region)
      pinned.push(region)
      inputs.push({ ref: { kind: "block", block: one.block }, parts: [{ offset: region.offset, length: region.length }] })
      taken.push(one)
      bytes += one.bytes
    }
    if (taken.length === 0) {
      // It is gone, or on disk. What follows is the task's.
      begun.stopped = true
      return false
    }
    begun.underway = taken.length
    this.#submit(executor, begun, fold.with(taken), inputs, pinned)
    return true
  }

  #submit(executor: number, begun: Begun | null, stage: StageSpec, inputs: TaskInput[], pinned: Region[]): void {
    const task = `fold-${++this.#folds}`
    const fold = { name: begun?.name ?? "", after: begun?.folded ?? 0, keep: this.#keptBy(executor) }
    this.#busy.add(executor)
    this.#untold.delete(executor)
    this.#running.set(task, { executor, longSinceMs: null, apart: false, killed: false, begun, pinned })
    this.#parts.outbox.push({
      kind: "submit",
      ...{ task, executor, run: { stage, partition: 0, attempt: 1, inputs, fold }, limits: { timeoutMs } },
    })
  }

  #keptBy(executor: number): string[] {
    return [...this.#begun.values()].filter(begun => begun.executor === executor).map(({ name }) => name)
  }

  /** It runs for so long. */
  onLong(task: string, ms: number): void {
    const running = this.#running.get(task)
    if (running !== undefined) running.longSinceMs = this.#parts.clock.monotonicMs - ms
  }

  /**
   * A task waits for the executor. A fold that takes long is given up, and its stage left alone for a while. It goes on apart, for it may
   * never end, if no other fold of the executor does: else its thread is ended. Where nothing is set apart the task waits for its end.
   */
  giveWay(executor: number): void {
    if (!this.#busy.has(executor)) return
    const { clock, config, outbox } = this.#parts
    for (const [task, running] of this.#running) {
      const { longSinceMs, begun } = running
      const ranMs = longSinceMs === null ? 0 : clock.monotonicMs - longSinceMs
      if (running.executor !== executor || running.apart || ranMs < patienceMs) continue
      if (begun !== null && !begun.stopped) {
        begun.stopped = true
        this.#drop(begun)
      }
      if (begun !== null) this.#stages.tooSlow(begun, clock.monotonicMs)
      if (!config.setsApart || running.killed) continue
      if (!this.#hasApart(executor)) {
        running.apart = true
        this.#busy.delete(executor)
        outbox.push({ kind: "setApart", task, executor })
      } else if (ranMs >= patienceMs + placelessMs) {
        running.killed = true
        outbox.push({ kind: "kill", task, executor })
      }
    }
  }

  #hasApart(executor: number): boolean {
    for (const running of this.#running.values()) if (running.apart && running.executor === executor) return true
    return false
  }

  /** False: it was no fold. `folds`: it was done; else it was not, or its thread was ended, for it or another task. */
  onDone(task: string, folds: boolean): boolean {
    const running = this.#running.get(task)
    if (running === undefined) return false
    const { executor, apart, begun, pinned } = running
    this.#running.delete(task)
    if (!apart) this.#busy.delete(executor)
    for (const region of pinned) this.#parts.store.unpin(region)
    if (begun === null) return true
    if (folds) begun.folded += begun.underway
    else {
      begun.stopped = true
      this.#drop(begun)
    }
    begun.underway = 0
    return true
  }

  /** It was for nothing. */
  #drop(begun: Begun): void {
    if (!this.#begun.delete(begun.name)) return
    this.#untold.add(begun.executor)
    this.#stages.missed(begun, this.#parts.clock.monotonicMs)
  }

  onTime(nowMs: number): void {
    if (nowMs < this.#lookMs) return
    this.#lookMs = nowMs + lookEveryMs
    this.#stages.onTime(nowMs)
    for (const { begun } of this.#lanes.expired(nowMs)) {
      for (const one of begun.values()) {
        one.stopped = true
        this.#drop(one)
      }
    }
    for (const executor of this.#untold) if (!this.#busy.has(executor)) this.#submit(executor, null, nothing, [], [])
  }
}

/** A fold of no block: what is to be kept is all that it says. */
const nothing: StageSpec = {
  output: "nothing",
  root: { kind: "empty" },
  partitions: 0,
  write: { kind: "store" },
  interval: null,
  stream: null,
  label: "nothing",
}
