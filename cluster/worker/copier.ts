/**
 * Copies finished blocks to other workers when the master asks (checkpoints of state, the paper's §5.1; a second copy of
 * what lost its other holder), and tells it when each is there.
 */

import type { NodeId } from "../ports.js"
import type { BlockOwner } from "../protocol.js"
import type { BlockStore, StoredBlock } from "./block-store.js"
import type { MasterLink } from "./master-link.js"
import type { Outbox } from "./outbox.js"
import type { Peers } from "./peers.js"
import type { Spill } from "./spill.js"

export class Copier {
  readonly #store: BlockStore
  readonly #outbox: Outbox
  readonly #master: MasterLink
  readonly #peers: Peers
  readonly #spill: Spill
  /** Holder to be → blocks under way to it. */
  readonly #underway = new Map<NodeId, Set<string>>()

  constructor(store: BlockStore, outbox: Outbox, master: MasterLink, peers: Peers, spill: Spill) {
    this.#store = store
    this.#outbox = outbox
    this.#master = master
    this.#peers = peers
    this.#spill = spill
  }

  copy(id: string, to: readonly NodeId[]): void {
    const block = this.#store.get(id)
    for (const holder of to) {
      if (block === undefined) this.#failed(id, holder, "this worker does not hold the block")
      else if (!this.#peers.has(holder)) this.#failed(id, holder, "this worker does not know that one")
      else this.#send(block, holder)
    }
  }

  /** True when the confirmation was of a copy. */
  onStored(from: NodeId, id: string): boolean {
    if (!this.#underway.get(from)?.delete(id)) return false
    this.#master.post({ kind: "copied", block: id, holder: from })
    return true
  }

  onRefused(from: NodeId, id: string, reason: string): boolean {
    if (!this.#underway.get(from)?.delete(id)) return false
    this.#failed(id, from, reason)
    return true
  }

  onPeerLost(peer: NodeId): void {
    const ids = this.#underway.get(peer) ?? []
    this.#underway.delete(peer)
    for (const id of ids) this.#failed(id, peer, "was lost")
  }

  /** Another master asks anew for the copies it wants. */
  forgetAll(): void {
    this.#underway.clear()
  }

  #send(block: StoredBlock, holder: NodeId): void {
    const { id, batch, rows, arrivedMs, region } = block
    const ids = this.#underway.get(holder) ?? new Set<string>()
    this.#underway.set(holder, ids)
    if (ids.has(id)) return
    ids.add(id)
    const message = { kind: "replica", block: id, batch, rows, arrivedMs, of: ofWhat(block) } as const
    if (region !== null) {
      this.#outbox.sendPinned(holder, message, [this.#store.view(region)], [region])
      return
    }
    this.#spill.read(block, (bytes, error) => {
      if (!this.#underway.get(holder)?.has(id)) return
      if (bytes !== null) this.#outbox.send(holder, message, [bytes])
      else {
        ids.delete(id)
        this.#failed(id, holder, error)
      }
    })
  }

  #failed(block: string, holder: NodeId, error: string): void {
    this.#master.post({ kind: "copied", block, holder, error })
  }
}

/** A sealed input block has no owner: where it counts takes its place, under its own id. */
function ofWhat({ id, owner, filed }: StoredBlock): BlockOwner | null {
  if (owner !== null || filed === null) return owner
  return { output: id, partition: 0, stream: filed.stream, interval: filed.interval }
}
