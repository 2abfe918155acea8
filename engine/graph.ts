/**
 * The graph of D-Streams as the model reads it. The master implements it; nothing here asks for more than it journals.
 */

import type { StreamDefinition, StreamId } from "./definition.js"
import type { InputBlock } from "./rdd.js"

export interface GraphStream {
  readonly definition: StreamDefinition
  /** The first interval's start: a multiple of the stream's interval (rounded down, where a slide is longer). */
  readonly since: number
}

export interface StreamGraph {
  /** Throws RivuletError when there is no such stream. */
  definition(stream: StreamId): GraphStream
  /**
   * The sealed groups of one interval of an input, empty for one without records; null while it is not sealed. Must be
   * known for as far back as `lineageReach` says, whether or not the blocks are still there.
   */
  sealed(input: StreamId, interval: number): readonly (readonly InputBlock[])[] | null
  /**
   * The first sealed interval of the input in [from, before) that has records; null when there is none. Intervals of which
   * nothing is known any more count as having some.
   */
  nextInput(input: StreamId, from: number, before: number): number | null
  /** The earliest interval's start that can still be read: of inputs, states and persisted streams. Null for recipes, which reach as far as what they are made of. */
  earliest(stream: StreamId): number | null
  /** The end of the newest finished interval, of the same streams; null for recipes. */
  through(stream: StreamId): number | null
  /** How many keys the newest version of a state before the interval has; null when that is not known yet. Only spares jobs. */
  keysBefore?(state: StreamId, interval: number): number | null
}
