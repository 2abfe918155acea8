/** Connections between workers that seem to stand and lead nowhere, in one direction, until whoever sends connects anew: chosen from the seed, beside the faults. */

import type { SimulatedCluster } from "../cluster.js"
import type { Random } from "../random.js"
import type { FaultPlan } from "./faults.js"

export interface Deafness {
  /** Puts it into the time to come; how often it will be. */
  schedule(cluster: SimulatedCluster, plan: FaultPlan, startMs: number, spanMs: number): number
}

export function planDeafness(random: Random): Deafness {
  if (!random.chance(0.15)) return { schedule: () => 0 }
  return {
    schedule(cluster, { workers, faults }, startMs, spanMs) {
      // While copies do not get there a death may take the only one: that is another promise.
      if (workers.length < 2 || faults.includes("killWorker") || faults.includes("loneDeath")) return 0
      const { world, network } = cluster
      const times = random.integer(1, 3)
      for (let i = 0; i < times; i++) {
        const from = random.pick(workers)
        const to = random.pick(workers.filter(name => name !== from))
        world.at(startMs + random.next() * spanMs, () => {
          world.trace.note(world.nowMs, `${to} does not hear ${from} any more`)
          network.deafen(from, to)
        })
      }
      return times
    },
  }
}
