/**
 * Who owns which bytes of the worker's block memory.
 *
 * The problem: blocks of one interval are made by the thousand, small and large, and go together; but an executor or a
 * peer may still be reading one of them when it goes, and nobody takes a lock across threads.
 *
 * The solution: a *region* belongs to an *arena* (one a stream and interval), which is dropped whole. Small regions of an
 * arena share *slabs*, so that what goes together lies together. A region that is freed while pinned is *retired*: it is
 * nobody's any more, but its bytes are used again only after the last unpin.
 *
 *   live ──free──▶ gone            (no pins)
 *   live ──free──▶ retired ──last unpin──▶ gone
 */

import { granuleBytes, type Span, SpanHeap } from "./span-heap.js"

/** Bytes of block memory, aligned to 64. A handle is used once: after it is gone, its place is another region's. */
export interface Region {
  readonly offset: number
  readonly length: number
  /** Grows with every allocation: two regions at one place differ in it. */
  readonly generation: number
}

interface Holding extends Region {
  arena: Arena
  state: "live" | "retired" | "gone"
  pins: number
  /** Where the bytes come from: a span of its own, or a slab it shares. */
  readonly span: Span | null
  readonly slab: Slab | null
}

interface Slab {
  readonly span: Span
  usedBytes: number
  /** Regions in it that are not gone. */
  regions: number
  arena: Arena | null
}

interface Arena {
  readonly name: string
  readonly regions: Set<Holding>
  slab: Slab | null
  nextSlabBytes: number
}

export interface AllocatorOptions {
  readonly buffer: SharedArrayBuffer
  /** First byte that may be used (kernels keep a stack below it). */
  readonly fromBytes?: number
  /** No byte at or after this is used. */
  readonly capBytes: number
  /** Overwrite what is freed, so that a late reader is seen (the simulation). */
  readonly poison?: boolean
}

const firstSlabBytes = 4 * 1024
const lastSlabBytes = 64 * 1024
/** Larger regions get a span of their own. */
const sharedBytes = 8 * 1024
/** Larger ones begin with a page and have the rest of their last one, if there is room: what that wastes is little of them. */
const pagedBytes = 256 * 1024
const pageBytes = 4096
export const poisonByte = 0xdb

export class Allocator {
  readonly #bytes: Uint8Array
  readonly #heap: SpanHeap
  readonly #arenas = new Map<string, Arena>()
  readonly #poison: boolean
  readonly #totalBytes: number
  #generation = 0
  #retiredBytes = 0

  constructor({ buffer, fromBytes = 0, capBytes, poison = false }: AllocatorOptions) {
    this.#bytes = new Uint8Array(buffer)
    this.#heap = new SpanHeap(fromBytes, Math.min(capBytes, buffer.byteLength))
    this.#totalBytes = this.#heap.freeBytes
    this.#poison = poison
  }

  get capBytes(): number {
    return this.#totalBytes
  }

  get freeBytes(): number {
    return this.#heap.freeBytes
  }

  /** Taken from the free space: live, retired, and what slabs have to spare. */
  get usedBytes(): number {
    return this.#totalBytes - this.#heap.freeBytes
  }

  /** Freed, but pinned still. */
  get retiredBytes(): number {
    return this.#retiredBytes
  }

  /** A region of `lengthBytes` in the arena, its content undefined; null when there is no room. */
  allocate(arenaName: string, lengthBytes: number): Region | null {
    const needed = Math.max(granuleBytes, Math.ceil(lengthBytes / granuleBytes) * granuleBytes)
    const known = this.#arenas.get(arenaName)
    const arena: Arena = known ?? { name: arenaName, regions: new Set(), slab: null, nextSlabBytes: firstSlabBytes }
    const slab = needed <= sharedBytes ? this.#slabFor(arena, needed) : null
    const paged = lengthBytes >= pagedBytes ? this.#heap.take(pagesOf(needed) + pageBytes - granuleBytes) : null
    const span = slab === null ? (paged ?? this.#heap.take(needed)) : null
    if (slab === null && span === null) return null
    if (known === undefined) this.#arenas.set(arenaName, arena)
    const begin = slab === null ? span!.offset : slab.span.offset + slab.usedBytes
    const offset = paged !== null ? pagesOf(begin) : begin
    if (slab !== null) {
      slab.usedBytes += needed
      slab.regions++
    }
    const region: Holding = { offset, length: lengthBytes, generation: ++this.#generation, arena, state: "live", pins: 0, span, slab }
    arena.regions.add(region)
    return region
  }

  /** The region's bytes. Throws when it is gone. */
  view(region: Region): Uint8Array {
    const holding = region as Holding
    if (holding.state === "gone") throw new Error(`region at ${region.offset} (generation ${region.generation}) is gone`)
    return new Uint8Array(this.#bytes.buffer, region.offset, region.length)
  }

  /** The same to the end of the last page that they lie in, of which nobody else has any; null: they do not begin with one. */
  pages(region: Region): Uint8Array | null {
    const { span, offset, length } = region as Holding
    const end = offset + pagesOf(length)
    if (span === null || offset % pageBytes !== 0 || end > span.offset + span.length) return null
    this.view(region)
    return new Uint8Array(this.#bytes.buffer, offset, end - offset)
  }

  isPinned(region: Region): boolean {
    return (region as Holding).pins > 0
  }

  isLive(region: Region): boolean {
    return (region as Holding).state === "live"
  }

  /** Moves a live region to another arena. Its bytes stay where they are. */
  move(region: Region, arenaName: string): void {
    const holding = region as Holding
    if (holding.state !== "live" || holding.arena.name === arenaName) return
    let arena = this.#arenas.get(arenaName)
    if (arena === undefined) {
      arena = { name: arenaName, regions: new Set(), slab: null, nextSlabBytes: firstSlabBytes }
      this.#arenas.set(arenaName, arena)
    }
    this.#leave(holding)
    holding.arena = arena
    arena.regions.add(holding)
  }

  /** Keeps the bytes as they are until as many `unpin`s. Throws when the region is gone. */
  pin(region: Region): void {
    const holding = region as Holding
    if (holding.state === "gone")
      throw new Error(`region at ${region.offset} (generation ${region.generation}) is gone and cannot be pinned`)
    holding.pins++
  }

  unpin(region: Region): void {
    const holding = region as Holding
    if (holding.pins === 0) throw new Error(`region at ${region.offset} (generation ${region.generation}) is not pinned`)
    holding.pins--
    if (holding.pins === 0 && holding.state === "retired") {
      this.#retiredBytes -= holding.length
      this.#release(holding)
    }
  }

  /** Gives the region up; while it is pinned its bytes stay. Freeing again does nothing. */
  free(region: Region): void {
    const holding = region as Holding
    if (holding.state !== "live") return
    this.#leave(holding)
    if (holding.pins > 0) {
      holding.state = "retired"
      this.#retiredBytes += holding.length
    } else this.#release(holding)
  }

  /** Frees all of an arena's regions. */
  dropArena(arenaName: string): void {
    const arena = this.#arenas.get(arenaName)
    if (arena !== undefined) for (const region of [...arena.regions]) this.free(region)
  }

  #slabFor(arena: Arena, needed: number): Slab | null {
    const open = arena.slab
    if (open !== null && open.usedBytes + needed <= open.span.length) return open
    const size = Math.max(arena.nextSlabBytes, needed)
    const span = this.#heap.take(size)
    if (span === null) return null
    if (open !== null) open.arena = null
    arena.slab = { span, usedBytes: 0, regions: 0, arena }
    arena.nextSlabBytes = Math.min(lastSlabBytes, arena.nextSlabBytes * 2)
    return arena.slab
  }

  #leave(holding: Holding): void {
    const arena = holding.arena
    arena.regions.delete(holding)
    if (arena.regions.size > 0) return
    // A later arena of this name starts afresh; the slab lives on with the regions that are retired or have moved.
    if (arena.slab !== null) arena.slab.arena = null
    arena.slab = null
    this.#arenas.delete(arena.name)
  }

  #release(holding: Holding): void {
    holding.state = "gone"
    if (this.#poison) this.#bytes.fill(poisonByte, holding.offset, holding.offset + holding.length)
    const slab = holding.slab
    if (slab === null) {
      this.#heap.give(holding.span!)
      return
    }
    slab.regions--
    if (slab.regions > 0) return
    if (slab.arena !== null) slab.arena.slab = null
    this.#heap.give(slab.span)
  }
}

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes
}
