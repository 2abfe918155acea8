/**
 * Clusters that keep on disk what they have acked, and lose everything else at once, some of them more than once: chosen from the
 * seed, beside the faults.
 */

import type { SimulatedCluster } from "../cluster.js"
import type { Random } from "../random.js"

export interface Durability {
  readonly durable: boolean
  /** Puts the ends of all processes into the time to come; how many there will be. */
  schedule(cluster: SimulatedCluster, workers: readonly string[], startMs: number, spanMs: number): number
}

/** The master waits for so long for those who were there before. */
const longestAwayMs = 20_000

export function planDurability(random: Random): Durability {
  if (!random.chance(0.2)) return { durable: false, schedule: () => 0 }
  const times = random.integer(0, 3)
  return {
    durable: true,
    schedule(cluster, workers, startMs, spanMs) {
      const { world } = cluster
      for (let i = 0; i < times; i++) {
        const master = random.chance(0.7)
        const awayMs = Math.min(longestAwayMs, random.pick([1, 300, 3_000, 15_000]) * (0.5 + random.next()))
        const backMs = workers.map(() => awayMs + random.exponential(random.pick([1, 200, 2_000])))
        world.at(startMs + random.next() * spanMs, () => {
          world.trace.note(world.nowMs, master ? "all processes end" : "all workers end")
          if (master) {
            cluster.killMaster()
            world.after(awayMs * random.next() * 2, () => cluster.startMaster())
          }
          for (const [i, name] of workers.entries()) {
            cluster.killWorker(name)
            world.after(Math.min(longestAwayMs, backMs[i]!), () => cluster.startWorker(name))
          }
        })
      }
      return times
    },
  }
}
