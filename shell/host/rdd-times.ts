/** Of which times an RDD is, as its definition says: fixed ones, or those that lie so far back whenever it is asked. */
import { handleData } from "../../engine/fluent/brand.js"
import type { QueryTime, RddNode } from "../../engine/rdd.js"
import { formatDuration, formatTime } from "../../engine/time.js"
import { childrenOf } from "../../engine/tree.js"

interface Place {
  readonly tz: string
  now(): number
}

/** A text for each; nothing for what is no RDD, or of no stream's times. */
export function timesOf(value: unknown, place: Place): string[] {
  const data = handleData(value)
  return data?.kind === "rdd" ? [...new Set(textsOf(data.node, place))] : []
}

function textsOf(node: RddNode, place: Place): string[] {
  if (node.kind === "slice") return [rangeText(node.from, node.to, place)]
  if (node.kind === "version") return [isFixed(node.at) ? `fixed to ${instant(node.at, place)}` : `${backText(node.at)} at each question`]
  return childrenOf(node).flatMap(child => textsOf(child, place))
}

const isFixed = (time: QueryTime) => time > 0 && Number.isFinite(time)

function rangeText(from: QueryTime, to: QueryTime, place: Place): string {
  if (isFixed(from) && isFixed(to)) return `fixed to ${instant(from, place)}–${instant(to, place)}`
  const side = (time: QueryTime) => (isFixed(time) ? instant(time, place) : backText(time))
  return `from ${side(from)} to ${side(to)} at each question`
}

function backText(time: QueryTime): string {
  if (time === Number.NEGATIVE_INFINITY) return "the earliest kept"
  return Number.isFinite(time) && time !== 0 ? `-${formatDuration(-time)}` : "the newest"
}

const instant = (ms: number, place: Place): string => formatTime(ms, place.tz, { nowMs: place.now() })
