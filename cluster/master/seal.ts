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
import { groupBlocks } from "./groups.js"
import { lanesOf } from "./lanes.js"
import type { SealedAside, SealRecord } from "./records.js"

/** The intervals to seal now: up to `limit` that hold something, a run of empty ones before them as one. Ascending, without gaps. */
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

export function sealOf(
  stream: StreamId,
  interval: { readonly from: number; readonly to: number },
  admitted: readonly AdmittedBatch[],
  holders: (block: string) => readonly NodeId[],
  executors: number,
  leastBytes: number,
  readers: readonly string[],
): SealRecord {
  const records = admitted.filter(({ batch }) => batch.aside === undefined)
  const blocks = records.map(({ block, rows, bytes, batch }) => ({ block, rows, bytes, batch }))
  const lanes = readers.length === 0 ? null : lanesOf(records, interval.from, holders, executors, leastBytes)
  const aside = admitted.flatMap(({ block, rows, bytes, batch }): SealedAside[] =>
    batch.aside === undefined ? [] : [{ block, rows, bytes, batch, reason: "parse", error: batch.aside }],
  )
  return {
    kind: "seal",
    ...{ stream, from: interval.from, to: interval.to, groups: groupBlocks(blocks, holders, executors, leastBytes) },
    ...(lanes !== null && { lanes: { readers, blocks: lanes } }),
    ...(aside.length > 0 && { aside }),
  }
}
