/** Who wants to hear how far streams have come. Recipes come as far as what they are made of. */

import type { StreamId } from "../../engine/definition.js"
import { throughOf } from "../../engine/dstream.js"
import type { NodeId } from "../ports.js"
import type { Parts } from "./parts.js"

interface Subscription {
  readonly client: NodeId
  readonly stream: StreamId
  told: number
}

export class Subscriptions {
  readonly #parts: Parts
  readonly #subscriptions = new Map<string, Subscription>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  add(client: NodeId, stream: StreamId): void {
    const { graph } = this.#parts
    const key = `${client} ${stream}`
    if (!this.#subscriptions.has(key)) this.#subscriptions.set(key, { client, stream, told: throughOf(graph, stream) })
  }

  remove(client: NodeId, stream: StreamId): void {
    this.#subscriptions.delete(`${client} ${stream}`)
  }

  clientLost(client: NodeId): void {
    for (const [key, subscription] of this.#subscriptions) if (subscription.client === client) this.#subscriptions.delete(key)
  }

  /** Tells what has moved since. */
  onProgress(): void {
    const { catalog, graph, outbox } = this.#parts
    for (const [key, subscription] of [...this.#subscriptions]) {
      const { client, stream, told } = subscription
      if (catalog.get(stream) === undefined) {
        this.#subscriptions.delete(key)
        continue
      }
      const through = throughOf(graph, stream)
      if (through <= told) continue
      subscription.told = through
      outbox.send(client, { kind: "completed", stream, through })
    }
  }
}
