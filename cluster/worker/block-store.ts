/**
 * The worker's block store (the paper's §4.1): immutable blocks by id, in block memory, each in the arena of what it
 * belongs to. Any worker that has a block's id can serve it. What other threads or peers read is pinned.
 */

import type { StreamId } from "../../engine/definition.js"
import type { NodeId } from "../ports.js"
import type { BatchKey, BlockOwner, HeldBlock } from "../protocol.js"
import { Allocator, type AllocatorOptions, type Region } from "./allocator.js"

export interface StoredBlock {
  readonly id: string
  readonly bytes: number
  /** Where it lies in block memory; null: it lies on disk. */
  readonly region: Region | null
  readonly place: DiskPlace | null
  readonly rows: number
  /** Of a computed block; null for received ones. */
  readonly owner: BlockOwner | null
  /** Of a received block. */
  readonly batch: BatchKey | null
  /** The master's clock when it arrived first, as its receiver estimated it. */
  readonly arrivedMs: number
  /** The stream's interval it counts in, once that is settled. */
  readonly filed: { readonly stream: StreamId; readonly interval: number } | null
}

/** A piece of a file of evicted blocks. */
export interface DiskPlace {
  readonly path: string
  readonly offset: number
}

export interface BlockToStore {
  readonly id: string
  readonly bytes: Uint8Array
  readonly rows: number
  readonly owner?: BlockOwner | null
  readonly batch?: BatchKey | null
  readonly arrivedMs?: number
  readonly filed?: StoredBlock["filed"]
}

export class BlockStore {
  readonly #allocator: Allocator
  readonly #node: NodeId
  readonly #blocks = new Map<string, StoredBlock>()
  /** Filed blocks by stream and interval, for `forget`. */
  readonly #filed = new Map<StreamId, Map<number, Set<string>>>()
  /** Filed blocks that lie in memory, in the order in which they were filed: what may be evicted. */
  readonly #resident = new Map<string, StoredBlock>()
  /** Of keyed states, by stream and partition: the newest base. Versions before it only answer questions. */
  readonly #newestBase = new Map<StreamId, Map<number, number>>()
  #made = 0
  #fetches = 0
  /** Told when a block that lies on disk is dropped. */
  onPlaceFreed: (place: DiskPlace) => void = () => {}
  /** Told of each block that is given up. */
  onDropped: (block: StoredBlock) => void = () => {}

  constructor(node: NodeId, options: AllocatorOptions) {
    this.#node = node
    this.#allocator = new Allocator(options)
  }

  get capBytes(): number {
    return this.#allocator.capBytes
  }

  get usedBytes(): number {
    return this.#allocator.usedBytes
  }

  get freeBytes(): number {
    return this.#allocator.freeBytes
  }

  get size(): number {
    return this.#blocks.size
  }

  /** An id that no other block of any node has: the node's incarnation is part of it. */
  newId(): string {
    return `${this.#node}-${++this.#made}`
  }

  /** Whether there is room for a block of so many bytes, in one piece. */
  fits(bytes: number): boolean {
    const region = this.#allocator.allocate("fits", bytes)
    if (region !== null) this.#allocator.free(region)
    return region !== null
  }

  /** Copies the bytes, once, into block memory. Null when there is no room. An id that is held stays as it is. */
  put(block: BlockToStore): StoredBlock | null {
    const held = this.#blocks.get(block.id)
    if (held !== undefined) return held
    const { id, bytes, rows, owner = null, batch = null, arrivedMs = 0 } = block
    const filed = block.filed ?? filedOf(owner)
    const region = this.#allocator.allocate(arenaOf(filed, owner, batch), bytes.byteLength)
    if (region === null) return null
    this.#allocator.view(region).set(bytes)
    const stored: StoredBlock = { id, bytes: bytes.byteLength, region, place: null, rows, owner, batch, arrivedMs, filed }
    this.#blocks.set(id, stored)
    this.#index(stored)
    return stored
  }

  /** A block for which there is no room in memory, or that an earlier process left: it lies on disk from the start. */
  putOnDisk(block: Omit<BlockToStore, "bytes"> & { readonly bytes: number }, place: DiskPlace): StoredBlock {
    const { id, bytes, rows, owner = null, batch = null, arrivedMs = 0 } = block
    const stored: StoredBlock = { id, bytes, region: null, place, rows, owner, batch, arrivedMs, filed: filedOf(owner) }
    this.#blocks.set(id, stored)
    this.#index(stored)
    return stored
  }

  /** The block has been written to disk: its memory is free when nothing has it pinned. False: it is gone, or was there already. */
  evicted(id: string, place: DiskPlace): boolean {
    const block = this.#blocks.get(id)
    if (block === undefined || block.region === null) return false
    const { region } = block
    this.#blocks.set(id, { ...block, region: null, place })
    this.#resident.delete(id)
    this.#allocator.free(region)
    return true
  }

  /** A block that lies on disk lies elsewhere now. */
  moved(id: string, place: DiskPlace): void {
    const block = this.#blocks.get(id)
    if (block !== undefined && block.region === null) this.#blocks.set(id, { ...block, place })
  }

  /** What may be evicted: oldest first, nearly. */
  get resident(): Iterable<StoredBlock> {
    return this.#resident.values()
  }

  /** Start of the newest whole version of a state's partition that is held here. */
  newestBase(stream: StreamId, partition: number): number {
    return this.#newestBase.get(stream)?.get(partition) ?? Number.NEGATIVE_INFINITY
  }

  /** Of a block that had to be stored before its rows could be counted. */
  setRows(id: string, rows: number): StoredBlock {
    const block = { ...this.#blocks.get(id)!, rows }
    this.#blocks.set(id, block)
    return block
  }

  get(id: string): StoredBlock | undefined {
    return this.#blocks.get(id)
  }

  /** The bytes where they lie. Pin the region for as long as anything but this step reads them. */
  view(region: Region): Uint8Array {
    return this.#allocator.view(region)
  }

  /** The same to the end of its last page; null: it does not begin with one. */
  pages(region: Region): Uint8Array | null {
    return this.#allocator.pages(region)
  }

  pin(region: Region): void {
    this.#allocator.pin(region)
  }

  /** Something reads it, or it is under way to a peer. */
  isPinned(region: Region): boolean {
    return this.#allocator.isPinned(region)
  }

  unpin(region: Region): void {
    this.#allocator.unpin(region)
  }

  /** Bytes that belong to no block, pinned `pins` times: the memory is free after as many `unpin`s. Null when there is no room. */
  putTemporary(bytes: Uint8Array, pins: number): Region | null {
    const region = this.#allocator.allocate(`fetched:${++this.#fetches}`, bytes.byteLength)
    if (region === null) return null
    this.#allocator.view(region).set(bytes)
    for (let n = 0; n < pins; n++) this.#allocator.pin(region)
    this.#allocator.free(region)
    return region
  }

  /** A received block counts in this interval of the stream: it goes when that goes. */
  file(id: string, stream: StreamId, interval: number): void {
    const block = this.#blocks.get(id)
    if (block === undefined) return
    this.#unindex(block)
    const filed = { stream, interval }
    if (block.region !== null) this.#allocator.move(block.region, arenaOf(filed, block.owner, block.batch))
    const moved = { ...block, filed }
    this.#blocks.set(id, moved)
    this.#index(moved)
  }

  /** Gives the block up; its memory is free when nothing has it pinned. False when it is not held. */
  drop(id: string): boolean {
    const block = this.#blocks.get(id)
    if (block === undefined) return false
    this.#blocks.delete(id)
    this.#unindex(block)
    if (block.region !== null) this.#allocator.free(block.region)
    if (block.place !== null) this.onPlaceFreed(block.place)
    this.onDropped(block)
    return true
  }

  /**
   * Drops the stream's intervals that start before the time (it lies on the stream's grid, so they end by then). A state's
   * chain is left: which of its blocks later versions stand on, only the master knows. Returns what was dropped.
   */
  forget(stream: StreamId, beforeMs: number): StoredBlock[] {
    const dropped: StoredBlock[] = []
    for (const [interval, ids] of this.#filed.get(stream) ?? []) {
      if (interval >= beforeMs) continue
      for (const id of ids) {
        const block = this.#blocks.get(id)!
        if (block.owner?.base === undefined) dropped.push(block)
      }
    }
    for (const { id } of dropped) this.drop(id)
    return dropped
  }

  /** All that is held, for a master that must learn it (anew). */
  inventory(): HeldBlock[] {
    return [...this.#blocks.values()].map(({ id, rows, bytes, owner, batch, arrivedMs }) => ({
      block: id,
      rows,
      bytes,
      owner,
      batch,
      arrivedMs,
    }))
  }

  #index(block: StoredBlock): void {
    if (block.filed === null) return
    const { stream, interval } = block.filed
    const intervals = this.#filed.get(stream) ?? new Map<number, Set<string>>()
    this.#filed.set(stream, intervals)
    const ids = intervals.get(interval) ?? new Set<string>()
    intervals.set(interval, ids)
    ids.add(block.id)
    if (block.region !== null) this.#resident.set(block.id, block)
    if (block.owner?.base !== true) return
    const bases = this.#newestBase.get(stream) ?? new Map<number, number>()
    this.#newestBase.set(stream, bases)
    const { partition } = block.owner
    bases.set(partition, Math.max(interval, bases.get(partition) ?? interval))
  }

  #unindex(block: StoredBlock): void {
    if (block.filed === null) return
    const { stream, interval } = block.filed
    this.#resident.delete(block.id)
    const intervals = this.#filed.get(stream)
    const ids = intervals?.get(interval)
    ids?.delete(block.id)
    if (ids?.size === 0) intervals?.delete(interval)
    if (intervals?.size !== 0) return
    this.#filed.delete(stream)
    this.#newestBase.delete(stream)
  }
}

function filedOf(owner: BlockOwner | null): StoredBlock["filed"] {
  if (owner === null || owner.stream === null || owner.interval === null) return null
  return { stream: owner.stream, interval: owner.interval }
}

function arenaOf(filed: StoredBlock["filed"], owner: BlockOwner | null, batch: BatchKey | null): string {
  if (filed !== null) return `${filed.stream}@${filed.interval}`
  if (owner !== null) return `output:${owner.output}`
  return `received:${batch?.stream ?? ""}`
}
