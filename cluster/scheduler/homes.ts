/**
 * Where the partitions of keyed state live. Each has a *home*: a worker, and on it an affinity (one executor, which caches the
 * state), the same for every stream of that many partitions, so that co-partitioned streams meet without the network. A home
 * has a backup: the worker to which its chains are copied, and which takes over when the first is lost. Backups of one worker's
 * homes lie on all the others, so that all take part in its recovery (§5.1).
 */

import type { NodeId } from "../ports.js"

export interface Home {
  worker: NodeId
  affinity: number
  backup: NodeId | null
}

/** A worker as far as homes are shared out by it. */
export interface Host {
  readonly node: NodeId
  readonly host: string
  readonly cores: number
}

/** What lies on a worker. */
interface Share {
  homes: number
  backups: number
  /** Taken by its homes. */
  readonly affinities: Set<number>
  /** Where its homes' backups are, and how many. */
  readonly backedBy: Map<NodeId, number>
}

/** All homes of one number of partitions. Counted as they move, so that placing one costs the workers, not the homes. */
export class Homes {
  readonly #workers: ReadonlyMap<NodeId, Host>
  readonly #homes: Home[] = []
  readonly #shares = new Map<NodeId, Share>()

  /** `workers`: the living, in the order in which they came; the owner's, who tells of each that comes or goes. */
  constructor(workers: ReadonlyMap<NodeId, Host>) {
    this.#workers = workers
  }

  /** The home of partition p. There must be a worker. */
  at(p: number): Home {
    while (this.#homes.length <= p) {
      const home: Home = { worker: "", affinity: 0, backup: null }
      this.#homes.push(home)
      this.#settle(home, this.#least())
      this.#back(home, this.#backupFor(home.worker))
    }
    const home = this.#homes[p] as Home
    if (!this.#workers.has(home.worker)) {
      // All workers were gone for a while.
      this.#settle(home, this.#least())
      this.#back(home, this.#backupFor(home.worker))
    }
    return home
  }

  /** Its homes go to their backups, or to who has the fewest. */
  left(node: NodeId): void {
    for (const home of this.#homes) {
      if (home.worker === node) {
        const next = home.backup !== null && this.#workers.has(home.backup) ? home.backup : this.#least()
        this.#back(home, null)
        this.#settle(home, next)
      }
      if (home.backup === null || home.backup === node) this.#back(home, this.#backupFor(home.worker))
    }
    this.#shares.delete(node)
  }

  /** A worker joined, or is quick again: it takes its fair share of homes from the fullest ones, and is backup where there was none. */
  joined({ node, cores }: Host): void {
    let all = 0
    for (const other of this.#workers.values()) all += other.cores
    const share = Math.floor((this.#homes.length * cores) / all)
    while (this.#count(node) < share) {
      let fullest: NodeId | null = null
      let most = 0
      for (const other of this.#workers.values()) {
        const load = this.#count(other.node) / other.cores
        if (other.node !== node && load > most) {
          fullest = other.node
          most = load
        }
      }
      const moved = this.#homes.findLast(home => home.worker === fullest)
      if (moved === undefined) break
      // What held it keeps being its second copy.
      this.#move(moved, node, moved.worker)
    }
    for (const home of this.#homes) if (home.backup === null) this.#back(home, this.#backupFor(home.worker))
  }

  /** It has become slow: it keeps as many of its homes as it can keep up with, the rest go to where their copies are. */
  slowed(node: NodeId, factor: number): void {
    const own = this.#homes.filter(home => home.worker === node)
    for (const home of own.slice(Math.ceil(own.length / factor))) if (home.backup !== null) this.#move(home, home.backup, node)
  }

  #move(home: Home, to: NodeId, backup: NodeId): void {
    this.#back(home, null)
    this.#settle(home, to)
    this.#back(home, backup)
  }

  /** Its backup must have been taken away if it had one on another worker. */
  #settle(home: Home, worker: NodeId): void {
    const before = this.#shares.get(home.worker)
    if (before !== undefined) {
      before.homes -= 1
      before.affinities.delete(home.affinity)
      if (home.backup !== null) count(before.backedBy, home.backup, -1)
    }
    const share = this.#share(worker)
    home.worker = worker
    home.affinity = lowestFree(share.affinities)
    share.homes += 1
    share.affinities.add(home.affinity)
    if (home.backup !== null) count(share.backedBy, home.backup, 1)
  }

  #back(home: Home, backup: NodeId | null): void {
    const { backedBy } = this.#share(home.worker)
    if (home.backup !== null) {
      count(backedBy, home.backup, -1)
      this.#share(home.backup).backups -= 1
    }
    home.backup = backup
    if (backup === null) return
    count(backedBy, backup, 1)
    this.#share(backup).backups += 1
  }

  /** The worker with the fewest of these homes. */
  #least(): NodeId {
    return this.#fewest(({ node, cores }) => (this.#count(node) + 1) / cores) as NodeId
  }

  /** Where a home of `worker` is copied to: its homes are spread over the others, so that all of them share its work if it is lost. */
  #backupFor(worker: NodeId): NodeId | null {
    const machine = this.#workers.get(worker)?.host
    const { backedBy } = this.#share(worker)
    return this.#fewest(({ node, host, cores }) => {
      if (node === worker) return Number.POSITIVE_INFINITY
      const together = backedBy.get(node) ?? 0
      // A copy on the same machine is better than none, but only then.
      return (together + 1) / cores + (this.#shares.get(node)?.backups ?? 0) / 1e4 + (host === machine ? 1e6 : 0)
    })
  }

  #fewest(loadOf: (worker: Host) => number): NodeId | null {
    let best: NodeId | null = null
    let least = Number.POSITIVE_INFINITY
    for (const worker of this.#workers.values()) {
      const load = loadOf(worker)
      if (load >= least) continue
      best = worker.node
      least = load
    }
    return best
  }

  #count(node: NodeId): number {
    return this.#shares.get(node)?.homes ?? 0
  }

  #share(node: NodeId): Share {
    let share = this.#shares.get(node)
    if (share === undefined) {
      share = { homes: 0, backups: 0, affinities: new Set(), backedBy: new Map() }
      this.#shares.set(node, share)
    }
    return share
  }
}

function count(counts: Map<NodeId, number>, node: NodeId, by: number): void {
  const left = (counts.get(node) ?? 0) + by
  if (left > 0) counts.set(node, left)
  else counts.delete(node)
}

/** Executors are shared out evenly by it. */
function lowestFree(taken: ReadonlySet<number>): number {
  let free = 0
  while (taken.has(free)) free += 1
  return free
}
