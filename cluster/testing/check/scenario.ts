/**
 * One seed: a cluster, a program, senders, faults; then quiet, and the judge. Everything random comes from the seed.
 *
 * Faults stay within what the design promises: no single failure loses an acked record. So the workers that die in a run are
 * the same one again and again, and when the network also parts nodes, acks wait for two copies (`minReplicas` 2).
 */

import { Block, encodeRows } from "../../../engine/block/block.js"
import { wholePartition } from "../../../engine/fluent/internals.js"
import { act, actOnEach, narrow } from "../../../engine/fluent/nodes.js"
import type { Asset, FunctionLink } from "../../../engine/function-ref.js"
import type { RddNode } from "../../../engine/rdd.js"
import type { QueryResult } from "../../client/call.js"
import type { CatalogEntry, ResponseValues, WorkerStatus } from "../../protocol.js"
import type { CallOutcome, SimulatedClient } from "../client.js"
import { SimulatedCluster } from "../cluster.js"
import type { MemoryPool } from "../memory.js"
import { fairWeather } from "../network.js"
import { Random } from "../random.js"
import { Trace } from "../trace.js"
import { World } from "../world.js"
import { Definer } from "./definer.js"
import { type Durability, planDurability } from "./durability.js"
import { type FaultPlan, planFaults } from "./faults.js"
import { compare, Seals, type SentBatch, Wrong } from "./judge.js"
import { LateAsks } from "./late.js"
import type { FunctionLinks } from "./links.js"
import type { SealedInput } from "./plain.js"
import { type CheckedStream, type Program, randomProgram } from "./program.js"
import { planScarcity, type Scarcity } from "./scarcity.js"

/** What runs of one process share: nothing that a run could see. */
export interface Shared {
  readonly links: FunctionLinks
  readonly memories: MemoryPool
}

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

/** Simulated time until what was sent must be acked, sealed and worked off, once all faults are over. */
const patienceMs = 120_000
const defaultRememberMs = 600_000
const maxEvents = 3_000_000

const words = ["a", "b", "ab", "banana", "", "straße", "日本", "x1", "x2", "a b", "0", "-0"]

export function runScenario(seed: number, shared: Shared, trace = new Trace()): Outcome {
  const run = new Scenario(seed, shared, trace)
  let failure: string | null = null
  try {
    run.play()
  } catch (error) {
    failure = error instanceof Wrong ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  run.cluster.close()
  return { seed, failure, hash: trace.hash, simulatedMs: run.world.nowMs, ...run.counts }
}

/** What a seed will bring. */
export function planOf(seed: number): { readonly faults: FaultPlan; readonly scarcity: Scarcity } {
  const random = new World(seed).random.fork()
  return { faults: planFaults(random, random.integer(1, 5)), scarcity: scarcityOf(seed) }
}

/** Of a seed of its own: what else a seed brings stays as it was. */
const scarcityOf = (seed: number): Scarcity => planScarcity(new Random(seed + 0x5ca2c3))

/** Of seeds of their own: what else a seed brings stays as it was. */
const seedOfLate = (seed: number) => seed + 0x1a7e

class Scenario {
  readonly world: World
  readonly cluster: SimulatedCluster
  readonly counts = { intervals: 0, records: 0, faults: 0 }
  readonly #random: Random
  readonly #shared: Shared
  readonly #sent: SentBatch[] = []
  readonly #since = new Map<string, number>()
  readonly #late = new LateAsks()
  readonly #seed: number
  #seals: SealedInput | null = null
  #events = 0

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
    this.cluster = new SimulatedCluster(this.world, shared.memories, {
      cores: random.integer(1, 3),
      minReplicas: plan.minReplicas,
      clockErrorMs: this.#clockErrorMs,
      costs: { baseMs: 0.2, meanMs: random.pick([0.5, 2, 20]), hang: plan.hang, hangMs: 3_000 },
      // With few jobs under way intervals pile up, and go several in a job.
      master: { jobsAhead: new Random(seed + 0x57e7c4).pick([1, 1, 4, 32]) },
      worker: this.#scarcity.worker,
      durable: this.#durability.durable,
    })
  }
  readonly #plan: FaultPlan
  readonly #scarcity: Scarcity
  readonly #durability: Durability
  readonly #clockErrorMs: number

  play(): void {
    const { cluster, world } = this
    const random = this.#random
    cluster.journal.meanSyncMs = random.pick([0.2, 2, 50])
    cluster.startMaster()
    for (const name of this.#plan.workers) world.after(random.exponential(20), () => cluster.startWorker(name))
    const first = cluster.startClient("c1")
    const session = this.#open(first)

    const definer = new Definer(session, random.integer(1, 5), this.#shared.links)
    const sealed: SealedInput = { groups: (input, start) => this.#seals!.groups(input, start) }
    const program = randomProgram(random, definer, sealed, stream => this.#since.get(stream)!, this.#plan.forgetful)
    const glom = definer.link(wholePartition, "mapPartitions")
    world.trace.note(world.nowMs, "program", () => program.streams.map(s => `\n            ${s.id}  ${s.text}`).join(""))
    this.#define(first, session, definer)

    const senders: { client: SimulatedClient; session: string }[] = [{ client: first, session }]
    if (random.chance(0.5)) {
      const client = cluster.startClient("c2")
      senders.push({ client, session: this.#open(client) })
    }
    // From here on two workers hold what is acked, if there are two.
    this.#allUp(first)
    const startMs = world.nowMs
    const spanMs = program.intervalMs * random.integer(3, 10) + (this.#plan.faults.length > 0 ? random.integer(0, 6_000) : 0)
    const late = new Random(seedOfLate(this.#seed))
    const striking = this.#plan.faults.includes("killMaster") && late.chance(0.7)
    if (striking) {
      cluster.strikesWriting = true
      const sessions = senders.map(({ session }) => session)
      this.#late.schedule(cluster, first, definer, sessions, late, { startMs, spanMs, intervalMs: program.intervalMs })
    }
    const scheduled = this.#plan.schedule(this.cluster, random, startMs, spanMs)
    const ends = this.#durability.schedule(cluster, this.#plan.workers, startMs, spanMs)
    const fulls = this.#scarcity.schedule(cluster, startMs, spanMs)
    this.counts.faults = scheduled + ends + fulls
    // A batch that cannot be put on disk counts when it can.
    const keepsWaiting = this.#durability.durable && fulls > 0
    this.#send(program, senders, startMs, spanMs)
    this.#run(() => false, startMs + spanMs, "the active time")

    this.#plan.heal(this.cluster)
    cluster.network.weather = fairWeather
    this.#allUp(first)
    this.#allAcked(senders, program)
    this.#late.check(this.#ask(first, { kind: "request", body: { kind: "catalog" } }, "catalog").value as readonly CatalogEntry[])
    this.#allSealed(program)
    const end = Math.ceil((cluster.wallMs + 1) / program.intervalMs) * program.intervalMs
    this.#finished(first, program, end)
    this.#seals = new Seals(
      cluster.journal.history(),
      this.#sent,
      this.#inputNames(program),
      scheduled + ends === 0 && !keepsWaiting && this.#clockErrorMs === 0,
    )
    const asker = random.pick(senders).client
    for (const stream of program.streams) this.#compareStream(asker, session, stream, end, glom, definer)
    const serious = cluster.complaints.filter(line => line.includes("could not be handled"))
    if (serious.length > 0) throw new Wrong(`a machine met an exception: ${serious[0]}`)
  }

  // ── the run ──

  /** Lets time pass until something is done, or it is `untilMs`. */
  #run(done: () => boolean, untilMs: number, what: string): void {
    while (!done()) {
      const [breach] = this.world.breaches
      if (breach !== undefined) throw new Wrong(breach)
      if (++this.#events > maxEvents) throw new Wrong(`${what}: ${maxEvents} events, and no end${this.#complaints()}`)
      if (!this.world.step(untilMs)) {
        this.world.runUntil(untilMs)
        return
      }
    }
  }

  #complaints(): string {
    return this.cluster.complaints.length === 0 ? "" : `\n  ${this.cluster.complaints.slice(-5).join("\n  ")}`
  }

  #ask(
    client: SimulatedClient,
    call: Parameters<SimulatedClient["call"]>[0],
    what: string,
  ): { value: unknown; payload: readonly Uint8Array[] } {
    let outcome: CallOutcome | null = null
    client.call(call, answer => {
      outcome = answer
    })
    this.#run(() => outcome !== null, this.world.nowMs + patienceMs, what)
    const answer = outcome as CallOutcome | null
    if (answer === null) throw new Wrong(`${what}: no answer in ${patienceMs} ms${this.#complaints()}`)
    if (!answer.ok)
      throw new Wrong(`${what}: ${answer.error.message}${answer.error.failure ? ` ${JSON.stringify(answer.error.failure)}` : ""}`)
    return answer
  }

  #open(client: SimulatedClient): string {
    this.#ask(client, { kind: "connect", timeoutMs: patienceMs }, "connect")
    const opened = this.#ask(client, { kind: "request", body: { kind: "openSession", user: "check", program: "check" } }, "openSession")
    return (opened.value as ResponseValues["openSession"]).session
  }

  #define(client: SimulatedClient, session: string, definer: Definer): void {
    const body = { kind: "define", session, definitions: definer.definitions, assets: [...definer.assets.values()] } as const
    const { accepted } = this.#ask(client, { kind: "request", body }, "define").value as ResponseValues["define"]
    for (const { asked, definition, since } of accepted) {
      if (definition.id !== asked) throw new Wrong(`stream ${asked} was answered with ${definition.id}`)
      this.#since.set(asked, since)
    }
  }

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

  /** Every worker is back: also those that were taken for dead while they stalled. */
  #allUp(client: SimulatedClient): void {
    // Whoever was still stalled has now been heard of, or been given up and joined again.
    this.#run(() => false, Math.max(this.world.nowMs, this.cluster.stalledUntilMs) + 500, "waiting")
    const untilMs = this.world.nowMs + patienceMs
    for (;;) {
      const known = this.#ask(client, { kind: "request", body: { kind: "workers" } }, "workers").value as readonly WorkerStatus[]
      const missing = this.#plan.workers.filter(name => !known.some(worker => worker.name === name && worker.state !== "lost"))
      if (missing.length === 0) return
      if (this.world.nowMs > untilMs) throw new Wrong(`${missing.join(", ")} did not come back${this.#complaints()}`)
      this.#run(() => false, this.world.nowMs + 100, "waiting")
    }
  }

  #allAcked(senders: readonly { client: SimulatedClient; session: string }[], program: Program): void {
    for (const { client, session } of senders) {
      for (const stream of program.inputs) {
        if (!this.#sent.some(batch => batch.session === session && batch.input === stream)) continue
        this.#ask(client, { kind: "sent", session, stream }, `acks of ${session} ${stream}`)
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
    while (this.world.nowMs < untilMs && !sealed()) this.#run(() => false, this.world.nowMs + 500, "seals")
  }

  /** Every stream has worked off all up to `end`. */
  #finished(client: SimulatedClient, program: Program, end: number): void {
    const untilMs = this.world.nowMs + patienceMs
    for (;;) {
      const catalog = this.#ask(client, { kind: "request", body: { kind: "catalog" } }, "catalog").value as readonly CatalogEntry[]
      const behind = program.streams.map(stream => ({ stream, entry: catalog.find(entry => entry.definition.id === stream.id) }))
      const late = behind.find(
        ({ entry }) => entry === undefined || entry.throughMs < Math.floor(end / entry.definition.intervalMs) * entry.definition.intervalMs,
      )
      if (late === undefined) return
      if (this.world.nowMs > untilMs) {
        const { stream, entry } = late
        throw new Wrong(
          `${stream.text} (${stream.id}) is ${entry?.state ?? "not there"}, finished through ${entry?.throughMs}, not ${end}${entry?.held ? ` ${JSON.stringify(entry.held)}` : ""}${this.#complaints()}`,
        )
      }
      const nextMs = this.world.nowMs + 100
      this.#run(() => false, nextMs, "waiting")
    }
  }

  // ── the comparison ──

  #inputNames(program: Program): Map<string, string> {
    return new Map(program.streams.filter(stream => program.inputs.includes(stream.text)).map(stream => [stream.id, stream.text]))
  }

  #compareStream(client: SimulatedClient, session: string, stream: CheckedStream, end: number, glom: FunctionLink, definer: Definer): void {
    const { intervalMs, kind } = stream.plain
    const max = 1_000_000
    const leaf = (start: number): RddNode =>
      kind === "records"
        ? { kind: "slice", stream: stream.id, from: start, to: start + intervalMs }
        : { kind: "version", stream: stream.id, at: start }
    const assets = [...definer.assets.values()]
    for (let attempt = 1; ; attempt++) {
      const reaches = this.#reach(client, stream, definer)
      const starts: number[] = []
      for (let start = reaches; start + intervalMs <= end; start += intervalMs) starts.push(start)
      if (starts.length === 0) return
      const ask = (rdd: RddNode, name: string) => this.#query(client, session, `${stream.id}-${name}-${attempt}`, rdd, assets, stream.text)
      try {
        const parted = starts.map(start => narrow("mapPartitions", leaf(start), glom))
        const all = ask(actOnEach({ kind: "eachVersion", versions: parted }, { kind: "collect", max }), "all") as [number, unknown[]][]
        const places = new Map<string, number>()
        for (const [i, start] of starts.entries()) {
          const partitions = all.filter(([version]) => version === i).map(([, partition]) => partition)
          compare(stream, start, partitions, places)
        }
        this.counts.intervals += starts.length
        // One of them again, alone: asked twice, the same.
        const i = this.#random.integer(0, starts.length)
        compare(stream, starts[i]!, [ask(act(leaf(starts[i]!), { kind: "collect", max }), "one")], new Map())
        return
      } catch (error) {
        // Between the two questions time has gone by, and perhaps an interval.
        if (attempt === 5 || !(error instanceof Wrong) || !error.message.includes("no longer retained")) throw error
      }
    }
  }

  /** The start of the stream's earliest interval. Forgetting what should be remembered is wrong. */
  #reach(client: SimulatedClient, { id, text }: CheckedStream, definer: Definer): number {
    const catalog = this.#ask(client, { kind: "request", body: { kind: "catalog" } }, "catalog").value as readonly CatalogEntry[]
    const { reachesMs } = catalog.find(entry => entry.definition.id === id)!
    const since = this.#since.get(id)!
    const { rememberMs, kind } = definer.definition(id)
    const must = this.cluster.wallMs - (rememberMs ?? defaultRememberMs)
    if ((kind === "input" || kind === "state") && reachesMs > Math.max(since, must)) {
      throw new Wrong(`${text} reaches back to ${reachesMs}, must be remembered from ${must}`)
    }
    return Math.max(since, reachesMs)
  }

  #query(client: SimulatedClient, session: string, name: string, rdd: RddNode, assets: readonly Asset[], text: string): unknown[] {
    const body = { kind: "query", query: `${session}.${name}`, session, rdd, definitions: [], assets, timeoutMs: null } as const
    const { value, payload } = this.#ask(client, { kind: "query", body }, `query of ${text}`)
    const rows = payload.flatMap(bytes => {
      const block = Block.of(bytes)
      block.verify()
      return block.toArray()
    })
    const { rows: said } = value as QueryResult
    if (said !== rows.length) throw new Wrong(`${text}: ${rows.length} rows came, the answer says ${said}`)
    return rows
  }
}
