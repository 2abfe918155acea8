/**
 * Who holds which block (the paper's §4.1: "a tracker on the master to let nodes find the locations of other blocks").
 *
 * Blocks are immutable, so a place is only ever added (made, copied) or taken away (lost, forgotten). An *output* is what
 * a stage makes: one part a partition. A part without a block is known to be empty: it needs no place and cannot be lost.
 */

import type { OutputId } from "../../engine/rdd.js"
import type { NodeId } from "../ports.js"

/** What one task made. `block` null: the partition is empty, nothing was stored. */
export interface Part {
  readonly block: string | null
  readonly rows: number
  readonly bytes: number
  /** Of a shuffle's region: rows of each section. */
  readonly sectionRows?: readonly number[]
  /** Of a keyed state: a whole base, and how many keys the version has. */
  readonly base?: boolean
  readonly keys?: number
}

export const emptyPart: Part = Object.freeze({ block: null, rows: 0, bytes: 0 })

interface BlockEntry {
  readonly holders: Set<NodeId>
  readonly bytes: number
  readonly rows: number
  /** Null: received input. */
  readonly output: OutputId | null
  readonly partition: number
}

interface OutputEntry {
  readonly parts: (Part | undefined)[]
  present: number
}

const nobody: ReadonlySet<NodeId> = new Set()

export class BlockTracker {
  readonly #blocks = new Map<string, BlockEntry>()
  readonly #outputs = new Map<OutputId, OutputEntry>()
  readonly #ofWorker = new Map<NodeId, Set<string>>()
  /** Of a replayable source: the block that was read again in place of one that was lost. */
  readonly #instead = new Map<string, string>()

  // ── blocks ──

  /** Notes that `node` holds the block. Idempotent. */
  hold(block: string, node: NodeId, bytes: number, rows: number, owner: { output: OutputId; partition: number } | null = null): void {
    let entry = this.#blocks.get(block)
    if (entry === undefined) {
      entry = { holders: new Set(), bytes, rows, output: owner?.output ?? null, partition: owner?.partition ?? 0 }
      this.#blocks.set(block, entry)
    }
    entry.holders.add(node)
    let held = this.#ofWorker.get(node)
    if (held === undefined) {
      held = new Set()
      this.#ofWorker.set(node, held)
    }
    held.add(block)
  }

  /** Another place of a block that is known. False: it is not known (forgotten meanwhile), so the copy is not wanted. */
  copied(block: string, node: NodeId): boolean {
    const entry = this.#blocks.get(block)
    if (entry === undefined) return false
    this.hold(block, node, entry.bytes, entry.rows)
    return true
  }

  knows(block: string): boolean {
    return this.#blocks.has(block)
  }

  /** What the block is a part of. Null: received input, or not known. */
  owner(block: string): { readonly output: OutputId; readonly partition: number } | null {
    const entry = this.#blocks.get(block)
    return entry === undefined || entry.output === null ? null : { output: entry.output, partition: entry.partition }
  }

  /** In the order in which they got it. */
  holders(block: string): ReadonlySet<NodeId> {
    return this.#blocks.get(block)?.holders ?? nobody
  }

  bytes(block: string): number {
    return this.#blocks.get(block)?.bytes ?? 0
  }

  /** The block that stands in for one of a replayable source that was read again, else itself. */
  current(block: string): string {
    return this.#instead.get(block) ?? block
  }

  replaced(block: string, by: string): void {
    this.#instead.set(block, by)
  }

  /** Takes one place away. True: it was the last one; the part it was is absent now. */
  drop(block: string, node: NodeId): boolean {
    this.#ofWorker.get(node)?.delete(block)
    const entry = this.#blocks.get(block)
    if (entry === undefined || !entry.holders.delete(node) || entry.holders.size > 0) return false
    this.#absent(block, entry)
    return true
  }

  /** A worker is gone. Gives the parts (of outputs) and input blocks of which it had the last copy. */
  dropWorker(node: NodeId): { readonly parts: readonly { output: OutputId; partition: number }[]; readonly inputs: readonly string[] } {
    const parts: { output: OutputId; partition: number }[] = []
    const inputs: string[] = []
    for (const block of this.#ofWorker.get(node) ?? []) {
      const entry = this.#blocks.get(block)
      if (entry === undefined || !entry.holders.delete(node) || entry.holders.size > 0) continue
      this.#absent(block, entry)
      if (entry.output === null) inputs.push(block)
      else parts.push({ output: entry.output, partition: entry.partition })
    }
    this.#ofWorker.delete(node)
    return { parts, inputs }
  }

  /** How many blocks a worker holds, by what the master knows. */
  count(node: NodeId): number {
    return this.#ofWorker.get(node)?.size ?? 0
  }

  blocksOf(node: NodeId): Iterable<string> {
    return this.#ofWorker.get(node) ?? []
  }

  /** Forgets a block everywhere. Gives who held it. */
  forget(block: string): readonly NodeId[] {
    const instead = this.#instead.get(block)
    this.#instead.delete(block)
    const gone = instead === undefined ? [] : this.forget(instead)
    const entry = this.#blocks.get(block)
    if (entry === undefined) return gone
    const holders = [...entry.holders]
    for (const node of holders) this.#ofWorker.get(node)?.delete(block)
    this.#absent(block, entry)
    return gone.length === 0 ? holders : [...holders, ...gone]
  }

  // ── outputs ──

  part(output: OutputId, partition: number): Part | undefined {
    return this.#outputs.get(output)?.parts[partition]
  }

  /** Whether all `partitions` parts are there. */
  complete(output: OutputId, partitions: number): boolean {
    return partitions === 0 || (this.#outputs.get(output)?.present ?? 0) >= partitions
  }

  /** A part was made at `node` (null for an empty one). A part that is there already stays: gives false. */
  put(output: OutputId, partition: number, part: Part, node: NodeId | null): boolean {
    let entry = this.#outputs.get(output)
    if (entry === undefined) {
      entry = { parts: [], present: 0 }
      this.#outputs.set(output, entry)
    }
    if (entry.parts[partition] !== undefined) return false
    entry.parts[partition] = part
    entry.present += 1
    if (part.block !== null && node !== null) this.hold(part.block, node, part.bytes, part.rows, { output, partition })
    return true
  }

  parts(output: OutputId): readonly (Part | undefined)[] {
    return this.#outputs.get(output)?.parts ?? []
  }

  /** Forgets an output. Gives its blocks with who held them. */
  remove(output: OutputId): { readonly block: string; readonly holders: readonly NodeId[] }[] {
    const entry = this.#outputs.get(output)
    if (entry === undefined) return []
    const gone: { block: string; holders: readonly NodeId[] }[] = []
    for (const part of [...entry.parts]) {
      if (part?.block != null) gone.push({ block: part.block, holders: this.forget(part.block) })
    }
    this.#outputs.delete(output)
    return gone
  }

  /** Forgets one part. Gives its block with who held it. */
  removePart(output: OutputId, partition: number): { readonly block: string; readonly holders: readonly NodeId[] } | null {
    const entry = this.#outputs.get(output)
    const part = entry?.parts[partition]
    if (entry === undefined || part === undefined) return null
    if (part.block !== null) return { block: part.block, holders: this.forget(part.block) }
    this.#clear(output, entry, partition)
    return null
  }

  #absent(block: string, entry: BlockEntry): void {
    this.#blocks.delete(block)
    if (entry.output === null) return
    const output = this.#outputs.get(entry.output)
    if (output === undefined || output.parts[entry.partition]?.block !== block) return
    this.#clear(entry.output, output, entry.partition)
  }

  #clear(id: OutputId, output: OutputEntry, partition: number): void {
    output.parts[partition] = undefined
    output.present -= 1
    if (output.present === 0) this.#outputs.delete(id)
  }
}
