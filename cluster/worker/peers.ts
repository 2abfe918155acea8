/** The other workers, as the master lists them, and which of them gets a replica (the paper's §4.2: by load, not at random). */

import type { NodeId } from "../ports.js"
import type { Peer } from "../protocol.js"
import type { Outbox } from "./outbox.js"

/** A peer whose connection broke is passed over for so long, as long as there is another. */
const avoidMs = 1_000
/** What a busy peer's load (0–1) weighs against bytes under way to it. */
const loadBytes = 8 * 1024 * 1024

interface Known {
  readonly peer: Peer
  avoidUntilMs: number
  underwayBytes: number
  sentBytes: number
}

export class Peers {
  readonly #self: NodeId
  readonly #host: string
  readonly #outbox: Outbox
  readonly #known = new Map<NodeId, Known>()
  #told = false
  /** This worker is being drained: nothing new is for it. */
  draining = false
  minReplicas = 1
  replicas = 2

  constructor(self: NodeId, host: string, outbox: Outbox) {
    this.#self = self
    this.#host = host
    this.#outbox = outbox
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
   * The peer for a replica of so many bytes: on another host where there is one, then with the least load and the least
   * under way. Null when there is none but the `excluded`.
   */
  choose(bytes: number, excluded: ReadonlySet<NodeId>, nowMs: number): NodeId | null {
    let best: Known | null = null
    for (const candidate of this.#known.values()) {
      if (excluded.has(candidate.peer.node) || candidate.peer.freeBytes < bytes || candidate.peer.draining === true) continue
      if (best === null || this.#better(candidate, best, nowMs)) best = candidate
    }
    return best?.peer.node ?? null
  }

  /** A replica is under way to the peer; or (`-bytes`) no more. */
  underway(node: NodeId, bytes: number): void {
    const known = this.#known.get(node)
    if (known === undefined) return
    known.underwayBytes = Math.max(0, known.underwayBytes + bytes)
    if (bytes > 0) known.sentBytes += bytes
  }

  #better(a: Known, b: Known, nowMs: number): boolean {
    const avoidA = a.avoidUntilMs > nowMs
    if (avoidA !== b.avoidUntilMs > nowMs) return !avoidA
    const otherA = a.peer.host !== this.#host
    if (otherA !== (b.peer.host !== this.#host)) return otherA
    const scoreA = a.underwayBytes + a.peer.load * loadBytes
    const scoreB = b.underwayBytes + b.peer.load * loadBytes
    if (scoreA !== scoreB) return scoreA < scoreB
    return a.sentBytes < b.sentBytes
  }
}
