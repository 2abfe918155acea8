/**
 * One seed of batch mode: old logs in files, a random program over them, memory that may be too small, faults; and workers that are starved of
 * CPU: they stand still for longer than they count as alive, and come back with all that they held. All is compared with plain arrays
 * over the lines of the files: of half the seeds at the end, of the others as a reader goes through what it need not find again.
 */

import { wholePartition } from "../../../engine/fluent/internals.js"
import { SimulatedCluster } from "../cluster.js"
import { fairWeather } from "../network.js"
import { Random } from "../random.js"
import type { Trace } from "../trace.js"
import { World } from "../world.js"
import { type Asker, CheckedRun, patienceMs, type Shared } from "./checked-run.js"
import { Definer } from "./definer.js"
import { type FaultPlan, planFaults } from "./faults.js"
import { Wrong } from "./judge.js"
import { OldLogs, timeOf } from "./old-logs.js"
import type { SealedInput } from "./plain.js"
import { type CheckedStream, type Program, randomProgram } from "./program.js"

/** Intervals of a stream asked for in one question at most. */
const readAtOnce = 8

export class ReplayScenario {
  readonly world: World
  readonly cluster: SimulatedCluster
  readonly #run: CheckedRun
  readonly #random: Random
  readonly #shared: Shared
  readonly #plan: FaultPlan
  /** Whoever reads it need not find it again. */
  readonly #untilRead: boolean
  #logs: OldLogs | null = null

  constructor(seed: number, shared: Shared, trace: Trace) {
    this.world = new World(seed, trace)
    this.#random = this.world.random.fork()
    this.#shared = shared
    const random = this.#random
    this.#untilRead = random.chance(0.5)
    const workers = random.integer(1, 4)
    // As of a replay of few records: a single worker, whose death costs time alone.
    const keepsLineage = workers === 1
    this.#plan = planFaults(random, workers, { always: this.#untilRead, remade: keepsLineage })
    const share = random.pick([null, 0, 0, 0.001])
    this.cluster = new SimulatedCluster(this.world, shared.memories, {
      cores: random.integer(1, 3),
      costs: { baseMs: 0.2, meanMs: random.pick([2, 20, 100]), hang: this.#plan.hang, hangMs: 3_000 },
      master: {
        // As in scenario.ts.
        taskTimeoutMs: 300_000,
        jobsAhead: random.pick([1, 4, 32]),
        splitBytes: random.pick([64, 256, 1_024]),
        // Of most seeds an interval is several map tasks.
        keepsLineage,
        batchBytes: new Random(seed + 0xba7c).pick([512, 4_096, 8 * 1024 * 1024]),
        // Of some seeds less than a slide of what is made of the files.
        readAheadIntervals: new Random(seed + 0xaead).pick([0, 1, 400]),
      },
      worker: share === null ? {} : { spillDir: "/spill", evictAbove: share, evictTo: share / 2, evictAllAbove: share },
    })
    this.cluster.disk.meanMs = random.pick([0.5, 5, 50])
    this.#run = new CheckedRun(this.world, this.cluster)
  }

  get counts(): CheckedRun["counts"] {
    return this.#run.counts
  }

  play(): void {
    const { cluster, world } = this
    const random = this.#random
    const { workers } = this.#plan
    cluster.journal.meanSyncMs = random.pick([0.2, 2, 50])
    cluster.startMaster()
    for (const name of workers) world.after(random.exponential(20), () => cluster.startWorker(name))
    const client = cluster.startClient("c1")
    const session = this.#run.open(client)
    const definer = new Definer(session, random.integer(1, 5), this.#shared.links)
    definer.untilRead = this.#untilRead
    const program = this.#define(definer)
    const logs = this.#logs!
    const glom = definer.link(wholePartition, "mapPartitions")
    world.trace.note(world.nowMs, "program", () => program.streams.map(s => `\n            ${s.id}  ${s.text}`).join(""))
    this.#run.allUp(client, workers)
    this.counts.records = logs.records
    this.#run.define(client, session, definer)

    const startMs = world.nowMs
    const spanMs = random.pick([500, 2_000, 8_000])
    this.counts.faults = this.#plan.schedule(cluster, random, startMs, spanMs) + this.#starve(startMs, spanMs)
    world.at(startMs + spanMs, () => {
      this.#plan.heal(cluster)
      cluster.network.weather = fairWeather
    })
    const asker = { client, session, glom, assets: [...definer.assets.values()] }
    if (this.#untilRead) return this.#read(asker, program.streams, startMs + spanMs)
    this.#run.run(() => false, startMs + spanMs, "the active time")
    this.#run.allUp(client, workers)
    this.#run.finished(client, program.streams, logs.to)
    for (const stream of program.streams) {
      const starts = this.#starts(stream, logs.from, logs.to)
      if (starts.length === 0) continue
      this.#run.compare(asker, stream, starts, "1")
      this.#run.compareOne(asker, stream, random.pick(starts), "1")
    }
  }

  #define(definer: Definer): Program {
    const random = this.#random
    const sealed: SealedInput = { groups: (input, start) => this.#logs!.groups(input, start) }
    const logs = (intervalMs: number) => {
      this.#logs ??= new OldLogs(random, ["lines", "others"], intervalMs)
      return this.#logs
    }
    const inputOf = (name: string, intervalMs: number) =>
      definer.readFiles(name, intervalMs, logs(intervalMs).paths(name), timeOf, logs(intervalMs).disorderMs)
    const program = randomProgram(random, definer, sealed, () => this.#logs!.from, false, inputOf)
    this.#logs!.write(this.cluster.disk.files, random)
    return program
  }

  /** Stands workers still, often several of them at once. Gives how often. */
  #starve(startMs: number, spanMs: number): number {
    const random = this.#random
    const { workers, shortly } = this.#plan
    if (shortly || random.chance(0.3)) return 0
    const times = random.integer(1, 6)
    for (let i = 0; i < times; i++) {
      const atMs = startMs + random.next() * spanMs
      const those = random.chance(0.5) ? workers : [random.pick(workers)]
      for (const name of those) {
        const ms = random.pick([300, 1_500, 4_000, 6_000]) * (0.5 + random.next())
        this.world.at(atMs + random.exponential(50), () => this.cluster.worker(name)?.node.stall(ms))
      }
    }
    return times
  }

  #starts({ plain: { intervalMs } }: CheckedStream, from: number, to: number): number[] {
    const starts: number[] = []
    for (let start = Math.floor(from / intervalMs) * intervalMs; start + intervalMs <= to; start += intervalMs) starts.push(start)
    return starts
  }

  /** As batch mode does: what is finished is asked for, and then told to have been read. */
  #read(asker: Asker, streams: readonly CheckedStream[], healedMs: number): void {
    const { from, to } = this.#logs!
    const { client } = asker
    const left = new Map(streams.map(stream => [stream, this.#starts(stream, from, to)]))
    const untilMs = healedMs + patienceMs
    const tell = () => {
      const positions = [...left].map(([{ id, plain }, [first = Math.floor(to / plain.intervalMs) * plain.intervalMs]]) => ({
        stream: id,
        from: first,
      }))
      this.#run.ask(client, { kind: "request", body: { kind: "reading", streams: positions } }, "reading")
    }
    tell()
    for (let round = 1; [...left.values()].some(starts => starts.length > 0); round++) {
      const catalog = this.#run.catalog(client)
      let any = false
      for (const [stream, starts] of left) {
        const entry = catalog.find(({ definition }) => definition.id === stream.id)
        const through = entry?.throughMs ?? Number.NEGATIVE_INFINITY
        const due = starts.filter(start => start + stream.plain.intervalMs <= through).slice(0, readAtOnce)
        if (this.world.nowMs > untilMs && due.length === 0 && starts.length > 0) {
          const held = entry?.held == null ? "" : ` ${JSON.stringify(entry.held)}`
          throw new Wrong(`${stream.text} (${stream.id}) is ${entry?.state}, finished through ${through}, not ${to}${held}`)
        }
        if (due.length === 0) continue
        any = true
        this.#run.compare(asker, stream, due, `${round}`)
        starts.splice(0, due.length)
      }
      tell()
      if (!any) this.#run.run(() => false, this.world.nowMs + 50, "reading")
    }
  }
}
