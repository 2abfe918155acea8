/** The other side of a binary operator: a stream of the same interval (by a hole), or an RDD as it is. */

import { RivuletError } from "../errors.js"
import type { RddNode } from "../rdd.js"
import { formatDuration } from "../time.js"
import * as nodes from "./nodes.js"
import { RddHandle } from "./rdd.js"
import { StreamHandle } from "./stream.js"

export interface OtherSide {
  readonly node: RddNode
  readonly streams: readonly StreamHandle[]
}

export function otherSide(self: StreamHandle, other: unknown, operator: string): OtherSide {
  if (other instanceof RddHandle) return { node: other.node, streams: [] }
  if (!(other instanceof StreamHandle)) {
    if (Array.isArray(other))
      throw new RivuletError(`${operator} takes a stream or an RDD, not an array`, {
        code: 2,
        try: "parallelize(values), which makes an RDD of it",
      })
    throw new RivuletError(`${operator} takes a stream or an RDD, not ${other === null ? "null" : typeof other}`, { code: 2 })
  }
  equalIntervals(self, other, operator)
  return { node: nodes.hole(1), streams: [other] }
}

/** The paper's §3.2: operators on several streams work interval by interval, so the intervals must be equal. */
export function equalIntervals(a: StreamHandle, b: StreamHandle, operator: string): void {
  if (a.interval === b.interval) return
  const [fast, slow] = a.interval < b.interval ? [a, b] : [b, a]
  const text = formatDuration(slow.interval)
  throw new RivuletError(
    `${operator} needs equal intervals: ${a.name} has ${formatDuration(a.interval)}, ${b.name} has ${formatDuration(b.interval)}`,
    {
      code: 2,
      try:
        slow.interval % fast.interval === 0
          ? `${fast.name}.window("${text}", "${text}"), whose interval is ${text}, in place of ${fast.name}`
          : "intervals of which one is a multiple of the other, and then window",
    },
  )
}
