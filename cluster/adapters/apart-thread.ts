/**
 * A thread that was left to one task which takes long, or for ever: the executor that it was has gone on with another.
 */

import type { FailedRun, TaskFailure, TaskResult } from "../../engine/task.js"
import { type ExecutorTask, type FinishedTask, processMs, slotState } from "./executor-messages.js"
import { overLimits, threadEnded } from "./task-limits.js"
import type { TaskThread, ThreadOwner } from "./task-thread.js"
import type { TaskTime } from "./thread-time.js"

/** It takes what others leave, and a tenth of the machine if they leave nothing. */
const addedNiceness = 10

export interface ApartThreadOptions {
  readonly thread: TaskThread
  readonly slot: number
  readonly task: ExecutorTask
  readonly time: TaskTime
  /** Of the executor that it was. */
  readonly niceness: number
  readonly onDone: (result: TaskResult, ms: number) => void
  /** Some time after: the thread has nothing more to do. */
  readonly onIdle: () => void
  /** The thread has been ended. */
  readonly onFailed: (failure: FailedRun, ms: number) => void
  /** Limit of the thread's JavaScript heap. */
  readonly heapMb: number | undefined
  /** The functions that the thread has. */
  readonly assets: ReadonlyMap<string, Uint8Array>
}

export class ApartThread implements ThreadOwner {
  private over = false

  constructor(private readonly options: ApartThreadOptions) {
    const { thread, slot } = options
    thread.owner = this
    // At once: several that never end would take most of a busy machine from those that stand behind them.
    thread.giveWay(options.niceness + addedNiceness)
    // What else lies in its inbox runs elsewhere.
    const { states } = thread.slots
    for (let other = 0; other < states.length; other++)
      if (other !== slot) Atomics.compareExchange(states, other, slotState.posted, slotState.cancelled)
  }

  get task(): ExecutorTask {
    return this.options.task
  }

  finished(message: FinishedTask): void {
    const { thread, slot, onDone, onIdle } = this.options
    Atomics.store(thread.slots.states, message.slot, slotState.free)
    if (message.slot === slot && !this.over) {
      if (!("result" in message)) return this.fail("failure" in message ? message.failure : { kind: "killed", message: "cancelled" })
      this.over = true
      onDone(message.result, message.ms)
    }
    if (!this.over) return
    // It ended just as it was set apart: the thread has gone on with the next task, which runs elsewhere now and may never end.
    if (thread.slots.states.some(state => state === slotState.running)) void thread.end()
    // Whoever has it next must not hear of what was taken out of its inbox.
    else if (thread.slots.states.every(state => state === slotState.free)) onIdle()
  }

  ended(error: Error): void {
    this.fail(threadEnded(error, this.options.heapMb))
  }

  /** Ends it if its task runs longer than it may. */
  checkTimeout(pausedMs: number): void {
    const { time, task, thread, assets } = this.options
    const failure = overLimits(task.limits, time, time.ranMs(processMs(), pausedMs), thread.slots.progress, assets)
    if (failure !== null) this.fail(failure)
  }

  fail(failure: TaskFailure): void {
    if (this.over) return
    this.over = true
    const { thread, time, onFailed } = this.options
    void thread.end()
    onFailed(failure, processMs() - time.startedMs)
  }
}
