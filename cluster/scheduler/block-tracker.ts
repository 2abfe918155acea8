/**
 * Who holds which block (the paper's §4.1: "a tracker on the master to let nodes find the locations of other blocks").
 *
 * Blocks are immutable, so a place is only ever added (made, copied) or taken away (lost, forgotten). An *output* is what
 * a stage makes: one part a partition. A part without a block is known to be empty: it needs no place and cannot be lost.
 *
 * There are as many blocks as tasks of all retained intervals: each is one object, which is its output's part as well, and lists
 * of holders are replaced, never changed, so that whoever was given one may keep it.
 */

import type { OutputId } from "../../engine/rdd.js"
import type { NodeId } from "../ports.js"
import { HolderLists } from "./holder-lists.js"
import { emptyPart, Held, KnownOutput, type MadePart, nobody, type Output, type Part, type TrackedBlock } from "./tracked-block.js"

export class BlockTracker {
  readonly #blocks = new Map<string, Held>()
  readonly #outputs = new Map<OutputId, KnownOutput>()
  readonly #lists = new HolderLists()
  /** Of a replayable source: the block that was read again in place of one that was lost. */
  readonly #instead = new Map<string, string>()

  // ── blocks ──

  /** Notes that `node` holds the block. Idempotent. */
  hold(block: string, node: NodeId, bytes: number, rows: number): void {
    let held = this.#blocks.get(block)
    if (held === undefined) {
      held = new Held(block, bytes, rows, null, 0, null)
      this.#blocks.set(block, held)
    }
    this.#add(held, node)
  }

  /** Another place of a block that is known. False: it is not known (forgotten meanwhile), so the copy is not wanted. */
  copied(block: string, node: NodeId): boolean {
    const held = this.#blocks.get(block)
    if (held === undefined) return false
    this.#add(held, node)
    return true
  }

  /** The worker's executors have begun with it. */
  begun(block: string, node: NodeId): void {
    const held = this.#blocks.get(block)
    if (held !== undefined) held.begunAt = node
  }

  find(block: string): TrackedBlock | undefined {
    return this.#blocks.get(block)
  }

  get blocks(): Iterable<TrackedBlock> {
    return this.#blocks.values()
  }

  knows(block: string): boolean {
    return this.#blocks.has(block)
  }

  /** What the block is a part of. Null: received input, or not known. */
  owner(block: string): { readonly output: OutputId; readonly partition: number } | null {
    const held = this.#blocks.get(block)
    return held === undefined || held.output === null ? null : { output: held.output.id, partition: held.partition }
  }

  /** In the order in which they got it. */
  holders(block: string): readonly NodeId[] {
    return this.#blocks.get(block)?.holders ?? nobody
  }

  bytes(block: string): number {
    return this.#blocks.get(block)?.bytes ?? 0
  }

  /** The block that stands in for one of a replayable source that was read again, else itself. */
  current(block: string): string {
    return this.#instead.size === 0 ? block : (this.#instead.get(block) ?? block)
  }

  replaced(block: string, by: string): void {
    this.#instead.set(block, by)
  }

  /** Takes one place away. True: it was the last one; the part it was is absent now. */
  drop(block: string, node: NodeId): boolean {
    const held = this.#blocks.get(block)
    if (held === undefined || !this.#remove(held, node) || held.holders.length > 0) return false
    this.#absent(held)
    return true
  }

  /** A worker is gone. Gives the parts (of outputs) and input blocks of which it had the last copy. */
  dropWorker(node: NodeId): { readonly parts: readonly { output: OutputId; partition: number }[]; readonly inputs: readonly string[] } {
    const parts: { output: OutputId; partition: number }[] = []
    const inputs: string[] = []
    for (const held of this.#heldBy(node)) {
      this.#remove(held, node)
      if (held.holders.length > 0) continue
      this.#absent(held)
      if (held.output === null) inputs.push(held.block)
      else parts.push({ output: held.output.id, partition: held.partition })
    }
    this.#lists.left(node)
    return { parts, inputs }
  }

  /** How many blocks a worker holds, by what the master knows. */
  count(node: NodeId): number {
    return this.#lists.count(node)
  }

  /** Goes through all blocks: for when a worker is lost or has come back. */
  blocksOf(node: NodeId): string[] {
    return this.#heldBy(node).map(({ block }) => block)
  }

  /** Forgets a block everywhere. Gives who held it. */
  forget(block: string): readonly NodeId[] {
    const instead = this.#instead.size === 0 ? undefined : this.#instead.get(block)
    const gone = instead === undefined ? nobody : this.forget(instead)
    if (instead !== undefined) this.#instead.delete(block)
    const held = this.#blocks.get(block)
    if (held === undefined) return gone
    const { holders } = held
    this.#lists.let(holders)
    held.holders = nobody
    held.place = null
    this.#absent(held)
    return gone.length === 0 ? holders : [...holders, ...gone]
  }

  // ── outputs ──

  /** Undefined: nothing of it is there. */
  output(id: OutputId): Output | undefined {
    return this.#outputs.get(id)
  }

  part(output: OutputId, partition: number): Part | undefined {
    return this.#outputs.get(output)?.parts[partition]
  }

  /** Whether all `partitions` parts are there. */
  complete(output: OutputId, partitions: number): boolean {
    return partitions === 0 || (this.#outputs.get(output)?.present ?? 0) >= partitions
  }

  /** A part was made at `node` (null for an empty one). A part that is there already stays: gives false. */
  put(id: OutputId, partition: number, part: MadePart, node: NodeId | null): boolean {
    let output = this.#outputs.get(id)
    if (output === undefined) {
      output = new KnownOutput(id)
      this.#outputs.set(id, output)
    }
    if (output.parts[partition] !== undefined) return false
    // Iterated with holes filled: what is not there is `undefined`.
    while (output.parts.length < partition) output.parts.push(undefined)
    output.present += 1
    output.places = null
    if (part.block === null || node === null) {
      output.parts[partition] = part === emptyPart ? emptyPart : { ...part, holders: nobody }
      return true
    }
    let held = this.#blocks.get(part.block)
    if (held === undefined || held.output === null) {
      const { holders } = held ?? emptyPart
      held = new Held(part.block, part.bytes, part.rows, output, partition, part)
      held.holders = holders
      this.#blocks.set(part.block, held)
    }
    output.parts[partition] = held
    this.#add(held, node)
    return true
  }

  parts(output: OutputId): readonly (Part | undefined)[] {
    return this.#outputs.get(output)?.parts ?? []
  }

  /** Forgets an output. Gives its blocks with who held them. */
  remove(id: OutputId): { readonly block: string; readonly holders: readonly NodeId[] }[] {
    const output = this.#outputs.get(id)
    if (output === undefined) return []
    const gone: { block: string; holders: readonly NodeId[] }[] = []
    for (const part of [...output.parts]) {
      if (part?.block != null) gone.push({ block: part.block, holders: this.forget(part.block) })
    }
    this.#outputs.delete(id)
    output.gone = true
    return gone
  }

  /** Forgets one part. Gives its block with who held it. */
  removePart(id: OutputId, partition: number): { readonly block: string; readonly holders: readonly NodeId[] } | null {
    const output = this.#outputs.get(id)
    const part = output?.parts[partition]
    if (output === undefined || part === undefined) return null
    if (part.block !== null) return { block: part.block, holders: this.forget(part.block) }
    this.#clear(output, partition)
    return null
  }

  #heldBy(node: NodeId): Held[] {
    if (this.count(node) === 0) return []
    const found: Held[] = []
    for (const held of this.#blocks.values()) if (held.holders.includes(node)) found.push(held)
    return found
  }

  #add(held: Held, node: NodeId): void {
    if (held.holders.includes(node)) return
    held.holders = this.#lists.and(held.holders, node)
    moved(held)
  }

  #remove(held: Held, node: NodeId): boolean {
    if (!held.holders.includes(node)) return false
    held.holders = this.#lists.without(held.holders, node)
    moved(held)
    return true
  }

  #absent(held: Held): void {
    this.#blocks.delete(held.block)
    if (held.output !== null && held.output.parts[held.partition] === held) this.#clear(held.output, held.partition)
  }

  #clear(output: KnownOutput, partition: number): void {
    output.parts[partition] = undefined
    output.places = null
    output.present -= 1
    if (output.present > 0) return
    this.#outputs.delete(output.id)
    output.gone = true
  }
}

/** Who holds it has changed. */
function moved(held: Held): void {
  held.place = null
  if (held.output !== null) held.output.places = null
}
