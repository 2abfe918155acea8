/**
 * When a stream has something to do. Decided by which intervals of the inputs have records, never by data: so a log's empty
 * hours are stepped over in one stride, and everyone agrees on which intervals were.
 */

import type { StreamId, StreamNode } from "../definition.js"
import type { StreamGraph } from "../graph.js"
import { nothing, simplify } from "../simplify.js"
import { timeoutSpan } from "../state/track.js"
import { intervalStart } from "../time.js"
import { rewrite } from "../tree.js"
import { flavourOf, isByInterval, parentsOf, watchedIn } from "./flavour.js"
import { type Era, erasIn, nextMigration } from "./versions.js"

/** The first interval's start in [from, before) in which a stream may have records; null if there is none. A bound from below: it may turn out to have none. */
export function nextRecords(graph: StreamGraph, stream: StreamId, from: number, before: number): number | null {
  return inEras(graph, stream, from, before, era => recordsIn(graph, stream, era))
}

/** The first time in [from, before) at which what a state or window is made of may have records. */
export function nextInput(graph: StreamGraph, stream: StreamId, from: number, before: number): number | null {
  return inEras(graph, stream, from, before, era => {
    const { node } = era.definition
    return "parent" in node ? nextRecords(graph, node.parent, era.from, era.before) : null
  })
}

function inEras(graph: StreamGraph, stream: StreamId, from: number, before: number, next: (era: Era) => number | null): number | null {
  for (const era of erasIn(graph, stream, from, before)) {
    const found = next(era)
    if (found !== null) return found
  }
  return null
}

function recordsIn(graph: StreamGraph, stream: StreamId, { definition, from, before }: Era): number | null {
  const { node, intervalMs } = definition
  const first = firstInterval(graph, stream, before)
  if (first === null) return null
  const begin = Math.max(first, Math.ceil(from / intervalMs) * intervalMs)
  if (begin >= before) return null
  switch (node.kind) {
    case "input":
      return graph.nextInput(stream, begin, before)
    case "lift": {
      const watched = watchedIn(node)
      const read = watched.length === 0 ? node.parents : node.parents.filter(parent => !watched.includes(parent))
      const moving = read.filter(parent => flavourOf(graph, parent) === "records")
      if (moving.length < read.length && moving.length === 0) return begin
      if (hasRecordsWithout(node, moving)) return begin
      const threw = watched.map(parent => nextThrew(graph, parent, begin, before, intervalMs))
      return earliest([...moving.map(parent => nextRecords(graph, parent, begin, before)), ...threw])
    }
    case "window": {
      // Any record of the last `length` is still in it.
      const last = begin + node.slideMs - node.lengthMs
      const start = nextRecords(graph, node.parent, Math.min(last, begin), slidesEnd(before, node.slideMs))
      return start === null ? null : Math.max(begin, intervalStart(start, intervalMs))
    }
    case "state":
      return begin
    case "foreachRDD":
      return isLive(graph, node.parent) ? begin : nextRecords(graph, node.parent, begin, before)
    case "archive":
    case "save":
      return nextRecords(graph, node.parent, begin, before)
  }
}

/** The first interval of so many ms in [from, before) in which a running stream's functions may throw: the last one in an interval of the stream's. */
function nextThrew(graph: StreamGraph, stream: StreamId, from: number, before: number, intervalMs: number): number | null {
  const shiftMs = graph.definition(stream).definition.intervalMs - intervalMs
  const next = nextVersion(graph, stream, from - shiftMs, before - shiftMs)
  return next === null ? null : Math.max(from, next + shiftMs)
}

/** The first interval's start in [from, before) whose version may differ from the one before it (of records: that may have records); null if there is none. */
export function nextVersion(graph: StreamGraph, stream: StreamId, from: number, before: number): number | null {
  if (flavourOf(graph, stream) === "records") return nextRecords(graph, stream, from, before)
  const found = inEras(graph, stream, from, before, era => versionChange(graph, stream, era))
  // Where a state is changed by its owner, it changes.
  return earliest([found, nextMigration(graph, stream, from, before)])
}

function versionChange(graph: StreamGraph, stream: StreamId, { definition, from, before }: Era): number | null {
  const { node, intervalMs } = definition
  const first = firstInterval(graph, stream, before)
  if (first === null) return null
  const begin = Math.max(first, Math.ceil(from / intervalMs) * intervalMs)
  if (begin >= before) return null
  switch (node.kind) {
    case "input":
      return nextRecords(graph, stream, begin, before)
    case "lift":
      // The first version may be that of nothing (a count of 0).
      if ((begin === first && hasRecordsWithout(node, node.parents)) || isByInterval(node.rdd)) return begin
      return earliest(node.parents.map(parent => nextVersion(graph, parent, begin, before)))
    case "window":
      return nextSlide(graph, stream, node, begin, before)
    case "foreachRDD":
      return isLive(graph, node.parent) ? begin : nextVersion(graph, node.parent, begin, before)
    case "archive":
      return nextVersion(graph, node.parent, begin, before)
    case "save": {
      // Every so often a version: the last one of the parent's that ends with the interval.
      const next = nextVersion(graph, node.parent, begin, slidesEnd(before, intervalMs))
      return next === null || intervalStart(next, intervalMs) >= before ? null : Math.max(begin, intervalStart(next, intervalMs))
    }
    case "state": {
      if (begin === first && node.initial !== null) return begin
      const { op } = node
      if (op.kind === "reduceByWindow") return nextSlide(graph, stream, op, begin, before)
      const input = nextRecords(graph, node.parent, begin, before)
      if (op.kind === "runningReduce") return input
      if (op.kind === "updateStateByKey") {
        // From the first key on every interval calls `update`.
        if (node.initial === null && nextInput(graph, stream, first, begin) === null) return input
        return graph.keysBefore?.(stream, begin) === 0 ? input : begin
      }
      return earliest([input, nextTimeout(graph, stream, begin, before)])
    }
  }
}

/** The first interval of a `track` (or of windows by event time) in which keys may fall due: a timeout after one in which they were seen. */
export function nextTimeout(graph: StreamGraph, stream: StreamId, from: number, before: number): number | null {
  const { node, intervalMs } = graph.definition(stream).definition
  if (node.kind !== "state" || (node.op.kind !== "track" && node.op.kind !== "reduceByEventTime")) return null
  const span = timeoutSpan(node.op.timeoutMs, intervalMs)
  const first = firstInterval(graph, stream, before)
  if (first === null) return null
  const [begin, end] = [Math.max(first, from - span), before - span]
  // A function that changes the state at a new version's beginning renews all keys there.
  const seen = earliest([nextInput(graph, stream, begin, end), nextMigration(graph, stream, begin, end)])
  const initial = node.initial !== null && first + span >= from && first + span < before ? first : null
  const renewed = earliest([seen, initial])
  return renewed === null ? null : renewed + span
}

/**
 * Where a stream begins. Where old records begin is not known before they are read: a stream of them alone begins with the first interval that
 * has some, or it would count nothing in each since 1970. Null: it has none before `before`.
 */
export function firstInterval(graph: StreamGraph, stream: StreamId, before: number): number | null {
  const { definition, since } = graph.definition(stream)
  if (since > 0) return since
  const found = firstRecords(graph, stream, slidesEnd(before, definition.intervalMs))
  if (found === "live") return since
  return found === null ? null : Math.max(since, intervalStart(found, definition.intervalMs))
}

function firstRecords(graph: StreamGraph, stream: StreamId, before: number): number | null | "live" {
  const { definition, since } = graph.definition(stream)
  const { node } = definition
  if (node.kind === "input") {
    const isOld = node.source.kind === "archive" || (node.source.kind === "file" && node.timestamp !== null)
    return isOld ? graph.nextInput(stream, since, before) : "live"
  }
  const parents = parentsOf(graph, stream).map(parent => firstRecords(graph, parent, before))
  return parents.includes("live") ? "live" : earliest(parents as (number | null)[])
}

/** The first slide into which records come or out of which they go. */
function nextSlide(
  graph: StreamGraph,
  stream: StreamId,
  { lengthMs, slideMs }: { readonly lengthMs: number; readonly slideMs: number },
  from: number,
  before: number,
): number | null {
  const end = slidesEnd(before, slideMs)
  const entering = nextInput(graph, stream, from, end)
  const leaving = nextInput(graph, stream, from - lengthMs, end - lengthMs)
  const slides = [
    entering === null ? null : intervalStart(entering, slideMs),
    leaving === null ? null : intervalStart(leaving + lengthMs, slideMs),
  ].map(slide => (slide !== null && slide >= from && slide < before ? slide : null))
  return earliest(slides)
}

/** The end of the last slide, or interval, that begins before `before`. */
const slidesEnd = (before: number, slideMs: number): number => intervalStart(before - 1, slideMs) + slideMs

/** Whether a stream goes by the clock: its output's body is called in each interval, quiet ones too. Of old records only those that have some are worth a call. */
function isLive(graph: StreamGraph, stream: StreamId): boolean {
  const { node } = graph.definition(stream).definition
  if (node.kind === "input") return node.source.kind === "receiver" || node.source.kind === "arrivals"
  return (node.kind === "lift" ? node.parents : [node.parent]).every(parent => isLive(graph, parent))
}

type LiftNode = Extract<StreamNode, { kind: "lift" }>

/** Whether a lifted stream has records even when these parents have none: a count of nothing is 0. */
function hasRecordsWithout(node: LiftNode, empty: readonly StreamId[]): boolean {
  const rest = rewrite(node.rdd, child => {
    const isEmpty = child.kind === "threw" || (child.kind === "hole" && empty.includes(node.parents[child.index]!))
    return isEmpty ? nothing : child
  })
  return simplify(rest).kind !== "empty"
}

const earliest = (times: readonly (number | null)[]): number | null =>
  times.reduce((a, b) => (a === null ? b : b === null ? a : Math.min(a, b)), null)
