/** Collects the commands of one step, and keeps block memory pinned while payloads that lie in it are under way. */

import type { Command, NodeId } from "../ports.js"
import type { Message } from "../protocol.js"
import type { Region } from "./allocator.js"
import type { BlockStore } from "./block-store.js"

/** After a peer was lost, a transport may still hold its frames: the memory is not used again for so long. */
export const retireMs = 30_000

export class Outbox {
  #commands: Command[] = []
  readonly #store: BlockStore
  readonly #pinned = new Map<string, readonly Region[]>()
  #retired: { readonly untilMs: number; readonly regions: readonly Region[] }[] = []
  #sends = 0

  constructor(store: BlockStore) {
    this.#store = store
  }

  push(command: Command): void {
    this.#commands.push(command)
  }

  send(to: NodeId, message: Message, payload?: readonly Uint8Array[]): void {
    this.#commands.push(payload === undefined ? { kind: "send", to, message } : { kind: "send", to, message, payload })
  }

  /** As `send`; the payload lies in these regions, which stay as they are until the peer has it. */
  sendPinned(to: NodeId, message: Message, payload: readonly Uint8Array[], regions: readonly Region[]): void {
    const receipt = `p${++this.#sends}`
    for (const region of regions) this.#store.pin(region)
    this.#pinned.set(receipt, regions)
    this.#commands.push({ kind: "send", to, message, payload, receipt })
  }

  say(level: "debug" | "info" | "warn" | "error", text: string, data?: Record<string, unknown>): void {
    this.#commands.push(data === undefined ? { kind: "say", level, text } : { kind: "say", level, text, data })
  }

  /** True when the receipt was of a `sendPinned`. */
  onReceipt(receipt: string, lost: boolean, nowMs: number): boolean {
    const regions = this.#pinned.get(receipt)
    if (regions === undefined) return false
    this.#pinned.delete(receipt)
    if (!lost) for (const region of regions) this.#store.unpin(region)
    else this.#retired.push({ untilMs: nowMs + retireMs, regions })
    return true
  }

  onTime(nowMs: number): void {
    if (this.#retired.length === 0) return
    for (const { untilMs, regions } of this.#retired) if (untilMs <= nowMs) for (const region of regions) this.#store.unpin(region)
    this.#retired = this.#retired.filter(({ untilMs }) => untilMs > nowMs)
  }

  /** The step's commands. */
  take(): Command[] {
    const commands = this.#commands
    this.#commands = []
    return commands
  }
}
