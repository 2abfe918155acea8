/**
 * Where executors have their threads from. To start one takes a fifth of a second of a core, several on a busy machine, and tasks that
 * wait behind an endless one would wait for that as well: so while any task runs long, one thread stands ready. A task that was set apart and has
 * ended gives its thread back, with the state that is cached there.
 */

import type { Slots, ToThread } from "./executor-messages.js"
import { TaskThread, type TaskThreadOptions } from "./task-thread.js"

/** What nobody took for so long ends. */
const idleMs = 60_000

export interface ThreadSupplyOptions extends TaskThreadOptions {
  /** All assets that were ever added: a new thread gets them first. */
  readonly assets: ReadonlyMap<string, Uint8Array>
  /** Threads that stand idle at most. */
  readonly spares: number
}

export class ThreadSupply {
  private readonly all = new Set<TaskThread>()
  /** The newest last. */
  private spares: { readonly thread: TaskThread; readonly sinceMs: number }[] = []
  private slower = 0
  private closed = false

  constructor(private readonly options: ThreadSupplyOptions) {}

  /** A thread for whoever is to be so nice. */
  take(niceness: number): TaskThread {
    const fits = this.spares.findLast(({ thread }) => thread.niceness === niceness && !thread.isOver)
    const spare = fits ?? this.spares.findLast(({ thread }) => thread.niceness < niceness && !thread.isOver)
    this.spares = this.spares.filter(one => one !== spare)
    const thread = spare?.thread ?? this.start()
    thread.giveWay(niceness)
    return thread
  }

  /** It has nothing to do. One that must go on giving way would be of use to nobody. */
  back(thread: TaskThread, nowMs: number): void {
    thread.owner = null
    if (this.closed || this.spares.length >= this.options.spares || !thread.standUp()) void thread.end()
    else this.spares.push({ thread, sinceMs: nowMs })
  }

  /** Somebody may soon need one. */
  keepOne(nowMs: number): void {
    if (this.spares.length === 0 && this.options.spares > 0 && !this.closed) this.spares.push({ thread: this.start(), sinceMs: nowMs })
  }

  trim(nowMs: number): void {
    for (const { thread, sinceMs } of this.spares) if (nowMs - sinceMs > idleMs) void thread.end()
    this.spares = this.spares.filter(({ thread }) => !thread.isOver)
  }

  /** To all threads there are. */
  tell(message: ToThread): void {
    for (const thread of this.all) thread.post(message)
  }

  slow(times: number): void {
    this.slower = times
    for (const { slots } of this.all) slowDown(slots, times)
  }

  async close(): Promise<void> {
    this.closed = true
    await Promise.all([...this.all].map(thread => thread.end()))
  }

  private start(): TaskThread {
    const thread: TaskThread = new TaskThread(this.options, () => this.all.delete(thread))
    this.all.add(thread)
    slowDown(thread.slots, this.slower)
    for (const [hash, bytes] of this.options.assets) thread.post({ kind: "asset", hash, bytes })
    return thread
  }
}

function slowDown(slots: Slots, times: number): void {
  slots.slower[0] = times
}
