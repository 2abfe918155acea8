/**
 * The other workers, as the master lists them, and which of them gets a replica (the paper's §4.2: by load, not at random).
 *
 * The problem: all workers hear the same loads at the same time, and act on them until they hear the next. Would each send to the least
 * of all, all of them would send to that one: of a hundred workers one got nearly every replica, and intervals waited for it for seconds.
 * The solution: where there are many, each looks at two of its own, and takes the better of them. Few are looked at all: what lies together
 * makes fewer map tasks.
 */

import type { NodeId } from "../ports.js"
import type { Peer } from "../protocol.js"
import type { Outbox } from "./outbox.js"

/** A peer whose connection broke is passed over for so long, as long as there is another. */
const avoidMs = 1_000
/** What a busy peer's load (0–1) weighs against bytes under way to it. */
const loadBytes = 8 * 1024 * 1024

/** Of more peers, two are looked at. */
const fewPeers = 8

interface Known {
  readonly peer: Peer
  avoidUntilMs: number
  underwayBytes: number
  sentBytes: number
}

export class Peers {
  readonly #self: NodeId
  readonly #host: string
  readonly #outbox: Pick<Outbox, "push">
  readonly #known = new Map<NodeId, Known>()
  /** Of a generator whose numbers differ from worker to worker, and are the same in each run. */
  #drawn: number
  #told = false
  /** This worker is being drained: nothing new is for it. */
  draining = false
  minReplicas = 1
  replicas = 2

  constructor(self: NodeId, host: string, outbox: Pick<Outbox, "push">) {
    this.#self = self
    this.#host = host
    this.#outbox = outbox
    this.#drawn = [...self].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5) | 1
  }

  /** Takes the master's list over. Returns the peers that are in it no more: dead, as far as the cluster is concerned. */
  update(workers: readonly Peer[], minReplicas: number, replicas: number): NodeId[] {
    this.minReplicas = Math.max(1, minReplicas)
    this.replicas = Math.max(this.minReplicas, replicas)
    this.#told = true
    this.draining = workers.some(({ node, draining }) => node === this.#self && draining === true)
    const listed = new Set(workers.map(({ node }) => node))
    const gone = [...this.#known.keys()].filter(node => !listed.has(node))
    for (const node of gone) {
      this.#known.delete(node)
      this.#outbox.push({ kind: "disconnect", from: node })
    }
    for (const peer of workers) {
      if (peer.node === this.#self) continue
      const known = this.#known.get(peer.node)
      if (known?.peer.address !== peer.address) this.#outbox.push({ kind: "connect", to: peer.node, address: peer.address })
      const { avoidUntilMs, underwayBytes, sentBytes } = known ?? { avoidUntilMs: 0, underwayBytes: 0, sentBytes: 0 }
      this.#known.set(peer.node, { peer, avoidUntilMs, underwayBytes, sentBytes })
    }
    return gone
  }

  /** Whether a master has said who there is, and how many copies are enough: before that nobody knows what may be acked. */
  get told(): boolean {
    return this.#told
  }

  /** As the master has said; null before it has. */
  get names(): readonly string[] | null {
    return this.#told ? [...this.#known.values()].map(({ peer }) => peer.name) : null
  }

  get nodes(): Iterable<NodeId> {
    return this.#known.keys()
  }

  has(node: NodeId): boolean {
    return this.#known.has(node)
  }

  sameHost(node: NodeId): boolean {
    return this.#known.get(node)?.peer.host === this.#host
  }

  onLost(node: NodeId, nowMs: number): void {
    const known = this.#known.get(node)
    if (known !== undefined) known.avoidUntilMs = nowMs + avoidMs
  }

  /**
   * The peer for a replica of so many bytes: on another host where there is one, then of those that are looked at the one with the least load and
   * the least under way. Null when there is none but the `excluded`.
   */
  choose(bytes: number, excluded: ReadonlySet<NodeId>, nowMs: number): NodeId | null {
    let [best, equals] = [Number.POSITIVE_INFINITY, [] as Known[]]
    for (const candidate of this.#known.values()) {
      if (excluded.has(candidate.peer.node) || candidate.peer.freeBytes < bytes || candidate.peer.draining === true) continue
      const rank = (candidate.avoidUntilMs > nowMs ? 2 : 0) + (candidate.peer.host === this.#host ? 1 : 0)
      if (rank > best) continue
      if (rank < best) [best, equals] = [rank, []]
      equals.push(candidate)
    }
    if (equals.length <= fewPeers)
      return equals.reduce<Known | null>((least, one) => (least === null ? one : better(least, one)), null)?.peer.node ?? null
    const first = this.#draw(equals.length)
    const second = (first + 1 + this.#draw(equals.length - 1)) % equals.length
    return better(equals[first] as Known, equals[second] as Known).peer.node
  }

  /** From 0 to below `count`. Xorshift (Marsaglia). */
  #draw(count: number): number {
    this.#drawn ^= this.#drawn << 13
    this.#drawn ^= this.#drawn >>> 17
    this.#drawn ^= this.#drawn << 5
    return (this.#drawn >>> 0) % count
  }

  /** A replica is under way to the peer; or (`-bytes`) no more. */
  underway(node: NodeId, bytes: number): void {
    const known = this.#known.get(node)
    if (known === undefined) return
    known.underwayBytes = Math.max(0, known.underwayBytes + bytes)
    if (bytes > 0) known.sentBytes += bytes
  }
}

function better(a: Known, b: Known): Known {
  const [scoreA, scoreB] = [a, b].map(({ underwayBytes, peer }) => underwayBytes + peer.load * loadBytes) as [number, number]
  if (scoreA !== scoreB) return scoreA < scoreB ? a : b
  return a.sentBytes <= b.sentBytes ? a : b
}
