/** What the map side of a reduction has taken in so far: tables of sums by key, and the tables that are used again from task to task. */

import type { Block } from "../block/block.js"
import { writeRegion } from "../shuffle-region.js"
import type { TaskOutput } from "../task.js"
import { type Pieces, SumTable, TableFull } from "../wasm/words.js"
import { ByteTable } from "./byte-table.js"
import type { CombineKernel, SumKernel } from "./combine.js"
import type { Binary } from "./number-state.js"
import { Left } from "./packed-key.js"
import { Adding, addingTo, packedSections } from "./packed-sections.js"
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
    return this.summed(table => block => table.add(block.textBytes(), block.offsets(), block.rows, pieces))
  }

  /** For sums by text. */
  summing(kernel: SumKernel): Accumulator {
    return this.summed(table => {
      const pair = addingTo(table)
      return (block, slow) =>
        taken(block, slow, pair, leave => {
          table.begin()
          kernel(block.textBytes(), block.offsets(), block.rows, table, block.allAscii, leave)
          table.end()
        })
    })
  }

  private summed(adding: (table: SumTable) => Accumulator["add"]): Accumulator {
    const table = this.sums.pop() ?? new SumTable()
    return {
      add: adding(table),
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
      add: (block, slow) =>
        taken(block, slow, adding.pair, leave => kernel.run(block.textBytes(), block.offsets(), block.rows, table, block.allAscii, leave)),
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

/** What `run` takes in of a block, with rows that it leaves through the functions to `pair`. False: it cannot. */
function taken(
  block: Block,
  slow: Parameters<Accumulator["add"]>[1],
  pair: (pair: unknown) => void,
  run: (leave: (row: number) => void) => void,
): boolean {
  let line: ((line: string) => void) | null = null
  try {
    run(row => {
      line ??= slow(pair)
      line(block.row(row) as string)
    })
    return true
  } catch (error) {
    if (error instanceof Left || error instanceof TableFull) return false
    throw error
  }
}
