/**
 * More workers die at once than there are copies: chosen from the seed, beside the faults. No promise covers it, but one: what is lost is said to
 * be lost, and whatever is answered is right.
 */

import type { SimulatedCluster } from "../cluster.js"
import type { Random } from "../random.js"

export interface Calamity {
  /** Puts it into the time to come; how many workers will die. */
  schedule(cluster: SimulatedCluster, workers: readonly string[], startMs: number, spanMs: number): number
}

export function planCalamity(random: Random): Calamity {
  if (!random.chance(0.06)) return { schedule: () => 0 }
  return {
    schedule(cluster, workers, startMs, spanMs) {
      if (workers.length < 2) return 0
      const { world } = cluster
      const first = random.integer(0, workers.length)
      const victims = Array.from(
        { length: random.integer(2, workers.length + 1) },
        (_, i) => workers[(first + i) % workers.length] as string,
      )
      // Late, when there is something to lose.
      world.at(startMs + (0.5 + random.next() / 2) * spanMs, () => {
        world.trace.note(world.nowMs, `${victims.join(", ")} die at once`)
        for (const name of victims) cluster.killWorker(name)
        world.after(random.pick([10, 500, 5_000]), () => {
          for (const name of victims) cluster.startWorker(name)
        })
      })
      return victims.length
    },
  }
}

/** Whether that is how it is said that something is lost, or what waits for such. */
export const isSaidToBeLost = (message: string): boolean => /\b(is|are) lost\b|\bheld\b|no longer retained/.test(message)
