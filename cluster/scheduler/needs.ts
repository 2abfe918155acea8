/** What is wanted, by whom: a stage lives as long as a job or another stage needs what it makes. */

import type { OutputId, StretchNode } from "../../engine/rdd.js"
import { stepId } from "../../engine/stretch.js"
import type { StageSpec } from "../../engine/task.js"
import type { Board } from "./board.js"
import type { Launching } from "./launching.js"
import type { Pool } from "./placement.js"
import { isTemporary, makeTask, type Stage } from "./stage.js"

export class Needs {
  readonly #board: Board
  readonly #launching: Launching
  /** Shuffles that stay for intervals to come. */
  readonly #kept = new Set<OutputId>()

  constructor(board: Board, launching: Launching) {
    this.#board = board
    this.#launching = launching
  }

  /** `only`: these partitions of it; null: all. */
  need(spec: StageSpec, only: readonly number[] | null, consumer: string, pool: Pool, order: number, timeoutMs: number): Stage {
    const { stages, options } = this.#board
    let stage = stages.get(spec.output)
    if (stage === undefined) {
      stage = this.#board.make(spec, pool, order, timeoutMs)
      if (spec.root.kind === "stretch") this.#enterStretch(stage, spec.root)
    } else if (pool === "stream") this.#raise(stage, order, timeoutMs)
    stage.consumers.add(consumer)
    if (spec.write.kind === "state" && spec.root.kind === "state") {
      const { stream, interval, partitions } = spec.root
      options.chains.enter(stream, partitions, { interval, output: spec.output }, only ?? undefined)
    }
    if (only === null) this.#wantAll(stage)
    else for (const p of only) this.#want(stage, p)
    return stage
  }

  /** What only questions wanted so far, and all that it waits for, waits behind questions no longer. What runs of it runs on. */
  #raise(stage: Stage, order: number, timeoutMs: number): void {
    // A list, not recursion, since lineage may be deep.
    const wanted = [stage]
    for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
      if (next.pool === "stream") continue
      next.pool = "stream"
      next.order = order
      next.timeoutMs = Math.max(next.timeoutMs, timeoutMs)
      next.tasks.forEach(task => {
        // From the questions' queue into the streams'.
        if (task.state === "ready") this.#board.analyseLater(task)
      })
      for (const output of next.holding) {
        const read = this.#board.stages.get(output)
        if (read !== undefined) wanted.push(read)
      }
    }
  }

  /** A step of each of its intervals stands in all partitions until its task says that there is none. */
  #enterStretch(stage: Stage, root: StretchNode): void {
    const { chains } = this.#board.options
    const { stream, partitions } = root.first
    for (const interval of root.starts) {
      const output = stepId(root, interval)
      chains.enter(stream, partitions, { interval, output })
      this.#board.stretches.set(output, stage)
    }
  }

  #leaveStretch(stage: Stage, root: StretchNode): void {
    const { stretches } = this.#board
    for (const interval of root.starts) {
      const output = stepId(root, interval)
      if (stretches.get(output) === stage) stretches.delete(output)
    }
  }

  unneed(output: OutputId, consumer: string): void {
    const { stages, options } = this.#board
    const stage = stages.get(output)
    if (stage === undefined) return
    stage.consumers.delete(consumer)
    if (stage.consumers.size > 0) return
    this.#board.drop(stage)
    if (stage.spec.root.kind === "stretch") this.#leaveStretch(stage, stage.spec.root)
    stage.tasks.forEach(task => {
      this.#launching.cancelAttempts(task)
      task.state = "dropped"
    })
    if (stage.spec.write.kind === "shuffle" && options.planner.keeps(output)) this.#kept.add(output)
    else if (isTemporary(stage.spec)) this.#remove(output)
    else if (stage.spec.write.kind === "state") {
      // Of state, the chains tell what is empty.
      const parts = options.tracker.parts(output)
      for (let p = 0; p < parts.length; p++) if (parts[p]?.block === null) options.tracker.removePart(output, p)
    }
    this.unhold(stage)
    this.#board.openGates(stage)
    // Whoever waited for it though it no longer holds it looks again.
    for (const waiter of stage.waiters) this.#board.arrived(waiter)
    for (const waiters of stage.partWaiters.values()) for (const waiter of waiters) this.#board.arrived(waiter)
  }

  /** What a stage read from it needs no more. */
  unhold(stage: Stage): void {
    for (const held of [...stage.holding]) this.unneed(held, stage.spec.output)
    stage.holding.clear()
  }

  /** A part is no longer anywhere. If it is wanted, it is made again. */
  lost(output: OutputId, partition: number): void {
    const stage = this.#board.stages.get(output) ?? this.#board.stretches.get(output)
    if (stage === undefined) return
    const task = stage.tasks.get(partition)
    // Without a task it was there when the stage was first wanted.
    if (task === undefined) this.#want(stage, partition)
    else if (task.state === "done") {
      this.#open(stage)
      this.#board.analyseLater(task)
    }
  }

  /** The block was not found where it was thought to be. */
  dropPlace(block: string, node: string): void {
    const { tracker } = this.#board.options
    const owner = tracker.owner(block)
    if (tracker.drop(block, node) && owner !== null) this.lost(owner.output, owner.partition)
  }

  /**
   * Whether the block can be made or read again. Received input cannot; nor can, perhaps, what is stored for good: its lineage
   * goes when it has its copies. A holder that is only silent still counts for these, until it is lost as a worker.
   */
  replaceable(block: string): boolean {
    const { tracker, planner } = this.#board.options
    const output = tracker.find(block)?.output ?? null
    return output === null ? planner.replay(block) !== null : output.stored === null
  }

  /** A stream was stopped: what was kept for it goes, as soon as nobody reads it. */
  forgetKept(): void {
    const { stages, options } = this.#board
    for (const output of this.#kept) {
      if (options.planner.keeps(output)) continue
      this.#kept.delete(output)
      if (!stages.has(output)) this.#remove(output)
    }
  }

  #remove(output: OutputId): void {
    const { tracker, outbox } = this.#board.options
    for (const gone of tracker.remove(output)) for (const holder of gone.holders) outbox.forget(holder, gone.block)
  }

  #wantAll(stage: Stage): void {
    const { output, partitions } = stage.spec
    const fresh = stage.tasks.size === 0 && this.#board.options.tracker.output(output) === undefined
    for (let p = 0; p < partitions; p++) {
      if (fresh) this.#add(stage, p)
      else this.#want(stage, p)
    }
  }

  #add(stage: Stage, partition: number): void {
    const task = makeTask(stage, partition)
    stage.tasks.add(task)
    this.#open(stage)
    this.#board.analyseLater(task)
  }

  #want(stage: Stage, partition: number): void {
    const { tracker } = this.#board.options
    const task = stage.tasks.get(partition)
    if (task !== undefined && (task.state !== "done" || tracker.part(stage.spec.output, partition) !== undefined)) return
    if (task === undefined) {
      if (tracker.part(stage.spec.output, partition) === undefined) this.#add(stage, partition)
      return
    }
    this.#open(stage)
    this.#board.analyseLater(task)
  }

  /** One more task of the stage is to be done: what it reads is held from the first to the last. */
  #open(stage: Stage): void {
    stage.open += 1
    if (stage.open > 1 && stage.holding.size > 0) return
    if (stage.dependencies === null) {
      const dependencies = new Map<OutputId, StageSpec>()
      for (const spec of this.#board.options.planner.dependencies(stage.spec)) dependencies.set(spec.output, spec)
      stage.dependencies = dependencies
    }
    for (const spec of stage.dependencies.values()) {
      if (spec.write.kind !== "shuffle") continue
      stage.holding.add(spec.output)
      const made = this.need(spec, null, stage.spec.output, stage.pool, stage.order, stage.timeoutMs)
      if (made.open === 0 || made.gateOf.has(stage)) continue
      made.gateOf.add(stage)
      stage.gates += 1
    }
  }
}
