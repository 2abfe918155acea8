/**
 * From what a task reads (`InputRef`) to where it lies: the places a launched task fetches from, or what is missing and
 * must be made first.
 */

import type { StreamId } from "../../engine/definition.js"
import type { InputRef, OutputId } from "../../engine/rdd.js"
import type { NodeId } from "../ports.js"
import type { LaunchInput } from "../protocol.js"
import type { BlockTracker } from "./block-tracker.js"
import type { StateChains, Step } from "./state-chains.js"
import type { Part, Place } from "./tracked-block.js"

export type Missing =
  | { readonly kind: "shuffle"; readonly output: OutputId }
  | { readonly kind: "output"; readonly output: OutputId; readonly partition: number }
  /** Without steps: the version is forgotten. */
  | { readonly kind: "state"; readonly stream: StreamId; readonly partition: number; readonly at: number; readonly steps: readonly Step[] }
  | { readonly kind: "block"; readonly ref: InputRef & { readonly kind: "block" } }

export interface Places {
  readonly tracker: BlockTracker
  readonly chains: StateChains
  /** How many map partitions a shuffle has. */
  partitionsOf(output: OutputId): number
}

/** What is not there yet, or null. */
export function missing(ref: InputRef, places: Places): Missing | null {
  switch (ref.kind) {
    case "shuffle":
      return places.tracker.complete(ref.output, places.partitionsOf(ref.output)) ? null : { kind: "shuffle", output: ref.output }
    case "output":
      return places.tracker.part(ref.output, ref.partition) !== undefined
        ? null
        : { kind: "output", output: ref.output, partition: ref.partition }
    case "state": {
      const steps = places.chains.missing(ref.stream, ref.partition, ref.at, ref.since)
      return steps === null ? null : { kind: "state", stream: ref.stream, partition: ref.partition, at: ref.at, steps }
    }
    case "block":
      return places.tracker.holders(places.tracker.current(ref.block)).length > 0 ? null : { kind: "block", ref }
    case "asset":
    case "file":
      return null
  }
}

/** Whether a task would read a row there, as far as is known. The input must not be missing. */
export function mayHaveRows(ref: InputRef, places: Places): boolean {
  switch (ref.kind) {
    case "shuffle":
      for (const part of places.tracker.parts(ref.output)) if (sectionRows(part, ref.partition) > 0) return true
      return false
    case "output":
      return (places.tracker.part(ref.output, ref.partition)?.rows ?? 0) > 0
    case "state":
      return places.chains.resolve(ref.stream, ref.partition, ref.at, ref.since).links?.length !== 0
    default:
      return true
  }
}

type LaunchPart = LaunchInput["parts"][number]

/** The places of all inputs. Null: something went missing meanwhile. `bytes`: where to count what lies where. */
export function launchInputs(reads: readonly InputRef[], places: Places, bytes: LocalBytes | null): readonly LaunchInput[] | null {
  const inputs = new Array<LaunchInput>(reads.length)
  for (let i = 0; i < reads.length; i++) {
    const ref = reads[i] as InputRef
    const parts = partsOf(ref, places, bytes)
    if (parts === null) return null
    inputs[i] = { ref, parts }
  }
  return inputs
}

const none: readonly LaunchPart[] = Object.freeze([])

function partsOf(ref: InputRef, places: Places, bytes: LocalBytes | null): readonly LaunchPart[] | null {
  const { tracker, chains } = places
  switch (ref.kind) {
    case "shuffle": {
      const output = tracker.output(ref.output)
      const partitions = places.partitionsOf(ref.output)
      if ((output?.present ?? 0) < partitions && partitions > 0) return null
      if (output === undefined) return none
      let all = true
      for (const part of output.parts) {
        const rows = sectionRows(part, ref.partition)
        if (rows === 0) all = false
        else if (bytes !== null && part !== undefined)
          bytes.at(part.holders, part.rows === 0 ? 0 : Math.ceil((part.bytes * rows) / part.rows))
      }
      // Mostly each map task has something for each reducer.
      if (all) output.places ??= output.parts.map(placeOf)
      return all && output.places !== null ? output.places : output.parts.filter(part => sectionRows(part, ref.partition) > 0).map(placeOf)
    }
    case "output": {
      const part = tracker.part(ref.output, ref.partition)
      if (part === undefined) return null
      if (part.block === null) return none
      bytes?.at(part.holders, part.bytes)
      return [{ block: part.block, holders: part.holders }]
    }
    case "state": {
      const links = chains.links(ref.stream, ref.partition, ref.at, ref.since)
      if (links === null || bytes === null) return links
      for (const { block, holders } of links) bytes.at(holders, tracker.bytes(block))
      return links
    }
    case "block": {
      const block = tracker.current(ref.block)
      const holders = tracker.holders(block)
      if (holders.length === 0) return null
      // Who has taken it in already: others would begin with nothing, as if it did not lie there.
      const { begunAt = null } = bytes === null ? {} : (tracker.find(block) ?? {})
      bytes?.at(begunAt !== null && holders.includes(begunAt) ? [begunAt] : holders, tracker.bytes(block))
      return [{ block, holders }]
    }
    case "asset":
    case "file":
      return none
  }
}

/** Rows of a map task's region that are for the reducer. */
function sectionRows(part: Part | undefined, reducer: number): number {
  if (part === undefined || part.block === null) return 0
  return part.sectionRows === undefined ? part.rows : (part.sectionRows[reducer] ?? 0)
}

/** Of a part that has rows, so it has a block. */
function placeOf(part: Part | undefined): Place {
  const there = part as Part & { readonly block: string }
  there.place ??= { block: there.block, holders: there.holders }
  return there.place
}

/** Bytes by holder, of how many in all: for who still has to choose a worker. */
export class LocalBytes {
  readonly local = new Map<NodeId, number>()
  total = 0

  at(holders: readonly NodeId[], bytes: number): void {
    this.total += bytes
    for (const holder of holders) this.local.set(holder, (this.local.get(holder) ?? 0) + bytes)
  }
}
