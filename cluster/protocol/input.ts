/** From senders and files into seals: batches, their acks, what workers report of them, and what became of it. */

import type { StreamId } from "../../engine/definition.js"
import type { ListedFile } from "../../engine/input/file-split.js"

export type InputMessage =
  // ── client ↔ worker ──
  /** payload: one block (`engine/block/block.ts`), validated on arrival. */
  | ({ readonly kind: "batch"; readonly lowestUnacked: number } & BatchKey)
  | { readonly kind: "batchAck"; readonly session: string; readonly stream: string; readonly seq: number; readonly copies: number }
  /** `reason` starts with `unknown` (nobody defines the input yet: wait), `full` (memory: wait) or `bad` (the block itself: give up). */
  | { readonly kind: "batchRefused"; readonly session: string; readonly stream: string; readonly seq: number; readonly reason: string }
  /** The sender may have this many bytes unacked at this worker. */
  | { readonly kind: "credit"; readonly bytes: number }
  // ── worker → master ──
  /** Received blocks not yet sealed: repeated until each is settled. `through`: nothing that arrived before it is missing here. */
  | { readonly kind: "report"; readonly through: number; readonly blocks: readonly ReceivedBlock[] }
  | {
      readonly kind: "filesListed"
      readonly request: string
      readonly files: readonly ListedFile[]
      readonly error?: string
    }
  // ── master → worker ──
  /** These batches are in a seal (kept), or were admitted from another copy (drop). */
  | { readonly kind: "settled"; readonly kept: readonly SettledBlock[]; readonly dropped: readonly string[] }
  /** Inputs and the grid on which workers must report: the greatest common divisor of live intervals. */
  | { readonly kind: "inputs"; readonly inputs: readonly InputInfo[]; readonly reportMs: number }
  | { readonly kind: "listFiles"; readonly request: string; readonly paths: readonly string[] }

export interface BatchKey {
  readonly session: string
  readonly stream: string
  readonly seq: number
  /** Its lines are no records, and why: they are set aside in the interval in which they came. */
  readonly aside?: string
}

export interface ReceivedBlock {
  readonly block: string
  readonly batch: BatchKey
  readonly rows: number
  readonly bytes: number
  /** By the worker's estimate of the master's clock. */
  readonly arrivedMs: number
  readonly copies: number
  /** Where its receiver has put it to be taken in before the interval's end. */
  readonly fold?: FoldMark
}

/** Lane and place in it, of the interval that starts at `interval` by the receiver's estimate (`worker/folding.ts`). */
export interface FoldMark {
  readonly interval: number
  readonly lane: number
  readonly order: number
}

export interface SettledBlock {
  readonly block: string
  readonly stream: StreamId
  readonly interval: number
}

export interface InputInfo {
  readonly stream: StreamId
  /** The receiver's name that senders use. */
  readonly receiver: string
  readonly intervalMs: number
  /** Its lines are read as they are: nobody has said a format. */
  readonly plain?: true
  /** The worker reads it itself, as a session of its own. */
  readonly read?: { readonly url: string; readonly session: string }
}
