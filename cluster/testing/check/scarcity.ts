/** Memory that is too small and disks that are full: chosen from the seed, beside the faults. Neither may show in any result. */

import type { WorkerConfig } from "../../worker/config.js"
import type { SimulatedCluster } from "../cluster.js"
import type { Random } from "../random.js"

export interface Scarcity {
  readonly worker: Partial<WorkerConfig>
  /** Puts the times at which the disk is full into the time to come; how many there will be. */
  schedule(cluster: SimulatedCluster, startMs: number, spanMs: number): number
}

export function planScarcity(random: Random): Scarcity {
  // Two of three runs have all the memory they want.
  if (!random.chance(0.35)) return { worker: {}, schedule: () => 0 }
  // As if hardly anything fitted: whatever is not being read goes to disk, sooner or later.
  const share = random.pick([0, 0, 0.001, 0.01])
  const worker = { spillDir: "/spill", evictAbove: share, evictTo: share / 2, evictAllAbove: share }
  const fulls = random.chance(0.4) ? random.integer(1, 4) : 0
  return {
    worker,
    schedule(cluster, startMs, spanMs) {
      cluster.disk.meanMs = random.pick([0.5, 5, 50])
      for (let i = 0; i < fulls; i++) {
        const atMs = startMs + random.next() * spanMs
        const forMs = random.pick([50, 500, 3_000])
        cluster.world.at(atMs, () => {
          cluster.world.trace.note(cluster.world.nowMs, "the disk is full")
          cluster.disk.full = true
        })
        cluster.world.at(atMs + forMs, () => {
          cluster.world.trace.note(cluster.world.nowMs, "the disk has room")
          cluster.disk.full = false
        })
      }
      return fulls
    },
  }
}
