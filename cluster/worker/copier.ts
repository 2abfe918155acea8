/**
 * Copies finished blocks to other workers when the master asks (checkpoints of state, the paper's §5.1; a second copy of
 * what lost its other holder), and tells it when each is there.
 */

import type { NodeId } from "../ports.js"
import type { BlockOwner, CopiedBlocks, Replica } from "../protocol.js"
import type { Region } from "./allocator.js"
import type { BlockStore, StoredBlock } from "./block-store.js"
import type { DurableLog } from "./durable-log.js"
import type { MasterLink } from "./master-link.js"
import type { Outbox } from "./outbox.js"
import type { Peers } from "./peers.js"
import type { Spill } from "./spill.js"

/** Blocks up to this size travel several in a message … */
const smallBytes = 64 * 1024
/** … of up to so much. */
const togetherBytes = 1024 * 1024
/** So long the first of several waits to be told of. */
const gatherMs = 5

export interface CopierParts {
  readonly node: NodeId
  readonly store: BlockStore
  readonly outbox: Outbox
  readonly master: MasterLink
  readonly peers: Peers
  readonly spill: Spill
  readonly durable: Pick<DurableLog, "keep">
}

export class Copier {
  readonly #parts: CopierParts
  /** Holder to be → blocks under way to it. */
  readonly #underway = new Map<NodeId, Set<string>>()
  /** What the master is to hear of, and since when. */
  #copied: CopiedBlocks[] = []
  #copiedMs = Number.POSITIVE_INFINITY

  constructor(parts: CopierParts) {
    this.#parts = parts
  }

  /** Sends each of them there when it is on disk here, if it has to be. To this worker itself: that is all. */
  copy(ids: readonly string[], to: NodeId): void {
    let open = 1
    const whenAll = () => {
      if (--open === 0) this.#copy(ids, to)
    }
    for (const id of ids) {
      const block = this.#parts.store.get(id)
      if (block === undefined) continue
      open += 1
      this.#parts.durable.keep(block, whenAll)
    }
    whenAll()
  }

  #copy(ids: readonly string[], holder: NodeId): void {
    const { store, peers, node } = this.#parts
    const small: StoredBlock[] = []
    const here: string[] = []
    for (const id of ids) {
      const block = store.get(id)
      if (block === undefined) this.#copied.push({ blocks: [id], holder, error: "this worker does not hold the block", lacking: true })
      else if (holder === node) here.push(id)
      else if (!peers.has(holder)) this.#failed([id], holder, "this worker does not know that one")
      else if (ids.length > 1 && block.region !== null && block.region.length <= smallBytes) small.push(block)
      else this.#send(block, holder)
    }
    this.#sendTogether(small, holder)
    if (here.length > 0) this.#copied.push({ blocks: here, holder })
  }

  /** Gives those of the confirmed blocks that are not copies. */
  onStored(from: NodeId, ids: readonly string[]): string[] {
    const underway = this.#underway.get(from)
    const blocks = ids.filter(id => underway?.delete(id))
    if (blocks.length > 0) this.#copied.push({ blocks, holder: from })
    return ids.filter(id => !blocks.includes(id))
  }

  onRefused(from: NodeId, id: string, reason: string): boolean {
    if (!this.#underway.get(from)?.delete(id)) return false
    this.#failed([id], from, reason)
    return true
  }

  onPeerLost(peer: NodeId): void {
    const ids = [...(this.#underway.get(peer) ?? [])]
    this.#underway.delete(peer)
    if (ids.length > 0) this.#failed(ids, peer, "was lost")
  }

  /** Another master asks anew for the copies it wants. */
  forgetAll(): void {
    this.#underway.clear()
  }

  /** At the end of a step. A state's partitions are copied to all other workers: while there are more under way, what has come waits for them. */
  flush(nowMs: number): void {
    if (this.#copied.length === 0) return
    this.#copiedMs = Math.min(this.#copiedMs, nowMs)
    const waits = nowMs < this.#copiedMs + gatherMs && [...this.#underway.values()].some(({ size }) => size > 0)
    if (waits && this.#copied.every(({ error }) => error === undefined)) return
    this.#parts.master.post({ kind: "copied", copies: this.#copied })
    this.#copied = []
    this.#copiedMs = Number.POSITIVE_INFINITY
  }

  get deadlineMs(): number {
    return this.#copiedMs + gatherMs
  }

  /** False: it is under way already. */
  #begin(id: string, holder: NodeId): boolean {
    const ids = this.#underway.get(holder) ?? new Set<string>()
    this.#underway.set(holder, ids)
    if (ids.has(id)) return false
    ids.add(id)
    return true
  }

  #sendTogether(blocks: readonly StoredBlock[], holder: NodeId): void {
    let replicas: Replica[] = []
    let regions: Region[] = []
    let bytes = 0
    const flush = () => {
      const frames = regions.map(region => this.#parts.store.view(region))
      if (replicas.length > 0) this.#parts.outbox.sendPinned(holder, { kind: "replicas", replicas }, frames, regions)
      replicas = []
      regions = []
      bytes = 0
    }
    for (const block of blocks) {
      if (!this.#begin(block.id, holder)) continue
      const region = block.region!
      if (bytes + region.length > togetherBytes || replicas.length === 64) flush()
      replicas.push(replicaOf(block))
      regions.push(region)
      bytes += region.length
    }
    flush()
  }

  #send(block: StoredBlock, holder: NodeId): void {
    const { id, region } = block
    if (!this.#begin(id, holder)) return
    const message = { kind: "replica", ...replicaOf(block) } as const
    if (region !== null) {
      this.#parts.outbox.sendPinned(holder, message, [this.#parts.store.view(region)], [region])
      return
    }
    this.#parts.spill.read(block, (bytes, error) => {
      if (!this.#underway.get(holder)?.has(id)) return
      if (bytes !== null) this.#parts.outbox.send(holder, message, [bytes])
      else {
        this.#underway.get(holder)!.delete(id)
        this.#failed([id], holder, error)
      }
    })
  }

  #failed(blocks: readonly string[], holder: NodeId, error: string): void {
    this.#copied.push({ blocks, holder, error })
  }
}

function replicaOf(block: StoredBlock): Replica {
  const { id, batch, rows, arrivedMs } = block
  return { block: id, batch, rows, arrivedMs, of: ofWhat(block) }
}

/** A sealed input block has no owner: where it counts takes its place, under its own id. */
function ofWhat({ id, owner, filed }: StoredBlock): BlockOwner | null {
  if (owner !== null || filed === null) return owner
  return { output: id, partition: 0, stream: filed.stream, interval: filed.interval }
}
