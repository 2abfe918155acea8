/**
 * What the channel promises, watched from outside it: of what one life of a node sends to a name, each message is delivered at most
 * once to a life of that name, and in the order in which it was sent. Told by kinds of message: what is delivered must be among what was sent after the one that
 * was delivered last.
 */

import { type NodeId, nodeName } from "../ports.js"
import type { Message } from "../protocol.js"

/** Sent as datagrams too, which may be lost, overtaken, or come twice. */
const unordered: ReadonlySet<Message["kind"]> = new Set(["heartbeat", "heartbeatAck", "hello"])

interface Way {
  readonly sent: Message["kind"][]
  /** By the receiver's life (two masters may live at once): what lies before it has been delivered, or was lost with its link, or was meant for another life. */
  readonly delivered: Map<NodeId, number>
}

export class Deliveries {
  /** By the sender's life, then the receiver's name. */
  readonly #ways = new Map<NodeId, Map<string, Way>>()

  sent(from: NodeId, to: NodeId, kind: Message["kind"]): void {
    if (!unordered.has(kind)) this.#way(from, to).sent.push(kind)
  }

  /** Null, or what is wrong with it. */
  delivered(from: NodeId, to: NodeId, kind: Message["kind"]): string | null {
    if (unordered.has(kind)) return null
    const { sent, delivered } = this.#way(from, to)
    const at = sent.indexOf(kind, delivered.get(to) ?? 0)
    if (at < 0) return `${to} was given a message of ${from} more often, or in another order, than it was sent: ${kind}`
    delivered.set(to, at + 1)
    return null
  }

  #way(from: NodeId, to: NodeId): Way {
    let ways = this.#ways.get(from)
    if (ways === undefined) {
      ways = new Map()
      this.#ways.set(from, ways)
    }
    const name = nodeName(to)
    let way = ways.get(name)
    if (way === undefined) {
      way = { sent: [], delivered: new Map() }
      ways.set(name, way)
    }
    return way
  }
}
