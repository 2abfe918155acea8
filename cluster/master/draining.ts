/**
 * A worker that is to go while all else goes on (an upgrade, a machine that is slow): it is given nothing new, what it holds gets
 * as many copies elsewhere as it would have without it, then it is told that it may end.
 *
 *   stays ──drain──▶ draining ──nothing runs there, nothing is only there──▶ leaving ──goodbye──▶ gone
 *                    draining ──undo, or no other worker is left──▶ stays
 *
 * Until it says goodbye it counts as holder of what it has: who reads goes on reading there. What is received but in no seal yet is copied
 * by its receivers; the worker says how much of that it has, since only it knows. Dies it before it is done, that is a death like any other.
 */

import { RivuletError } from "../../engine/errors.js"
import type { NodeId } from "../ports.js"
import type { ClusterEvent } from "../protocol.js"
import type { TrackedBlock } from "../scheduler/tracked-block.js"
import type { Drivers } from "./drivers.js"
import { type Parts, say, type Times } from "./parts.js"
import type { WorkerEntry } from "./worker-registry.js"

/** All blocks are looked through so often while a worker is drained. */
const lookEveryMs = 500
/** Under way at once: streams' own traffic goes first. */
const underwayBytesMost = 64 * 1024 * 1024
/** A copy that has not come by then is asked for again, perhaps elsewhere. */
const askAgainMs = 5_000
/** What was answered just before may still be fetched there. */
const fetchMs = 2_000

interface Asked {
  readonly to: NodeId
  readonly bytes: number
  readonly sinceMs: number
}

export class Draining {
  readonly #parts: Parts
  readonly #drivers: Drivers
  readonly #tell: (event: ClusterEvent) => void
  readonly #asked = new Map<string, Asked>()
  /** Blocks that keep a worker, and since when there is nothing else that keeps it. */
  readonly #left = new Map<NodeId, { readonly blocks: readonly TrackedBlock[]; freeSinceMs: number | null }>()
  #lookedMs = Number.NEGATIVE_INFINITY

  constructor(parts: Parts, drivers: Drivers, tell: (event: ClusterEvent) => void) {
    this.#parts = parts
    this.#drivers = drivers
    this.#tell = tell
  }

  /** Throws a RivuletError: of code 2 for no worker's name, 4 when it cannot be spared. */
  begin(name: string, by: string, times: Times): { readonly blocks: number; readonly to: readonly string[] } {
    const { registry, scheduler, config } = this.#parts
    const entry = this.#find(name)
    const others = registry.staying.filter(({ node }) => node !== entry.node)
    if (others.length < Math.max(1, config.minReplicas)) {
      const why =
        others.length === 0
          ? "there is no other worker to take its place"
          : `${others.length} would be left, and --min-replicas asks for more`
      throw new RivuletError(`${name} cannot be drained: ${why}`, { code: 4, try: "rivulet worker, on another machine, then again" })
    }
    if (entry.drainingMs === null) {
      entry.drainingMs = times.monotonicMs
      scheduler.drain(entry.node)
      this.#look()
      this.#tell({ kind: "draining", name, by, blocks: this.left(entry.node) })
      say(this.#parts, "info", `worker ${name} is drained for ${by}`)
    }
    return { blocks: this.left(entry.node), to: others.map(one => one.name) }
  }

  undo(name: string, by: string): { readonly blocks: number; readonly to: readonly string[] } {
    const entry = this.#find(name)
    if (entry.leaving) throw new RivuletError(`${name} has been told to end`, { code: 4, try: `rivulet worker --name ${name}` })
    if (entry.drainingMs !== null) this.#stays(entry, by)
    return { blocks: 0, to: this.#parts.registry.staying.map(one => one.name) }
  }

  /** A worker that was being drained has registered with a master that did not know. */
  resumed(node: NodeId): void {
    this.#parts.scheduler.drain(node)
  }

  /** A worker is gone. */
  workerLost(node: NodeId): void {
    this.#left.delete(node)
    for (const [block, { to }] of this.#asked) if (to === node) this.#asked.delete(block)
  }

  /** So many of its blocks have too few copies without it. */
  left(node: NodeId): number {
    return this.#left.get(node)?.blocks.length ?? 0
  }

  /** Once it is known who is here: a master that was started again may have heard only of those who are to go. */
  onTime(times: Times): void {
    this.#saved()
    const draining = this.#draining()
    if (draining.length === 0) return
    if (times.monotonicMs - this.#lookedMs >= lookEveryMs) {
      this.#lookedMs = times.monotonicMs
      this.#look()
      for (const entry of draining) if (this.#isFree(entry, times.monotonicMs)) this.#letGo(entry)
    }
    this.#copy(times.monotonicMs)
  }

  #draining(): WorkerEntry[] {
    return [...this.#parts.registry.live].filter(({ drainingMs, leaving }) => drainingMs !== null && !leaving)
  }

  #find(name: string): WorkerEntry {
    const all = [...this.#parts.registry.live]
    const found = all.find(one => one.name === name)
    if (found !== undefined) return found
    throw new RivuletError(`no worker ${name}`, {
      code: 2,
      try: all.length === 0 ? "rivulet workers" : all.map(one => one.name).join(", "),
    })
  }

  /** If nobody else is left, those who were to go must stay. */
  #saved(): void {
    if (this.#parts.registry.staying.length > 0) return
    for (const entry of this.#draining()) this.#stays(entry, "the master: no other worker is left")
  }

  #stays(entry: WorkerEntry, by: string): void {
    entry.drainingMs = null
    this.#left.delete(entry.node)
    this.#parts.scheduler.undrain(entry.node)
    this.#tell({ kind: "staying", name: entry.name, by })
  }

  /** Which blocks have too few copies without those who go. */
  #look(): void {
    const { tracker, registry } = this.#parts
    for (const { node } of this.#draining()) {
      const blocks: TrackedBlock[] = []
      for (const id of tracker.blocksOf(node)) {
        const block = tracker.find(id)!
        if (block.holders.filter(one => registry.stays(one)).length < this.wanted(block)) blocks.push(block)
      }
      this.#left.set(node, { blocks, freeSinceMs: this.#left.get(node)?.freeSinceMs ?? null })
    }
  }

  /** What was received and what is checkpointed is to outlive the next death too; all else can be made again. */
  private wanted({ block, output }: TrackedBlock): number {
    const { registry, config, admission, ledger } = this.#parts
    if (output !== null) return output.stored === null ? 1 : Math.min(Math.max(2, config.replicas), registry.staying.length)
    const sealed = admission.where(block)
    // What is in no seal its receivers copy.
    if (sealed === undefined) return 0
    const node = ledger.streams.get(sealed.stream)?.definition.node
    return node?.kind === "input" && node.source.kind === "receiver" ? Math.min(config.replicas, registry.staying.length) : 1
  }

  #isFree({ node, unsettled }: WorkerEntry, nowMs: number): boolean {
    const left = this.#left.get(node)
    if (left === undefined) return false
    const busy = left.blocks.length > 0 || unsettled !== 0 || this.#parts.scheduler.runsAt(node) || this.#drivers.runsAt(node)
    left.freeSinceMs = busy ? null : (left.freeSinceMs ?? nowMs)
    return left.freeSinceMs !== null && nowMs - left.freeSinceMs >= fetchMs
  }

  #letGo(entry: WorkerEntry): void {
    entry.leaving = true
    this.#parts.outbox.send(entry.node, { kind: "leave" })
  }

  #copy(nowMs: number): void {
    const { registry, outbox } = this.#parts
    let underwayBytes = 0
    for (const [block, { to, sinceMs, bytes }] of this.#asked) {
      if (this.#parts.tracker.holders(block).includes(to) || nowMs - sinceMs >= askAgainMs) this.#asked.delete(block)
      else underwayBytes += bytes
    }
    const planned = new Map<NodeId, number>()
    for (const [node, { blocks }] of this.#left) {
      const copies = new Map<NodeId, string[]>()
      for (const block of blocks) {
        if (underwayBytes >= underwayBytesMost) break
        if (this.#asked.has(block.block) || !block.holders.includes(node)) continue
        if (block.holders.filter(one => registry.stays(one)).length >= this.wanted(block)) continue
        const to = this.#targetFor(block, planned)
        if (to === null) continue
        this.#asked.set(block.block, { to, bytes: block.bytes, sinceMs: nowMs })
        underwayBytes += block.bytes
        planned.set(to, (planned.get(to) ?? 0) + block.bytes)
        const those = copies.get(to)
        if (those === undefined) copies.set(to, [block.block])
        else those.push(block.block)
      }
      if (copies.size > 0) outbox.send(node, { kind: "copy", copies: [...copies].map(([to, ids]) => ({ to, blocks: ids })) })
    }
  }

  /** Of a state its home or the home's backup, else the emptiest, on another machine than the copies that there are. */
  #targetFor({ holders, bytes, output, partition }: TrackedBlock, planned: ReadonlyMap<NodeId, number>): NodeId | null {
    const { registry, placement, config } = this.#parts
    const may = (node: NodeId) => registry.stays(node) && !holders.includes(node)
    if (output?.stored != null) {
      const home = placement.home(output.stored.partitions, partition)
      if (home !== null && may(home.worker)) return home.worker
      if (home?.backup != null && may(home.backup)) return home.backup
    }
    const hosts = new Set(holders.filter(node => registry.stays(node)).map(node => registry.get(node)?.host))
    let best: NodeId | null = null
    let least = Number.POSITIVE_INFINITY
    for (const { node, host, usedBytes, capBytes } of registry.staying) {
      const used = usedBytes + (planned.get(node) ?? 0)
      if (!may(node) || used + bytes > capBytes * config.memoryHigh) continue
      const cost = used / capBytes + (hosts.has(host) ? 1 : 0)
      if (cost >= least) continue
      best = node
      least = cost
    }
    return best
  }
}
