/**
 * Whole blocks fetched from other workers, kept for a moment: the same base of a state, or the same input, is often wanted
 * again by the next interval's task or the next question. Blocks are immutable and their ids unique, so what is kept is
 * never wrong; and the master does not count on it, so it may go at any time.
 */

import type { Region } from "./allocator.js"
import type { BlockStore } from "./block-store.js"

/** Not wanted for so long: gone. */
const keepMs = 5_000

export class FetchCache {
  readonly #store: BlockStore
  /** Share of the memory above which nothing is kept. */
  readonly #mark: number
  /** The one that was wanted longest ago first. */
  readonly #kept = new Map<string, { readonly region: Region; usedMs: number }>()

  constructor(store: BlockStore, mark: number) {
    this.#store = store
    this.#mark = mark
  }

  /** The block's bytes, pinned once for the caller. */
  take(block: string, nowMs: number): Region | null {
    const kept = this.#kept.get(block)
    if (kept === undefined) return null
    this.#kept.delete(block)
    this.#kept.set(block, { ...kept, usedMs: nowMs })
    this.#store.pin(kept.region)
    return kept.region
  }

  keep(block: string, region: Region, nowMs: number): void {
    if (this.#kept.has(block) || this.#full) return
    this.#store.pin(region)
    this.#kept.set(block, { region, usedMs: nowMs })
  }

  onTime(nowMs: number): void {
    for (const [block, { region, usedMs }] of this.#kept) {
      if (nowMs - usedMs < keepMs && !this.#full) return
      this.#kept.delete(block)
      this.#store.unpin(region)
    }
  }

  /** Makes room: all goes. */
  clear(): void {
    for (const { region } of this.#kept.values()) this.#store.unpin(region)
    this.#kept.clear()
  }

  get deadlineMs(): number {
    for (const { usedMs } of this.#kept.values()) return usedMs + keepMs
    return Number.POSITIVE_INFINITY
  }

  get #full(): boolean {
    return this.#store.usedBytes > this.#mark * this.#store.capBytes
  }
}
