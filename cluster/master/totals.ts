/** What a monitor counts: intervals of each stream with how long they took and waited, records and bytes that were sealed. Since this master began. */

import type { StreamId } from "../../engine/definition.js"
import { blocksOf, type JournalRecord } from "./records.js"

/** Upper bounds of the classes of how long a job took, in ms. */
export const jobBoundsMs: readonly number[] = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000]

export interface StreamTotals {
  intervals: number
  /** From the jobs' starts to their ends, and from the intervals' ends to the jobs' starts. */
  ms: number
  delayMs: number
  /** How many jobs took no longer than each bound, and no class below. */
  readonly classes: number[]
}

export interface InputTotals {
  records: number
  bytes: number
}

export class Totals {
  readonly streams = new Map<StreamId, StreamTotals>()
  readonly inputs = new Map<StreamId, InputTotals>()
  questions = 0
  workersLost = 0

  interval(stream: StreamId, ms: number, delayMs: number): void {
    let totals = this.streams.get(stream)
    if (totals === undefined) {
      totals = { intervals: 0, ms: 0, delayMs: 0, classes: jobBoundsMs.map(() => 0) }
      this.streams.set(stream, totals)
    }
    totals.intervals += 1
    totals.ms += ms
    totals.delayMs += delayMs
    const index = jobBoundsMs.findIndex(bound => ms <= bound)
    if (index >= 0) totals.classes[index] = (totals.classes[index] ?? 0) + 1
  }

  journaled(record: JournalRecord): void {
    if (record.kind === "stop") {
      for (const id of record.streams) {
        this.streams.delete(id)
        this.inputs.delete(id)
      }
    }
    if (record.kind !== "seal") return
    const totals = this.inputs.get(record.stream) ?? { records: 0, bytes: 0 }
    this.inputs.set(record.stream, totals)
    for (const { rows, bytes } of blocksOf(record)) {
      totals.records += rows
      totals.bytes += bytes
    }
  }
}
