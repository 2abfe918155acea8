/**
 * A worker's executors: threads over its block memory. The first `streams` serve the streams' tasks, the others queries,
 * at lower priority, so that a question does not make an interval late. User code runs only there: it can
 * stall neither acks nor heartbeats nor shuffles.
 */

import type { TaskLimits, TaskRun } from "../../engine/task.js"
import type { NodeEvent } from "../ports.js"
import { processMs } from "./executor-messages.js"
import { ExecutorThread } from "./executor-thread.js"
import { ThreadSupply } from "./thread-supply.js"

/** How often running tasks are compared with their time limit. */
const watchMs = 50
/** A look that comes so late was kept by the system. */
const pauseMs = 1_000
/** An asset this large is put where all threads can read it; a smaller one is copied to each. */
const sharedAssetBytes = 256 * 1024
const queryNiceness = 10

export interface ExecutorThreadsOptions {
  readonly memory: SharedArrayBuffer
  readonly streams: number
  readonly queries: number
  readonly onEvent: (event: Extract<NodeEvent, { kind: "taskDone" | "taskFailed" | "taskLong" }>) => void
  /** Limit of each thread's JavaScript heap; Node's own if absent. */
  readonly heapMb?: number
  /** Threads that stand ready at most, for when a task is set apart. Default one for each executor. */
  readonly spares?: number
  /** Memory is short: little is kept for later. Default false. */
  readonly frugal?: boolean
  /** Module that exports `TaskRunner`; the engine's, unless a test has its own. */
  readonly runner?: string
}

export class ExecutorThreads {
  private readonly threads: ExecutorThread[]
  private readonly supply: ThreadSupply
  private readonly assets = new Map<string, Uint8Array>()
  private readonly watch: NodeJS.Timeout

  constructor(options: ExecutorThreadsOptions) {
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."))
    const runner = options.runner ?? new URL(`./task-runner${extension}`, import.meta.url).href
    const { memory, streams, queries, heapMb, frugal = false, spares = streams + queries } = options
    this.supply = new ThreadSupply({ memory, runner, heapMb, assets: this.assets, spares, frugal })
    this.threads = Array.from({ length: streams + queries }, (_, executor) => {
      return new ExecutorThread({
        supply: this.supply,
        heapMb,
        niceness: executor < streams ? 0 : queryNiceness,
        assets: this.assets,
        onDone: (task, result, ms) => options.onEvent({ kind: "taskDone", task, executor, result, ms }),
        onFailed: (task, failure, ms) => options.onEvent({ kind: "taskFailed", task, executor, failure, ms }),
        onLong: (task, ms) => options.onEvent({ kind: "taskLong", task, executor, ms }),
      })
    })
    let pausedMs = 0
    let lookedMs = processMs()
    this.watch = setInterval(() => {
      const sinceMs = processMs() - lookedMs
      lookedMs += sinceMs
      // All of it stood still: nobody's task is to blame.
      if (sinceMs > pauseMs) pausedMs += sinceMs - watchMs
      let long = false
      for (const thread of this.threads) if (thread.isBusy() && thread.checkTimeout(pausedMs)) long = true
      if (long) this.supply.keepOne(lookedMs)
      else this.supply.trim(lookedMs)
    }, watchMs)
    this.watch.unref()
  }

  /** Tasks of one executor run in the order submitted. An event follows for each, once. */
  submit(task: string, executor: number, run: TaskRun, limits: TaskLimits): void {
    this.at(executor).submit({ task, run, limits })
  }

  /** Known to all executors before any task that is submitted later. */
  asset(hash: string, bytes: Uint8Array): void {
    if (this.assets.has(hash)) return
    const shared = bytes.byteLength < sharedAssetBytes ? bytes : new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
    if (shared !== bytes) shared.set(bytes)
    this.assets.set(hash, shared)
    this.supply.tell({ kind: "asset", hash, bytes: shared })
  }

  dropAssets(hashes: readonly string[]): void {
    for (const hash of hashes) this.assets.delete(hash)
    this.supply.tell({ kind: "dropAssets", hashes })
  }

  kill(task: string, executor: number): void {
    this.at(executor).kill(task)
  }

  /** The task keeps its thread to itself; what was to run behind it gets another one. */
  setApart(task: string, executor: number): void {
    this.at(executor).setApart(task)
  }

  /** A slow machine, on purpose: each task takes so many times as long from now on. */
  slow(times: number): void {
    this.supply.slow(times)
  }

  /** The bytes are of what one of its tasks made, and nobody reads them any more. */
  outputOver(executor: number, bytes: Uint8Array): void {
    this.at(executor).outputOver(bytes)
  }

  forgetState(stream: string, before: number): void {
    this.supply.tell({ kind: "forgetState", stream, before })
  }

  async close(): Promise<void> {
    clearInterval(this.watch)
    for (const thread of this.threads) thread.close()
    await this.supply.close()
  }

  private at(executor: number): ExecutorThread {
    const thread = this.threads[executor]
    if (thread === undefined) throw new Error(`there is no executor ${executor}: this worker has ${this.threads.length}`)
    return thread
  }
}
