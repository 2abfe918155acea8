/** Received batches on their way to their copies, and how they are reported. */

import type { NodeId } from "../ports.js"
import type { BatchKey, FoldMark, ReceivedBlock } from "../protocol.js"
import type { BlockStore, StoredBlock } from "./block-store.js"

/** A batch whose replicas are not all confirmed. */
export interface Pending {
  readonly block: StoredBlock
  /** Who waits for the ack. */
  readonly senders: Set<NodeId>
  readonly holders: Set<NodeId>
  /** To whom replicas are under way, and since when. */
  readonly underway: Map<NodeId, number>
  /** Of those: who has not confirmed in time. Another is asked besides, if there is one. */
  readonly late: Set<NodeId>
  readonly tried: Set<NodeId>
  readonly sinceMs: number
  /** It is on this worker's disk, if it has to be. */
  kept: boolean
}

/** A batch that was stored before, and has too few copies now. `senders`: who waits for it. */
export function pendingAgain(block: StoredBlock, holders: Set<NodeId>, sinceMs: number, ...senders: NodeId[]): Pending {
  return { block, senders: new Set(senders), holders, underway: new Map(), late: new Set(), tried: new Set(holders), sinceMs, kept: false }
}

/** As the master hears of it. */
export function reported(block: StoredBlock, batch: BatchKey, copies: number, fold?: FoldMark): ReceivedBlock {
  return {
    block: block.id,
    batch,
    rows: block.rows,
    bytes: block.bytes,
    arrivedMs: block.arrivedMs,
    copies,
    ...(fold !== undefined && { fold }),
  }
}

/** Of a batch. */
export function nameOf({ session, stream, seq }: BatchKey): string {
  return `${session}\u0000${stream}\u0000${seq}`
}

/** For people. */
export function memoryText(store: BlockStore): string {
  return `${Math.round(store.usedBytes / 1024 / 1024)} of ${Math.round(store.capBytes / 1024 / 1024)} MiB`
}
