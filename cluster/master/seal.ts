/**
 * When an interval closes, and what it then is (the seal is the interval).
 *
 * An interval of an input is sealed when every live worker has said that nothing which arrived before its end is missing
 * at the master. The seal fixes which blocks count, their order and their grouping into map tasks, so that whoever
 * computes the interval, whenever, computes the same. A worker that does not report holds back all seals, for as long
 * as it counts as alive: that is what heartbeats bound.
 */

import type { StreamId } from "../../engine/definition.js"
import type { NodeId } from "../ports.js"
import type { AdmittedBatch } from "./admission.js"
import type { SealedBlock, SealRecord } from "./records.js"

/** The intervals to seal now: up to `limit` that hold something, runs of empty ones as one. Ascending, without gaps. */
export function dueIntervals(
  sealedThrough: number,
  intervalMs: number,
  reportedThrough: number,
  oldestWaitingMs: number,
  limit: number,
): { readonly from: number; readonly to: number }[] {
  const end = sealedThrough + Math.floor((reportedThrough - sealedThrough) / intervalMs) * intervalMs
  const due: { from: number; to: number }[] = []
  if (!(end > sealedThrough)) return due
  let from = sealedThrough
  // What arrived before `sealedThrough` enters the first interval that is open.
  const first = Math.max(sealedThrough, Math.floor(oldestWaitingMs / intervalMs) * intervalMs)
  if (first > from) {
    const to = Math.min(first, end)
    due.push({ from, to })
    from = to
  }
  while (from < end && due.length < limit) {
    due.push({ from, to: from + intervalMs })
    from += intervalMs
  }
  return due
}

/**
 * Groups the blocks of an interval into map tasks: runs of blocks that one worker holds, in their order (so that events of
 * a key keep the order of their batches), as many as there are executors if there is enough to do: less than `leastBytes` is not
 * worth a task of its own.
 */
export function groupBlocks(
  blocks: readonly SealedBlock[],
  holders: (block: string) => readonly NodeId[],
  executors: number,
  leastBytes: number,
): SealedBlock[][] {
  let total = 0
  for (const block of blocks) total += block.bytes
  const target = Math.max(leastBytes, Math.ceil(total / Math.max(1, executors)))
  const groups: SealedBlock[][] = []
  let group: SealedBlock[] = []
  let bytes = 0
  let common = new Set<NodeId>()
  for (const block of blocks) {
    const here = holders(block.block)
    const shared = new Set([...common].filter(node => here.includes(node)))
    const full = bytes + block.bytes > target && bytes > 0
    const elsewhere = shared.size === 0 && bytes >= leastBytes
    if (group.length > 0 && (full || elsewhere)) {
      groups.push(group)
      group = []
      bytes = 0
    }
    common = group.length === 0 ? new Set(here) : shared.size > 0 ? shared : common
    group.push(block)
    bytes += block.bytes
  }
  if (group.length > 0) groups.push(group)
  return groups
}

export function sealOf(
  stream: StreamId,
  interval: { readonly from: number; readonly to: number },
  admitted: readonly AdmittedBatch[],
  holders: (block: string) => readonly NodeId[],
  executors: number,
  leastBytes: number,
): SealRecord {
  const blocks = admitted.map(({ block, rows, bytes, batch }) => ({ block, rows, bytes, batch }))
  return { kind: "seal", stream, from: interval.from, to: interval.to, groups: groupBlocks(blocks, holders, executors, leastBytes) }
}
