/**
 * eventWindow: pairs `[key, value]` to `[[window, key], value]` by the record's own time; one that comes `correctForMs` or more
 * after its window's end is late, and one without a time cannot be placed: both are set aside.
 */

import { eventTime } from "../input/read-split.js"
import type { RddNode } from "../rdd.js"
import { intervalStart } from "../time.js"
import { showValue } from "../values/values.js"
import { type Pair, pipelined, skipped, type Unary } from "./operator.js"

type EventWindowNode = Extract<RddNode, { kind: "eventWindow" }>

const name = "reduceByEventTime"

export const eventWindow = pipelined<EventWindowNode>((node, partition, context, push) => {
  const timestamp = context.fn(node.f, name, () => skipped) as Unary
  const { lengthMs, correctForMs } = node
  const from = context.interval?.from ?? Number.NEGATIVE_INFINITY
  context.compute(node.parent, partition, record => {
    const given = timestamp(record)
    if (given === skipped) return
    const time = eventTime(given)
    if (time === null) {
      context.setAside(showValue(record), "parse", "its timestamp gives no time", name)
      return
    }
    const start = intervalStart(time, lengthMs)
    if (start + lengthMs + correctForMs <= from) {
      const closed = new Date(start + lengthMs + correctForMs).toISOString()
      context.setAside(showValue(record), "late", `late: its window was corrected until ${closed}`, name)
      return
    }
    const [key, value] = record as Pair
    push([[new Date(start), key], value])
  })
})
