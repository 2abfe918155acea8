/**
 * One seed: a cluster, a program, senders, faults; then quiet, and the judge. Everything random comes from the seed.
 *
 * Faults stay within what the design promises: no single failure loses an acked record. So the workers that die in a run are
 * the same one again and again, and when the network also parts nodes, acks wait for two copies (`minReplicas` 2).
 */

import { encodeRows } from "../../../engine/block/block.js"
import { wholePartition } from "../../../engine/fluent/internals.js"
import type { SimulatedClient } from "../client.js"
import { SimulatedCluster } from "../cluster.js"
import { fairWeather } from "../network.js"
import { Random } from "../random.js"
import { Trace } from "../trace.js"
import { World } from "../world.js"
import { isSaidToBeLost, planCalamity } from "./calamity.js"
import { type Asker, CheckedRun, type Shared } from "./checked-run.js"
import { planDeafness } from "./deafness.js"
import { Definer } from "./definer.js"
import { planDepartures } from "./departures.js"
import { type Durability, planDurability } from "./durability.js"
import { type FaultPlan, planFaults } from "./faults.js"
import { Seals, type SentBatch, Wrong } from "./judge.js"
import { LateAsks } from "./late.js"
import type { SealedInput } from "./plain.js"
import { type CheckedStream, type Program, randomProgram, words } from "./program.js"
import { ReplayScenario } from "./replay.js"
import { planScarcity, type Scarcity } from "./scarcity.js"
import { planStandbys, type Standbys } from "./standbys.js"
import { Twins } from "./twins.js"

export interface Outcome {
  readonly seed: number
  /** Null: all is as it must be. */
  readonly failure: string | null
  readonly hash: string
  readonly simulatedMs: number
  readonly intervals: number
  readonly records: number
  readonly faults: number
}

const defaultRememberMs = 600_000
/** More than twice what any window reaches back. */
const idleMs = 20_000

export function runScenario(seed: number, shared: Shared, trace = new Trace()): Outcome {
  const run = isReplay(seed) ? new ReplayScenario(seed, shared, trace) : new Scenario(seed, shared, trace)
  let failure: string | null = null
  try {
    run.play()
  } catch (error) {
    failure = error instanceof Wrong ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  run.cluster.close()
  return { seed, failure, hash: trace.hash, simulatedMs: run.world.nowMs, ...run.counts }
}

/** Every eighth seed is a replay of old logs. */
export const isReplay = (seed: number): boolean => seed % 8 === 7

/** What a seed will bring. */
export function planOf(seed: number): { readonly faults: FaultPlan; readonly scarcity: Scarcity; readonly standbys: Standbys } {
  const random = new World(seed).random.fork()
  return { faults: planFaults(random, random.integer(1, 5)), scarcity: scarcityOf(seed), standbys: standbysOf(seed) }
}

/** Of a seed of its own: what else a seed brings stays as it was. */
const scarcityOf = (seed: number): Scarcity => planScarcity(new Random(seed + 0x5ca2c3))

const standbysOf = (seed: number): Standbys => planStandbys(new Random(seed + 0x57a9d))

/** Of seeds of their own: what else a seed brings stays as it was. */
const seedOfLate = (seed: number) => seed + 0x1a7e
const seedOfTwins = (seed: number) => seed + 0x731c

class Scenario {
  readonly world: World
  readonly cluster: SimulatedCluster
  readonly #random: Random
  readonly #shared: Shared
  readonly #sent: SentBatch[] = []
  #since: ReadonlyMap<string, number> = new Map()
  readonly #late = new LateAsks()
  readonly #seed: number
  readonly #run: CheckedRun
  #seals: SealedInput | null = null

  constructor(seed: number, shared: Shared, trace: Trace) {
    this.#seed = seed
    this.world = new World(seed, trace)
    this.#random = this.world.random.fork()
    this.#shared = shared
    const random = this.#random
    const plan = planFaults(random, random.integer(1, 5))
    this.#plan = plan
    this.#clockErrorMs = random.pick([0, 5, 500])
    this.#scarcity = scarcityOf(seed)
    this.#durability = planDurability(new Random(seed + 0xd15c))
    this.#standbys = standbysOf(seed)
    // Batches are small: of some seeds so many bytes are worth a task that is begun before the interval's end.
    const eager = new Random(seed + 0xf01d).pick([0, 1, 1, 100])
    this.cluster = new SimulatedCluster(this.world, shared.memories, {
      cores: random.integer(1, 3),
      // A worker that comes to the next master before the others knows of no second one: what it then acks may be with it alone.
      minReplicas: this.#standbys.candidates > 0 && plan.workers.length > 1 ? 2 : plan.minReplicas,
      clockErrorMs: this.#clockErrorMs,
      costs: { baseMs: 0.2, meanMs: random.pick([0.5, 2, 20]), hang: plan.hang, hangMs: 3_000 },
      // With few jobs under way intervals pile up, and go several in a job. Of some seeds the journal is made short again and again.
      master: {
        snapshotEvery: new Random(seed + 0x5a95).pick([20_000, 20_000, 100, 20]),
        // On a node that is 50 times as slow a task may take longer than a function should: no program's fault.
        taskTimeoutMs: 300_000,
        jobsAhead: new Random(seed + 0x57e7c4).pick([1, 1, 4, 32]),
        ...(eager && { leastGroupBytes: eager }),
      },
      worker: {
        ...this.#scarcity.worker,
        fetchTimeoutMs: new Random(seed + 0xfe7c).pick([10_000, 10_000, 300]),
        ...(eager && { foldFromBytes: eager }),
      },
      durable: this.#durability.durable,
      candidates: this.#standbys.candidates,
    })
    this.#run = new CheckedRun(this.world, this.cluster)
  }
  readonly #plan: FaultPlan
  readonly #scarcity: Scarcity
  readonly #durability: Durability
  readonly #standbys: Standbys
  readonly #clockErrorMs: number

  get counts(): CheckedRun["counts"] {
    return this.#run.counts
  }

  play(): void {
    const { cluster, world } = this
    const random = this.#random
    cluster.journal.meanSyncMs = random.pick([0.2, 2, 50])
    cluster.startMaster()
    for (const name of this.#plan.workers) world.after(random.exponential(20), () => cluster.startWorker(name))
    const first = cluster.startClient("c1")
    const session = this.#run.open(first)

    const definer = new Definer(session, random.integer(1, 5), this.#shared.links)
    const sealed: SealedInput = { groups: (input, start) => this.#seals!.groups(input, start) }
    const program = randomProgram(random, definer, sealed, stream => this.#since.get(stream)!, this.#plan.forgetful)
    const glom = definer.link(wholePartition, "mapPartitions")
    world.trace.note(world.nowMs, "program", () => program.streams.map(s => `\n            ${s.id}  ${s.text}`).join(""))
    this.#since = this.#run.define(first, session, definer)

    const senders: { client: SimulatedClient; session: string }[] = [{ client: first, session }]
    if (random.chance(0.5)) {
      const client = cluster.startClient("c2")
      senders.push({ client, session: this.#run.open(client) })
    }
    // From here on two workers hold what is acked, if there are two.
    this.#run.allUp(first, this.#plan.workers)
    const late = new Random(seedOfLate(this.#seed))
    const striking = this.#plan.faults.includes("killMaster") && late.chance(0.7)
    const twins = striking && new Random(seedOfTwins(this.#seed)).chance(0.6) ? new Twins(this.#shared.links, session, definer) : null
    twins?.submit(this.#run, first)
    const startMs = world.nowMs
    const spanMs = program.intervalMs * random.integer(3, 10) + (this.#plan.faults.length > 0 ? random.integer(0, 6_000) : 0)
    if (striking) {
      cluster.strikesWriting = true
      const sessions = senders.map(({ session }) => session)
      this.#late.schedule(cluster, first, definer, sessions, late, { startMs, spanMs, intervalMs: program.intervalMs })
    }
    const struck = twins?.schedule(cluster, first, new Random(seedOfTwins(this.#seed) + 1), { startMs, spanMs }) ?? 0
    const scheduled = this.#plan.schedule(this.cluster, random, startMs, spanMs)
    const ends = this.#durability.schedule(cluster, this.#plan.workers, startMs, spanMs)
    const fulls = this.#scarcity.schedule(cluster, startMs, spanMs)
    const drained = planDepartures(new Random(this.#seed + 0xd3a1)).schedule(cluster, this.#plan, startMs, spanMs)
    const replaced = this.#standbys.schedule(cluster, startMs, spanMs)
    const deafness = planDeafness(new Random(this.#seed + 0xdeaf))
    const deaf = ends + drained === 0 ? deafness.schedule(cluster, this.#plan, startMs, spanMs) : 0
    const mayLose = !striking && !this.#durability.durable && this.#standbys.candidates === 0
    const lost = mayLose ? planCalamity(new Random(this.#seed + 0xca1a)).schedule(cluster, this.#plan.workers, startMs, spanMs) : 0
    this.counts.faults = scheduled + ends + fulls + drained + replaced + struck + deaf + lost
    // A batch that cannot be put on disk counts when it can; and a store that answers late, or not, may end a leader's lease.
    const keepsWaiting = (this.#durability.durable && fulls > 0) || this.#standbys.candidates > 0
    this.#send(program, senders, startMs, spanMs)
    this.#run.run(() => false, startMs + spanMs, "the active time")

    this.#plan.heal(this.cluster)
    cluster.network.weather = fairWeather
    this.#run.allUp(first, this.#plan.workers)
    if (lost === 0) this.#allAcked(senders, program)
    this.#late.check(this.#run.catalog(first))
    twins?.check(this.#run, first)
    this.#allSealed(program)
    const end = Math.ceil((cluster.wallMs + 1) / program.intervalMs) * program.intervalMs
    if (lost === 0) this.#run.finished(first, program.streams, end)
    else this.#run.finishedOrHeld(first, program.streams, end)
    this.#seals = new Seals(
      cluster.journal.history(),
      this.#sent,
      this.#inputNames(program),
      scheduled + ends + drained + replaced + deaf + lost === 0 && !keepsWaiting && this.#clockErrorMs === 0,
    )
    const asker = random.pick(senders).client
    const about = { client: asker, session, glom, assets: [...definer.assets.values()] }
    for (const stream of program.streams) {
      if (lost === 0) this.#compareStream(about, stream, end, definer)
      else this.#compareWhatIsLeft(about, stream, end)
    }
    if (this.#plan.forgetful && lost === 0 && new Random(this.#seed + 0x1eaf).chance(0.3)) this.#forgets(first, program, definer)
    const serious = cluster.complaints.filter(line => line.includes("could not be handled"))
    if (serious.length > 0) throw new Wrong(`a machine met an exception: ${serious[0]}`)
  }

  // ── the run ──

  #send(program: Program, senders: readonly { client: SimulatedClient; session: string }[], startMs: number, spanMs: number): void {
    const random = this.#random
    const seqs = new Map<string, number>()
    const batches = random.integer(0, 40)
    const times = Array.from({ length: batches }, () => startMs + random.next() * spanMs).sort((a, b) => a - b)
    for (const atMs of times) {
      const { client, session } = random.pick(senders)
      const input = random.pick(program.inputs)
      const lines = Array.from({ length: random.integer(1, 12) }, () => {
        const n = random.integer(0, 5)
        return Array.from({ length: n }, () => random.pick(words)).join(" ")
      })
      this.counts.records += lines.length
      this.world.at(atMs, () => {
        const key = `${session} ${input}`
        const seq = (seqs.get(key) ?? 0) + 1
        seqs.set(key, seq)
        this.#sent.push({ session, input, seq, lines, sentMs: this.cluster.wallMs, acked: false })
        client.call(
          { kind: "send", session, stream: input, rows: lines.length },
          answer => {
            if (!answer.ok) throw new Wrong(`send to ${input}: ${answer.error.message}`)
          },
          [encodeRows(lines)],
        )
      })
    }
  }

  #allAcked(senders: readonly { client: SimulatedClient; session: string }[], program: Program): void {
    for (const { client, session } of senders) {
      for (const stream of program.inputs) {
        if (!this.#sent.some(batch => batch.session === session && batch.input === stream)) continue
        this.#run.ask(client, { kind: "sent", session, stream }, `acks of ${session} ${stream}`)
        for (const batch of this.#sent) if (batch.session === session && batch.input === stream) batch.acked = true
      }
    }
  }

  /**
   * What was acked is in some interval. A worker that was misled about the time (a master's answer that took long) may have put a
   * batch some seconds into the future.
   */
  #allSealed(program: Program): void {
    const untilMs = this.world.nowMs + 20_000
    const inputs = this.#inputNames(program)
    const sealed = () => {
      const found = new Set<string>()
      for (const record of this.cluster.journal.history()) {
        if (record.kind !== "seal") continue
        for (const { batch } of record.groups.flat())
          if (batch !== null) found.add(`${batch.session} ${inputs.get(record.stream)} ${batch.seq}`)
      }
      return this.#sent.every(({ session, input, seq, acked }) => !acked || found.has(`${session} ${input} ${seq}`))
    }
    while (this.world.nowMs < untilMs && !sealed()) this.#run.run(() => false, this.world.nowMs + 500, "seals")
  }

  // ── the comparison ──

  #inputNames(program: Program): Map<string, string> {
    return new Map(program.streams.filter(stream => program.inputs.includes(stream.text)).map(stream => [stream.id, stream.text]))
  }

  #compareStream(asker: Asker, stream: CheckedStream, end: number, definer: Definer): void {
    const { intervalMs } = stream.plain
    for (let attempt = 1; ; attempt++) {
      const reaches = this.#reach(asker.client, stream, definer)
      const starts: number[] = []
      for (let start = reaches; start + intervalMs <= end; start += intervalMs) starts.push(start)
      if (starts.length === 0) return
      try {
        this.#run.compare(asker, stream, starts, `${attempt}`)
        this.#run.compareOne(asker, stream, starts[this.#random.integer(0, starts.length)]!, `${attempt}`)
        return
      } catch (error) {
        // Between the two questions time has gone by, and perhaps an interval.
        if (attempt === 5 || !(error instanceof Wrong) || !error.message.includes("no longer retained")) throw error
      }
    }
  }

  /** What nobody needs any more goes in time, whatever has died on the way. */
  #forgets(client: SimulatedClient, program: Program, definer: Definer): void {
    this.#run.run(() => false, this.world.nowMs + idleMs, "being idle")
    const catalog = this.#run.catalog(client)
    // With a slow disk, and a worker far away, streams are made more slowly than time goes by.
    const throughMs = Math.min(this.cluster.wallMs, ...catalog.map(entry => entry.throughMs))
    for (const { id, text } of program.streams) {
      const { rememberMs } = definer.definition(id)
      const { reachesMs } = catalog.find(entry => entry.definition.id === id)!
      if (rememberMs !== null && reachesMs < throughMs - rememberMs - idleMs / 2)
        throw new Wrong(
          `${text} still reaches back to ${reachesMs}, remembered are ${rememberMs} ms, and all streams are through ${throughMs}`,
        )
    }
  }

  /** Each interval by itself: it is right, or said to be lost. */
  #compareWhatIsLeft(asker: Asker, stream: CheckedStream, end: number): void {
    const { definition, reachesMs, throughMs } = this.#run.catalog(asker.client).find(entry => entry.definition.id === stream.id)!
    const { intervalMs } = definition
    for (
      let start = Math.max(this.#since.get(stream.id)!, reachesMs);
      start + intervalMs <= Math.min(end, throughMs);
      start += intervalMs
    ) {
      try {
        this.#run.compareOne(asker, stream, start, `${start}`)
      } catch (error) {
        if (!(error instanceof Wrong) || !isSaidToBeLost(error.message)) throw error
      }
    }
  }

  /** The start of the stream's earliest interval. Forgetting what should be remembered is wrong. */
  #reach(client: SimulatedClient, { id, text }: CheckedStream, definer: Definer): number {
    const catalog = this.#run.catalog(client)
    const { reachesMs } = catalog.find(entry => entry.definition.id === id)!
    const since = this.#since.get(id)!
    const { rememberMs, kind } = definer.definition(id)
    const must = this.cluster.wallMs - (rememberMs ?? defaultRememberMs)
    if ((kind === "input" || kind === "state") && reachesMs > Math.max(since, must)) {
      throw new Wrong(`${text} reaches back to ${reachesMs}, must be remembered from ${must}`)
    }
    return Math.max(since, reachesMs)
  }
}
