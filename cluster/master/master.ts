/**
 * The master (the paper's §4): who decides, and touches no record. Each of its parts is a file beside this one; they are made
 * in `assembly.ts`, and `incoming.ts` says which of them hears of which message.
 *
 * A step is: the event, then whatever time brings (seals, jobs, questions), then what has become possible is launched, in
 * one message a worker. Records are appended as they are decided, and what they cause is seen when they are on disk.
 */

import type { Command, Machine, NodeEvent, Now } from "../ports.js"
import { incarnationOf } from "../ports.js"
import { Outbox } from "../scheduler/outbox.js"
import { type Assembly, assemble, type MasterOptions } from "./assembly.js"
import { bringsSomething } from "./brings.js"
import { nameOf } from "./catalog.js"
import { defaultMasterConfig, type MasterConfig } from "./config.js"
import { Incoming } from "./incoming.js"
import { JournalAgain } from "./journal-again.js"
import { metricsText } from "./metrics.js"
import { append, type Times } from "./parts.js"
import type { Standby } from "./standbys.js"

const sweepEveryMs = 1_000
const speculateEveryMs = 100
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

/** What its own process asks or tells: for metrics, by a number of its own; or who stands by, told by one of several masters. */
export type MasterCall =
  | number
  | { readonly host: string; readonly standbys: readonly Standby[] }
  /** Its process ends, as it was told to: see the event of that kind. */
  | { readonly kind: "ending"; readonly startedBy: string | null }

/** The master once its journal is read. */
class Running {
  readonly #its: Assembly
  /** The workers of before are back, or not waited for any more. */
  #ready = false
  readonly #incoming: Incoming
  readonly #journal: JournalAgain
  /** Until then workers of before a restart may come back. */
  #readyMs: number
  #steppedMs = Number.POSITIVE_INFINITY
  #sweepMs = 0
  #speculateMs = 0
  /** Something is on disk that others may see now. */
  #visible = true

  constructor(options: MasterOptions, config: MasterConfig, outbox: Outbox, now: Now) {
    this.#its = assemble(options, config, outbox, now)
    const { parts, time } = this.#its
    const { ledger } = parts
    this.#incoming = new Incoming(this.#its)
    this.#journal = new JournalAgain(parts)
    const takeoverMs = config.durable && ledger.workers.length > 0 ? config.durableTakeoverMs : config.takeoverMs
    this.#readyMs = ledger.streams.size > 0 ? now.monotonicMs + takeoverMs : Number.NEGATIVE_INFINITY
    const epoch = Math.max(ledger.epoch + 1, incarnationOf(options.node))
    if (options.claimed !== true) append(parts, { kind: "epoch", epoch, cluster: options.cluster, wallMs: time.ms }, () => {})
  }

  step(event: NodeEvent, now: Now): void {
    const { parts, clients, clock, time, members } = this.#its
    time.ms = clock.read(now)
    const times: Times = { monotonicMs: now.monotonicMs, timeMs: time.ms }
    switch (event.kind) {
      case "received":
        members.heard(event.from, event.readOnly === true, times)
        this.#incoming.received(event.from, event.message, times)
        break
      case "lost":
        if (clients.has(event.peer)) clients.broke(event.peer, times)
        else members.suspect(event.peer, times)
        break
      case "gone":
        if (clients.has(event.peer)) clients.lost(event.peer)
        else members.lost(event.peer, { why: "its process ended", ended: true }, times)
        break
      case "appended":
        parts.log.appended(event.sequence)
        this.#journal.appended()
        this.#visible = true
        break
      case "appendFailed":
        this.#journal.failed(event, times)
        break
      case "call":
        this.#called(event.call as MasterCall, times)
        break
      default:
        break
    }
    if (bringsSomething(event)) this.#advance(times)
  }

  #called(call: MasterCall, times: Times): void {
    const { parts, clients, masters } = this.#its
    if (typeof call === "number") parts.outbox.push({ kind: "answer", call, value: this.#metrics(times) })
    else if ("kind" in call) clients.tell(call)
    else for (const event of masters.told(call.host, call.standbys)) clients.tell(event)
  }

  #metrics(times: Times): string {
    const { parts, facts, queries, views } = this.#its
    return metricsText({ status: views.status(times), catalog: parts.catalog, totals: facts.totals, questions: queries.size })
  }

  #advance(times: Times): void {
    const { parts, happenings, members, requests, streams, subscriptions } = this.#its
    this.#journal.onTime(times)
    this.#excuse(times.monotonicMs)
    if (times.monotonicMs < this.#readyMs && members.allBack) this.#readyMs = times.monotonicMs
    const ready = times.monotonicMs >= this.#readyMs
    // What the event has brought first: who counts as dead from now on takes nothing from what was whole when it ended.
    happenings.workOff(times)
    members.onTime(times, ready)
    happenings.workOff(times)
    if (ready && !this.#ready) this.#its.restoring.suspect(times)
    this.#ready = ready
    if (ready) this.#work(times)
    else parts.outbox.push({ kind: "wake", atMonotonicMs: this.#readyMs })
    streams.flush()
    if (this.#visible) {
      this.#visible = false
      subscriptions.onProgress()
    }
    requests.onProgress()
  }

  /** What others sent while the master stood still has not been read yet: none of what is waited for from them is late. */
  #excuse(nowMs: number): void {
    const { members, parts } = this.#its
    const stoodMs = nowMs - this.#steppedMs
    this.#steppedMs = nowMs
    if (stoodMs < stalledMs) return
    members.excuse(stoodMs)
    parts.scheduler.excuse(stoodMs)
    parts.admission.excuse(stoodMs)
    if (nowMs - stoodMs < this.#readyMs) this.#readyMs += stoodMs
  }

  /** Seals, jobs and questions that time has brought; what has become possible is launched. */
  #work(times: Times): void {
    const { parts, archives, checkpointer, copies, draining, happenings, queries, retention, sealing, sources, streams } = this.#its
    const { config, ledger, outbox, scheduler } = parts
    const { monotonicMs } = times
    // What is sealed is seen when it is journaled; more than a step's worth goes on with the next event.
    if (sealing.seal(times)) outbox.push({ kind: "wake", atMonotonicMs: monotonicMs })
    sources.advance(times, () => retention.memory.high)
    if (archives.advance(times)) outbox.push({ kind: "wake", atMonotonicMs: monotonicMs })
    streams.advance(times)
    checkpointer.onTime(monotonicMs)
    copies.onTime(monotonicMs)
    draining.onTime(times)
    queries.advance({ nowMs: times.timeMs, sealedThrough: input => ledger.streams.get(input)?.sealedThrough ?? 0 }, times)
    if (monotonicMs - this.#speculateMs >= speculateEveryMs) {
      this.#speculateMs = monotonicMs
      if (config.speculation) scheduler.speculate(monotonicMs)
      scheduler.giveUp(monotonicMs, monotonicMs - config.strandedMs)
    }
    if (monotonicMs - this.#sweepMs >= sweepEveryMs) {
      this.#sweepMs = monotonicMs
      this.#sweep(times)
    }
    scheduler.dispatch(monotonicMs)
    happenings.workOff(times)
    this.#compact()
  }

  /** What need not be looked at in every step. */
  #sweep(times: Times): void {
    const { checkpointer, copies, endings, events, leases, lookAhead, restoring, retention, retries } = this.#its
    checkpointer.sweep()
    for (const { stream, through } of checkpointer.advanced())
      events.note({ kind: "checkpointed", stream: nameOf(stream), through }, times.timeMs)
    copies.sweep(times.monotonicMs)
    endings.sweep(times)
    const ended = leases.sweep(times)
    if (ended.length > 0) endings.leave(ended, "its lease", times)
    retention.sweep(times)
    retries.sweep(times)
    lookAhead.sweep()
    restoring.sweep(times)
  }

  /** A journal that has grown long is replaced by what it comes to, as soon as a step finds nothing on its way there. */
  #compact(): void {
    const { log, ledger, config } = this.#its.parts
    if (log.sinceSnapshot < config.snapshotEvery || log.pending > 0) return
    this.#its.assetUse.sweep()
    append(this.#its.parts, { kind: "snapshot", state: ledger.snapshot() }, () => {})
  }
}
