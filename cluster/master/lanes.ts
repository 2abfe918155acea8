/**
 * Lanes of a seal (`engine/lanes.ts`): what workers have begun to take in before the interval's end, made into groups for those reductions
 * that may read it so.
 */

import type { StreamId } from "../../engine/definition.js"
import { foldStageOf } from "../../engine/kernel/fold-stage.js"
import { type Lanes, readerOf } from "../../engine/lanes.js"
import type { StageSpec } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type { AdmittedBatch } from "./admission.js"
import { groupBlocks } from "./groups.js"

/** What tasks have said counts for so long, and for some intervals. */
const forgottenMs = 60_000

/** Which reductions may read lanes: those whose map tasks said so, and of late none said the contrary. */
export class LaneReaders {
  /** By input, then name: when a task said so. */
  readonly #readers = new Map<StreamId, Map<string, number>>()
  /** By name: when a task said the contrary. */
  readonly #refused = new Map<string, number>()

  /** A task of the stage is done: `folds` as it said. */
  made(spec: StageSpec, partition: number, folds: boolean | undefined, nowMs: number): void {
    if (spec.write.kind !== "shuffle" || spec.interval === null) return
    const reader = readerOf(spec.output)
    if (folds !== true) {
      let known = false
      for (const readers of this.#readers.values()) known = readers.delete(reader) || known
      if (known) this.#refused.set(reader, nowMs)
      return
    }
    if (nowMs - (this.#refused.get(reader) ?? Number.NEGATIVE_INFINITY) < forgottenMs) return
    this.#refused.delete(reader)
    const input = foldStageOf(spec, partition)?.input
    if (input === undefined) return
    const readers = this.#readers.get(input) ?? new Map<string, number>()
    this.#readers.set(input, readers)
    readers.set(reader, nowMs)
  }

  of(input: StreamId, intervalMs: number, nowMs: number): string[] {
    const readers = this.#readers.get(input)
    if (readers === undefined) return []
    for (const [reader, atMs] of readers) if (nowMs - atMs > Math.max(forgottenMs, 4 * intervalMs)) readers.delete(reader)
    if (readers.size === 0) this.#readers.delete(input)
    return [...readers.keys()].sort()
  }
}

interface Lane {
  readonly at: NodeId
  /** Places in the list of what is admitted. */
  readonly begun: { readonly place: number; readonly order: number }[]
  readonly rest: number[]
  bytes: number
}

/** What one group may have more than its share, before others are made. */
const slack = 1.25

/**
 * Lanes of what is admitted, for an interval that holds at least `leastBytes`; null where nothing was begun. A lane begins with what its executor
 * has taken in, in that order. What nobody has, or too little for a task of its own, goes to lanes whose worker holds it, while their share is not full,
 * else into groups of its own.
 */
export function lanesOf(
  admitted: readonly AdmittedBatch[],
  interval: number,
  holders: (block: string) => readonly NodeId[],
  executors: number,
  leastBytes: number,
): Lanes["blocks"] | null {
  const found = new Map<string, Lane>()
  let total = 0
  for (const [place, { block, fold, bytes }] of admitted.entries()) {
    total += bytes
    if (fold === undefined || fold.mark.interval !== interval || !holders(block).includes(fold.at)) continue
    const name = `${fold.at} ${fold.mark.lane}`
    const lane = found.get(name) ?? { at: fold.at, begun: [], rest: [], bytes: 0 }
    found.set(name, lane)
    lane.begun.push({ place, order: fold.mark.order })
    lane.bytes += bytes
  }
  const lanes = [...found.values()].filter(({ bytes }) => bytes >= leastBytes)
  if (lanes.length === 0) return null
  const begun = new Set(lanes.flatMap(lane => lane.begun.map(({ place }) => place)))
  const most = slack * Math.max(leastBytes, total / Math.max(1, executors))
  const others: { readonly block: string; readonly bytes: number; readonly place: number }[] = []
  for (const [place, { block, bytes }] of admitted.entries()) {
    if (begun.has(place)) continue
    const lane = leastOf(lanes.filter(({ at, bytes: filled }) => filled + bytes <= most && holders(block).includes(at)))
    if (lane === undefined) others.push({ block, bytes, place })
    else {
      lane.rest.push(place)
      lane.bytes += bytes
    }
  }
  const groups = groupBlocks(others, holders, executors, leastBytes)
  return [
    ...lanes.map(({ begun: own, rest }) => [...own.sort((a, b) => a.order - b.order).map(({ place }) => place), ...rest]),
    ...groups.map(group => group.map(({ place }) => place)),
  ]
}

function leastOf(lanes: readonly Lane[]): Lane | undefined {
  let least = lanes[0]
  for (const lane of lanes) if (lane.bytes < least!.bytes) least = lane
  return least
}
