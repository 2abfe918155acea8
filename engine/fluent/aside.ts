/** Where a stream's aside comes from: lines are set aside by the inputs that it is made of, records by the streams that run its functions. */

import type { StreamId } from "../definition.js"
import { RivuletError } from "../errors.js"
import type { RddNode } from "../rdd.js"
import { formatDuration } from "../time.js"
import type { Host, StreamDraft } from "./host.js"
import * as nodes from "./nodes.js"

/** The streams among those it is made of that put records into windows of event time, where some may be late. */
export function lateIn(host: Host, stream: StreamId): StreamId[] {
  return ancestors(host, stream).filter(id => {
    const { node } = host.definition(id)
    return node.kind === "lift" && node.rdd.kind === "eventWindow"
  })
}

/** The streams among those it is made of, itself too, that compute each interval: where functions throw at records that are set aside. */
export function runningIn(host: Host, stream: StreamId): StreamId[] {
  return ancestors(host, stream).filter(id => {
    const { node, persist } = host.definition(id)
    return node.kind === "state" || node.kind === "save" || (persist && node.kind !== "input")
  })
}

/**
 * What the stream itself sets aside, without what it is made of: the records at which its functions throw, where it has `onError: "setAside"`,
 * and those that came too late for a window of `reduceByEventTime`. null: nothing, or its inputs have different intervals.
 */
export function ownAside(host: Host, stream: StreamId): StreamDraft | null {
  const { node } = host.definition(stream)
  if (node.kind !== "state" && node.kind !== "save") return null
  const parents: StreamId[] = []
  const asides: RddNode[] = []
  if (node.kind === "state" && node.op.kind === "reduceByEventTime") {
    asides.push({ kind: "aside", parent: nodes.hole(0), operator: "reduceByEventTime" })
    parents.push(node.parent)
  }
  if (node.onError === "setAside") {
    asides.push({ kind: "threw", index: parents.length })
    parents.push(stream)
  }
  const intervals = new Set(inputIds(host, stream).map(id => host.definition(id).intervalMs))
  const [intervalMs] = intervals
  if (asides.length === 0 || intervalMs === undefined || intervals.size > 1) return null
  const rdd = asides.length === 1 ? asides[0]! : nodes.union(asides)
  return { operator: "aside", kind: "records", intervalMs, node: { kind: "lift", parents, rdd } }
}

/** The stream and all that it is made of, in order of appearance. */
function ancestors(host: Host, stream: StreamId): StreamId[] {
  const seen = new Set<StreamId>()
  const visit = (id: StreamId): void => {
    if (seen.has(id)) return
    seen.add(id)
    const { node } = host.definition(id)
    if (node.kind === "input") return
    for (const parent of node.kind === "lift" ? node.parents : [node.parent]) visit(parent)
  }
  visit(stream)
  return [...seen]
}

const inputIds = (host: Host, stream: StreamId): StreamId[] =>
  ancestors(host, stream).filter(id => host.definition(id).node.kind === "input")

/** The inputs that a stream is made of, in order of appearance. They have one interval, or RivuletError. */
export function inputsOf(host: Host, stream: StreamId): { readonly ids: readonly StreamId[]; readonly intervalMs: number } {
  const ids = inputIds(host, stream)
  const inputs = ids.map(id => host.definition(id))
  const [first] = inputs
  if (first === undefined)
    throw new RivuletError(`${host.definition(stream).name} is made of no input: nothing can be set aside`, { code: 2 })
  if (inputs.some(({ intervalMs }) => intervalMs !== first.intervalMs)) {
    const names = inputs.map(({ name, intervalMs }) => `${name} (${formatDuration(intervalMs)})`)
    throw new RivuletError(`aside of inputs with different intervals: ${names.join(", ")}`, { code: 2, try: `${first.name}.aside` })
  }
  return { ids, intervalMs: first.intervalMs }
}
