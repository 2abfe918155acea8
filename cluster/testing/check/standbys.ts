/**
 * Masters that stand by, and a store that they may not reach: chosen from the seed, beside the faults. Who leads may change at any time, and
 * none of it may show in any result.
 */

import type { SimulatedCandidate } from "../candidates.js"
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
      const { world, store } = cluster
      const note = (text: string) => world.trace.note(world.nowMs, text)
      store.loss = random.pick([0, 0, 0.02, 0.2])
      for (let i = 0; i < times; i++) {
        const atMs = startMs + random.next() * spanMs
        const ms = random.pick([100, 1_000, 4_000]) * (0.5 + random.next())
        const chosen = random.next()
        const kind = random.pick(["part", "stall", "kill"] as const)
        const role = random.pick(roles)
        world.at(atMs, () => {
          const candidate = pickOf(cluster, role, chosen)
          if (kind === "kill") {
            candidate.kill()
            world.after(ms, () => candidate.start())
          } else if (kind === "stall") candidate.stall(ms)
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

/** `stale`: it takes itself for the leading master, and another has been it since. */
const roles = ["leader", "leader", "standby", "stale", "any"] as const

/** One of that role as things are then; where there is none, any. `chosen`, in [0, 1), says which. */
function pickOf({ candidates, leader }: SimulatedCluster, role: (typeof roles)[number], chosen: number): SimulatedCandidate {
  const fits = candidates.filter(candidate => {
    if (role === "leader") return candidate === leader
    if (role === "standby") return candidate.node === null
    return role === "any" || (candidate.node !== null && candidate !== leader)
  })
  const among = fits.length > 0 ? fits : candidates
  return among[Math.floor(chosen * among.length)]!
}
