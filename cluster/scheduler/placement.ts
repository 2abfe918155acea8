/**
 * Where a task runs (the paper's §4.1: by data locality; state partitions of all intervals on the same node, `homes.ts`).
 */

import type { NodeId } from "../ports.js"
import { type Home, Homes } from "./homes.js"
import { Pace } from "./pace.js"

export type Pool = "stream" | "query"

export interface Slot {
  readonly node: NodeId
  readonly host: string
  readonly cores: number
  readonly running: { stream: number; query: number }
  /** Its tasks that were so slow that another got a copy. */
  copied: number
  /** How long a stream's task took there of late. */
  meanMs: number
  readonly pace: Pace
}

/** Tasks sent ahead to a worker, an executor: enough to keep it busy, few enough that placement stays useful. */
const depth = { stream: 8, query: 2 } as const
/** Of tasks that take less than `shortMs` more are sent ahead, so that they travel several in a message. */
const shortDepth = 24
const shortMs = 2
/** So many compressed files' readers are remembered. */
const readersKept = 1_000
/** What a byte that is not local costs, in tasks queued on one core (1 MB ≈ one short task). */
const bytesPerTask = 1 << 20
const nobody: readonly NodeId[] = []

export class Placement {
  readonly #slots = new Map<NodeId, Slot>()
  /** Workers that are given nothing more, and may still run something. */
  readonly #draining = new Map<NodeId, Slot>()
  /** By the number of partitions. */
  readonly #homes = new Map<number, Homes>()
  #mostCores = 1
  /** By path. */
  readonly #readers = new Map<string, NodeId>()

  add(node: NodeId, host: string, cores: number): void {
    const slot = { node, host, cores, running: { stream: 0, query: 0 }, copied: 0, meanMs: shortMs, pace: new Pace() }
    this.#slots.set(node, slot)
    this.#mostCores = Math.max(this.#mostCores, cores)
    for (const homes of this.#homes.values()) homes.joined(slot)
  }

  remove(node: NodeId): void {
    this.#draining.delete(node)
    if (!this.#slots.delete(node)) return
    // If all are gone, homes stay where they were: who comes back may have what it had.
    if (this.#slots.size > 0) for (const homes of this.#homes.values()) homes.left(node)
  }

  /** Nothing more goes there: its homes go to their backups. */
  drain(node: NodeId): void {
    const slot = this.#slots.get(node)
    if (slot === undefined) return
    this.#slots.delete(node)
    this.#draining.set(node, slot)
    if (this.#slots.size > 0) for (const homes of this.#homes.values()) homes.left(node)
  }

  /** It takes its share again. */
  undrain(node: NodeId): void {
    const slot = this.#draining.get(node)
    if (slot === undefined) return
    this.#draining.delete(node)
    this.#slots.set(node, slot)
    for (const homes of this.#homes.values()) homes.joined(slot)
  }

  slot(node: NodeId): Slot | undefined {
    return this.#slots.get(node) ?? this.#draining.get(node)
  }

  /** A task of a stream took so long there; `othersMs`: those of its stage that others did, null if nobody has yet. */
  took(node: NodeId, ms: number, othersMs: number | null): void {
    const slot = this.#slots.get(node)
    if (slot === undefined) return
    slot.meanMs += (ms - slot.meanMs) / 16
    if (othersMs !== null && slot.pace.took(ms, othersMs)) this.#paceChanged(slot)
  }

  /** Who is quick again gets its share back. */
  #paceChanged(slot: Slot): void {
    for (const homes of this.#homes.values()) {
      if (slot.pace.factor === 1) homes.joined(slot)
      else homes.slowed(slot.node, slot.pace.factor)
    }
  }

  began(node: NodeId, pool: Pool): void {
    const slot = this.slot(node)
    if (slot !== undefined) slot.running[pool] += 1
  }

  ended(node: NodeId, pool: Pool): void {
    const slot = this.slot(node)
    if (slot !== undefined) slot.running[pool] -= 1
  }

  get slots(): Iterable<Slot> {
    return this.#slots.values()
  }

  get size(): number {
    return this.#slots.size
  }

  hasRoom(node: NodeId, pool: Pool): boolean {
    const slot = this.#slots.get(node)
    return slot !== undefined && slot.running[pool] < roomOf(slot, pool)
  }

  /** A task that is sent to it now begins at once. */
  isIdle(node: NodeId): boolean {
    const slot = this.#slots.get(node)
    return slot !== undefined && slot.running.stream + slot.running.query < slot.cores
  }

  anyRoom(pool: Pool): boolean {
    for (const slot of this.#slots.values()) if (slot.running[pool] < roomOf(slot, pool)) return true
    return false
  }

  /** The home of partition p of n. Null when there is no worker. */
  home(n: number, p: number): Home | null {
    if (this.#slots.size === 0) return null
    let homes = this.#homes.get(n)
    if (homes === undefined) {
      homes = new Homes(this.#slots)
      this.#homes.set(n, homes)
    }
    return homes.at(p)
  }

  /** The worker that reads a compressed file: the same for all of its splits, and another for the next file. Null: there is none. */
  reader(path: string, avoid: readonly NodeId[]): NodeId | null {
    const known = this.#readers.get(path)
    if (known !== undefined && this.#slots.has(known) && !avoid.includes(known)) return known
    const files = (node: NodeId) => [...this.#readers.values()].filter(reader => reader === node).length
    const worker = this.#fewest(slot => (avoid.includes(slot.node) ? 1e6 : 0) + files(slot.node) / slot.cores)
    this.#readers.delete(path)
    if (worker !== null) this.#readers.set(path, worker)
    for (const [oldest] of this.#readers) if (this.#readers.size > readersKept) this.#readers.delete(oldest)
    return worker
  }

  /** The best worker with room, for inputs that lie `local` (bytes by worker) out of `total`. Null: none has room. */
  choose(pool: Pool, local: ReadonlyMap<NodeId, number>, total: number, avoid: readonly NodeId[]): NodeId | null {
    if (avoid.length === 0) {
      // Mostly one of the few that have something of it will do, and no other can be better.
      const near = this.#cheapest(pool, this.#those(local), local, total, avoid)
      if (near !== null && near.cost < 1 / this.#mostCores + costOfMoving(total)) return near.node
    }
    const avoidAll = avoid.length > 0 && [...this.#slots.keys()].every(node => avoid.includes(node))
    return this.#cheapest(pool, this.#slots.values(), local, total, avoidAll ? nobody : avoid)?.node ?? null
  }

  #those(nodes: ReadonlyMap<NodeId, unknown>): Slot[] {
    const slots: Slot[] = []
    for (const node of nodes.keys()) {
      const slot = this.#slots.get(node)
      if (slot !== undefined) slots.push(slot)
    }
    return slots
  }

  #cheapest(
    pool: Pool,
    slots: Iterable<Slot>,
    local: ReadonlyMap<NodeId, number>,
    total: number,
    avoid: readonly NodeId[],
  ): { readonly node: NodeId; readonly cost: number } | null {
    let node: NodeId | null = null
    let least = Number.POSITIVE_INFINITY
    for (const slot of slots) {
      if (slot.running[pool] >= roomOf(slot, pool) || avoid.includes(slot.node)) continue
      const cost = ((slot.running[pool] + 1) / slot.cores) * slot.pace.factor + costOfMoving(total - (local.get(slot.node) ?? 0))
      if (cost >= least) continue
      node = slot.node
      least = cost
    }
    return node === null ? null : { node, cost: least }
  }

  #fewest(loadOf: (slot: Slot) => number): NodeId | null {
    let best: NodeId | null = null
    let least = Number.POSITIVE_INFINITY
    for (const slot of this.#slots.values()) {
      const load = loadOf(slot)
      if (load >= least) continue
      best = slot.node
      least = load
    }
    return best
  }
}

function costOfMoving(bytes: number): number {
  return bytes > 0 ? bytes / bytesPerTask + 0.25 : 0
}

/** So many tasks it may have at a time. */
function roomOf({ meanMs, cores, pace }: Slot, pool: Pool): number {
  return Math.ceil((cores * (pool === "stream" && meanMs < shortMs ? shortDepth : depth[pool])) / pace.factor)
}
