/**
 * What is done when block memory runs short and disks are no way out: the oldest raw input goes, questions' claim on it before recovery's, which is never
 * given up. When even that is not enough, senders wait, and whoever looks is told why.
 */

import type { StreamId } from "../../engine/definition.js"
import { nameOf } from "./catalog.js"
import { forgetBlock, type Parts, say } from "./parts.js"
import { blocksOf, type SealRecord } from "./records.js"
import type { Needs } from "./still-needed.js"
import { isReplayable, type StreamRecord } from "./stream-record.js"
import type { WorkerEntry } from "./worker-registry.js"

export class MemoryRelief {
  readonly #parts: Parts
  readonly #forget: (inputs: ReadonlyMap<StreamId, number>) => void
  #warned = false
  warning: string | null = null

  /** `forget`: of each input the intervals that end at or before a time. */
  constructor(parts: Parts, forget: (inputs: ReadonlyMap<StreamId, number>) => void) {
    this.#parts = parts
    this.#forget = forget
  }

  /** On some worker. */
  get high(): boolean {
    for (const worker of this.#parts.registry.live) if (this.#full(worker)) return true
    return false
  }

  /** On some worker, and its disk is no way out. */
  get short(): boolean {
    return [...this.#parts.registry.live].some(worker => this.#stuffed(worker))
  }

  #full({ usedBytes, capBytes }: { readonly usedBytes: number; readonly capBytes: number }): boolean {
    return capBytes > 0 && usedBytes > capBytes * this.#parts.config.memoryHigh
  }

  /** Its memory is short, and its disk is no way out: what is kept for questions only must go. */
  #stuffed(worker: WorkerEntry): boolean {
    return this.#full(worker) && (worker.spilledBytes === null || worker.diskFull !== null)
  }

  /** Memory is short: the oldest raw input goes, as far as nothing has to be computed from it. */
  relieve(needs: Needs): void {
    const stuffed = [...this.#parts.registry.live].filter(worker => this.#stuffed(worker))
    if (stuffed.length === 0) {
      this.#warned = false
      this.warning = null
      return
    }
    const { tracker, config } = this.#parts
    let excess = 0
    for (const { usedBytes, capBytes } of stuffed) excess += Math.max(0, usedBytes - capBytes * (config.memoryHigh - 0.05))
    const forgotten = new Map<StreamId, number>()
    for (const { record, seal } of this.#oldestFirst(needs)) {
      if (excess <= 0) break
      let bytes = 0
      for (const { block } of blocksOf(seal)) {
        const here = tracker.current(block)
        bytes += tracker.bytes(here) * tracker.holders(here).length
        // Of a file it can be read again: only the bytes go.
        if (isReplayable(record, seal)) forgetBlock(this.#parts, block)
      }
      excess -= bytes
      if (!isReplayable(record, seal)) forgotten.set(record.definition.id, seal.to)
    }
    if (forgotten.size > 0) this.#forget(forgotten)
    if (excess > 0 && !this.#warned) {
      this.#warned = true
      const held = this.#parts.catalog
        .live()
        .filter(stream => stream.held !== null)
        .map(nameOf)
      const disk = stuffed.some(({ diskFull }) => diskFull !== null) ? ", and there is no more room on disk" : ""
      const names = stuffed.map(({ name }) => name).join(", ")
      this.warning = `block memory of ${names} is over ${Math.round(config.memoryHigh * 100)} % full of what is still needed${disk}${held.length > 0 ? ` (held: ${held.join(", ")})` : ""}: senders wait; start another worker, or stop a stream`
      say(this.#parts, "warn", this.warning)
    }
  }

  /** Seals that hold something and that nothing needs, by their end. */
  #oldestFirst(needs: Needs): { readonly record: StreamRecord; readonly seal: SealRecord }[] {
    const found: { record: StreamRecord; seal: SealRecord }[] = []
    for (const record of this.#parts.catalog.inputs()) {
      const need = needs.get(record.definition.id) ?? Number.POSITIVE_INFINITY
      for (const seal of record.seals) {
        if (seal.to > need || found.length > 10_000) break
        const { tracker } = this.#parts
        if (blocksOf(seal).some(({ block }) => tracker.knows(tracker.current(block)))) found.push({ record, seal })
      }
    }
    return found.sort((a, b) => a.seal.to - b.seal.to)
  }
}
