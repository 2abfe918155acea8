/** The map side of a shuffle: a task's records, cut into one section a reduce partition. */

import { aggregatesEarly, aggregator, notPair } from "./aggregate.js"
import { encodeRows } from "./block/block.js"
import { heavyKeys } from "./keys/heavy-keys.js"
import { SlotIndex } from "./keys/slot-index.js"
import { partitionOf } from "./partition.js"
import type { Push, ShuffleWrite, TaskContext } from "./rdd.js"
import { writeRegion } from "./shuffle-region.js"
import type { TaskOutput } from "./task.js"

/** Takes the records; `end` gives the region. `partition` is the map task's, where an even spread begins. */
export function shuffleWriter(write: ShuffleWrite, partition: number, context: TaskContext): { readonly add: Push; end(): TaskOutput } {
  const sections: unknown[][] = Array.from({ length: write.partitions }, () => [])
  const add = adders[write.by](write, sections, partition)
  const end = () => regionOf(sections)
  if (write.by !== "key") return { add, end }
  if (!aggregatesEarly(write.aggregate)) return { add, end: () => withHeavy(end(), sections) }
  const table = aggregator(write.aggregate, context)
  return {
    add: table.add,
    end() {
      table.forEach(add)
      return end()
    },
  }
}

const goldenRatio = (Math.sqrt(5) - 1) / 2

const adders: Readonly<Record<ShuffleWrite["by"], (write: ShuffleWrite, sections: unknown[][], partition: number) => Push>> = {
  key:
    ({ partitions }, sections) =>
    pair => {
      if (!Array.isArray(pair)) throw notPair(pair)
      sections[partitionOf(pair[0], partitions)]!.push(pair)
    },
  // Each record once a map task: it is for `distinct`.
  value({ partitions }, sections) {
    const seen = new SlotIndex()
    return value => {
      if (seen.find(value) !== undefined) return
      seen.set(value, 1)
      sections[partitionOf(value, partitions)]!.push(value)
    }
  },
  spread({ partitions }, sections, partition) {
    // Tasks with few records must not all begin at the same end: steps of the golden ratio lie evenly however many there are.
    let next = Math.floor(((partition * goldenRatio) % 1) * partitions)
    return value => {
      sections[next]!.push(value)
      next = next + 1 === partitions ? 0 : next + 1
    }
  },
  single: (_write, sections) => value => void sections[0]!.push(value),
}

/** Where each record goes by itself, one key can be most of a partition. */
function withHeavy(output: TaskOutput, sections: readonly unknown[][]): TaskOutput {
  const heavy = heavyKeys(sections)
  return heavy.length === 0 ? output : { ...output, heavy }
}

function regionOf(sections: readonly unknown[][]): TaskOutput {
  const nothing = new Uint8Array(0)
  const bytes = writeRegion(sections.map(rows => (rows.length === 0 ? nothing : encodeRows(rows))))
  const sectionRows = sections.map(rows => rows.length)
  return { bytes, rows: sectionRows.reduce((a, b) => a + b, 0), sectionRows }
}
