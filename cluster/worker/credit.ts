/**
 * Flow control of clients in bytes: each sender may have so much unacked here. All credits together are a share
 * of the memory that is free below the high-water mark, less what still waits for its replica. Above the mark there is no
 * credit; it comes back when a little more than that is free again, so that it does not flutter.
 */

import type { NodeId } from "../ports.js"
import type { WorkerConfig } from "./config.js"
import type { Outbox } from "./outbox.js"

/** Below the high-water mark by so much (share of the memory) before credit is given again. */
const hysteresis = 0.05
/** A sender that has been silent so long has no share; its next batch brings it back. */
const idleMs = 60_000
/** What an idle sender may start with. */
export const idleCreditBytes = 1024 * 1024
const settleMs = 100

export interface MemoryUse {
  readonly capBytes: number
  readonly usedBytes: number
  /** Received, waiting for a replica. */
  readonly pendingBytes: number
}

interface Sender {
  credit: number
  heardMs: number
}

export class Credit {
  readonly #config: WorkerConfig
  readonly #outbox: Outbox
  readonly #senders = new Map<NodeId, Sender>()
  #closed = false
  #dueMs = Number.POSITIVE_INFINITY

  constructor(config: WorkerConfig, outbox: Outbox) {
    this.#config = config
    this.#outbox = outbox
  }

  /** A client has sent something (or says hello). A new one is told its credit at once. */
  heard(sender: NodeId, use: MemoryUse, nowMs: number): void {
    const known = this.#senders.get(sender)
    if (known !== undefined) {
      known.heardMs = nowMs
      if (known.credit < 0) this.update(use, nowMs)
      return
    }
    this.#senders.set(sender, { credit: -1, heardMs: nowMs })
    this.update(use, nowMs)
  }

  forget(sender: NodeId): void {
    this.#senders.delete(sender)
  }

  onTime(use: MemoryUse, nowMs: number): void {
    if (nowMs >= this.#dueMs) this.update(use, nowMs)
  }

  get deadlineMs(): number {
    return this.#dueMs
  }

  /** Tells each sender whose credit has changed by more than a quarter, or to or from nothing. */
  update(use: MemoryUse, nowMs: number): void {
    this.#dueMs = this.#senders.size === 0 ? Number.POSITIVE_INFINITY : nowMs + settleMs
    const mark = this.#config.highWater * use.capBytes
    this.#closed = use.usedBytes > (this.#closed ? mark - hysteresis * use.capBytes : mark)
    const budget = this.#closed ? 0 : Math.max(0, (mark - use.usedBytes) * this.#config.creditShare - use.pendingBytes)
    const active: Sender[] = []
    let idle = 0
    for (const sender of this.#senders.values()) {
      if (nowMs - sender.heardMs < idleMs) active.push(sender)
      else idle++
    }
    const idleShare = Math.min(idleCreditBytes, Math.floor(budget / 2 / Math.max(1, idle)))
    const share = Math.min(this.#config.maxCreditBytes, Math.floor((budget - idle * idleShare) / Math.max(1, active.length)))
    for (const [node, sender] of this.#senders) {
      const credit = nowMs - sender.heardMs < idleMs ? share : idleShare
      const same = sender.credit >= 0 && (credit === 0) === (sender.credit === 0) && Math.abs(credit - sender.credit) * 4 <= sender.credit
      if (same) continue
      sender.credit = credit
      this.#outbox.send(node, { kind: "credit", bytes: credit })
    }
  }
}
