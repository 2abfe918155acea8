/** Ready tasks go to workers that have room: where their inputs lie, or to the home of their state. */

import { isDivisible, trimStage } from "../../engine/plan.js"
import type { InputRef } from "../../engine/rdd.js"
import type { NodeId } from "../ports.js"
import type { LaunchTask } from "../protocol.js"
import type { Board } from "./board.js"
import { LocalBytes, launchInputs } from "./inputs.js"
import type { Pool } from "./placement.js"
import { Stragglers, turnMs } from "./speculation.js"
import { type Attempt, attemptsOf, avoidedBy, isTemporary, nameOfAttempt, type Task, TaskQueue, troubleOf } from "./stage.js"
import { Stalls } from "./stalls.js"

const pools = ["stream", "query"] as const
/**
 * So many workers have died while they ran it, and the task is blamed. Not after one: workers die of other causes too. A stream that is held for it is
 * tried again by itself (`master/retries.ts`).
 */
const lossesAtMost = 3
/** For each so many that one dispatch launches the next dispatch is a millisecond later. */
const tasksPerMs = 50
const nothing: ReadonlyMap<NodeId, number> = new Map()

export class Launching {
  readonly #board: Board
  readonly #ready: Record<Pool, TaskQueue> = { stream: new TaskQueue(), query: new TaskQueue() }
  /** Ready tasks that belong to one worker. */
  readonly #bound: Record<Pool, Map<NodeId, TaskQueue>> = { stream: new Map(), query: new Map() }
  /** Workers with such tasks that may have got room, or something to do, since they were last given some. */
  readonly #open: Record<Pool, Set<NodeId>> = { stream: new Set(), query: new Set() }

  /** Streams' tasks that are ready before it wait for it. */
  #nextMs = Number.NEGATIVE_INFINITY
  #wokenMs = Number.NEGATIVE_INFINITY
  /** Since the dispatch began. */
  #launched = 0
  readonly #stalls: Stalls
  readonly stragglers = new Stragglers()
  /** As far as is known. */
  #nowMs = Number.NEGATIVE_INFINITY

  constructor(board: Board) {
    this.#board = board
    this.#stalls = new Stalls(board.options.placement)
  }

  stalledAt(node: NodeId): number {
    return this.#stalls.stalledAt(node)
  }

  /** All that the task reads is there. */
  ready(task: Task, reads: readonly InputRef[]): void {
    task.state = "ready"
    task.reads = reads
    const { pool } = task.stage
    const worker = this.#homeOf(task, reads)?.worker ?? this.#readerOf(task)
    if (worker === null) this.#ready[pool].push(task)
    else {
      this.#boundQueue(pool, worker).push(task)
      this.#open[pool].add(worker)
    }
  }

  /**
   * Sends ready tasks to workers that have room. After many there is a pause, the longer the more they were: a hundred streams whose
   * stages become ready one after the other would cost a message for each worker and stage. Who launches few never waits.
   */
  dispatch(nowMs: number): void {
    const { placement, outbox, gatherMs } = this.#board.options
    this.#launched = 0
    this.#nowMs = nowMs
    if (this.#stalls.look(nowMs)) for (const pool of pools) for (const node of this.#bound[pool].keys()) this.#open[pool].add(node)
    for (const pool of pools) {
      if (pool === "stream" && nowMs < this.#nextMs) {
        if (this.#wokenMs < this.#nextMs && (this.#open.stream.size > 0 || this.#ready.stream.size > 0)) {
          this.#wokenMs = this.#nextMs
          outbox.push({ kind: "wake", atMonotonicMs: this.#nextMs })
        }
        continue
      }
      for (const node of this.#open[pool]) {
        const queue = this.#bound[pool].get(node)
        while (queue !== undefined && queue.size > 0 && placement.hasRoom(node, pool)) {
          const task = queue.pop() as Task
          if (this.#maySend(task)) this.#launch(task, node, nowMs)
        }
      }
      if (this.#open[pool].size > 0) this.#open[pool] = new Set()
      const queue = this.#ready[pool]
      while (queue.size > 0 && placement.anyRoom(pool)) {
        const task = queue.pop() as Task
        if (this.#maySend(task)) this.#launch(task, null, nowMs)
      }
      if (pool === "stream" && this.#launched > 0) this.#nextMs = nowMs + Math.min(gatherMs, this.#launched / tasksPerMs)
    }
  }

  #maySend(task: Task): boolean {
    return task.state === "ready" && !this.#stalls.keeps(task)
  }

  /** Copies of tasks that take much longer than their stage's others (§5.2). */
  speculate(nowMs: number): number {
    const { placement } = this.#board.options
    if (placement.size < 2) return 0
    const isSlow = (node: NodeId) => (placement.slot(node)?.pace.factor ?? 1) > 1
    let copies = 0
    for (const stage of this.#board.stages.values()) {
      for (const { task, beside } of this.stragglers.of(stage, nowMs, isSlow)) {
        const only = task.first as Attempt
        const avoid = [only.worker, ...avoidedBy(task)]
        const reads = this.#board.readsOf(task)
        const bytes = new LocalBytes()
        const inputs = launchInputs(reads, this.#board.places, bytes)
        if (inputs === null) continue
        const worker = placement.choose(stage.pool, bytes.local, bytes.total, avoid)
        if (worker === null || worker === only.worker) continue
        // With nobody to compare it with it may only be long: nobody else is to wait for that.
        if (!beside && !placement.isIdle(worker)) continue
        this.#submit(task, worker, inputs, this.#affinityOf(task, reads, worker), nowMs)
        this.#board.happened({ kind: "speculated", spec: stage.spec, partition: task.partition, worker: only.worker, second: worker })
        const slow = placement.slot(only.worker)
        if (slow !== undefined) slow.copied += 1
        // It may never say how long it took: the copy's end ends it.
        if (beside) placement.took(only.worker, turnMs(only, nowMs), stage.totalMs / stage.durationsMs.length)
        copies += 1
      }
    }
    return copies
  }

  /**
   * The worker is lost. A task with which one after the other ends may be what ends them: it is not given to all there are. Who is only
   * silent may be on a machine with too much to do, as all are at once.
   */
  lost(node: NodeId, ended: boolean): void {
    const suspects = ended ? this.#board.attemptsAt(node).map(({ task }) => task) : []
    this.restart(node)
    for (const task of suspects) {
      if (++troubleOf(task).losses < lossesAtMost || task.state === "done" || task.state === "dropped") continue
      const message = `${lossesAtMost} workers ended one after the other while they ran it: it may end them, or take more memory than there is`
      this.#board.failStage(task.stage, { kind: "machine", message, operator: task.stage.spec.label })
    }
  }

  /** What was launched there is not known to run: it is launched anew, perhaps elsewhere. */
  restart(node: NodeId): void {
    for (const attempt of this.#board.attemptsAt(node)) {
      this.endAttempt(attempt)
      if (attempt.task.state === "running" && attempt.task.first === null) this.#board.analyseLater(attempt.task)
    }
  }

  /** What was to go to a worker that is lost looks for another. */
  unbind(node: NodeId): void {
    for (const pool of pools) {
      const queue = this.#bound[pool].get(node)
      this.#bound[pool].delete(node)
      for (let task = queue?.pop(); task !== undefined; task = queue?.pop()) if (task.state === "ready") this.#board.analyseLater(task)
    }
  }

  cancelAttempts(task: Task): void {
    if (task.first === null) return
    for (const attempt of attemptsOf(task)) {
      this.#board.options.outbox.cancel(attempt.worker, nameOfAttempt(attempt))
      this.endAttempt(attempt)
    }
  }

  endAttempt(attempt: Attempt): void {
    const { task } = attempt
    if (task.first === attempt) task.first = task.second
    task.second = null
    this.#board.running -= 1
    const { pool } = attempt
    for (const kept of this.#stalls.ended(attempt, this.#nowMs)) if (kept.state === "ready") this.#board.analyseLater(kept)
    if ((this.#bound[pool].get(attempt.worker)?.size ?? 0) > 0) this.#open[pool].add(attempt.worker)
  }

  #launch(task: Task, bound: NodeId | null, nowMs: number): void {
    const board = this.#board
    const { pool, order, spec } = task.stage
    const cost = board.cost(pool, order)
    const reads = task.reads ?? board.readsOf(task)
    task.reads = null
    const bytes = bound === null || cost !== undefined ? new LocalBytes() : null
    const inputs = launchInputs(reads, board.places, bytes)
    if (inputs === null) {
      board.analyseLater(task)
      return
    }
    const worker = bound ?? board.options.placement.choose(pool, bytes?.local ?? nothing, bytes?.total ?? 0, avoidedBy(task))
    if (worker === null) {
      // Others have room, but not for it: the next free one takes it.
      board.analyseLater(task)
      return
    }
    if (cost !== undefined) {
      if (bytes !== null) cost.movedBytes += bytes.total - (bytes.local.get(worker) ?? 0)
      if (!isTemporary(spec)) cost.recomputed += 1
    }
    this.#submit(task, worker, inputs, this.#affinityOf(task, reads, worker), nowMs)
  }

  #submit(task: Task, worker: NodeId, inputs: LaunchTask["inputs"], affinity: number | null, nowMs: number): void {
    const { stage, partition } = task
    const { outbox, questionStallMs } = this.#board.options
    task.attempt += 1
    const attempt: Attempt = { task, number: task.attempt, worker, pool: stage.pool, startedMs: nowMs }
    if (task.first === null) task.first = attempt
    else task.second = attempt
    this.#board.running += 1
    task.state = "running"
    stage.startedMs ??= nowMs
    this.#stalls.began(attempt, nowMs)
    this.#launched += 1
    if (stage.sent === null) {
      const spec = trimStage(stage.spec)
      stage.sent = { spec, divisible: isDivisible(spec.root) }
    }
    const launch = {
      task: nameOfAttempt(attempt),
      stage: outbox.place(worker, stage.sent),
      partition,
      attempt: task.attempt,
      pool: stage.pool,
      timeoutMs: stage.timeoutMs,
      affinity,
      inputs,
    }
    outbox.launch(worker, this.#board.servesStreams(stage) ? launch : { ...launch, stallMs: questionStallMs })
  }

  /** State and its followers stay where the state is. */
  #homeOf(task: Task, reads: readonly InputRef[]): { readonly worker: NodeId; readonly affinity: number } | null {
    const { chains, placement } = this.#board.options
    const { spec } = task.stage
    let home = null
    const state = stateOf(reads)
    if (state !== null) {
      const n = chains.partitions(state.stream)
      if (n > 0) home = placement.home(n, state.partition)
    } else if (
      spec.write.kind === "state" ||
      spec.write.kind === "stretch" ||
      (spec.write.kind === "store" && reads.some(ref => ref.kind === "shuffle"))
    ) {
      home = placement.home(spec.partitions, task.partition)
    }
    const avoid = avoidedBy(task)
    if (home === null || (avoid.includes(home.worker) && placement.size > avoid.length)) return null
    return home
  }

  /** A compressed file is unpacked once if one worker reads all of its splits. */
  #readerOf(task: Task): NodeId | null {
    const { write } = task.stage.spec
    const split = write.kind === "read" ? write.split : null
    return split?.packed === undefined ? null : this.#board.options.placement.reader(split.path, avoidedBy(task))
  }

  #affinityOf(task: Task, reads: readonly InputRef[], worker: NodeId): number | null {
    const home = this.#homeOf(task, reads)
    if (home !== null) return home.worker === worker ? home.affinity : task.partition
    const { write } = task.stage.spec
    return write.kind === "state" || write.kind === "stretch" ? task.partition : null
  }

  #boundQueue(pool: Pool, node: NodeId): TaskQueue {
    let queue = this.#bound[pool].get(node)
    if (queue === undefined) {
      queue = new TaskQueue()
      this.#bound[pool].set(node, queue)
    }
    return queue
  }
}

function stateOf(reads: readonly InputRef[]): Extract<InputRef, { kind: "state" }> | null {
  for (let i = 0; i < reads.length; i++) {
    const ref = reads[i] as InputRef
    if (ref.kind === "state") return ref
  }
  return null
}
