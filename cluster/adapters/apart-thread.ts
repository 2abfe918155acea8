/**
 * A thread that was left to one task which takes long, or for ever: the executor that it was has gone on with another. It ends
 * with its task.
 */

import type { Worker } from "node:worker_threads"
import type { TaskFailure, TaskResult } from "../../engine/task.js"
import { type ExecutorTask, type FromThread, processMs, type Slots, slotState } from "./executor-messages.js"
import { overLimits, threadEnded } from "./task-limits.js"
import type { TaskTime } from "./thread-time.js"

export interface ApartThreadOptions {
  readonly worker: Worker
  readonly slots: Slots
  readonly slot: number
  readonly task: ExecutorTask
  readonly time: TaskTime
  readonly onDone: (result: TaskResult, ms: number) => void
  readonly onFailed: (failure: TaskFailure, ms: number) => void
  /** Limit of the thread's JavaScript heap. */
  readonly heapMb: number | undefined
  /** The functions that the thread has. */
  readonly assets: ReadonlyMap<string, Uint8Array>
}

export class ApartThread {
  private over = false

  constructor(private readonly options: ApartThreadOptions) {
    const { worker, slots, slot } = options
    // What else lies in its inbox runs elsewhere.
    for (let other = 0; other < slots.states.length; other++)
      Atomics.compareExchange(slots.states, other, slotState.posted, slotState.cancelled)
    // Not all of them: a Worker listens to itself for who listens, and without that it would never read its port again.
    for (const event of ["message", "error", "exit"]) worker.removeAllListeners(event)
    worker.on("message", (message: FromThread) => {
      if (message.kind !== "finished" || message.slot !== slot || this.over) return
      this.end()
      if ("result" in message) options.onDone(message.result, message.ms)
      else if ("failure" in message) options.onFailed(message.failure, message.ms)
    })
    worker.on("error", error => this.fail(threadEnded(error, options.heapMb)))
    worker.on("exit", () =>
      this.fail(threadEnded(new Error("the executor thread ended: does a function call process.exit?"), options.heapMb)),
    )
  }

  get task(): ExecutorTask {
    return this.options.task
  }

  /** Ends it if its task runs longer than it may. */
  checkTimeout(pausedMs: number): void {
    const { time, task, slots, assets } = this.options
    const failure = overLimits(task.limits, time, time.ranMs(processMs(), pausedMs), slots.progress, assets)
    if (failure !== null) this.fail(failure)
  }

  fail(failure: TaskFailure): void {
    if (this.over) return
    const ms = processMs() - this.options.time.startedMs
    this.end()
    this.options.onFailed(failure, ms)
  }

  end(): Promise<number> {
    this.over = true
    return this.options.worker.terminate()
  }
}
