/**
 * One executor as the worker's main thread sees it: what waits for it, what lies in its inbox, and its end and rebirth.
 *
 *     waiting ── post ──▶ posted ──▶ running ──▶ done | failed
 *        │                  │           │
 *        └── killed ◀───────┘           └── thread ended: killed | timeout | machine; all others posted wait again
 *
 * Tasks are deterministic, so one whose result was lost with its thread simply runs again.
 */

import { Worker } from "node:worker_threads"
import type { TaskFailure, TaskResult } from "../../engine/task.js"
import { ApartThread } from "./apart-thread.js"
import {
  type ExecutorTask,
  type FromThread,
  type PostedTask,
  processMs,
  slotCount,
  slotState,
  slotsBytes,
  slotsOver,
  type ThreadStart,
  type ToThread,
} from "./executor-messages.js"
import { overLimits, threadEnded } from "./task-limits.js"
import { giveWay, TaskTime } from "./thread-time.js"

export interface ExecutorThreadOptions {
  readonly memory: SharedArrayBuffer
  /** URL of the module that exports `TaskRunner`. */
  readonly runner: string
  readonly niceness: number
  /** Limit of the thread's JavaScript heap; Node's own if absent. */
  readonly heapMb?: number
  /** All assets that were ever added: a new thread gets them first. */
  readonly assets: ReadonlyMap<string, Uint8Array>
  readonly onDone: (task: string, result: TaskResult, ms: number) => void
  readonly onFailed: (task: string, failure: TaskFailure, ms: number) => void
  /** Once, of a task that has run for a second. */
  readonly onLong: (task: string) => void
}

interface Posted extends ExecutorTask {
  /** Grows with each posting. */
  readonly order: number
  /** Its end was already told. */
  told: boolean
  /** It was told that it takes long. */
  long: boolean
}

/** A task that has run so long is told to be long; sooner where it may not take much more. */
const longMs = 1_000
/** Added to the niceness of a thread whose task was set apart: it takes what others leave, and a tenth of the machine if they leave nothing. */
const apartNiceness = 10
const longShare = 1 / 4

const entry = new URL(`./executor-thread-entry${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url)

export class ExecutorThread {
  private worker: Worker | null = null
  private ready = false
  private waiting: ExecutorTask[] = []
  private posted: (Posted | null)[] = new Array(slotCount).fill(null)
  private slots = slotsOver(new SharedArrayBuffer(slotsBytes))
  private flushing = false
  private order = 0
  private closed = false
  /** Its id in the system. */
  private thread: number | null = null
  /** Of the task that was seen to run. */
  private time: TaskTime | null = null
  /** How long the process was stopped so far. */
  private pausedMs = 0
  private readonly apart = new Set<ApartThread>()
  private slower = 0

  constructor(private readonly options: ExecutorThreadOptions) {
    this.spawn()
  }

  /** Each task takes so many times as long from now on. */
  slow(times: number): void {
    this.slower = times
    this.slots.slower[0] = times
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

  addAsset(hash: string, bytes: Uint8Array): void {
    this.post({ kind: "asset", hash, bytes })
  }

  dropAssets(hashes: readonly string[]): void {
    this.post({ kind: "dropAssets", hashes })
  }

  outputOver({ buffer }: Uint8Array): void {
    if (buffer instanceof ArrayBuffer) this.worker?.postMessage({ kind: "outputOver", buffer } satisfies ToThread, [buffer])
  }

  forgetState(stream: string, before: number): void {
    this.post({ kind: "forgetState", stream, before })
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
    if (Atomics.compareExchange(this.slots.states, slot, slotState.posted, slotState.cancelled) === slotState.posted) {
      this.posted[slot]!.told = true
      this.options.onFailed(name, { kind: "killed", message: "cancelled before it began" }, 0)
    } else this.restart(slot, { kind: "killed", message: "cancelled" })
  }

  /** The task goes on in the thread it has; all others here get a new one. */
  setApart(name: string): void {
    const slot = this.posted.findIndex(posted => posted?.task === name && !posted.told)
    // Else it is over.
    if (slot >= 0 && Atomics.load(this.slots.states, slot) === slotState.running) this.leave(slot)
  }

  private leave(slot: number): void {
    const task = this.posted[slot]!
    const { worker, slots } = this
    const time = this.time ?? new TaskTime(this.thread, slots.startedMs[slot]!, this.pausedMs)
    this.waiting = [...this.takePosted().filter(other => other !== task), ...this.waiting]
    this.worker = null
    giveWay(this.thread, this.options.niceness + apartNiceness)
    const thread = new ApartThread({
      worker: worker!,
      slots,
      slot,
      task,
      time,
      onDone: (result, ms) => {
        this.apart.delete(thread)
        this.options.onDone(task.task, result, ms)
      },
      onFailed: (failure, ms) => {
        this.apart.delete(thread)
        this.options.onFailed(task.task, failure, ms)
      },
      heapMb: this.options.heapMb,
      assets: this.options.assets,
    })
    this.apart.add(thread)
    this.spawn()
    this.flush()
  }

  /** Ends the thread if its task runs longer than it may. */
  checkTimeout(pausedMs: number): void {
    this.pausedMs = pausedMs
    for (const thread of this.apart) thread.checkTimeout(pausedMs)
    for (let slot = 0; slot < slotCount; slot++) {
      const posted = this.posted[slot]
      if (posted == null || posted.told || Atomics.load(this.slots.states, slot) !== slotState.running) continue
      const startedMs = this.slots.startedMs[slot]!
      if (this.time?.startedMs !== startedMs) this.time = new TaskTime(this.thread, startedMs, pausedMs)
      const ranMs = this.time.ranMs(processMs(), pausedMs)
      const failure = overLimits(posted.limits, this.time, ranMs, this.slots.progress, this.options.assets)
      if (failure !== null) {
        this.restart(slot, failure)
        return
      }
      if (!posted.long && ranMs > Math.min(longMs, posted.limits.timeoutMs * longShare)) {
        posted.long = true
        // Whoever hears it may set the task apart: then nothing here is as it was.
        this.options.onLong(posted.task)
        return
      }
    }
  }

  async close(): Promise<void> {
    this.closed = true
    this.waiting = []
    this.posted.fill(null)
    const { worker } = this
    this.worker = null
    await Promise.all([worker?.terminate(), ...[...this.apart].map(thread => thread.end())])
  }

  private post(message: ToThread): void {
    this.worker?.postMessage(message)
  }

  private flush(): void {
    if (this.closed || this.waiting.length === 0) return
    if (this.worker === null) this.spawn()
    const tasks: PostedTask[] = []
    for (let slot = 0; slot < slotCount && this.waiting.length > 0; slot++) {
      if (this.posted[slot] !== null) continue
      const task = this.waiting.shift()!
      this.posted[slot] = { ...task, order: this.order++, told: false, long: false }
      Atomics.store(this.slots.states, slot, slotState.posted)
      tasks.push({ slot, run: task.run, counts: task.limits.stallMs !== undefined || task.run.attempt > 1 })
    }
    if (tasks.length > 0) this.post({ kind: "run", tasks })
  }

  private spawn(): void {
    const buffer = new SharedArrayBuffer(slotsBytes)
    this.slots = slotsOver(buffer)
    this.slots.slower[0] = this.slower
    this.ready = false
    this.thread = null
    this.time = null
    const { memory, runner, niceness, heapMb } = this.options
    const worker = new Worker(entry, {
      workerData: { memory, slots: buffer, runner, niceness } satisfies ThreadStart,
      resourceLimits: heapMb === undefined ? {} : { maxOldGenerationSizeMb: heapMb },
    })
    this.worker = worker
    worker.on("message", (message: FromThread) => {
      if (worker === this.worker) this.received(message)
    })
    worker.on("error", error => {
      if (worker === this.worker) this.crashed(error)
    })
    worker.on("exit", () => {
      if (worker === this.worker) this.crashed(new Error("the executor thread ended: does a function call process.exit?"))
    })
    for (const [hash, bytes] of this.options.assets) this.addAsset(hash, bytes)
  }

  private received(message: FromThread): void {
    if (message.kind === "ready") {
      this.ready = true
      this.thread = message.thread
      return
    }
    const posted = this.posted[message.slot]
    this.posted[message.slot] = null
    Atomics.store(this.slots.states, message.slot, slotState.free)
    // The thread gets its next task before anybody reacts to this one.
    this.flush()
    if (posted == null || posted.told) return
    if ("result" in message) this.options.onDone(posted.task, message.result, message.ms)
    else if ("failure" in message) this.options.onFailed(posted.task, message.failure, message.ms)
  }

  private crashed(error: Error): void {
    const failure = threadEnded(error, this.options.heapMb)
    const running = this.posted.findIndex((posted, slot) => posted !== null && Atomics.load(this.slots.states, slot) === slotState.running)
    if (this.ready) {
      this.restart(running < 0 ? null : running, failure)
      return
    }
    // It never came up: another one would not either. Nothing is started again until there is a new task.
    const tasks = [...this.takePosted(), ...this.waiting]
    this.waiting = []
    this.worker = null
    for (const { task } of tasks) this.options.onFailed(task, failure, 0)
  }

  /** Ends the thread; the task in `slot` has failed, all others wait again in their order, for a new thread. */
  private restart(slot: number | null, failure: TaskFailure): void {
    const failed = slot === null ? null : this.posted[slot]!
    const ms = slot === null ? 0 : processMs() - this.slots.startedMs[slot]!
    this.waiting = [...this.takePosted().filter(task => task !== failed), ...this.waiting]
    const old = this.worker
    this.worker = null
    void old?.terminate()
    this.spawn()
    this.flush()
    if (failed !== null) this.options.onFailed(failed.task, failure, ms)
  }

  private takePosted(): Posted[] {
    const tasks = this.posted.filter(posted => posted !== null && !posted.told) as Posted[]
    this.posted.fill(null)
    return tasks.sort((a, b) => a.order - b.order)
  }
}
