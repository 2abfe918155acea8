/** A simulated client: the production ClientMachine, asked by callbacks (promises would run outside of simulated time). */

import { type ClientCall, type ClientPush, type LocalCall, pushCall } from "../client/call.js"
import type { Command } from "../ports.js"
import type { EffectCommand } from "../runtime.js"
import { poisonByte } from "../worker/allocator.js"
import type { SimulatedNode } from "./node.js"

export type CallOutcome =
  | { readonly ok: true; readonly value: unknown; readonly payload: readonly Uint8Array[] }
  | { readonly ok: false; readonly error: NonNullable<Extract<Command, { kind: "answer" }>["error"]> }

export class SimulatedClient {
  readonly pushes: ClientPush[] = []
  readonly node: SimulatedNode
  readonly #open = new Map<number, (outcome: CallOutcome) => void>()
  /** What was sent, by its loan. */
  readonly #lent = new Map<number, Uint8Array>()
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
    const lent = call.kind === "send" && payload !== undefined
    if (lent) this.#lent.set(id, payload[0]!)
    const local: LocalCall = { id, call: lent ? { ...call, loan: id } : call, ...(payload && { payload }) }
    this.node.dispatch({ kind: "call", call: local })
    return id
  }

  /** True if the command was an answer. */
  #perform(command: EffectCommand): boolean {
    if (command.kind !== "answer") return false
    if (command.call === pushCall) {
      const push = command.value as ClientPush
      this.pushes.push(push)
      // As if it were used again: who reads it still is seen.
      if (push.kind === "sent" && push.free !== undefined) {
        this.#lent.get(push.free)?.fill(poisonByte)
        this.#lent.delete(push.free)
      }
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
