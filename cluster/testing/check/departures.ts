/** Workers that are drained while all else goes on: chosen from the seed, beside the faults. None of it may show in any result. */

import type { SimulatedCluster } from "../cluster.js"
import type { Random } from "../random.js"
import type { FaultPlan } from "./faults.js"

export interface Departures {
  /** Puts them into the time to come; how many there will be. */
  schedule(cluster: SimulatedCluster, plan: FaultPlan, startMs: number, spanMs: number): number
}

/** Faults beside which one more worker may die, if what is promised holds: that what two workers hold outlives one death. */
const harmless: ReadonlySet<string> = new Set(["slow", "jump"])

export function planDepartures(random: Random): Departures {
  if (!random.chance(0.3)) return { schedule: () => 0 }
  return {
    schedule(cluster, { workers, faults }, startMs, spanMs) {
      if (workers.length < 3) return 0
      const { world } = cluster
      const leaver = random.pick(workers)
      const victim = random.pick(workers.filter(name => name !== leaver))
      const note = (text: string) => world.trace.note(world.nowMs, text)
      const operator = cluster.startClient("operator")
      const order = (undo: boolean) => {
        note(`${leaver} is ${undo ? "to stay" : "drained"}`)
        // Refused when others are away: then it stays.
        operator.call({ kind: "request", body: { kind: "drain", worker: leaver, undo, by: "operator" } }, () => {})
      }
      const atMs = startMs + (random.next() * spanMs) / 2
      world.at(startMs, () => operator.call({ kind: "connect", timeoutMs: 60_000 }, () => {}))
      world.at(atMs, () => order(false))
      if (random.chance(0.25)) world.at(atMs + random.pick([10, 1_000, 3_000]), () => order(true))
      // Right after it has left another dies: what only these two had had to be copied before.
      const dies = faults.every(fault => harmless.has(fault))
      cluster.onDrained = name => {
        note(`${name} has left`)
        world.after(random.pick([500, 4_000]), () => cluster.startWorker(name))
        if (!dies) return
        note(`${victim} dies`)
        world.after(1, () => cluster.killWorker(victim))
        world.after(300, () => cluster.startWorker(victim))
      }
      return 1
    },
  }
}
