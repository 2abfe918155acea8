/**
 * `foreachRDD` bodies in the simulation. A body is the user's own, async function, so what it does between two answers takes no
 * simulated time; one that waits for something of the real world holds the simulated clock until it has it.
 */

import { partsOf } from "../../engine/capture/codec.js"
import type { ClientCall } from "../client/call.js"
import type { CallAnswer, CallOptions, ClientCalls } from "../client/calls.js"
import { BodyTimeout, DriverBodies } from "../client/driver-body.js"
import type { EffectCommand } from "../runtime.js"
import type { SimulatedNode } from "./node.js"
import { withinRealTime } from "./real-limit.js"

type RunDriver = Extract<EffectCommand, { readonly kind: "runDriver" }>

export class SimulatedDrivers {
  readonly #bodies: DriverBodies
  readonly #running = new Set<string>()
  #asking = 0
  /** Who waits until no body is busy. */
  readonly #waiting: (() => void)[] = []

  /** `calls`: whoever asks for the bodies. */
  constructor(calls: ClientCalls, user: string) {
    this.#bodies = new DriverBodies(this.#counted(calls), user, (body, timeoutMs) =>
      withinRealTime(timeoutMs, body, () => {
        throw new BodyTimeout(timeoutMs)
      }),
    )
  }

  /** Whether a body waits for something that is not of the cluster, or has just been answered. */
  get busy(): boolean {
    return this.#running.size > 0 && this.#asking === 0
  }

  /** Resolves when no body is busy: each has ended, or asks the cluster for something. */
  idle(): Promise<void> {
    return this.busy ? new Promise(resolve => this.#waiting.push(resolve)) : Promise.resolve()
  }

  /** The node hears of the end, if it lives, at the simulated time of then. */
  run({ task, asset, stream, interval, parent, timeoutMs }: RunDriver, assets: ReadonlyMap<string, Uint8Array>, node: SimulatedNode): void {
    const f = assets.get(asset)
    if (f === undefined) throw new Error(`${task}: its function ${asset} is not on the worker`)
    const parts = partsOf(f).flatMap(hash => {
      const bytes = assets.get(hash)
      return bytes === undefined ? [] : [[hash, bytes] as const]
    })
    this.#running.add(task)
    void this.#bodies.run({ task, f, parts, stream, interval, parent, timeoutMs }, { onBegun: () => {}, onLine: () => {} }).then(ended => {
      this.kill(task)
      node.dispatch({ kind: "driverDone", task, ...ended })
    })
  }

  /** What is left of it is nobody's. */
  kill(task: string): void {
    this.#running.delete(task)
    this.#wake()
  }

  #wake(): void {
    if (this.busy) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #counted(calls: ClientCalls): ClientCalls {
    const call = async (asked: ClientCall, options?: CallOptions): Promise<CallAnswer> => {
      this.#asking += 1
      this.#wake()
      try {
        return await calls.call(asked, options)
      } finally {
        this.#asking -= 1
      }
    }
    return { call, onPush: handler => calls.onPush(handler), now: () => calls.now(), close: () => calls.close() }
  }
}
