/**
 * Copies stored results (state, panes, persisted partitions) to a second worker soon after they were made (the paper's
 * §5.1, DESIGN §8): those of a moment together, for with small intervals there are thousands of them. What two workers hold is a checkpoint: lineage before it is no longer needed for recovery.
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

/** A copy waits so long for others from the same worker to the same one … */
const gatherMs = 50
/** … or until there are so many. */
const gatherMost = 64

interface Single extends Stored {
  /** Where a copy is under way to. */
  to: NodeId | null
}

export class Checkpointer {
  readonly #parts: Parts
  readonly #stored = new Map<string, Stored>()
  /** Stored blocks of which there is one copy, in the order in which they became so. */
  readonly #single = new Map<string, Single>()
  /** Not asked for yet, by holder and by where they go to. */
  readonly #due = new Map<NodeId, Map<NodeId, string[]>>()
  #dueMs: number | null = null

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

  /** Asks for the copies that have waited long enough. */
  onTime(nowMs: number): void {
    if (this.#due.size === 0) return
    this.#dueMs ??= nowMs
    if (nowMs < this.#dueMs + gatherMs) return
    this.#dueMs = null
    const { registry, tracker, outbox } = this.#parts
    for (const [holder, byTarget] of this.#due) {
      for (const [to, all] of byTarget) {
        // Since they were noted, they may have gone, or one of the two.
        const blocks = all.filter(block => this.#single.get(block)?.to === to && tracker.holders(block).has(holder))
        if (blocks.length > 0 && registry.get(holder) !== undefined && registry.get(to) !== undefined)
          outbox.send(holder, { kind: "copy", blocks, to: [to] })
        else for (const block of blocks) this.#single.get(block)!.to = null
      }
    }
    this.#due.clear()
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
    const byTarget = this.#due.get(holder) ?? new Map<NodeId, string[]>()
    this.#due.set(holder, byTarget)
    const blocks = byTarget.get(to) ?? []
    byTarget.set(to, blocks)
    if (blocks.push(block) >= gatherMost) {
      byTarget.delete(to)
      outbox.send(holder, { kind: "copy", blocks, to: [to] })
    }
  }
}
