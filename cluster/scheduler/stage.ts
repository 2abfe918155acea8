/**
 * A stage while it is wanted: its tasks, who waits for it, and what it is for. Stages are cut at shuffles and at stored
 * results (the paper's §4.1 via Dryad and Spark); what a stage makes is named by its output, so jobs share it.
 */

import type { InputRef, OutputId } from "../../engine/rdd.js"
import type { StageSpec, TaskFailure } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type { Pool } from "./placement.js"

/** waiting → ready → running → done; back to waiting when a result or an input is lost; dropped when nobody wants it. */
export type TaskState = "waiting" | "ready" | "running" | "done" | "dropped"

/** A run of a task at a worker; `number` 1 is the first. There are as many as tasks: what follows from these is not kept. */
export interface Attempt {
  readonly task: Task
  readonly number: number
  readonly worker: NodeId
  /** Of the stage when it was launched. */
  readonly pool: Pool
  readonly startedMs: number
}

export interface Task {
  readonly stage: Stage
  readonly partition: number
  state: TaskState
  /** On how many absent things it waits. */
  waits: number
  /** What it reads, while it is ready. */
  reads: readonly InputRef[] | null
  /** Number of the last attempt. */
  attempt: number
  /** At a worker now. */
  first: Attempt | null
  /** At another one, too, for the first is slow. */
  second: Attempt | null
  /** Null: nothing went wrong yet. */
  trouble: Trouble | null
}

/** What went wrong with a task. */
export interface Trouble {
  userFailures: number
  /** Where the user's function is that failed: not every attempt can tell. */
  origin: TaskFailure["origin"] | undefined
  machineFailures: number
  fetchFailures: number
  /** Workers that ended while they ran it. */
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
  /** What questions began is a stream's once one wants it. */
  pool: Pool
  /** Lower goes first. */
  order: number
  timeoutMs: number
  readonly tasks: TaskTable
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
  /** How long its tasks took that are done. */
  readonly durationsMs: number[]
  /** Their turns (`speculation.ts`), of those that were not given up meanwhile. */
  readonly turnsMs: number[]
  /** When a worker last ended one of its tasks. */
  readonly lastEndMs: Map<NodeId, number>
  /** Of `durationsMs`. */
  totalMs: number
  /** Of its tasks that are done. */
  slowest: { readonly worker: NodeId; readonly ms: number; readonly partition: number } | null
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
    tasks: new TaskTable(spec.partitions),
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
    turnsMs: [],
    lastEndMs: new Map(),
    totalMs: 0,
    slowest: null,
  }
}

const nowhere: readonly NodeId[] = Object.freeze([])

export function makeTask(stage: Stage, partition: number): Task {
  return { stage, partition, state: "waiting", waits: 0, reads: null, attempt: 0, first: null, second: null, trouble: null }
}

export function troubleOf(task: Task): Trouble {
  task.trouble ??= { userFailures: 0, origin: undefined, machineFailures: 0, fetchFailures: 0, losses: 0, avoid: nowhere }
  return task.trouble
}

export const avoidedBy = (task: Task): readonly NodeId[] => task.trouble?.avoid ?? nowhere

/** The name under which workers know it. */
export function nameOfAttempt({ task: { stage, partition }, number }: Attempt): string {
  if (number > 1) return `${stage.name}/${partition}.${number}`
  firstAttempts[partition] ??= `/${partition}.1`
  return stage.name + firstAttempts[partition]
}

/** How names of first attempts end, by partition: most tasks have no other. */
const firstAttempts: string[] = []

export function attemptsOf({ first, second }: Task): readonly Attempt[] {
  if (first === null) return []
  return second === null ? [first] : [first, second]
}

/** A stage's tasks by partition, of which some may not be wanted. */
export class TaskTable {
  readonly #tasks: (Task | undefined)[]
  #size = 0

  constructor(partitions: number) {
    this.#tasks = new Array<Task | undefined>(partitions).fill(undefined)
  }

  get size(): number {
    return this.#size
  }

  get(partition: number): Task | undefined {
    return this.#tasks[partition]
  }

  add(task: Task): void {
    this.#tasks[task.partition] = task
    this.#size += 1
  }

  /** In the order of their partitions. */
  forEach(use: (task: Task) => void): void {
    for (const task of this.#tasks) if (task !== undefined) use(task)
  }
}

/** Shuffle regions, answers and read splits go when their stage does; stored results and state stay with their stream. */
export function isTemporary(spec: StageSpec): boolean {
  return spec.write.kind !== "store" && spec.write.kind !== "state"
}

/**
 * Oldest work first, and of equals the one that became ready first. Work becomes ready nearly in that order, so a list does: what comes
 * sooner than the last of them is put where it belongs.
 */
export class TaskQueue {
  #tasks: Task[] = []
  /** Those before it are gone. */
  #first = 0

  get size(): number {
    return this.#tasks.length - this.#first
  }

  push(task: Task): void {
    const tasks = this.#tasks
    const { order } = task.stage
    let low = this.#first
    let high = tasks.length
    if (high === low || (tasks[high - 1] as Task).stage.order <= order) {
      tasks.push(task)
      return
    }
    while (low < high) {
      const middle = (low + high) >> 1
      if ((tasks[middle] as Task).stage.order <= order) low = middle + 1
      else high = middle
    }
    tasks.push(task)
    tasks.copyWithin(low + 1, low, tasks.length - 1)
    tasks[low] = task
  }

  peek(): Task | undefined {
    return this.#tasks[this.#first]
  }

  pop(): Task | undefined {
    if (this.#first === this.#tasks.length) return undefined
    const task = this.#tasks[this.#first++]
    if (this.#first === this.#tasks.length) {
      this.#tasks.length = 0
      this.#first = 0
    } else if (this.#first >= goneAtMost && 2 * this.#first >= this.#tasks.length) {
      this.#tasks = this.#tasks.slice(this.#first)
      this.#first = 0
    }
    return task
  }
}

const goneAtMost = 64
