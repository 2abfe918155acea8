/** How many bytes each worker may still be sent, and which one is next. Pure. */

import type { Command, NodeId } from "../ports.js"
import type { Peer } from "../protocol.js"

interface Room {
  readonly node: NodeId
  order: number
  creditBytes: number
  unackedBytes: number
  /** It refused for want of memory: not before this time. */
  fullUntilMs: number
  /** Batches that were not acknowledged in time since it was last heard. */
  late: number
}

export class WorkerRoom {
  readonly #firstCreditBytes: number
  readonly #workers = new Map<NodeId, Room>()
  #turn = 0

  constructor(firstCreditBytes: number) {
    this.#firstCreditBytes = firstCreditBytes
  }

  get empty(): boolean {
    return this.#workers.size === 0
  }

  /** The workers that there are now. `gone`: those that are no longer. */
  replace(peers: readonly Peer[]): { readonly commands: Command[]; readonly gone: readonly NodeId[] } {
    const gone = [...this.#workers.keys()].filter(node => !peers.some(peer => peer.node === node))
    for (const node of gone) this.#workers.delete(node)
    const commands: Command[] = []
    for (const { node, address } of peers) {
      if (this.#workers.has(node)) continue
      this.#workers.set(node, { node, order: this.#turn++, creditBytes: this.#firstCreditBytes, unackedBytes: 0, fullUntilMs: 0, late: 0 })
      commands.push({ kind: "connect", to: node, address })
    }
    return { commands, gone }
  }

  remove(node: NodeId): boolean {
    return this.#workers.delete(node)
  }

  credit(node: NodeId, bytes: number): void {
    const room = this.#workers.get(node)
    if (room === undefined) return
    room.creditBytes = bytes
    room.late = 0
  }

  heard(node: NodeId): void {
    const room = this.#workers.get(node)
    if (room !== undefined) room.late = 0
  }

  slow(node: NodeId): void {
    const room = this.#workers.get(node)
    if (room !== undefined) room.late += 1
  }

  full(node: NodeId, untilMs: number): void {
    const room = this.#workers.get(node)
    if (room !== undefined) room.fullUntilMs = untilMs
  }

  take(node: NodeId, bytes: number): void {
    const room = this.#workers.get(node)
    if (room !== undefined) room.unackedBytes += bytes
  }

  give(node: NodeId, bytes: number): void {
    const room = this.#workers.get(node)
    if (room !== undefined) room.unackedBytes = Math.max(0, room.unackedBytes - bytes)
  }

  /**
   * The worker with the least unacknowledged; among equals the one whose turn is longest ago. Not `but`, nor one that is late,
   * if there is another. A block larger than the credit goes to a worker that has nothing of ours.
   */
  choose(bytes: number, but: NodeId | null, nowMs: number): NodeId | null {
    let best: Room | null = null
    for (const room of this.#workers.values()) {
      if (room.creditBytes === 0 || room.fullUntilMs > nowMs) continue
      if (room.unackedBytes > 0 && room.unackedBytes + bytes > room.creditBytes) continue
      if (best === null || this.#before(room, best, but)) best = room
    }
    if (best === null) return null
    best.order = this.#turn++
    return best.node
  }

  #before(a: Room, b: Room, but: NodeId | null): boolean {
    const [tried, otherTried] = [a.node === but, b.node === but]
    if (tried !== otherTried) return otherTried
    const [late, otherLate] = [a.late > 0, b.late > 0]
    if (late !== otherLate) return otherLate
    if (a.unackedBytes !== b.unackedBytes) return a.unackedBytes < b.unackedBytes
    return a.order < b.order
  }
}
