/** What people see of the master: catalog, status, logs. Nothing here changes anything. */

import { earliestOf, throughOf } from "../../engine/dstream.js"
import type { CapturedLog, StageSpec } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type {
  CatalogEntry,
  ClusterStatus,
  LogEntry,
  Message,
  PartitionLineage,
  RunningTask,
  TaskDone,
  WhyReport,
  WorkerStatus,
} from "../protocol.js"
import { AsideCounts } from "./aside-counts.js"
import { isInternal, nameOf } from "./catalog.js"
import type { Draining } from "./draining.js"
import type { HeldInput } from "./held-input.js"
import type { InputCopies } from "./input-copies.js"
import type { JobFacts } from "./job-facts.js"
import type { Leases } from "./leases.js"
import { LogKeeper } from "./log-keeper.js"
import type { LookAhead } from "./look-ahead.js"
import type { Masters } from "./masters.js"
import { type AskedPartition, partitionLineageOf } from "./partition-lineage.js"
import type { Parts, Times } from "./parts.js"
import { blocksOf } from "./records.js"
import type { Retention } from "./retention.js"
import type { Retries } from "./retries.js"
import { runningTask } from "./running-tasks.js"
import type { Sealing } from "./sealing.js"
import { runs } from "./stream-graph.js"
import type { StreamRecord } from "./stream-record.js"
import type { Streams } from "./streams.js"
import { awaitedRange, holderOf } from "./waiting.js"
import { type SlowWorker, whyOf } from "./why.js"

/** A stream that is so many intervals behind its inputs is catching up. */
const behindIntervals = 3

/** For so long who asks for a stream by its old name hears the new one. */
const formerlyMs = 86_400_000

export class Views {
  readonly #parts: Parts
  readonly #log = new LogKeeper()
  readonly #aside = new AsideCounts()

  constructor(
    parts: Parts,
    private readonly about: {
      readonly address: string
      /** Names of workers without whom nothing is decided yet. */
      readonly awaited: () => readonly string[]
      readonly copies: InputCopies
      readonly draining: Draining
      readonly facts: JobFacts
      readonly held: HeldInput
      readonly leases: Leases
      readonly lookAhead: LookAhead
      readonly masters: Masters
      readonly startedMs: number
      readonly sealing: Sealing
      readonly retention: Retention
      readonly retries: Retries
      readonly streams: Streams
    },
  ) {
    this.#parts = parts
  }

  /** Gives the lines that are to be told to those who listen, and under which name. */
  log(
    worker: string,
    message: Extract<Message, { kind: "log" }>,
    times: Pick<Times, "timeMs">,
  ): { readonly stream: string | null; readonly lines: readonly CapturedLog[] } {
    const { stream, interval, partition } = message
    const record = stream === null ? undefined : this.#parts.ledger.streams.get(stream)
    const name = record === undefined ? stream : nameOf(record)
    const about = { wallMs: times.timeMs, worker, stream: name, interval, partition }
    return { stream: name, lines: this.#log.add(about, message.lines) }
  }

  logs(stream: string | null, sinceMs: number): LogEntry[] {
    const record = stream === null ? undefined : this.#parts.catalog.find(stream)
    const name = record === undefined ? stream : nameOf(record)
    return this.#log.since(sinceMs, name)
  }

  /** A task was done: what it set aside is counted. */
  made(spec: StageSpec, partition: number, { aside }: TaskDone, { timeMs }: Times): void {
    this.#aside.made(spec, partition, aside, timeMs)
  }

  catalog(times: Times): CatalogEntry[] {
    return this.#parts.catalog
      .live()
      .filter(({ definition }) => !isInternal(definition))
      .map(record => this.#entry(record, times))
  }

  #entry(record: StreamRecord, times: Times): CatalogEntry {
    const { graph, catalog } = this.#parts
    const { definition, since, held } = record
    const throughMs = throughOf(graph, definition.id)
    const inputs = catalog.inputsOf(definition)
    const newest = Math.min(...inputs.map(id => throughOf(graph, id)))
    const lagMs = definition.node.kind === "input" ? this.#inputLag(record, throughMs, times) : Math.max(0, newest - throughMs)
    const running = definition.node.kind === "input" || runs(definition)
    const holder = held === null ? holderOf(this.#parts, definition) : record
    const awaited = awaitedRange(this.#parts, definition)
    const state =
      holder !== null ? "held" : !running ? "on demand" : lagMs > behindIntervals * definition.intervalMs ? "catching up" : "running"
    const keys = this.#keys(record)
    const lease = this.about.leases.of(record)
    return {
      definition,
      state,
      sinceMs: since,
      reachesMs: earliestOf(graph, definition.id),
      throughMs,
      lagMs,
      ...(keys === null ? {} : { keys }),
      bytes: this.#bytes(record),
      perSecond: definition.node.kind === "input" ? this.#perSecond(record) : 0,
      aside: this.#aside.of(definition.id) + (record.read?.late ?? 0) + (record.asideRows ?? 0),
      asidePerSecond: this.#aside.recent(definition.id, times.timeMs).perSecond,
      ...(record.files === null ? {} : { read: readOf(record.files.list, record.read?.doneBytes ?? 0) }),
      ...(held === null ? {} : { held: this.#held(record, held, times) }),
      ...(held !== null || holder === null ? {} : { heldBy: nameOf(holder) }),
      ...(awaited !== null && { waitsFor: { stream: nameOf(awaited.stream), untilMs: awaited.until } }),
      ...(lease !== undefined && { lease }),
      ...(record.formerly !== undefined && times.timeMs - record.formerly.wallMs < formerlyMs && { formerly: record.formerly.name }),
    }
  }

  #held(record: StreamRecord, held: NonNullable<StreamRecord["held"]>, times: Times): NonNullable<CatalogEntry["held"]> {
    const { definition, leftOut } = record
    const retry = this.about.retries.of(record, times)
    const gaveUp = leftOut.filter(({ what, to }) => what === "interval" && to > held.interval)
    const lookedAhead = this.about.lookAhead.of(definition.id)
    return {
      ...held,
      ...this.about.held.of(definition),
      ...(lookedAhead !== null && { lookedAhead }),
      ...(retry !== null && { retry }),
      ...(gaveUp.length > 0 && { gaveUp: gaveUp.map(({ from, to }) => ({ from, to })) }),
    }
  }

  #inputLag({ definition }: StreamRecord, throughMs: number, times: Times): number {
    if (definition.node.kind !== "input" || definition.node.source.kind === "file" || definition.node.source.kind === "archive") return 0
    // What waits for its slack is not behind.
    const slackMs = definition.node.timestamp === null ? 0 : definition.node.disorderMs
    return Math.max(0, Math.floor((times.timeMs - slackMs) / definition.intervalMs) * definition.intervalMs - throughMs)
  }

  #keys({ definition, through }: StreamRecord): number | null {
    if (definition.node.kind !== "state") return null
    let keys = 0
    for (let p = 0; p < definition.node.partitions; p++) keys += this.#parts.chains.keys(definition.id, p, through - 1) ?? 0
    return keys
  }

  #bytes({ definition, seals, made }: StreamRecord): number {
    const { tracker, chains } = this.#parts
    let bytes = 0
    for (const seal of seals) for (const block of blocksOf(seal)) bytes += block.bytes
    for (let p = 0; p < chains.partitions(definition.id); p++) {
      for (const step of chains.steps(definition.id, p)) bytes += tracker.part(step.output, p)?.bytes ?? 0
    }
    if (definition.persist) for (const { output } of made) for (const part of tracker.parts(output)) bytes += part?.bytes ?? 0
    return bytes
  }

  /** Over the newest ten seconds of seals. */
  #perSecond({ seals, sealedThrough }: StreamRecord): number {
    let rows = 0
    let from = sealedThrough
    for (let i = seals.length - 1; i >= 0; i--) {
      const seal = seals[i]
      if (seal === undefined || seal.to <= sealedThrough - 10_000) break
      from = Math.max(seal.from, sealedThrough - 10_000)
      for (const group of seal.groups) for (const block of group) rows += block.rows
    }
    return sealedThrough > from ? Math.round((rows * 1000) / (sealedThrough - from)) : 0
  }

  workers(times: Times): WorkerStatus[] {
    const { registry, placement, scheduler } = this.#parts
    const statuses = registry.statuses((node: NodeId) => {
      const slot = placement.slot(node)
      if (slot === undefined) return { running: 0, copied: 0 }
      return { running: slot.running.stream + slot.running.query + scheduler.stalledAt(node), copied: slot.copied }
    }, times.monotonicMs)
    return statuses.map(found => {
      const sinceMs = registry.get(found.node)?.drainingMs ?? null
      const status =
        sinceMs === null
          ? found
          : { ...found, draining: { sinceMs: times.timeMs - times.monotonicMs + sinceMs, left: this.about.draining.left(found.node) } }
      const slow = status.state === "lost" ? null : this.about.facts.slowness.of(status.node)
      return slow === null ? status : { ...status, state: "slow", slow: { times: slow.times, sinceMs: slow.since } }
    })
  }

  /** Of a recipe: of streams that are made of it, for its functions run in their tasks. */
  #running(record: StreamRecord, times: Times): RunningTask | null {
    const of = ({ definition: { id } }: StreamRecord) => runningTask(this.#parts, this.about.facts, this.about.streams, id, times)
    if (runs(record.definition)) return of(record)
    const users = this.#parts.catalog.dependents(record.definition.id).filter(({ definition }) => runs(definition))
    const found = users.map(of).filter(task => task !== null)
    return found.reduce<RunningTask | null>((longest, task) => (longest === null || task.ms > longest.ms ? task : longest), null)
  }

  why(name: string, times: Times): WhyReport {
    const { catalog, registry, placement } = this.#parts
    const record = catalog.require(name)
    const { facts } = this.about
    const slow = new Map<NodeId, SlowWorker>()
    for (const { node, name } of registry.live) {
      const one = facts.slowness.of(node)
      const slot = placement.slot(node)
      if (one !== null) slow.set(node, { ...one, name, copied: slot?.copied ?? 0, getsLess: (slot?.pace.factor ?? 1) > 1 })
    }
    const inputs = catalog.inputsOf(record.definition).map(id => catalog.get(id))
    return whyOf({
      entry: this.#entry(record, times),
      intervals: facts.of(record.definition.id),
      running: this.#running(record, times),
      timeMs: times.timeMs,
      executors: registry.executors,
      load: facts.load(times.monotonicMs),
      slow,
      journal: this.#parts.log.failing,
      disks: [...registry.live].flatMap(({ name, diskFull }) => (diskFull === null ? [] : [{ worker: name, error: diskFull }])),
      archive: this.#heldArchive(record),
      inputs: inputs.flatMap(input => (input === undefined ? [] : [this.#entry(input, times)])),
    })
  }

  /** Of an input: the held output that archives it. */
  #heldArchive({ definition }: StreamRecord): string | null {
    const held = this.#parts.catalog.children(definition.id).find(child => child.definition.node.kind === "archive" && child.held !== null)
    return held === undefined ? null : nameOf(held)
  }

  partitionLineage(asked: AskedPartition): PartitionLineage {
    return partitionLineageOf(this.#parts, asked, this.about.facts)
  }

  /** By the input whose records they are: each stream that is made of it meets the same ones. Of several inputs, by the stream itself. */
  #asideOfLate(entries: readonly CatalogEntry[], { timeMs }: Times): ClusterStatus["aside"] {
    const found = new Map<string, ClusterStatus["aside"][number]>()
    for (const { definition, aside, asidePerSecond } of entries) {
      if (!this.#aside.recent(definition.id, timeMs).any) continue
      const inputs = this.#parts.catalog.inputsOf(definition)
      const input = inputs.length === 1 ? this.#parts.catalog.get(inputs[0]!) : undefined
      const stream = nameOf(input ?? { definition })
      const known = found.get(stream)
      found.set(stream, {
        stream,
        records: Math.max(aside, known?.records ?? 0),
        perSecond: Math.max(asidePerSecond, known?.perSecond ?? 0),
      })
    }
    return [...found.values()]
  }

  status(times: Times): ClusterStatus {
    const { ledger, config, registry, log } = this.#parts
    const entries = this.catalog(times)
    const held: ClusterStatus["held"][number][] = []
    const behind: { stream: string; lagMs: number }[] = []
    for (const { definition, held: why, lagMs, state } of entries) {
      const stream = nameOf({ definition })
      if (why !== undefined) {
        const { interval, failure, retry, gaveUp } = why
        held.push({ stream, interval, failure, ...(retry && { retry }), ...(gaveUp && { gaveUp }) })
      }
      if (state === "catching up") behind.push({ stream, lagMs })
    }
    const warnings: string[] = []
    if (registry.size === 0) warnings.push("no worker: nothing is received or computed")
    else if (registry.size < config.replicas)
      warnings.push(
        registry.size === 1
          ? "1 worker: received data has one copy"
          : `${registry.size} workers: received data has no more copies than that`,
      )
    if (this.about.retention.memory.warning !== null) warnings.push(this.about.retention.memory.warning)
    for (const { name, diskFull } of registry.live)
      if (diskFull !== null)
        warnings.push(
          `${name} can put nothing more on its disk: ${diskFull}; make room there: the oldest input goes when its memory is full, then senders wait`,
        )
    for (const { node, name, drainingMs } of registry.live)
      if (drainingMs !== null) warnings.push(`${name} is being drained: ${this.about.draining.left(node)} blocks are still to be copied`)
    const { awaited } = this.about
    if (awaited().length > 0) warnings.push(`waiting for ${awaited().join(", ")}, on whose disks there may be what nobody else has`)
    const { wanting, ways } = this.about.copies
    if (wanting > 0) {
      const underway = [...ways].map(([way, blocks]) => `${blocks} from ${way}`).join(", ")
      warnings.push(
        `blocks of received data with ${config.replicas === 2 ? "one copy" : "too few copies"}: ${wanting}, being copied${underway === "" ? "" : ` (under way: ${underway})`}`,
      )
    }
    if (log.failing !== null)
      warnings.push(`the journal cannot be written, nothing new is decided: ${log.failing}; it goes on by itself once it can`)
    else if (log.pending > 1_000) warnings.push(`${log.pending} records wait for the journal's disk`)
    warnings.push(...this.about.leases.notices(times.timeMs))
    const rates = this.about.sealing.rates(times.timeMs)
    const masters = this.about.masters.status(ledger.epoch)
    return {
      cluster: ledger.cluster,
      address: this.about.address,
      startedMs: this.about.startedMs,
      ...(masters !== null && { masters }),
      wallMs: times.timeMs,
      workers: this.workers(times),
      streams: entries.length,
      held,
      behind,
      aside: this.#asideOfLate(entries, times),
      recordsPerSecond: Math.round(rates.slice(-6, -1).reduce((sum, rate) => sum + rate, 0) / 5),
      rates,
      newest: this.about.streams.history.newest,
      minReplicas: config.minReplicas,
      warnings,
    }
  }
}

function readOf(files: readonly { readonly sizeBytes: number }[], doneBytes: number): NonNullable<CatalogEntry["read"]> {
  return { doneBytes, bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) }
}
