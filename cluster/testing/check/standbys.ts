/**
 * Masters that stand by, and a store that they may not reach: chosen from the seed, beside the faults. Who leads may change at any time, and
 * none of it may show in any result.
 */

import type { SimulatedCluster } from "../cluster.js"
import type { Random } from "../random.js"

export interface Standbys {
  /** Masters in all; 0: one, with a journal of its own. */
  readonly candidates: number
  /** Puts what happens to them into the time to come; how much there will be. */
  schedule(cluster: SimulatedCluster, startMs: number, spanMs: number): number
}

export function planStandbys(random: Random): Standbys {
  if (!random.chance(0.2)) return { candidates: 0, schedule: () => 0 }
  const times = random.integer(0, 4)
  return {
    candidates: random.pick([2, 2, 3]),
    schedule(cluster, startMs, spanMs) {
      const { world, store, candidates } = cluster
      const note = (text: string) => world.trace.note(world.nowMs, text)
      store.loss = random.pick([0, 0, 0.02, 0.2])
      for (let i = 0; i < times; i++) {
        const atMs = startMs + random.next() * spanMs
        const ms = random.pick([100, 1_000, 4_000]) * (0.5 + random.next())
        const chosen = random.next()
        const kind = random.pick(["part", "stall", "kill"] as const)
        world.at(atMs, () => {
          const leader = candidates.find(({ node }) => node !== null)
          const candidate = leader ?? candidates[Math.floor(chosen * candidates.length)]!
          if (kind === "kill") {
            candidate.kill()
            world.after(ms, () => candidate.start())
          } else if (kind === "stall") leader?.node?.stall(ms)
          else {
            note(`${candidate.place} does not reach the store`)
            store.part(candidate.place)
            world.after(ms, () => {
              note(`${candidate.place} reaches the store`)
              store.mend(candidate.place)
            })
          }
        })
      }
      return times
    },
  }
}
