/**
 * The graph of D-Streams as the model reads it. The master implements it; nothing here asks for more than it journals.
 */

import type { StreamDefinition, StreamId } from "./definition.js"
import type { AsideBlock, InputBlock, OutputId, StateMigration } from "./rdd.js"

export interface GraphStream {
  readonly definition: StreamDefinition
  /** The first interval's start: a multiple of the stream's interval (rounded down, where a slide is longer). */
  readonly since: number
}

/** A version of a definition that was replaced, or the one that took its place. */
export interface GraphVersion {
  readonly definition: StreamDefinition
  /** The first interval's start for which it counts. */
  readonly from: number
  /** Of a state: what becomes of the version before at `from`. Without it, it is kept. */
  readonly migrate?: StateMigration
}

export interface StreamGraph {
  /** The stream as it is now. Throws RivuletError when there is no such stream. */
  definition(stream: StreamId): GraphStream
  /** Of a stream that has been replaced: its versions, oldest first, as far back as intervals are retained. Null: it has one. */
  versions?(stream: StreamId): readonly GraphVersion[] | null
  /** What a running stream leaves out of an interval by its owner's wish: the records at which a function throws, or all of it. */
  leftOut?(stream: StreamId, interval: number): "record" | "interval" | null
  /** Intervals of which a running stream leaves all out. */
  leftOuts?(stream: StreamId): readonly { readonly from: number; readonly to: number }[]
  /**
   * The sealed groups of one interval of an input, empty for one without records; null while it is not sealed. Must be
   * known for as far back as `lineageReach` says, whether or not the blocks are still there.
   */
  sealed(input: StreamId, interval: number): readonly (readonly InputBlock[])[] | null
  /** The lanes of an interval (`lanes.ts`) as groups, if the reduction of that name reads them; else null. */
  lanes?(input: StreamId, interval: number, reader: string): readonly (readonly InputBlock[])[] | null
  /**
   * Of a stream with stored results: into how many partitions that one was made, null if nothing was, in an interval that is finished and retained. Undefined:
   * it is not finished, or not retained.
   */
  kept?(stream: StreamId, interval: number, output: OutputId): number | null | undefined
  /** What was set aside when the interval was sealed. */
  aside?(input: StreamId, interval: number): readonly AsideBlock[]
  /**
   * The first sealed interval of the input in [from, before) that has records, or had some set aside; null when there is none. Intervals of which
   * nothing is known any more count as having some.
   */
  nextInput(input: StreamId, from: number, before: number): number | null
  /** The earliest interval's start that can still be read: of inputs, states and persisted streams. Null for recipes, which reach as far as what they are made of. */
  earliest(stream: StreamId): number | null
  /** The end of the newest finished interval, of the same streams; null for recipes. */
  through(stream: StreamId): number | null
  /** Whether nothing more will come of the stream: it was stopped, or is an input that has been read to its end. */
  isOver?(stream: StreamId): boolean
  /** Whether a function of the stream failed, so that it goes no further until somebody sees to it. */
  isHeld?(stream: StreamId): boolean
  /** How many keys the newest version of a state before the interval has; null when that is not known yet. Only spares jobs. */
  keysBefore?(state: StreamId, interval: number): number | null
}
