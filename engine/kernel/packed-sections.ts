/** Pairs that come one by one, as values, into a combine table; and what a table of packed keys holds as the sections of a shuffle. */

import { notPair } from "../aggregate.js"
import { encodeRows } from "../block/block.js"
import { skipped } from "../operators/operator.js"
import { partitionOf } from "../partition.js"
import type { Push } from "../rdd.js"
import type { SumTable } from "../wasm/words.js"
import type { ByteTable } from "./byte-table.js"
import type { Binary } from "./number-state.js"
import { KeyReader, Left, writeKey } from "./packed-key.js"
import type { Sections } from "./pair-sections.js"
import { Scratch } from "./scratch.js"

export class Adding {
  private readonly scratch = new Scratch()

  constructor(
    private readonly table: ByteTable,
    private readonly packed: boolean,
    private readonly merge: Binary | null,
  ) {}

  /** Throws Left on a pair that the table does not take. */
  readonly pair: Push = pair => {
    const [key, value] = numberPair(pair)
    if (this.merge === null) throw new Left()
    const { scratch, table } = this
    scratch.length = 0
    if (this.packed) writeKey(scratch, key)
    else textKey(scratch, key)
    table.add(scratch.bytes, scratch.view, scratch.length, value, this.merge)
  }
}

/** The same to a table of sums by text. */
export function addingTo(table: SumTable): Push {
  const scratch = new Scratch()
  return pair => {
    const [key, value] = numberPair(pair)
    scratch.length = 0
    textKey(scratch, key)
    table.pair(scratch.bytes, scratch.view, 0, scratch.length, value)
  }
}

function numberPair(pair: unknown): readonly [unknown, number] {
  if (!Array.isArray(pair)) throw notPair(pair)
  const [key, value] = pair as unknown[]
  if (typeof value !== "number" || key === skipped) throw new Left()
  return [key, value]
}

function textKey(into: Scratch, key: unknown): void {
  if (typeof key !== "string" || !(key as unknown as { isWellFormed(): boolean }).isWellFormed()) throw new Left()
  into.string(key)
}

/** As `aggregator` and `shuffleWriter` write the same pairs. */
export function packedSections(table: ByteTable, partitions: number): Sections {
  const sections: unknown[][] = Array.from({ length: partitions }, () => [])
  const keys = new KeyReader(table.keys)
  for (let slot = 0; slot < table.count; slot++) {
    const key = keys.next()
    sections[partitionOf(key, partitions)]!.push([key, table.value(slot)])
  }
  return {
    blocks: sections.map(rows => (rows.length === 0 ? new Uint8Array(0) : encodeRows(rows))),
    rows: sections.map(rows => rows.length),
  }
}
