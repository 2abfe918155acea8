/**
 * Functions and data that tasks refer to by hash: asked of the master once. Functions are handed to every executor once, the records of a
 * `parallelize` to the tasks that read them.
 */

import type { Asset } from "../../engine/function-ref.js"
import type { StageSpec } from "../../engine/task.js"
import type { ClockOffset } from "./clock-offset.js"
import type { MasterLink } from "./master-link.js"
import type { Outbox } from "./outbox.js"

/** So many, or so many bytes: above it goes what was not used for long. Every question brings functions of its own. */
const keptMost = 256
const keptBytes = 16 * 1024 * 1024
/** Longer than a task may wait for its thread. */
const idleMs = 120_000
const lookEveryMs = 10_000

export class Assets {
  readonly #outbox: Outbox
  readonly #master: MasterLink
  readonly #clock: ClockOffset
  /** The one that was used longest ago first. */
  readonly #held = new Map<string, { readonly bytes: Uint8Array; usedMs: number }>()
  #heldBytes = 0
  #lookMs = 0
  /** Hashes that the executors are to have. */
  readonly #forExecutors = new Set<string>()
  /** Who waits for a hash. */
  readonly #waiting = new Map<string, Set<() => void>>()
  #toAsk = new Set<string>()

  constructor(outbox: Outbox, master: MasterLink, clock: ClockOffset) {
    this.#clock = clock
    this.#outbox = outbox
    this.#master = master
  }

  get(hash: string): Uint8Array | undefined {
    return this.#held.get(hash)?.bytes
  }

  /** Functions, with what they captured. How many of the hashes are not here; `arrived` is called once for each when it comes. */
  require(hashes: Iterable<string>, arrived: () => void): number {
    const all = [...hashes]
    for (const hash of all) {
      if (this.#forExecutors.has(hash)) continue
      this.#forExecutors.add(hash)
      // Until now it was some task's data.
      const bytes = this.get(hash)
      if (bytes !== undefined) this.#outbox.push({ kind: "asset", hash, bytes })
    }
    return this.want(all, arrived)
  }

  /** The same of data, which a task is given. */
  want(hashes: Iterable<string>, arrived: () => void): number {
    let missing = 0
    for (const hash of hashes) {
      const held = this.#held.get(hash)
      if (held !== undefined) {
        held.usedMs = this.#clock.monotonicMs
        this.#held.delete(hash)
        this.#held.set(hash, held)
        continue
      }
      missing++
      const waiting = this.#waiting.get(hash)
      if (waiting !== undefined) waiting.add(arrived)
      else {
        this.#waiting.set(hash, new Set([arrived]))
        this.#toAsk.add(hash)
      }
    }
    return missing
  }

  onAssets(assets: readonly Asset[]): void {
    for (const { hash, bytes } of assets) {
      if (!this.#held.has(hash)) {
        // The frame it came in is not kept alive for it.
        const own = new Uint8Array(bytes)
        this.#held.set(hash, { bytes: own, usedMs: this.#clock.monotonicMs })
        this.#heldBytes += own.byteLength
        if (this.#forExecutors.has(hash)) this.#outbox.push({ kind: "asset", hash, bytes: own })
      }
      const waiting = this.#waiting.get(hash)
      this.#waiting.delete(hash)
      this.#toAsk.delete(hash)
      for (const arrived of waiting ?? []) arrived()
    }
  }

  onTime(nowMs: number): void {
    if (nowMs < this.#lookMs) return
    this.#lookMs = nowMs + lookEveryMs
    const hashes: string[] = []
    for (const [hash, { bytes, usedMs }] of this.#held) {
      if ((this.#held.size <= keptMost && this.#heldBytes <= keptBytes) || nowMs - usedMs < idleMs) break
      this.#held.delete(hash)
      this.#heldBytes -= bytes.byteLength
      if (this.#forExecutors.delete(hash)) hashes.push(hash)
    }
    if (hashes.length > 0) this.#outbox.push({ kind: "dropAssets", hashes })
  }

  /** What was asked for may not have been heard. */
  onJoined(): void {
    for (const hash of this.#waiting.keys()) this.#toAsk.add(hash)
  }

  /** At the end of a step: one question. */
  flush(): void {
    if (this.#toAsk.size === 0 || !this.#master.joined) return
    this.#master.tell({ kind: "assetRequest", hashes: [...this.#toAsk] })
    this.#toAsk = new Set()
  }
}

/**
 * The hashes of all functions that a stage's tasks use. The tree is plain data, so it is walked as such: a new
 * kind of node needs no word here. Sealed blocks are not walked: there are many, and they refer to nothing.
 */
export function assetsOf(stage: StageSpec): Set<string> {
  const hashes = new Set<string>()
  walk(stage.root, hashes)
  walk(stage.write, hashes)
  return hashes
}

function walk(value: unknown, hashes: Set<string>): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return
  if (Array.isArray(value)) {
    for (const item of value) walk(item, hashes)
    return
  }
  const node = value as Partial<Record<string, unknown>>
  if (node.kind === "function" && typeof node.hash === "string") {
    hashes.add(node.hash)
    for (const part of (node.parts as readonly string[] | undefined) ?? []) hashes.add(part)
  }
  for (const [name, inner] of Object.entries(node)) if (name !== "groups" && name !== "splits") walk(inner, hashes)
}
