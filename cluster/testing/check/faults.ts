/** What goes wrong in a run: chosen from the seed, within what the design promises to survive. */

import type { SimulatedCluster } from "../cluster.js"
import { fairWeather, type Weather } from "../network.js"
import type { Random } from "../random.js"

export type Fault = "weather" | "part" | "clog" | "stall" | "slow" | "killWorker" | "killMaster" | "jump" | "loneDeath"

export interface FaultPlan {
  readonly workers: readonly string[]
  readonly faults: readonly Fault[]
  readonly minReplicas: number
  readonly hang: number
  /** Whether the program may remember its input for some intervals only. */
  readonly forgetful: boolean
  /** Nobody but who dies may be away for long. */
  readonly shortly: boolean
  /** Puts the faults into the time to come; how many there will be. */
  schedule(cluster: SimulatedCluster, random: Random, startMs: number, spanMs: number): number
  /** Nothing is wrong any more: all live, all reach each other. */
  heal(cluster: SimulatedCluster): void
}

const rough = (random: Random): Weather => ({
  minDelayMs: random.pick([0.2, 1, 5]),
  meanDelayMs: random.pick([0.5, 5, 30]),
  loss: random.pick([0, 0.01, 0.1, 0.3]),
  duplicate: random.pick([0, 0.02, 0.2]),
  straggle: random.pick([0, 0.05, 0.2]),
  straggleMs: random.pick([20, 200, 1_000]),
})

/** `always`: the program forgets in any case. `remade`: all that one worker has can be made again. */
export function planFaults(random: Random, workerCount: number, { always = false, remade = false } = {}): FaultPlan {
  const workers = Array.from({ length: workerCount }, (_, i) => `w${i + 1}`)
  const kinds: Fault[] = ["weather", "part", "clog", "stall", "slow", "jump", "killMaster"]
  // With one worker its death is the loss of the only copy.
  if (workerCount > 1) kinds.push("killWorker", "killWorker", "loneDeath")
  else if (remade) kinds.push("killWorker", "killWorker")
  const wanted = random.pick([0, 1, 1, 2, 3])
  const faults = new Set<Fault>()
  for (let i = 0; i < wanted; i++) faults.add(random.pick(kinds))
  const parts =
    faults.has("part") ||
    faults.has("clog") ||
    faults.has("stall") ||
    faults.has("weather") ||
    faults.has("killMaster") ||
    faults.has("loneDeath")
  const kills = faults.has("killWorker") || faults.has("loneDeath")
  const minReplicas = workerCount > 1 && kills && parts ? 2 : workerCount > 1 && random.chance(0.3) ? 2 : 1
  const victim = random.pick(workers)
  // What is forgotten cannot be computed again: then no second worker may be taken for dead while the victim is.
  const forgets = random.chance(0.35) || always
  const hoards = faults.has("loneDeath") && !forgets
  const forgetful = forgets || hoards
  const longestMs = forgetful && kills ? 400 : Number.POSITIVE_INFINITY

  return {
    workers,
    faults: [...faults],
    minReplicas,
    hang: faults.has("slow") ? 0.02 : 0,
    forgetful,
    shortly: forgetful && kills,
    schedule(cluster, from, startMs, spanMs) {
      let count = 0
      const { world, network } = cluster
      const when = (run: () => void) => {
        count += 1
        world.at(startMs + from.next() * spanMs, run)
      }
      const names = () => ["master", ...workers, ...cluster.clients.keys()]
      for (const fault of faults) {
        const times = from.integer(1, 3)
        for (let i = 0; i < times; i++) {
          const asked = from.pick([50, 500, 2_000, 6_000]) * (0.5 + from.next())
          const ms = fault === "part" || fault === "clog" || fault === "stall" || fault === "weather" ? Math.min(asked, longestMs) : asked
          switch (fault) {
            case "weather": {
              const weather = rough(from)
              when(() => {
                network.weather = weather
                world.after(ms, () => {
                  network.weather = fairWeather
                })
              })
              break
            }
            case "part": {
              const [one, other] = [from.pick(names()), from.pick(names())]
              const both = from.chance(0.6)
              when(() => {
                note(cluster, `${one} and ${other} are parted${both ? "" : " one way"}`)
                network.cut(one, other)
                if (both) network.cut(other, one)
                world.after(ms, () => {
                  note(cluster, `${one} and ${other} meet again`)
                  network.mend(one, other)
                  network.mend(other, one)
                })
              })
              break
            }
            case "clog": {
              const [one, other] = [from.pick(names()), from.pick(names())]
              when(() => {
                note(cluster, `${one} to ${other} clogs`)
                network.clog(one, other, world.nowMs + ms)
              })
              break
            }
            case "stall": {
              const name = from.pick(["master", ...workers])
              when(() => (name === "master" ? cluster.master : cluster.worker(name)?.node)?.stall(ms))
              break
            }
            case "slow": {
              const name = from.pick(workers)
              const factor = from.pick([3, 10, 50])
              when(() => {
                const executors = cluster.worker(name)?.executors
                if (executors === undefined) return
                note(cluster, `${name} is slow`)
                executors.factor = factor
                world.after(ms, () => {
                  executors.factor = 1
                })
              })
              break
            }
            case "jump": {
              const name = from.pick(workers)
              const by = from.pick([-3_600_000, -1_000, 700, 86_400_000])
              when(() => {
                const node = cluster.worker(name)?.node
                if (node === undefined) return
                note(cluster, `${name}'s wall clock jumps`)
                node.clock.wallErrorMs += by
              })
              break
            }
            case "killWorker": {
              when(() => {
                cluster.killWorker(victim)
                world.after(ms, () => cluster.startWorker(victim))
              })
              break
            }
            case "loneDeath": {
              const die = () => {
                cluster.killWorker(victim)
                world.after(ms, () => cluster.startWorker(victim))
              }
              if (hoards) {
                // What it makes stays with it alone from the beginning, and dies with it: were lineage let go too early, it would be gone.
                world.at(startMs, () => {
                  const node = cluster.worker(victim)?.node
                  if (node === undefined) return
                  note(cluster, `${victim} hoards`)
                  node.hoards = true
                })
                count += 1
                world.at(startMs + (0.5 + from.next() / 2) * spanMs, die)
                break
              }
              // It cannot copy what it makes to anyone, and then dies with it.
              when(() => {
                note(cluster, `${victim} reaches no other worker`)
                for (const other of workers) if (other !== victim) network.cut(victim, other)
                world.after(ms / 2, () => {
                  for (const other of workers) network.mend(victim, other)
                  die()
                })
              })
              break
            }
            case "killMaster": {
              when(() => {
                if (cluster.strikesWriting) cluster.killMasterWriting()
                else cluster.killMaster()
                world.after(ms / 2, () => cluster.startMaster())
              })
              break
            }
          }
        }
      }
      return count
    },
    heal(cluster) {
      note(cluster, "all heals")
      cluster.network.mendAll()
      cluster.store.mendAll()
      cluster.network.weather = fairWeather
      cluster.startMaster()
      for (const name of workers) {
        cluster.startWorker(name)
        const executors = cluster.worker(name)?.executors
        if (executors !== undefined) executors.factor = 1
      }
    },
  }
}

function note(cluster: SimulatedCluster, text: string): void {
  cluster.world.trace.note(cluster.world.nowMs, text)
}
