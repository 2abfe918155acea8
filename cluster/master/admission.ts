/**
 * Which received batches enter which interval.
 *
 * The problem: a batch is reported by both its holders, again and again; a sender that got no ack sends it once more, to
 * another worker, as another block; reports of one session come from several workers in any order; a holder may die before
 * the interval is sealed. The solution: a batch is known by (session, stream, seq), whatever blocks it came in. It waits
 * here, with every block that holds it, until a seal takes it, in order of seq within its session; the seal makes it
 * known for ever (`Ledger.admitted`), and whatever else comes under its number is dropped.
 *
 * A gap in the numbers (a batch that is being sent again) holds back what follows it, for a while: order is worth waiting
 * for, but a sender that died must not withhold what it was given an ack for. Each gap is waited for once: what a sender gave a stream of this
 * name before this one was defined never comes.
 */

import type { StreamId } from "../../engine/definition.js"
import type { NodeId } from "../ports.js"
import type { BatchKey, FoldMark, ReceivedBlock } from "../protocol.js"
import type { BlockTracker } from "../scheduler/block-tracker.js"
import type { Ledger } from "./ledger.js"
import { blocksOf } from "./records.js"

/** Who has begun to take a block in for the map tasks that will read it, and where. */
export interface Begun {
  readonly at: NodeId
  readonly mark: FoldMark
}

export interface AdmittedBatch {
  readonly batch: BatchKey
  readonly block: string
  readonly rows: number
  readonly bytes: number
  /** Who has begun to take it in, and where. */
  readonly fold?: Begun
  /** Blocks that hold the same batch, and are not needed. */
  readonly others: readonly string[]
}

export interface LostBatch extends BatchKey {
  readonly rows: number
}

interface Candidate {
  readonly block: string
  readonly rows: number
  readonly bytes: number
  readonly fold?: Begun
}

interface Waiting {
  readonly batch: BatchKey
  readonly blocks: Candidate[]
  readonly arrivedMs: number
  heldSinceMs: number
  /** Since when no worker is known that holds it. */
  strandedSinceMs: number | null
}

type Session = Map<number, Waiting>

export class Admission {
  readonly #ledger: Ledger
  readonly #tracker: BlockTracker
  readonly #holdBackMs: number
  readonly #strandedMs: number
  /** By stream, then session in order of first sight, then seq. */
  readonly #streams = new Map<StreamId, Map<string, Session>>()
  /** Blocks in seals, while they are still reported: where they are. */
  readonly #sealed = new Map<string, { readonly stream: StreamId; readonly interval: number }>()

  /** `strandedMs`: a batch of which no copy is left is waited for so long, as its holder may only have been away. */
  constructor(ledger: Ledger, tracker: BlockTracker, holdBackMs: number, strandedMs = 0) {
    this.#ledger = ledger
    this.#tracker = tracker
    this.#holdBackMs = holdBackMs
    this.#strandedMs = strandedMs
    for (const [stream, { seals }] of ledger.streams) for (const seal of seals) this.sealed(stream, seal.from, blocksOf(seal))
  }

  /** The master stood still for so long: what is waited for may have come meanwhile, and has not been read yet. */
  excuse(ms: number): void {
    for (const sessions of this.#streams.values())
      for (const session of sessions.values())
        for (const waiting of session.values()) {
          waiting.heldSinceMs += ms
          if (waiting.strandedSinceMs !== null) waiting.strandedSinceMs += ms
        }
  }

  /** How many batches wait for a seal. */
  waiting(stream: StreamId): number {
    let count = 0
    for (const session of this.#streams.get(stream)?.values() ?? []) count += session.size
    return count
  }

  /** Those that hold batches that wait for a seal. */
  blocks(): Set<string> {
    const found = new Set<string>()
    for (const sessions of this.#streams.values())
      for (const session of sessions.values()) for (const { blocks } of session.values()) for (const { block } of blocks) found.add(block)
    return found
  }

  /** Takes in a report. Gives what the worker is to hear about blocks that are settled already. */
  report(
    worker: NodeId,
    stream: StreamId,
    block: ReceivedBlock,
    nowMs: number,
  ): { readonly kept?: { readonly stream: StreamId; readonly interval: number }; readonly dropped?: true } {
    const { batch } = block
    const sealed = this.#sealed.get(block.block)
    if (sealed !== undefined) {
      this.#tracker.hold(block.block, worker, block.bytes, block.rows)
      return { kept: sealed }
    }
    if (this.#ledger.wasAdmitted(batch.session, stream, batch.seq)) return { dropped: true }
    this.#tracker.hold(block.block, worker, block.bytes, block.rows)
    let sessions = this.#streams.get(stream)
    if (sessions === undefined) {
      sessions = new Map()
      this.#streams.set(stream, sessions)
    }
    let session = sessions.get(batch.session)
    if (session === undefined) {
      session = new Map()
      sessions.set(batch.session, session)
    }
    const waiting = session.get(batch.seq)
    const { fold } = block
    const candidate: Candidate = {
      ...{ block: block.block, rows: block.rows, bytes: block.bytes },
      ...(fold !== undefined && { fold: { at: worker, mark: fold } }),
    }
    if (waiting === undefined) {
      session.set(batch.seq, { batch, blocks: [candidate], arrivedMs: block.arrivedMs, heldSinceMs: nowMs, strandedSinceMs: null })
      return {}
    }
    const at = waiting.blocks.findIndex(known => known.block === block.block)
    if (at < 0) waiting.blocks.push(candidate)
    else if (fold !== undefined) waiting.blocks[at] = candidate
    return {}
  }

  /**
   * The batches that enter the interval that ends at `to`: those that arrived before it, in the order of their sessions and
   * within a session of their numbers. They are the seal's from now on. `lost`: batches whose every copy is gone.
   */
  take(stream: StreamId, to: number, nowMs: number): { readonly admitted: AdmittedBatch[]; readonly lost: LostBatch[] } {
    const admitted: AdmittedBatch[] = []
    const lost: LostBatch[] = []
    const sessions = this.#streams.get(stream)
    for (const [id, session] of sessions ?? []) {
      const seqs = this.#ledger.admitted.get(id)?.get(stream)
      let next = (seqs?.watermark ?? 0) + 1
      for (const seq of [...session.keys()].sort((a, b) => a - b)) {
        const waiting = session.get(seq) as Waiting
        // What follows a number that is in a seal waits for none before it: the gap there was waited for.
        if (seqs?.has(seq - 1) === true) next = seq
        if (seq > next && nowMs - waiting.heldSinceMs < this.#holdBackMs) break
        if (waiting.arrivedMs >= to) break
        const index = waiting.blocks.findIndex(({ block }) => this.#tracker.holders(block).length > 0)
        const block = waiting.blocks[index]
        waiting.strandedSinceMs = block === undefined ? (waiting.strandedSinceMs ?? nowMs) : null
        if (waiting.strandedSinceMs !== null && nowMs - waiting.strandedSinceMs < this.#strandedMs) break
        next = seq + 1
        session.delete(seq)
        if (block === undefined) {
          lost.push({ ...waiting.batch, rows: waiting.blocks[0]!.rows })
          continue
        }
        admitted.push({ batch: waiting.batch, ...block, others: waiting.blocks.filter((_, i) => i !== index).map(other => other.block) })
      }
      if (session.size === 0) sessions?.delete(id)
    }
    return { admitted, lost }
  }

  /** The earliest time at which a waiting batch arrived; Infinity if none waits. */
  oldest(stream: StreamId): number {
    let oldest = Number.POSITIVE_INFINITY
    for (const session of this.#streams.get(stream)?.values() ?? []) {
      for (const { arrivedMs } of session.values()) if (arrivedMs < oldest) oldest = arrivedMs
    }
    return oldest
  }

  sealed(stream: StreamId, interval: number, blocks: readonly { readonly block: string }[]): void {
    for (const { block } of blocks) this.#sealed.set(block, { stream, interval })
  }

  where(block: string): { readonly stream: StreamId; readonly interval: number } | undefined {
    return this.#sealed.get(block)
  }

  /** The interval is forgotten. */
  forget(blocks: readonly { readonly block: string }[]): void {
    for (const { block } of blocks) this.#sealed.delete(block)
  }

  /** The stream is stopped: gives the blocks that waited. */
  remove(stream: StreamId): string[] {
    const blocks: string[] = []
    for (const session of this.#streams.get(stream)?.values() ?? []) {
      for (const waiting of session.values()) for (const { block } of waiting.blocks) blocks.push(block)
    }
    this.#streams.delete(stream)
    return blocks
  }
}
