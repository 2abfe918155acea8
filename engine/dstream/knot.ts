/**
 * The RDD of what a stream set aside is made from stages, and a stage from RDDs of intervals; modules import each other one way only.
 * `threw.ts` puts itself in here.
 */

import type { StreamId } from "../definition.js"
import type { StreamGraph } from "../graph.js"
import type { RddNode } from "../rdd.js"
import type { Interval } from "../time.js"

interface Knot {
  threwIn: (graph: StreamGraph, stream: StreamId, interval: Interval) => RddNode
}

export const knot: Knot = {
  threwIn() {
    throw new Error("engine/dstream/threw.ts was not loaded: import engine/dstream.ts")
  },
}
