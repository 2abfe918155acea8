/** What computing an interval reads: for retention, and for what a question leases. By definitions alone: it holds for intervals to come. */

import type { StreamId } from "../definition.js"
import type { StreamGraph } from "../graph.js"
import type { OutputId, RddNode } from "../rdd.js"
import { intervalStart } from "../time.js"
import { walk } from "../tree.js"
import { watchedIn } from "./flavour.js"
import { paneId, paneMs, spanIds, type WindowNode, windowRanges } from "./panes.js"
import { outputPrefix } from "./rdd-of.js"
import { resolveTime } from "./reach.js"
import { type Era, erasIn, versionIn } from "./versions.js"

export interface LineageReach {
  /** By input: [from, to) of the sealed intervals that it is computed from, when nothing stored is at hand. */
  readonly inputs: ReadonlyMap<StreamId, { readonly from: number; readonly to: number }>
  /** Panes and persisted partitions read: with them, the inputs below them are not needed. */
  readonly stored: readonly OutputId[]
  /** By state: the versions read, first and last. */
  readonly states: ReadonlyMap<StreamId, { readonly from: number; readonly to: number }>
}

/** What it takes to make (of a state: the version from the one before) or to read (of all others) the stream's interval. */
export function lineageReach(graph: StreamGraph, stream: StreamId, interval: number): LineageReach {
  const inputs = new Map<StreamId, { from: number; to: number }>()
  const states = new Map<StreamId, { from: number; to: number }>()
  const stored = new Set<OutputId>()
  const widen = (ranges: Map<StreamId, { from: number; to: number }>, id: StreamId, from: number, to: number) => {
    const known = ranges.get(id)
    ranges.set(id, known ? { from: Math.min(known.from, from), to: Math.max(known.to, to) } : { from, to })
  }

  const read = (id: StreamId, from: number, to: number): void => {
    for (const era of erasIn(graph, id, intervalStart(from, graph.definition(id).definition.intervalMs), to)) readEra(id, era)
  }
  const readEra = (id: StreamId, { definition, since, from, before: to }: Era): void => {
    const { node, intervalMs } = definition
    const begin = Math.max(since, from)
    if (begin >= to) return
    if (node.kind !== "input" && node.kind !== "state" && definition.persist) {
      for (let at = begin; at < to; at += intervalMs) stored.add(`${outputPrefix(definition, at)}:persisted`)
    }
    switch (node.kind) {
      case "input":
        widen(inputs, id, begin, Math.ceil(to / intervalMs) * intervalMs)
        return
      case "lift": {
        const watched = watchedIn(node)
        for (const parent of node.parents) if (!watched.includes(parent)) read(parent, begin, to)
        for (const parent of watched) makeAgain(parent, begin, to)
        named(node.rdd)
        return
      }
      case "window":
        read(node.parent, begin + node.slideMs - node.lengthMs, to)
        return
      case "state":
        widen(states, id, begin, intervalStart(to - 1, intervalMs))
        return
      case "save":
      case "archive":
      case "foreachRDD":
        read(node.parent, begin, to)
    }
  }
  /** Ranges that a definition's own RDDs name stay needed for as long as it runs. */
  const named = (rdd: RddNode): void =>
    walk(rdd, node => {
      if (node.kind === "slice") read(node.stream, resolveTime(graph, node.stream, node.from), resolveTime(graph, node.stream, node.to))
      if (node.kind === "version") {
        const at = resolveTime(graph, node.stream, node.at)
        read(node.stream, at, at + 1)
      }
    })

  /** Of a running stream what makes the intervals that end in (from, to]. */
  const makeAgain = (id: StreamId, from: number, to: number): void => {
    const { intervalMs } = graph.definition(id).definition
    const last = intervalStart(to, intervalMs) - intervalMs
    for (let at = intervalStart(from, intervalMs); at <= last; at += intervalMs) make(id, at)
  }
  const make = (id: StreamId, at: number): void => {
    const { definition, since } = versionIn(graph, id, at)
    const { node, intervalMs } = definition
    if (node.kind !== "state") return read(id, at, at + intervalMs)
    if (at > since) widen(states, id, at - intervalMs, at - intervalMs)
    if (node.initial !== null && at <= since) named(node.initial)
    if (node.op.kind !== "reduceByWindow") return read(node.parent, at, at + intervalMs)
    const { expired, inside } = windowRanges(node as WindowNode, at)
    const step = paneMs(node as WindowNode)
    const from = Math.max(intervalStart(since, step), Math.min(expired.from, inside.from))
    for (let pane = from; pane < inside.to; pane += step) stored.add(paneId(graph, id, pane))
    if (node.op.inverse === null) for (const span of spanIds(graph, id, node as WindowNode, at)) stored.add(span)
    read(node.parent, Math.max(from, since), inside.to)
  }

  make(stream, interval)
  return { inputs, stored: [...stored], states }
}
