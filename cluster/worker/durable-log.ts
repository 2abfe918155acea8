/**
 * Blocks that must outlive every process (a cluster with `--durable`): what clients were told is safe, and checkpoints.
 *
 * The problem: two copies in memory are none when all processes end at once. Syncing each block by itself would cost a disk's
 * turn a block. The solution: blocks are appended to a segment file, all that have come since the last turn in one write and one
 * sync, and only then is anybody told that they are kept. A worker that starts finds them there and comes to the master with them
 * as if it had only been away: what they count for, the master's journal says.
 *
 * Input and results have a log each, for input goes in the order in which it came, and results do not. When all blocks of a
 * segment have been dropped, it is removed; of one whose blocks have mostly gone the rest is written anew.
 */

import type { BlockStore, DiskPlace, StoredBlock } from "./block-store.js"
import type { ClockOffset } from "./clock-offset.js"
import type { Files } from "./files.js"
import type { Outbox } from "./outbox.js"
import { blockHeader, type Segment, segmentHeader } from "./segment.js"
import type { Spill } from "./spill.js"

export interface DurableParts {
  readonly clock: ClockOffset
  readonly outbox: Outbox
  readonly store: BlockStore
  readonly files: Files
  readonly spill: Pick<Spill, "read">
  /** The worker's: part of the files' names. */
  readonly node: string
  /** Where the segments are; null: this worker has no directory. */
  readonly dir: string | null
}

interface File {
  readonly path: string
  bytes: number
  /** Bytes of its blocks that are held. */
  liveBytes: number
  readonly ids: Set<string>
  /** Nothing more is appended. */
  closed: boolean
  /** What is left of it is being written anew. */
  moving: boolean
}

interface Waiting {
  readonly id: string
  readonly done: (() => void)[]
}

interface Lane {
  readonly name: string
  readonly queue: Map<string, Waiting>
  file: File | null
  writing: boolean
}

/** A segment's worth. */
const segmentBytes = 16 * 1024 * 1024
/** Written at a time. */
const appendBytes = 8 * 1024 * 1024
/** Of a closed segment of which less is held the rest is written anew. */
const leastLive = 0.25
const tryAgainMs = 1_000

export class DurableLog {
  readonly #parts: DurableParts
  readonly #lanes: { readonly input: Lane; readonly results: Lane }
  /** Where each kept block is. */
  readonly #kept = new Map<string, { readonly file: File; readonly offset: number }>()
  /** Whose blocks were there at the start; null: none were. */
  readonly #found: string | null
  /** Of the master's cluster; null: it does not ask for anything to be kept. */
  #cluster: string | null = null
  #made = 0
  #failed: string | null = null
  #notBeforeMs = Number.POSITIVE_INFINITY

  constructor(parts: DurableParts, segments: readonly Segment[]) {
    this.#parts = parts
    const lane = (name: string): Lane => ({ name, queue: new Map(), file: null, writing: false })
    this.#lanes = { input: lane("input"), results: lane("results") }
    this.#found = segments[0]?.cluster ?? null
    for (const segment of segments) this.#restore(segment)
    for (const file of new Set([...this.#kept.values()].map(({ file }) => file))) this.#tidy(file)
    parts.store.onDropped = id => this.#dropped(id)
  }

  /** Whether what is received is acked only when it is on disk. */
  get on(): boolean {
    return this.#cluster !== null
  }

  /** Blocks that were found at the start and are still held. */
  get blocks(): Iterable<string> {
    return this.#kept.keys()
  }

  /** Why nothing can be kept at the moment; null: it can. */
  get failing(): string | null {
    return this.#failed
  }

  /** A master says for which cluster things are to be kept, if at all. Gives why this worker cannot be part of it. */
  onWelcome(cluster: string | null): string | null {
    if (cluster !== null && this.#parts.dir === null)
      return "that cluster keeps what it has acked on disk (--durable), and this worker has no directory"
    if (this.#found !== null && cluster !== null && cluster !== this.#found)
      return `${this.#parts.dir} holds blocks of another cluster (${this.#found}; this is ${cluster})`
    this.#cluster = cluster
    return null
  }

  /** Where the block lies on disk. */
  placeOf(id: string): DiskPlace | null {
    const kept = this.#kept.get(id)
    return kept === undefined ? null : { path: kept.file.path, offset: kept.offset }
  }

  /** `done` when the block is on disk, or was dropped meanwhile; at once when nothing is to be kept, or it is there already. */
  keep({ id, batch }: StoredBlock, done: () => void): void {
    if (!this.on || this.#kept.has(id)) return done()
    this.#enqueue(batch === null ? this.#lanes.results : this.#lanes.input, id, done)
  }

  /** Tries again what could not be written. */
  onTime(nowMs: number): void {
    if (nowMs < this.#notBeforeMs) return
    this.#notBeforeMs = Number.POSITIVE_INFINITY
    for (const lane of [this.#lanes.input, this.#lanes.results]) this.#next(lane)
  }

  get deadlineMs(): number {
    return this.#notBeforeMs
  }

  #enqueue(lane: Lane, id: string, done: () => void): void {
    const waiting = lane.queue.get(id)
    if (waiting !== undefined) waiting.done.push(done)
    else lane.queue.set(id, { id, done: [done] })
    this.#next(lane)
  }

  /** Writes what waits, if nothing is being written. */
  #next(lane: Lane): void {
    if (lane.writing || lane.queue.size === 0 || this.#notBeforeMs !== Number.POSITIVE_INFINITY) return
    const { store, spill } = this.#parts
    const batch: { waiting: Waiting; block: StoredBlock; bytes: Uint8Array }[] = []
    let size = 0
    for (const waiting of lane.queue.values()) {
      const block = store.get(waiting.id)
      if (block !== undefined && block.region === null) {
        // Memory had no room for it. It goes alone.
        if (batch.length > 0) break
        lane.queue.delete(waiting.id)
        lane.writing = true
        spill.read(block, bytes => {
          lane.writing = false
          if (bytes === null) this.#over([waiting], lane)
          else this.#append(lane, [{ waiting, block, bytes }])
        })
        return
      }
      if (block !== undefined && size > 0 && size + block.bytes > appendBytes) break
      lane.queue.delete(waiting.id)
      if (block === undefined) {
        for (const done of waiting.done) done()
        continue
      }
      batch.push({ waiting, block, bytes: store.view(block.region!) })
      size += block.bytes
    }
    if (batch.length > 0) this.#append(lane, batch)
  }

  #append(lane: Lane, batch: readonly { readonly waiting: Waiting; readonly block: StoredBlock; readonly bytes: Uint8Array }[]): void {
    const { store, files } = this.#parts
    const parts: Uint8Array[] = []
    let file = lane.file
    if (file === null) {
      file = { path: this.#newPath(lane), bytes: 0, liveBytes: 0, ids: new Set(), closed: false, moving: false }
      lane.file = file
      parts.push(segmentHeader(this.#cluster ?? this.#found ?? ""))
    }
    const from = file.bytes
    let end = from + (parts[0]?.byteLength ?? 0)
    const offsets = batch.map(({ block, bytes }) => {
      const header = blockHeader(block, bytes)
      parts.push(header, bytes)
      end += header.byteLength + bytes.byteLength
      return end - bytes.byteLength
    })
    for (const { block } of batch) if (block.region !== null) store.pin(block.region)
    lane.writing = true
    const to = file
    files.append(to.path, from, parts, (_, error) => {
      lane.writing = false
      for (const { block } of batch) if (block.region !== null) store.unpin(block.region)
      if (error !== "") {
        // What is behind a piece that may be torn would not be found: another segment.
        this.#close(lane)
        for (const { waiting } of batch) for (const done of waiting.done) this.#again(lane, waiting.id, done)
        return this.#broke(error)
      }
      this.#worked()
      to.bytes = end
      for (const [i, { block }] of batch.entries()) if (store.get(block.id) !== undefined) this.#note(to, block, offsets[i]!)
      if (to.bytes >= segmentBytes) this.#close(lane)
      this.#over(
        batch.map(({ waiting }) => waiting),
        lane,
      )
    })
  }

  #again(lane: Lane, id: string, done: () => void): void {
    const waiting = lane.queue.get(id)
    if (waiting !== undefined) waiting.done.push(done)
    else lane.queue.set(id, { id, done: [done] })
  }

  #over(waiting: readonly Waiting[], lane: Lane): void {
    for (const { done } of waiting) for (const one of done) one()
    this.#next(lane)
  }

  /** The block is on disk, there. */
  #note(file: File, { id, bytes }: StoredBlock, offset: number): void {
    const { store } = this.#parts
    const before = this.#kept.get(id)
    this.#kept.set(id, { file, offset })
    file.ids.add(id)
    file.liveBytes += bytes
    if (before === undefined) return
    if (store.get(id)!.place?.path === before.file.path) store.moved(id, { path: file.path, offset })
    this.#gone(before.file, id, bytes)
  }

  #dropped({ id, bytes }: StoredBlock): void {
    const kept = this.#kept.get(id)
    if (kept === undefined) return
    this.#kept.delete(id)
    this.#gone(kept.file, id, bytes)
  }

  #gone(file: File, id: string, bytes: number): void {
    if (!file.ids.delete(id)) return
    file.liveBytes -= bytes
    this.#tidy(file)
  }

  #close(lane: Lane): void {
    const { file } = lane
    lane.file = null
    if (file === null) return
    file.closed = true
    this.#tidy(file)
  }

  /** A segment that is of no more use goes; one of little use is written anew, by and by. */
  #tidy(file: File): void {
    if (!file.closed) return
    if (file.ids.size === 0) return this.#parts.files.remove(file.path)
    if (file.moving || !this.on || file.liveBytes >= leastLive * file.bytes) return
    file.moving = true
    for (const id of file.ids) this.#enqueue(this.#lanes.results, id, () => {})
  }

  #restore({ path, bytes, blocks }: Segment): void {
    const { store } = this.#parts
    const file: File = { path, bytes, liveBytes: 0, ids: new Set(), closed: true, moving: false }
    for (const { offset, ...block } of blocks) {
      const before = this.#kept.get(block.id)
      if (before === undefined) store.putOnDisk(block, { path, offset })
      this.#note(file, store.get(block.id)!, offset)
    }
    if (file.ids.size === 0) this.#parts.files.remove(path)
  }

  #newPath({ name }: Lane): string {
    const n = String(++this.#made).padStart(6, "0")
    return `${this.#parts.dir}/${this.#parts.node.replace("#", ".")}-${name}-${n}.segment`
  }

  #worked(): void {
    if (this.#failed !== null) this.#parts.outbox.say("info", "blocks are kept on disk again")
    this.#failed = null
  }

  #broke(error: string): void {
    const { outbox, clock } = this.#parts
    if (this.#failed === null) outbox.say("error", `nothing can be kept on disk, so nothing is acked: ${error}; trying again`)
    this.#failed = error
    this.#notBeforeMs = clock.monotonicMs + tryAgainMs
  }
}
