/**
 * A stage while it is wanted: its tasks, who waits for it, and what it is for. Stages are cut at shuffles and at stored
 * results (the paper's §4.1 via Dryad and Spark); what a stage makes is named by its output, so jobs share it.
 */

import type { InputRef, OutputId } from "../../engine/rdd.js"
import type { StageSpec } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type { Pool } from "./placement.js"

/** waiting → ready → running → done; back to waiting when a result or an input is lost; dropped when nobody wants it. */
export type TaskState = "waiting" | "ready" | "running" | "done" | "dropped"

export interface Attempt {
  readonly id: string
  readonly task: Task
  readonly worker: NodeId
  readonly startedMs: number
}

export interface Task {
  readonly stage: Stage
  readonly partition: number
  state: TaskState
  reads: readonly InputRef[] | null
  /** On how many absent things it waits. */
  waits: number
  /** Number of the last attempt. Attempt 1 is the first. */
  attempt: number
  /** At workers now: mostly one, two while a slow one has got a copy. */
  readonly attempts: Attempt[]
  userFailures: number
  machineFailures: number
  fetchFailures: number
  /** Workers that were lost while they ran it. */
  losses: number
  /** Where it failed. */
  avoid: readonly NodeId[]
}

export interface Stage {
  readonly spec: StageSpec
  /** Of this master's stages it alone has this name: short, for its tasks are named after it. */
  readonly name: string
  /** What goes to workers: without what lies behind its cuts. Made when the first task is launched. */
  sent: SentStage | null
  /** What each partition reads. Made when the first task is looked at. */
  reads: ((partition: number) => readonly InputRef[]) | null
  readonly pool: Pool
  /** Lower goes first. */
  readonly order: number
  readonly timeoutMs: number
  readonly tasks: Map<number, Task>
  /** Wanted tasks that are not done. */
  open: number
  /** Jobs (`job:<id>`) and stages (by output) that want it. Dropped when there is none. */
  readonly consumers: Set<string>
  /** Stages it reads from, by output; `holding` while it has open tasks. */
  dependencies: ReadonlyMap<OutputId, StageSpec> | null
  readonly holding: Set<OutputId>
  readonly waiters: Task[]
  /** Shuffles that it reads and that are still being made. Until they are there its tasks are not looked at one by one. */
  gates: number
  readonly gated: Task[]
  /** Stages that it is a gate of. */
  readonly gateOf: Set<Stage>
  readonly partWaiters: Map<number, Task[]>
  startedMs: number | null
  endedMs: number | null
  readonly durationsMs: number[]
  /** Their sum. */
  totalMs: number
  /** Of its tasks that are done. */
  slowest: { readonly worker: NodeId; readonly ms: number } | null
}

/** A stage as it travels. `divisible`: some of it is for some of its tasks only. */
export interface SentStage {
  readonly spec: StageSpec
  readonly divisible: boolean
}

export function makeStage(name: string, spec: StageSpec, pool: Pool, order: number, timeoutMs: number): Stage {
  return {
    spec,
    name,
    sent: null,
    reads: null,
    pool,
    order,
    timeoutMs,
    tasks: new Map(),
    open: 0,
    consumers: new Set(),
    dependencies: null,
    holding: new Set(),
    waiters: [],
    gates: 0,
    gated: [],
    gateOf: new Set(),
    partWaiters: new Map(),
    startedMs: null,
    endedMs: null,
    durationsMs: [],
    totalMs: 0,
    slowest: null,
  }
}

const nowhere: readonly NodeId[] = Object.freeze([])

export function makeTask(stage: Stage, partition: number): Task {
  return {
    stage,
    partition,
    state: "waiting",
    reads: null,
    waits: 0,
    attempt: 0,
    attempts: [],
    userFailures: 0,
    machineFailures: 0,
    fetchFailures: 0,
    losses: 0,
    avoid: nowhere,
  }
}

/** Shuffle regions, answers and read splits go when their stage does; stored results and state stay with their stream. */
export function isTemporary(spec: StageSpec): boolean {
  return spec.write.kind !== "store" && spec.write.kind !== "state"
}

/** A heap by (order, sequence): oldest work first, and of equals the one that became ready first. */
export class TaskQueue {
  readonly #heap: { readonly task: Task; readonly order: number; readonly sequence: number }[] = []
  #sequence = 0

  get size(): number {
    return this.#heap.length
  }

  push(task: Task): void {
    this.#heap.push({ task, order: task.stage.order, sequence: this.#sequence++ })
    let i = this.#heap.length - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!this.#less(i, parent)) break
      this.#swap(i, parent)
      i = parent
    }
  }

  peek(): Task | undefined {
    return this.#heap[0]?.task
  }

  pop(): Task | undefined {
    const top = this.#heap[0]
    const last = this.#heap.pop()
    if (top === undefined || last === undefined) return undefined
    if (this.#heap.length > 0) {
      this.#heap[0] = last
      let i = 0
      for (;;) {
        let least = i
        if (2 * i + 1 < this.#heap.length && this.#less(2 * i + 1, least)) least = 2 * i + 1
        if (2 * i + 2 < this.#heap.length && this.#less(2 * i + 2, least)) least = 2 * i + 2
        if (least === i) break
        this.#swap(i, least)
        i = least
      }
    }
    return top.task
  }

  #less(a: number, b: number): boolean {
    const x = this.#heap[a] as { order: number; sequence: number }
    const y = this.#heap[b] as { order: number; sequence: number }
    return x.order !== y.order ? x.order < y.order : x.sequence < y.sequence
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap
    const held = heap[a] as (typeof heap)[number]
    heap[a] = heap[b] as (typeof heap)[number]
    heap[b] = held
  }
}
