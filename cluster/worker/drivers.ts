/**
 * `foreachRDD` bodies: each runs on a driver thread, beside the executors, once its function is here. At least once. What a
 * body prints goes to the master with its end; one that is cancelled is told as killed at once, its thread is ended.
 */

import { partsOf } from "../../engine/capture/codec.js"
import type { CapturedLog, TaskFailure } from "../../engine/task.js"
import type { Message } from "../protocol.js"
import type { Assets } from "./assets.js"
import type { ClockOffset } from "./clock-offset.js"
import type { MasterLink } from "./master-link.js"
import type { Outbox } from "./outbox.js"

type Drive = Extract<Message, { kind: "drive" }>

export class Drivers {
  readonly #assets: Assets
  readonly #clock: ClockOffset
  readonly #outbox: Outbox
  readonly #master: MasterLink
  /** Running, or waiting for its function. */
  readonly #running = new Map<string, { readonly drive: Drive; readonly startedMs: number; begun: boolean }>()

  constructor(assets: Assets, clock: ClockOffset, outbox: Outbox, master: MasterLink) {
    this.#assets = assets
    this.#clock = clock
    this.#outbox = outbox
    this.#master = master
  }

  drive(drive: Drive): void {
    const { task, asset, stream, interval, parent, timeoutMs } = drive
    if (this.#running.has(task)) return
    const entry = { drive, startedMs: this.#clock.monotonicMs, begun: false }
    this.#running.set(task, entry)
    const run = () => {
      if (this.#running.get(task) !== entry) return
      entry.begun = true
      this.#outbox.push({ kind: "runDriver", task, asset, stream, interval, parent, timeoutMs })
    }
    // Its parts are named in its own bytes.
    let missing = 1
    const arrived = () => {
      if (--missing > 0) return
      const parts = partsOf(this.#assets.get(asset)!).filter(part => this.#assets.get(part) === undefined)
      if (parts.length === 0) return run()
      missing = parts.length
      this.#assets.require(parts, arrived)
    }
    if (this.#assets.require([asset], arrived) === 0) arrived()
  }

  cancel(tasks: readonly string[]): void {
    for (const task of tasks) this.#end(task, { kind: "killed", message: "cancelled" })
  }

  /** Another master knows nothing of these, and drives what it needs. */
  abandonAll(): void {
    for (const [task, { begun }] of this.#running) if (begun) this.#outbox.push({ kind: "killDriver", task })
    this.#running.clear()
  }

  onDone(task: string, failure: TaskFailure | undefined, logs: readonly CapturedLog[]): void {
    const entry = this.#running.get(task)
    if (entry === undefined) return
    this.#running.delete(task)
    const { stream, interval } = entry.drive
    // Before the end, so that whoever sees the interval finished can read what it printed.
    if (logs.length > 0) this.#master.post({ kind: "log", stream, interval: interval.from, partition: null, lines: logs })
    this.#report(task, this.#clock.monotonicMs - entry.startedMs, failure)
  }

  #end(task: string, failure: TaskFailure): void {
    const entry = this.#running.get(task)
    if (entry === undefined) return
    this.#running.delete(task)
    if (entry.begun) this.#outbox.push({ kind: "killDriver", task })
    this.#report(task, this.#clock.monotonicMs - entry.startedMs, failure)
  }

  #report(task: string, ms: number, failure: TaskFailure | undefined): void {
    this.#master.post({
      kind: "tasksDone",
      done: [{ task, ms, outputs: [], aside: 0, rowsIn: 0, ...(failure !== undefined && { failure }) }],
    })
  }
}
