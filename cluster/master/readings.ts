/**
 * Who reads streams from their beginning to their end (batch mode, the paper's §3.4), and how far each reader has come: what lies
 * before need not be kept, and what lies after must not become more and more because the reader is slow.
 *
 * Of a stream that is kept until it is read nothing goes before a reader has said where it is: one that comes back after a
 * crash of everything finds all that it has not confirmed.
 */

import type { StreamId } from "../../engine/definition.js"
import type { NodeId } from "../ports.js"

export interface StreamPosition {
  readonly stream: StreamId
  /** Intervals that begin before it have been read. */
  readonly from: number
}

export class Readings {
  readonly #positions = new Map<NodeId, readonly StreamPosition[]>()

  /** Since this master began somebody has said what of the streams is still read. */
  get known(): boolean {
    return this.#positions.size > 0
  }

  /** In place of what this client has said before. */
  set(client: NodeId, positions: readonly StreamPosition[]): void {
    this.#positions.set(client, positions)
  }

  clientLost(client: NodeId): void {
    this.#positions.delete(client)
  }

  *[Symbol.iterator](): Iterator<StreamPosition> {
    for (const positions of this.#positions.values()) yield* positions
  }

  /** The first interval of the stream that is still to be read; null when nobody reads it. */
  from(stream: StreamId): number | null {
    let first: number | null = null
    for (const position of this) if (position.stream === stream) first = Math.min(first ?? position.from, position.from)
    return first
  }
}
