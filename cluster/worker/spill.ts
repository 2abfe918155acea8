/**
 * The disk below block memory: memory has a cap, and what is over it goes to files of this worker's directory, to be
 * read from there by tasks, peers and clients as if it were here.
 *
 * Who goes first: what has no next use. Raw input that nothing will be computed from any more, and versions of a state
 * before its newest base, are there for questions only; the oldest first. Then, only when memory is shorter still, the panes
 * of windows, the one whose turn to leave its window comes last (the pane that an inverse window subtracts next is the least
 * recently used of all, so recency would choose the worst); then anything that no task reads at the moment.
 *
 * A file holds blocks that were evicted together, all received or all made, which are mostly of one age: when the last of them is dropped, it is removed.
 * Nothing is synced: a worker that dies loses its disk with its memory, and what was there is had elsewhere or made again.
 */

import type { StreamId } from "../../engine/definition.js"
import type { StreamUse } from "../protocol.js"
import type { BlockStore, DiskPlace, StoredBlock } from "./block-store.js"
import type { ClockOffset } from "./clock-offset.js"
import type { WorkerConfig } from "./config.js"
import type { Files } from "./files.js"
import type { Outbox } from "./outbox.js"
import { SpillRate } from "./spill-rate.js"

export interface SpillParts {
  readonly config: WorkerConfig
  readonly clock: ClockOffset
  readonly outbox: Outbox
  readonly store: BlockStore
  readonly files: Files
  /** The worker's: part of the files' names. */
  readonly node: string
  /** Where a block is on disk anyway, as it must outlive the process. Null: no block is. */
  kept(): { placeOf(id: string): DiskPlace | null } | null
}

type Done = (bytes: Uint8Array | null, error: string) => void
/** `giveBack`: to be called once, when its bytes are read no more. */
type Borrowed = (bytes: Uint8Array | null, error: string, giveBack: () => void) => void

interface SpillFile {
  readonly bytes: number
  /** Blocks in it that are held. */
  blocks: number
}

/** A file's worth: large enough that the disk works in order, small enough that it is soon done. */
const batchBytes = 8 * 1024 * 1024
/** Less is not worth a file unless memory is very short. */
const leastBytes = 256 * 1024
const writesAtOnce = 2
/** After a look that found nothing, or a write that failed. */
const lookAgainMs = 200
const tryAgainMs = 1_000
const probeAgainMs = 3_000

export class Spill {
  readonly #parts: SpillParts
  readonly #files = new Map<string, SpillFile>()
  #uses = new Map<StreamId, StreamUse>()
  readonly #reading = new Map<string, Done[]>()
  readonly #borrowing = new Map<string, Borrowed[]>()
  readonly #writing = new Set<string>()
  #writes = 0
  #writingBytes = 0
  #evicting = false
  /** Of what was refused for want of room: of a small memory that can be so far below the shares at which anything goes. */
  #refusedBytes = 0
  readonly #rate = new SpillRate()
  #made = 0
  #notBeforeMs = 0
  #bytes = 0
  #failed: string | null = null
  /** Of the write that failed last. */
  #failedBytes = 0
  #probeMs = 0

  constructor(parts: SpillParts) {
    this.#parts = parts
    parts.store.onPlaceFreed = place => this.#release(place.path)
  }

  /** Whether there is a disk to use. */
  get enabled(): boolean {
    return this.#parts.config.spillDir !== null
  }

  /** On disk, with what has been dropped from files that are still needed. */
  get bytes(): number {
    return this.#bytes
  }

  /** Why nothing more goes there: the last write failed, or there is no more room by `diskBytes`. Null: something does. */
  get full(): string | null {
    const { spillDir, diskBytes } = this.#parts.config
    if (spillDir === null || this.#failed !== null) return this.#failed
    return this.#bytes + batchBytes > diskBytes ? `${spillDir} holds ${this.#bytes} of the ${diskBytes} bytes that it may (--disk)` : null
  }

  /** Something of so many bytes was refused, as memory has no room for it in one piece. It will come again. */
  short(bytes: number): void {
    this.#refusedBytes = Math.max(this.#refusedBytes, bytes)
  }

  onUses(streams: readonly StreamUse[]): void {
    this.#uses = new Map(streams.map(use => [use.stream, use]))
  }

  /** Evicts, if memory is short. */
  onTime(nowMs: number): void {
    if (!this.enabled || this.#writes >= writesAtOnce || nowMs < this.#notBeforeMs) return
    this.#relieve(nowMs)
    if (this.#failed !== null && this.#writes === 0 && nowMs >= this.#probeMs) this.#probe()
  }

  #relieve(nowMs: number): void {
    const { config, store } = this.#parts
    const used = store.usedBytes - this.#writingBytes
    const refused = this.#stillRefused()
    if (refused > 0 || used > config.evictAbove * store.capBytes) this.#evicting = true
    if (!this.#evicting) return
    const excess = Math.max(refused, used - config.evictTo * store.capBytes)
    if (excess <= 0) {
      this.#evicting = false
      return
    }
    const room = config.diskBytes - this.#bytes
    if (room < leastBytes) {
      this.#notBeforeMs = nowMs + lookAgainMs
      return
    }
    if (this.#evictKept(excess)) return
    const urgent = refused > 0 || used > config.evictAllAbove * store.capBytes
    const victims = ofOneKind(this.#victims(Math.min(batchBytes, room, excess), urgent))
    let bytes = bytesOf(victims)
    // The last one may be more than there is room for.
    while (bytes > room) bytes -= victims.pop()!.bytes
    if (bytes < (urgent ? 1 : leastBytes)) {
      this.#refusedBytes = 0
      this.#notBeforeMs = nowMs + lookAgainMs
      return
    }
    this.#evict(victims, this.#rate.heavyWith(bytes, nowMs) && used < config.evictCachedAbove * store.capBytes)
  }

  get deadlineMs(): number {
    if (this.#evicting && this.#writes < writesAtOnce) return this.#notBeforeMs
    return this.#failed !== null && this.#writes === 0 ? Math.max(this.#probeMs, this.#notBeforeMs) : Number.POSITIVE_INFINITY
  }

  /** 0: there would be room for it now. */
  #stillRefused(): number {
    const bytes = this.#refusedBytes
    if (bytes === 0) return 0
    const { config, store } = this.#parts
    if (store.usedBytes + bytes <= config.refuseAbove * store.capBytes && store.fits(bytes)) this.#refusedBytes = 0
    return this.#refusedBytes
  }

  /** The bytes of a block that lies on disk. One that cannot be read is dropped: it is had elsewhere, or made again. */
  read(block: StoredBlock, done: Done): void {
    const place = this.#placeOf(block)
    if (!joins(this.#reading, block.id, done)) return
    this.#readAt(place, block, false, (bytes, error) => {
      for (const reader of taken(this.#reading, block.id)) reader(bytes, error)
    })
  }

  /** The same for an executor, in memory that is used again: tasks that want a block at once read it once. */
  borrow(block: StoredBlock, done: Borrowed): void {
    const place = this.#placeOf(block)
    if (!joins(this.#borrowing, block.id, done)) return
    this.#readAt(place, block, true, (bytes, error, over) => {
      const readers = taken(this.#borrowing, block.id)
      let left = readers.length
      const giveBack = () => {
        if (--left === 0) over()
      }
      for (const reader of readers) reader(bytes, error, giveBack)
    })
  }

  /** Since the caller looked, it may have been written anew, and the file that it was in removed. */
  #placeOf({ id, place: known }: StoredBlock): DiskPlace {
    const place = this.#parts.store.get(id)?.place ?? known
    if (place === null) throw new Error(`block ${id} does not lie on disk`)
    return place
  }

  #readAt(place: DiskPlace, block: StoredBlock, lent: boolean, done: Borrowed): void {
    const { files, store, outbox } = this.#parts
    const { id, bytes } = block
    const [from, to] = [place.offset, place.offset + bytes]
    let over = () => {}
    const read = (found: Uint8Array | null, error: string) => {
      if (found !== null && found.byteLength === bytes) return done(found, "", over)
      over()
      const now = store.get(id)?.place ?? place
      if (now.path !== place.path) return this.#readAt(now, block, lent, done)
      const why = error === "" ? "the file is too short" : error
      if (store.get(id) !== undefined) {
        outbox.say("warn", `block ${id} cannot be read back from disk: ${why}`)
        store.drop(id)
      }
      done(null, why, () => {})
    }
    if (lent) over = files.borrow(place.path, from, to, null, read)
    else files.read(place.path, from, to, read)
  }

  /** Puts bytes straight to disk, for a block that memory has no room for. `done(null)` when that cannot be. */
  write(bytes: Uint8Array, done: (place: DiskPlace | null, error: string) => void): void {
    if (!this.enabled) return done(null, "this worker has no directory")
    if (this.#bytes + bytes.byteLength > this.#parts.config.diskBytes) return done(null, "its part of the disk is used up")
    const path = this.#newPath()
    this.#bytes += bytes.byteLength
    this.#parts.files.spill(path, [bytes], false, (_, error) => {
      if (error !== "") {
        this.#bytes -= bytes.byteLength
        this.#broke(error, path, bytes.byteLength)
        return done(null, error)
      }
      this.#worked()
      this.#files.set(path, { bytes: bytes.byteLength, blocks: 1 })
      done({ path, offset: 0 }, "")
    })
  }

  #victims(most: number, urgent: boolean): StoredBlock[] {
    const cold: StoredBlock[] = []
    const panes: { readonly block: StoredBlock; readonly nextUse: number }[] = []
    const warm: StoredBlock[] = []
    let bytes = 0
    for (const block of this.#parts.store.resident) {
      if (this.#writing.has(block.id) || this.#parts.store.isPinned(block.region!)) continue
      const use = this.#nextUse(block)
      if (use === "never") {
        cold.push(block)
        bytes += block.bytes
        if (bytes >= most) return cold
      } else if (use === "now") warm.push(block)
      else panes.push({ block, nextUse: use })
    }
    if (!urgent) return cold
    panes.sort((a, b) => b.nextUse - a.nextUse)
    for (const block of [...panes.map(({ block }) => block), ...warm]) {
      if (bytes >= most) break
      cold.push(block)
      bytes += block.bytes
    }
    return cold
  }

  /** When a filed block is read again by what is certain to come: a time of its stream. */
  #nextUse({ filed, owner }: StoredBlock): "never" | "now" | number {
    if (filed === null || owner?.sectionRows !== undefined) return "now"
    const { stream, interval } = filed
    if (owner?.base !== undefined) return interval < this.#parts.store.newestBase(stream, owner.partition) ? "never" : "now"
    const use = this.#uses.get(stream)
    if (use === undefined) return "now"
    if (use.againAfterMs !== undefined) return interval + use.againAfterMs
    return interval < use.neededFrom ? "never" : "now"
  }

  /** What is on disk anyway only leaves memory. */
  #evictKept(excess: number): boolean {
    const { store } = this.#parts
    const kept = this.#parts.kept()
    let bytes = 0
    if (kept === null) return false
    for (const block of [...store.resident]) {
      if (bytes >= excess) break
      const place = kept.placeOf(block.id)
      if (place === null || this.#writing.has(block.id) || store.isPinned(block.region!) || this.#nextUse(block) !== "never") continue
      store.evicted(block.id, place)
      bytes += block.bytes
    }
    return bytes >= excess
  }

  /**
   * `heavy`: past the system's memory those of them that begin with pages, if there is room for the rest of the last one of each;
   * small ones, of which there are few bytes, then stay where they are.
   */
  #evict(candidates: readonly StoredBlock[], heavy: boolean): void {
    const { config, store, files } = this.#parts
    const paged: StoredBlock[] = []
    const pages: Uint8Array[] = []
    for (const block of heavy ? candidates : []) {
      const whole = store.pages(block.region!)
      if (whole === null) continue
      paged.push(block)
      pages.push(whole)
    }
    const direct = sizeOf(pages) >= leastBytes && this.#bytes + sizeOf(pages) <= config.diskBytes
    const victims = direct ? paged : candidates
    const views = direct ? pages : victims.map(({ region }) => store.view(region!))
    const bytes = sizeOf(views)
    const path = this.#newPath()
    this.#writes += 1
    this.#writingBytes += bytes
    this.#bytes += bytes
    for (const { id, region } of victims) {
      this.#writing.add(id)
      store.pin(region!)
    }
    files.spill(path, views, direct, (_, error) => {
      this.#writes -= 1
      this.#writingBytes -= bytes
      const file: SpillFile = { bytes, blocks: 0 }
      if (error === "") {
        this.#worked()
        this.#files.set(path, file)
      } else {
        this.#bytes -= bytes
        this.#broke(error, path, bytes)
      }
      let offset = 0
      for (const [i, { id, region }] of victims.entries()) {
        this.#writing.delete(id)
        store.unpin(region!)
        if (error === "" && store.evicted(id, { path, offset })) file.blocks += 1
        offset += views[i]!.byteLength
      }
      if (error === "" && file.blocks === 0) this.#remove(path, file)
    })
  }

  #newPath(): string {
    return `${this.#parts.config.spillDir}/${this.#parts.node.replace("#", ".")}-${++this.#made}.blocks`
  }

  #release(path: string): void {
    const file = this.#files.get(path)
    if (file === undefined) return
    file.blocks -= 1
    if (file.blocks === 0) this.#remove(path, file)
  }

  #remove(path: string, file: SpillFile): void {
    this.#files.delete(path)
    this.#bytes -= file.bytes
    this.#parts.files.remove(path)
  }

  /** Memory may be free again and write nothing for hours: whether a disk that was full has room is seen by a write of as much as failed. */
  #probe(): void {
    const bytes = this.#failedBytes
    const path = this.#newPath()
    this.#writes += 1
    this.#parts.files.spill(path, [new Uint8Array(bytes)], false, (_, error) => {
      this.#writes -= 1
      if (error !== "") return this.#broke(error, path, bytes)
      this.#parts.files.remove(path)
      this.#worked()
    })
  }

  #worked(): void {
    if (this.#failed !== null) this.#parts.outbox.say("info", "blocks go to disk again")
    this.#failed = null
  }

  #broke(error: string, path: string, bytes: number): void {
    const { files, outbox, clock } = this.#parts
    // Of a full disk a part may be there.
    files.remove(path)
    if (this.#failed === null) outbox.say("warn", `blocks cannot go to disk: ${error}; trying again`)
    this.#failed = error
    this.#failedBytes = Math.min(bytes, batchBytes)
    this.#notBeforeMs = clock.monotonicMs + tryAgainMs
    this.#probeMs = clock.monotonicMs + probeAgainMs
  }
}

/** The received ones or the made ones, whichever are more: a step of a state is kept for minutes longer, and the file with it. */
function ofOneKind(blocks: readonly StoredBlock[]): StoredBlock[] {
  const received = blocks.filter(({ owner }) => owner === null)
  const made = blocks.filter(({ owner }) => owner !== null)
  return bytesOf(made) > bytesOf(received) ? made : received
}

function bytesOf(blocks: readonly StoredBlock[]): number {
  return blocks.reduce((sum, { bytes }) => sum + bytes, 0)
}

function sizeOf(views: readonly Uint8Array[]): number {
  return views.reduce((sum, { byteLength }) => sum + byteLength, 0)
}

/** Whether it is the first to wait, so that it has to ask. */
function joins<T>(waiting: Map<string, T[]>, id: string, one: T): boolean {
  const others = waiting.get(id)
  others?.push(one)
  if (others === undefined) waiting.set(id, [one])
  return others === undefined
}

function taken<T>(waiting: Map<string, T[]>, id: string): readonly T[] {
  const all = waiting.get(id) ?? []
  waiting.delete(id)
  return all
}
