/**
 * Received input keeps its copies: what has lost one to a dead worker gets another. Without this, every block
 * that the first lost worker held would go with the second one, however much later that dies.
 *
 * Only what is in a seal is copied here: before that its holders see to it themselves (`Receiver`), and here it is only counted. Sources
 * that can be read again are left alone. Copies start with the sweep, a bounded number of bytes at a time, to where there is room.
 */

import { type NodeId, nodeName } from "../ports.js"
import type { HeldBlock } from "../protocol.js"
import type { Parts } from "./parts.js"

/** A worker that has been told to let a block go, and lives, has done so by then. */
const forgottenMs = 60_000
/** Under way at once: streams' own traffic goes first. */
const underwayBytesMost = 32 * 1024 * 1024

export class InputCopies {
  readonly #parts: Parts
  /** Blocks with too few copies, in the order in which they came to it, and where another is under way to. */
  readonly #wanting = new Map<string, NodeId | null>()
  /** Who was asked for those under way. */
  readonly #underway = new Map<string, { readonly bytes: number; readonly by: NodeId }>()
  /** Who was told to let a block go that others hold, and when. */
  readonly #leaving = new Map<string, Map<NodeId, number>>()
  /** In no seal yet, when a worker was lost that held them: whoever else holds them copies them. */
  readonly #unsealed = new Set<string>()
  #underwayBytes = 0
  #nowMs = 0
  /** A worker was lost since the last sweep. */
  #sweepsNow = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** How many blocks have fewer copies than they should and could have. */
  get wanting(): number {
    const { registry, tracker, admission } = this.#parts
    if (registry.size < 2) return 0
    for (const block of this.#unsealed)
      if (this.#enough(block) || admission.where(block) !== undefined || tracker.holders(block).length === 0) this.#unsealed.delete(block)
    return this.#wanting.size + this.#unsealed.size
  }

  /** How many are under way from where to where, by names. */
  get ways(): ReadonlyMap<string, number> {
    const ways = new Map<string, number>()
    for (const [block, to] of this.#wanting) {
      const by = this.#underway.get(block)?.by
      if (to === null || by === undefined) continue
      const way = `${nodeName(by)} to ${nodeName(to)}`
      ways.set(way, (ways.get(way) ?? 0) + 1)
    }
    return ways
  }

  /** The blocks are in a seal. */
  sealed(blocks: Iterable<{ readonly block: string }>): void {
    for (const { block } of blocks) this.#note(block)
  }

  /** A worker is here, perhaps again, with these. What has enough copies without it, it need not keep. */
  joined(node: NodeId, held: readonly HeldBlock[]): void {
    const { admission, tracker, config } = this.#parts
    const here = new Set(held.map(({ block }) => block))
    for (const [block, nodes] of this.#leaving) if (!here.has(block)) nodes.delete(node)
    for (const { block } of held) {
      if (admission.where(block) === undefined) continue
      const holders = tracker.holders(block)
      // It wrote this before it was told, or was never reached. If nobody else has the block, it is told no more, and asked for a copy.
      const told = this.#leaving.get(block)?.has(node) === true
      const spared = told ? holders.length > 1 : holders.length > config.replicas
      if (spared && holders.includes(node)) this.#letGo(block, node)
      else this.#leaving.get(block)?.delete(node)
      this.#note(block)
    }
  }

  #letGo(block: string, node: NodeId): void {
    this.#parts.tracker.drop(block, node)
    this.#parts.outbox.forget(node, block)
    const leaving = this.#leaving.get(block) ?? new Map<NodeId, number>()
    this.#leaving.set(block, leaving.set(node, this.#nowMs))
  }

  /**
   * A worker reports the block. False if it was told to let it go, and had not heard of that yet: counted as a copy, it would be
   * one too many for the next worker that joins, until none is left.
   */
  reported(node: NodeId, block: string): boolean {
    if (this.#leaving.get(block)?.has(node) !== true) return true
    this.#parts.tracker.drop(block, node)
    return false
  }

  /** A worker was away: what it was asked to copy, or was to get, may not have reached it. */
  workerBack(node: NodeId): void {
    for (const [block, to] of this.#wanting) if (to === node || this.#underway.get(block)?.by === node) this.#end(block)
  }

  workerLost(node: NodeId, held: Iterable<string>): void {
    for (const leaving of this.#leaving.values()) leaving.delete(node)
    this.workerBack(node)
    const unsealed = this.#parts.admission.blocks()
    for (const block of held) {
      this.#note(block)
      if (unsealed.has(block)) this.#unsealed.add(block)
    }
    this.#sweepsNow = true
  }

  /** Until what lost a copy has another, the next death would be a second failure at once: that does not wait for a sweep. */
  onTime(nowMs: number): void {
    if (this.#sweepsNow) this.sweep(nowMs)
  }

  /** False: the copy was not asked for here. */
  copied(block: string, holder: NodeId, error: string | undefined): boolean {
    if (this.#wanting.get(block) !== holder) return false
    this.#end(block)
    if (error === undefined) {
      if (this.#parts.tracker.copied(block, holder)) this.#note(block)
      else this.#parts.outbox.forget(holder, block)
      this.sweep()
    }
    return true
  }

  /** Starts copies, as many as may be under way. */
  sweep(nowMs = this.#nowMs): void {
    const { tracker, admission, registry, outbox } = this.#parts
    this.#nowMs = nowMs
    this.#sweepsNow = false
    for (const [block, nodes] of this.#leaving) {
      for (const [node, toldMs] of nodes) if (nowMs - toldMs >= forgottenMs) nodes.delete(node)
      if (nodes.size === 0 || admission.where(block) === undefined) this.#leaving.delete(block)
    }
    if (registry.size < 2) return
    for (const [block, to] of this.#wanting) {
      if (this.#underwayBytes >= underwayBytesMost) return
      if (to !== null) continue
      const holders = tracker.holders(block)
      const [holder] = holders
      if (holder === undefined || admission.where(block) === undefined || this.#enough(block)) {
        this.#wanting.delete(block)
        continue
      }
      const target = this.#targetFor(block, holders, tracker.bytes(block))
      if (target === null) continue
      this.#wanting.set(block, target)
      this.#underway.set(block, { bytes: tracker.bytes(block), by: holder })
      this.#underwayBytes += tracker.bytes(block)
      outbox.send(holder, { kind: "copy", copies: [{ to: target, blocks: [block] }] })
    }
  }

  #note(block: string): void {
    const { admission, ledger } = this.#parts
    const sealed = admission.where(block)
    if (sealed === undefined || this.#enough(block)) {
      if (this.#wanting.get(block) === null) this.#wanting.delete(block)
      return
    }
    const node = ledger.streams.get(sealed.stream)?.definition.node
    if (node?.kind !== "input" || node.source.kind !== "receiver" || this.#wanting.has(block)) return
    this.#wanting.set(block, null)
  }

  #enough(block: string): boolean {
    return this.#parts.tracker.holders(block).length >= this.#parts.config.replicas
  }

  /** No longer under way; if it is still wanted, the next sweep starts it anew. */
  #end(block: string): void {
    this.#wanting.set(block, null)
    this.#underwayBytes -= this.#underway.get(block)?.bytes ?? 0
    this.#underway.delete(block)
  }

  /** The emptiest worker that has room, on another machine where there is one. */
  #targetFor(block: string, holders: readonly NodeId[], bytes: number): NodeId | null {
    const { registry, config } = this.#parts
    const hosts = new Set(holders.map(node => registry.get(node)?.host))
    let best: NodeId | null = null
    let least = Number.POSITIVE_INFINITY
    for (const { node, host, usedBytes, capBytes } of registry.staying) {
      if (holders.includes(node) || this.#leaving.get(block)?.has(node) === true || usedBytes + bytes > capBytes * config.memoryHigh)
        continue
      const cost = usedBytes / capBytes + (hosts.has(host) ? 1 : 0)
      if (cost >= least) continue
      best = node
      least = cost
    }
    return best
  }
}
