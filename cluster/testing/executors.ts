/**
 * A worker's executors, simulated: each runs the production TaskRunner, inline, one task after the other, at the end of a
 * time drawn from a cost model. Inputs are read at that end: memory that the worker gave away too early shows.
 */

import {
  type FailedRun,
  progressLength,
  type TaskFailure,
  type TaskInput,
  type TaskLimits,
  type TaskProgress,
  type TaskResult,
  type TaskRun,
} from "../../engine/task.js"
import type { NodeEvent } from "../ports.js"
import { surelyEnds, tookTooLong, withinRealTime } from "./real-limit.js"
import type { Timer, World } from "./world.js"

/** `engine/task-runner.ts`, as far as it is used here. */
export interface Runner {
  addAsset(hash: string, bytes: Uint8Array): void
  dropAssets(hashes: readonly string[]): void
  run(run: TaskRun, progress: TaskProgress | null): TaskResult
  forgetState(stream: string, before: number): void
}

export interface CostModel {
  readonly baseMs: number
  /** Added, exponentially distributed. */
  readonly meanMs: number
  /** A task that takes `hangMs` more: a slow machine, not a slow program. */
  readonly hang: number
  readonly hangMs: number
  /** Added for each input that the task reads. */
  readonly inputMs?: (input: TaskInput) => number
}

/** As of the real ones. */
const longMs = 150
const noProgress: TaskProgress = new Int32Array(progressLength)

export const defaultCosts: CostModel = { baseMs: 0.5, meanMs: 1.5, hang: 0, hangMs: 0 }

interface Submitted {
  readonly task: string
  readonly run: TaskRun
  readonly limits: TaskLimits
}

interface Running {
  readonly task: string
  readonly end: Timer
  readonly limit: Timer
  readonly long: Timer
}

interface Executor {
  runner: Runner
  /** Behind the one that runs, oldest first. */
  waiting: Submitted[]
  running: Running | null
  /** Each in a thread of its own. */
  readonly apart: Map<string, Running>
}

export class SimulatedExecutors {
  costs: CostModel = defaultCosts
  /** A slow node: all takes so many times as long. */
  factor = 1
  /** Tasks that were run to their end. */
  ran = 0
  readonly #world: World
  readonly #make: () => Runner
  readonly #dispatch: (event: NodeEvent) => void
  readonly #assets = new Map<string, Uint8Array>()
  readonly #executors: Executor[] = []
  readonly #endless: boolean
  readonly #progress: TaskProgress = new Int32Array(progressLength)

  /** `endless`: functions may come that never end. */
  constructor(world: World, makeRunner: () => Runner, dispatch: (event: NodeEvent) => void, endless = false) {
    this.#world = world
    this.#make = makeRunner
    this.#dispatch = dispatch
    this.#endless = endless
  }

  /** What the worker was sent, by hash. */
  get assets(): ReadonlyMap<string, Uint8Array> {
    return this.#assets
  }

  submit(task: string, number: number, run: TaskRun, limits: TaskLimits): void {
    this.#executor(number).waiting.push({ task, run, limits })
    this.#next(number)
  }

  #next(number: number): void {
    const executor = this.#executor(number)
    const next = executor.running === null ? executor.waiting.shift() : undefined
    if (next === undefined) return
    const { task, run, limits } = next
    const { timeoutMs } = limits
    const { random } = this.#world
    const workMs = this.costs.baseMs + random.exponential(this.costs.meanMs) + inputMs(this.costs, run)
    const ms = workMs * this.factor + (random.chance(this.costs.hang) ? this.costs.hangMs : 0)
    const { runner } = executor
    const end = this.#world.after(ms, () => {
      this.#end(executor, task)
      this.#finish(executor, runner, next, number, ms)
      this.#next(number)
    })
    const limit = this.#world.after(Math.min(timeoutMs, 2 ** 40), () => {
      this.#respawn(executor, task)
      this.#failed(task, number, tookTooLong(limits, noProgress, this.#assets), timeoutMs)
      this.#next(number)
    })
    const long = this.#world.after(longMs, () => this.#dispatch({ kind: "taskLong", task, executor: number, ms: longMs }))
    executor.running = { task, end, limit, long }
  }

  dropAssets(hashes: readonly string[]): void {
    for (const hash of hashes) this.#assets.delete(hash)
    for (const { runner } of this.#executors) runner.dropAssets(hashes)
  }

  addAsset(hash: string, bytes: Uint8Array): void {
    this.#assets.set(hash, bytes.slice())
    for (const { runner } of this.#executors) runner.addAsset(hash, bytes.slice())
  }

  kill(task: string, number: number): void {
    const executor = this.#executor(number)
    const at = executor.waiting.findIndex(waiting => waiting.task === task)
    if (at >= 0) executor.waiting.splice(at, 1)
    else if (executor.running?.task === task || executor.apart.has(task)) this.#respawn(executor, task)
    else return
    // As of a thread: it is seen to have ended a little later.
    this.#world.after(0.1, () => {
      this.#failed(task, number, { kind: "killed", message: "its thread was ended" }, 0)
      this.#next(number)
    })
  }

  /** What runs there goes on with a runner of its own; the next may begin. */
  setApart(task: string, number: number): void {
    const executor = this.#executor(number)
    if (executor.running?.task !== task) return
    executor.apart.set(task, executor.running)
    executor.running = null
    executor.runner = this.#spawn()
    this.#next(number)
  }

  forgetState(stream: string, before: number): void {
    for (const { runner } of this.#executors) runner.forgetState(stream, before)
  }

  /** The process ends: nothing that runs will be heard of. */
  stop(): void {
    for (const executor of this.#executors) {
      for (const task of [executor.running?.task, ...executor.apart.keys()]) if (task !== undefined) this.#end(executor, task)
      executor.waiting = []
    }
  }

  #finish(executor: Executor, runner: Runner, { task, run, limits }: Submitted, number: number, ms: number): void {
    let result: TaskResult | null
    try {
      result = this.#result(runner, run, limits)
    } catch (error) {
      const failure = (error as { failure?: FailedRun }).failure
      this.#failed(task, number, failure ?? machineFailure(error), ms)
      return
    }
    if (result === null) {
      // Left in the middle of something, as a thread that is ended.
      if (executor.runner === runner) executor.runner = this.#spawn()
      return this.#failed(task, number, tookTooLong(limits, this.#progress, this.#assets), limits.timeoutMs)
    }
    this.ran += 1
    // A real result crosses a thread: nothing in it is shared.
    const outputs = result.outputs.map(output => ({ ...output, bytes: output.bytes.slice() }))
    this.#dispatch({ kind: "taskDone", task, executor: number, result: { ...result, outputs }, ms })
  }

  /** Null: it did not end in its time. */
  #result(runner: Runner, run: TaskRun, limits: TaskLimits): TaskResult | null {
    if (!this.#endless || surelyEnds(run.stage, this.#assets)) return runner.run(run, null)
    const progress = limits.stallMs !== undefined || run.attempt > 1 ? this.#progress.fill(0) : null
    return withinRealTime<TaskResult | null>(
      limits.timeoutMs,
      () => runner.run(run, progress),
      () => null,
    )
  }

  #failed(task: string, executor: number, failure: FailedRun, ms: number): void {
    this.#dispatch({ kind: "taskFailed", task, executor, failure, ms })
  }

  #executor(number: number): Executor {
    while (this.#executors.length <= number) this.#executors.push({ runner: this.#spawn(), waiting: [], running: null, apart: new Map() })
    return this.#executors[number]!
  }

  #spawn(): Runner {
    const runner = this.#make()
    for (const [hash, bytes] of this.#assets) runner.addAsset(hash, bytes.slice())
    return runner
  }

  #end(executor: Executor, task: string): void {
    const running = executor.running?.task === task ? executor.running : executor.apart.get(task)
    if (running === undefined) return
    running.end.cancelled = true
    running.limit.cancelled = true
    running.long.cancelled = true
    if (running === executor.running) executor.running = null
    else executor.apart.delete(task)
  }

  #respawn(executor: Executor, task: string): void {
    if (executor.running?.task === task) executor.runner = this.#spawn()
    this.#end(executor, task)
  }
}

function inputMs({ inputMs }: CostModel, { inputs }: TaskRun): number {
  return inputMs === undefined ? 0 : inputs.reduce((ms, input) => ms + inputMs(input), 0)
}

function machineFailure(error: unknown): TaskFailure {
  if (!(error instanceof Error)) return { kind: "machine", message: String(error) }
  return { kind: "machine", message: error.message, errorName: error.name, ...(error.stack !== undefined && { stack: error.stack }) }
}
