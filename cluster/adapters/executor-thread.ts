/**
 * One executor as the worker's main thread sees it: what waits for it, what lies in its inbox, and its end and rebirth.
 *
 *     waiting ── post ──▶ posted ──▶ running ──▶ done | failed
 *        │                  │           │
 *        └── killed ◀───────┘           └── thread ended: killed | timeout | machine; all others posted wait again
 *
 * Tasks are deterministic, so one whose result was lost with its thread simply runs again.
 */

import type { FailedRun, TaskFailure, TaskResult } from "../../engine/task.js"
import { ApartThread } from "./apart-thread.js"
import { type ExecutorTask, type FinishedTask, type PostedTask, processMs, type Slots, slotCount, slotState } from "./executor-messages.js"
import { overLimits, threadEnded } from "./task-limits.js"
import type { TaskThread, ThreadOwner } from "./task-thread.js"
import type { ThreadSupply } from "./thread-supply.js"
import { TaskTime } from "./thread-time.js"

export interface ExecutorThreadOptions {
  readonly supply: ThreadSupply
  readonly niceness: number
  /** Limit of the threads' JavaScript heap; Node's own if absent. */
  readonly heapMb: number | undefined
  /** The functions that threads have. */
  readonly assets: ReadonlyMap<string, Uint8Array>
  readonly onDone: (task: string, result: TaskResult, ms: number) => void
  readonly onFailed: (task: string, failure: FailedRun, ms: number) => void
  /** Once, of a task that runs for a while. */
  readonly onLong: (task: string, ms: number) => void
}

interface Posted extends ExecutorTask {
  /** Grows with each posting. */
  readonly order: number
  /** Its end was already told. */
  told: boolean
  /** It was told that it takes long. */
  long: boolean
}

/** A task that has run so long by the clock is told to be long … */
const longMs = 150
/** … and after so long somebody may soon need another thread. */
const maybeLongMs = 75

export class ExecutorThread implements ThreadOwner {
  private thread: TaskThread | null = null
  private waiting: ExecutorTask[] = []
  private posted: (Posted | null)[] = new Array(slotCount).fill(null)
  private flushing = false
  private order = 0
  private closed = false
  /** Of the task that was seen to run. */
  private time: TaskTime | null = null
  /** How long the process was stopped so far. */
  private pausedMs = 0
  private readonly apart = new Set<ApartThread>()

  constructor(private readonly options: ExecutorThreadOptions) {
    this.renew()
  }

  isBusy(): boolean {
    return this.apart.size > 0 || this.posted.some(task => task !== null)
  }

  submit(task: ExecutorTask): void {
    this.waiting.push(task)
    // All that is submitted in one turn goes in one message: the stage, which they share, is then copied once.
    if (this.flushing) return
    this.flushing = true
    queueMicrotask(() => {
      this.flushing = false
      this.flush()
    })
  }

  /** What a task made has been taken out of it: its thread may use it for the next. */
  outputOver(bytes: Uint8Array): void {
    this.thread?.outputOver(bytes)
  }

  /** Ends a task wherever it is. A task that is not here is left alone: its end has been told. */
  kill(name: string): void {
    for (const thread of this.apart)
      if (thread.task.task === name) {
        thread.fail({ kind: "killed", message: "cancelled" })
        return
      }
    const at = this.waiting.findIndex(({ task }) => task === name)
    if (at >= 0) {
      this.waiting.splice(at, 1)
      this.options.onFailed(name, { kind: "killed", message: "cancelled before it began" }, 0)
      return
    }
    const slot = this.posted.findIndex(posted => posted !== null && posted.task === name && !posted.told)
    if (slot < 0) return
    if (Atomics.compareExchange(this.slots!.states, slot, slotState.posted, slotState.cancelled) === slotState.posted) {
      this.posted[slot]!.told = true
      this.options.onFailed(name, { kind: "killed", message: "cancelled before it began" }, 0)
    } else this.restart(slot, { kind: "killed", message: "cancelled" })
  }

  /** The task goes on in the thread it has; all others here get another one. */
  setApart(name: string): void {
    const slot = this.posted.findIndex(posted => posted?.task === name && !posted.told)
    // Else it is over.
    if (slot >= 0 && this.isRunning(slot)) this.leave(slot)
  }

  private leave(slot: number): void {
    const { supply, niceness, onDone, onFailed, heapMb, assets } = this.options
    const task = this.posted[slot]!
    const left = this.thread!
    const time = this.time ?? new TaskTime(left.id, left.slots.startedMs[slot]!, this.pausedMs)
    this.waiting = [...this.takePosted().filter(other => other !== task), ...this.waiting]
    const apart = new ApartThread({
      ...{ thread: left, slot, task, time, niceness, heapMb, assets },
      onDone: (result, ms) => {
        this.apart.delete(apart)
        onDone(task.task, result, ms)
      },
      onIdle: () => supply.back(left, processMs()),
      onFailed: (failure, ms) => {
        this.apart.delete(apart)
        onFailed(task.task, failure, ms)
      },
    })
    this.apart.add(apart)
    this.renew()
    this.flush()
  }

  private get slots(): Slots | undefined {
    return this.thread?.slots
  }

  private isRunning(slot: number): boolean {
    return this.slots !== undefined && Atomics.load(this.slots.states, slot) === slotState.running
  }

  /** Ends the thread if its task runs longer than it may. Gives whether it may soon have to be done without. */
  checkTimeout(pausedMs: number): boolean {
    this.pausedMs = pausedMs
    for (const thread of this.apart) thread.checkTimeout(pausedMs)
    const slot = this.posted.findIndex((posted, slot) => posted !== null && !posted.told && this.isRunning(slot))
    if (slot < 0) return this.apart.size > 0
    const posted = this.posted[slot]!
    const { slots, id } = this.thread!
    const startedMs = slots.startedMs[slot]!
    if (this.time?.startedMs !== startedMs) this.time = new TaskTime(id, startedMs, pausedMs)
    const nowMs = processMs()
    const failure = overLimits(posted.limits, this.time, this.time.ranMs(nowMs, pausedMs), slots.progress, this.options.assets)
    if (failure !== null) {
      this.restart(slot, failure)
      return true
    }
    const clockMs = this.time.clockMs(nowMs, pausedMs)
    if (!posted.long && clockMs > longMs) {
      posted.long = true
      // Whoever hears it may set the task apart: then nothing here is as it was.
      this.options.onLong(posted.task, clockMs)
    }
    return clockMs > maybeLongMs || this.apart.size > 0
  }

  /** What it has given out is not told any more; its thread ends with the supply. */
  close(): void {
    this.closed = true
    this.waiting = []
    this.posted.fill(null)
    if (this.thread !== null) this.thread.owner = null
    this.thread = null
  }

  private flush(): void {
    if (this.closed || this.waiting.length === 0) return
    if (this.thread === null) this.renew()
    const { slots } = this.thread!
    const tasks: PostedTask[] = []
    for (let slot = 0; slot < slotCount && this.waiting.length > 0; slot++) {
      if (this.posted[slot] !== null) continue
      const task = this.waiting.shift()!
      this.posted[slot] = { ...task, order: this.order++, told: false, long: false }
      Atomics.store(slots.states, slot, slotState.posted)
      tasks.push({ slot, run: task.run, counts: task.limits.stallMs !== undefined || task.run.attempt > 1 })
    }
    if (tasks.length > 0) this.thread!.post({ kind: "run", tasks })
  }

  private renew(): void {
    const { supply, niceness } = this.options
    this.thread = supply.take(niceness)
    this.thread.owner = this
    this.time = null
  }

  finished(message: FinishedTask): void {
    const posted = this.posted[message.slot]
    this.posted[message.slot] = null
    Atomics.store(this.slots!.states, message.slot, slotState.free)
    // The thread gets its next task before anybody reacts to this one.
    this.flush()
    if (posted == null || posted.told) return
    if ("result" in message) this.options.onDone(posted.task, message.result, message.ms)
    else if ("failure" in message) this.options.onFailed(posted.task, message.failure, message.ms)
  }

  ended(error: Error): void {
    if (this.closed) return
    const failure = threadEnded(error, this.options.heapMb)
    if (this.thread!.ready) {
      const running = this.posted.findIndex((posted, slot) => posted !== null && this.isRunning(slot))
      this.restart(running < 0 ? null : running, failure)
      return
    }
    // It never came up: another one would not either. Nothing is started again until there is a new task.
    const tasks = [...this.takePosted(), ...this.waiting]
    this.waiting = []
    this.thread = null
    for (const { task } of tasks) this.options.onFailed(task, failure, 0)
  }

  /** Ends the thread; the task in `slot` has failed, all others wait again in their order, for a new thread. */
  private restart(slot: number | null, failure: TaskFailure): void {
    const failed = slot === null ? null : this.posted[slot]!
    const ms = slot === null ? 0 : processMs() - this.slots!.startedMs[slot]!
    this.waiting = [...this.takePosted().filter(task => task !== failed), ...this.waiting]
    void this.thread?.end()
    this.renew()
    this.flush()
    if (failed !== null) this.options.onFailed(failed.task, failure, ms)
  }

  private takePosted(): Posted[] {
    const tasks = this.posted.filter(posted => posted !== null && !posted.told) as Posted[]
    this.posted.fill(null)
    return tasks.sort((a, b) => a.order - b.order)
  }
}
