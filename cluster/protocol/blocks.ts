/** Blocks between their holders: copies, fetches, and which may go. */

import type { StreamId } from "../../engine/definition.js"
import type { OutputId } from "../../engine/rdd.js"
import type { NodeId } from "../node-id.js"
import type { BatchKey } from "./input.js"

export type BlockMessage =
  // ── worker ↔ worker ──
  /**
   * payload: the block. `of` null: a batch not yet sealed, reported by both holders. Else a copy of something finished: of a
   * computed block its owner, of a sealed input block `output` is the block's own id, `stream` and `interval` where it was sealed.
   */
  | ({ readonly kind: "replica" } & Replica)
  | { readonly kind: "replicaStored"; readonly block: string }
  /** Several small ones, a frame each; the answer names those that are stored, each other one is refused by itself. */
  | { readonly kind: "replicas"; readonly replicas: readonly Replica[] }
  | { readonly kind: "replicasStored"; readonly blocks: readonly string[] }
  | { readonly kind: "replicaRefused"; readonly block: string; readonly reason: string }
  // ── worker or client ↔ worker ──
  | { readonly kind: "fetch"; readonly request: number; readonly blocks: readonly { readonly block: string; readonly section?: number }[] }
  /** payload: a frame for each block found, in the order asked; `missing` are the indexes not found. `disk`: some were read from there. */
  | { readonly kind: "fetched"; readonly request: number; readonly missing: readonly number[]; readonly disk?: boolean }
  // ── master → worker ──
  | { readonly kind: "copy"; readonly copies: readonly { readonly to: NodeId; readonly blocks: readonly string[] }[] }
  /**
   * Drop these blocks; and all of the streams' intervals that end at or before the time, which lies on the stream's own
   * grid. A state's chain goes by `blocks`, but for the versions that executors cache.
   */
  | {
      readonly kind: "forget"
      readonly blocks: readonly string[]
      readonly streams: readonly { readonly stream: StreamId; readonly before: number }[]
    }
  /**
   * What will be read again, for a worker whose memory is short: of a stream, the intervals from `neededFrom`; and if `againAfterMs` is
   * there, each of its panes so long after the pane's start. All else is kept for questions only. Replaces what was said before.
   */
  | { readonly kind: "uses"; readonly streams: readonly StreamUse[] }
  // ── worker → master ──
  /** The blocks now lie at `holder` too (from their first holder, when it was told that they are stored); `error`: they could not be copied there. */
  | { readonly kind: "copied"; readonly copies: readonly CopiedBlocks[] }

export interface CopiedBlocks {
  readonly blocks: readonly string[]
  readonly holder: NodeId
  readonly error?: string
  /** The worker that was asked does not hold them itself. */
  readonly lacking?: true
}

/** A block's description, as its second holder gets it. */
export interface Replica {
  readonly block: string
  readonly batch: BatchKey | null
  readonly rows: number
  readonly arrivedMs: number
  readonly of: BlockOwner | null
}

/** What a stored block is, so that a restarted master can place it again. */
export interface BlockOwner {
  readonly output: OutputId
  readonly partition: number
  readonly stream: StreamId | null
  readonly interval: number | null
  readonly sectionRows?: readonly number[]
  readonly base?: boolean
  readonly keys?: number
}

export interface HeldBlock {
  readonly block: string
  readonly rows: number
  readonly bytes: number
  readonly owner: BlockOwner | null
  readonly batch: BatchKey | null
  readonly arrivedMs: number
}

export interface StreamUse {
  readonly stream: StreamId
  readonly neededFrom: number
  readonly againAfterMs?: number
}
