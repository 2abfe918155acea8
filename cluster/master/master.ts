/**
 * The master (the paper's §4): who decides, and touches no record. This file makes its parts and says which of them hears of
 * which event; each part is a file beside it.
 *
 * A step is: the event, then whatever time brings (seals, jobs, questions), then what has become possible is launched, in
 * one message a worker. Records are appended as they are decided, and what they cause is seen when they are on disk.
 */

import { MasterClock } from "../clock.js"
import type { Command, Machine, NodeEvent, NodeId, Now } from "../ports.js"
import { incarnationOf } from "../ports.js"
import type { Message } from "../protocol.js"
import { JobGenerator } from "../scheduler/job-generator.js"
import { Outbox } from "../scheduler/outbox.js"
import { Placement } from "../scheduler/placement.js"
import { Scheduler } from "../scheduler/scheduler.js"
import { StateChains } from "../scheduler/state-chains.js"
import { Admission } from "./admission.js"
import { ArchiveSources } from "./archive-sources.js"
import { BlockTracker } from "./block-tracker.js"
import { bringsSomething } from "./brings.js"
import { Catalog, nameOf } from "./catalog.js"
import { Checkpointer } from "./checkpointer.js"
import { defaultMasterConfig, type MasterConfig } from "./config.js"
import { Draining } from "./draining.js"
import { Endings } from "./endings.js"
import { Events } from "./events.js"
import { Happenings } from "./happenings.js"
import { HeldInput } from "./held-input.js"
import { InputCopies } from "./input-copies.js"
import { JobFacts } from "./job-facts.js"
import { LaneReaders } from "./lanes.js"
import { Leases } from "./leases.js"
import { Ledger } from "./ledger.js"
import { Lifecycle } from "./lifecycle.js"
import { LookAhead } from "./look-ahead.js"
import { Members } from "./members.js"
import { metricsText } from "./metrics.js"
import { append, type Parts, say, type Times } from "./parts.js"
import { MasterPlanner } from "./planner.js"
import { Queries } from "./queries.js"
import { ReadOnly } from "./read-only.js"
import { RecordLog } from "./record-log.js"
import type { JournalRecord } from "./records.js"
import { Requests } from "./requests.js"
import { restoreChains } from "./restore-chains.js"
import { Retention } from "./retention.js"
import { Retries } from "./retries.js"
import { Sealing } from "./sealing.js"
import { Sources } from "./sources.js"
import { MasterGraph, Progress } from "./stream-graph.js"
import { Streams } from "./streams.js"
import { Subscriptions } from "./subscriptions.js"
import { Views } from "./views.js"
import { WorkerRegistry } from "./worker-registry.js"

export interface MasterOptions {
  /** `master#<epoch>`. */
  readonly node: NodeId
  /** The cluster's name, for people. */
  readonly cluster: string
  readonly address: string
  /** The journal, as read at the start. */
  readonly records: readonly { readonly sequence: number; readonly record: JournalRecord }[]
  /** The last of them says that this node's epoch has begun: where several masters share a journal, that is settled before one listens. */
  readonly claimed?: boolean
  readonly replicas?: number
  readonly minReplicas?: number
  readonly config?: Partial<MasterConfig>
}

const sweepEveryMs = 1_000
const speculateEveryMs = 100
const appendAgainMs = 500
/** Between two steps of a master that is well there is no more than a tick. */
const stalledMs = 250

export class MasterMachine implements Machine {
  readonly #options: MasterOptions
  readonly #config: MasterConfig
  readonly #outbox = new Outbox()
  #running: Running | null = null

  constructor(options: MasterOptions) {
    this.#options = options
    const config: MasterConfig = {
      ...defaultMasterConfig,
      version: "",
      runtime: "",
      ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
      ...(options.minReplicas === undefined ? {} : { minReplicas: options.minReplicas }),
      ...options.config,
    }
    this.#config = config.durable ? { ...config, strandedMs: config.durableStrandedMs } : config
  }

  step(event: NodeEvent, now: Now): Command[] {
    try {
      this.#running ??= new Running(this.#options, this.#config, this.#outbox, now)
      this.#running.step(event, now)
    } catch (error) {
      if (this.#config.rethrow) throw error
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.#outbox.push({ kind: "say", level: "error", text: `${event.kind}: ${text}` })
    }
    return this.#outbox.flush()
  }
}

/** The master once its journal is read. */
class Running {
  readonly #parts: Parts
  readonly #clock: MasterClock
  readonly #copies: InputCopies
  readonly #draining: Draining
  readonly #facts = new JobFacts()
  readonly #sealing: Sealing
  readonly #streams: Streams
  readonly #queries: Queries
  readonly #sources: Sources
  readonly #archives: ArchiveSources
  readonly #checkpointer: Checkpointer
  readonly #retention: Retention
  readonly #retries: Retries
  readonly #happenings: Happenings
  readonly #lookAhead: LookAhead
  readonly #leases: Leases
  readonly #endings: Endings
  readonly #events: Events
  #timeMs = 0
  readonly #members: Members
  readonly #subscriptions: Subscriptions
  readonly #requests: Requests
  readonly #views: Views
  /** Until then workers of before a restart may come back. */
  #readyMs: number
  #steppedMs = Number.POSITIVE_INFINITY
  #sweepMs = 0
  #speculateMs = 0
  #appendAgainMs = Number.POSITIVE_INFINITY
  #visible = true

  constructor(options: MasterOptions, config: MasterConfig, outbox: Outbox, now: Now) {
    const ledger = new Ledger()
    for (const { record } of options.records) ledger.apply(record)
    const log = new RecordLog(ledger, (options.records.at(-1)?.sequence ?? 0) + 1, options.records.length)
    const progress = new Progress()
    let floorMs = Number.NEGATIVE_INFINITY
    for (const [id, stream] of ledger.streams) {
      progress.sealedTo(id, stream.sealedThrough)
      progress.finishedTo(id, stream.through)
      const { node } = stream.definition
      if (node.kind === "input" && node.source.kind === "receiver") floorMs = Math.max(floorMs, stream.sealedThrough)
    }
    this.#clock = new MasterClock(floorMs)
    this.#events = new Events(ledger)
    this.#events.replay(options.records)
    log.onRecord = record => {
      this.#events.journaled(record, this.#timeMs)
      this.#facts.totals.journaled(record)
    }
    const graph = new MasterGraph(ledger, progress)
    const catalog = new Catalog(ledger)
    const tracker = new BlockTracker()
    const chains = new StateChains(tracker)
    const placement = new Placement()
    const planner = new MasterPlanner(ledger, catalog, graph, progress)
    const scheduler = new Scheduler({
      ...{ tracker, chains, placement, outbox, planner },
      taskTimeoutMs: config.taskTimeoutMs,
      gatherMs: config.gatherMs,
      questionStallMs: config.questionStallMs,
      incarnation: incarnationOf(options.node),
    })
    const parts: Parts = {
      ...{ config, ledger, log, progress, graph, catalog, tracker, chains, placement, outbox, planner, scheduler },
      jobs: new JobGenerator(planner, scheduler, config.jobsAhead),
      admission: new Admission(ledger, tracker, config.holdBackMs, config.strandedMs),
      registry: new WorkerRegistry(config.lostAfterMs, config.suspectForMs),
      laneReaders: new LaneReaders(),
    }
    this.#parts = parts
    restoreChains(parts)
    const startedMs = this.#clock.read(now)
    this.#timeMs = startedMs
    this.#checkpointer = new Checkpointer(parts)
    this.#copies = new InputCopies(parts)
    this.#sealing = new Sealing(parts, this.#copies)
    this.#streams = new Streams(parts, this.#facts, (stream, interval, failure) =>
      this.#members.tell({ kind: "held", stream: nameOf(stream), interval, failure }),
    )
    this.#sources = new Sources(parts, (stream, failure) =>
      this.#streams.hold(stream, ledger.streams.get(stream)?.sealedThrough ?? 0, failure),
    )
    this.#archives = new ArchiveSources(parts, this.#sources, (stream, failure) =>
      this.#streams.hold(stream, ledger.streams.get(stream)?.sealedThrough ?? 0, failure),
    )
    this.#queries = new Queries(parts, () => {
      this.#facts.totals.questions += 1
    })
    const held = new HeldInput(parts, text => this.#members.tell({ kind: "warning", text }))
    this.#lookAhead = new LookAhead(parts)
    this.#retention = new Retention(parts, this.#queries, this.#checkpointer, this.#sources, held)
    this.#retries = new Retries(parts)
    this.#subscriptions = new Subscriptions(parts)
    this.#draining = new Draining(parts, this.#streams, event => {
      this.#members.changed()
      this.#members.tell(event)
    })
    const others = {
      checkpointer: this.#checkpointer,
      copies: this.#copies,
      draining: () => this.#draining,
      queries: this.#queries,
      sources: this.#sources,
      streams: this.#streams,
    }
    this.#leases = new Leases(parts, event => this.#members.tell(event))
    const readOnly = new ReadOnly(hash => parts.ledger.assets.has(hash))
    this.#members = new Members(parts, others, startedMs, this.#leases, readOnly, {
      clientLost: client => this.#requests.clientLost(client),
      told: event => {
        if (event.kind === "workerLost") this.#facts.totals.workersLost += 1
        this.#events.note(event, this.#timeMs)
      },
    })
    this.#views = new Views(parts, {
      address: options.address,
      awaited: () => this.#members.awaited,
      startedMs,
      copies: this.#copies,
      draining: this.#draining,
      facts: this.#facts,
      held,
      leases: this.#leases,
      lookAhead: this.#lookAhead,
      sealing: this.#sealing,
      retention: this.#retention,
      retries: this.#retries,
      streams: this.#streams,
    })
    const about = { members: this.#members, retention: this.#retention, streams: this.#streams }
    this.#endings = new Endings(parts, { ...about, sealing: this.#sealing, sources: this.#sources })
    const lifecycle = new Lifecycle(parts, { ...about, endings: this.#endings, retries: this.#retries })
    this.#requests = new Requests(parts, {
      readOnly,
      draining: this.#draining,
      endings: this.#endings,
      events: this.#events,
      leases: this.#leases,
      lifecycle,
      queries: this.#queries,
      retries: this.#retries,
      sources: this.#sources,
      streams: this.#streams,
      subscriptions: this.#subscriptions,
      views: this.#views,
    })
    this.#happenings = new Happenings(parts, {
      checkpointer: this.#checkpointer,
      note: event => this.#events.note(event, this.#timeMs),
      facts: this.#facts,
      lookAhead: this.#lookAhead,
      queries: this.#queries,
      retention: this.#retention,
      sources: this.#sources,
      streams: this.#streams,
      views: this.#views,
    })
    const restarted = ledger.streams.size > 0
    const takeoverMs = config.durable && ledger.workers.length > 0 ? config.durableTakeoverMs : config.takeoverMs
    this.#readyMs = restarted ? now.monotonicMs + takeoverMs : Number.NEGATIVE_INFINITY
    const epoch = Math.max(ledger.epoch + 1, incarnationOf(options.node))
    if (options.claimed !== true) append(parts, { kind: "epoch", epoch, cluster: options.cluster, wallMs: startedMs }, () => {})
  }

  step(event: NodeEvent, now: Now): void {
    const times: Times = { monotonicMs: now.monotonicMs, timeMs: this.#clock.read(now) }
    this.#timeMs = times.timeMs
    switch (event.kind) {
      case "received":
        this.#members.heard(event.from, event.readOnly === true, times)
        this.#received(event.from, event.message, times)
        break
      case "lost":
        if (this.#members.isClient(event.peer)) this.#members.clientBroke(event.peer, times)
        else this.#members.suspect(event.peer, times)
        break
      case "gone":
        if (this.#members.isClient(event.peer)) this.#members.clientLost(event.peer)
        else this.#members.lost(event.peer, "its process ended", times)
        break
      case "appended":
        this.#parts.log.appended(event.sequence)
        this.#visible = true
        break
      case "appendFailed":
        this.#appendFailed(event, times)
        break
      case "call":
        // The one thing that its own process asks (`main.ts`).
        this.#parts.outbox.push({ kind: "answer", call: event.call as number, value: this.#metrics(times) })
        break
      default:
        break
    }
    if (bringsSomething(event)) this.#advance(times)
  }

  #metrics(times: Times): string {
    const { catalog } = this.#parts
    const { totals } = this.#facts
    return metricsText({ status: this.#views.status(times), catalog, totals, questions: this.#queries.size })
  }

  /** A journal that has grown long is replaced by what it comes to. */
  #compact(): void {
    const { log, ledger, config } = this.#parts
    if (log.sinceSnapshot >= config.snapshotEvery && log.pending === 0)
      append(this.#parts, { kind: "snapshot", state: ledger.snapshot() }, () => {})
  }

  #appendFailed(event: Extract<NodeEvent, { kind: "appendFailed" }>, times: Times): void {
    const { outbox } = this.#parts
    if (event.reason === "conflict") {
      outbox.push({ kind: "exit", code: 4, reason: `another master has appended to the journal: ${event.error}` })
      return
    }
    // Those behind it fail as well: they do not put the next try off.
    if (!this.#parts.log.failed(event.sequence, event.error) || this.#appendAgainMs !== Number.POSITIVE_INFINITY) return
    say(this.#parts, "error", `the journal cannot be written: ${event.error}; trying again`)
    this.#appendAgainMs = times.monotonicMs + appendAgainMs
    outbox.push({ kind: "wake", atMonotonicMs: this.#appendAgainMs })
  }

  #received(from: NodeId, message: Message, times: Times): void {
    const { registry, scheduler, outbox } = this.#parts
    switch (message.kind) {
      case "hello":
        return this.#members.hello(from, message, times)
      case "register":
        return this.#members.register(from, message, times)
      case "heartbeat":
        return this.#members.heartbeat(from, message, times)
      case "report":
        return this.#sealing.report(from, message, times)
      case "tasksDone":
        if (registry.get(from) === undefined) return
        return scheduler.tasksDone(from, this.#streams.driven(from, message.done, times), times.monotonicMs)
      case "assetRequest": {
        const assets = message.hashes.flatMap(hash => {
          const bytes = this.#parts.ledger.assets.get(hash) ?? this.#queries.asset(hash)
          return bytes === undefined ? [] : [{ hash, bytes }]
        })
        if (assets.length > 0) outbox.send(from, { kind: "asset", assets })
        return
      }
      case "copied":
        for (const { blocks, holder, error, lacking } of message.copies)
          for (const block of blocks) {
            if (lacking === true) scheduler.dropPlace(block, from)
            if (!this.#copies.copied(block, holder, error)) this.#checkpointer.copied(block, holder, error)
          }
        return
      case "filesListed":
        return this.#sources.lister.listed(message)
      case "log": {
        const worker = registry.get(from)?.name ?? from
        const { stream, lines } = this.#views.log(worker, message, times)
        if (lines.length > 0) this.#members.tell({ ...message, kind: "log", stream, lines, worker })
        return
      }
      case "request":
        return this.#requests.request(from, message.id, message.body, times)
      case "bye":
        if (this.#members.isClient(from)) this.#members.clientLost(from)
        else this.#members.lost(from, "it said goodbye", times)
        return
      default:
        return
    }
  }

  /** What others sent while the master stood still has not been read yet: none of what is waited for from them is late. */
  #excuse(nowMs: number): void {
    const stoodMs = nowMs - this.#steppedMs
    this.#steppedMs = nowMs
    if (stoodMs < stalledMs) return
    this.#members.excuse(stoodMs)
    this.#parts.scheduler.excuse(stoodMs)
    this.#parts.admission.excuse(stoodMs)
    if (nowMs - stoodMs < this.#readyMs) this.#readyMs += stoodMs
  }

  #advance(times: Times): void {
    const parts = this.#parts
    if (times.monotonicMs >= this.#appendAgainMs) {
      const again = parts.log.again()
      this.#appendAgainMs = again === null ? times.monotonicMs + appendAgainMs : Number.POSITIVE_INFINITY
      for (const command of again ?? []) parts.outbox.push(command)
    }
    this.#excuse(times.monotonicMs)
    if (times.monotonicMs < this.#readyMs && this.#members.allBack) this.#readyMs = times.monotonicMs
    // What the event has brought first: who counts as dead from now on takes nothing from what was whole when it ended.
    this.#happenings.workOff(times)
    this.#members.onTime(times, times.monotonicMs >= this.#readyMs)
    this.#happenings.workOff(times)
    if (times.monotonicMs >= this.#readyMs) {
      // What is sealed is seen when it is journaled; more than a step's worth goes on with the next event.
      if (this.#sealing.seal(times)) parts.outbox.push({ kind: "wake", atMonotonicMs: times.monotonicMs })
      this.#sources.advance(times, () => this.#retention.memoryHigh)
      if (this.#archives.advance(times)) parts.outbox.push({ kind: "wake", atMonotonicMs: times.monotonicMs })
      this.#streams.advance(times)
      this.#checkpointer.onTime(times.monotonicMs)
      this.#draining.onTime(times)
      this.#queries.advance({ nowMs: times.timeMs, sealedThrough: input => parts.ledger.streams.get(input)?.sealedThrough ?? 0 }, times)
      if (times.monotonicMs - this.#speculateMs >= speculateEveryMs) {
        this.#speculateMs = times.monotonicMs
        if (parts.config.speculation) parts.scheduler.speculate(times.monotonicMs)
        parts.scheduler.giveUp(times.monotonicMs, times.monotonicMs - parts.config.strandedMs)
      }
      if (times.monotonicMs - this.#sweepMs >= sweepEveryMs) {
        this.#sweepMs = times.monotonicMs
        this.#checkpointer.sweep()
        for (const { stream, through } of this.#checkpointer.advanced())
          this.#events.note({ kind: "checkpointed", stream: nameOf(stream), through }, times.timeMs)
        this.#copies.sweep(times.monotonicMs)
        this.#endings.sweep(times)
        const ended = this.#leases.sweep(times)
        if (ended.length > 0) this.#endings.leave(ended, "its lease", times)
        this.#retention.sweep(times)
        this.#retries.sweep(times)
        this.#lookAhead.sweep()
        this.#compact()
      }
      parts.scheduler.dispatch(times.monotonicMs)
      this.#happenings.workOff(times)
    } else parts.outbox.push({ kind: "wake", atMonotonicMs: this.#readyMs })
    this.#streams.flush(() => {})
    if (this.#visible) {
      this.#visible = false
      this.#subscriptions.onProgress()
    }
    this.#requests.onProgress()
  }
}
