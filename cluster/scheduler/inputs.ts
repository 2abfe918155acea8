/**
 * From what a task reads (`InputRef`) to where it lies: the places a launched task fetches from, or what is missing and
 * must be made first.
 */

import type { StreamId } from "../../engine/definition.js"
import type { InputRef, OutputId } from "../../engine/rdd.js"
import type { BlockTracker } from "../master/block-tracker.js"
import type { NodeId } from "../ports.js"
import type { LaunchInput } from "../protocol.js"
import type { StateChains, Step } from "./state-chains.js"

export type Missing =
  | { readonly kind: "shuffle"; readonly output: OutputId }
  | { readonly kind: "output"; readonly output: OutputId; readonly partition: number }
  | { readonly kind: "state"; readonly stream: StreamId; readonly partition: number; readonly steps: readonly Step[] }
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
      const chain = places.chains.resolve(ref.stream, ref.partition, ref.at, ref.since)
      return chain.missing === null ? null : { kind: "state", stream: ref.stream, partition: ref.partition, steps: chain.missing }
    }
    case "block":
      return places.tracker.holders(places.tracker.current(ref.block)).size > 0 ? null : { kind: "block", ref }
    case "asset":
    case "file":
      return null
  }
}

/** Rows that a task would read there. Null: not known (so take it as some). The input must not be missing. */
export function rowsOf(ref: InputRef, places: Places): number | null {
  switch (ref.kind) {
    case "shuffle": {
      let rows = 0
      for (const part of places.tracker.parts(ref.output)) {
        if (part === undefined || part.block === null) continue
        rows += part.sectionRows === undefined ? part.rows : (part.sectionRows[ref.partition] ?? 0)
      }
      return rows
    }
    case "output":
      return places.tracker.part(ref.output, ref.partition)?.rows ?? 0
    case "state": {
      const chain = places.chains.resolve(ref.stream, ref.partition, ref.at, ref.since)
      return chain.links?.length === 0 ? 0 : null
    }
    default:
      return null
  }
}

/** The places of all inputs, with bytes by holder. Null: something went missing meanwhile. */
export function launchInputs(
  reads: readonly InputRef[],
  places: Places,
): { readonly inputs: readonly LaunchInput[]; readonly local: Map<NodeId, number>; readonly total: number } | null {
  const local = new Map<NodeId, number>()
  let total = 0
  const at = (block: string, bytes: number): NodeId[] => {
    const holders = [...places.tracker.holders(block)]
    total += bytes
    for (const holder of holders) local.set(holder, (local.get(holder) ?? 0) + bytes)
    return holders
  }
  const inputs: LaunchInput[] = []
  for (const ref of reads) {
    if (missing(ref, places) !== null) return null
    const parts: LaunchInput["parts"][number][] = []
    switch (ref.kind) {
      case "shuffle":
        for (const part of places.tracker.parts(ref.output)) {
          if (part === undefined || part.block === null) continue
          const rows = part.sectionRows === undefined ? part.rows : (part.sectionRows[ref.partition] ?? 0)
          if (rows === 0) continue
          const bytes = part.rows === 0 ? 0 : Math.ceil((part.bytes * rows) / part.rows)
          parts.push({ block: part.block, section: ref.partition, holders: at(part.block, bytes) })
        }
        break
      case "output": {
        const part = places.tracker.part(ref.output, ref.partition)
        if (part !== undefined && part.block !== null) parts.push({ block: part.block, holders: at(part.block, part.bytes) })
        break
      }
      case "state": {
        const chain = places.chains.resolve(ref.stream, ref.partition, ref.at, ref.since)
        for (const link of chain.links ?? []) {
          if (link.part.block === null) continue
          parts.push({
            block: link.part.block,
            holders: at(link.part.block, link.part.bytes),
            interval: link.interval,
            base: link.part.base === true,
          })
        }
        break
      }
      case "block": {
        const block = places.tracker.current(ref.block)
        parts.push({ block, holders: at(block, places.tracker.bytes(block)) })
        break
      }
      default:
        break
    }
    inputs.push({ ref, parts })
  }
  return { inputs, local, total }
}
