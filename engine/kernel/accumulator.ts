/** What the map side of a reduction has taken in so far: tables of sums by key, and the tables that are used again from task to task. */

import type { Block } from "../block/block.js"
import { writeRegion } from "../shuffle-region.js"
import type { TaskOutput } from "../task.js"
import { type Pieces, SumTable } from "../wasm/words.js"
import { ByteTable } from "./byte-table.js"
import type { CombineKernel } from "./combine.js"
import type { Binary } from "./number-state.js"
import { Left } from "./packed-key.js"
import { Adding, packedSections } from "./packed-sections.js"
import { pairSections, sumSections } from "./pair-sections.js"

export interface Accumulator {
  /**
   * Takes in a block's pairs. `slow` makes what gives the pairs of one line to `push`, for rows that are left to the functions. False: it
   * cannot, and is good for nothing any more.
   */
  add(block: Block, slow: (push: (pair: unknown) => void) => (line: string) => void): boolean
  output(partitions: number): TaskOutput
  readonly bytes: number
  /** Its table is another's from now on. */
  end(): void
}

/** A table that has grown beyond is not kept. */
const mostKeptBytes = 64 * 2 ** 20
const tablesKept = 4

export class Tables {
  private readonly sums: SumTable[] = []
  private readonly others: ByteTable[] = []

  /** For chains that count pieces of text. */
  counting(pieces: Pieces): Accumulator {
    const table = this.sums.pop() ?? new SumTable()
    return {
      add: block => table.add(block.textBytes(), block.offsets(), block.rows, pieces),
      output: partitions => {
        const { blocks, rows } = sumSections(table, partitions)
        return { bytes: writeRegion(blocks), rows: table.count, sectionRows: rows }
      },
      get bytes() {
        return table.size
      },
      end: () => {
        if (table.size > mostKeptBytes || this.sums.length >= tablesKept) return
        table.clear()
        this.sums.push(table)
      },
    }
  }

  /** `merge`: of pairs that come one by one. */
  combining(kernel: CombineKernel, merge: Binary | null): Accumulator {
    const table = this.take()
    const adding = new Adding(table, kernel.packed, merge)
    return {
      add: (block, slow) => {
        let line: ((line: string) => void) | null = null
        try {
          kernel.run(block.textBytes(), block.offsets(), block.rows, table, block.allAscii, row => {
            line ??= slow(adding.pair)
            line(block.row(row) as string)
          })
          return true
        } catch (error) {
          if (error instanceof Left) return false
          throw error
        }
      },
      output: partitions => {
        const { blocks, rows } = kernel.packed ? packedSections(table, partitions) : pairSections(table, partitions)
        return { bytes: writeRegion(blocks), rows: table.count, sectionRows: rows }
      },
      get bytes() {
        return table.bytes
      },
      end: () => this.give(table),
    }
  }

  /** To be given back. */
  take(): ByteTable {
    return this.others.pop() ?? new ByteTable()
  }

  give(table: ByteTable): void {
    if (table.bytes > mostKeptBytes || this.others.length >= tablesKept) return
    table.clear()
    this.others.push(table)
  }
}
