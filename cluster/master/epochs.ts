/** Which master it is: each life of a master has an epoch of its own, the one after the newest in the journal. */

import type { NodeId } from "../ports.js"
import type { LedgerState } from "./ledger.js"
import type { JournalRecord } from "./records.js"

export interface ReadRecord {
  readonly sequence: number
  readonly record: JournalRecord
}

/** 0: there is none. */
export function newestEpoch(records: readonly ReadRecord[]): number {
  const epochIn = (record: JournalRecord) =>
    record.kind === "epoch" ? record.epoch : record.kind === "snapshot" ? (record.state as LedgerState).epoch : 0
  return records.reduce((newest, { record }) => Math.max(newest, epochIn(record)), 0)
}

export const epochOf = (node: NodeId) => `epoch ${node.slice("master#".length)}`
