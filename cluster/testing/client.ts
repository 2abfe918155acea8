/** A simulated client: the production ClientMachine, asked by callbacks (promises would run outside of simulated time). */

import { type ClientCall, type ClientPush, type LocalCall, pushCall } from "../client/call.js"
import type { Command } from "../ports.js"
import type { EffectCommand } from "../runtime.js"
import type { SimulatedNode } from "./node.js"

export type CallOutcome =
  | { readonly ok: true; readonly value: unknown; readonly payload: readonly Uint8Array[] }
  | { readonly ok: false; readonly error: NonNullable<Extract<Command, { kind: "answer" }>["error"]> }

export class SimulatedClient {
  readonly pushes: ClientPush[] = []
  readonly node: SimulatedNode
  readonly #open = new Map<number, (outcome: CallOutcome) => void>()
  #next = 1

  constructor(make: (perform: (command: EffectCommand) => boolean) => SimulatedNode) {
    this.node = make(command => this.#perform(command))
  }

  /** Calls not answered yet. */
  get open(): number {
    return this.#open.size
  }

  /** `done` is called once, when the machine answers. Returns the call's number, for `cancel`. */
  call(call: ClientCall, done: (outcome: CallOutcome) => void, payload?: readonly Uint8Array[]): number {
    const id = this.#next++
    this.#open.set(id, done)
    const local: LocalCall = { id, call, ...(payload && { payload }) }
    this.node.dispatch({ kind: "call", call: local })
    return id
  }

  /** True if the command was an answer. */
  #perform(command: EffectCommand): boolean {
    if (command.kind !== "answer") return false
    if (command.call === pushCall) {
      this.pushes.push(command.value as ClientPush)
      return true
    }
    const done = this.#open.get(command.call)
    this.#open.delete(command.call)
    done?.(
      command.error === undefined
        ? { ok: true, value: command.value, payload: command.payload ?? [] }
        : { ok: false, error: command.error },
    )
    return true
  }
}
