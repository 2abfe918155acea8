/**
 * transform(f): operators of RDDs on a stream. `f` is called once, where the stream is defined, with RDDs that stand for those of
 * each interval; what it builds of them is the stream's RDD of every interval (the paper's §3.2: a D-Stream is a function from
 * intervals to RDDs). So it may join with RDDs and sort, but not ask; and the interval that it is given stands for each: the functions that
 * capture it, or one of its ends, have the interval that they run in.
 */

import { Instant, unknownInterval } from "../capture/instant.js"
import { RivuletError } from "../errors.js"
import type { RddNode } from "../rdd.js"
import type { Interval } from "../time.js"
import { showValue } from "../values/values.js"
import { handleData, handleKind } from "./brand.js"
import type { Host, UserFunction } from "./host.js"
import * as nodes from "./nodes.js"
import { RddHandle, rddNode } from "./rdd.js"

/** The tree that f makes of so many streams, in which hole i stands for stream i. */
export function transformed(host: Host, f: UserFunction, streams: number, operator: string, intervalMs: number): RddNode {
  const rdds = Array.from({ length: streams }, (_, i) => new RddHandle(host, nodes.hole(i)))
  const made = (f as (...args: unknown[]) => unknown)(...rdds, everyInterval(operator, intervalMs))
  if (made instanceof Promise) {
    made.catch(() => {})
    throw new RivuletError(`the function of ${operator} is async`, {
      code: 2,
      try: "build an RDD of operators; to ask each interval, foreachRDD",
    })
  }
  if (handleData(made)?.kind !== "rdd") {
    throw new RivuletError(`the function of ${operator} gives ${handleKind(made) ?? showValue(made, 60)}, which is no RDD`, {
      code: 2,
      try: `${operator}(rdd => rdd.map(…)): give back the RDD that is made of the one given`,
    })
  }
  const node = rddNode(made, operator)
  if (!nodes.hasHole(node)) {
    throw new RivuletError(`the function of ${operator} makes nothing of the RDD that it is given`, {
      code: 2,
      try: `${operator}(rdd => rdd.map(…)): the same RDD in every interval is an RDD, no stream`,
    })
  }
  return node
}

/** What stands for each interval: its two ends may be captured, and are what they are where they are used. */
function everyInterval(operator: string, intervalMs: number): Interval {
  const instant = (afterMs: number) =>
    new Instant(afterMs, () => {
      throw unknownInterval(operator)
    }) as unknown as number
  return Object.freeze({ from: instant(0), to: instant(intervalMs) })
}
