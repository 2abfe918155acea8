/** Steps of finished intervals, for a master that was started again: which there are is journaled, where they are the workers will say. */

import { emptyPart } from "../scheduler/tracked-block.js"
import type { Parts } from "./parts.js"

export function restoreChains({ ledger, chains, tracker }: Pick<Parts, "ledger" | "chains" | "tracker">): void {
  for (const [id, { definition, made, roots, stoppedMs }] of ledger.streams) {
    if (stoppedMs !== null) continue
    for (const { interval, output, of, partitions } of made) {
      if (definition.node.kind === "state" && !output.includes("/pane@")) chains.enter(id, of, { interval, output }, partitions)
      else {
        const there = new Set(partitions)
        for (let p = 0; p < of; p++) if (!there.has(p)) tracker.put(output, p, emptyPart, null)
      }
    }
    for (const [partition, interval] of roots ?? []) chains.root(id, partition, interval)
  }
}
