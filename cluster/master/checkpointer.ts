/**
 * Copies stored results (state, panes, persisted partitions) to a second worker soon after they were made, or as often as a stream says (the paper's
 * §5.1): those of a moment together, for with small intervals there are thousands of them. What two workers hold
 * (with `--replicas 3` three) is a checkpoint: lineage before it is no longer needed for recovery. In a durable cluster they
 * hold it on disk.
 */

import type { StreamId } from "../../engine/definition.js"
import type { StageSpec } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type { TaskDone } from "../protocol.js"
import type { Output, Part, StoredOf, TrackedBlock } from "../scheduler/tracked-block.js"
import type { Parts } from "./parts.js"
import type { StreamRecord } from "./stream-record.js"

type StoredOutput = Output & { readonly stored: StoredOf }
type Stored = TrackedBlock & { readonly output: StoredOutput }
/** Blocks by holder and by where they go to. */
type Asked = Map<NodeId, Map<NodeId, string[]>>

/** A copy waits so long for others from the same worker … */
const gatherMs = 50
/** … and so many go in a message. */
const askedAtMost = 256

export class Checkpointer {
  readonly #parts: Parts
  /** Outputs of which some stored block has fewer copies than it should have, in the order in which they became so, by their streams. */
  readonly #unsafe = new Map<StreamId, Set<StoredOutput>>()
  /** Of which copies are to be asked for. */
  readonly #due = new Set<StoredOutput>()
  #dueMs: number | null = null
  /** Streams of which something is stored, and how far it is known to be checkpointed. */
  readonly #storing = new Set<StreamId>()
  readonly #through = new Map<StreamId, number>()
  #wantedBefore = 0
  #nowMs = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** `outputs`: of a stretch a block for each interval that changed something, else one. */
  made({ write, stream, interval, partitions }: StageSpec, outputs: TaskDone["outputs"]): void {
    if (write.kind !== "state" && write.kind !== "store" && write.kind !== "stretch") return
    if (stream === null || interval === null) return
    for (const { block, interval: start = interval.from } of outputs) {
      const stored = this.#store(block, stream, start, partitions)
      // Of what was there already this one is not wanted.
      if (stored?.unsafe === true && this.#periodMs(stream) === null) this.#due.add(stored.output)
    }
  }

  /** A stored block that a worker came back with. */
  found(block: string, stream: StreamId, interval: number, partitions: number): void {
    this.#store(block, stream, interval, partitions)
  }

  /** Where the block is has changed. */
  held(block: string): void {
    const stored = this.#parts.tracker.find(block)
    if (isStored(stored)) this.#note(stored)
  }

  copied(block: string, holder: NodeId, error: string | undefined): void {
    const found = this.#parts.tracker.find(block)
    const stored = isStored(found) ? found : null
    // If that was not all, or nothing, the next sweep asks again.
    if (stored !== null) stored.copyTo = null
    if (error !== undefined) return
    if (!this.#parts.tracker.copied(block, holder)) {
      this.#parts.outbox.forget(holder, block)
      return
    }
    if (stored === null) return
    stored.onDisk = true
    if (!this.#note(stored)) this.#due.add(stored.output)
  }

  /** A worker was away: what it was asked to copy, or was to get, may not have reached it. The next sweep asks again. */
  workerBack(node: NodeId): void {
    for (const unsafe of this.#unsafe.values())
      for (const { parts } of unsafe)
        for (const part of parts) if (isUnsafe(part) && (part.copyTo === node || part.copyBy === node)) part.copyTo = null
  }

  /** A worker is gone: copies to it and by it will not come, and what it held has one copy less. */
  workerLost(node: NodeId, held: Iterable<string>): void {
    this.workerBack(node)
    for (const block of held) this.held(block)
  }

  /** Starts the copies that are not under way. */
  sweep(): void {
    // A worker has joined: there may be as many copies as there should be.
    if (this.#wanted > this.#wantedBefore) for (const stored of this.#parts.tracker.blocks) if (isStored(stored)) this.#note(stored)
    this.#wantedBefore = this.#wanted
    const { ledger } = this.#parts
    for (const [stream, unsafe] of this.#unsafe) {
      const periodMs = this.#periodMs(stream)
      const through = ledger.streams.get(stream)?.through ?? 0
      for (const output of unsafe) {
        const wanted = periodMs === null || output.stored.interval < Math.floor(through / periodMs) * periodMs
        let any = false
        for (const part of output.parts) {
          if (!isUnsafe(part) || this.#note(part)) continue
          any = true
          if (wanted && part.copyTo === null) this.#due.add(output)
        }
        if (!any) unsafe.delete(output)
      }
      if (unsafe.size === 0) this.#unsafe.delete(stream)
    }
  }

  /** Asks for the copies that have waited long enough. */
  onTime(nowMs: number): void {
    this.#nowMs = nowMs
    if (this.#due.size === 0) return
    this.#dueMs ??= nowMs
    if (nowMs < this.#dueMs + gatherMs) return
    this.#dueMs = null
    const asked: Asked = new Map()
    for (const output of this.#due) this.#choose(output, asked)
    this.#due.clear()
    for (const [holder, byTarget] of asked) this.#ask(holder, byTarget)
  }

  #ask(holder: NodeId, byTarget: ReadonlyMap<NodeId, readonly string[]>): void {
    let copies: { to: NodeId; blocks: readonly string[] }[] = []
    let room = askedAtMost
    for (const [to, all] of byTarget) {
      for (let from = 0; from < all.length; ) {
        const blocks = from === 0 && all.length <= room ? all : all.slice(from, from + room)
        copies.push({ to, blocks })
        from += blocks.length
        room -= blocks.length
        if (room > 0) continue
        this.#parts.outbox.send(holder, { kind: "copy", copies })
        copies = []
        room = askedAtMost
      }
    }
    if (copies.length > 0) this.#parts.outbox.send(holder, { kind: "copy", copies })
  }

  /** Streams of which more is checkpointed than when this was last asked. */
  *advanced(): Generator<{ readonly stream: StreamRecord; readonly through: number }> {
    if (this.#wanted < 2 && !this.#parts.config.durable) return
    for (const id of this.#storing) {
      const stream = this.#parts.ledger.streams.get(id)
      if (stream === undefined) this.#storing.delete(id)
      else {
        const through = Math.min(stream.through, this.neededFrom(id))
        if (through <= (this.#through.get(id) ?? stream.since)) continue
        this.#through.set(id, through)
        yield { stream, through }
      }
    }
  }

  /** The first interval of the stream that the loss of workers would take: what it is computed from is needed. Infinity: none. */
  neededFrom(stream: StreamId): number {
    // One worker alone has nobody to copy to; if it goes, all goes that is not on its disk.
    if (this.#workers < 2 && !this.#parts.config.durable) return Number.POSITIVE_INFINITY
    let from = Number.POSITIVE_INFINITY
    for (const { stored, parts } of this.#unsafe.get(stream) ?? [])
      if (stored.interval < from && parts.some(isUnsafe)) from = stored.interval
    return from
  }

  /** So many copies of each stored block there should be, of those workers that count: as many deaths at once as `--replicas` allows for. */
  get #wanted(): number {
    return Math.min(Math.max(2, this.#parts.config.replicas), this.#workers)
  }

  /** Those that there are, and those that have not been away for long: a busy machine's seem to be dead all at once, and are not. */
  get #workers(): number {
    const { registry, config } = this.#parts
    return registry.size + registry.lostSince(this.#nowMs - config.awaitedMs)
  }

  /** Null: it is not known, or no stage's. */
  #store(block: string, stream: StreamId, interval: number, partitions: number): Stored | null {
    const found = this.#parts.tracker.find(block)
    if (found === undefined || found.output === null) return null
    found.output.stored ??= { stream, interval, partitions }
    this.#storing.add(stream)
    found.onDisk = false
    found.copyTo = null
    this.#note(found as Stored)
    return found as Stored
  }

  /** Whether it has all the copies that it should have; if not, it is noted. */
  #note(stored: Stored): boolean {
    const { output } = stored
    const safe = stored.holders.length >= this.#wanted && (stored.onDisk || !this.#parts.config.durable)
    if (!safe && stored.unsafe) return false
    stored.unsafe = !safe
    if (safe) stored.copyTo = null
    else {
      const unsafe = this.#unsafe.get(output.stored.stream)
      if (unsafe === undefined) this.#unsafe.set(output.stored.stream, new Set([output]))
      else unsafe.add(output)
    }
    return safe
  }

  /** How often a stream is checkpointed, if it says so: else whenever something of it is made. */
  #periodMs(stream: StreamId): number | null {
    return this.#parts.ledger.streams.get(stream)?.definition.checkpointMs ?? null
  }

  /** Which worker is to copy what of it where to, as far as that is not under way. */
  #choose(output: StoredOutput, asked: Asked): void {
    const wanted = this.#wanted
    for (const part of output.parts) {
      if (!isUnsafe(part) || part.copyTo !== null || this.#note(part)) continue
      const { holders } = part
      const holder = holders[0]
      if (holder === undefined || this.#parts.registry.get(holder) === undefined) continue
      // Of enough copies none may be known to be on disk: then its holder sees to that.
      const to = holders.length < wanted ? this.#targetFor(part) : holder
      if (to === null) continue
      part.copyTo = to
      part.copyBy = holder
      let byTarget = asked.get(holder)
      if (byTarget === undefined) {
        byTarget = new Map()
        asked.set(holder, byTarget)
      }
      const blocks = byTarget.get(to)
      if (blocks === undefined) byTarget.set(to, [part.block])
      else blocks.push(part.block)
    }
  }

  /** Its home's worker, the home's backup, or else who holds the least. */
  #targetFor({ output, partition, holders }: Stored): NodeId | null {
    const { placement, registry, tracker } = this.#parts
    const home = placement.home(output.stored.partitions, partition)
    const may = (node: NodeId | null) => node !== null && !holders.includes(node) && registry.stays(node)
    if (home !== null && may(home.worker)) return home.worker
    if (home !== null && may(home.backup)) return home.backup
    let best: NodeId | null = null
    let least = Number.POSITIVE_INFINITY
    for (const { node } of registry.staying) {
      const count = tracker.count(node)
      if (holders.includes(node) || count >= least) continue
      best = node
      least = count
    }
    return best
  }
}

const isUnsafe = (part: Part | undefined): part is Stored => part !== undefined && "unsafe" in part && part.unsafe === true

const isStored = (block: TrackedBlock | undefined): block is Stored => block?.output?.stored != null
