/**
 * Batches from clients (the paper's §4.1): checked, stored here and in another worker's memory, acked, reported
 * until a seal takes them in.
 *
 *   batch ──▶ stored, replicas under way ──confirmed, or no peer is left──▶ acked and reported ──settled──▶ kept | dropped
 *
 * In a durable cluster stored means on disk, here as there.
 *
 * An ack says that the batch survives any single failure (or that there is no second worker, and one copy was allowed). A
 * batch that comes again is acked again without being stored, if enough living workers still have it.
 */

import { guessFormat } from "../../engine/format/guess.js"
import type { NodeId } from "../ports.js"
import type { BatchKey, Replica, SettledBlock } from "../protocol.js"
import { checkBlock, firstLines, openBlock } from "./block-format.js"
import type { BlockStore, StoredBlock } from "./block-store.js"
import type { ClockOffset } from "./clock-offset.js"
import type { WorkerConfig } from "./config.js"
import type { DurableLog } from "./durable-log.js"
import type { Folding } from "./folding.js"
import type { Outbox } from "./outbox.js"
import type { Peers } from "./peers.js"
import { memoryText, nameOf, type Pending, pendingAgain, reported } from "./pending.js"
import type { Reporter } from "./reporter.js"
import type { Spill } from "./spill.js"

export interface ReceiverParts {
  readonly node: NodeId
  /** What this worker reads itself comes as its own batches. */
  readonly own: { acked(key: BatchKey): void; refused(key: BatchKey, reason: string): void }
  readonly config: WorkerConfig
  readonly clock: ClockOffset
  readonly outbox: Outbox
  readonly store: BlockStore
  readonly peers: Peers
  readonly reporter: Reporter
  readonly durable: Pick<DurableLog, "keep">
  readonly spill: Pick<Spill, "read" | "short">
  readonly folding: Pick<Folding, "arrived" | "markOf">
  /** Something that people who read the stream should know: a line of its log. */
  hint(stream: string, text: string): void
}

const guessedLines = 5

export class Receiver {
  readonly #parts: ReceiverParts
  readonly #pending = new Map<string, Pending>()
  /** Received blocks held here, by batch. */
  readonly #byBatch = new Map<string, string>()
  /** Other workers that have a block not yet settled. */
  readonly #holders = new Map<string, ReadonlySet<NodeId>>()
  /** Inputs whose first lines have been looked at. */
  readonly #guessed = new Set<string>()
  #pendingBytes = 0
  #singleCopies = false
  /** Blocks and replicas that were no good. */
  refused = 0

  constructor(parts: ReceiverParts) {
    this.#parts = parts
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** Its replicas are not all confirmed: it is not acked. */
  isPending(block: string): boolean {
    return this.#pending.has(block)
  }

  onBatch(from: NodeId, key: BatchKey, bytes: Uint8Array): void {
    const { store, clock, reporter, outbox, folding, peers, node } = this.#parts
    if (this.#again(from, key)) return
    const input = reporter.input(key.stream)
    if (input === undefined) {
      this.#refuse(from, key, `unknown: no input named "${key.stream}" is defined yet`)
      return
    }
    // What this worker has read itself is brought to its end.
    if (peers.draining && from !== node) {
      this.#refuse(from, key, "full: this worker is being drained")
      return
    }
    if (this.#full(bytes.byteLength)) {
      this.#parts.spill.short(bytes.byteLength)
      this.#refuse(from, key, `full: ${memoryText(store)} of block memory are in use`)
      return
    }
    const id = store.newId()
    // Stored first: only there is it aligned as its columns need.
    const block = store.put({ id, bytes, rows: 0, batch: key, arrivedMs: clock.masterMs })
    if (block === null) {
      this.#parts.spill.short(bytes.byteLength)
      this.#refuse(from, key, `full: ${memoryText(store)} of block memory are in use`)
      return
    }
    let rows: number
    try {
      rows = checkBlock(store.view(block.region!))
    } catch (error) {
      store.drop(id)
      this.refused++
      const why = error instanceof Error ? error.message : String(error)
      outbox.say("warn", `a batch of ${from} for ${key.stream} is no valid block: ${why}`)
      this.#refuse(from, key, `bad: ${why}`)
      return
    }
    this.#byBatch.set(nameOf(key), id)
    if (key.seq === 1 && key.aside === undefined && block.region !== null) this.#guess(key.stream, store.view(block.region))
    reporter.arriving(id, block.arrivedMs)
    const counted = store.setRows(id, rows)
    if (key.aside === undefined) folding.arrived(counted, input)
    this.#replicate({
      block: counted,
      senders: new Set([from]),
      holders: new Set(),
      underway: new Map(),
      late: new Set(),
      tried: new Set(),
      sinceMs: clock.monotonicMs,
      kept: false,
    })
  }

  /** A batch that an earlier process had on disk: it is reported, as one copy, until the master says what became of it. */
  restored(block: StoredBlock): void {
    const { batch } = block
    if (batch === null) return
    this.#byBatch.set(nameOf(batch), block.id)
    this.#parts.reporter.arrived(reported(block, batch, 1))
  }

  /** A copy from another worker: of a batch (`of` null), or of something finished. `stored` when it is safe here. False: refused. */
  onReplica(from: NodeId, replica: Replica, bytes: Uint8Array, stored: () => void): boolean {
    const { store, outbox, reporter, durable } = this.#parts
    const { block: id, batch, rows, arrivedMs, of } = replica
    const held = store.get(id)
    if (held !== undefined) durable.keep(held, stored)
    else {
      if (of === null && this.#full(bytes.byteLength)) {
        this.#parts.spill.short(bytes.byteLength)
        outbox.send(from, { kind: "replicaRefused", block: id, reason: "full" })
        return false
      }
      // Of a sealed input block: where it counts, and no output of a task.
      const sealed = of !== null && of.output === id && of.stream !== null && of.interval !== null
      const filed = sealed ? { stream: of.stream!, interval: of.interval! } : null
      const block = store.put({ id, bytes, rows, batch, arrivedMs, owner: sealed ? null : of, filed })
      if (block === null) {
        this.#parts.spill.short(bytes.byteLength)
        outbox.send(from, { kind: "replicaRefused", block: id, reason: "full" })
        return false
      }
      try {
        // Its receiver has checked it all; what is finished may be a shuffle region, which is no block.
        if (of === null) openBlock(store.view(block.region!))
      } catch (error) {
        store.drop(id)
        this.refused++
        outbox.send(from, { kind: "replicaRefused", block: id, reason: error instanceof Error ? error.message : String(error) })
        return false
      }
      if (batch !== null) this.#byBatch.set(nameOf(batch), id)
      durable.keep(block, () => {
        // Reported before, it could be in a seal and on no disk.
        if (batch !== null && of === null && store.get(id)?.filed === null) {
          this.#holders.set(id, new Set([from]))
          reporter.arrived(reported(block, batch, 2))
        }
        stored()
      })
    }
    return true
  }

  onReplicaStored(from: NodeId, id: string): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#notUnderway(pending, from)
    pending.holders.add(from)
    this.#replicate(pending)
  }

  onReplicaRefused(from: NodeId, id: string): void {
    const pending = this.#pending.get(id)
    if (pending === undefined || !pending.underway.has(from)) return
    this.#notUnderway(pending, from)
    this.#replicate(pending)
  }

  /** A worker is gone, or its connection broke: what was under way to it goes to another. `dead`: what it held is lost. */
  onPeerLost(peer: NodeId, dead: boolean): void {
    for (const pending of [...this.#pending.values()]) {
      const held = dead && pending.holders.delete(peer)
      const sent = this.#notUnderway(pending, peer)
      // It may live: if there is no other it gets the replica again, for one copy is enough only when it is the only worker.
      if (sent && !dead) pending.tried.delete(peer)
      if (held || sent) this.#replicate(pending)
    }
  }

  /** There may be peers that were not there, and some may be there no more: what had none to go to tries again, what has lost a copy gets another. */
  onPeers(): void {
    for (const pending of [...this.#pending.values()]) {
      if (pending.underway.size > 0) continue
      pending.tried.clear()
      this.#replicate(pending)
    }
    for (const [id, holders] of this.#holders) this.#copyAgain(id, holders)
  }

  /** Acked, and in no seal: for an interval, which may be an hour, nobody else sees to its copies. */
  #copyAgain(id: string, holders: ReadonlySet<NodeId>): void {
    const { store, peers, clock } = this.#parts
    let copies = 1
    for (const node of holders) if (peers.has(node)) copies += 1
    if (copies >= peers.replicas || this.isPending(id)) return
    const block = store.get(id)
    if (block === undefined || block.filed !== null || block.batch === null) return
    const living = new Set([...holders].filter(node => peers.has(node)))
    if (peers.choose(block.bytes, living, clock.monotonicMs) === null) return
    this.#replicate(pendingAgain(block, living, clock.monotonicMs))
  }

  onSettled(kept: readonly SettledBlock[], dropped: readonly string[]): void {
    const { store, reporter } = this.#parts
    for (const { block, stream, interval } of kept) {
      reporter.done(block)
      this.#holders.delete(block)
      store.file(block, stream, interval)
    }
    for (const block of dropped) {
      reporter.done(block)
      this.forget(block)
    }
  }

  /** Drops a block, received or computed, with what is known of it here. */
  forget(id: string): void {
    const { store, reporter } = this.#parts
    const block = store.get(id)
    if (block === undefined) return
    const pending = this.#pending.get(id)
    // Its batch is in a seal by another copy, so it is safe: the sender need not wait.
    if (pending !== undefined) this.#finish(pending)
    reporter.done(id)
    this.#holders.delete(id)
    if (block.batch !== null && this.#byBatch.get(nameOf(block.batch)) === id) this.#byBatch.delete(nameOf(block.batch))
    store.drop(id)
  }

  /** Drops a stream's intervals before the time; see `BlockStore.forget`. */
  forgetStream(stream: string, beforeMs: number): void {
    const { store, reporter } = this.#parts
    for (const { id, batch } of store.forget(stream, beforeMs)) {
      const pending = this.#pending.get(id)
      if (pending !== undefined) this.#finish(pending)
      reporter.done(id)
      if (batch !== null && this.#byBatch.get(nameOf(batch)) === id) this.#byBatch.delete(nameOf(batch))
    }
  }

  onTime(nowMs: number): void {
    for (const pending of [...this.#pending.values()]) {
      for (const [peer, sentMs] of [...pending.underway]) {
        if (!this.isPending(pending.block.id) || pending.late.has(peer) || nowMs - sentMs < this.#parts.config.replicaTimeoutMs) continue
        pending.late.add(peer)
        this.#replicate(pending)
      }
      const waitedMs = nowMs - pending.sinceMs
      if (!this.isPending(pending.block.id) || waitedMs < this.#parts.config.giveUpReplicaMs) continue
      const { peers } = this.#parts
      if (pending.kept && peers.told && 1 + pending.holders.size >= peers.minReplicas) this.#finish(pending)
    }
  }

  get deadlineMs(): number {
    const { replicaTimeoutMs, giveUpReplicaMs } = this.#parts.config
    // In order of sending, nearly: the next tick finds the rest.
    for (const { underway, late, sinceMs } of this.#pending.values()) {
      for (const [peer, sentMs] of underway) if (!late.has(peer)) return sentMs + replicaTimeoutMs
      // Once it has gone by, what is waited for is an event: a confirmation, a disk, a peer.
      const giveUpMs = sinceMs + giveUpReplicaMs
      if (underway.size > 0 && giveUpMs > this.#parts.clock.monotonicMs) return giveUpMs
    }
    return Number.POSITIVE_INFINITY
  }

  /** True when the batch is held already: it will be acked (again) without being stored. */
  #again(from: NodeId, key: BatchKey): boolean {
    const { store, peers } = this.#parts
    const id = this.#byBatch.get(nameOf(key))
    const block = id === undefined ? undefined : store.get(id)
    if (id === undefined || block === undefined) return false
    const pending = this.#pending.get(id)
    if (pending !== undefined) {
      pending.senders.add(from)
      return true
    }
    const holders = new Set([...(this.#holders.get(id) ?? [])].filter(node => peers.has(node)))
    const copies = 1 + holders.size
    if (block.filed !== null || copies >= peers.replicas)
      this.#ack(from, key, Math.max(copies, block.filed === null ? copies : peers.replicas))
    // Its first holder is gone, and with it the second copy: it needs another before anyone may rely on it.
    else this.#replicate(pendingAgain(block, holders, this.#parts.clock.monotonicMs, from))
    return true
  }

  #replicate(pending: Pending): void {
    const { peers, clock, durable } = this.#parts
    const { block, holders, underway, late, tried } = pending
    const { bytes } = block
    const begins = !this.#pending.has(block.id)
    if (begins) {
      this.#pending.set(block.id, pending)
      this.#pendingBytes += bytes
    }
    while (1 + holders.size + underway.size - late.size < peers.replicas) {
      const peer = peers.choose(bytes, new Set([...tried, ...holders]), clock.monotonicMs)
      if (peer === null) break
      tried.add(peer)
      underway.set(peer, clock.monotonicMs)
      peers.underway(peer, bytes)
      this.#send(pending, peer)
    }
    if (!begins) return this.#finishIfSafe(pending)
    durable.keep(block, () => {
      pending.kept = true
      if (this.#pending.get(block.id) === pending) this.#finishIfSafe(pending)
    })
  }

  #send({ block: { id }, underway }: Pending, peer: NodeId): void {
    const { outbox, store, spill } = this.#parts
    // Where it lies now: sealed by another copy meanwhile, it may have gone to disk.
    const block = store.get(id)
    if (block === undefined) return
    const { batch, rows, arrivedMs, region } = block
    const message = { kind: "replica", block: id, batch, rows, arrivedMs, of: null } as const
    // From block memory, not as it came: so the message's own memory is free at once.
    if (region !== null) outbox.sendPinned(peer, message, [store.view(region)], [region])
    else
      spill.read(block, bytes => {
        if (bytes !== null && underway.has(peer)) outbox.send(peer, message, [bytes])
      })
  }

  #finishIfSafe(pending: Pending): void {
    const { peers } = this.#parts
    const copies = 1 + pending.holders.size
    if (!pending.kept || !peers.told) return
    if (copies >= peers.replicas || (pending.underway.size === 0 && copies >= peers.minReplicas)) this.#finish(pending)
  }

  #finish(pending: Pending): void {
    const { reporter, peers, outbox, store, folding } = this.#parts
    const { block, senders, holders, underway } = pending
    for (const peer of [...underway.keys()]) this.#notUnderway(pending, peer)
    this.#pending.delete(block.id)
    this.#pendingBytes -= block.bytes
    const copies = 1 + holders.size
    for (const sender of senders) this.#ack(sender, block.batch!, copies)
    // It may have been sealed meanwhile, as the other holder reported it.
    if (store.get(block.id)?.filed === null) {
      this.#holders.set(block.id, new Set(holders))
      reporter.arrived(reported(block, block.batch!, copies, folding.markOf(block.id)))
    }
    const single = copies < 2 && peers.replicas > 1
    if (single === this.#singleCopies) return
    this.#singleCopies = single
    if (single) outbox.say("warn", "received data is acked with one copy: there is no second worker to hold another")
    else outbox.say("info", "received data is held by two workers again")
  }

  #notUnderway(pending: Pending, peer: NodeId): boolean {
    if (!pending.underway.delete(peer)) return false
    pending.late.delete(peer)
    this.#parts.peers.underway(peer, -pending.block.bytes)
    return true
  }

  /** Once an input: whoever reads lines as they are may not know that they could be records. */
  #guess(receiver: string, bytes: Uint8Array): void {
    const input = this.#parts.reporter.input(receiver)
    if (input?.plain === undefined || this.#guessed.has(input.stream)) return
    this.#guessed.add(input.stream)
    const format = guessFormat(firstLines(bytes, guessedLines))
    if (format !== null) this.#parts.hint(input.stream, `looks like "${format}": add { format: "${format}" }`)
  }

  #full(bytes: number): boolean {
    const { store, config } = this.#parts
    return store.usedBytes + bytes > config.refuseAbove * store.capBytes
  }

  #ack(to: NodeId, { session, stream, seq }: BatchKey, copies: number): void {
    if (to === this.#parts.node) return this.#parts.own.acked({ session, stream, seq })
    this.#parts.outbox.send(to, { kind: "batchAck", session, stream, seq, copies })
  }

  #refuse(to: NodeId, { session, stream, seq }: BatchKey, reason: string): void {
    if (to === this.#parts.node) return this.#parts.own.refused({ session, stream, seq }, reason)
    this.#parts.outbox.send(to, { kind: "batchRefused", session, stream, seq, reason })
  }
}
