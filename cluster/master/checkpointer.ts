/**
 * Copies stored results (state, panes, persisted partitions) to a second worker right after they were made (the paper's
 * §5.1, DESIGN §8). What two workers hold is a checkpoint: lineage before it is no longer needed for recovery.
 */

import type { StreamId } from "../../engine/definition.js"
import type { StageSpec } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type { Parts } from "./parts.js"

interface Stored {
  readonly stream: StreamId
  readonly interval: number
  readonly partitions: number
  readonly partition: number
}

interface Single extends Stored {
  /** Where a copy is under way to. */
  to: NodeId | null
}

export class Checkpointer {
  readonly #parts: Parts
  readonly #stored = new Map<string, Stored>()
  /** Stored blocks of which there is one copy, in the order in which they became so. */
  readonly #single = new Map<string, Single>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  made(spec: StageSpec, partition: number, block: string): void {
    if (spec.write.kind !== "state" && spec.write.kind !== "store") return
    if (spec.stream === null || spec.interval === null) return
    this.found(block, spec.stream, spec.interval.from, spec.partitions, partition)
    this.#copy(block)
  }

  /** A stored block that a worker came back with. */
  found(block: string, stream: StreamId, interval: number, partitions: number, partition: number): void {
    this.#stored.set(block, { stream, interval, partitions, partition })
    if (this.#parts.tracker.holders(block).size >= 2) this.#single.delete(block)
    else if (!this.#single.has(block)) this.#single.set(block, { stream, interval, partitions, partition, to: null })
  }

  copied(block: string, holder: NodeId, error: string | undefined): void {
    const single = this.#single.get(block)
    if (error !== undefined) {
      // Tried again by the next sweep.
      if (single !== undefined) single.to = null
      return
    }
    if (!this.#parts.tracker.copied(block, holder)) this.#parts.outbox.forget(holder, block)
    else this.#single.delete(block)
  }

  /** A worker is gone: copies to it will not come, and of what it held there may be one copy left. */
  workerLost(node: NodeId, held: Iterable<string>): void {
    for (const single of this.#single.values()) if (single.to === node) single.to = null
    for (const block of held) {
      const stored = this.#stored.get(block)
      if (stored === undefined) continue
      const copies = this.#parts.tracker.holders(block).size
      if (copies === 0) this.#stored.delete(block)
      if (copies === 1 && !this.#single.has(block)) this.#single.set(block, { ...stored, to: null })
    }
  }

  forgotten(block: string): void {
    this.#stored.delete(block)
    this.#single.delete(block)
  }

  /** Starts the copies that are not under way. */
  sweep(): void {
    for (const [block, single] of [...this.#single]) {
      const holders = this.#parts.tracker.holders(block)
      if (holders.size === 0 || holders.size >= 2) this.#single.delete(block)
      else if (single.to === null) this.#copy(block)
    }
  }

  /** The first interval of the stream that a worker's loss would take: what it is computed from is needed. Infinity: none. */
  neededFrom(stream: StreamId): number {
    // One worker alone has nobody to copy to; if it goes, all goes.
    if (this.#parts.registry.size < 2) return Number.POSITIVE_INFINITY
    let from = Number.POSITIVE_INFINITY
    for (const single of this.#single.values()) if (single.stream === stream && single.interval < from) from = single.interval
    return from
  }

  #copy(block: string): void {
    const single = this.#single.get(block)
    const { tracker, placement, outbox, registry } = this.#parts
    const [holder] = tracker.holders(block)
    if (single === undefined || holder === undefined || registry.size < 2) return
    const home = placement.home(single.partitions, single.partition)
    let to = home?.worker === holder ? home.backup : (home?.worker ?? null)
    if (to === null || to === holder || registry.get(to) === undefined) {
      to = [...registry.live].find(({ node }) => node !== holder)?.node ?? null
    }
    if (to === null) return
    single.to = to
    outbox.send(holder, { kind: "copy", block, to: [to] })
  }
}
