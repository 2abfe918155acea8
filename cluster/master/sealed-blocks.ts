/** Which seal a block of input is of: for who asks of many. */

import type { Ledger } from "./ledger.js"
import { blocksOf, type SealedBlock } from "./records.js"
import type { StreamRecord } from "./stream-record.js"

export interface SealedIn {
  readonly record: StreamRecord
  readonly block: SealedBlock
  /** The interval's start. */
  readonly from: number
}

export type SealedBlocks = ReadonlyMap<string, SealedIn>

/** All that are in seals now. */
export function sealedBlocks(ledger: Ledger): SealedBlocks {
  const found = new Map<string, SealedIn>()
  for (const record of ledger.streams.values())
    for (const seal of record.seals) for (const block of blocksOf(seal)) found.set(block.block, { record, block, from: seal.from })
  return found
}
