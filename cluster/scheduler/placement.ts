/**
 * Where a task runs (the paper's §4.1: by data locality; state partitions of all intervals on the same node).
 *
 * Keyed state has a *home*: a worker, and on it an affinity (one executor, which caches the state), the same for every
 * stream of that many partitions, so that co-partitioned streams meet without the network. A home has a backup: the
 * worker to which its chains are copied, and which takes over when the first is lost. Backups of one worker's homes lie
 * on all the others, so that all take part in its recovery (§5.1).
 */

import type { NodeId } from "../ports.js"
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

export interface Home {
  worker: NodeId
  affinity: number
  backup: NodeId | null
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

export class Placement {
  readonly #slots = new Map<NodeId, Slot>()
  readonly #homes = new Map<number, Home[]>()
  /** By path. */
  readonly #readers = new Map<string, NodeId>()

  add(node: NodeId, host: string, cores: number): void {
    this.#slots.set(node, { node, host, cores, running: { stream: 0, query: 0 }, copied: 0, meanMs: shortMs, pace: new Pace() })
    for (const [, homes] of this.#homes) this.#rebalance(homes, node)
  }

  remove(node: NodeId): void {
    this.#slots.delete(node)
    if (this.#slots.size === 0) return
    for (const homes of this.#homes.values()) {
      for (const home of homes) {
        if (home.worker === node) {
          home.worker = home.backup !== null && this.#slots.has(home.backup) ? home.backup : this.#least(homes)
          home.affinity = freeAffinity(homes, home)
          home.backup = null
        }
        if (home.backup === null || home.backup === node) home.backup = this.#backupFor(homes, home.worker)
      }
    }
  }

  slot(node: NodeId): Slot | undefined {
    return this.#slots.get(node)
  }

  /** A task of a stream took so long there; `othersMs`: those of its stage that others did, null if nobody has yet. */
  took(node: NodeId, ms: number, othersMs: number | null): void {
    const slot = this.#slots.get(node)
    if (slot === undefined) return
    slot.meanMs += (ms - slot.meanMs) / 16
    if (othersMs !== null && slot.pace.took(ms, othersMs)) this.#paceChanged(slot)
  }

  /** Who has become slow keeps as many homes as it can keep up with, the rest go to where their copies are; who is quick again gets its share back. */
  #paceChanged(slot: Slot): void {
    for (const homes of this.#homes.values()) {
      if (slot.pace.factor === 1) {
        this.#rebalance(homes, slot.node)
        continue
      }
      const own = homes.filter(home => home.worker === slot.node)
      for (const home of own.slice(Math.ceil(own.length / slot.pace.factor))) {
        if (home.backup === null) continue
        home.worker = home.backup
        home.backup = slot.node
        home.affinity = freeAffinity(homes, home)
      }
    }
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

  anyRoom(pool: Pool): boolean {
    for (const slot of this.#slots.values()) if (slot.running[pool] < roomOf(slot, pool)) return true
    return false
  }

  /** The home of partition p of n. Null when there is no worker. */
  home(n: number, p: number): Home | null {
    if (this.#slots.size === 0) return null
    let homes = this.#homes.get(n)
    if (homes === undefined) {
      homes = []
      this.#homes.set(n, homes)
    }
    while (homes.length <= p) {
      const home: Home = { worker: this.#least(homes), affinity: 0, backup: null }
      home.affinity = freeAffinity(homes, home)
      home.backup = this.#backupFor(homes, home.worker)
      homes.push(home)
    }
    const home = homes[p] as Home
    if (!this.#slots.has(home.worker)) {
      // All workers were gone for a while.
      home.worker = this.#least(homes)
      home.affinity = freeAffinity(homes, home)
      home.backup = this.#backupFor(homes, home.worker)
    }
    return home
  }

  /** The worker that reads a compressed file: the same for all of its splits, and another for the next file. Null: there is none. */
  reader(path: string, avoid: ReadonlySet<NodeId>): NodeId | null {
    const known = this.#readers.get(path)
    if (known !== undefined && this.#slots.has(known) && !avoid.has(known)) return known
    const files = (node: NodeId) => [...this.#readers.values()].filter(reader => reader === node).length
    const worker = this.#fewest(slot => (avoid.has(slot.node) ? 1e6 : 0) + files(slot.node) / slot.cores)
    this.#readers.delete(path)
    if (worker !== null) this.#readers.set(path, worker)
    for (const [oldest] of this.#readers) if (this.#readers.size > readersKept) this.#readers.delete(oldest)
    return worker
  }

  /** The best worker with room, for inputs that lie `local` (bytes by worker) out of `total`. Null: none has room. */
  choose(pool: Pool, local: ReadonlyMap<NodeId, number>, total: number, avoid: ReadonlySet<NodeId>): NodeId | null {
    let best: NodeId | null = null
    let bestCost = Number.POSITIVE_INFINITY
    const avoidAll = [...this.#slots.keys()].every(node => avoid.has(node))
    for (const slot of this.#slots.values()) {
      if (slot.running[pool] >= roomOf(slot, pool)) continue
      if (avoid.has(slot.node) && !avoidAll) continue
      const remote = total - (local.get(slot.node) ?? 0)
      const cost = ((slot.running[pool] + 1) / slot.cores) * slot.pace.factor + remote / bytesPerTask + (remote > 0 ? 0.25 : 0)
      if (cost < bestCost) {
        best = slot.node
        bestCost = cost
      }
    }
    return best
  }

  /** The worker with the fewest of these homes. */
  #least(homes: readonly Home[]): NodeId {
    return this.#fewest(slot => {
      let count = 1
      for (const home of homes) if (home.worker === slot.node) count += 1
      return count / slot.cores
    }) as NodeId
  }

  /** Where a home of `worker` is copied to: its homes are spread over the others, so that all of them share its work if it is lost. */
  #backupFor(homes: readonly Home[], worker: NodeId): NodeId | null {
    const host = this.#slots.get(worker)?.host
    return this.#fewest(slot => {
      if (slot.node === worker) return Number.POSITIVE_INFINITY
      let together = 0
      let all = 0
      for (const home of homes) {
        if (home.backup !== slot.node) continue
        all += 1
        if (home.worker === worker) together += 1
      }
      // A copy on the same machine is better than none, but only then.
      return (together + 1) / slot.cores + all / 1e4 + (slot.host === host ? 1e6 : 0)
    })
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

  /** A worker joined: it takes its fair share of homes from the fullest ones, and is backup where there was none. */
  #rebalance(homes: Home[], node: NodeId): void {
    const slot = this.#slots.get(node) as Slot
    let cores = 0
    for (const other of this.#slots.values()) cores += other.cores
    const share = Math.floor((homes.length * slot.cores) / cores)
    const count = (worker: NodeId) => homes.filter(home => home.worker === worker).length
    while (count(node) < share) {
      let fullest: NodeId | null = null
      let most = 0
      for (const other of this.#slots.values()) {
        const load = count(other.node) / other.cores
        if (other.node !== node && load > most) {
          fullest = other.node
          most = load
        }
      }
      const moved = homes.findLast(home => home.worker === fullest)
      if (moved === undefined) break
      // What held it keeps being its second copy.
      moved.backup = moved.worker
      moved.worker = node
      moved.affinity = freeAffinity(homes, moved)
    }
    for (const home of homes) home.backup ??= this.#backupFor(homes, home.worker)
  }
}

/** So many tasks it may have at a time. */
function roomOf({ meanMs, cores, pace }: Slot, pool: Pool): number {
  return Math.ceil((cores * (pool === "stream" && meanMs < shortMs ? shortDepth : depth[pool])) / pace.factor)
}

/** The lowest number not taken on that worker: executors are shared out evenly by it. */
function freeAffinity(homes: readonly Home[], home: Home): number {
  const taken = new Set<number>()
  for (const other of homes) if (other !== home && other.worker === home.worker) taken.add(other.affinity)
  let affinity = 0
  while (taken.has(affinity)) affinity += 1
  return affinity
}
