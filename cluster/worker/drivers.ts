/** `foreachRDD` bodies: each runs on a driver thread, beside the executors, once its function is here. At least once. */

import type { TaskFailure } from "../../engine/task.js"
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
  readonly #startedMs = new Map<string, number>()

  constructor(assets: Assets, clock: ClockOffset, outbox: Outbox, master: MasterLink) {
    this.#assets = assets
    this.#clock = clock
    this.#outbox = outbox
    this.#master = master
  }

  drive({ task, asset, stream, interval, parent }: Drive): void {
    if (this.#startedMs.has(task)) return
    this.#startedMs.set(task, this.#clock.monotonicMs)
    const run = () => this.#outbox.push({ kind: "runDriver", task, asset, stream, interval, parent })
    if (this.#assets.require([asset], run) === 0) run()
  }

  onDone(task: string, failure: TaskFailure | undefined): void {
    const startedMs = this.#startedMs.get(task)
    if (startedMs === undefined) return
    this.#startedMs.delete(task)
    const ms = this.#clock.monotonicMs - startedMs
    this.#master.post({
      kind: "tasksDone",
      done: [{ task, ms, outputs: [], aside: 0, rowsIn: 0, ...(failure !== undefined && { failure }) }],
    })
  }
}
