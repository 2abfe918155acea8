/** One thread that runs tasks: its inbox, its id in the system, and who hears of it. It may change hands between two tasks. */

import { Worker } from "node:worker_threads"
import { type FromThread, slotsBytes, slotsOver, type ThreadStart, type ToThread } from "./executor-messages.js"
import { giveWay } from "./thread-time.js"

export interface TaskThreadOptions {
  readonly memory: SharedArrayBuffer
  /** URL of the module that exports `TaskRunner`. */
  readonly runner: string
  /** Limit of the thread's JavaScript heap; Node's own if absent. */
  readonly heapMb: number | undefined
  /** Memory is short: little is kept for later. Default false. */
  readonly frugal?: boolean
}

/** Whose thread it is. */
export interface ThreadOwner {
  finished(message: Extract<FromThread, { kind: "finished" }>): void
  /** It has ended by itself. */
  ended(error: Error): void
}

const entry = new URL(`./executor-thread-entry${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url)

export class TaskThread {
  readonly slots = slotsOver(new SharedArrayBuffer(slotsBytes))
  owner: ThreadOwner | null = null
  /** It has come up. */
  ready = false
  /** Its id in the system. */
  id: number | null = null
  /** Added to its niceness so far; mostly nobody but root can take any of it away. */
  niceness = 0
  private over = false
  private readonly worker: Worker

  /** `onEnd`: it is no more, however that came. */
  constructor({ memory, runner, heapMb, frugal = false }: TaskThreadOptions, onEnd: () => void) {
    this.worker = new Worker(entry, {
      workerData: { memory, slots: this.slots.states.buffer as SharedArrayBuffer, runner, frugal } satisfies ThreadStart,
      resourceLimits: heapMb === undefined ? {} : { maxOldGenerationSizeMb: heapMb },
    })
    this.worker.on("message", (message: FromThread) => {
      // What it had said before it was ended still comes in: its slots are other tasks' by now, its tasks run elsewhere.
      if (this.over) return
      if (message.kind === "ready") this.up(message.thread)
      else this.owner?.finished(message)
    })
    const ended = (error: Error) => {
      onEnd()
      if (this.over) return
      this.over = true
      this.owner?.ended(error)
    }
    this.worker.on("error", ended)
    this.worker.on("exit", () => ended(new Error("the executor thread ended: does a function call process.exit?")))
  }

  get isOver(): boolean {
    return this.over
  }

  post(message: ToThread): void {
    this.worker.postMessage(message)
  }

  /** The buffer of an output is its own again. */
  outputOver({ buffer }: Uint8Array): void {
    if (buffer instanceof ArrayBuffer) this.worker.postMessage({ kind: "outputOver", buffer } satisfies ToThread, [buffer])
  }

  /** So much lower it stands behind others, once it has come up: its code is loaded at full speed, for tasks wait for that. */
  giveWay(niceness: number): void {
    if (niceness <= this.niceness) return
    this.niceness = niceness
    if (this.ready) giveWay(this.id, niceness)
  }

  /** As high as at first, where that is allowed. Gives whether it is. */
  standUp(): boolean {
    if (this.niceness > 0 && this.ready && giveWay(this.id, 0)) this.niceness = 0
    return this.niceness === 0
  }

  /** Nobody hears of it any more. */
  end(): Promise<number> {
    this.over = true
    return this.worker.terminate()
  }

  private up(id: number | null): void {
    this.ready = true
    this.id = id
    if (this.niceness > 0) giveWay(id, this.niceness)
  }
}
