/** Who is attached: clients, while they are heard; and what all of them are told. */

import type { NodeId } from "../ports.js"
import type { ClusterEvent } from "../protocol.js"
import type { Parts, Times } from "./parts.js"
import type { Queries } from "./queries.js"
import type { Sources } from "./sources.js"

interface Client {
  readonly node: NodeId
  heardMs: number
  /** Since when its connection counts as broken. */
  suspectMs: number | null
}

interface ClientListener {
  lost(client: NodeId): void
  /** What everybody who is attached is told. */
  told(event: ClusterEvent): void
}

export class Clients {
  readonly #parts: Pick<Parts, "config" | "outbox">
  readonly #others: { readonly queries: Queries; readonly sources: Sources }
  readonly #listener: ClientListener
  readonly #clients = new Map<NodeId, Client>()

  constructor(
    parts: Pick<Parts, "config" | "outbox">,
    others: { readonly queries: Queries; readonly sources: Sources },
    listener: ClientListener,
  ) {
    this.#parts = parts
    this.#others = others
    this.#listener = listener
  }

  has(node: NodeId): boolean {
    return this.#clients.has(node)
  }

  came(node: NodeId, times: Times): void {
    this.#clients.set(node, { node, heardMs: times.monotonicMs, suspectMs: null })
  }

  /** False: it is no client. */
  heard(node: NodeId, times: Times): boolean {
    const client = this.#clients.get(node)
    if (client === undefined) return false
    client.heardMs = times.monotonicMs
    client.suspectMs = null
    return true
  }

  /** Its connection broke: one that lives says hello again at once. What it asked for meanwhile, it asks for again by the same ids. */
  broke(node: NodeId, times: Times): void {
    const client = this.#clients.get(node)
    if (client !== undefined) client.suspectMs ??= times.monotonicMs
  }

  lost(node: NodeId): void {
    if (!this.#clients.delete(node)) return
    this.#others.queries.clientLost(node)
    this.#others.sources.readings.clientLost(node)
    this.#listener.lost(node)
    // What waits for its ack would wait for ever. If it lives, it hears that the link is over, and says hello again.
    this.#parts.outbox.push({ kind: "disconnect", from: node })
  }

  tell(event: ClusterEvent): void {
    this.#listener.told(event)
    for (const { node } of this.#clients.values()) this.#parts.outbox.send(node, { kind: "event", event })
  }

  /** The master stood still for so long: nobody was silent meanwhile. */
  excuse(ms: number): void {
    for (const client of this.#clients.values()) {
      client.heardMs += ms
      if (client.suspectMs !== null) client.suspectMs += ms
    }
  }

  /** Who has been silent, or away, for too long is lost. */
  look({ monotonicMs }: Times): void {
    const { clientSuspectForMs, clientLostAfterMs } = this.#parts.config
    for (const { node, heardMs, suspectMs } of [...this.#clients.values()]) {
      const broken = suspectMs !== null && monotonicMs - suspectMs >= clientSuspectForMs
      if (broken || monotonicMs - heardMs > clientLostAfterMs) this.lost(node)
    }
  }
}
